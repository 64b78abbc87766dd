mock_provider "google" {
  override_during = plan
}

override_resource {
  override_during = plan
  target          = google_project_iam_custom_role.column_tagger
  values          = { name = "projects/mesh-dev/roles/columnTagger" }
}

override_resource {
  override_during = plan
  target          = google_service_account.dbt
  values          = { member = "serviceAccount:dbt-runner@mesh-dev.iam.gserviceaccount.com" }
}

override_resource {
  override_during = plan
  target          = google_service_account.registration
  values          = { member = "serviceAccount:table-registration@mesh-dev.iam.gserviceaccount.com" }
}

variables {
  github        = { owner_id = "101", repository = "mesh-health/data-mesh", repository_id = "202" }
  hcp_terraform = { organization = "mesh", project = "mesh", workspace = "mesh-dev" }
  mesh          = { environment = "dev", gcp_project = "mesh-dev", gcp_project_number = "123456789012", name = "mesh" }
}

run "trusts_numeric_ids" {
  command = plan

  assert {
    condition     = google_iam_workload_identity_pool_provider.github_review.attribute_condition == "assertion.repository_id == '202' && assertion.repository_owner_id == '101'"
    error_message = "A repository that took over the name must not get in."
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.github.attribute_condition == "${google_iam_workload_identity_pool_provider.github_review.attribute_condition} && assertion.ref == 'refs/heads/main'"
    error_message = "What is not merged must not be delivered."
  }
}

run "lets_no_pull_request_deliver" {
  command = plan

  variables {
    rehearsals = true
  }

  assert {
    condition = alltrue([
      for member in concat(
        tolist(google_service_account_iam_binding.terraform["apply"].members),
        tolist(google_service_account_iam_binding.deployment.members),
      ) : strcontains(member, "/workloadIdentityPools/delivery/")
    ])
    error_message = "Only what was merged is applied and deployed."
  }

  assert {
    condition     = toset([for member in google_service_account_iam_binding.dbt.members : regex("/workloadIdentityPools/(.*)/subject/.*:(.*)$", member)]) == toset([["delivery", "dev"], ["review", "dev-rehearsal"]])
    error_message = "dbt runs what was merged, and rehearses what is not."
  }
}

run "rehearses_where_it_was_allowed" {
  command = plan

  assert {
    condition     = alltrue([for member in google_service_account_iam_binding.dbt.members : strcontains(member, "/workloadIdentityPools/delivery/")])
    error_message = "Without rehearsals no pull request runs dbt."
  }
}

run "binds_each_phase_to_its_subjects" {
  command = plan

  assert {
    condition = toset([for member in google_service_account_iam_binding.terraform["apply"].members : regex("/subject/(.*)$", member)[0]]) == toset([
      "organization:mesh:project:mesh:workspace:mesh-dev:run_phase:apply",
      "repo:mesh-health/data-mesh:environment:dev",
      "repo:mesh-health@101/data-mesh@202:environment:dev",
    ])
    error_message = "Apply is for the environment and the apply phase, named whole."
  }

  assert {
    condition     = length([for member in google_service_account_iam_binding.terraform["plan"].members : member if strcontains(member, "environment:dev-plan")]) == 2
    error_message = "Plan runs in an environment of its own."
  }
}

