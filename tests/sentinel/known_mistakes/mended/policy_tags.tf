# Each location of datasets has its taxonomy, and each class its readers. The tag that stands for a mask has it.

locals {
  locations = toset(["aws-us-east-1", "us-east4"])
}

resource "google_data_catalog_taxonomy" "this" {
  for_each = local.locations

  activated_policy_types = ["FINE_GRAINED_ACCESS_CONTROL"]
  display_name           = "mesh-dev-${each.value}"
  region                 = each.value
}

resource "google_data_catalog_policy_tag" "direct_identifier" {
  for_each = local.locations

  display_name = "direct_identifier"
  taxonomy     = google_data_catalog_taxonomy.this[each.key].id
}

resource "google_data_catalog_policy_tag" "quasi_identifier" {
  for_each = local.locations

  display_name = "quasi_identifier"
  taxonomy     = google_data_catalog_taxonomy.this[each.key].id
}

resource "google_data_catalog_policy_tag_iam_binding" "direct_identifier" {
  for_each = local.locations

  members    = ["group:labs-raw-readers@mesh.example"]
  policy_tag = google_data_catalog_policy_tag.direct_identifier[each.key].name
  role       = "roles/datacatalog.categoryFineGrainedReader"
}

resource "google_data_catalog_policy_tag_iam_binding" "quasi_identifier" {
  for_each = local.locations

  members    = ["group:labs-raw-readers@mesh.example"]
  policy_tag = google_data_catalog_policy_tag.quasi_identifier[each.key].name
  role       = "roles/datacatalog.categoryFineGrainedReader"
}

resource "google_data_catalog_policy_tag" "masked" {
  for_each = local.locations

  display_name      = "direct_identifier_sha256"
  parent_policy_tag = google_data_catalog_policy_tag.direct_identifier[each.key].id
  taxonomy          = google_data_catalog_taxonomy.this[each.key].id
}

resource "google_bigquery_datapolicy_data_policy" "mask" {
  for_each = local.locations

  data_policy_id   = "direct_identifier_sha256"
  data_policy_type = "DATA_MASKING_POLICY"
  location         = each.value
  policy_tag       = google_data_catalog_policy_tag.masked[each.key].name

  data_masking_policy {
    predefined_expression = "SHA256"
  }
}

resource "google_bigquery_datapolicy_data_policy_iam_binding" "masked" {
  for_each = local.locations

  data_policy_id = google_bigquery_datapolicy_data_policy.mask[each.key].data_policy_id
  location       = each.value
  members        = ["group:labs-masked-readers@mesh.example"]
  role           = "roles/bigquerydatapolicy.maskedReader"
}
