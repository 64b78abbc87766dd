output "connection_delegate_role" {
  description = "Role that may use a connection and hand it on to a table."
  value       = google_project_iam_custom_role.connection_delegate.name
}

output "dbt_service_account" {
  description = "Mail address of the service account that dbt runs as."
  value       = google_service_account.dbt.email
}

output "deployment_service_account" {
  description = "Mail address of the service account that deploys the DAGs."
  value       = google_service_account.deployment.email
}

output "identities" {
  description = "Who delivers and whom they borrow, as members: the identities of the pools, Terraform's accounts and those of the pipelines."
  value = concat(
    [for pool in [local.delivery_pool, local.review_pool] : "principalSet://iam.googleapis.com/${pool}/*"],
    sort(values(google_service_account.terraform)[*].member),
    [google_service_account.dbt.member, google_service_account.deployment.member, google_service_account.registration.member],
  )
}

output "registration_service_account" {
  description = "Mail address of the service account that registers the external tables."
  value       = google_service_account.registration.email
}

output "terraform_service_accounts" {
  description = "Phase (plan, apply) -> mail address of the service account that Terraform runs as."
  value       = { for phase, account in google_service_account.terraform : phase => account.email }
}

output "workload_identity_providers" {
  description = "Whose tokens (github on main, github_review on any branch, hcp_terraform) -> resource name of the workload identity provider."
  value = {
    github        = google_iam_workload_identity_pool_provider.github.name
    github_review = google_iam_workload_identity_pool_provider.github_review.name
    hcp_terraform = google_iam_workload_identity_pool_provider.hcp_terraform.name
  }
}
