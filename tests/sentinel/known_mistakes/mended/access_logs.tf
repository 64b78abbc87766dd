# S3 encrypts the access logs, and the logging service may put them. BigQuery reads through its own network only.

resource "aws_s3_bucket" "landing" {
  bucket = "mesh-dev-us-east-1-labs"
}

resource "aws_s3_bucket_server_side_encryption_configuration" "landing" {
  bucket = aws_s3_bucket.landing.bucket

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      kms_master_key_id = aws_kms_key.landing.arn
      sse_algorithm     = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_logging" "landing" {
  bucket        = aws_s3_bucket.landing.bucket
  target_bucket = aws_s3_bucket.logs.bucket
  target_prefix = "s3-access/"
}

resource "aws_s3_bucket" "logs" {
  bucket = "mesh-dev-us-east-1-logs"
  tags   = { data-classification = "audit" }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  bucket = aws_s3_bucket.logs.bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

data "aws_iam_policy_document" "logs" {
  statement {
    sid       = "AccessLogsDelivered"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::mesh-dev-us-east-1-logs/s3-access/*"]

    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = ["111111111111"]
    }
  }
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.bucket
  policy = data.aws_iam_policy_document.logs.json
}

data "aws_iam_policy_document" "landing" {
  statement {
    sid       = "DenyBigQueryOutsideOmni"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["arn:aws:s3:::mesh-dev-us-east-1-labs", "arn:aws:s3:::mesh-dev-us-east-1-labs/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111111111111:role/mesh-dev-us-east-1-reader"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:SourceVpc"
      values   = ["vpc-0bf63a2e71287dace"]
    }
  }
}

resource "aws_s3_bucket_policy" "landing" {
  bucket = aws_s3_bucket.landing.bucket
  policy = data.aws_iam_policy_document.landing.json
}
