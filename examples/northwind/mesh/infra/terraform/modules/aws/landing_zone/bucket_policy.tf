# One document per rule; the bucket adds the rules on TLS that every bucket has. No statement allows anything: who may
# read or write is said by the policies of roles in this account.

# A request that names no encryption gets the bucket's default, which is the landing key. One that names an encryption
# must name this key: aws:kms without a key means the AWS managed one.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html
data "aws_iam_policy_document" "landing_key_only" {
  for_each = local.buckets

  statement {
    sid       = "DenyOtherEncryption"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::${each.value}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["false"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["aws:kms"]
    }
  }

  statement {
    sid       = "DenyOtherKey"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::${each.value}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["false"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = [var.kms_key_arn]
    }
  }
}

# SSE-C: the sender would hold the only key.
data "aws_iam_policy_document" "no_customer_keys" {
  for_each = local.buckets

  statement {
    sid       = "DenyCustomerProvidedKeys"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::${each.value}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption-customer-algorithm"
      values   = ["false"]
    }
  }
}

# The VPC is Google's and shared by all customers of BigQuery Omni in the region. So it is no ground to allow anything,
# only to deny this mesh's role from anywhere else. The role is matched by its ARN in a condition: a role named as the
# principal would be replaced by an id that no longer fits once the role is made anew.
# https://cloud.google.com/bigquery/docs/omni-aws-create-external-table
data "aws_iam_policy_document" "bigquery_through_omni_only" {
  for_each = local.buckets

  statement {
    sid       = "DenyBigQueryOutsideOmni"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["arn:aws:s3:::${each.value}", "arn:aws:s3:::${each.value}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [var.bigquery_role_arn]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:SourceVpc"
      values   = [var.cell.omni_vpc_id]
    }
  }
}
