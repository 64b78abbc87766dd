locals {
  connection_id = "${var.mesh.name}-${var.mesh.environment}-${var.cell.region}"
}

# The connection is told the role by name, and the role trusts the identity that the connection is given: one apply.
# https://cloud.google.com/bigquery/docs/omni-aws-create-connection
resource "google_bigquery_connection" "aws" {
  connection_id = local.connection_id
  description   = "Reads the landing zone of ${var.cell.region}"
  friendly_name = local.connection_id
  location      = var.cell.omni_location
  project       = var.mesh.gcp_project

  aws {
    access_role {
      iam_role_id = var.bigquery_role_arn
    }
  }
}

# IAM of AWS takes some seconds until a new role can be assumed everywhere. What uses the connection waits for it.
resource "time_sleep" "role_is_known" {
  create_duration = "30s"
  triggers        = { role = var.ready_role_arn }
}

# Using a connection and handing it on to a table are different rights. Who may delegate could register a table over any
# object of the landing zone, so analysts never hold it.
# https://cloud.google.com/bigquery/docs/connections-api-intro#access_control
resource "google_bigquery_connection_iam_member" "users" {
  for_each = var.users

  connection_id = google_bigquery_connection.aws.connection_id
  location      = google_bigquery_connection.aws.location
  member        = "serviceAccount:${each.value}"
  project       = var.mesh.gcp_project
  role          = "roles/bigquery.connectionUser"
}

resource "google_bigquery_connection_iam_member" "delegates" {
  connection_id = google_bigquery_connection.aws.connection_id
  location      = google_bigquery_connection.aws.location
  member        = "serviceAccount:${var.registration_service_account}"
  project       = var.mesh.gcp_project
  role          = var.delegate_role
}

# Without a reservation queries in the Omni location run on demand. Omni takes the edition Enterprise and no other.
# https://cloud.google.com/bigquery/docs/omni-introduction#pricing
resource "google_bigquery_reservation" "omni" {
  for_each = var.omni_slots == null ? {} : { omni = var.omni_slots }

  edition           = "ENTERPRISE"
  ignore_idle_slots = false
  location          = var.cell.omni_location
  name              = "${var.mesh.name}-${var.mesh.environment}-omni"
  project           = var.mesh.gcp_project
  slot_capacity     = each.value
}

resource "google_bigquery_reservation_assignment" "omni" {
  for_each = google_bigquery_reservation.omni

  assignee    = "projects/${var.mesh.gcp_project}"
  job_type    = "QUERY"
  project     = var.mesh.gcp_project
  reservation = each.value.id
}
