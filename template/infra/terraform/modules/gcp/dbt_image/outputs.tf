# Once those who pull may.
output "repository" {
  description = "Address that images are pushed to: <region>-docker.pkg.dev/<project>/<repository>."
  value       = "${google_artifact_registry_repository.images.location}-docker.pkg.dev/${var.mesh.gcp_project}/${google_artifact_registry_repository.images.repository_id}"
  depends_on  = [google_artifact_registry_repository_iam_member.pulls]
}
