mock_provider "google" {
  override_during = plan

  mock_resource "google_artifact_registry_repository" {
    defaults = { name = "pypi" }
  }

  mock_resource "google_service_account" {
    defaults = {
      email  = "composer@mesh-dev.iam.gserviceaccount.com"
      member = "serviceAccount:composer@mesh-dev.iam.gserviceaccount.com"
      name   = "projects/mesh-dev/serviceAccounts/composer@mesh-dev.iam.gserviceaccount.com"
    }
  }
}

variables {
  airflow_variables          = { ENV = "dev", GCP_PROJECT_ID = "mesh-dev", S3_URI_LABS = "s3://mesh-dev-us-east-1-labs" }
  borrowed_service_accounts  = { dbt = "dbt@mesh-dev.iam.gserviceaccount.com" }
  cell                       = { bigquery_region = "us-east4" }
  deployment_service_account = "airflow-deployment@mesh-dev.iam.gserviceaccount.com"
  image_version              = "composer-3-airflow-2.11.1-build.14"
  kms_key_id                 = "projects/mesh-dev/locations/us-east4/keyRings/mesh-dev/cryptoKeys/composer"
  labels                     = { environment = "dev" }
  mesh                       = { environment = "dev", gcp_project = "mesh-dev", gcp_project_number = "123456789012", name = "mesh" }
  network_id                 = "projects/mesh-dev/global/networks/mesh-dev"
  pypi_packages              = { astronomer-cosmos = "==1.15.1", google-cloud-bigquery = "[pandas]==3.31.0" }
  subnetwork_id              = "projects/mesh-dev/regions/us-east4/subnetworks/mesh-dev-us-east4"
  web_server_ranges          = { hospital = "203.0.113.0/24" }

  terraform_service_accounts = {
    apply = "terraform-apply@mesh-dev.iam.gserviceaccount.com"
    plan  = "terraform-plan@mesh-dev.iam.gserviceaccount.com"
  }
}

run "is_private_and_encrypted" {
  command = plan

  assert {
    condition     = google_composer_environment.this.config[0].enable_private_environment && google_composer_environment.this.config[0].enable_private_builds_only
    error_message = "Neither the environment nor its builds may have public addresses."
  }

  assert {
    condition = (
      google_composer_environment.this.config[0].encryption_config[0].kms_key_name == var.kms_key_id &&
      google_artifact_registry_repository.pypi.kms_key_name == var.kms_key_id
    )
    error_message = "Environment and packages must be encrypted with the mesh's key."
  }

  assert {
    condition     = one(google_composer_environment.this.config[0].web_server_network_access_control[0].allowed_ip_range).value == "203.0.113.0/24"
    error_message = "Only the named addresses may open the web server."
  }

  assert {
    condition     = google_composer_environment.this.config[0].node_config[0].service_account == "composer@mesh-dev.iam.gserviceaccount.com"
    error_message = "The environment must run as its own service account."
  }
}

run "keeps_buckets_private" {
  command = plan

  assert {
    condition = alltrue([
      for bucket in [google_storage_bucket.airflow, google_storage_bucket.snapshots] :
      bucket.public_access_prevention == "enforced" &&
      bucket.uniform_bucket_level_access &&
      bucket.versioning[0].enabled &&
      bucket.encryption[0].default_kms_key_name == var.kms_key_id
    ])
    error_message = "Buckets must be encrypted, versioned and closed to the public."
  }

  assert {
    condition     = length(google_storage_bucket.airflow.retention_policy) == 0
    error_message = "Composer refuses a bucket with a retention policy."
  }
}

run "can_be_brought_back" {
  command = plan

  assert {
    condition     = google_composer_environment.this.config[0].recovery_config[0].scheduled_snapshots_config[0].enabled
    error_message = "Snapshots must be taken."
  }

  assert {
    condition     = google_composer_environment.this.config[0].recovery_config[0].scheduled_snapshots_config[0].snapshot_location == "gs://mesh-dev-airflow-snapshots/snapshots"
    error_message = "Snapshots must lie outside the environment's bucket."
  }
}

