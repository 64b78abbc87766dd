output "airflow_uri" {
  description = "Address of Airflow's web server."
  value       = google_composer_environment.this.config[0].airflow_uri
}

# Once the environment has made its folders there.
output "dag_bucket" {
  description = "Bucket whose folder dags/ holds the DAGs."
  value       = google_storage_bucket.airflow.name
  depends_on  = [google_composer_environment.this]
}

output "package_index" {
  description = "Repository that packages of PyPI come through: projects/<project>/locations/<region>/repositories/<name>."
  value       = google_artifact_registry_repository.pypi.id
}

output "package_index_url" {
  description = "Address that pip installs from, as Airflow has it in PACKAGE_INDEX."
  value       = local.package_index
}

# Not once the environment stands: datasets grant to the account while the environment is still being made.
output "service_account" {
  description = "Mail address of the service account that Airflow runs as."
  value       = google_service_account.composer.email
}
