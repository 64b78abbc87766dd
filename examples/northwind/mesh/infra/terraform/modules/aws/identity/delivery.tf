# What plan and apply may do. Both are kept out of the data: whoever can open a pull request can run a plan.

locals {
  delivery_roles = {
    for pair in setproduct(["github", "hcp"], keys(local.phases)) : join("-", pair) => {
      phase = pair[1]
      role  = pair[0] == "github" ? aws_iam_role.github[pair[1]].name : aws_iam_role.hcp_terraform[pair[1]].name
    }
  }
}

data "aws_iam_policy_document" "no_data" {
  statement {
    sid    = "DenyPatientData"
    effect = "Deny"
    actions = [
      "kms:Decrypt",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
      "s3:DeleteObject*",
      "s3:GetObject",
      "s3:GetObjectTorrent",
      "s3:GetObjectVersion",
      "s3:GetObjectVersionTorrent",
      "s3:PutObject",
      "s3:ReplicateObject",
      "s3:RestoreObject",
    ]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "plan" {
  # checkov:skip=CKV_AWS_356:Reading configuration, of services whose list and describe calls know no resource
  statement {
    sid = "ReadConfiguration"
    actions = [
      "access-analyzer:Get*",
      "access-analyzer:List*",
      "cloudtrail:Describe*",
      "cloudtrail:Get*",
      "cloudtrail:List*",
      "config:Describe*",
      "config:Get*",
      "config:List*",
      "events:Describe*",
      "events:List*",
      "guardduty:Get*",
      "guardduty:List*",
      "iam:Get*",
      "iam:List*",
      "kms:Describe*",
      "kms:Get*",
      "kms:List*",
      "macie2:Get*",
      "macie2:List*",
      "s3:GetAccelerateConfiguration",
      "s3:GetBucket*",
      "s3:GetEncryptionConfiguration",
      "s3:GetLifecycleConfiguration",
      "s3:GetReplicationConfiguration",
      "sns:Get*",
      "sns:List*",
    ]
    resources = ["*"]
  }

  # HeadBucket, by which Terraform learns that a bucket is there, asks for the right to list.
  statement {
    sid       = "HeadBuckets"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::${local.name}-*"]
  }
}

data "aws_iam_policy_document" "apply" {
  # checkov:skip=CKV_AWS_109:Roles can be made within the permissions boundary only, and not the delivery's own
  # checkov:skip=CKV_AWS_111:The services that stand without resource are account-wide settings
  # checkov:skip=CKV_AWS_356:The services that stand without resource are account-wide settings
  statement {
    sid = "ManageBuckets"
    actions = [
      "s3:CreateBucket",
      "s3:DeleteBucket",
      "s3:DeleteBucketPolicy",
      "s3:PutBucket*",
      "s3:PutEncryptionConfiguration",
      "s3:PutLifecycleConfiguration",
      "s3:PutReplicationConfiguration",
      "s3:TagResource",
      "s3:UntagResource",
    ]
    resources = ["arn:aws:s3:::${local.name}-*"]
  }

  statement {
    sid       = "CreateKeys"
    actions   = ["kms:CreateKey"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/mesh"
      values   = [var.mesh.name]
    }
  }

  statement {
    sid = "ManageKeys"
    actions = [
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:EnableKeyRotation",
      "kms:PutKeyPolicy",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
    ]
    resources = ["arn:aws:kms:*:${var.mesh.aws_account_id}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/mesh"
      values   = [var.mesh.name]
    }
  }

  statement {
    sid = "ManageAliases"
    actions = [
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:UpdateAlias",
    ]
    resources = ["arn:aws:kms:*:${var.mesh.aws_account_id}:alias/${local.name}-*"]
  }

  # A role that is made or extended must carry the boundary.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
  statement {
    sid = "ExtendRoles"
    actions = [
      "iam:AttachRolePolicy",
      "iam:CreateRole",
      "iam:DetachRolePolicy",
      "iam:PutRolePermissionsBoundary",
    ]
    resources = ["${local.role_arn}/${local.name}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [aws_iam_policy.boundary.arn]
    }
  }

  statement {
    sid = "ManageRoles"
    actions = [
      "iam:CreatePolicy",
      "iam:CreatePolicyVersion",
      "iam:DeletePolicy",
      "iam:DeletePolicyVersion",
      "iam:DeleteRole",
      "iam:TagPolicy",
      "iam:TagRole",
      "iam:UntagPolicy",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ]
    resources = [
      "${local.role_arn}/${local.name}-*",
      "arn:aws:iam::${var.mesh.aws_account_id}:policy/${local.name}-*",
    ]
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = ["${local.role_arn}/${local.name}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values = [
        "config.amazonaws.com",
        "malware-protection-plan.guardduty.amazonaws.com",
        "s3.amazonaws.com",
      ]
    }
  }

  statement {
    sid       = "CreateServiceLinkedRoles"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["${local.role_arn}/aws-service-role/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values = [
        "access-analyzer.amazonaws.com",
        "guardduty.amazonaws.com",
        "macie.amazonaws.com",
      ]
    }
  }

  statement {
    sid = "ManageAudit"
    actions = [
      "cloudtrail:AddTags",
      "cloudtrail:CreateTrail",
      "cloudtrail:PutEventSelectors",
      "cloudtrail:RemoveTags",
      "cloudtrail:StartLogging",
      "cloudtrail:UpdateTrail",
      "events:DeleteRule",
      "events:PutRule",
      "events:PutTargets",
      "events:RemoveTargets",
      "events:TagResource",
      "events:UntagResource",
      "sns:CreateTopic",
      "sns:SetTopicAttributes",
      "sns:Subscribe",
      "sns:TagResource",
      "sns:UntagResource",
    ]
    resources = [
      "arn:aws:cloudtrail:*:${var.mesh.aws_account_id}:trail/${local.name}-*",
      "arn:aws:events:*:${var.mesh.aws_account_id}:rule/${local.name}-*",
      "arn:aws:sns:*:${var.mesh.aws_account_id}:${local.name}-*",
    ]
  }

  statement {
    sid = "ManageThreatDetection"
    actions = [
      "access-analyzer:CreateAnalyzer",
      "access-analyzer:TagResource",
      "config:Put*",
      "config:StartConfigurationRecorder",
      "config:TagResource",
      "guardduty:Create*",
      "guardduty:TagResource",
      "guardduty:Update*",
      "macie2:EnableMacie",
      "macie2:UpdateMacieSession",
    ]
    resources = ["*"]
  }
}

