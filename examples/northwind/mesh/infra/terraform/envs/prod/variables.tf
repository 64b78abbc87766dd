variable "alert_addresses" {
  description = "Mail addresses that receive alerts on the audit trail and on break-glass access."
  type        = set(string)

  validation {
    condition     = alltrue([for address in var.alert_addresses : can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", address))])
    error_message = "alert_addresses must hold mail addresses, such as privacy-office@northwind.example."
  }
}

variable "aws_account_id" {
  description = "AWS account of the environment. No other environment of the mesh may share it."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.aws_account_id)) && var.aws_account_id != "000000000000"
    error_message = "aws_account_id must be the 12 digits of the environment's AWS account, in quotes; 000000000000 is the placeholder to replace."
  }
}

variable "bigquery_connection_identities" {
  description = "Region -> Google identity of the BigQuery connection of that cell, the number that the connection shows as BigLake identity."
  type        = map(string)

  validation {
    condition     = alltrue([for identity in values(var.bigquery_connection_identities) : can(regex("^[0-9]{10,30}$", identity))])
    error_message = "bigquery_connection_identities must hold numeric identities, such as 108254112233445566778."
  }

  validation {
    condition     = alltrue([for region in ["us-east-1"] : contains(keys(var.bigquery_connection_identities), region)])
    error_message = "bigquery_connection_identities must have an entry for each of us-east-1."
  }
}

variable "break_glass_principals" {
  description = "ARNs of the IAM users of the account that may read landed data in an emergency."
  type        = list(string)
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

variable "noncurrent_days" {
  description = "Days that overwritten and deleted versions of landed objects are kept."
  type        = number

  validation {
    condition     = var.noncurrent_days >= 1 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days must be a whole number of at least 1."
  }
}

variable "owner" {
  description = "Team that owns what belongs to no domain, as a tag."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9 _.:/=+@-]{1,256}$", var.owner))
    error_message = "owner must be 1 to 256 characters that a tag may hold: letters, digits, spaces and _.:/=+@-."
  }
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
