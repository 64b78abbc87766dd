output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}

# The policy must stand before a service that depends on it delivers.
output "name" {
  description = "Name of the bucket, once its policy stands."
  value       = aws_s3_bucket.this.bucket
  depends_on  = [aws_s3_bucket_policy.this]
}
