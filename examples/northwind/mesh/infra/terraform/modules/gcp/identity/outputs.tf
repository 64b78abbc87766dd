output "connection_delegate_role" {
  description = "Role that may use a connection and hand it on to a table."
  value       = google_project_iam_custom_role.connection_delegate.name
}

output "dbt_service_account" {
  description = "Mail address of the service account that dbt runs as."
  value       = google_service_account.dbt.email
}

output "identities" {
  description = "Who delivers and whom they borrow, as members: the identities of the pool, Terraform's accounts and those of the pipelines."
  value = concat(
    ["principalSet://iam.googleapis.com/${local.pool}/*"],
    sort(values(google_service_account.terraform)[*].member),
    [google_service_account.dbt.member, google_service_account.registration.member],
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
  description = "Issuer (github, hcp_terraform) -> resource name of the workload identity provider."
  value = {
    github        = google_iam_workload_identity_pool_provider.github.name
    hcp_terraform = google_iam_workload_identity_pool_provider.hcp_terraform.name
  }
}