run "configures_airflow" {
  command = plan

  assert {
    condition = google_composer_environment.this.config[0].software_config[0].env_variables == tomap({
      AIRFLOW_VAR_ENV            = "dev"
      AIRFLOW_VAR_GCP_PROJECT_ID = "mesh-dev"
      AIRFLOW_VAR_PACKAGE_INDEX  = "https://us-east4-python.pkg.dev/mesh-dev/pypi/simple/"
      AIRFLOW_VAR_S3_URI_LABS    = "s3://mesh-dev-us-east-1-labs"
    })
    error_message = "Airflow variables are passed as AIRFLOW_VAR_<NAME>, and tasks must know the index that pip.conf names."
  }

  assert {
    condition = (
      google_composer_environment.this.config[0].software_config[0].airflow_config_overrides["core-dags_are_paused_at_creation"] == "True" &&
      google_composer_environment.this.config[0].software_config[0].airflow_config_overrides["core-load_examples"] == "False"
    )
    error_message = "DAGs must begin paused, and examples have no place here."
  }

  assert {
    condition     = endswith(google_composer_environment.this.config[0].software_config[0].airflow_config_overrides["secrets-backend"], ".CloudSecretManagerBackend")
    error_message = "Secrets must come from Secret Manager."
  }

  assert {
    condition     = google_composer_environment.this.config[0].software_config[0].cloud_data_lineage_integration[0].enabled
    error_message = "Lineage must be recorded."
  }
}

run "leaves_time_for_maintenance" {
  command = plan

  assert {
    condition = (
      google_composer_environment.this.config[0].maintenance_window[0].start_time == "2026-01-01T12:00:00Z" &&
      google_composer_environment.this.config[0].maintenance_window[0].end_time == "2026-01-01T18:00:00Z" &&
      google_composer_environment.this.config[0].maintenance_window[0].recurrence == "FREQ=WEEKLY;BYDAY=SA,SU"
    )
    error_message = "The window is 12:00 to 18:00 UTC on Saturdays and Sundays unless told otherwise."
  }
}

run "installs_through_the_registry_alone" {
  command = plan

  assert {
    condition     = google_artifact_registry_repository.pypi.mode == "REMOTE_REPOSITORY" && google_artifact_registry_repository.pypi.remote_repository_config[0].python_repository[0].public_repository == "PYPI"
    error_message = "The repository must fetch from PyPI."
  }

  assert {
    condition     = google_storage_bucket_object.pip.name == "config/pip/pip.conf"
    error_message = "Composer reads pip.conf from config/pip."
  }

  assert {
    condition     = google_storage_bucket_object.pip.content == "[global]\nindex-url = https://us-east4-python.pkg.dev/mesh-dev/pypi/simple/\n"
    error_message = "The registry must be the only index."
  }
}

run "grants_little" {
  command = plan

  assert {
    condition     = keys(google_project_iam_member.composer) == ["roles/bigquery.jobUser", "roles/composer.worker"]
    error_message = "The account runs the environment and starts jobs, nothing else."
  }

  assert {
    condition = one(google_project_iam_member.composer_reads_secrets.condition).expression == join(" || ", [
      "resource.name.startsWith('projects/123456789012/secrets/airflow-connections-')",
      "resource.name.startsWith('projects/123456789012/secrets/airflow-variables-')",
    ])
    error_message = "The account may read Airflow's secrets and no others."
  }

  assert {
    condition     = google_service_account_iam_member.composer_borrows["dbt"].service_account_id == "projects/mesh-dev/serviceAccounts/dbt@mesh-dev.iam.gserviceaccount.com"
    error_message = "The account may borrow the accounts that it is told to."
  }

  assert {
    condition = alltrue([
      for grant in values(google_storage_bucket_iam_member.terraform_configures_pip) :
      one(grant.condition).expression == "resource.name == 'projects/_/buckets/mesh-dev-airflow/objects/config/pip/pip.conf'"
    ])
    error_message = "Terraform may touch pip.conf and no other object."
  }
}

