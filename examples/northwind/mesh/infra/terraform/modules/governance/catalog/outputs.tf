output "aspect_type" {
  description = "Resource name of the aspect type of contracts."
  value       = google_dataplex_aspect_type.contract.name
}

output "data_products" {
  description = "Domain -> resource name of its entry in the catalogue."
  value       = { for domain, entry in google_dataplex_entry.data_product : domain => entry.name }
}
