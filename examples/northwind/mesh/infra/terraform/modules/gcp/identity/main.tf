# Who may change the project and who runs dbt, without any key: GitHub Actions and HCP Terraform exchange their tokens.

locals {
  # As in the AWS module identity: plan and apply are different identities, and pull requests plan only.
  phases = {
    plan  = { github_environment = "${var.mesh.environment}-plan", pool = local.review_pool }
    apply = { github_environment = var.mesh.environment, pool = local.delivery_pool }
  }

  rehearsal_environment = "${var.mesh.environment}-rehearsal"

  github_condition = "assertion.repository_id == '${var.github.repository_id}' && assertion.repository_owner_id == '${var.github.owner_id}'"

  github_owner = split("/", var.github.repository)[0]
  github_name  = split("/", var.github.repository)[1]

  # Subject of a workflow in an environment, in the old form and in the immutable one.
  github_subjects = {
    for environment in [var.mesh.environment, "${var.mesh.environment}-plan", local.rehearsal_environment] : environment => [
      "repo:${var.github.repository}:environment:${environment}",
      "repo:${local.github_owner}@${var.github.owner_id}/${local.github_name}@${var.github.repository_id}:environment:${environment}",
    ]
  }

  pools         = "projects/${var.mesh.gcp_project_number}/locations/global/workloadIdentityPools"
  delivery_pool = "${local.pools}/${google_iam_workload_identity_pool.delivery.workload_identity_pool_id}"
  review_pool   = "${local.pools}/${google_iam_workload_identity_pool.review.workload_identity_pool_id}"
}

# What was merged gets in here, and HCP Terraform. A grant names pool and subject, so the branch is told by the pool.
resource "google_iam_workload_identity_pool" "delivery" {
  display_name              = "Delivery of ${var.mesh.environment}"
  project                   = var.mesh.gcp_project
  workload_identity_pool_id = "delivery"
}

# Pull requests get in here.
resource "google_iam_workload_identity_pool" "review" {
  display_name              = "Review for ${var.mesh.environment}"
  project                   = var.mesh.gcp_project
  workload_identity_pool_id = "review"
}

# Names can be registered anew by somebody else, numeric ids cannot.
# https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines
resource "google_iam_workload_identity_pool_provider" "github" {
  # checkov:skip=CKV_GCP_125:The condition names numeric ids; each binding below names the whole subject
  attribute_condition                = "${local.github_condition} && assertion.ref == 'refs/heads/main'"
  display_name                       = "GitHub Actions"
  project                            = var.mesh.gcp_project
  workload_identity_pool_id          = google_iam_workload_identity_pool.delivery.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"

  attribute_mapping = {
    "attribute.repository_id" = "assertion.repository_id"
    "google.subject"          = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_iam_workload_identity_pool_provider" "github_review" {
  # checkov:skip=CKV_GCP_125:The condition names numeric ids; each binding below names the whole subject
  attribute_condition                = local.github_condition
  display_name                       = "GitHub Actions, any branch"
  project                            = var.mesh.gcp_project
  workload_identity_pool_id          = google_iam_workload_identity_pool.review.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"

  attribute_mapping = {
    "attribute.repository_id" = "assertion.repository_id"
    "google.subject"          = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

# The subject of a run names workspace and phase; see the bindings below.
# https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/gcp-configuration
resource "google_iam_workload_identity_pool_provider" "hcp_terraform" {
  attribute_condition                = "assertion.terraform_organization_name == '${var.hcp_terraform.organization}' && assertion.terraform_workspace_name == '${var.hcp_terraform.workspace}'"
  display_name                       = "HCP Terraform"
  project                            = var.mesh.gcp_project
  workload_identity_pool_id          = google_iam_workload_identity_pool.delivery.workload_identity_pool_id
  workload_identity_pool_provider_id = "hcp-terraform"

  attribute_mapping = {
    "google.subject" = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://app.terraform.io"
  }
}

# Terraform; delivery.tf says what it may do

resource "google_service_account" "terraform" {
  for_each = local.phases

  account_id   = "terraform-${each.key}"
  description  = "Assumed by GitHub Actions and HCP Terraform to ${each.key} ${var.mesh.environment}"
  display_name = "Terraform ${each.key}"
  project      = var.mesh.gcp_project
}

resource "google_service_account_iam_binding" "terraform" {
  for_each = local.phases

  role               = "roles/iam.workloadIdentityUser"
  service_account_id = google_service_account.terraform[each.key].name

  members = concat(
    [for subject in local.github_subjects[each.value.github_environment] : "principal://iam.googleapis.com/${each.value.pool}/subject/${subject}"],
    ["principal://iam.googleapis.com/${local.delivery_pool}/subject/organization:${var.hcp_terraform.organization}:project:${var.hcp_terraform.project}:workspace:${var.hcp_terraform.workspace}:run_phase:${each.key}"],
  )
}
