output "job_id" {
  description = "Id of the job: projects/<project>/locations/<region>/jobs/<name>."
  value       = google_cloud_run_v2_job.dbt.id
}
