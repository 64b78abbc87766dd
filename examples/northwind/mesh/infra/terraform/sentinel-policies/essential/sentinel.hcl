# Five policies, the most that HCP Terraform's free edition runs. They are those whose breach opens, exposes or loses
# data at once.

import "module" "buckets" {
  source = "../modules/buckets/buckets.sentinel"
}

import "module" "documents" {
  source = "../modules/documents/documents.sentinel"
}

import "module" "google" {
  source = "../modules/google/google.sentinel"
}

import "module" "identity" {
  source = "../modules/identity/identity.sentinel"
}

import "module" "plan" {
  source = "../modules/plan/plan.sentinel"
}

import "module" "report" {
  source = "../modules/report/report.sentinel"
}

policy "s3-buckets-block-public-access" {
  source            = "../policies/s3/s3-buckets-block-public-access.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "s3-buckets-are-encrypted-with-own-keys" {
  source            = "../policies/s3/s3-buckets-are-encrypted-with-own-keys.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "s3-buckets-require-tls" {
  source            = "../policies/s3/s3-buckets-require-tls.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "cloudtrail-records-all-data-access" {
  source            = "../policies/cloudtrail/cloudtrail-records-all-data-access.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "terraform-keeps-data-and-keys" {
  source            = "../policies/terraform/terraform-keeps-data-and-keys.sentinel"
  enforcement_level = "hard-mandatory"
}
