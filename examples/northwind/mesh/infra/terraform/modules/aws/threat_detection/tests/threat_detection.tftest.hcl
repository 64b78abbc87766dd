mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/mesh-dev-us-east-1-config" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mesh-dev-us-east-1-config" }
  }
}

variables {
  audit_key_arn            = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  buckets                  = { labs = "mesh-dev-us-east-1-labs", vitals = "mesh-dev-us-east-1-vitals" }
  cell                     = { home = true, region = "us-east-1" }
  landing_key_arn          = "arn:aws:kms:us-east-1:123456789012:key/66666666-7777-8888-9999-000000000000"
  log_bucket               = "mesh-dev-us-east-1-logs"
  mesh                     = { aws_account_id = "123456789012", environment = "dev", name = "mesh" }
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/mesh-dev-boundary"
  retention_days           = 2192
}

run "scans_every_landing_bucket" {
  command = plan

  assert {
    condition     = keys(aws_guardduty_malware_protection_plan.landing) == ["labs", "vitals"]
    error_message = "What lands in any domain must be scanned."
  }

  assert {
    condition     = aws_guardduty_detector.this.enable && aws_guardduty_detector_feature.s3_data_events.status == "ENABLED"
    error_message = "GuardDuty must watch access to S3."
  }
}

run "checks_identities_at_home" {
  command = plan

  assert {
    condition     = aws_config_config_rule.hipaa["root-account-mfa-enabled"].source[0].source_identifier == "ROOT_ACCOUNT_MFA_ENABLED"
    error_message = "Rules on the account stand in the home cell."
  }
}

run "checks_identities_only_at_home" {
  command = plan

  variables {
    cell = { home = false, region = "us-west-2" }
  }

  assert {
    condition     = !contains(keys(aws_config_config_rule.hipaa), "root-account-mfa-enabled") && contains(keys(aws_config_config_rule.hipaa), "s3-bucket-ssl-requests-only")
    error_message = "Other cells check their buckets alone."
  }
}
