variable "buckets" {
  description = "Domain -> name of the landing bucket that is replicated."
  type        = map(string)
}

variable "cell" {
  description = "Region of the landing zone and region of its replica."
  type = object({
    region         = string
    replica_region = string
  })

  validation {
    condition     = var.cell.region != var.cell.replica_region
    error_message = "cell.replica_region must differ from cell.region."
  }
}

variable "contracts" {
  description = "Domain -> owner, classification and retention of its contract."
  type = map(object({
    classification = string
    owner          = string
    retention_days = number
  }))
}

variable "landing_key_arn" {
  description = "ARN of the key that landed data is encrypted with."
  type        = string
}

variable "log_retention_days" {
  description = "Days that access logs of the replicas are kept."
  type        = number
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
