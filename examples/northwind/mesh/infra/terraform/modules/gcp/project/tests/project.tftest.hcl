mock_provider "google" {
  override_during = plan
}

variables {
  mesh = { gcp_project = "mesh-dev" }
}

run "turns_on_what_the_mesh_needs" {
  command = plan

  assert {
    condition     = contains(output.services, "bigqueryconnection.googleapis.com") && contains(output.services, "cloudkms.googleapis.com")
    error_message = "Connections and keys need their services."
  }

  assert {
    condition     = length(google_org_policy_policy.enforced) == 0
    error_message = "Organization policies are set only where asked for."
  }
}

run "leaves_cloud_run_off" {
  command = plan

  assert {
    condition     = !contains(output.services, "run.googleapis.com")
    error_message = "What is not used stays off."
  }
}

run "turns_on_cloud_run_for_dbt" {
  command = plan

  variables {
    cloud_run = true
  }

  assert {
    condition     = contains(output.services, "run.googleapis.com")
    error_message = "Jobs need Cloud Run."
  }
}

run "enforces_policies" {
  command = plan

  variables {
    enforced_policies = ["iam.disableServiceAccountKeyCreation"]
  }

  assert {
    condition     = google_org_policy_policy.enforced["iam.disableServiceAccountKeyCreation"].spec[0].rules[0].enforce == "TRUE"
    error_message = "The policy must be enforced."
  }
}

run "refuses_an_unknown_policy" {
  command = plan

  variables {
    enforced_policies = ["gcp.resourceLocations"]
  }

  expect_failures = [var.enforced_policies]
}
