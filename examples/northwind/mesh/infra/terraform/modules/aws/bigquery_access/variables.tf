variable "buckets" {
  description = "Domain -> name of the landing bucket that BigQuery may read."
  type        = map(string)

  # Ten managed policies can be attached to a role unless the quota is raised.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  validation {
    condition     = length(var.buckets) > 0 && length(var.buckets) <= 200
    error_message = "buckets must name 1 to 200 buckets: a role carries ten policies, and each holds 20 of them."
  }
}

variable "cell" {
  description = "Region of the landing zone."
  type = object({
    region = string
  })
}

variable "connection_identity" {
  description = "Google identity of the BigQuery connection of this cell: the number that the connection shows as BigLake identity."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{10,30}$", var.connection_identity))
    error_message = "connection_identity must be the numeric identity of the BigQuery connection, such as 108254112233445566778."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key that landed data is encrypted with."
  type        = string
}

variable "mesh" {
  description = "Name of the mesh and of the environment, and the environment's AWS account."
  type = object({
    aws_account_id = string
    environment    = string
    name           = string
  })
}

variable "permissions_boundary_arn" {
  description = "ARN of the boundary that every role of the mesh carries."
  type        = string
}
