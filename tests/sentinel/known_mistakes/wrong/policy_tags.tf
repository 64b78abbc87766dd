# The taxonomy lies in a multi-region, the dataset in a region of it: BigQuery heeds no tag of another location. Nobody is
# said to read in clear, and the tag that stands for a mask has none.

resource "google_bigquery_dataset" "marts" {
  dataset_id = "marts"
  location   = "us-central1"
}

resource "google_data_catalog_taxonomy" "this" {
  activated_policy_types = ["FINE_GRAINED_ACCESS_CONTROL"]
  display_name           = "mesh-dev"
  region                 = "us"
}

resource "google_data_catalog_policy_tag" "class" {
  for_each = toset(["direct_identifier", "quasi_identifier"])

  display_name = each.value
  taxonomy     = google_data_catalog_taxonomy.this.id
}

resource "google_data_catalog_policy_tag" "masked" {
  display_name      = "direct_identifier_sha256"
  parent_policy_tag = google_data_catalog_policy_tag.class["direct_identifier"].id
  taxonomy          = google_data_catalog_taxonomy.this.id
}
