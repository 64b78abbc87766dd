# Composer 3 takes a bucket of ours for DAGs and data, which can be encrypted, versioned and given its pip.conf before
# the environment exists. It must have no retention policy.
# https://cloud.google.com/composer/docs/composer-3/custom-bucket
resource "google_storage_bucket" "airflow" {
  # checkov:skip=CKV_GCP_62:Data access logs of module audit record every read and write
  force_destroy               = false
  labels                      = var.labels
  location                    = var.cell.bigquery_region
  name                        = "${var.mesh.gcp_project}-airflow"
  project                     = var.mesh.gcp_project
  public_access_prevention    = "enforced"
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true

  encryption {
    default_kms_key_name = var.kms_key_id
  }

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = 90
      with_state                 = "ARCHIVED"
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

# In a bucket of their own, so that what destroys the environment's bucket leaves the way back.
resource "google_storage_bucket" "snapshots" {
  # checkov:skip=CKV_GCP_62:Data access logs of module audit record every read and write
  force_destroy               = false
  labels                      = var.labels
  location                    = var.cell.bigquery_region
  name                        = "${var.mesh.gcp_project}-airflow-snapshots"
  project                     = var.mesh.gcp_project
  public_access_prevention    = "enforced"
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true

  encryption {
    default_kms_key_name = var.kms_key_id
  }

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age        = var.snapshot_days
      with_state = "LIVE"
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = 30
      with_state                 = "ARCHIVED"
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}
