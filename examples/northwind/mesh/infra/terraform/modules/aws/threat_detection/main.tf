locals {
  name = "${var.mesh.name}-${var.mesh.environment}-${var.cell.region}"
}

# GuardDuty: unusual access to the buckets, and malware in what lands

resource "aws_guardduty_detector" "this" {
  # checkov:skip=CKV2_AWS_3:Whether an organization administers GuardDuty is not this account's to say
  enable                       = true
  finding_publishing_frequency = "FIFTEEN_MINUTES"
}

resource "aws_guardduty_detector_feature" "s3_data_events" {
  detector_id = aws_guardduty_detector.this.id
  name        = "S3_DATA_EVENTS"
  status      = "ENABLED"
}

data "aws_iam_policy_document" "malware_scan_assumes" {
  statement {
    sid     = "MalwareProtectionAssumes"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["malware-protection-plan.guardduty.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.mesh.aws_account_id]
    }
  }
}

resource "aws_iam_role" "malware_scan" {
  name                 = "${local.name}-malware-scan"
  description          = "Assumed by GuardDuty to scan what lands in ${var.cell.region}"
  assume_role_policy   = data.aws_iam_policy_document.malware_scan_assumes.json
  permissions_boundary = var.permissions_boundary_arn
}

# https://docs.aws.amazon.com/guardduty/latest/ug/malware-protection-s3-iam-policy-prerequisite.html
data "aws_iam_policy_document" "malware_scan" {
  # checkov:skip=CKV_AWS_108:Reading landed objects is what a scan does
  statement {
    sid     = "ManageItsRule"
    actions = ["events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets"]
    resources = [
      "arn:aws:events:${var.cell.region}:${var.mesh.aws_account_id}:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*",
    ]

    condition {
      test     = "StringEquals"
      variable = "events:ManagedBy"
      values   = ["malware-protection-plan.guardduty.amazonaws.com"]
    }
  }

  statement {
    sid     = "ReadItsRule"
    actions = ["events:DescribeRule", "events:ListTargetsByRule"]
    resources = [
      "arn:aws:events:${var.cell.region}:${var.mesh.aws_account_id}:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*",
    ]
  }

  statement {
    sid       = "CheckBuckets"
    actions   = ["s3:GetBucketNotification", "s3:ListBucket", "s3:PutBucketNotification"]
    resources = ["arn:aws:s3:::${local.name}-*"]
  }

  statement {
    sid       = "PutValidationObject"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::${local.name}-*/malware-protection-resource-validation-object"]
  }

  statement {
    sid = "ScanAndTagObjects"
    actions = [
      "s3:GetObject",
      "s3:GetObjectTagging",
      "s3:GetObjectVersion",
      "s3:GetObjectVersionTagging",
      "s3:PutObjectTagging",
      "s3:PutObjectVersionTagging",
    ]
    resources = ["arn:aws:s3:::${local.name}-*/*"]
  }

  statement {
    sid       = "UseLandingKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.landing_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.cell.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_policy" "malware_scan" {
  name        = "${local.name}-malware-scan"
  description = "Scans and tags what lands in ${var.cell.region}"
  policy      = data.aws_iam_policy_document.malware_scan.json
}

resource "aws_iam_role_policy_attachment" "malware_scan" {
  policy_arn = aws_iam_policy.malware_scan.arn
  role       = aws_iam_role.malware_scan.name
}

resource "aws_guardduty_malware_protection_plan" "landing" {
  for_each = var.buckets

  role = aws_iam_role.malware_scan.arn

  protected_resource {
    s3_bucket {
      bucket_name = each.value
    }
  }

  # Ingestion can refuse what is not tagged NO_THREATS_FOUND.
  actions {
    tagging {
      status = "ENABLED"
    }
  }

  depends_on = [aws_iam_role_policy_attachment.malware_scan]
}

# Macie watches how open the buckets are and samples them for sensitive data. There is no job over the landing zone:
# that it holds patient data is known, and each job is paid by the gigabyte.
resource "aws_macie2_account" "this" {
  finding_publishing_frequency = "FIFTEEN_MINUTES"
  status                       = "ENABLED"
}

# What is shared with anybody outside the account
resource "aws_accessanalyzer_analyzer" "this" {
  analyzer_name = local.name
  type          = "ACCOUNT"
}
