output "buckets" {
  description = "Domain -> name of its replica."
  value       = { for domain, bucket in module.bucket : domain => bucket.name }
}

output "key_arn" {
  description = "ARN of the key of the replicas."
  value       = aws_kms_key.replica.arn
}
