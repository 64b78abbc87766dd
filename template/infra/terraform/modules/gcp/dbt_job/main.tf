# dbt in Cloud Run: the job of a cell, beside the warehouse that it builds. Airflow executes it with the arguments of a task.
# https://cloud.google.com/run/docs/create-jobs
locals {
  name = "${var.mesh.name}-${var.mesh.environment}"
}

resource "google_cloud_run_v2_job" "dbt" {
  labels       = var.labels
  launch_stage = "GA"
  location     = var.cell.bigquery_region
  name         = "${local.name}-dbt"
  project      = var.mesh.gcp_project

  # A job holds nothing that this code does not make again. Protected, it would stop the removal of a region halfway.
  deletion_protection = false

  template {
    parallelism = 1
    task_count  = 1

    # Airflow tries again, and says so. Three hours are what it gives a task.
    template {
      encryption_key        = var.kms_key_id
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
      max_retries           = 0
      service_account       = var.dbt_service_account
      timeout               = "10800s"

      containers {
        image = var.image

        resources {
          limits = var.limits
        }
      }

      # All of it, not private ranges alone: the network has no way out but to Google's APIs.
      # https://cloud.google.com/run/docs/configuring/vpc-direct-vpc
      vpc_access {
        egress = "ALL_TRAFFIC"

        network_interfaces {
          network    = var.network_id
          subnetwork = google_compute_subnetwork.jobs.id
        }
      }
    }
  }

  depends_on = [google_service_account_iam_member.apply_acts_as_dbt]
}
