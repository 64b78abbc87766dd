# Keys of a cell, in the BigQuery region of the cell: a dataset takes a key of its own location only. BigQuery Omni takes
# none, so nothing in the Omni location appears here.
# https://cloud.google.com/bigquery/docs/customer-managed-encryption

resource "google_kms_key_ring" "this" {
  location = var.cell.bigquery_region
  name     = "${var.mesh.name}-${var.mesh.environment}"
  project  = var.mesh.gcp_project
}

resource "google_kms_crypto_key" "this" {
  for_each = var.agents

  key_ring        = google_kms_key_ring.this.id
  labels          = var.labels
  name            = each.key
  purpose         = "ENCRYPT_DECRYPT"
  rotation_period = "7776000s"

  # The longest that Cloud KMS waits before it destroys a version.
  destroy_scheduled_duration = "2592000s"

  # Without its key the data is lost.
  lifecycle {
    prevent_destroy = true
  }
}

locals {
  grants = merge([
    for use, agents in var.agents : {
      for name, agent in agents : "${use} ${name}" => { agent = agent, use = use }
    }
  ]...)
}

# Each key is for the service agents that encrypt with it, and for nobody else.
resource "google_kms_crypto_key_iam_member" "agents" {
  for_each = local.grants

  crypto_key_id = google_kms_crypto_key.this[each.value.use].id
  member        = "serviceAccount:${each.value.agent}"
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
}