run "refuses_variables_that_airflow_would_not_find" {
  command = plan

  variables {
    airflow_variables = { s3_uri_labs = "s3://mesh-dev-us-east-1-labs" }
  }

  expect_failures = [var.airflow_variables]
}

run "refuses_to_borrow_from_another_project" {
  command = plan

  variables {
    borrowed_service_accounts = { dbt = "dbt@mesh-prod.iam.gserviceaccount.com" }
  }

  expect_failures = [var.borrowed_service_accounts]
}

run "refuses_an_unknown_size" {
  command = plan

  variables {
    environment_size = "SMALL"
  }

  expect_failures = [var.environment_size]
}

run "refuses_an_image_without_a_build" {
  command = plan

  variables {
    image_version = "composer-3-airflow-2"
  }

  expect_failures = [var.image_version]
}

run "refuses_an_image_of_composer_2" {
  command = plan

  variables {
    image_version = "composer-2.16.10-airflow-2.10.5"
  }

  expect_failures = [var.image_version]
}

run "refuses_a_short_maintenance_window" {
  command = plan

  variables {
    maintenance_window = { days = ["SU"], hours = 6, start_hour = 12 }
  }

  expect_failures = [var.maintenance_window]
}

run "refuses_unknown_days" {
  command = plan

  variables {
    maintenance_window = { days = ["Saturday", "Sunday"], hours = 6, start_hour = 12 }
  }

  expect_failures = [var.maintenance_window]
}

run "refuses_hours_that_are_none" {
  command = plan

  variables {
    maintenance_window = { days = ["SA", "SU"], hours = 6, start_hour = 24 }
  }

  expect_failures = [var.maintenance_window]
}

run "refuses_slots_that_are_too_short" {
  command = plan

  variables {
    maintenance_window = { days = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"], hours = 2, start_hour = 12 }
  }

  expect_failures = [var.maintenance_window]
}

run "refuses_packages_without_a_version" {
  command = plan

  variables {
    pypi_packages = { astronomer-cosmos = ">=1.15" }
  }

  expect_failures = [var.pypi_packages]
}

run "refuses_a_run_history_beyond_what_composer_keeps" {
  command = plan

  variables {
    run_history_days = 2192
  }

  expect_failures = [var.run_history_days]
}

run "refuses_to_drop_snapshots_at_once" {
  command = plan

  variables {
    snapshot_days = 1
  }

  expect_failures = [var.snapshot_days]
}

run "refuses_a_web_server_without_ranges" {
  command = plan

  variables {
    web_server_ranges = {}
  }

  expect_failures = [var.web_server_ranges]
}

run "refuses_a_web_server_for_everybody" {
  command = plan

  variables {
    web_server_ranges = { everybody = "0.0.0.0/0" }
  }

  expect_failures = [var.web_server_ranges]
}

run "refuses_private_addresses_for_the_web_server" {
  command = plan

  variables {
    web_server_ranges = { ward = "10.1.0.0/16" }
  }

  expect_failures = [var.web_server_ranges]
}

run "refuses_to_go_without_a_triggerer" {
  command = plan

  variables {
    workloads = { triggerer = { count = 0, cpu = 1, memory_gb = 2 } }
  }

  expect_failures = [var.workloads]
}

run "refuses_a_web_server_that_cannot_start" {
  command = plan

  variables {
    workloads = { web_server = { cpu = 1, memory_gb = 2, storage_gb = 1 } }
  }

  expect_failures = [var.workloads]
}

run "refuses_fewer_workers_than_the_least" {
  command = plan

  variables {
    workloads = { worker = { cpu = 1, max_count = 1, memory_gb = 4, min_count = 2, storage_gb = 10 } }
  }

  expect_failures = [var.workloads]
}
