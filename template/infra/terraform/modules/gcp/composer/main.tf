locals {
  name = "${var.mesh.name}-${var.mesh.environment}"

  # Tasks install packages too, and reach no other index than the environment itself.
  airflow_variables = merge(var.airflow_variables, { PACKAGE_INDEX = local.package_index })

  # The date is that of the first window; only the hours matter.
  maintenance_start = format("2026-01-01T%02d:00:00Z", var.maintenance_window.start_hour)
}

resource "google_composer_environment" "this" {
  labels  = var.labels
  name    = local.name
  project = var.mesh.gcp_project
  region  = var.cell.bigquery_region

  storage_config {
    bucket = google_storage_bucket.airflow.name
  }

  config {
    enable_private_builds_only = true
    enable_private_environment = true
    environment_size           = var.environment_size

    encryption_config {
      kms_key_name = var.kms_key_id
    }

    node_config {
      network         = var.network_id
      service_account = google_service_account.composer.email
      subnetwork      = var.subnetwork_id
    }

    software_config {
      env_variables = { for name, value in local.airflow_variables : "AIRFLOW_VAR_${name}" => value }
      image_version = var.image_version
      pypi_packages = var.pypi_packages

      airflow_config_overrides = {
        core-dags_are_paused_at_creation = "True"
        core-load_examples               = "False"
        secrets-backend                  = "airflow.providers.google.cloud.secrets.secret_manager.CloudSecretManagerBackend"
        secrets-backend_kwargs = jsonencode({
          connections_prefix = local.secret_prefixes.connections
          project_id         = var.mesh.gcp_project
          sep                = "-"
          variables_prefix   = local.secret_prefixes.variables
        })
      }

      cloud_data_lineage_integration {
        enabled = true
      }
    }

    workloads_config {
      dag_processor {
        count      = var.workloads.dag_processor.count
        cpu        = var.workloads.dag_processor.cpu
        memory_gb  = var.workloads.dag_processor.memory_gb
        storage_gb = var.workloads.dag_processor.storage_gb
      }

      scheduler {
        count      = var.workloads.scheduler.count
        cpu        = var.workloads.scheduler.cpu
        memory_gb  = var.workloads.scheduler.memory_gb
        storage_gb = var.workloads.scheduler.storage_gb
      }

      triggerer {
        count     = var.workloads.triggerer.count
        cpu       = var.workloads.triggerer.cpu
        memory_gb = var.workloads.triggerer.memory_gb
      }

      web_server {
        cpu        = var.workloads.web_server.cpu
        memory_gb  = var.workloads.web_server.memory_gb
        storage_gb = var.workloads.web_server.storage_gb
      }

      worker {
        cpu        = var.workloads.worker.cpu
        max_count  = var.workloads.worker.max_count
        memory_gb  = var.workloads.worker.memory_gb
        min_count  = var.workloads.worker.min_count
        storage_gb = var.workloads.worker.storage_gb
      }
    }

    maintenance_window {
      end_time   = timeadd(local.maintenance_start, "${var.maintenance_window.hours}h")
      recurrence = "FREQ=WEEKLY;BYDAY=${join(",", var.maintenance_window.days)}"
      start_time = local.maintenance_start
    }

    recovery_config {
      scheduled_snapshots_config {
        enabled                    = true
        snapshot_creation_schedule = "0 3 * * *"
        snapshot_location          = "gs://${google_storage_bucket.snapshots.name}/snapshots"
        time_zone                  = "UTC"
      }
    }

    # Composer 3 keeps logs of tasks in Cloud Logging alone and takes no task_logs_retention_config. What is left is the
    # record of runs in the database of Airflow.
    data_retention_config {
      airflow_metadata_retention_config {
        retention_days = var.run_history_days
        retention_mode = "RETENTION_MODE_ENABLED"
      }
    }

    # Without a range the provider leaves the whole block out, which opens the web server to every address. IAM guards
    # it in any case.
    # https://cloud.google.com/composer/docs/composer-3/create-environments
    web_server_network_access_control {
      dynamic "allowed_ip_range" {
        for_each = var.web_server_ranges

        content {
          description = allowed_ip_range.key
          value       = allowed_ip_range.value
        }
      }
    }
  }

  # It takes 25 minutes to find out that a role is missing.
  depends_on = [
    google_artifact_registry_repository_iam_member.composer_installs,
    google_project_iam_member.composer,
    google_project_iam_member.composer_reads_secrets,
    google_service_account_iam_member.apply_acts_as_composer,
    google_storage_bucket_object.pip,
  ]

  timeouts {
    create = "120m"
    update = "120m"
  }
}
