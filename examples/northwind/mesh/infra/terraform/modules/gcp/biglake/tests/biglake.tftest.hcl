mock_provider "google" {
  override_during = plan

  mock_resource "google_bigquery_connection" {
    defaults = { aws = { access_role = { identity = "108254112233445566778" } } }
  }
}

mock_provider "time" {
  override_during = plan
}

variables {
  bigquery_role_arn            = "arn:aws:iam::123456789012:role/mesh-dev-us-east-1-bigquery"
  cell                         = { omni_location = "aws-us-east-1", region = "us-east-1" }
  delegate_role                = "projects/mesh-dev/roles/connectionDelegate"
  mesh                         = { environment = "dev", gcp_project = "mesh-dev", name = "mesh" }
  ready_role_arn               = "arn:aws:iam::123456789012:role/mesh-dev-us-east-1-bigquery"
  registration_service_account = "table-registration@mesh-dev.iam.gserviceaccount.com"
  users                        = { dbt = "dbt@mesh-dev.iam.gserviceaccount.com" }
}

run "connects_to_the_role_in_its_region" {
  command = plan

  assert {
    condition     = google_bigquery_connection.aws.location == "aws-us-east-1" && google_bigquery_connection.aws.aws[0].access_role[0].iam_role_id == var.bigquery_role_arn
    error_message = "Bucket and connection share a region."
  }

  assert {
    condition     = output.connection_id == "mesh-dev.aws-us-east-1.mesh-dev-us-east-1"
    error_message = "External tables name a connection as project.location.id."
  }
}

run "waits_until_the_role_is_known" {
  command = plan

  assert {
    condition     = time_sleep.role_is_known.create_duration == "30s"
    error_message = "A new role takes a moment until it can be assumed everywhere."
  }
}

run "lets_registration_delegate_and_nobody_else" {
  command = plan

  assert {
    condition     = google_bigquery_connection_iam_member.delegates.member == "serviceAccount:${var.registration_service_account}"
    error_message = "Only registration may delegate."
  }

  assert {
    condition     = toset([for grant in values(google_bigquery_connection_iam_member.users) : grant.role]) == toset(["roles/bigquery.connectionUser"])
    error_message = "Users may use the connection and not delegate it."
  }

  assert {
    condition     = length(google_bigquery_reservation.omni) == 0
    error_message = "Without slots queries run on demand."
  }
}

run "reserves_enterprise_slots" {
  command = plan

  variables {
    omni_slots = 100
  }

  assert {
    condition     = google_bigquery_reservation.omni["omni"].edition == "ENTERPRISE" && google_bigquery_reservation.omni["omni"].slot_capacity == 100
    error_message = "Omni takes the edition Enterprise only."
  }
}

run "refuses_slots_that_bigquery_does_not_sell" {
  command = plan

  variables {
    omni_slots = 75
  }

  expect_failures = [var.omni_slots]
}

run "refuses_a_location_beside_the_bucket" {
  command = plan

  variables {
    cell = { omni_location = "aws-us-west-2", region = "us-east-1" }
  }

  expect_failures = [var.cell]
}

run "refuses_what_is_no_role" {
  command = plan

  variables {
    bigquery_role_arn = "arn:aws:iam::123456789012:user/x"
  }

  expect_failures = [var.bigquery_role_arn]
}
