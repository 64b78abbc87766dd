variable "cell" {
  description = "BigQuery region of the home cell, which the images lie in."
  type = object({
    bigquery_region = string
  })
}

variable "kms_key_id" {
  description = "Id of the key, in the same region, that the images are encrypted with."
  type        = string
}

variable "labels" {
  description = "Labels of the repository."
  type        = map(string)
}

variable "mesh" {
  description = "GCP project of the environment."
  type = object({
    gcp_project = string
  })
}

variable "readers" {
  description = "Who -> mail address of a service account that pulls images."
  type        = map(string)

  validation {
    condition     = alltrue([for reader in values(var.readers) : endswith(reader, ".gserviceaccount.com")])
    error_message = "readers may hold service accounts only, mail addresses that end in .gserviceaccount.com."
  }
}
