# The environment prod of the Northwind Health clinical data mesh: what exists once. What exists once per region stands
# in the cell files.

locals {
  mesh = {
    aws_account_id     = var.aws_account_id
    environment        = "prod"
    gcp_project        = var.gcp_project
    gcp_project_number = data.google_project.this.number
    name               = "northwind"
  }

  hcp_terraform = {
    organization = "northwind"
    project      = "northwind"
    workspace    = "northwind-prod"
  }

  # Labels of Google Cloud: lower case, no dots.
  labels = {
    cost-center = lower(replace(var.cost_center, "/[^A-Za-z0-9_-]/", "-"))
    environment = "prod"
    managed-by  = "terraform"
    mesh        = "northwind"
  }

  # Composer's environment, its buckets and its packages are encrypted by three services.
  # https://cloud.google.com/composer/docs/composer-3/configure-cmek-encryption
  composer_agents = {
    artifact_registry = "service-${data.google_project.this.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    composer          = "service-${data.google_project.this.number}@cloudcomposer-accounts.iam.gserviceaccount.com"
    storage           = data.google_storage_project_service_account.this.email_address
  }

  # What the DAGs read as Airflow variables. Those of another region than the home region end in its name.
  airflow_variables = merge(
    {
      BQ_AWS_CONNECTION             = module.biglake_us_east_1.connection_id
      DBT_SERVICE_ACCOUNT           = module.delivery.dbt_service_account
      ENV                           = "prod"
      GCP_PROJECT_ID                = var.gcp_project
      LANDING_MAX_STALENESS_MINUTES = tostring(var.landing_max_staleness_minutes)
      LANDING_POLICY_TAG_IDS        = jsonencode(module.classification_us_east_1["landing"].policy_tag_ids)
      POLICY_TAG_IDS                = jsonencode(module.classification_us_east_1["curated"].policy_tag_ids)
      REGISTRATION_SERVICE_ACCOUNT  = module.delivery.registration_service_account
    },
    { for domain, uri in module.landing_zone_us_east_1.uris : "S3_URI_${upper(domain)}" => uri },
  )
}

# Service agents bear the number of the project.
data "google_project" "this" {
  project_id = var.gcp_project
}

module "contracts" {
  source = "../../modules/contracts"

  folder = "${path.root}/../../../../contracts"
}

module "project" {
  source = "../../modules/gcp/project"

  enforced_policies = var.enforced_policies
  mesh              = local.mesh
}

# Asking for them makes them: the service agents that BigQuery, Cloud Logging and Cloud Storage encrypt with.
data "google_bigquery_default_service_account" "this" {
  project = var.gcp_project

  depends_on = [module.project]
}

data "google_logging_project_cmek_settings" "this" {
  project = var.gcp_project

  depends_on = [module.project]
}

data "google_storage_project_service_account" "this" {
  project = var.gcp_project

  depends_on = [module.project]
}

module "delivery" {
  source = "../../modules/gcp/identity"

  github         = var.github
  hcp_terraform  = local.hcp_terraform
  mesh           = local.mesh
  metadata_cache = var.landing_max_staleness_minutes > 0
  rehearsals     = var.rehearsals

  depends_on = [module.project]
}

module "catalog" {
  source = "../../modules/governance/catalog"

  contracts = module.contracts.domains
  labels    = local.labels
  mesh      = local.mesh

  depends_on = [module.project]
}

module "identity" {
  source = "../../modules/aws/identity"

  break_glass_principals = var.break_glass_principals
  github                 = var.github
  hcp_terraform          = local.hcp_terraform
  mesh                   = local.mesh

  providers = { aws = aws.us_east_1 }
}

# The audit logs of Google Cloud; those of AWS are kept in each region.
module "audit_logs" {
  source = "../../modules/gcp/audit"

  alert_addresses = var.alert_addresses
  cell            = local.cell_us_east_1
  kms_key_id      = module.keys_us_east_1.key_ids["audit"]
  labels          = local.labels
  locked          = var.audit_logs_locked
  mesh            = local.mesh
  retention_days  = var.log_retention_days

  depends_on = [module.project]
}

module "network" {
  source = "../../modules/gcp/network"

  cell   = local.cell_us_east_1
  labels = local.labels
  mesh   = local.mesh

  depends_on = [module.project]
}

module "composer" {
  source = "../../modules/gcp/composer"

  airflow_variables          = local.airflow_variables
  cell                       = local.cell_us_east_1
  deployment_service_account = module.delivery.deployment_service_account
  environment_size           = var.composer_size
  image_version              = var.composer_image
  kms_key_id                 = module.keys_us_east_1.key_ids["composer"]
  labels                     = local.labels
  mesh                       = local.mesh
  network_id                 = module.network.network_id
  subnetwork_id              = module.network.subnetwork_id
  terraform_service_accounts = module.delivery.terraform_service_accounts
  web_server_ranges          = var.airflow_web_ranges

  borrowed_service_accounts = {
    dbt          = module.delivery.dbt_service_account
    registration = module.delivery.registration_service_account
  }

  depends_on = [module.project]
}
