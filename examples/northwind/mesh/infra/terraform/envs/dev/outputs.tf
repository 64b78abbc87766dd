output "bigquery_role_arns" {
  description = "Region -> ARN of the role that the BigQuery connection assumes."
  value = {
    "us-east-1" = module.bigquery_access_us_east_1.role_arn
  }
}

output "alerts_topic_arns" {
  description = "Region -> ARN of the topic that alerts are published to."
  value = {
    "us-east-1" = module.audit_us_east_1.alerts_topic_arn
  }
}

output "break_glass_role_arn" {
  description = "ARN of the break-glass role."
  value       = module.identity.break_glass_role_arn
}

output "github_role_arns" {
  description = "Phase (plan, apply) -> ARN of the role that GitHub Actions assumes."
  value       = module.identity.github_role_arns
}

output "hcp_terraform_role_arns" {
  description = "Phase (plan, apply) -> ARN of the role that HCP Terraform assumes."
  value       = module.identity.hcp_terraform_role_arns
}

output "landing_key_arns" {
  description = "Region -> ARN of the key that landed data is encrypted with."
  value = {
    "us-east-1" = module.encryption_us_east_1.landing_key_arn
  }
}

output "landing_uris" {
  description = "Region -> domain -> URI of the landing zone."
  value = {
    "us-east-1" = module.landing_zone_us_east_1.uris
  }
}
