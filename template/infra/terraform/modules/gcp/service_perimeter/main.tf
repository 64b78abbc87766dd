# What is inside may be used from inside, or by who is let in. Nothing of it may leave, but for reads of the landing
# buckets.
# https://cloud.google.com/vpc-service-controls/docs/overview
locals {
  name    = "${var.mesh.name}_${var.mesh.environment}"
  policy  = "accessPolicies/${var.access_policy}"
  project = "projects/${var.mesh.gcp_project_number}"

  # Composer asks for all of these, though some run in Google's project.
  # https://cloud.google.com/composer/docs/composer-3/configure-vpc-sc
  composer_services = [
    "artifactregistry.googleapis.com",
    "composer.googleapis.com",
    "compute.googleapis.com",
    "container.googleapis.com",
    "containerfilesystem.googleapis.com",
    "dns.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "sqladmin.googleapis.com",
    "storage.googleapis.com",
  ]

  # bigquery.googleapis.com stands for its storage, reservation and connection APIs as well.
  # https://cloud.google.com/vpc-service-controls/docs/supported-products#table_bigquery
  data_services = [
    "bigquery.googleapis.com",
    "bigquerydatapolicy.googleapis.com",
    "cloudkms.googleapis.com",
    "datacatalog.googleapis.com",
    "datalineage.googleapis.com",
    "dataplex.googleapis.com",
    "secretmanager.googleapis.com",
  ]

  services     = sort(concat(local.composer_services, local.data_services, tolist(var.other_services)))
  landing_uris = sort([for bucket in var.landing_buckets : "s3://${bucket}"])

  # The same rules, on trial or in force.
  on_trial = var.dry_run ? ["trial"] : []
  in_force = var.dry_run ? [] : ["force"]
}

resource "google_access_context_manager_service_perimeter" "this" {
  description               = "Data of the ${var.mesh.name} mesh, ${var.mesh.environment}"
  name                      = "${local.policy}/servicePerimeters/${replace(local.name, "-", "_")}"
  parent                    = local.policy
  perimeter_type            = "PERIMETER_TYPE_REGULAR"
  title                     = local.name
  use_explicit_dry_run_spec = var.dry_run

  # On trial, violations are logged and nothing is refused.
  # https://cloud.google.com/vpc-service-controls/docs/dry-run-mode
  dynamic "spec" {
    for_each = local.on_trial

    content {
      access_levels       = var.access_levels
      resources           = [local.project]
      restricted_services = local.services

      vpc_accessible_services {
        allowed_services   = ["RESTRICTED-SERVICES"]
        enable_restriction = true
      }

      # Connections and datasets say who may read which table; the perimeter says that no other bucket can be read. With
      # an external resource this is the only permission that can be named.
      # https://cloud.google.com/bigquery/docs/omni-aws-create-external-table#vpc-service-controls
      egress_policies {
        title = "BigQuery Omni reads landing buckets"

        egress_from {
          identity_type = "ANY_IDENTITY"
        }

        egress_to {
          external_resources = local.landing_uris

          operations {
            service_name = "bigquery.googleapis.com"

            method_selectors {
              permission = "externalResource.read"
            }
          }
        }
      }

      # GitHub and HCP Terraform call from addresses that are not ours, so they are known by who they are.
      ingress_policies {
        title = "Delivery"

        ingress_from {
          identities = var.delivery_identities

          sources {
            access_level = "*"
          }
        }

        ingress_to {
          resources = [local.project]

          dynamic "operations" {
            for_each = local.services

            content {
              service_name = operations.value

              method_selectors {
                method = "*"
              }
            }
          }
        }
      }
    }
  }

  # The same, in force: a change above is a change here.
  dynamic "status" {
    for_each = local.in_force

    content {
      access_levels       = var.access_levels
      resources           = [local.project]
      restricted_services = local.services

      vpc_accessible_services {
        allowed_services   = ["RESTRICTED-SERVICES"]
        enable_restriction = true
      }

      egress_policies {
        title = "BigQuery Omni reads landing buckets"

        egress_from {
          identity_type = "ANY_IDENTITY"
        }

        egress_to {
          external_resources = local.landing_uris

          operations {
            service_name = "bigquery.googleapis.com"

            method_selectors {
              permission = "externalResource.read"
            }
          }
        }
      }

      ingress_policies {
        title = "Delivery"

        ingress_from {
          identities = var.delivery_identities

          sources {
            access_level = "*"
          }
        }

        ingress_to {
          resources = [local.project]

          dynamic "operations" {
            for_each = local.services

            content {
              service_name = operations.value

              method_selectors {
                method = "*"
              }
            }
          }
        }
      }
    }
  }
}
