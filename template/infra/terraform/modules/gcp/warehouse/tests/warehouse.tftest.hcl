mock_provider "google" {
  override_during = plan
}

variables {
  cell                         = { bigquery_region = "us-east4", omni_location = "aws-us-east-1", region = "us-east-1" }
  dbt_service_account          = "dbt@mesh-dev.iam.gserviceaccount.com"
  kms_key_id                   = "projects/mesh-dev/locations/us-east4/keyRings/mesh-dev/cryptoKeys/warehouse"
  labels                       = { mesh = "mesh" }
  mart_readers                 = ["mesh-analysts@mesh.example"]
  mesh                         = { environment = "dev", gcp_project = "mesh-dev" }
  registration_service_account = "table-registration@mesh-dev.iam.gserviceaccount.com"

  contracts = {
    labs = {
      classification  = "direct_identifier"
      landing_buckets = { dev-us-east-1-landing = "mesh-dev-us-east-1-labs" }
      owner           = "laboratory-medicine"
      owner_email     = "laboratory-medicine@mesh.example"
      reader_groups   = ["mesh-labs-raw-readers@mesh.example", "mesh-labs-masked-readers@mesh.example"]
      title           = "Laboratory"
    }
  }
}

run "encrypts_what_is_curated" {
  command = plan

  assert {
    condition = alltrue([
      for dataset in concat(values(google_bigquery_dataset.curated), values(google_bigquery_dataset.shared)) :
      dataset.location == "us-east4" && one(dataset.default_encryption_configuration).kms_key_name == var.kms_key_id
    ])
    error_message = "Every dataset in the BigQuery region must have the cell's key."
  }

  assert {
    condition = alltrue([
      for dataset in values(google_bigquery_dataset.landing) :
      dataset.location == "aws-us-east-1" && length(dataset.default_encryption_configuration) == 0 && dataset.labels["cmek"] == "exempt-omni"
    ])
    error_message = "Omni supports no key; the exemption must be recorded."
  }
}

run "names_datasets_by_their_place" {
  command = plan

  assert {
    condition     = output.curated_datasets == { labs = "labs__us_east4" } && output.landing_datasets == { labs = "labs__aws_us_east_1" }
    error_message = "The id must tell where the data is."
  }
}

run "gives_access_to_groups_and_pipelines" {
  command = plan

  assert {
    condition = toset([
      for access in google_bigquery_dataset.curated["labs"].access : "${access.role} ${access.group_by_email}"
      if try(access.group_by_email, "") != "" && access.group_by_email != null
    ]) == toset(["READER mesh-labs-raw-readers@mesh.example", "READER mesh-labs-masked-readers@mesh.example"])
    error_message = "The domain's groups read, and no other."
  }

  assert {
    condition = toset([
      for access in google_bigquery_dataset.landing["labs"].access : "${access.role} ${access.user_by_email}"
      if try(access.user_by_email, "") != "" && access.user_by_email != null
    ]) == toset(["READER ${var.dbt_service_account}", "WRITER ${var.registration_service_account}"])
    error_message = "Only dbt reads the landing zone, only registration writes tables there."
  }
}

run "keeps_what_dbt_keeps_to_dbt_and_lets_it_expire" {
  command = plan

  assert {
    condition = toset([
      for access in google_bigquery_dataset.shared["dbt"].access : try(coalesce(access.user_by_email, access.group_by_email, access.special_group), "")
    ]) == toset([var.dbt_service_account, "projectOwners"])
    error_message = "Tables without policy tags lie there: nobody but dbt may read them."
  }

  assert {
    condition     = google_bigquery_dataset.shared["dbt"].default_table_expiration_ms == 604800000
    error_message = "Tables of dbt must expire after seven days."
  }
}

run "keeps_a_retired_domain_where_it_landed" {
  command = plan

  variables {
    contracts = {
      labs = {
        classification  = "direct_identifier"
        landing_buckets = { dev-us-east-1-landing = "mesh-dev-us-east-1-labs" }
        owner           = "data-platform"
        owner_email     = "data-platform@mesh.example"
        reader_groups   = ["mesh-labs-raw-readers@mesh.example"]
        retired         = true
        title           = "Laboratory"
      }
      vitals = {
        classification  = "direct_identifier"
        landing_buckets = { dev-us-west-2-landing = "mesh-dev-us-west-2-vitals" }
        owner           = "data-platform"
        owner_email     = "data-platform@mesh.example"
        reader_groups   = ["mesh-vitals-raw-readers@mesh.example"]
        retired         = true
        title           = "Vitals"
      }
    }
  }

  assert {
    condition     = output.curated_datasets == { labs = "labs__us_east4" } && output.landing_datasets == { labs = "labs__aws_us_east_1" }
    error_message = "A retired domain must keep its datasets, and get none in a cell that it never landed in."
  }
}

run "refuses_a_pair_that_is_not_colocated" {
  command = plan

  variables {
    cell       = { bigquery_region = "us-west1", omni_location = "aws-us-east-1", region = "us-east-1" }
    kms_key_id = "projects/mesh-dev/locations/us-west1/keyRings/mesh-dev/cryptoKeys/warehouse"
  }

  expect_failures = [var.cell]
}

run "refuses_a_key_of_another_region" {
  command = plan

  variables {
    kms_key_id = "projects/mesh-dev/locations/us/keyRings/mesh-dev/cryptoKeys/warehouse"
  }

  expect_failures = [var.kms_key_id]
}

run "refuses_a_name_that_no_dataset_can_bear" {
  command = plan

  variables {
    contracts = {
      social-care = {
        classification  = "sensitive"
        landing_buckets = { dev-us-east-1-landing = "mesh-dev-us-east-1-social-care" }
        owner           = "social-care"
        owner_email     = "social-care@mesh.example"
        reader_groups   = []
        title           = "Social care"
      }
    }
  }

  expect_failures = [var.contracts]
}
