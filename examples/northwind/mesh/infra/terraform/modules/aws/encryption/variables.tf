variable "cell" {
  description = "Region of the keys."
  type = object({
    region = string
  })
}

variable "mesh" {
  description = "Name of the mesh and of the environment, and the environment's AWS account."
  type = object({
    aws_account_id = string
    environment    = string
    name           = string
  })
}

variable "scanner_role_arns" {
  description = "ARNs of service-linked roles that scan landed data, such as Macie's."
  type        = list(string)
  default     = []
}

variable "trail_arn" {
  description = "ARN of the cell's CloudTrail trail."
  type        = string
}
