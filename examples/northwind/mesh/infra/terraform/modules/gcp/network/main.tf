locals {
  name = "${var.mesh.name}-${var.mesh.environment}"

  # https://cloud.google.com/vpc/docs/configure-private-google-access#domain-options
  restricted_range     = "199.36.153.4/30"
  restricted_addresses = ["199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7"]
}

resource "google_compute_network" "this" {
  auto_create_subnetworks         = false
  delete_default_routes_on_create = true
  description                     = "Private network of ${local.name}, without a way to the internet"
  name                            = local.name
  project                         = var.mesh.gcp_project
  routing_mode                    = "REGIONAL"
}

# Composer 3 attaches to the subnet through Private Service Connect: it takes addresses of the primary range and needs
# no secondary ranges.
# https://cloud.google.com/composer/docs/composer-3/connect-vpc-network
resource "google_compute_subnetwork" "this" {
  ip_cidr_range            = var.subnet_range
  name                     = "${local.name}-${var.cell.bigquery_region}"
  network                  = google_compute_network.this.id
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

# The next hop is called internet gateway, but this range never leaves Google's network.
# https://cloud.google.com/vpc/docs/configure-private-google-access#config-routing
resource "google_compute_route" "restricted" {
  description      = "Google APIs that VPC Service Controls protect"
  dest_range       = local.restricted_range
  name             = "${local.name}-restricted-google-apis"
  network          = google_compute_network.this.id
  next_hop_gateway = "default-internet-gateway"
  project          = var.mesh.gcp_project
}
