variable "cell" {
  description = "AWS region of the landing zone, its BigQuery Omni location and the BigQuery region beside it."
  type = object({
    bigquery_region = string
    omni_location   = string
    region          = string
  })

  # https://cloud.google.com/bigquery/docs/omni-introduction#locations
  validation {
    condition = contains(
      [
        "aws-ap-northeast-2 asia-northeast3",
        "aws-ap-southeast-2 australia-southeast1",
        "aws-eu-central-1 europe-west3",
        "aws-eu-west-1 europe-west1",
        "aws-us-east-1 us-east4",
        "aws-us-west-2 us-west1",
      ],
      "${var.cell.omni_location} ${var.cell.bigquery_region}"
    )
    error_message = "cell must pair an Omni location with the BigQuery region beside it: data crosses from one to the other and to no third."
  }
}

variable "contracts" {
  description = "Domain -> title, owner, classification, reader groups and landing buckets of its contract, and whether it is retired."
  type = map(object({
    classification  = string
    landing_buckets = map(string)
    owner           = string
    owner_email     = string
    reader_groups   = list(string)
    retired         = optional(bool, false)
    title           = string
  }))

  # https://cloud.google.com/bigquery/docs/datasets#dataset-naming
  validation {
    condition     = alltrue([for domain in keys(var.contracts) : can(regex("^[a-z][a-z0-9_]{0,900}$", domain))])
    error_message = "contracts must be named with lower-case letters, digits and underscores: a dataset bears the name."
  }
}

variable "dbt_service_account" {
  description = "Service account that dbt runs as."
  type        = string
}

variable "kms_key_id" {
  description = "Key that curated data is encrypted with, in the BigQuery region."
  type        = string

  validation {
    condition     = can(regex("/locations/${var.cell.bigquery_region}/", var.kms_key_id))
    error_message = "kms_key_id must be a key in ${var.cell.bigquery_region}: a dataset takes a key of its own location only."
  }
}

variable "labels" {
  description = "Labels of the datasets."
  type        = map(string)
}

variable "mart_readers" {
  description = "Groups that read the marts and the code systems. Policy tags decide what they see in clear."
  type        = list(string)
}

variable "mesh" {
  description = "Name of the environment and its GCP project."
  type = object({
    environment = string
    gcp_project = string
  })
}

variable "registration_service_account" {
  description = "Service account that registers the external tables."
  type        = string
}