# Delivery cannot change who delivers, nor the boundary, nor who may break the glass: administrators apply that.
data "aws_iam_policy_document" "own_identity" {
  statement {
    sid    = "DenyOwnIdentity"
    effect = "Deny"
    actions = [
      "iam:AttachRolePolicy",
      "iam:CreatePolicyVersion",
      "iam:DeletePolicy",
      "iam:DeletePolicyVersion",
      "iam:DeleteRole",
      "iam:DeleteRolePermissionsBoundary",
      "iam:DetachRolePolicy",
      "iam:PutRolePermissionsBoundary",
      "iam:PutRolePolicy",
      "iam:SetDefaultPolicyVersion",
      "iam:UpdateAssumeRolePolicy",
    ]
    resources = concat(
      [for role in ["break-glass", "github-*", "hcp-*"] : "${local.role_arn}/${local.name}-${role}"],
      [for policy in ["apply", "boundary", "break-glass", "no-data", "plan"] : "arn:aws:iam::${var.mesh.aws_account_id}:policy/${local.name}-${policy}"],
    )
  }
}

data "aws_iam_policy_document" "apply_all" {
  source_policy_documents = [
    data.aws_iam_policy_document.apply.json,
    data.aws_iam_policy_document.own_identity.json,
  ]
}

resource "aws_iam_policy" "no_data" {
  name        = "${local.name}-no-data"
  description = "Keeps delivery out of the data"
  policy      = data.aws_iam_policy_document.no_data.json
}

resource "aws_iam_policy" "plan" {
  name        = "${local.name}-plan"
  description = "Reads the configuration of ${var.mesh.environment}"
  policy      = data.aws_iam_policy_document.plan.json
}

resource "aws_iam_policy" "apply" {
  name        = "${local.name}-apply"
  description = "Changes the configuration of ${var.mesh.environment}"
  policy      = data.aws_iam_policy_document.apply_all.json
}

resource "aws_iam_role_policy_attachment" "no_data" {
  for_each = local.delivery_roles

  policy_arn = aws_iam_policy.no_data.arn
  role       = each.value.role
}

resource "aws_iam_role_policy_attachment" "plan" {
  for_each = local.delivery_roles

  policy_arn = aws_iam_policy.plan.arn
  role       = each.value.role
}

resource "aws_iam_role_policy_attachment" "apply" {
  for_each = { for name, delivery in local.delivery_roles : name => delivery if delivery.phase == "apply" }

  policy_arn = aws_iam_policy.apply.arn
  role       = each.value.role
}
