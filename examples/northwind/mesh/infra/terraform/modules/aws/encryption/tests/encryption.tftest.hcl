mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  cell      = { region = "us-east-1" }
  mesh      = { aws_account_id = "123456789012", environment = "dev", name = "mesh" }
  trail_arn = "arn:aws:cloudtrail:us-east-1:123456789012:trail/mesh-dev-us-east-1"
}

run "rotates_and_waits_before_deletion" {
  command = plan

  assert {
    condition     = aws_kms_key.landing.enable_key_rotation && aws_kms_key.audit.enable_key_rotation
    error_message = "Both keys must rotate."
  }

  assert {
    condition     = aws_kms_key.landing.deletion_window_in_days == 30 && aws_kms_key.audit.deletion_window_in_days == 30
    error_message = "Both keys must wait 30 days before they are deleted."
  }
}

run "cannot_lock_the_account_out" {
  command = plan

  assert {
    condition = (
      data.aws_iam_policy_document.account_administers.statement[0].actions == toset(["kms:*"]) &&
      one(data.aws_iam_policy_document.account_administers.statement[0].principals).identifiers == toset(["arn:aws:iam::123456789012:root"])
    )
    error_message = "The account must keep every right over its keys."
  }
}

run "names_scanners_only_where_there_are_some" {
  command = plan

  assert {
    condition     = length(data.aws_iam_policy_document.scanners_read.statement) == 0
    error_message = "Without scanners nobody else may decrypt."
  }
}

run "lets_scanners_decrypt" {
  command = plan

  variables {
    scanner_role_arns = ["arn:aws:iam::123456789012:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie"]
  }

  assert {
    condition     = data.aws_iam_policy_document.scanners_read.statement[0].actions == toset(["kms:Decrypt"])
    error_message = "Scanners may decrypt and nothing else."
  }
}
