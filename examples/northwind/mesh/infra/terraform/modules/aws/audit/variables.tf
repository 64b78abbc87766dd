variable "alert_addresses" {
  description = "Mail addresses that receive alerts."
  type        = set(string)
}

variable "break_glass_role_arn" {
  description = "ARN of the break-glass role, whose use raises an alert."
  type        = string
}

variable "cell" {
  description = "Region of the cell, whether it is home, and the regions whose landing data its trail records: its own and, at home, those that hold replicas only."
  type = object({
    audited_regions = list(string)
    home            = bool
    region          = string
  })
}

variable "kms_key_arn" {
  description = "ARN of the key of the audit trail and its alerts."
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

variable "object_lock" {
  description = "Default retention of the trail under Object Lock: mode GOVERNANCE or COMPLIANCE, and days. Null leaves it unlocked."
  type = object({
    mode = string
    days = number
  })
  default = null
}

variable "retention_days" {
  description = "Days that logs are kept."
  type        = number
}
