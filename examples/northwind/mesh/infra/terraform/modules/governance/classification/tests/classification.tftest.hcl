mock_provider "google" {
  override_during = plan
}

variables {
  clear_readers       = ["mesh-labs-raw-readers@mesh.example"]
  dbt_service_account = "dbt@mesh-dev.iam.gserviceaccount.com"
  location            = "aws-us-east-1"
  masked_readers      = ["mesh-labs-masked-readers@mesh.example"]
  mesh                = { environment = "dev", gcp_project = "mesh-dev", name = "mesh" }

  policy_tags = {
    direct_identifier_sha256 = { classification = "direct_identifier", masking = "sha256" }
    sensitive                = { classification = "sensitive", masking = null }
  }
}

run "masks_identifiers_where_the_table_is" {
  command = plan

  assert {
    condition     = google_data_catalog_taxonomy.this.region == "aws-us-east-1" && google_bigquery_datapolicy_data_policy.mask["direct_identifier_sha256"].location == "aws-us-east-1"
    error_message = "Tags and masks work in the location of their table only."
  }

  assert {
    condition     = google_bigquery_datapolicy_data_policy.mask["direct_identifier_sha256"].data_masking_policy[0].predefined_expression == "SHA256"
    error_message = "The mask must be the contract's."
  }

  assert {
    condition     = contains(google_data_catalog_taxonomy.this.activated_policy_types, "FINE_GRAINED_ACCESS_CONTROL")
    error_message = "Without the policy type nothing is enforced."
  }
}

run "shows_identifiers_to_those_with_clearance" {
  command = plan

  assert {
    condition     = google_data_catalog_policy_tag_iam_binding.clear["direct_identifier"].members == toset(["group:mesh-labs-raw-readers@mesh.example", "serviceAccount:dbt@mesh-dev.iam.gserviceaccount.com"])
    error_message = "Identifiers in clear are for cleared groups and dbt."
  }

  assert {
    condition     = contains(google_data_catalog_policy_tag_iam_binding.clear["sensitive"].members, "group:mesh-labs-masked-readers@mesh.example")
    error_message = "Clinical columns are read by all readers of a domain."
  }

  assert {
    condition     = google_bigquery_datapolicy_data_policy_iam_binding.masked["direct_identifier_sha256"].members == toset(["group:mesh-labs-masked-readers@mesh.example"])
    error_message = "Everybody else sees the mask."
  }
}

run "refuses_an_identifier_without_a_mask" {
  command = plan

  variables {
    policy_tags = { direct_identifier = { classification = "direct_identifier", masking = null } }
  }

  expect_failures = [var.policy_tags]
}

run "refuses_an_unknown_mask" {
  command = plan

  variables {
    policy_tags = { direct_identifier_rot13 = { classification = "direct_identifier", masking = "rot13" } }
  }

  expect_failures = [var.policy_tags]
}
