output "audit_key_arn" {
  description = "ARN of the key of the audit trail and its alerts."
  value       = aws_kms_key.audit.arn
}

output "landing_key_arn" {
  description = "ARN of the key of landed data."
  value       = aws_kms_key.landing.arn
}
