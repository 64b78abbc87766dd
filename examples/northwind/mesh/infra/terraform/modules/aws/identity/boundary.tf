# The most that any role of the mesh can ever do, whatever its policies say: the mesh's own buckets, keys and roles, and
# the services that watch over them. A boundary grants nothing by itself.
data "aws_iam_policy_document" "boundary" {
  # checkov:skip=CKV_AWS_107:A boundary grants nothing
  # checkov:skip=CKV_AWS_108:A boundary grants nothing
  # checkov:skip=CKV_AWS_109:A boundary grants nothing
  # checkov:skip=CKV_AWS_110:A boundary grants nothing
  # checkov:skip=CKV_AWS_111:A boundary grants nothing
  # checkov:skip=CKV_AWS_356:A boundary grants nothing
  statement {
    sid = "MeshServices"
    actions = [
      "access-analyzer:*",
      "cloudtrail:*",
      "config:*",
      "events:*",
      "guardduty:*",
      "iam:Get*",
      "iam:List*",
      "kms:CreateKey",
      "kms:Describe*",
      "kms:Get*",
      "kms:List*",
      "macie2:*",
      "s3:GetAccelerateConfiguration",
      "s3:GetAccountPublicAccessBlock",
      "s3:GetBucket*",
      "s3:GetEncryptionConfiguration",
      "s3:GetLifecycleConfiguration",
      "s3:GetReplicationConfiguration",
      "s3:ListAllMyBuckets",
      "sns:*",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "MeshBuckets"
    actions   = ["s3:*"]
    resources = ["arn:aws:s3:::${local.name}-*"]
  }

  statement {
    sid       = "MeshKeys"
    actions   = ["kms:*"]
    resources = ["arn:aws:kms:*:${var.mesh.aws_account_id}:key/*", "arn:aws:kms:*:${var.mesh.aws_account_id}:alias/${local.name}-*"]
  }

  statement {
    sid     = "MeshRoles"
    actions = ["iam:*Policy*", "iam:*Role*"]
    resources = [
      "${local.role_arn}/${local.name}-*",
      "${local.role_arn}/aws-service-role/*",
      "arn:aws:iam::${var.mesh.aws_account_id}:policy/${local.name}-*",
    ]
  }
}

resource "aws_iam_policy" "boundary" {
  name        = "${local.name}-boundary"
  description = "Permissions boundary of every role of the mesh"
  policy      = data.aws_iam_policy_document.boundary.json
}
