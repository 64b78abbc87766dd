# A network allows all egress and denies all ingress by itself, both without a log. These rules deny both, with one.
# https://cloud.google.com/firewall/docs/firewalls#default_firewall_rules

resource "google_compute_firewall" "deny_egress" {
  destination_ranges = ["0.0.0.0/0"]
  direction          = "EGRESS"
  name               = "${local.name}-deny-egress"
  network            = google_compute_network.this.id
  priority           = 65534
  project            = var.mesh.gcp_project

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "deny_ingress" {
  direction     = "INGRESS"
  name          = "${local.name}-deny-ingress"
  network       = google_compute_network.this.id
  priority      = 65534
  project       = var.mesh.gcp_project
  source_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "google_apis" {
  destination_ranges = [local.restricted_range]
  direction          = "EGRESS"
  name               = "${local.name}-google-apis"
  network            = google_compute_network.this.id
  priority           = 1000
  project            = var.mesh.gcp_project

  allow {
    ports    = ["443"]
    protocol = "tcp"
  }
}

resource "google_compute_firewall" "subnet_egress" {
  destination_ranges = [var.subnet_range]
  direction          = "EGRESS"
  name               = "${local.name}-subnet-egress"
  network            = google_compute_network.this.id
  priority           = 1000
  project            = var.mesh.gcp_project

  allow {
    protocol = "tcp"
  }
}

resource "google_compute_firewall" "subnet_ingress" {
  direction     = "INGRESS"
  name          = "${local.name}-subnet-ingress"
  network       = google_compute_network.this.id
  priority      = 1000
  project       = var.mesh.gcp_project
  source_ranges = [var.subnet_range]

  allow {
    protocol = "tcp"
  }
}
