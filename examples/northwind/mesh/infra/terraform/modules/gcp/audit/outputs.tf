output "alert_channels" {
  description = "Mail address -> name of its notification channel."
  value       = { for address, channel in google_monitoring_notification_channel.mail : address => channel.name }
}

output "log_bucket_id" {
  description = "Id of the log bucket: projects/<project>/locations/<region>/buckets/<name>."
  value       = google_logging_project_bucket_config.audit.id
}
