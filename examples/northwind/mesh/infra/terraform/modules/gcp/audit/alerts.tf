# What must not go unnoticed. Alerts look at log entries themselves, not at metrics counted from them: a metric is known
# to Cloud Monitoring only some minutes after it is made, and an alert that names it earlier is refused. Attempts that
# were refused count as well.
# https://cloud.google.com/logging/docs/alerting/log-based-alerts
locals {
  public_members = "(\"allUsers\" OR \"allAuthenticatedUsers\")"

  # Lines of a filter are joined by AND, and OR binds closer than AND, hence the brackets.
  # https://cloud.google.com/logging/docs/view/logging-query-language
  alerts = {
    # https://cloud.google.com/iam/docs/audit-logging/audit-logging-pam
    break-glass = {
      description = "Somebody asked for or was given an emergency grant (Privileged Access Manager). Is there an emergency?"
      severity    = "CRITICAL"
      filter      = <<-EOT
        protoPayload.serviceName="privilegedaccessmanager.googleapis.com"
        protoPayload.methodName=~"\.PrivilegedAccessManager\.(ApproveGrant|CreateGrant)$"
      EOT
    }

    # Adding a member to a dataset is an update of the dataset.
    # https://cloud.google.com/bigquery/docs/reference/auditlogs/rest/Shared.Types/BigQueryAuditMetadata.DatasetChange.Reason
    dataset-access = {
      description = "A dataset was changed, perhaps who may read it. Was there a pull request?"
      severity    = "WARNING"
      filter      = <<-EOT
        protoPayload.serviceName="bigquery.googleapis.com"
        protoPayload.metadata.datasetChange.reason=("SET_IAM_POLICY" OR "UPDATE")
      EOT
    }

    # https://cloud.google.com/bigquery/docs/column-data-masking-audit-logging
    data-policies = {
      description = "A data policy was changed: who sees a column in clear, and who sees it masked. Was there a pull request?"
      severity    = "ERROR"
      filter      = <<-EOT
        protoPayload.serviceName="bigquerydatapolicy.googleapis.com"
        protoPayload.methodName=~"(^|\.)(Add|Create|Delete|Remove|Rename|Set|Update)[A-Za-z]+$"
      EOT
    }

    # https://cloud.google.com/data-catalog/docs/reference/rpc and
    # https://cloud.google.com/bigquery/docs/auditing-policy-tags
    policy-tags = {
      description = "A taxonomy, a policy tag or who may read past it was changed. Was there a pull request?"
      severity    = "ERROR"
      filter      = <<-EOT
        protoPayload.serviceName="datacatalog.googleapis.com"
        protoPayload.methodName=~"(^|\.)(Create|Delete|Import|Replace|Set|Update)[A-Za-z]+$"
      EOT
    }

    # Services tell of a grant in different places: as a difference, as the policy that was asked for, and BigQuery as
    # the dataset that came of it.
    # https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog and
    # https://cloud.google.com/bigquery/docs/reference/auditlogs/rest/Shared.Types/BigQueryAuditMetadata
    public-grants = {
      description = "Something was opened to the public. Close it, then find out what was read."
      severity    = "CRITICAL"
      filter      = <<-EOT
        (
          (
            protoPayload.serviceData.policyDelta.bindingDeltas.action="ADD"
            AND protoPayload.serviceData.policyDelta.bindingDeltas.member=${local.public_members}
          )
          OR protoPayload.request.policy.bindings.members=${local.public_members}
          OR protoPayload.metadata.datasetChange.dataset.acl.policy.bindings.members=${local.public_members}
          OR protoPayload.metadata.datasetCreation.dataset.acl.policy.bindings.members=${local.public_members}
        )
      EOT
    }

    # https://cloud.google.com/iam/docs/audit-logging
    service-account-keys = {
      description = "A key of a service account was made or uploaded. The mesh needs none."
      severity    = "CRITICAL"
      filter      = <<-EOT
        protoPayload.serviceName="iam.googleapis.com"
        protoPayload.methodName=("google.iam.admin.v1.CreateServiceAccountKey" OR "google.iam.admin.v1.UploadServiceAccountKey")
      EOT
    }

    # https://cloud.google.com/logging/docs/audit-logging and https://cloud.google.com/kms/docs/audit-logging
    tampering = {
      description = "A safeguard of the audit logs, an alert or a key was changed. Was there a pull request?"
      severity    = "CRITICAL"
      filter      = <<-EOT
        (
          protoPayload.methodName=~"\.ConfigServiceV2\.(Create|Delete|Undelete|Update)[A-Za-z]+$"
          OR protoPayload.methodName=~"\.LoggingServiceV2\.DeleteLog$"
          OR protoPayload.methodName=~"\.(AlertPolicyService|NotificationChannelService)\.(Delete|Update)[A-Za-z]+$"
          OR protoPayload.serviceData.policyDelta.auditConfigDeltas:*
          OR (
            protoPayload.serviceName="cloudkms.googleapis.com"
            AND protoPayload.methodName=~"(^|\.)(DestroyCryptoKeyVersion|UpdateCryptoKey|UpdateCryptoKeyVersion)$"
          )
        )
      EOT
    }
  }
}

