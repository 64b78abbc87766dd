variable "alert_addresses" {
  description = "Mail addresses that receive alerts."
  type        = set(string)

  validation {
    condition     = length(var.alert_addresses) > 0
    error_message = "alert_addresses must name at least one address: an alert that nobody receives is none."
  }

  validation {
    condition     = alltrue([for address in var.alert_addresses : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "alert_addresses must be mail addresses, such as privacy-office@mesh.example."
  }
}

variable "cell" {
  description = "BigQuery region of the home cell, which the logs are kept in."
  type = object({
    bigquery_region = string
  })
}

variable "kms_key_id" {
  description = "Id of the key, in the same region, that the logs are encrypted with."
  type        = string
}

variable "labels" {
  description = "Labels of alerts and of the addresses that they go to."
  type        = map(string)
}

variable "locked" {
  description = "Whether the retention is locked. That is for good: nobody can shorten it or delete the logs, nor undo the lock."
  type        = bool
}

variable "mesh" {
  description = "Name of the mesh and of the environment, and the environment's GCP project."
  type = object({
    environment = string
    gcp_project = string
    name        = string
  })
}

variable "retention_days" {
  description = "Days that audit logs are kept."
  type        = number

  # 45 CFR 164.316(b)(2)(i) asks six years of documentation; this mesh keeps data and logs as long. Cloud Logging keeps
  # no more than ten.
  # https://cloud.google.com/logging/quotas#logs_retention_periods
  validation {
    condition     = var.retention_days >= 2192 && var.retention_days <= 3650
    error_message = "retention_days must lie between 2192, six years, and 3650, the most that Cloud Logging keeps."
  }
}
