variable "bigquery_role_arn" {
  description = "ARN of the role that the BigQuery connection of this cell assumes."
  type        = string
}

variable "cell" {
  description = "Region of the landing zone, and the VPC that BigQuery Omni reads it from."
  type = object({
    omni_vpc_id = string
    region      = string
  })
}

variable "contracts" {
  description = "Domain -> owner, classification, retention and landing buckets of its contract, and whether it is retired."
  type = map(object({
    classification  = string
    landing_buckets = map(string)
    owner           = string
    retention_days  = number
    retired         = optional(bool, false)
  }))

  validation {
    condition = alltrue([
      for contract in values(var.contracts) :
      contract.retired || contains(keys(contract.landing_buckets), "${var.mesh.environment}-${var.cell.region}-landing")
    ])
    error_message = "No server ${var.mesh.environment}-${var.cell.region}-landing in ${join(", ", [
      for domain, contract in var.contracts : "contracts/${domain}.odcs.yaml"
      if !contract.retired && !contains(keys(contract.landing_buckets), "${var.mesh.environment}-${var.cell.region}-landing")
    ])}: add the s3 server that says which bucket the domain lands in."
  }

  # Other rules of the mesh, such as what CloudTrail watches, rest on this prefix.
  validation {
    condition = alltrue(flatten([
      for contract in values(var.contracts) : [
        for server, bucket in contract.landing_buckets :
        startswith(bucket, "${var.mesh.name}-${var.mesh.environment}-${var.cell.region}-")
        if server == "${var.mesh.environment}-${var.cell.region}-landing"
      ]
    ]))
    error_message = "Landing buckets of this cell must begin with ${var.mesh.name}-${var.mesh.environment}-${var.cell.region}-: mend the location of the server in contracts/."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key that landed data is encrypted with."
  type        = string
}

variable "log_bucket" {
  description = "Bucket of the same region that receives the server access logs."
  type        = string
}

variable "mesh" {
  description = "Name of the mesh and of the environment."
  type = object({
    environment = string
    name        = string
  })
}

variable "noncurrent_days" {
  description = "Days that overwritten and deleted versions are kept."
  type        = number
  default     = 90
}

variable "object_lock" {
  description = "Default retention of landed objects under Object Lock: mode GOVERNANCE or COMPLIANCE, and days. Null leaves them unlocked."
  type = object({
    mode = string
    days = number
  })
  default = null
}
