variable "audit_key_arn" {
  description = "ARN of the key that recorded configuration is encrypted with."
  type        = string
}

variable "buckets" {
  description = "Domain -> name of the landing bucket that is scanned for malware."
  type        = map(string)
}

variable "cell" {
  description = "Region of the cell, and whether it is home: rules on the account and its identities stand there only."
  type = object({
    home   = bool
    region = string
  })
}

variable "landing_key_arn" {
  description = "ARN of the key that landed data is encrypted with."
  type        = string
}

variable "log_bucket" {
  description = "Bucket of the same region that receives the server access logs."
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

variable "retention_days" {
  description = "Days that recorded configuration is kept."
  type        = number
}
