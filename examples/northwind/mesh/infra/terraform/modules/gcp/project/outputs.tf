output "services" {
  description = "Services that are on. What uses one depends on this output."
  value       = keys(google_project_service.this)
  depends_on  = [google_project_service.this]
}
