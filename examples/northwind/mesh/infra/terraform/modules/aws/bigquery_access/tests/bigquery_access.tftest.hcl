mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/mesh-dev-us-east-1-bigquery-1" }
  }
}

variables {
  buckets                  = { for number in range(21) : format("domain%02d", number) => format("mesh-dev-us-east-1-domain%02d", number) }
  cell                     = { region = "us-east-1" }
  connection_identity      = "108254112233445566778"
  kms_key_arn              = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  mesh                     = { aws_account_id = "123456789012", environment = "dev", name = "mesh" }
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/mesh-dev-boundary"
}

run "trusts_the_connection_alone" {
  command = plan

  assert {
    condition = one([
      for condition in data.aws_iam_policy_document.connection_assumes.statement[0].condition : condition.values
      if condition.variable == "accounts.google.com:sub"
    ]) == tolist(["108254112233445566778"])
    error_message = "The trust must name the connection's identity."
  }

  assert {
    condition     = aws_iam_role.bigquery.max_session_duration == 43200
    error_message = "A query may run for six hours and be tried twice."
  }

  assert {
    condition     = output.role_arn == "arn:aws:iam::123456789012:role/mesh-dev-us-east-1-bigquery"
    error_message = "The ARN must be known before the role is made."
  }
}

run "spreads_buckets_over_policies" {
  command = plan

  assert {
    condition     = length(aws_iam_policy.read) == 2 && length(aws_iam_role_policy_attachment.read) == 2
    error_message = "21 buckets need two policies."
  }

  assert {
    condition = alltrue([
      for document in values(data.aws_iam_policy_document.read) :
      toset(flatten([for statement in document.statement : statement.actions])) == toset(["kms:Decrypt", "s3:GetObject", "s3:ListBucket"])
    ])
    error_message = "The role may list, read and decrypt, and nothing else."
  }
}

run "refuses_an_identity_that_is_no_number" {
  command = plan

  variables {
    connection_identity = "bqcx-123-abc@gcp-sa-bigquery-condel.iam.gserviceaccount.com"
  }

  expect_failures = [var.connection_identity]
}

run "refuses_more_buckets_than_a_role_can_carry" {
  command = plan

  variables {
    buckets = { for number in range(201) : "domain${number}" => "mesh-dev-us-east-1-domain${number}" }
  }

  expect_failures = [var.buckets]
}
