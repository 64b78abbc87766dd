# Where the image lies that dbt runs from. What runs is named by its digest, and a tag never moves.
# https://cloud.google.com/artifact-registry/docs/docker/immutable-tags
resource "google_artifact_registry_repository" "images" {
  description   = "Images that dbt runs from"
  format        = "DOCKER"
  kms_key_name  = var.kms_key_id
  labels        = var.labels
  location      = var.cell.bigquery_region
  mode          = "STANDARD_REPOSITORY"
  project       = var.mesh.gcp_project
  repository_id = "dbt"

  docker_config {
    immutable_tags = true
  }

  # Scans whatever is pushed where containerscanning.googleapis.com is on; see the README.
  # https://cloud.google.com/artifact-analysis/docs/scan-os-automatically
  vulnerability_scanning_config {
    enablement_config = "INHERITED"
  }
}

resource "google_artifact_registry_repository_iam_member" "pulls" {
  for_each = var.readers

  location   = google_artifact_registry_repository.images.location
  member     = "serviceAccount:${each.value}"
  project    = var.mesh.gcp_project
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.reader"
}
