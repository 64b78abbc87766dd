# Names of Google's APIs, of package registries and of Airflow's web server lead to restricted.googleapis.com, which
# answers for nothing but services that VPC Service Controls protect. Composer's components see these zones too.
# https://cloud.google.com/vpc/docs/configure-private-google-access#config-domain
locals {
  zones = {
    airflow       = "composer.googleusercontent.com."
    composer      = "composer.cloud.google.com."
    google-apis   = "googleapis.com."
    package-index = "pkg.dev."
  }
}

resource "google_dns_managed_zone" "restricted" {
  for_each = local.zones

  description = "Leads to restricted.googleapis.com"
  dns_name    = each.value
  labels      = var.labels
  name        = "${local.name}-${each.key}"
  project     = var.mesh.gcp_project
  visibility  = "private"

  private_visibility_config {
    networks {
      network_url = google_compute_network.this.id
    }
  }
}

resource "google_dns_record_set" "apex" {
  for_each = local.zones

  managed_zone = google_dns_managed_zone.restricted[each.key].name
  name         = each.value
  project      = var.mesh.gcp_project
  rrdatas      = local.restricted_addresses
  ttl          = 300
  type         = "A"
}

resource "google_dns_record_set" "hosts" {
  for_each = local.zones

  managed_zone = google_dns_managed_zone.restricted[each.key].name
  name         = "*.${each.value}"
  project      = var.mesh.gcp_project
  rrdatas      = local.restricted_addresses
  ttl          = 300
  type         = "A"
}

# A lookup is a way out as well, so each one is recorded.
resource "google_dns_policy" "logged" {
  enable_logging = true
  name           = "${local.name}-logged"
  project        = var.mesh.gcp_project

  networks {
    network_url = google_compute_network.this.id
  }
}
