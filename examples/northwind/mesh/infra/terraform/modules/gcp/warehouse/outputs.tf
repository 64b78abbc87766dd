output "curated_datasets" {
  description = "Domain -> id of its curated dataset."
  value       = { for domain, dataset in google_bigquery_dataset.curated : domain => dataset.dataset_id }
}

output "landing_datasets" {
  description = "Domain -> id of its landing dataset."
  value       = { for domain, dataset in google_bigquery_dataset.landing : domain => dataset.dataset_id }
}

output "marts_dataset" {
  description = "Id of the dataset of the marts."
  value       = google_bigquery_dataset.shared["marts"].dataset_id
}
