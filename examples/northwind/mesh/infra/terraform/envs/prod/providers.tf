# AWS has one provider per region, named after it. Every region that a cell or its replica can be in is here, used or not:
# Terraform needs the provider of a dropped cell to remove what the cell leaves behind.

locals {
  # Resources add their own: domain, owner and data-classification of a bucket come from its contract.
  tags = {
    cost-center         = var.cost_center
    data-classification = "internal"
    environment         = "prod"
    managed-by          = "terraform"
    mesh                = "northwind"
    owner               = var.owner
  }
}

provider "google" {
  project = var.gcp_project
  region  = "us-east4"
}

provider "aws" {
  alias               = "ap_northeast_1"
  allowed_account_ids = [var.aws_account_id]
  region              = "ap-northeast-1"

  default_tags {
    tags = local.tags
  }
}

provider "aws" {
  alias               = "ap_northeast_2"
  allowed_account_ids = [var.aws_account_id]
  region              = "ap-northeast-2"

  default_tags {
    tags = local.tags
  }
}

provider "aws" {
  alias               = "ap_southeast_2"
  allowed_account_ids = [var.aws_account_id]
  region              = "ap-southeast-2"

  default_tags {
    tags = local.tags
  }
}

provider "aws" {
  alias               = "ap_southeast_4"
  allowed_account_ids = [var.aws_account_id]
  region              = "ap-southeast-4"

  default_tags {
    tags = local.tags
  }
}

provider "aws" {
  alias               = "eu_central_1"
  allowed_account_ids = [var.aws_account_id]
  region              = "eu-central-1"

  default_tags {
    tags = local.tags
  }
}

provider "aws" {
  alias               = "eu_west_1"
  allowed_account_ids = [var.aws_account_id]
  region              = "eu-west-1"

  default_tags {
    tags = local.tags
  }
}

provider "aws" {
  alias               = "us_east_1"
  allowed_account_ids = [var.aws_account_id]
  region              = "us-east-1"

  default_tags {
    tags = local.tags
  }
}

provider "aws" {
  alias               = "us_west_2"
  allowed_account_ids = [var.aws_account_id]
  region              = "us-west-2"

  default_tags {
    tags = local.tags
  }
}
