# What registers tables gets the id only once the role can be assumed and the grants stand.
output "connection_id" {
  description = "Id of the connection as project.location.id, once it can be used."
  value       = "${var.mesh.gcp_project}.${google_bigquery_connection.aws.location}.${google_bigquery_connection.aws.connection_id}"

  depends_on = [
    google_bigquery_connection_iam_member.delegates,
    google_bigquery_connection_iam_member.users,
    time_sleep.role_is_known,
  ]
}

output "identity" {
  description = "Google identity that the AWS role must trust."
  value       = google_bigquery_connection.aws.aws[0].access_role[0].identity
}