run "keeps_delivery_out_of_data" {
  command = plan

  assert {
    condition = length(setintersection(
      setunion(google_project_iam_custom_role.plan.permissions, google_project_iam_custom_role.apply.permissions),
      ["bigquery.tables.getData", "storage.objects.get", "secretmanager.versions.access", "cloudkms.cryptoKeyVersions.useToDecrypt"]
    )) == 0
    error_message = "Neither plan nor apply may read data."
  }

  assert {
    condition = length(setintersection(
      concat(keys(google_project_iam_member.plan), keys(google_project_iam_member.apply)),
      ["roles/bigquery.admin", "roles/bigquery.dataViewer", "roles/editor", "roles/owner", "roles/storage.admin", "roles/viewer"]
    )) == 0
    error_message = "Roles that read data must not be given."
  }

  # Whoever borrows dbt's account reads what dbt reads.
  assert {
    condition = length(setintersection(
      google_project_iam_custom_role.apply.permissions,
      ["iam.serviceAccounts.actAs", "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.setIamPolicy", "iam.serviceAccounts.signJwt"]
    )) == 0
    error_message = "Apply may neither borrow a service account nor say who may."
  }

  assert {
    condition = length(setintersection(
      keys(google_project_iam_member.apply),
      ["roles/iam.securityAdmin", "roles/iam.serviceAccountAdmin", "roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser"]
    )) == 0
    error_message = "Roles that borrow service accounts, or say who may, must not be given."
  }
}

# A writer of a dataset may change a schema, but not the policy tags in it.
run "lets_pipelines_tag_columns_and_read_nothing_more" {
  command = plan

  assert {
    condition     = google_project_iam_custom_role.column_tagger.permissions == toset(["bigquery.tables.setCategory", "datacatalog.taxonomies.get"])
    error_message = "Pipelines must be able to set policy tags, and the role must give nothing else."
  }

  assert {
    condition     = google_project_iam_member.dbt_tags_columns.role == "projects/mesh-dev/roles/columnTagger" && google_project_iam_member.dbt_tags_columns.member == "serviceAccount:dbt-runner@mesh-dev.iam.gserviceaccount.com"
    error_message = "dbt tags the columns of the warehouse."
  }

  assert {
    condition     = google_project_iam_member.registration_tags_columns.role == "projects/mesh-dev/roles/columnTagger" && google_project_iam_member.registration_tags_columns.member == "serviceAccount:table-registration@mesh-dev.iam.gserviceaccount.com"
    error_message = "Registration tags the columns of the landing zone."
  }

  assert {
    condition     = length(google_project_iam_member.registration_refreshes) == 0
    error_message = "Registration runs no jobs where there is no cache to refresh."
  }
}

run "lets_registration_refresh_a_cache" {
  command = plan

  variables {
    metadata_cache = true
  }

  assert {
    condition     = google_project_iam_member.registration_refreshes["roles/bigquery.jobUser"].member == "serviceAccount:table-registration@mesh-dev.iam.gserviceaccount.com"
    error_message = "Whoever refreshes cached metadata runs a job."
  }
}

run "keeps_terraform_out_of_cloud_run" {
  command = plan

  assert {
    condition     = !contains(keys(google_project_iam_member.apply), "roles/run.admin")
    error_message = "Terraform administers no Cloud Run where there is none."
  }
}

run "lets_terraform_make_jobs_of_cloud_run" {
  command = plan

  variables {
    cloud_run = true
  }

  assert {
    condition     = contains(keys(google_project_iam_member.apply), "roles/run.admin") && contains(keys(google_project_iam_member.plan), "roles/run.viewer")
    error_message = "Terraform must be able to make jobs, and to read them when planning."
  }
}

run "limits_what_apply_can_grant" {
  command = plan

  assert {
    condition     = strcontains(google_project_iam_member.apply_grants.condition[0].expression, "hasOnly") && !strcontains(google_project_iam_member.apply_grants.condition[0].expression, "roles/owner")
    error_message = "Apply may give the roles of the mesh and no other."
  }
}

run "refuses_names_for_ids" {
  command = plan

  variables {
    github = { owner_id = "mesh-health' || true || '", repository = "mesh-health/data-mesh", repository_id = "202" }
  }

  expect_failures = [var.github]
}

run "refuses_a_workspace_that_forges_a_subject" {
  command = plan

  variables {
    hcp_terraform = { organization = "mesh", project = "mesh", workspace = "mesh-dev:run_phase:apply" }
  }

  expect_failures = [var.hcp_terraform]
}
