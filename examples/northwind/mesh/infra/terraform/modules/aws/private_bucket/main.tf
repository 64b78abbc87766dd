resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV2_AWS_62:Module landing_zone adds notifications; nothing waits for a log
  # checkov:skip=CKV_AWS_144:Module replication adds it, where the mesh replicates
  # checkov:skip=CKV_AWS_145:Encrypted with a key unless a service delivers here that cannot use one
  bucket = var.name
  tags   = var.tags

  # A bucket outlives a slip of the pen: dropping a domain makes the plan fail instead of deleting patient data.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.bucket

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.bucket

  rule {
    bucket_key_enabled = var.sse_algorithm == "aws:kms"

    apply_server_side_encryption_by_default {
      kms_master_key_id = var.kms_key_arn
      sse_algorithm     = var.sse_algorithm
    }
  }
}

resource "aws_s3_bucket_logging" "this" {
  for_each = toset(var.log_bucket == null ? [] : [var.log_bucket])

  bucket        = aws_s3_bucket.this.bucket
  target_bucket = each.value
  target_prefix = "s3-access/${var.name}/"
}

resource "aws_s3_bucket_object_lock_configuration" "this" {
  for_each = var.object_lock == null ? {} : { default = var.object_lock }

  bucket = aws_s3_bucket.this.bucket

  rule {
    default_retention {
      mode = each.value.mode
      days = each.value.days
    }
  }

  # S3 locks objects of versioned buckets only.
  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.bucket

  rule {
    id     = "retention"
    status = "Enabled"

    filter {}

    dynamic "transition" {
      for_each = var.transitions

      content {
        days          = transition.value.days
        storage_class = transition.value.storage_class
      }
    }

    expiration {
      days = var.retention_days
    }

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # S3 removes the markers that expiration leaves behind only in a rule without a number of days.
  rule {
    id     = "delete-markers"
    status = "Enabled"

    filter {}

    expiration {
      expired_object_delete_marker = true
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "DenyPlainHttp"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

data "aws_iam_policy_document" "tls_1_2" {
  statement {
    sid       = "DenyTlsBelow12"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "NumericLessThan"
      variable = "s3:TlsVersion"
      values   = ["1.2"]
    }
  }
}

data "aws_iam_policy_document" "this" {
  source_policy_documents = concat(
    [
      data.aws_iam_policy_document.tls_only.json,
      data.aws_iam_policy_document.tls_1_2.json,
    ],
    var.policy_documents
  )
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.bucket
  policy = data.aws_iam_policy_document.this.json

  # S3 refuses two changes of a bucket's access at the same time.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
