locals {
  name       = "${var.mesh.name}-${var.mesh.environment}"
  trail_name = "${local.name}-${var.cell.region}"
  trail_arn  = "arn:aws:cloudtrail:${var.cell.region}:${var.mesh.aws_account_id}:trail/${local.trail_name}"

  log_bucket   = "${local.name}-${var.cell.region}-logs"
  trail_bucket = "${local.name}-${var.cell.region}-audit"
}

# Server access logs of the cell's buckets

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
data "aws_iam_policy_document" "logs_delivered" {
  statement {
    sid       = "AccessLogsDelivered"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::${local.log_bucket}/s3-access/*"]

    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.mesh.aws_account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:aws:s3:::${local.name}-${var.cell.region}-*"]
    }
  }
}

# S3 delivers access logs neither to a bucket with a key of one's own nor to one with a default retention under Object
# Lock, so this bucket has neither.
module "log_bucket" {
  source = "../private_bucket"

  name             = local.log_bucket
  policy_documents = [data.aws_iam_policy_document.logs_delivered.json]
  retention_days   = var.retention_days
  sse_algorithm    = "AES256"
  transitions      = [{ days = 90, storage_class = "GLACIER_IR" }]

  tags = { data-classification = "audit" }
}

# Trail

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
data "aws_iam_policy_document" "trail_delivered" {
  statement {
    sid       = "TrailChecksBucket"
    actions   = ["s3:GetBucketAcl"]
    resources = ["arn:aws:s3:::${local.trail_bucket}"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }

  statement {
    sid       = "TrailDelivered"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::${local.trail_bucket}/AWSLogs/${var.mesh.aws_account_id}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }
  }
}

module "trail_bucket" {
  source = "../private_bucket"

  name             = local.trail_bucket
  kms_key_arn      = var.kms_key_arn
  log_bucket       = module.log_bucket.name
  object_lock      = var.object_lock
  policy_documents = [data.aws_iam_policy_document.trail_delivered.json]
  retention_days   = var.retention_days
  transitions      = [{ days = 90, storage_class = "GLACIER_IR" }]

  tags = { data-classification = "audit" }
}

# The home cell's trail records the account's management events in every region; each cell's trail records who read and
# wrote the data that lies in it, so that the record stays where the data is.
resource "aws_cloudtrail" "this" {
  # checkov:skip=CKV2_AWS_10:Alerts come from EventBridge, which sees the same management events without a second copy of the trail
  # checkov:skip=CKV_AWS_67:Only the home cell's trail spans all regions, so that no management event is recorded twice
  # checkov:skip=CKV_AWS_252:CloudTrail's own topic announces each delivered file; alerts.tf announces what matters
  name                          = local.trail_name
  enable_log_file_validation    = true
  include_global_service_events = var.cell.home
  is_multi_region_trail         = var.cell.home
  kms_key_id                    = var.kms_key_arn
  s3_bucket_name                = module.trail_bucket.name

  dynamic "advanced_event_selector" {
    for_each = var.cell.home ? ["management"] : []

    content {
      name = "Management events"

      field_selector {
        field  = "eventCategory"
        equals = ["Management"]
      }
    }
  }

  # The buckets that the records themselves go to would feed the trail with its own deliveries.
  advanced_event_selector {
    name = "Reads and writes of landed data"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }

    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }

    field_selector {
      field       = "resources.ARN"
      starts_with = [for region in var.cell.audited_regions : "arn:aws:s3:::${local.name}-${region}-"]
      not_starts_with = flatten([
        for region in var.cell.audited_regions : [
          for use in ["audit", "config", "logs"] : "arn:aws:s3:::${local.name}-${region}-${use}/"
        ]
      ])
    }
  }
}
