variable "airflow_web_ranges" {
  description = "Whose -> range of public addresses that may open Airflow's web server. IAM decides who of them gets in."
  type        = map(string)
}

variable "alert_addresses" {
  description = "Mail addresses that receive alerts on the audit trail and on break-glass access."
  type        = set(string)

  validation {
    condition     = alltrue([for address in var.alert_addresses : can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", address))])
    error_message = "alert_addresses must hold mail addresses, such as privacy-office@northwind.example."
  }
}

variable "audit_logs_locked" {
  description = "Whether the retention of Google Cloud's audit logs is locked. That is for good: nobody can shorten it, delete the logs or undo the lock."
  type        = bool
}

variable "aws_account_id" {
  description = "AWS account of the environment. No other environment of the mesh may share it."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.aws_account_id)) && var.aws_account_id != "000000000000"
    error_message = "aws_account_id must be the 12 digits of the environment's AWS account, in quotes; 000000000000 is the placeholder to replace."
  }
}

variable "break_glass_principals" {
  description = "ARNs of the IAM users of the account that may read landed data in an emergency."
  type        = list(string)
}

variable "composer_image" {
  description = "Image of Cloud Composer, down to its build. Within a line of Airflow it can be moved forward in place, not from 2 to 3."
  type        = string

  # https://cloud.google.com/composer/docs/composer-3/migrate-airflow-3
  validation {
    condition     = startswith(var.composer_image, "composer-3-airflow-3.3.")
    error_message = "composer_image must be a build of Airflow 3.3, the line that the DAGs are locked to: composer-3-airflow-3.3.<patch>-build.<number>."
  }
}

variable "composer_size" {
  description = "Size of Composer's managed infrastructure: ENVIRONMENT_SIZE_SMALL, ENVIRONMENT_SIZE_MEDIUM or ENVIRONMENT_SIZE_LARGE."
  type        = string
}

variable "cost_center" {
  description = "Cost center that pays for the environment, as a tag."
  type        = string

  # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
  validation {
    condition     = can(regex("^[A-Za-z0-9 _.:/=+@-]{1,256}$", var.cost_center))
    error_message = "cost_center must be 1 to 256 characters that a tag may hold: letters, digits, spaces and _.:/=+@-."
  }
}

variable "enforced_policies" {
  description = "Organization policies that Terraform enforces on the project. Needs rights on the organization; leave out what the organization enforces already."
  type        = set(string)
}

variable "gcp_project" {
  description = "GCP project of the environment. No other environment of the mesh may share it."
  type        = string

  # https://cloud.google.com/resource-manager/docs/creating-managing-projects
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.gcp_project))
    error_message = "gcp_project must be a project id: 6 to 30 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "github" {
  description = "GitHub repository of the mesh: owner/name, and the numeric ids of both."
  type = object({
    owner_id      = string
    repository    = string
    repository_id = string
  })

  validation {
    condition     = can(regex("^[1-9][0-9]*$", var.github.owner_id)) && can(regex("^[1-9][0-9]*$", var.github.repository_id))
    error_message = "github.owner_id and github.repository_id must be numeric ids: https://api.github.com/repos/${var.github.repository} shows them as owner.id and id."
  }
}

variable "landing_max_staleness_minutes" {
  description = "Minutes that BigQuery may go by cached metadata of landed files, which saves listing and opening them; 0 caches none. The cache holds the smallest and largest values of columns, and over S3 no key of a customer can encrypt it: leave it at 0 where that is not accepted."
  type        = number
  default     = 0

  # https://cloud.google.com/bigquery/docs/biglake-intro#metadata_caching_for_performance
  validation {
    condition = (
      floor(var.landing_max_staleness_minutes) == var.landing_max_staleness_minutes &&
      (var.landing_max_staleness_minutes == 0 || (var.landing_max_staleness_minutes >= 30 && var.landing_max_staleness_minutes <= 10080))
    )
    error_message = "landing_max_staleness_minutes must be 0, for no cache, or a whole number from 30 to 10080, seven days: BigQuery takes no other staleness."
  }
}

variable "landing_object_lock" {
  description = "Default retention of landed objects under Object Lock: mode GOVERNANCE or COMPLIANCE, and days. Null leaves them unlocked."
  type = object({
    mode = string
    days = number
  })

  validation {
    condition     = var.landing_object_lock == null ? true : contains(["GOVERNANCE", "COMPLIANCE"], var.landing_object_lock.mode) && var.landing_object_lock.days >= 1
    error_message = "landing_object_lock must be null or {mode, days} with mode GOVERNANCE or COMPLIANCE and at least 1 day."
  }
}

variable "log_retention_days" {
  description = "Days that access logs, the audit trail and recorded configuration are kept."
  type        = number

  validation {
    condition     = var.log_retention_days >= 2192 && floor(var.log_retention_days) == var.log_retention_days
    error_message = "log_retention_days must be a whole number of at least 2192, six years (45 CFR 164.316(b)(2)(i))."
  }
}

variable "mart_readers" {
  description = "Groups that read the marts and the code systems."
  type        = list(string)

  validation {
    condition     = alltrue([for group in var.mart_readers : can(regex("^[^@ :]+@[^@ ]+[.][^@ ]+$", group))])
    error_message = "mart_readers must hold the mail addresses of groups, such as northwind-analysts@northwind.example, without a prefix."
  }
}

variable "noncurrent_days" {
  description = "Days that overwritten and deleted versions of landed objects are kept."
  type        = number

  validation {
    condition     = var.noncurrent_days >= 1 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days must be a whole number of at least 1."
  }
}

variable "omni_slots" {
  description = "Slots that are reserved in each Omni location, in steps of 50. Null runs queries on demand."
  type        = number
}

variable "owner" {
  description = "Team that owns what belongs to no domain, as a tag."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9 _.:/=+@-]{1,256}$", var.owner))
    error_message = "owner must be 1 to 256 characters that a tag may hold: letters, digits, spaces and _.:/=+@-."
  }
}

variable "rehearsals" {
  description = "Whether dbt may build what pull requests change here: their code runs as dbt before it is merged, and reads the environment's data."
  type        = bool
}

variable "trail_object_lock" {
  description = "Default retention of the audit trail under Object Lock: mode GOVERNANCE or COMPLIANCE, and days. Null leaves it unlocked."
  type = object({
    mode = string
    days = number
  })

  validation {
    condition     = var.trail_object_lock == null ? true : contains(["GOVERNANCE", "COMPLIANCE"], var.trail_object_lock.mode) && var.trail_object_lock.days >= 1 && var.trail_object_lock.days <= var.log_retention_days
    error_message = "trail_object_lock must be null or {mode, days} with mode GOVERNANCE or COMPLIANCE and 1 to log_retention_days days."
  }
}
