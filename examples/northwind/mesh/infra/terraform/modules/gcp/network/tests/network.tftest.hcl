mock_provider "google" {
  override_during = plan

  mock_resource "google_compute_network" {
    defaults = { id = "projects/mesh-dev/global/networks/mesh-dev" }
  }

  mock_resource "google_compute_subnetwork" {
    defaults = { id = "projects/mesh-dev/regions/us-east4/subnetworks/mesh-dev-us-east4" }
  }
}

variables {
  cell   = { bigquery_region = "us-east4" }
  labels = { environment = "dev" }
  mesh   = { environment = "dev", gcp_project = "mesh-dev", name = "mesh" }
}

run "has_no_way_to_the_internet" {
  command = plan

  assert {
    condition     = google_compute_network.this.delete_default_routes_on_create && !google_compute_network.this.auto_create_subnetworks
    error_message = "The network must have neither default routes nor automatic subnets."
  }

  assert {
    condition     = google_compute_route.restricted.dest_range == "199.36.153.4/30"
    error_message = "The only route leads to restricted.googleapis.com."
  }

  assert {
    condition     = google_compute_subnetwork.this.private_ip_google_access && google_compute_subnetwork.this.region == "us-east4"
    error_message = "The subnet must lie in the home region and reach Google's APIs privately."
  }

  assert {
    condition     = length(google_compute_subnetwork.this.secondary_ip_range) == 0
    error_message = "Composer 3 needs no secondary ranges."
  }
}

run "denies_by_default" {
  command = plan

  assert {
    condition = alltrue([
      for rule in [google_compute_firewall.deny_egress, google_compute_firewall.deny_ingress] :
      rule.priority == 65534 && one(rule.deny).protocol == "all" && length(rule.allow) == 0
    ])
    error_message = "Everything must be denied unless another rule allows it."
  }

  assert {
    condition = (
      google_compute_firewall.deny_egress.destination_ranges == toset(["0.0.0.0/0"]) &&
      google_compute_firewall.deny_ingress.source_ranges == toset(["0.0.0.0/0"])
    )
    error_message = "The denials must cover every address."
  }

  assert {
    condition = (
      google_compute_firewall.google_apis.destination_ranges == toset(["199.36.153.4/30"]) &&
      google_compute_firewall.subnet_egress.destination_ranges == toset(["10.64.0.0/26"]) &&
      google_compute_firewall.subnet_ingress.source_ranges == toset(["10.64.0.0/26"])
    )
    error_message = "Only Google's APIs and the subnet itself may be reached."
  }
}

run "leads_google_names_to_the_restricted_addresses" {
  command = plan

  assert {
    condition = toset([for zone in values(google_dns_managed_zone.restricted) : zone.dns_name]) == toset([
      "composer.cloud.google.com.",
      "composer.googleusercontent.com.",
      "googleapis.com.",
      "pkg.dev.",
    ])
    error_message = "The APIs, the package index and Airflow's web server need a zone each."
  }

  assert {
    condition     = alltrue([for zone in values(google_dns_managed_zone.restricted) : zone.visibility == "private"])
    error_message = "No zone may be public."
  }

  assert {
    condition = alltrue([
      for record in concat(values(google_dns_record_set.apex), values(google_dns_record_set.hosts)) :
      record.rrdatas == tolist(["199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7"])
    ])
    error_message = "Every name must lead to restricted.googleapis.com."
  }

  assert {
    condition     = google_dns_record_set.hosts["google-apis"].name == "*.googleapis.com."
    error_message = "Hosts below a domain must be covered."
  }
}

run "records_traffic" {
  command = plan

  assert {
    condition = (
      one(google_compute_subnetwork.this.log_config).flow_sampling == 1 &&
      one(google_compute_subnetwork.this.log_config).metadata == "INCLUDE_ALL_METADATA"
    )
    error_message = "Every flow must be recorded, with its metadata."
  }

  assert {
    condition     = google_dns_policy.logged.enable_logging && length(google_compute_firewall.deny_egress.log_config) == 1
    error_message = "Lookups and refusals must be recorded."
  }
}

run "refuses_what_is_no_range" {
  command = plan

  variables {
    subnet_range = "10.64.0.1/26"
  }

  expect_failures = [var.subnet_range]
}

run "refuses_a_public_range" {
  command = plan

  variables {
    subnet_range = "100.64.128.0/20"
  }

  expect_failures = [var.subnet_range]
}

run "refuses_a_range_that_is_too_small" {
  command = plan

  variables {
    subnet_range = "10.64.0.0/29"
  }

  expect_failures = [var.subnet_range]
}
