# What must not go unnoticed: use of the break-glass role, and changes that weaken the audit trail, the keys, the
# buckets or who may assume a role. CloudTrail hands management events to EventBridge in the region of the call; calls to IAM and to the global
# endpoint of STS arrive in us-east-1.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
locals {
  alerts = {
    break-glass = {
      description = "The break-glass role was assumed"
      pattern = {
        detail-type = ["AWS API Call via CloudTrail"]
        detail = {
          eventSource       = ["sts.amazonaws.com"]
          eventName         = ["AssumeRole"]
          requestParameters = { roleArn = [var.break_glass_role_arn] }
        }
      }
    }
    tampering = {
      description = "A safeguard of the audit trail, a key, a bucket or a role was changed"
      pattern = {
        detail-type = ["AWS API Call via CloudTrail"]
        detail = {
          eventSource = ["cloudtrail.amazonaws.com", "iam.amazonaws.com", "kms.amazonaws.com", "s3.amazonaws.com"]
          eventName = [
            "DeleteBucketEncryption",
            "DeleteBucketPolicy",
            "DeleteRolePermissionsBoundary",
            "DeleteTrail",
            "DisableKey",
            "DisableKeyRotation",
            "PutBucketAcl",
            "PutBucketLogging",
            "PutBucketPolicy",
            "PutBucketPublicAccessBlock",
            "PutBucketVersioning",
            "PutEventSelectors",
            "PutKeyPolicy",
            "ScheduleKeyDeletion",
            "StopLogging",
            "UpdateAssumeRolePolicy",
            "UpdateTrail",
          ]
        }
      }
    }
  }
}

resource "aws_sns_topic" "alerts" {
  name              = "${local.name}-alerts"
  kms_master_key_id = var.kms_key_arn
}

data "aws_iam_policy_document" "alerts" {
  statement {
    sid       = "RulesPublish"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = values(aws_cloudwatch_event_rule.alerts)[*].arn
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.alerts.json
}

# Each address must confirm its subscription from the mail that AWS sends.
resource "aws_sns_topic_subscription" "alerts" {
  for_each = var.alert_addresses

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_event_rule" "alerts" {
  for_each = local.alerts

  name          = "${local.name}-${each.key}"
  description   = each.value.description
  event_pattern = jsonencode(each.value.pattern)
}

resource "aws_cloudwatch_event_target" "alerts" {
  for_each = local.alerts

  arn  = aws_sns_topic.alerts.arn
  rule = aws_cloudwatch_event_rule.alerts[each.key].name
}
