locals {
  # The ARN is a string of known parts, so that the connection can name the role and the role the connection's identity
  # in one apply.
  role_name = "${var.mesh.name}-${var.mesh.environment}-${var.cell.region}-bigquery"
  role_arn  = "arn:aws:iam::${var.mesh.aws_account_id}:role/${local.role_name}"

  # A managed policy holds 6,144 characters: the longest bucket names of 20 domains fit, each thrice.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  bucket_groups = { for index, domains in chunklist(sort(keys(var.buckets)), 20) : tostring(index + 1) => [for domain in domains : var.buckets[domain]] }
}

# BigQuery presents a token of the connection's own Google identity. accounts.google.com is built into IAM and needs no
# identity provider in the account.
# https://cloud.google.com/bigquery/docs/omni-aws-create-connection
data "aws_iam_policy_document" "connection_assumes" {
  statement {
    sid     = "ConnectionAssumes"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = ["accounts.google.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "accounts.google.com:sub"
      values   = [var.connection_identity]
    }
  }
}

resource "aws_iam_role" "bigquery" {
  name                 = local.role_name
  description          = "Assumed by the BigQuery connection that reads the landing zone of ${var.cell.region}"
  assume_role_policy   = data.aws_iam_policy_document.connection_assumes.json
  permissions_boundary = var.permissions_boundary_arn

  # A query may run for six hours, and BigQuery may try it twice.
  max_session_duration = 43200
}

data "aws_iam_policy_document" "read" {
  for_each = local.bucket_groups

  statement {
    sid       = "ListLandingBuckets"
    actions   = ["s3:ListBucket"]
    resources = [for bucket in each.value : "arn:aws:s3:::${bucket}"]
  }

  statement {
    sid       = "ReadLandedData"
    actions   = ["s3:GetObject"]
    resources = [for bucket in each.value : "arn:aws:s3:::${bucket}/*"]
  }

  # With a bucket key the encryption context is the bucket's ARN.
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
  statement {
    sid       = "DecryptLandedData"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.cell.region}.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = [for bucket in each.value : "arn:aws:s3:::${bucket}"]
    }
  }
}

resource "aws_iam_policy" "read" {
  for_each = local.bucket_groups

  name        = "${local.role_name}-${each.key}"
  description = "Reads landed data of ${length(each.value)} domains in ${var.cell.region}"
  policy      = data.aws_iam_policy_document.read[each.key].json
}

resource "aws_iam_role_policy_attachment" "read" {
  for_each = local.bucket_groups

  policy_arn = aws_iam_policy.read[each.key].arn
  role       = aws_iam_role.bigquery.name
}
