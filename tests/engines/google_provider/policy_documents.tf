# Compared between the real provider and the served one, and read by the tests: what a policy document can have.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

data "aws_iam_policy_document" "first" {
  policy_id = "first"

  statement {
    sid       = "Read"
    actions   = ["s3:GetObject", "s3:ListBucket", "kms:Decrypt"]
    resources = ["arn:aws:s3:::a/&{aws:username}/*", "arn:aws:s3:::a"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root"]
    }

    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com", "cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalTag/a"
      values   = ["<b&c>", "a", "z"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = ["111111111111"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["true"]
    }
  }

  statement {
    effect      = "Deny"
    not_actions = ["iam:*"]
    resources   = ["*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  statement {
    sid           = "Others"
    actions       = ["*"]
    not_resources = ["arn:aws:s3:::b", "arn:aws:s3:::c"]

    not_principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::222222222222:root", "arn:aws:iam::111111111111:root"]
    }
  }
}

data "aws_iam_policy_document" "second" {
  source_policy_documents = [data.aws_iam_policy_document.first.json, jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Single"
      Effect    = "Allow"
      Action    = ["b:B", "a:A"]
      Resource  = "*"
      Principal = { AWS = ["1", "2"] }
      Condition = { StringLike = { "aws:PrincipalArn" = ["x", "y"], "a:b" = "c" }, Bool = { "d:e" = true } }
    }]
  })]

  override_policy_documents = [jsonencode({
    Version = "2012-10-17"
    Id      = "overridden"
    Statement = [{
      Sid      = "Read"
      Effect   = "Deny"
      Action   = "s3:*"
      Resource = "*"
    }]
  }), ""]

  statement {
    sid       = "Last"
    actions   = ["c:C"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "empty" {}

output "first" {
  value = [for name in ["id", "json", "minified_json", "version"] : data.aws_iam_policy_document.first[name]]
}

output "second" {
  value = [for name in ["id", "json", "minified_json", "version"] : data.aws_iam_policy_document.second[name]]
}

output "empty" {
  value = [for name in ["id", "json", "minified_json", "version"] : data.aws_iam_policy_document.empty[name]]
}
