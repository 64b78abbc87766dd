# What both roots share: the mistakes in wrong/ and the same code without them in mended/.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
    google = {
      source  = "hashicorp/google"
      version = ">= 7.45, < 9"
    }
  }
}

# A plan that only creates asks AWS nothing.
provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

provider "google" {
  project = "mesh-dev"
  region  = "us-east4"
}
