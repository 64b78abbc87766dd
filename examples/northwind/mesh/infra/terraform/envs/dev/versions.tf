terraform {
  required_version = ">= 1.11"

  # Takes literals only. The same names stand in main.tf, where the trust in this workspace is made.
  cloud {
    organization = "northwind"

    workspaces {
      project = "northwind"
      name    = "northwind-dev"
    }
  }

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
    google = {
      source  = "hashicorp/google"
      version = ">= 7.45, < 9"
    }
    time = {
      source  = "hashicorp/time"
      version = ">= 0.12, < 1"
    }
  }
}
