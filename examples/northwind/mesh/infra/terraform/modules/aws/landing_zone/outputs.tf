output "buckets" {
  description = "Domain -> name of its bucket."
  value       = { for domain, bucket in module.bucket : domain => bucket.name }
}

output "uris" {
  description = "Domain -> URI of its landing zone."
  value       = { for domain, bucket in module.bucket : domain => "s3://${bucket.name}" }
}
