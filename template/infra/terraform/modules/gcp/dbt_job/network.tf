# Executions take addresses in blocks of sixteen, and keep them for some minutes afterwards: a subnet of their own, so that
# Composer never waits for one. Routes, rules and names are those of the network.
# https://cloud.google.com/run/docs/configuring/vpc-direct-vpc#ip-allocation
resource "google_compute_subnetwork" "jobs" {
  ip_cidr_range            = var.subnet_range
  name                     = "${local.name}-dbt-${var.cell.bigquery_region}"
  network                  = var.network_id
  private_ip_google_access = true
  project                  = var.mesh.gcp_project
  region                   = var.cell.bigquery_region
  stack_type               = "IPV4_ONLY"

  log_config {
    aggregation_interval = "INTERVAL_5_SEC"
    flow_sampling        = 1
    metadata             = "INCLUDE_ALL_METADATA"
  }
}
