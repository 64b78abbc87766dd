output "name" {
  description = "Name of the perimeter: accessPolicies/<number>/servicePerimeters/<name>."
  value       = google_access_context_manager_service_perimeter.this.name
}

output "restricted_services" {
  description = "Services that the perimeter protects."
  value       = local.services
}
