# Policies of prod: none can be overridden.

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

policy "aws-regions-are-allowed" {
  source            = "../policies/aws/aws-regions-are-allowed.sentinel"
  enforcement_level = "hard-mandatory"

  params = {
    allowed_regions = ["us-east-1"]
  }
}

policy "aws-resources-are-tagged" {
  source            = "../policies/aws/aws-resources-are-tagged.sentinel"
  enforcement_level = "hard-mandatory"

  params = {
    environments = ["prod"]
  }
}

policy "configuration-is-checked" {
  source            = "../policies/aws-config/configuration-is-checked.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "bigquery-access-is-by-groups-and-service-accounts" {
  source            = "../policies/bigquery/bigquery-access-is-by-groups-and-service-accounts.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "bigquery-connections-are-delegated-narrowly" {
  source            = "../policies/bigquery/bigquery-connections-are-delegated-narrowly.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "bigquery-data-is-encrypted-with-own-keys" {
  source            = "../policies/bigquery/bigquery-data-is-encrypted-with-own-keys.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "bigquery-data-outlives-mistakes" {
  source            = "../policies/bigquery/bigquery-data-outlives-mistakes.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "bigquery-omni-stays-beside-its-region" {
  source            = "../policies/bigquery/bigquery-omni-stays-beside-its-region.sentinel"
  enforcement_level = "hard-mandatory"

  params = {
    region_pairs = {
      "aws-us-east-1" = "us-east4"
    }
  }
}

