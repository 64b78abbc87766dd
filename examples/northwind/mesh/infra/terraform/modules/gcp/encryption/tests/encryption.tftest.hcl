mock_provider "google" {
  override_during = plan
}

variables {
  cell   = { bigquery_region = "us-east4" }
  labels = { mesh = "mesh" }
  mesh   = { environment = "dev", gcp_project = "mesh-dev", name = "mesh" }

  agents = {
    warehouse = { bigquery = "bq-123456789012@bigquery-encryption.iam.gserviceaccount.com" }
  }
}

run "rotates_within_90_days" {
  command = plan

  assert {
    condition     = google_kms_crypto_key.this["warehouse"].rotation_period == "7776000s"
    error_message = "Keys must rotate every 90 days."
  }

  assert {
    condition     = google_kms_key_ring.this.location == "us-east4"
    error_message = "Keys must lie where the data is."
  }
}

run "serves_its_agents_alone" {
  command = plan

  assert {
    condition = {
      for name, grant in google_kms_crypto_key_iam_member.agents : name => "${grant.role} ${grant.member}"
    } == { "warehouse bigquery" = "roles/cloudkms.cryptoKeyEncrypterDecrypter serviceAccount:bq-123456789012@bigquery-encryption.iam.gserviceaccount.com" }
    error_message = "A key is for its service agents and for nobody else."
  }
}

run "refuses_a_person" {
  command = plan

  variables {
    agents = { warehouse = { bigquery = "somebody@mesh.example" } }
  }

  expect_failures = [var.agents]
}
