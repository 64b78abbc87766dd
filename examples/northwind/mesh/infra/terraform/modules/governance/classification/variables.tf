variable "clear_readers" {
  description = "Groups that read every column in clear."
  type        = list(string)
}

variable "dbt_service_account" {
  description = "Service account that dbt runs as."
  type        = string
}

variable "location" {
  description = "BigQuery location of the tables whose columns are tagged: a region, or aws- and a region for BigQuery Omni."
  type        = string
}

variable "masked_readers" {
  description = "Groups that read identifiers masked."
  type        = list(string)
}

variable "mesh" {
  description = "Name of the mesh and of the environment, and the environment's GCP project."
  type = object({
    environment = string
    gcp_project = string
    name        = string
  })
}

variable "policy_tags" {
  description = "Policy tag -> class of its columns, and how they are masked. Null masks nothing."
  type = map(object({
    classification = string
    masking        = string
  }))

  # The masks that BigQuery predefines and the contracts may name.
  # https://cloud.google.com/bigquery/docs/column-data-masking-intro#masking_options
  validation {
    condition = alltrue([
      for tag in values(var.policy_tags) : tag.masking == null ? true : contains([
        "always_null",
        "date_year_mask",
        "default_masking_value",
        "email_mask",
        "first_four_characters",
        "last_four_characters",
        "sha256",
      ], tag.masking)
    ])
    error_message = "policy_tags may be masked as always_null, date_year_mask, default_masking_value, email_mask, first_four_characters, last_four_characters or sha256: mend the masking of the column in contracts/."
  }

  # https://cloud.google.com/bigquery/docs/column-level-security-intro: identifiers must not be left unmasked.
  validation {
    condition = alltrue([
      for tag in values(var.policy_tags) : tag.masking != null if contains(["direct_identifier", "quasi_identifier"], tag.classification)
    ])
    error_message = "policy_tags of identifiers must have a mask: give the column a masking in contracts/."
  }
}
