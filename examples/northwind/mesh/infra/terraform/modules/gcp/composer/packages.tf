locals {
  package_index = "https://${var.cell.bigquery_region}-python.pkg.dev/${var.mesh.gcp_project}/${google_artifact_registry_repository.pypi.repository_id}/simple/"
}

# Private builds reach no package index but this one, which fetches from PyPI and keeps what it fetched.
# https://cloud.google.com/composer/docs/composer-3/install-python-dependencies
resource "google_artifact_registry_repository" "pypi" {
  description   = "Packages of PyPI for Airflow"
  format        = "PYTHON"
  kms_key_name  = var.kms_key_id
  labels        = var.labels
  location      = var.cell.bigquery_region
  mode          = "REMOTE_REPOSITORY"
  project       = var.mesh.gcp_project
  repository_id = "pypi"

  remote_repository_config {
    description = "PyPI"

    python_repository {
      public_repository = "PYPI"
    }
  }
}

resource "google_artifact_registry_repository_iam_member" "composer_installs" {
  location   = google_artifact_registry_repository.pypi.location
  member     = google_service_account.composer.member
  project    = var.mesh.gcp_project
  repository = google_artifact_registry_repository.pypi.name
  role       = "roles/artifactregistry.reader"
}

# index-url, not extra-index-url: pip asks all its indexes and takes the highest version, whoever published it.
resource "google_storage_bucket_object" "pip" {
  bucket       = google_storage_bucket.airflow.name
  content      = <<-EOT
    [global]
    index-url = ${local.package_index}
  EOT
  content_type = "text/plain"
  name         = local.pip_object

  depends_on = [google_storage_bucket_iam_member.terraform_configures_pip]
}
