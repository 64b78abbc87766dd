# us-east-1: data lands here, and BigQuery reads it in place from aws-us-east-1, beside us-east4.

locals {
  cell_us_east_1 = {
    audited_regions = ["us-east-1"]
    bigquery_region = "us-east4"
    home            = true
    omni_location   = "aws-us-east-1"
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
  connection_identity      = module.biglake_us_east_1.identity
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

module "keys_us_east_1" {
  source = "../../modules/gcp/encryption"

  cell   = local.cell_us_east_1
  labels = local.labels
  mesh   = local.mesh

  agents = {
    audit     = { logging = data.google_logging_project_cmek_settings.this.service_account_id }
    composer  = local.composer_agents
    warehouse = { bigquery = data.google_bigquery_default_service_account.this.email }
  }

  depends_on = [module.project]
}

module "warehouse_us_east_1" {
  source = "../../modules/gcp/warehouse"

  cell                         = local.cell_us_east_1
  contracts                    = module.contracts.domains
  dbt_service_account          = module.delivery.dbt_service_account
  kms_key_id                   = module.keys_us_east_1.key_ids["warehouse"]
  labels                       = local.labels
  mart_readers                 = var.mart_readers
  mesh                         = local.mesh
  registration_service_account = module.delivery.registration_service_account

  depends_on = [module.project]
}

module "biglake_us_east_1" {
  source = "../../modules/gcp/biglake"

  bigquery_role_arn            = module.bigquery_access_us_east_1.role_arn
  cell                         = local.cell_us_east_1
  delegate_role                = module.delivery.connection_delegate_role
  mesh                         = local.mesh
  omni_slots                   = var.omni_slots
  ready_role_arn               = module.bigquery_access_us_east_1.ready_role_arn
  registration_service_account = module.delivery.registration_service_account
  users                        = { dbt = module.delivery.dbt_service_account }

  depends_on = [module.project]
}

# One taxonomy where the data is landed, one where it is curated.
module "classification_us_east_1" {
  source   = "../../modules/governance/classification"
  for_each = { landing = "aws-us-east-1", curated = "us-east4" }

  clear_readers       = module.contracts.clear_readers
  dbt_service_account = module.delivery.dbt_service_account
  location            = each.value
  masked_readers      = module.contracts.masked_readers
  mesh                = local.mesh
  policy_tags         = module.contracts.policy_tags

  depends_on = [module.project]
}
