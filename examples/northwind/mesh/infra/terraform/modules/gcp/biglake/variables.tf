variable "bigquery_role_arn" {
  description = "ARN of the AWS role that the connection assumes. A string that is known before the role exists."
  type        = string

  validation {
    condition     = can(regex("^arn:aws:iam::[0-9]{12}:role/", var.bigquery_role_arn))
    error_message = "bigquery_role_arn must be the ARN of an IAM role, such as arn:aws:iam::123456789012:role/mesh-dev-us-east-1-bigquery."
  }
}

variable "cell" {
  description = "AWS region of the landing zone and its BigQuery Omni location."
  type = object({
    omni_location = string
    region        = string
  })

  validation {
    condition     = var.cell.omni_location == "aws-${var.cell.region}"
    error_message = "cell.omni_location must be aws- and the AWS region: bucket, connection and dataset share one region."
  }
}

variable "delegate_role" {
  description = "Role that may use the connection and hand it on to a table."
  type        = string
}

variable "mesh" {
  description = "Name of the mesh and of the environment, and the environment's GCP project."
  type = object({
    environment = string
    gcp_project = string
    name        = string
  })
}

variable "omni_slots" {
  description = "Slots that are reserved in the Omni location, in steps of 50. Null runs queries on demand."
  type        = number
  default     = null

  validation {
    condition     = var.omni_slots == null ? true : var.omni_slots > 0 && var.omni_slots % 50 == 0
    error_message = "omni_slots must be null or a multiple of 50."
  }
}

variable "ready_role_arn" {
  description = "ARN of the same role, given once its policies are attached."
  type        = string
}

variable "registration_service_account" {
  description = "Service account that registers the external tables, the only one that may delegate the connection."
  type        = string
}

variable "users" {
  description = "Who uses the connection -> service account."
  type        = map(string)
}
