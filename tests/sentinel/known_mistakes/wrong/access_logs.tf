# Access logs are to go to a bucket that S3 cannot deliver them to: by default it encrypts with a key, and its policy does
# not let the logging service in.

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
      kms_master_key_id = aws_kms_key.landing.arn
      sse_algorithm     = "aws:kms"
    }
  }
}
