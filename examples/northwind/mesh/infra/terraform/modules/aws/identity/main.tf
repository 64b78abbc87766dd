# Who may change this environment, without any stored key: GitHub Actions and HCP Terraform prove themselves with
# tokens, and plan and apply are different roles. delivery.tf says what the roles may do.

locals {
  name     = "${var.mesh.name}-${var.mesh.environment}"
  role_arn = "arn:aws:iam::${var.mesh.aws_account_id}:role"

  # Neither may plan and apply each other's work, nor may pull requests apply: the plan runs in an environment of GitHub
  # of its own.
  phases = {
    plan  = { github_environment = "${var.mesh.environment}-plan" }
    apply = { github_environment = var.mesh.environment }
  }

  github_owner = split("/", var.github.repository)[0]
  github_name  = split("/", var.github.repository)[1]
}

# GitHub Actions

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

# Names can be registered anew by somebody else, numeric ids cannot. Repositories made, renamed or transferred since
# July 2026 carry the ids in their subject as well; older ones do not unless they opted in.
# https://docs.github.com/en/actions/reference/security/oidc
data "aws_iam_policy_document" "github_assumes" {
  for_each = local.phases

  statement {
    sid     = "GitHubAssumes"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:repository_id"
      values   = [var.github.repository_id]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:repository_owner_id"
      values   = [var.github.owner_id]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values = [
        "repo:${var.github.repository}:environment:${each.value.github_environment}",
        "repo:${local.github_owner}@${var.github.owner_id}/${local.github_name}@${var.github.repository_id}:environment:${each.value.github_environment}",
      ]
    }

    # Only what was merged is applied.
    dynamic "condition" {
      for_each = each.key == "apply" ? ["refs/heads/main"] : []

      content {
        test     = "StringEquals"
        variable = "token.actions.githubusercontent.com:ref"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "github" {
  for_each = local.phases

  name                 = "${local.name}-github-${each.key}"
  description          = "Assumed by GitHub Actions of ${var.github.repository} to ${each.key} ${var.mesh.environment}"
  assume_role_policy   = data.aws_iam_policy_document.github_assumes[each.key].json
  permissions_boundary = aws_iam_policy.boundary.arn
}

# HCP Terraform

resource "aws_iam_openid_connect_provider" "hcp_terraform" {
  url            = "https://app.terraform.io"
  client_id_list = ["aws.workload.identity"]
}

# The whole subject, not its beginning: "workspace:mesh-dev" also begins "workspace:mesh-dev-copy".
# https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/aws-configuration
data "aws_iam_policy_document" "hcp_terraform_assumes" {
  for_each = local.phases

  statement {
    sid     = "HcpTerraformAssumes"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.hcp_terraform.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "app.terraform.io:aud"
      values   = ["aws.workload.identity"]
    }

    condition {
      test     = "StringEquals"
      variable = "app.terraform.io:sub"
      values = [
        "organization:${var.hcp_terraform.organization}:project:${var.hcp_terraform.project}:workspace:${var.hcp_terraform.workspace}:run_phase:${each.key}",
      ]
    }
  }
}

resource "aws_iam_role" "hcp_terraform" {
  for_each = local.phases

  name                 = "${local.name}-hcp-${each.key}"
  description          = "Assumed by the HCP Terraform workspace ${var.hcp_terraform.workspace} to ${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.hcp_terraform_assumes[each.key].json
  permissions_boundary = aws_iam_policy.boundary.arn
}
