# The environment prod of the Northwind Health clinical data mesh: what exists once. What exists once per region stands
# in the cell files.

locals {
  mesh = {
    aws_account_id = var.aws_account_id
    environment    = "prod"
    name           = "northwind"
  }
}

module "contracts" {
  source = "../../modules/contracts"

  folder = "${path.root}/../../../../contracts"
}

module "identity" {
  source = "../../modules/aws/identity"

  break_glass_principals = var.break_glass_principals
  github                 = var.github
  mesh                   = local.mesh

  hcp_terraform = {
    organization = "northwind"
    project      = "northwind"
    workspace    = "northwind-prod"
  }

  providers = { aws = aws.us_east_1 }
}
