# us-east-1: data lands here, and BigQuery reads it in place from aws-us-east-1, beside us-east4.

locals {
  cell_us_east_1 = {
    audited_regions = ["us-east-1"]
    home            = true
    omni_vpc_id     = "vpc-0bf63a2e71287dace"
    region          = "us-east-1"
  }
}

module "encryption_us_east_1" {
  source = "../../modules/aws/encryption"

  cell      = local.cell_us_east_1
  mesh      = local.mesh
  trail_arn = module.audit_us_east_1.trail_arn

  scanner_role_arns = module.threat_detection_us_east_1.scanner_role_arns

  providers = { aws = aws.us_east_1 }
}

module "audit_us_east_1" {
  source = "../../modules/aws/audit"

  alert_addresses      = var.alert_addresses
  break_glass_role_arn = module.identity.break_glass_role_arn
  cell                 = local.cell_us_east_1
  kms_key_arn          = module.encryption_us_east_1.audit_key_arn
  mesh                 = local.mesh
  object_lock          = var.trail_object_lock
  retention_days       = var.log_retention_days

  providers = { aws = aws.us_east_1 }
}

module "landing_zone_us_east_1" {
  source = "../../modules/aws/landing_zone"

  bigquery_role_arn = module.bigquery_access_us_east_1.role_arn
  cell              = local.cell_us_east_1
  contracts         = module.contracts.domains
  kms_key_arn       = module.encryption_us_east_1.landing_key_arn
  log_bucket        = module.audit_us_east_1.log_bucket
  mesh              = local.mesh
  noncurrent_days   = var.noncurrent_days
  object_lock       = var.landing_object_lock

  providers = { aws = aws.us_east_1 }
}

module "bigquery_access_us_east_1" {
  source = "../../modules/aws/bigquery_access"

  buckets                  = module.landing_zone_us_east_1.buckets
  cell                     = local.cell_us_east_1
  connection_identity      = var.bigquery_connection_identities["us-east-1"]
  kms_key_arn              = module.encryption_us_east_1.landing_key_arn
  mesh                     = local.mesh
  permissions_boundary_arn = module.identity.permissions_boundary_arn

  providers = { aws = aws.us_east_1 }
}

module "threat_detection_us_east_1" {
  source = "../../modules/aws/threat_detection"

  audit_key_arn            = module.encryption_us_east_1.audit_key_arn
  buckets                  = module.landing_zone_us_east_1.buckets
  cell                     = local.cell_us_east_1
  landing_key_arn          = module.encryption_us_east_1.landing_key_arn
  log_bucket               = module.audit_us_east_1.log_bucket
  mesh                     = local.mesh
  permissions_boundary_arn = module.identity.permissions_boundary_arn
  retention_days           = var.log_retention_days

  providers = { aws = aws.us_east_1 }
}
