# Once nothing leads out of it any more: what attaches earlier could reach more than it should.
output "network_id" {
  description = "Id of the network, once its rules stand."
  value       = google_compute_network.this.id
  depends_on = [
    google_compute_firewall.deny_egress,
    google_compute_firewall.deny_ingress,
    google_compute_firewall.google_apis,
    google_compute_route.restricted,
    google_dns_record_set.apex,
    google_dns_record_set.hosts,
  ]
}

output "subnetwork_id" {
  description = "Id of the subnet."
  value       = google_compute_subnetwork.this.id
}
