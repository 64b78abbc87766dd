locals {
  pip_object = "config/pip/pip.conf"

  # Names that CloudSecretManagerBackend looks for.
  # https://cloud.google.com/composer/docs/composer-3/configure-secret-manager
  secret_prefixes = {
    connections = "airflow-connections"
    variables   = "airflow-variables"
  }

  terraform_object_roles = {
    apply = "roles/storage.objectUser"
    plan  = "roles/storage.objectViewer"
  }
}

resource "google_service_account" "composer" {
  account_id   = "composer"
  description  = "Runs Airflow in ${var.mesh.environment}"
  display_name = "Composer"
  project      = var.mesh.gcp_project
}

# Whoever can write a DAG acts as this account. So it runs the environment and starts jobs; datasets and connections say
# what those jobs may touch.
# https://cloud.google.com/composer/docs/composer-3/access-control
resource "google_project_iam_member" "composer" {
  # checkov:skip=CKV_GCP_49:Airflow cannot run without roles/composer.worker
  for_each = toset(["roles/bigquery.jobUser", "roles/composer.worker"])

  member  = google_service_account.composer.member
  project = var.mesh.gcp_project
  role    = each.value
}

# Names of secrets hold the number of the project, not its id.
# https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-name
resource "google_project_iam_member" "composer_reads_secrets" {
  member  = google_service_account.composer.member
  project = var.mesh.gcp_project
  role    = "roles/secretmanager.secretAccessor"

  condition {
    description = "Only variables and connections of Airflow"
    title       = "airflow-secrets-only"
    expression = join(" || ", [
      for prefix in values(local.secret_prefixes) :
      "resource.name.startsWith('projects/${var.mesh.gcp_project_number}/secrets/${prefix}-')"
    ])
  }
}

resource "google_service_account_iam_member" "composer_borrows" {
  for_each = var.borrowed_service_accounts

  member             = google_service_account.composer.member
  role               = "roles/iam.serviceAccountTokenCreator"
  service_account_id = "projects/${var.mesh.gcp_project}/serviceAccounts/${each.value}"
}

# Terraform can make an environment only for an account that it may act as.
resource "google_service_account_iam_member" "apply_acts_as_composer" {
  member             = "serviceAccount:${var.terraform_service_accounts.apply}"
  role               = "roles/iam.serviceAccountUser"
  service_account_id = google_service_account.composer.name
}

# As mighty as Composer's own account: what it writes there, Composer runs. Workflows borrow it on main only, in an
# environment with reviewers.
resource "google_storage_bucket_iam_member" "deployment" {
  bucket = google_storage_bucket.airflow.name
  member = "serviceAccount:${var.deployment_service_account}"
  role   = "roles/storage.objectUser"

  condition {
    description = "Only what Airflow reads as DAGs"
    expression  = "resource.name.startsWith('projects/_/buckets/${google_storage_bucket.airflow.name}/objects/dags/')"
    title       = "dags-only"
  }
}

# Terraform reads and writes no objects but this one.
resource "google_storage_bucket_iam_member" "terraform_configures_pip" {
  for_each = local.terraform_object_roles

  bucket = google_storage_bucket.airflow.name
  member = "serviceAccount:${var.terraform_service_accounts[each.key]}"
  role   = each.value

  condition {
    description = "Only pip.conf"
    expression  = "resource.name == 'projects/_/buckets/${google_storage_bucket.airflow.name}/objects/${local.pip_object}'"
    title       = "pip-conf-only"
  }
}
