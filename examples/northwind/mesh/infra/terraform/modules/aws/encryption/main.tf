# A key policy that leaves out the account makes a key that nobody can administer.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
data "aws_iam_policy_document" "account_administers" {
  # checkov:skip=CKV_AWS_109:The account must be able to administer its key, see above
  # checkov:skip=CKV_AWS_111:The account must be able to administer its key, see above
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
}

# Landed data

data "aws_iam_policy_document" "through_s3_only" {
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
      values   = ["s3.${var.cell.region}.amazonaws.com"]
    }
  }
}

# Service-linked roles have policies that nobody can extend, so the key names them.
data "aws_iam_policy_document" "scanners_read" {
  # checkov:skip=CKV_AWS_356:A key policy speaks of the key it is attached to
  dynamic "statement" {
    for_each = length(var.scanner_role_arns) == 0 ? [] : [var.scanner_role_arns]

    content {
      sid       = "ScannersRead"
      actions   = ["kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = statement.value
      }
    }
  }
}

data "aws_iam_policy_document" "landing" {
  source_policy_documents = [
    data.aws_iam_policy_document.account_administers.json,
    data.aws_iam_policy_document.through_s3_only.json,
    data.aws_iam_policy_document.scanners_read.json,
  ]
}

resource "aws_kms_key" "landing" {
  description             = "Landed data of the ${var.mesh.name} mesh, ${var.mesh.environment}"
  deletion_window_in_days = 30
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.landing.json

  # Without its key the landed data is lost.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "landing" {
  name          = "alias/${var.mesh.name}-${var.mesh.environment}-landing"
  target_key_id = aws_kms_key.landing.key_id
}

# Audit trail and alerts

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
data "aws_iam_policy_document" "trail_encrypts" {
  # checkov:skip=CKV_AWS_111:Bound to one trail by its conditions
  # checkov:skip=CKV_AWS_356:A key policy speaks of the key it is attached to
  statement {
    sid       = "TrailEncrypts"
    actions   = ["kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [var.trail_arn]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:cloudtrail:arn"
      values   = ["arn:aws:cloudtrail:*:${var.mesh.aws_account_id}:trail/*"]
    }
  }

  statement {
    sid       = "TrailDescribes"
    actions   = ["kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [var.trail_arn]
    }
  }
}

# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
data "aws_iam_policy_document" "alerts_encrypt" {
  # checkov:skip=CKV_AWS_111:Bound to this account's rules by its condition
  # checkov:skip=CKV_AWS_356:A key policy speaks of the key it is attached to
  statement {
    sid       = "AlertsEncrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.mesh.aws_account_id]
    }
  }
}

data "aws_iam_policy_document" "audit" {
  source_policy_documents = [
    data.aws_iam_policy_document.account_administers.json,
    data.aws_iam_policy_document.trail_encrypts.json,
    data.aws_iam_policy_document.alerts_encrypt.json,
  ]
}

resource "aws_kms_key" "audit" {
  description             = "Audit trail of the ${var.mesh.name} mesh, ${var.mesh.environment}"
  deletion_window_in_days = 30
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.audit.json

  # Without its key the audit trail is lost.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "audit" {
  name          = "alias/${var.mesh.name}-${var.mesh.environment}-audit"
  target_key_id = aws_kms_key.audit.key_id
}
