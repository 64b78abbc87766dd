# AWS Config: the rules of AWS's conformance pack for HIPAA that concern what this account holds. A pack is a sample, no
# assurance of compliance.
# https://docs.aws.amazon.com/config/latest/developerguide/operational-best-practices-for-hipaa_security.html

locals {
  # Rules on buckets, keys and topics, in every cell.
  regional_rules = {
    cloud-trail-encryption-enabled          = "CLOUD_TRAIL_ENCRYPTION_ENABLED"
    cloud-trail-log-file-validation-enabled = "CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED"
    cloudtrail-enabled                      = "CLOUD_TRAIL_ENABLED"
    cloudtrail-s3-dataevents-enabled        = "CLOUDTRAIL_S3_DATAEVENTS_ENABLED"
    guardduty-enabled-centralized           = "GUARDDUTY_ENABLED_CENTRALIZED"
    kms-cmk-not-scheduled-for-deletion      = "KMS_CMK_NOT_SCHEDULED_FOR_DELETION"
    s3-bucket-acl-prohibited                = "S3_BUCKET_ACL_PROHIBITED"
    s3-bucket-default-lock-enabled          = "S3_BUCKET_DEFAULT_LOCK_ENABLED"
    s3-bucket-level-public-access           = "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED"
    s3-bucket-logging-enabled               = "S3_BUCKET_LOGGING_ENABLED"
    s3-bucket-public-read-prohibited        = "S3_BUCKET_PUBLIC_READ_PROHIBITED"
    s3-bucket-public-write-prohibited       = "S3_BUCKET_PUBLIC_WRITE_PROHIBITED"
    s3-bucket-replication-enabled           = "S3_BUCKET_REPLICATION_ENABLED"
    s3-bucket-server-side-encryption        = "S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED"
    s3-bucket-ssl-requests-only             = "S3_BUCKET_SSL_REQUESTS_ONLY"
    s3-bucket-versioning-enabled            = "S3_BUCKET_VERSIONING_ENABLED"
    s3-default-encryption-kms               = "S3_DEFAULT_ENCRYPTION_KMS"
    s3-event-notifications-enabled          = "S3_EVENT_NOTIFICATIONS_ENABLED"
    s3-version-lifecycle-policy-check       = "S3_VERSION_LIFECYCLE_POLICY_CHECK"
    sns-encrypted-kms                       = "SNS_ENCRYPTED_KMS"
  }

  # Rules on the account and its identities, once, in the home cell.
  account_rules = {
    access-keys-rotated                       = "ACCESS_KEYS_ROTATED"
    iam-customer-policy-blocked-kms-actions   = "IAM_CUSTOMER_POLICY_BLOCKED_KMS_ACTIONS"
    iam-inline-policy-blocked-kms-actions     = "IAM_INLINE_POLICY_BLOCKED_KMS_ACTIONS"
    iam-no-inline-policy-check                = "IAM_NO_INLINE_POLICY_CHECK"
    iam-password-policy                       = "IAM_PASSWORD_POLICY"
    iam-policy-no-statements-with-admin       = "IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS"
    iam-policy-no-statements-with-full-access = "IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS"
    iam-root-access-key-check                 = "IAM_ROOT_ACCESS_KEY_CHECK"
    iam-user-mfa-enabled                      = "IAM_USER_MFA_ENABLED"
    iam-user-no-policies-check                = "IAM_USER_NO_POLICIES_CHECK"
    iam-user-unused-credentials-check         = "IAM_USER_UNUSED_CREDENTIALS_CHECK"
    mfa-enabled-for-iam-console-access        = "MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS"
    multi-region-cloudtrail-enabled           = "MULTI_REGION_CLOUD_TRAIL_ENABLED"
    root-account-hardware-mfa-enabled         = "ROOT_ACCOUNT_HARDWARE_MFA_ENABLED"
    root-account-mfa-enabled                  = "ROOT_ACCOUNT_MFA_ENABLED"
    s3-account-level-public-access-blocks     = "S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS_PERIODIC"
  }

  rules = merge(local.regional_rules, var.cell.home ? local.account_rules : {})

  # The values of the pack.
  rule_parameters = {
    access-keys-rotated                     = { maxAccessKeyAge = "90" }
    iam-customer-policy-blocked-kms-actions = { blockedActionsPatterns = "kms:*, kms:Decrypt, kms:ReEncrypt*" }
    iam-inline-policy-blocked-kms-actions   = { blockedActionsPatterns = "kms:*, kms:Decrypt, kms:ReEncrypt*" }
    iam-password-policy = {
      MaxPasswordAge             = "90"
      MinimumPasswordLength      = "14"
      PasswordReusePrevention    = "24"
      RequireLowercaseCharacters = "true"
      RequireNumbers             = "true"
      RequireSymbols             = "true"
      RequireUppercaseCharacters = "true"
    }
    iam-user-unused-credentials-check = { maxCredentialUsageAge = "90" }
    s3-account-level-public-access-blocks = {
      BlockPublicAcls       = "true"
      BlockPublicPolicy     = "true"
      IgnorePublicAcls      = "true"
      RestrictPublicBuckets = "true"
    }
  }

  recorded_types = concat(
    ["AWS::CloudTrail::Trail", "AWS::KMS::Key", "AWS::S3::Bucket", "AWS::SNS::Topic"],
    var.cell.home ? ["AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User"] : []
  )
}

