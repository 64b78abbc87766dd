# A name, not the role: the bucket policies that speak of it need not wait for it.
output "role_arn" {
  description = "ARN of the role that the BigQuery connection assumes."
  value       = local.role_arn
}
