# The same name, once the role can read: what uses the connection waits for it.
output "ready_role_arn" {
  description = "ARN of the role, once its policies are attached."
  value       = local.role_arn
  depends_on  = [aws_iam_role_policy_attachment.read]
}

# A name, not the role: the bucket policies that speak of it need not wait for it.
output "role_arn" {
  description = "ARN of the role that the BigQuery connection assumes."
  value       = local.role_arn
}