# Config delivers to no bucket with a default retention under Object Lock, so it has one of its own.
# https://docs.aws.amazon.com/config/latest/developerguide/manage-delivery-channel.html
module "config_bucket" {
  source = "../private_bucket"

  name           = "${local.name}-config"
  kms_key_arn    = var.audit_key_arn
  log_bucket     = var.log_bucket
  retention_days = var.retention_days
  transitions    = [{ days = 90, storage_class = "GLACIER_IR" }]

  tags = { data-classification = "audit" }
}

data "aws_iam_policy_document" "config_assumes" {
  statement {
    sid     = "ConfigAssumes"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["config.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.mesh.aws_account_id]
    }
  }
}

resource "aws_iam_role" "config" {
  name                 = "${local.name}-config"
  description          = "Assumed by AWS Config to record ${var.cell.region}"
  assume_role_policy   = data.aws_iam_policy_document.config_assumes.json
  permissions_boundary = var.permissions_boundary_arn
}

data "aws_iam_policy_document" "config_delivers" {
  statement {
    sid       = "CheckBucket"
    actions   = ["s3:GetBucketAcl", "s3:ListBucket"]
    resources = [module.config_bucket.arn]
  }

  statement {
    sid       = "DeliverConfiguration"
    actions   = ["s3:PutObject", "s3:PutObjectAcl"]
    resources = ["${module.config_bucket.arn}/AWSLogs/${var.mesh.aws_account_id}/*"]

    condition {
      test     = "StringLike"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }
  }

  statement {
    sid       = "UseAuditKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.audit_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.cell.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_policy" "config_delivers" {
  name        = "${local.name}-config"
  description = "Delivers the configuration of ${var.cell.region}"
  policy      = data.aws_iam_policy_document.config_delivers.json
}

resource "aws_iam_role_policy_attachment" "config_delivers" {
  policy_arn = aws_iam_policy.config_delivers.arn
  role       = aws_iam_role.config.name
}

resource "aws_iam_role_policy_attachment" "config_reads" {
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"
  role       = aws_iam_role.config.name
}

# An account has one recorder per region. Where an organization already records, turn threat_detection off.
resource "aws_config_configuration_recorder" "this" {
  # checkov:skip=CKV2_AWS_48:Records what the mesh is made of; what else the account holds is not its to record
  name     = "default"
  role_arn = aws_iam_role.config.arn

  recording_group {
    all_supported  = false
    resource_types = local.recorded_types
  }
}

resource "aws_config_delivery_channel" "this" {
  name           = "default"
  s3_bucket_name = module.config_bucket.name
  s3_kms_key_arn = var.audit_key_arn

  depends_on = [
    aws_config_configuration_recorder.this,
    aws_iam_role_policy_attachment.config_delivers,
  ]
}

resource "aws_config_configuration_recorder_status" "this" {
  # checkov:skip=CKV2_AWS_45:Records what the mesh is made of, see the recorder
  name       = aws_config_configuration_recorder.this.name
  is_enabled = true

  depends_on = [aws_config_delivery_channel.this]
}

resource "aws_config_config_rule" "hipaa" {
  for_each = local.rules

  name             = "${var.mesh.name}-${each.key}"
  input_parameters = contains(keys(local.rule_parameters), each.key) ? jsonencode(local.rule_parameters[each.key]) : null

  source {
    owner             = "AWS"
    source_identifier = each.value
  }

  depends_on = [aws_config_configuration_recorder.this]
}
