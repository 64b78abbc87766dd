output "policy_tag_ids" {
  description = "Policy tag -> its resource name, as dbt and external tables need it."
  value = merge(
    { for class, tag in google_data_catalog_policy_tag.class : class => tag.name if contains(keys(var.policy_tags), class) },
    { for name, tag in google_data_catalog_policy_tag.masked : name => tag.name },
  )

  # A tagged column is safe only once its mask and its readers stand.
  depends_on = [
    google_bigquery_datapolicy_data_policy_iam_binding.masked,
    google_data_catalog_policy_tag_iam_binding.clear,
  ]
}

output "taxonomy_id" {
  description = "Resource name of the taxonomy."
  value       = google_data_catalog_taxonomy.this.name
}
