locals {
  name = "${var.mesh.name}-${var.mesh.environment}"
}

# Administrative writes are recorded in any case. Reads, of configuration and of data, and writes of data are recorded
# only where a project asks for it, BigQuery's excepted.
# https://cloud.google.com/logging/docs/audit/configure-data-access
resource "google_project_iam_audit_config" "all" {
  project = var.mesh.gcp_project
  service = "allServices"

  audit_log_config {
    log_type = "ADMIN_READ"
  }

  audit_log_config {
    log_type = "DATA_READ"
  }

  audit_log_config {
    log_type = "DATA_WRITE"
  }
}

# The buckets that every project has keep administrative writes for 400 days and everything else for 30.
# https://cloud.google.com/logging/quotas#logs_retention_periods
resource "google_logging_project_bucket_config" "audit" {
  bucket_id        = "${local.name}-audit"
  description      = "Audit logs of ${local.name}"
  enable_analytics = true
  location         = var.cell.bigquery_region
  locked           = var.locked
  project          = var.mesh.gcp_project
  retention_days   = var.retention_days

  cmek_settings {
    kms_key_name = var.kms_key_id
  }

  # A locked bucket outlives the wish to be rid of it: a plan that would destroy it fails before it begins.
  lifecycle {
    prevent_destroy = true
  }
}

# A sink needs no grant to write into a log bucket of its own project.
# https://cloud.google.com/logging/docs/export/configure_export_v2#dest-auth
resource "google_logging_project_sink" "audit" {
  description            = "Audit logs, kept for ${var.retention_days} days"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.audit.id}"
  filter                 = "logName:\"/logs/cloudaudit.googleapis.com\""
  name                   = "${local.name}-audit"
  project                = var.mesh.gcp_project
  unique_writer_identity = true
}
