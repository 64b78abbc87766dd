# How columns are classified and masked in one location. A policy tag works on tables of its own location only, so a
# cell has two taxonomies: one for the landing tables in the Omni location, one for the curated ones beside it.
# https://cloud.google.com/bigquery/docs/column-level-security-intro
#
# Policy tags and their taxonomies stay; what Data Catalog discontinued on 2026-01-30 are tag templates and entries, see
# module catalog.

locals {
  classes = toset([for tag in values(var.policy_tags) : tag.classification])

  # A tag without a mask is its class itself: who may not read it sees nothing.
  masked_tags = { for name, tag in var.policy_tags : name => tag if tag.masking != null }
}

resource "google_data_catalog_taxonomy" "this" {
  activated_policy_types = ["FINE_GRAINED_ACCESS_CONTROL"]
  description            = "Classification of columns by their HIPAA identifiers"
  display_name           = "${var.mesh.name}-${var.mesh.environment}-${var.location}"
  project                = var.mesh.gcp_project
  region                 = var.location
}

resource "google_data_catalog_policy_tag" "class" {
  for_each = local.classes

  description  = "Columns of the class ${each.value}"
  display_name = each.value
  taxonomy     = google_data_catalog_taxonomy.this.id
}

resource "google_data_catalog_policy_tag" "masked" {
  for_each = local.masked_tags

  description       = "Columns of the class ${each.value.classification}, masked as ${upper(each.value.masking)}"
  display_name      = each.key
  parent_policy_tag = google_data_catalog_policy_tag.class[each.value.classification].id
  taxonomy          = google_data_catalog_taxonomy.this.id
}

# In clear: the readers whom each domain's owner and the privacy office approved, and dbt, which builds the tables.
# Clinical columns that identify nobody are read in clear by everybody who reads the domain. Tags are shared by domains;
# which tables a reader reaches is said by the datasets.
resource "google_data_catalog_policy_tag_iam_binding" "clear" {
  for_each = google_data_catalog_policy_tag.class

  policy_tag = each.value.name
  role       = "roles/datacatalog.categoryFineGrainedReader"

  members = concat(
    [for group in sort(concat(var.clear_readers, each.key == "sensitive" ? var.masked_readers : [])) : "group:${group}"],
    ["serviceAccount:${var.dbt_service_account}"],
  )
}

# Masked for everybody else
# https://cloud.google.com/bigquery/docs/column-data-masking-intro
resource "google_bigquery_datapolicy_data_policy" "mask" {
  for_each = local.masked_tags

  data_policy_id   = each.key
  data_policy_type = "DATA_MASKING_POLICY"
  location         = var.location
  policy_tag       = google_data_catalog_policy_tag.masked[each.key].name
  project          = var.mesh.gcp_project

  data_masking_policy {
    predefined_expression = upper(each.value.masking)
  }
}

resource "google_bigquery_datapolicy_data_policy_iam_binding" "masked" {
  for_each = google_bigquery_datapolicy_data_policy.mask

  data_policy_id = each.value.data_policy_id
  location       = each.value.location
  members        = [for group in sort(var.masked_readers) : "group:${group}"]
  project        = var.mesh.gcp_project
  role           = "roles/bigquerydatapolicy.maskedReader"
}
