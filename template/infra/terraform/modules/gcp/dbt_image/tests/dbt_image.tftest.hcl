mock_provider "google" {
  override_during = plan

  mock_resource "google_artifact_registry_repository" {
    defaults = { name = "dbt" }
  }
}

variables {
  cell       = { bigquery_region = "us-east4" }
  kms_key_id = "projects/mesh-dev/locations/us-east4/keyRings/mesh-dev/cryptoKeys/composer"
  labels     = { environment = "dev" }
  mesh       = { gcp_project = "mesh-dev" }
  readers    = { composer = "composer@mesh-dev.iam.gserviceaccount.com" }
}

run "keeps_images_as_they_were_pushed" {
  command = plan

  assert {
    condition     = google_artifact_registry_repository.images.docker_config[0].immutable_tags
    error_message = "A tag must not move to another image."
  }

  assert {
    condition     = google_artifact_registry_repository.images.kms_key_name == var.kms_key_id
    error_message = "Images must be encrypted with the mesh's key."
  }

  assert {
    condition     = google_artifact_registry_repository.images.vulnerability_scanning_config[0].enablement_config == "INHERITED"
    error_message = "Images must be scanned where the project scans."
  }

  assert {
    condition     = output.repository == "us-east4-docker.pkg.dev/mesh-dev/dbt"
    error_message = "Images are pushed to the registry of the region."
  }
}

run "lets_only_readers_pull" {
  command = plan

  assert {
    condition = { for who, grant in google_artifact_registry_repository_iam_member.pulls : who => "${grant.member} ${grant.role}" } == {
      composer = "serviceAccount:composer@mesh-dev.iam.gserviceaccount.com roles/artifactregistry.reader"
    }
    error_message = "Who runs dbt pulls, and pushes nothing."
  }
}

run "refuses_people" {
  command = plan

  variables {
    readers = { somebody = "somebody@mesh.example" }
  }

  expect_failures = [var.readers]
}
