locals {
  name     = "${var.mesh.name}-${var.mesh.environment}"
  replicas = { for domain in keys(var.buckets) : domain => "${local.name}-${var.cell.replica_region}-${domain}-replica" }

  # By name, so that a new domain changes neither the role nor the log bucket.
  source_arns  = "arn:aws:s3:::${local.name}-${var.cell.region}-*"
  replica_arns = "arn:aws:s3:::${local.name}-${var.cell.replica_region}-*-replica"
}

# The replicas

data "aws_iam_policy_document" "replica_key" {
  # checkov:skip=CKV_AWS_109:The account must be able to administer its key
  # checkov:skip=CKV_AWS_111:The account must be able to administer its key
  # checkov:skip=CKV_AWS_356:A key policy speaks of the key it is attached to
  statement {
    sid       = "AccountAdministers"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.mesh.aws_account_id}:root"]
    }
  }

  statement {
    sid    = "DenyUseOutsideS3"
    effect = "Deny"
    actions = [
      "kms:Decrypt",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.cell.replica_region}.amazonaws.com"]
    }
  }
}

resource "aws_kms_key" "replica" {
  provider = aws.replica

  description             = "Replicas of the ${var.mesh.name} mesh, ${var.mesh.environment}, from ${var.cell.region}"
  deletion_window_in_days = 30
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.replica_key.json

  # Without its key the replica is lost.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "replica" {
  provider = aws.replica

  name          = "alias/${local.name}-${var.cell.region}-replica"
  target_key_id = aws_kms_key.replica.key_id
}

data "aws_iam_policy_document" "logs_delivered" {
  statement {
    sid       = "AccessLogsDelivered"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::${local.name}-${var.cell.replica_region}-replica-logs/s3-access/*"]

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
      values   = [local.replica_arns]
    }
  }
}

# Access logs stay in the region of their bucket.
module "log_bucket" {
  source = "../private_bucket"

  name             = "${local.name}-${var.cell.replica_region}-replica-logs"
  policy_documents = [data.aws_iam_policy_document.logs_delivered.json]
  retention_days   = var.log_retention_days
  sse_algorithm    = "AES256"
  transitions      = [{ days = 90, storage_class = "GLACIER_IR" }]

  tags = { data-classification = "audit" }

  providers = { aws = aws.replica }
}

module "bucket" {
  source   = "../private_bucket"
  for_each = local.replicas

  name           = each.value
  kms_key_arn    = aws_kms_key.replica.arn
  log_bucket     = module.log_bucket.name
  retention_days = var.contracts[each.key].retention_days

  tags = {
    data-classification = var.contracts[each.key].classification
    domain              = each.key
    owner               = var.contracts[each.key].owner
  }

  providers = { aws = aws.replica }
}

# The role that replicates

data "aws_iam_policy_document" "s3_assumes" {
  statement {
    sid     = "S3Assumes"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.mesh.aws_account_id]
    }
  }
}

resource "aws_iam_role" "replication" {
  name                 = "${local.name}-${var.cell.region}-replication"
  description          = "Assumed by S3 to replicate ${var.cell.region} to ${var.cell.replica_region}"
  assume_role_policy   = data.aws_iam_policy_document.s3_assumes.json
  permissions_boundary = var.permissions_boundary_arn
}

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
data "aws_iam_policy_document" "replicate" {
  # checkov:skip=CKV_AWS_108:Reading objects is what replication does
  statement {
    sid       = "ReadConfiguration"
    actions   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
    resources = [local.source_arns]
  }

  statement {
    sid = "ReadVersions"
    actions = [
      "s3:GetObjectVersionAcl",
      "s3:GetObjectVersionForReplication",
      "s3:GetObjectVersionTagging",
    ]
    resources = ["${local.source_arns}/*"]
  }

  statement {
    sid       = "WriteReplicas"
    actions   = ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]
    resources = ["${local.replica_arns}/*"]
  }

  # With bucket keys the encryption context is the bucket's ARN.
  statement {
    sid       = "DecryptLandedData"
    actions   = ["kms:Decrypt"]
    resources = [var.landing_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.cell.region}.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = [local.source_arns]
    }
  }

  statement {
    sid       = "EncryptReplicas"
    actions   = ["kms:Encrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.replica.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.cell.replica_region}.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = [local.replica_arns]
    }
  }
}

resource "aws_iam_policy" "replicate" {
  name        = "${local.name}-${var.cell.region}-replication"
  description = "Replicates ${var.cell.region} to ${var.cell.replica_region}"
  policy      = data.aws_iam_policy_document.replicate.json
}

resource "aws_iam_role_policy_attachment" "replicate" {
  policy_arn = aws_iam_policy.replicate.arn
  role       = aws_iam_role.replication.name
}

resource "aws_s3_bucket_replication_configuration" "landing" {
  for_each = var.buckets

  bucket = each.value
  role   = aws_iam_role.replication.arn

  rule {
    id     = "everything"
    status = "Enabled"

    filter {}

    delete_marker_replication {
      status = "Enabled"
    }

    destination {
      bucket = module.bucket[each.key].arn

      encryption_configuration {
        replica_kms_key_id = aws_kms_key.replica.arn
      }
    }

    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }
  }

  depends_on = [aws_iam_role_policy_attachment.replicate, module.bucket]
}
