# The pipelines have identities of their own, which Composer and the workflows of the repository borrow: dbt reads the
# landing zone and writes the warehouse, registration makes the external tables and reads no data. Deployment writes what
# Composer runs.

resource "google_service_account" "dbt" {
  account_id   = "dbt-runner"
  description  = "Runs dbt in ${var.mesh.environment}"
  display_name = "dbt"
  project      = var.mesh.gcp_project
}

resource "google_project_iam_member" "dbt_runs_jobs" {
  member  = google_service_account.dbt.member
  project = var.mesh.gcp_project
  role    = "roles/bigquery.jobUser"
}

# Setting policy tags: the datasets' WRITER may change a table's schema, but not the tags in it.
# https://cloud.google.com/bigquery/docs/column-level-security-intro
resource "google_project_iam_custom_role" "column_tagger" {
  description = "Sets policy tags on columns, and reads no data"
  permissions = ["bigquery.tables.setCategory", "datacatalog.taxonomies.get"]
  project     = var.mesh.gcp_project
  role_id     = "columnTagger"
  title       = "Column tagger"
}

resource "google_project_iam_member" "dbt_tags_columns" {
  member  = google_service_account.dbt.member
  project = var.mesh.gcp_project
  role    = google_project_iam_custom_role.column_tagger.name
}

# A rehearsal builds what a pull request changes. Its code is not merged yet, so only an environment whose data may be
# seen by who writes it takes rehearsals.
resource "google_service_account_iam_binding" "dbt" {
  members = concat(
    [for subject in local.github_subjects[var.mesh.environment] : "principal://iam.googleapis.com/${local.delivery_pool}/subject/${subject}"],
    [for subject in local.github_subjects[local.rehearsal_environment] : "principal://iam.googleapis.com/${local.review_pool}/subject/${subject}" if var.rehearsals],
  )
  role               = "roles/iam.workloadIdentityUser"
  service_account_id = google_service_account.dbt.name
}

# Brings DAGs, contracts and the dbt project into Composer's bucket, and asks Airflow whether it could read them.
resource "google_service_account" "deployment" {
  account_id   = "airflow-deployment"
  description  = "Deploys the DAGs of ${var.mesh.environment}"
  display_name = "Airflow deployment"
  project      = var.mesh.gcp_project
}

resource "google_project_iam_member" "deployment_asks_airflow" {
  member  = google_service_account.deployment.member
  project = var.mesh.gcp_project
  role    = "roles/composer.user"
}

# What is there is listed for a bucket as a whole, which no condition on objects can allow: names, no contents.
# https://cloud.google.com/storage/docs/access-control/iam-permissions#object_permissions
resource "google_project_iam_custom_role" "object_lister" {
  description = "Lists objects, and reads none"
  permissions = ["storage.objects.list"]
  project     = var.mesh.gcp_project
  role_id     = "objectLister"
  title       = "Object lister"
}

resource "google_project_iam_member" "deployment_lists_objects" {
  member  = google_service_account.deployment.member
  project = var.mesh.gcp_project
  role    = google_project_iam_custom_role.object_lister.name
}

resource "google_service_account_iam_binding" "deployment" {
  members            = [for subject in local.github_subjects[var.mesh.environment] : "principal://iam.googleapis.com/${local.delivery_pool}/subject/${subject}"]
  role               = "roles/iam.workloadIdentityUser"
  service_account_id = google_service_account.deployment.name
}

resource "google_service_account" "registration" {
  account_id   = "table-registration"
  description  = "Registers the external tables of ${var.mesh.environment}"
  display_name = "Table registration"
  project      = var.mesh.gcp_project
}

# External tables carry policy tags from the start: what stands in S3 is to be read masked as well.
resource "google_project_iam_member" "registration_tags_columns" {
  member  = google_service_account.registration.member
  project = var.mesh.gcp_project
  role    = google_project_iam_custom_role.column_tagger.name
}

# Refreshing cached metadata is a job. The dataset's WRITER has the rest of what it takes.
# https://cloud.google.com/bigquery/docs/reference/system-procedures#bqrefresh_external_metadata_cache
resource "google_project_iam_member" "registration_refreshes" {
  for_each = toset(var.metadata_cache ? ["roles/bigquery.jobUser"] : [])

  member  = google_service_account.registration.member
  project = var.mesh.gcp_project
  role    = each.value
}

# Using a connection and handing it on to a table; analysts hold neither.
resource "google_project_iam_custom_role" "connection_delegate" {
  description = "Registers external tables over a connection"
  permissions = ["bigquery.connections.delegate", "bigquery.connections.get", "bigquery.connections.use"]
  project     = var.mesh.gcp_project
  role_id     = "connectionDelegate"
  title       = "Connection delegate"
}
