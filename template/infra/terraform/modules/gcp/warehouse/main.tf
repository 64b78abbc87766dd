locals {
  curated_id = replace(var.cell.bigquery_region, "-", "_")
  landing_id = replace(var.cell.omni_location, "-", "_")

  # A retired domain stays where it landed, and comes to no new cell.
  contracts = {
    for domain, contract in var.contracts : domain => contract
    if !contract.retired || contains(keys(contract.landing_buckets), "${var.mesh.environment}-${var.cell.region}-landing")
  }

  # What stands beside the domains: marts for the organization, reference for code systems, dbt for what dbt keeps of a
  # run. Nothing in dbt is meant to last, and nobody else may read it: temporary tables have no policy tags.
  shared = {
    dbt       = { description = "What dbt keeps of its runs", expires_after_days = 7, readers = [] }
    marts     = { description = "Marts of the organization", expires_after_days = null, readers = var.mart_readers }
    reference = { description = "Code systems that the domains refer to", expires_after_days = null, readers = var.mart_readers }
  }
}

# Curated: one dataset per domain, in the region beside the landing zone, encrypted with the cell's key.
#
# `access` is the whole list: without it BigQuery would give the project's editors and viewers theirs.
# https://cloud.google.com/bigquery/docs/dataset-access-controls
resource "google_bigquery_dataset" "curated" {
  for_each = local.contracts

  dataset_id                 = "${each.key}__${local.curated_id}"
  delete_contents_on_destroy = false
  description                = "${each.value.title}, curated. Owner: ${each.value.owner_email}"
  location                   = var.cell.bigquery_region
  max_time_travel_hours      = "168"
  project                    = var.mesh.gcp_project

  labels = merge(var.labels, {
    data-classification = replace(each.value.classification, "_", "-")
    domain              = each.key
    layer               = "curated"
    owner               = each.value.owner
  })

  default_encryption_configuration {
    kms_key_name = var.kms_key_id
  }

  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }

  access {
    role          = "WRITER"
    user_by_email = var.dbt_service_account
  }

  # What they see in clear is said by the policy tags of the columns.
  dynamic "access" {
    for_each = each.value.reader_groups

    content {
      role           = "READER"
      group_by_email = access.value
    }
  }

  # Views of the marts may read a domain that their readers may not.
  access {
    dataset {
      target_types = ["VIEWS"]

      dataset {
        dataset_id = google_bigquery_dataset.shared["marts"].dataset_id
        project_id = var.mesh.gcp_project
      }
    }
  }

  # A dataset outlives a slip of the pen: dropping a domain makes the plan fail instead of deleting patient data.
  lifecycle {
    prevent_destroy = true
  }
}

resource "google_bigquery_dataset" "shared" {
  for_each = local.shared

  dataset_id                  = "${each.key}__${local.curated_id}"
  default_table_expiration_ms = each.value.expires_after_days == null ? null : each.value.expires_after_days * 24 * 60 * 60 * 1000
  delete_contents_on_destroy  = false
  description                 = each.value.description
  labels                      = merge(var.labels, { layer = each.key })
  location                    = var.cell.bigquery_region
  max_time_travel_hours       = "168"
  project                     = var.mesh.gcp_project

  default_encryption_configuration {
    kms_key_name = var.kms_key_id
  }

  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }

  access {
    role          = "WRITER"
    user_by_email = var.dbt_service_account
  }

  dynamic "access" {
    for_each = each.value.readers

    content {
      role           = "READER"
      group_by_email = access.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Landing: one dataset per domain in the Omni location. Its tables are external and read the bucket in place; the data
# itself stays in S3, encrypted with the landing key. Only dbt reads here, and only the registration of tables writes.
resource "google_bigquery_dataset" "landing" {
  # checkov:skip=CKV_GCP_81:BigQuery Omni supports no keys of Google; the data stays in S3 under the landing key
  for_each = local.contracts

  dataset_id                 = "${each.key}__${local.landing_id}"
  delete_contents_on_destroy = false
  description                = "${each.value.title}, as landed in S3. No key of its own: BigQuery Omni supports none"
  location                   = var.cell.omni_location
  project                    = var.mesh.gcp_project

  labels = merge(var.labels, {
    cmek                = "exempt-omni"
    data-classification = replace(each.value.classification, "_", "-")
    domain              = each.key
    layer               = "landing"
    owner               = each.value.owner
  })

  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }

  access {
    role          = "READER"
    user_by_email = var.dbt_service_account
  }

  access {
    role          = "WRITER"
    user_by_email = var.registration_service_account
  }
}
