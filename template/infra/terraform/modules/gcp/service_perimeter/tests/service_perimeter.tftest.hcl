mock_provider "google" {
  override_during = plan
}

variables {
  access_policy   = "987654321"
  landing_buckets = ["mesh-dev-us-east-1-labs", "mesh-dev-us-east-1-vitals"]
  mesh            = { environment = "dev", gcp_project_number = "123456789012", name = "mesh" }

  delivery_identities = [
    "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/delivery/*",
    "serviceAccount:terraform-apply@mesh-dev.iam.gserviceaccount.com",
  ]
}

run "begins_on_trial" {
  command = plan

  assert {
    condition = (
      google_access_context_manager_service_perimeter.this.use_explicit_dry_run_spec &&
      length(google_access_context_manager_service_perimeter.this.spec) == 1 &&
      length(google_access_context_manager_service_perimeter.this.status) == 0
    )
    error_message = "Unless told otherwise the perimeter refuses nothing yet."
  }

  assert {
    condition     = google_access_context_manager_service_perimeter.this.name == "accessPolicies/987654321/servicePerimeters/mesh_dev"
    error_message = "Names of perimeters hold letters, digits and underscores."
  }

  assert {
    condition     = one(google_access_context_manager_service_perimeter.this.spec[0].egress_policies[0].egress_to).external_resources == toset(["s3://mesh-dev-us-east-1-labs", "s3://mesh-dev-us-east-1-vitals"])
    error_message = "The trial must try the way out."
  }

  assert {
    condition = (
      google_access_context_manager_service_perimeter.this.spec[0].resources == toset(["projects/123456789012"]) &&
      google_access_context_manager_service_perimeter.this.spec[0].restricted_services == toset(output.restricted_services) &&
      google_access_context_manager_service_perimeter.this.spec[0].vpc_accessible_services[0].enable_restriction &&
      google_access_context_manager_service_perimeter.this.spec[0].egress_policies[0].egress_to[0].operations[0].method_selectors[0].permission == "externalResource.read" &&
      google_access_context_manager_service_perimeter.this.spec[0].ingress_policies[0].ingress_from[0].identities == var.delivery_identities
    )
    error_message = "The trial must try the rules that would be in force."
  }
}

run "protects_the_project" {
  command = plan

  variables {
    dry_run = false
  }

  assert {
    condition = (
      !google_access_context_manager_service_perimeter.this.use_explicit_dry_run_spec &&
      length(google_access_context_manager_service_perimeter.this.spec) == 0 &&
      google_access_context_manager_service_perimeter.this.status[0].resources == toset(["projects/123456789012"])
    )
    error_message = "In force, the perimeter must hold the project."
  }

  assert {
    condition = alltrue([
      for service in ["bigquery.googleapis.com", "bigquerydatapolicy.googleapis.com", "cloudkms.googleapis.com", "composer.googleapis.com", "secretmanager.googleapis.com", "storage.googleapis.com"] :
      contains(google_access_context_manager_service_perimeter.this.status[0].restricted_services, service)
    ])
    error_message = "The services that hold data, keys and secrets must be restricted."
  }

  assert {
    condition = (
      google_access_context_manager_service_perimeter.this.status[0].vpc_accessible_services[0].enable_restriction &&
      google_access_context_manager_service_perimeter.this.status[0].vpc_accessible_services[0].allowed_services == toset(["RESTRICTED-SERVICES"])
    )
    error_message = "From inside only restricted services may be reached."
  }
}

run "lets_omni_read_landing_buckets_only" {
  command = plan

  variables {
    dry_run = false
  }

  assert {
    condition     = length(google_access_context_manager_service_perimeter.this.status[0].egress_policies) == 1
    error_message = "There must be one way out."
  }

  assert {
    condition = (
      google_access_context_manager_service_perimeter.this.status[0].egress_policies[0].egress_to[0].external_resources == toset(["s3://mesh-dev-us-east-1-labs", "s3://mesh-dev-us-east-1-vitals"]) &&
      length(coalesce(google_access_context_manager_service_perimeter.this.status[0].egress_policies[0].egress_to[0].resources, [])) == 0
    )
    error_message = "It must lead to the landing buckets and nowhere else."
  }

  assert {
    condition     = google_access_context_manager_service_perimeter.this.status[0].egress_policies[0].egress_to[0].operations[0].method_selectors[0].permission == "externalResource.read"
    error_message = "BigQuery may read there and not write."
  }
}

run "lets_delivery_in" {
  command = plan

  variables {
    dry_run = false
  }

  assert {
    condition     = google_access_context_manager_service_perimeter.this.status[0].ingress_policies[0].ingress_from[0].identities == var.delivery_identities
    error_message = "Delivery must be known by its identity."
  }

  assert {
    condition = (
      google_access_context_manager_service_perimeter.this.status[0].ingress_policies[0].ingress_to[0].resources == toset(["projects/123456789012"]) &&
      !contains(google_access_context_manager_service_perimeter.this.status[0].ingress_policies[0].ingress_to[0].operations[*].service_name, "*")
    )
    error_message = "Delivery may use the restricted services of this project, not any service."
  }
}

run "protects_what_else_it_is_told" {
  command = plan

  variables {
    other_services = ["run.googleapis.com"]
  }

  assert {
    condition     = contains(google_access_context_manager_service_perimeter.this.spec[0].restricted_services, "run.googleapis.com") && contains(google_access_context_manager_service_perimeter.this.spec[0].restricted_services, "bigquery.googleapis.com")
    error_message = "Other services come on top of those of the warehouse."
  }
}

run "refuses_levels_of_another_policy" {
  command = plan

  variables {
    access_levels = ["accessPolicies/1/accessLevels/hospital"]
  }

  expect_failures = [var.access_levels]
}

run "refuses_what_is_no_number" {
  command = plan

  variables {
    access_policy = "accessPolicies/987654321"
  }

  expect_failures = [var.access_policy]
}

run "refuses_people" {
  command = plan

  variables {
    delivery_identities = ["user:somebody@mesh.example"]
  }

  expect_failures = [var.delivery_identities]
}

run "refuses_a_delivery_of_nobody" {
  command = plan

  variables {
    delivery_identities = []
  }

  expect_failures = [var.delivery_identities]
}

run "refuses_uris" {
  command = plan

  variables {
    landing_buckets = ["s3://mesh-dev-us-east-1-labs/"]
  }

  expect_failures = [var.landing_buckets]
}

run "refuses_a_perimeter_without_a_landing_zone" {
  command = plan

  variables {
    landing_buckets = []
  }

  expect_failures = [var.landing_buckets]
}
