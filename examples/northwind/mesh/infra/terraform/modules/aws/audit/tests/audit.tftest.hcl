mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:mesh-dev-alerts" }
  }
}

variables {
  alert_addresses      = ["privacy-office@mesh.example"]
  break_glass_role_arn = "arn:aws:iam::123456789012:role/mesh-dev-break-glass"
  cell                 = { audited_regions = ["us-east-1", "us-west-2"], home = true, region = "us-east-1" }
  kms_key_arn          = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  mesh                 = { aws_account_id = "123456789012", environment = "dev", name = "mesh" }
  retention_days       = 2192
}

run "records_the_account_at_home" {
  command = plan

  assert {
    condition     = aws_cloudtrail.this.is_multi_region_trail && aws_cloudtrail.this.include_global_service_events
    error_message = "The home trail must span all regions."
  }

  assert {
    condition     = length(aws_cloudtrail.this.advanced_event_selector) == 2
    error_message = "The home trail records management events and data events."
  }

  assert {
    condition     = aws_cloudtrail.this.enable_log_file_validation && aws_cloudtrail.this.kms_key_id == var.kms_key_arn
    error_message = "The trail must be encrypted and verifiable."
  }
}

run "records_data_events_in_other_cells" {
  command = plan

  variables {
    cell = { audited_regions = ["eu-west-1"], home = false, region = "eu-west-1" }
  }

  assert {
    condition     = !aws_cloudtrail.this.is_multi_region_trail && length(aws_cloudtrail.this.advanced_event_selector) == 1
    error_message = "Only the home trail records management events."
  }
}

run "alerts_on_break_glass" {
  command = plan

  assert {
    condition     = strcontains(aws_cloudwatch_event_rule.alerts["break-glass"].event_pattern, var.break_glass_role_arn)
    error_message = "Assuming the break-glass role must raise an alert."
  }

  assert {
    condition     = keys(aws_sns_topic_subscription.alerts) == ["privacy-office@mesh.example"]
    error_message = "Every address must be subscribed."
  }
}
