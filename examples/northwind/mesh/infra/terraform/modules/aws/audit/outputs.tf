output "alerts_topic_arn" {
  description = "ARN of the topic that alerts are published to."
  value       = aws_sns_topic.alerts.arn
}

output "log_bucket" {
  description = "Bucket that receives the server access logs of the cell."
  value       = module.log_bucket.name
}

# A name, not the trail: its key and its bucket must exist before it.
output "trail_arn" {
  description = "ARN of the cell's trail."
  value       = local.trail_arn
}
