output "scanner_role_arns" {
  description = "ARNs of service-linked roles that must be able to decrypt landed data."
  value       = [aws_macie2_account.this.service_role]
}
