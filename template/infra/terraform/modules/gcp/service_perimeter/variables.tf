variable "access_levels" {
  description = "Access levels that let people in, such as the addresses of the hospital's network: accessPolicies/<number>/accessLevels/<name>."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for level in var.access_levels : startswith(level, "accessPolicies/${var.access_policy}/accessLevels/")])
    error_message = "access_levels must belong to the same policy: accessPolicies/${var.access_policy}/accessLevels/<name>."
  }
}

variable "access_policy" {
  description = "Number of the organization's access policy. gcloud access-context-manager policies list shows it."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.access_policy))
    error_message = "access_policy must be the number alone, without accessPolicies/."
  }
}

variable "delivery_identities" {
  description = "Who delivers from outside: service accounts, and the principals of the workload identity pool that borrow them."
  type        = set(string)

  # A rule without identities would let nobody in, and a person is let in by an access level.
  validation {
    condition = length(var.delivery_identities) > 0 && alltrue([
      for identity in var.delivery_identities : can(regex("^(serviceAccount:.+\\.gserviceaccount\\.com|principal(Set)?://iam\\.googleapis\\.com/projects/.+)$", identity))
    ])
    error_message = "delivery_identities must hold at least one identity, serviceAccount:<mail address>, principal://iam.googleapis.com/projects/... or principalSet://iam.googleapis.com/projects/..., and no people."
  }
}

variable "dry_run" {
  description = "Whether the perimeter is on trial: violations are logged and nothing is refused. Put it in force once a few weeks of logs show none that is meant."
  type        = bool
  default     = true
}

variable "landing_buckets" {
  description = "Names of the S3 buckets that BigQuery Omni may read."
  type        = set(string)

  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  validation {
    condition = length(var.landing_buckets) > 0 && alltrue([
      for bucket in var.landing_buckets : can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", bucket))
    ])
    error_message = "landing_buckets must hold at least one name of a bucket, without s3:// and path."
  }
}

variable "mesh" {
  description = "Name of the mesh and of the environment, and number of the environment's GCP project."
  type = object({
    environment        = string
    gcp_project_number = string
    name               = string
  })
}

variable "other_services" {
  description = "Services to protect beside those of the warehouse and of Composer, such as run.googleapis.com."
  type        = set(string)
  default     = []
}
