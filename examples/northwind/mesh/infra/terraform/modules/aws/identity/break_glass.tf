# Emergency access to patient data, 45 CFR 164.312(a)(2)(ii): for the named people only, with a fresh second factor, for
# an hour, under their own name. Using it raises an alert (module audit).

# A list of people in a condition, not as principals: IAM would replace a principal by an id that no longer fits once
# the user is made anew.
data "aws_iam_policy_document" "break_glass_assumes" {
  statement {
    sid     = "NamedPeopleAssume"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.mesh.aws_account_id}:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = var.break_glass_principals
    }

    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }

    condition {
      test     = "NumericLessThan"
      variable = "aws:MultiFactorAuthAge"
      values   = ["3600"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:RoleSessionName"
      values   = ["&{aws:username}"]
    }
  }
}

resource "aws_iam_role" "break_glass" {
  name                 = "${local.name}-break-glass"
  description          = "Emergency access to landed data; its use raises an alert"
  assume_role_policy   = data.aws_iam_policy_document.break_glass_assumes.json
  max_session_duration = 3600
  permissions_boundary = aws_iam_policy.boundary.arn
}

data "aws_iam_policy_document" "break_glass" {
  # checkov:skip=CKV_AWS_108:Reading data is what the role is for
  statement {
    sid       = "ListBuckets"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
    resources = ["arn:aws:s3:::${local.name}-*"]
  }

  statement {
    sid       = "ReadObjects"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["arn:aws:s3:::${local.name}-*/*"]
  }

  statement {
    sid       = "DecryptThroughS3"
    actions   = ["kms:Decrypt"]
    resources = ["arn:aws:kms:*:${var.mesh.aws_account_id}:key/*"]

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values   = ["s3.*.amazonaws.com"]
    }
  }
}

resource "aws_iam_policy" "break_glass" {
  name        = "${local.name}-break-glass"
  description = "Reads landed data in an emergency"
  policy      = data.aws_iam_policy_document.break_glass.json
}

resource "aws_iam_role_policy_attachment" "break_glass" {
  policy_arn = aws_iam_policy.break_glass.arn
  role       = aws_iam_role.break_glass.name
}
