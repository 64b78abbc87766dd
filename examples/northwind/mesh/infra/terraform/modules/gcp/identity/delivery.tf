# What plan and apply may do. Neither reads a table, an object, a secret or a key's cleartext: predefined roles that
# would are replaced by custom ones. Neither changes who may borrow a service account, so that apply cannot borrow dbt's: an
# administrator applies those grants, in the first apply and whenever they change.

locals {
  plan_roles = concat(var.cloud_run ? ["roles/run.viewer"] : [], [
    "roles/artifactregistry.reader",
    "roles/bigquerydatapolicy.viewer",
    "roles/cloudkms.viewer",
    "roles/composer.user",
    "roles/compute.viewer",
    "roles/datacatalog.viewer",
    "roles/dataplex.catalogViewer",
    "roles/dns.reader",
    "roles/iam.securityReviewer",
    "roles/iam.workloadIdentityPoolViewer",
    "roles/logging.viewer",
    "roles/monitoring.viewer",
    "roles/orgpolicy.policyViewer",
    "roles/secretmanager.viewer",
    "roles/serviceusage.serviceUsageViewer",
  ])

  apply_roles = concat(var.cloud_run ? ["roles/run.admin"] : [], [
    "roles/artifactregistry.admin",
    "roles/bigquerydatapolicy.admin",
    "roles/cloudkms.admin",
    "roles/composer.admin",
    "roles/compute.networkAdmin",
    "roles/compute.securityAdmin",
    "roles/datacatalog.categoryAdmin",
    "roles/dataplex.catalogAdmin",
    "roles/dns.admin",
    "roles/logging.configWriter",
    "roles/monitoring.editor",
    "roles/serviceusage.serviceUsageAdmin",
  ])

  # Project-wide roles that the mesh gives to identities of its own.
  granted_roles = [
    "roles/bigquery.jobUser",
    "roles/composer.worker",
    "roles/secretmanager.secretAccessor",
  ]

  read_permissions = [
    "bigquery.connections.get",
    "bigquery.connections.getIamPolicy",
    "bigquery.connections.list",
    "bigquery.datasets.get",
    "bigquery.datasets.getIamPolicy",
    "bigquery.reservationAssignments.list",
    "bigquery.reservations.get",
    "bigquery.reservations.list",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "storage.buckets.get",
    "storage.buckets.getIamPolicy",
    "storage.buckets.list",
  ]
}

resource "google_project_iam_custom_role" "plan" {
  description = "Reads the configuration of the warehouse and of buckets, but no table and no object"
  permissions = local.read_permissions
  project     = var.mesh.gcp_project
  role_id     = "terraformPlan"
  title       = "Terraform plan"
}

resource "google_project_iam_custom_role" "apply" {
  description = "Changes the configuration of the warehouse and of buckets, but reads no table and no object"
  project     = var.mesh.gcp_project
  role_id     = "terraformApply"
  title       = "Terraform apply"

  permissions = sort(concat(local.read_permissions, [
    "bigquery.connections.create",
    "bigquery.connections.delete",
    "bigquery.connections.setIamPolicy",
    "bigquery.connections.update",
    "bigquery.datasets.create",
    "bigquery.datasets.delete",
    "bigquery.datasets.setIamPolicy",
    "bigquery.datasets.update",
    "bigquery.reservationAssignments.create",
    "bigquery.reservationAssignments.delete",
    "bigquery.reservations.create",
    "bigquery.reservations.delete",
    "bigquery.reservations.update",
    "iam.serviceAccounts.create",
    "iam.serviceAccounts.delete",
    "iam.serviceAccounts.update",
    "storage.buckets.create",
    "storage.buckets.delete",
    "storage.buckets.setIamPolicy",
    "storage.buckets.update",
  ]))
}

resource "google_project_iam_member" "plan" {
  for_each = toset(local.plan_roles)

  member  = google_service_account.terraform["plan"].member
  project = var.mesh.gcp_project
  role    = each.value
}

resource "google_project_iam_member" "plan_custom" {
  member  = google_service_account.terraform["plan"].member
  project = var.mesh.gcp_project
  role    = google_project_iam_custom_role.plan.name
}

# Apply reads whatever plan reads.
resource "google_project_iam_member" "apply" {
  for_each = toset(concat(local.apply_roles, local.plan_roles))

  member  = google_service_account.terraform["apply"].member
  project = var.mesh.gcp_project
  role    = each.value
}

resource "google_project_iam_member" "apply_custom" {
  member  = google_service_account.terraform["apply"].member
  project = var.mesh.gcp_project
  role    = google_project_iam_custom_role.apply.name
}

# Apply can give the roles that the mesh gives, and no other: it cannot make itself an owner or a reader of data.
# https://cloud.google.com/iam/docs/setting-limits-on-granting-roles
resource "google_project_iam_member" "apply_grants" {
  member  = google_service_account.terraform["apply"].member
  project = var.mesh.gcp_project
  role    = "roles/resourcemanager.projectIamAdmin"

  condition {
    description = "Only the roles that the mesh gives"
    expression  = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(${jsonencode(local.granted_roles)})"
    title       = "mesh-roles-only"
  }
}
