mock_provider "google" {
  override_during = plan

  mock_resource "google_compute_subnetwork" {
    defaults = { id = "projects/mesh-dev/regions/us-east4/subnetworks/mesh-dev-dbt-us-east4" }
  }

  mock_resource "google_project_iam_custom_role" {
    defaults = { name = "projects/mesh-dev/roles/cloudRunOperationWatcher" }
  }
}

variables {
  cell                       = { bigquery_region = "us-east4", home = true }
  composer_service_account   = "composer@mesh-dev.iam.gserviceaccount.com"
  dbt_service_account        = "dbt-runner@mesh-dev.iam.gserviceaccount.com"
  image                      = "us-east4-docker.pkg.dev/mesh-dev/dbt/dbt@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  kms_key_id                 = "projects/mesh-dev/locations/us-east4/keyRings/mesh-dev/cryptoKeys/jobs"
  labels                     = { environment = "dev" }
  mesh                       = { environment = "dev", gcp_project = "mesh-dev", name = "mesh" }
  network_id                 = "projects/mesh-dev/global/networks/mesh-dev"
  subnet_range               = "10.64.1.0/26"
  terraform_service_accounts = { apply = "terraform-apply@mesh-dev.iam.gserviceaccount.com" }
}

run "runs_dbt_as_itself_from_one_image" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_job.dbt.template[0].template[0].service_account == var.dbt_service_account
    error_message = "The job must run as dbt's account."
  }

  assert {
    condition     = google_cloud_run_v2_job.dbt.template[0].template[0].containers[0].image == var.image
    error_message = "The job must run the image of that digest."
  }

  assert {
    condition     = google_cloud_run_v2_job.dbt.name == "mesh-dev-dbt" && google_cloud_run_v2_job.dbt.location == "us-east4"
    error_message = "Airflow looks for the job by this name, beside the warehouse."
  }

  assert {
    condition     = google_cloud_run_v2_job.dbt.template[0].template[0].max_retries == 0
    error_message = "Airflow alone tries again."
  }
}

run "is_private_and_encrypted" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_job.dbt.template[0].template[0].vpc_access[0].egress == "ALL_TRAFFIC"
    error_message = "All traffic must go through the private network."
  }

  assert {
    condition = (
      google_cloud_run_v2_job.dbt.template[0].template[0].vpc_access[0].network_interfaces[0].network == var.network_id &&
      google_cloud_run_v2_job.dbt.template[0].template[0].vpc_access[0].network_interfaces[0].subnetwork == "projects/mesh-dev/regions/us-east4/subnetworks/mesh-dev-dbt-us-east4"
    )
    error_message = "Executions must run in the subnet of their cell."
  }

  assert {
    condition     = google_cloud_run_v2_job.dbt.template[0].template[0].encryption_key == var.kms_key_id
    error_message = "The job must be encrypted with the key of its cell."
  }

  assert {
    condition     = google_compute_subnetwork.jobs.log_config[0].flow_sampling == 1 && google_compute_subnetwork.jobs.private_ip_google_access
    error_message = "Connections must be recorded, and lead to Google's APIs."
  }

  assert {
    condition     = !google_cloud_run_v2_job.dbt.deletion_protection
    error_message = "The removal of a region must not stop halfway."
  }
}

run "lets_airflow_execute_and_nothing_more" {
  command = plan

  assert {
    condition = toset([for grant in google_cloud_run_v2_job_iam_member.composer : "${grant.member} ${grant.role}"]) == toset([
      "serviceAccount:composer@mesh-dev.iam.gserviceaccount.com roles/run.jobsExecutorWithOverrides",
      "serviceAccount:composer@mesh-dev.iam.gserviceaccount.com roles/run.viewer",
    ])
    error_message = "Airflow must be able to execute the job with arguments and to see how it went, and to change nothing."
  }

  assert {
    condition     = google_project_iam_custom_role.operation_watcher["home"].permissions == toset(["run.operations.get"])
    error_message = "On the project Airflow sees operations and nothing else."
  }

  assert {
    condition     = google_service_account_iam_member.apply_acts_as_dbt["home"].role == "roles/iam.serviceAccountUser"
    error_message = "Terraform acts as dbt in jobs, and borrows no token."
  }
}

run "grants_on_the_project_once" {
  command = plan

  variables {
    cell = { bigquery_region = "us-east4", home = false }
  }

  assert {
    condition     = length(google_project_iam_custom_role.operation_watcher) + length(google_project_iam_member.composer_watches) + length(google_service_account_iam_member.apply_acts_as_dbt) == 0
    error_message = "What holds for the project stands with the home cell."
  }
}

run "refuses_an_image_by_tag" {
  command = plan

  variables {
    image = "us-east4-docker.pkg.dev/mesh-dev/dbt/dbt:latest"
  }

  expect_failures = [var.image]
}

run "refuses_an_image_from_elsewhere" {
  command = plan

  variables {
    image = "us-east4-docker.pkg.dev/mesh-prod/dbt/dbt@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }

  expect_failures = [var.image]
}

run "refuses_a_subnet_that_is_too_small" {
  command = plan

  variables {
    subnet_range = "10.64.1.0/28"
  }

  expect_failures = [var.subnet_range]
}

run "refuses_public_addresses" {
  command = plan

  variables {
    subnet_range = "203.0.112.0/26"
  }

  expect_failures = [var.subnet_range]
}
