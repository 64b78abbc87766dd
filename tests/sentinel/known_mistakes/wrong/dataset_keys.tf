# Keys the wrong way round: BigQuery Omni can have none, everything else must have one.

resource "google_kms_key_ring" "warehouse" {
  name     = "mesh-dev"
  location = "us-east4"
}

resource "google_kms_crypto_key" "warehouse" {
  name     = "warehouse"
  key_ring = google_kms_key_ring.warehouse.id
}

resource "google_bigquery_dataset" "landing" {
  dataset_id = "labs__landing"
  location   = "aws-us-east-1"
  labels     = { domain = "labs" }

  default_encryption_configuration {
    kms_key_name = google_kms_crypto_key.warehouse.id
  }
}

resource "google_bigquery_dataset" "curated" {
  dataset_id = "labs__us_east4"
  location   = "us-east4"
  labels     = { domain = "labs" }
}
