mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/mesh-dev-plan" }
  }
}

variables {
  break_glass_principals = ["arn:aws:iam::123456789012:user/break-glass-1"]
  github                 = { owner_id = "101", repository = "mesh-health/data-mesh", repository_id = "202" }
  hcp_terraform          = { organization = "mesh", project = "mesh", workspace = "mesh-dev" }
  mesh                   = { aws_account_id = "123456789012", environment = "dev", name = "mesh" }
}

run "trusts_both_forms_of_the_subject" {
  command = plan

  assert {
    condition = one([
      for condition in data.aws_iam_policy_document.github_assumes["apply"].statement[0].condition : toset(condition.values)
      if condition.variable == "token.actions.githubusercontent.com:sub"
    ]) == toset(["repo:mesh-health/data-mesh:environment:dev", "repo:mesh-health@101/data-mesh@202:environment:dev"])
    error_message = "Apply must be bound to the repository's environment, in the old and the immutable form."
  }

  assert {
    condition = one([
      for condition in data.aws_iam_policy_document.hcp_terraform_assumes["plan"].statement[0].condition : toset(condition.values)
      if condition.variable == "app.terraform.io:sub"
    ]) == toset(["organization:mesh:project:mesh:workspace:mesh-dev:run_phase:plan"])
    error_message = "The subject must be named whole."
  }
}

run "keeps_delivery_out_of_data" {
  command = plan

  assert {
    condition     = length(aws_iam_role_policy_attachment.no_data) == 4 && length(aws_iam_role_policy_attachment.apply) == 2
    error_message = "All four roles are kept out of data, two may apply."
  }

  assert {
    condition     = aws_iam_role.break_glass.max_session_duration == 3600
    error_message = "Emergency access ends after an hour."
  }
}

run "refuses_a_wildcard_in_break_glass" {
  command = plan

  variables {
    break_glass_principals = ["arn:aws:iam::123456789012:user/*"]
  }

  expect_failures = [var.break_glass_principals]
}

run "refuses_break_glass_for_nobody" {
  command = plan

  variables {
    break_glass_principals = []
  }

  expect_failures = [var.break_glass_principals]
}

run "refuses_names_for_ids" {
  command = plan

  variables {
    github = { owner_id = "mesh-health", repository = "mesh-health/data-mesh", repository_id = "202" }
  }

  expect_failures = [var.github]
}

run "refuses_a_workspace_that_forges_a_subject" {
  command = plan

  variables {
    hcp_terraform = { organization = "mesh", project = "mesh", workspace = "mesh-dev:run_phase:apply" }
  }

  expect_failures = [var.hcp_terraform]
}
