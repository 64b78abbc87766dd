# What the project is allowed to run, and what nobody in it may do.

locals {
  # Each is covered by Google's Business Associate Agreement. A service that is not on Google's list has no place here.
  # https://cloud.google.com/security/compliance/hipaa#covered-products
  services = concat(var.service_perimeter ? ["accesscontextmanager.googleapis.com"] : [], var.cloud_run ? ["run.googleapis.com"] : [], [
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "bigqueryconnection.googleapis.com",
    "bigquerydatapolicy.googleapis.com",
    "bigqueryreservation.googleapis.com",
    "bigquerystorage.googleapis.com",
    "cloudkms.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "composer.googleapis.com",
    "compute.googleapis.com",
    "datacatalog.googleapis.com",
    "datalineage.googleapis.com",
    "dataplex.googleapis.com",
    "dns.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "orgpolicy.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
  ])
}

resource "google_project_service" "this" {
  for_each = toset(local.services)

  project = var.mesh.gcp_project
  service = each.value

  # Another part of the organization may rest on it.
  disable_on_destroy = false
}

# https://cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints
resource "google_org_policy_policy" "enforced" {
  for_each = var.enforced_policies

  name   = "projects/${var.mesh.gcp_project}/policies/${each.value}"
  parent = "projects/${var.mesh.gcp_project}"

  spec {
    rules {
      enforce = "TRUE"
    }
  }

  depends_on = [google_project_service.this]
}