resource "google_monitoring_notification_channel" "mail" {
  for_each = var.alert_addresses

  display_name = each.value
  labels       = { email_address = each.value }
  project      = var.mesh.gcp_project
  type         = "email"
  user_labels  = var.labels
}

resource "google_monitoring_alert_policy" "logged" {
  for_each = local.alerts

  combiner              = "OR"
  display_name          = "${local.name}-${each.key}"
  notification_channels = values(google_monitoring_notification_channel.mail)[*].name
  project               = var.mesh.gcp_project
  severity              = each.value.severity
  user_labels           = var.labels

  alert_strategy {
    auto_close = "86400s"

    notification_rate_limit {
      period = "300s"
    }
  }

  conditions {
    display_name = each.key

    condition_matched_log {
      filter = "logName:\"/logs/cloudaudit.googleapis.com\"\n${each.value.filter}"

      label_extractors = {
        method = "EXTRACT(protoPayload.methodName)"
        who    = "EXTRACT(protoPayload.authenticationInfo.principalEmail)"
      }
    }
  }

  documentation {
    content   = each.value.description
    mime_type = "text/markdown"
  }
}

# https://cloud.google.com/composer/docs/composer-3/monitor-environments
resource "google_monitoring_alert_policy" "failed_dag" {
  combiner              = "OR"
  display_name          = "${local.name}-failed-dag"
  notification_channels = values(google_monitoring_notification_channel.mail)[*].name
  project               = var.mesh.gcp_project
  severity              = "ERROR"
  user_labels           = var.labels

  alert_strategy {
    auto_close = "86400s"
  }

  conditions {
    display_name = "failed-dag"

    condition_threshold {
      comparison      = "COMPARISON_GT"
      duration        = "0s"
      filter          = "resource.type = \"cloud_composer_workflow\" AND metric.type = \"composer.googleapis.com/workflow/run_count\" AND metric.labels.state = \"failed\""
      threshold_value = 0

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_SUM"
      }
    }
  }

  documentation {
    content   = "The DAG $${resource.label.workflow_name} failed. Its logs in Airflow say why."
    mime_type = "text/markdown"
  }
}

# One per failed task, which names the owner: a run goes on with other domains after one failed. The DAGs write the line
# in clinical_mesh/alerts.py.
# https://cloud.google.com/composer/docs/composer-3/view-logs
resource "google_monitoring_alert_policy" "failed_task" {
  combiner              = "OR"
  display_name          = "${local.name}-failed-task"
  notification_channels = values(google_monitoring_notification_channel.mail)[*].name
  project               = var.mesh.gcp_project
  severity              = "ERROR"
  user_labels           = var.labels

  alert_strategy {
    auto_close = "86400s"

    notification_rate_limit {
      period = "300s"
    }
  }

  conditions {
    display_name = "failed-task"

    condition_matched_log {
      filter = <<-EOT
        resource.type="cloud_composer_environment"
        "clinical_mesh_alert"
      EOT

      label_extractors = {
        dag   = "REGEXP_EXTRACT(textPayload, \"\\\"dag\\\": \\\"([^\\\"]+)\\\"\")"
        owner = "REGEXP_EXTRACT(textPayload, \"\\\"owner\\\": \\\"([^\\\"]+)\\\"\")"
        task  = "REGEXP_EXTRACT(textPayload, \"\\\"task\\\": \\\"([^\\\"]+)\\\"\")"
      }
    }
  }

  documentation {
    content   = "The task $${log.extracted_label.task} of the DAG $${log.extracted_label.dag} failed; owner: $${log.extracted_label.owner}. Its log in Airflow says why."
    mime_type = "text/markdown"
  }
}
