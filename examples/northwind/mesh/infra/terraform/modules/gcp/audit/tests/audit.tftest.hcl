mock_provider "google" {
  override_during = plan

  mock_resource "google_logging_project_bucket_config" {
    defaults = { id = "projects/mesh-dev/locations/us-east4/buckets/mesh-dev-audit" }
  }

  mock_resource "google_monitoring_notification_channel" {
    defaults = { name = "projects/mesh-dev/notificationChannels/1234567890" }
  }
}

variables {
  alert_addresses = ["privacy-office@mesh.example", "security@mesh.example"]
  cell            = { bigquery_region = "us-east4" }
  kms_key_id      = "projects/mesh-dev/locations/us-east4/keyRings/mesh-dev/cryptoKeys/audit"
  labels          = { environment = "dev" }
  locked          = true
  mesh            = { environment = "dev", gcp_project = "mesh-dev", name = "mesh" }
  retention_days  = 2192
}

run "records_reads_and_writes" {
  command = plan

  assert {
    condition     = google_project_iam_audit_config.all.service == "allServices"
    error_message = "Every service must be audited."
  }

  assert {
    condition     = toset([for config in google_project_iam_audit_config.all.audit_log_config : config.log_type]) == toset(["ADMIN_READ", "DATA_READ", "DATA_WRITE"])
    error_message = "Reads of configuration, reads and writes of data must all be recorded."
  }

  assert {
    condition     = alltrue([for config in google_project_iam_audit_config.all.audit_log_config : length(coalesce(config.exempted_members, [])) == 0])
    error_message = "Nobody may be exempt."
  }
}

run "keeps_logs_where_and_as_long_as_told" {
  command = plan

  assert {
    condition     = google_logging_project_bucket_config.audit.retention_days == 2192 && google_logging_project_bucket_config.audit.locked
    error_message = "Logs must be kept as long as told, and locked."
  }

  assert {
    condition     = google_logging_project_bucket_config.audit.location == "us-east4" && google_logging_project_bucket_config.audit.cmek_settings[0].kms_key_name == var.kms_key_id
    error_message = "Logs must stay in the home region, under the mesh's key."
  }

  assert {
    condition     = google_logging_project_bucket_config.audit.enable_analytics
    error_message = "Logs must be open to queries."
  }

  assert {
    condition     = google_logging_project_sink.audit.destination == "logging.googleapis.com/projects/mesh-dev/locations/us-east4/buckets/mesh-dev-audit"
    error_message = "The sink must lead into the bucket."
  }

  assert {
    condition     = google_logging_project_sink.audit.filter == "logName:\"/logs/cloudaudit.googleapis.com\"" && length(google_logging_project_sink.audit.exclusions) == 0
    error_message = "The sink must take all audit logs, without exception."
  }
}

run "leaves_the_bucket_unlocked_where_told" {
  command = plan

  variables {
    locked = false
  }

  assert {
    condition     = !google_logging_project_bucket_config.audit.locked
    error_message = "The lock must be what the environment says."
  }
}

run "alerts_everybody" {
  command = plan

  assert {
    condition     = keys(google_monitoring_notification_channel.mail) == ["privacy-office@mesh.example", "security@mesh.example"]
    error_message = "Every address must have a channel."
  }

  assert {
    condition = alltrue([
      for policy in concat(values(google_monitoring_alert_policy.logged), [google_monitoring_alert_policy.failed_dag, google_monitoring_alert_policy.failed_task]) :
      length(policy.notification_channels) == 2
    ])
    error_message = "Every alert must go to every address."
  }
}

run "alerts_on_what_must_not_go_unnoticed" {
  command = plan

  assert {
    condition = keys(google_monitoring_alert_policy.logged) == [
      "break-glass", "data-policies", "dataset-access", "policy-tags", "public-grants", "service-account-keys", "tampering"
    ]
    error_message = "Each of these must raise an alert."
  }

  assert {
    condition = alltrue([
      for policy in values(google_monitoring_alert_policy.logged) :
      startswith(policy.conditions[0].condition_matched_log[0].filter, "logName:\"/logs/cloudaudit.googleapis.com\"\n")
    ])
    error_message = "Alerts must look at audit logs alone: anybody may write other logs."
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.logged["public-grants"].conditions[0].condition_matched_log[0].filter, "(\"allUsers\" OR \"allAuthenticatedUsers\")")
    error_message = "Grants to the public must raise an alert."
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.logged["tampering"].conditions[0].condition_matched_log[0].filter, "\\.ConfigServiceV2\\.")
    error_message = "Changes of sinks and log buckets must raise an alert."
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.failed_dag.conditions[0].condition_threshold[0].filter, "metric.labels.state = \"failed\"")
    error_message = "A failed DAG must raise an alert."
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.failed_task.conditions[0].condition_matched_log[0].filter, "\n\"clinical_mesh_alert\"\n")
    error_message = "A failed task must raise an alert, by the word that the DAGs write."
  }
}

run "refuses_alerts_without_an_address" {
  command = plan

  variables {
    alert_addresses = []
  }

  expect_failures = [var.alert_addresses]
}

run "refuses_what_is_no_address" {
  command = plan

  variables {
    alert_addresses = ["privacy office"]
  }

  expect_failures = [var.alert_addresses]
}

run "refuses_less_than_six_years" {
  command = plan

  variables {
    retention_days = 400
  }

  expect_failures = [var.retention_days]
}

run "refuses_more_than_cloud_logging_keeps" {
  command = plan

  variables {
    retention_days = 3653
  }

  expect_failures = [var.retention_days]
}