policy "cloud-kms-keys-are-used-by-service-agents-only" {
  source            = "../policies/cloud-kms/cloud-kms-keys-are-used-by-service-agents-only.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "cloud-kms-keys-rotate-and-last" {
  source            = "../policies/cloud-kms/cloud-kms-keys-rotate-and-last.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-services-encrypt-with-own-keys" {
  source            = "../policies/cloud-kms/google-services-encrypt-with-own-keys.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "cloud-run-jobs-are-private" {
  source            = "../policies/cloud-run/cloud-run-jobs-are-private.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "audit-records-are-kept" {
  source            = "../policies/cloudtrail/audit-records-are-kept.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "changes-raise-alerts" {
  source            = "../policies/cloudtrail/changes-raise-alerts.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "cloudtrail-records-all-data-access" {
  source            = "../policies/cloudtrail/cloudtrail-records-all-data-access.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "composer-can-be-restored" {
  source            = "../policies/composer/composer-can-be-restored.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "composer-is-private" {
  source            = "../policies/composer/composer-is-private.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "identifiers-are-masked" {
  source            = "../policies/data-catalog/identifiers-are-masked.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "identifiers-are-read-in-clear-by-few" {
  source            = "../policies/data-catalog/identifiers-are-read-in-clear-by-few.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "policy-tags-exist-where-data-is" {
  source            = "../policies/data-catalog/policy-tags-exist-where-data-is.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "gcs-buckets-are-private" {
  source            = "../policies/gcs/gcs-buckets-are-private.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "gcs-buckets-keep-what-is-overwritten" {
  source            = "../policies/gcs/gcs-buckets-keep-what-is-overwritten.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-locations-are-allowed" {
  source            = "../policies/google/google-locations-are-allowed.sentinel"
  enforcement_level = "hard-mandatory"

  params = {
    allowed_locations = ["aws-us-east-1", "us-east4"]
  }
}

policy "google-resources-are-labelled" {
  source            = "../policies/google/google-resources-are-labelled.sentinel"
  enforcement_level = "hard-mandatory"

  params = {
    environments = ["prod"]
  }
}

policy "google-resources-stay-in-their-project" {
  source            = "../policies/google/google-resources-stay-in-their-project.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-federation-is-narrow" {
  source            = "../policies/google-iam/google-federation-is-narrow.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-grants-name-groups-and-service-accounts" {
  source            = "../policies/google-iam/google-grants-name-groups-and-service-accounts.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-identities-have-no-keys" {
  source            = "../policies/google-iam/google-identities-have-no-keys.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-impersonation-is-exact" {
  source            = "../policies/google-iam/google-impersonation-is-exact.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-roles-are-narrow" {
  source            = "../policies/google-iam/google-roles-are-narrow.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-secrets-are-read-under-conditions" {
  source            = "../policies/google-iam/google-secrets-are-read-under-conditions.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-audit-logs-are-kept" {
  source            = "../policies/google-logging/google-audit-logs-are-kept.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-audit-logs-record-all-access" {
  source            = "../policies/google-logging/google-audit-logs-record-all-access.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-changes-raise-alerts" {
  source            = "../policies/google-logging/google-changes-raise-alerts.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-networks-are-closed" {
  source            = "../policies/google-network/google-networks-are-closed.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-networks-are-watched" {
  source            = "../policies/google-network/google-networks-are-watched.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "service-perimeters-are-tight" {
  source            = "../policies/google-network/service-perimeters-are-tight.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-organization-policies-stay-enforced" {
  source            = "../policies/google-project/google-organization-policies-stay-enforced.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "google-services-are-covered-by-the-baa" {
  source            = "../policies/google-project/google-services-are-covered-by-the-baa.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "threats-are-detected" {
  source            = "../policies/guardduty/threats-are-detected.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "bigquery-reads-landed-data-only" {
  source            = "../policies/iam/bigquery-reads-landed-data-only.sentinel"
  enforcement_level = "hard-mandatory"

  params = {
    omni_vpcs = {
      "us-east-1" = "vpc-0bf63a2e71287dace"
    }
  }
}

policy "delivery-cannot-read-data" {
  source            = "../policies/iam/delivery-cannot-read-data.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "iam-has-no-users-or-inline-policies" {
  source            = "../policies/iam/iam-has-no-users-or-inline-policies.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "iam-policies-have-no-wildcards" {
  source            = "../policies/iam/iam-policies-have-no-wildcards.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "iam-role-sessions-are-short" {
  source            = "../policies/iam/iam-role-sessions-are-short.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "iam-role-trust-is-narrow" {
  source            = "../policies/iam/iam-role-trust-is-narrow.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "iam-roles-have-a-boundary" {
  source            = "../policies/iam/iam-roles-have-a-boundary.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "kms-key-policies-are-narrow" {
  source            = "../policies/kms/kms-key-policies-are-narrow.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "kms-keys-rotate-and-last" {
  source            = "../policies/kms/kms-keys-rotate-and-last.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "s3-bucket-policies-grant-to-services-only" {
  source            = "../policies/s3/s3-bucket-policies-grant-to-services-only.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "s3-buckets-are-encrypted-with-own-keys" {
  source            = "../policies/s3/s3-buckets-are-encrypted-with-own-keys.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "s3-buckets-are-object-locked" {
  source            = "../policies/s3/s3-buckets-are-object-locked.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "s3-buckets-are-versioned" {
  source            = "../policies/s3/s3-buckets-are-versioned.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "s3-buckets-block-public-access" {
  source            = "../policies/s3/s3-buckets-block-public-access.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "s3-buckets-log-access" {
  source            = "../policies/s3/s3-buckets-log-access.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "s3-buckets-require-tls" {
  source            = "../policies/s3/s3-buckets-require-tls.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "s3-landed-data-is-replicated" {
  source            = "../policies/s3/s3-landed-data-is-replicated.sentinel"
  enforcement_level = "hard-mandatory"

  params = {
    required = false
  }
}

policy "s3-landed-data-outlives-its-retention" {
  source            = "../policies/s3/s3-landed-data-outlives-its-retention.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "s3-landing-buckets-accept-one-key-only" {
  source            = "../policies/s3/s3-landing-buckets-accept-one-key-only.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "s3-landing-buckets-announce-objects" {
  source            = "../policies/s3/s3-landing-buckets-announce-objects.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "terraform-keeps-data-and-keys" {
  source            = "../policies/terraform/terraform-keeps-data-and-keys.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "terraform-modules-are-local" {
  source            = "../policies/terraform/terraform-modules-are-local.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "terraform-outputs-hide-secrets" {
  source            = "../policies/terraform/terraform-outputs-hide-secrets.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "terraform-providers-are-pinned" {
  source            = "../policies/terraform/terraform-providers-are-pinned.sentinel"
  enforcement_level = "hard-mandatory"
}

policy "terraform-runs-no-code" {
  source            = "../policies/terraform/terraform-runs-no-code.sentinel"
  enforcement_level = "hard-mandatory"
}
