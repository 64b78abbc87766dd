output "airflow_dag_bucket" {
  description = "Bucket whose folder dags/ holds the DAGs."
  value       = module.composer.dag_bucket
}

output "airflow_uri" {
  description = "Address of Airflow's web server."
  value       = module.composer.airflow_uri
}

output "alerts_topic_arns" {
  description = "Region -> ARN of the topic that alerts are published to."
  value = {
    "us-east-1" = module.audit_us_east_1.alerts_topic_arn
  }
}

output "bigquery_role_arns" {
  description = "Region -> ARN of the role that the BigQuery connection assumes."
  value = {
    "us-east-1" = module.bigquery_access_us_east_1.role_arn
  }
}

output "break_glass_role_arn" {
  description = "ARN of the break-glass role."
  value       = module.identity.break_glass_role_arn
}

output "connection_id" {
  description = "Id of the BigQuery connection of the home region, as project.location.id."
  value       = module.biglake_us_east_1.connection_id
}

output "connection_ids" {
  description = "Region -> id of its BigQuery connection, as project.location.id."
  value = {
    "us-east-1" = module.biglake_us_east_1.connection_id
  }
}

output "curated_datasets" {
  description = "Region -> domain -> id of its curated dataset."
  value = {
    "us-east-1" = module.warehouse_us_east_1.curated_datasets
  }
}

output "dbt_service_account" {
  description = "Mail address of the service account that dbt runs as."
  value       = module.delivery.dbt_service_account
}

output "deployment_service_account" {
  description = "Mail address of the service account that deploys the DAGs."
  value       = module.delivery.deployment_service_account
}

output "gcp_project" {
  description = "Id of the GCP project."
  value       = var.gcp_project
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

output "landing_policy_tag_ids" {
  description = "Region -> policy tag -> its id for the external tables."
  value = {
    "us-east-1" = module.classification_us_east_1["landing"].policy_tag_ids
  }
}

output "landing_uris" {
  description = "Region -> domain -> URI of the landing zone."
  value = {
    "us-east-1" = module.landing_zone_us_east_1.uris
  }
}

output "package_index" {
  description = "Repository that Airflow's packages come through."
  value       = module.composer.package_index
}

output "policy_tag_ids" {
  description = "Policy tag -> its id in the home region, as dbt reads them from POLICY_TAG_IDS."
  value       = module.classification_us_east_1["curated"].policy_tag_ids
}

output "terraform_service_accounts" {
  description = "Phase (plan, apply) -> mail address of the service account that Terraform runs as."
  value       = module.delivery.terraform_service_accounts
}

output "workload_identity_providers" {
  description = "Whose tokens (github on main, github_review on any branch, hcp_terraform) -> resource name of the workload identity provider."
  value       = module.delivery.workload_identity_providers
}
