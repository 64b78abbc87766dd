# To execute with the arguments of a task, and to see how it went: neither changes the job, its image or its account.
# https://cloud.google.com/run/docs/reference/iam/roles
resource "google_cloud_run_v2_job_iam_member" "composer" {
  for_each = toset(["roles/run.jobsExecutorWithOverrides", "roles/run.viewer"])

  location = google_cloud_run_v2_job.dbt.location
  member   = "serviceAccount:${var.composer_service_account}"
  name     = google_cloud_run_v2_job.dbt.name
  project  = var.mesh.gcp_project
  role     = each.value
}

# What holds for the project stands with the home cell.
locals {
  project_wide = var.cell.home ? { home = var.cell } : {}
}

# Airflow asks for the operation that an execution began as, and operations belong to no job.
resource "google_project_iam_custom_role" "operation_watcher" {
  for_each = local.project_wide

  description = "Sees whether an operation of Cloud Run is done"
  permissions = ["run.operations.get"]
  project     = var.mesh.gcp_project
  role_id     = "cloudRunOperationWatcher"
  title       = "Cloud Run operation watcher"
}

resource "google_project_iam_member" "composer_watches" {
  for_each = local.project_wide

  member  = "serviceAccount:${var.composer_service_account}"
  project = var.mesh.gcp_project
  role    = google_project_iam_custom_role.operation_watcher[each.key].name
}

# Whoever makes a job acts as its account: what the job runs is what a reviewed plan says, by digest.
# https://cloud.google.com/run/docs/securing/service-identity
resource "google_service_account_iam_member" "apply_acts_as_dbt" {
  for_each = local.project_wide

  member             = "serviceAccount:${var.terraform_service_accounts.apply}"
  role               = "roles/iam.serviceAccountUser"
  service_account_id = "projects/${var.mesh.gcp_project}/serviceAccounts/${var.dbt_service_account}"
}
