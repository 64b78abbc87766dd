variable "kms_key_arn" {
  description = "ARN of the key that objects are encrypted with by default. Needed for aws:kms."
  type        = string
  default     = null
}

variable "log_bucket" {
  description = "Bucket of the same region that receives the server access logs. Null for a bucket that receives logs itself."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of the bucket."
  type        = string

  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "name is no bucket name: use 3 to 63 lower-case letters, digits and hyphens, a letter or digit at each end."
  }
}

variable "noncurrent_days" {
  description = "Days that overwritten and deleted versions are kept."
  type        = number
  default     = 90

  validation {
    condition     = var.noncurrent_days >= 1
    error_message = "noncurrent_days must be at least 1."
  }
}

variable "object_lock" {
  description = "Default retention under Object Lock: mode GOVERNANCE or COMPLIANCE, and days. Null leaves objects unlocked."
  type = object({
    mode = string
    days = number
  })
  default = null

  validation {
    condition     = var.object_lock == null ? true : contains(["GOVERNANCE", "COMPLIANCE"], var.object_lock.mode)
    error_message = "object_lock.mode must be GOVERNANCE or COMPLIANCE."
  }

  validation {
    condition     = var.object_lock == null ? true : var.object_lock.days >= 1 && var.object_lock.days <= var.retention_days
    error_message = "object_lock.days must lie between 1 and retention_days: S3 cannot expire what is still locked."
  }
}

variable "policy_documents" {
  description = "Policy documents (JSON) whose statements are added to the bucket policy."
  type        = list(string)
  default     = []
}

variable "retention_days" {
  description = "Days that objects are kept."
  type        = number

  # 45 CFR 164.316(b)(2)(i) asks six years of documentation; this mesh keeps data and logs as long.
  validation {
    condition     = var.retention_days >= 2192
    error_message = "retention_days must be at least 2192, six years."
  }
}

variable "sse_algorithm" {
  description = "Default encryption: aws:kms, or AES256 where a service cannot deliver to a bucket with a key."
  type        = string
  default     = "aws:kms"

  validation {
    condition     = contains(["aws:kms", "AES256"], var.sse_algorithm)
    error_message = "sse_algorithm must be aws:kms or AES256."
  }
}

variable "tags" {
  description = "Tags of the bucket, beside the provider's default tags."
  type        = map(string)
  default     = {}
}

variable "transitions" {
  description = "Storage classes that objects move to, and after how many days."
  type = list(object({
    days          = number
    storage_class = string
  }))
  default = []

  # BigQuery reads in place, which only the classes with instant access allow.
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
  validation {
    condition = alltrue([
      for transition in var.transitions : contains(["STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"], transition.storage_class)
    ])
    error_message = "transitions may name STANDARD_IA, INTELLIGENT_TIERING and GLACIER_IR only: other classes need a restore before objects can be read."
  }

  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
  validation {
    condition     = alltrue([for transition in var.transitions : transition.days >= 30 && transition.days < var.retention_days])
    error_message = "transitions must come after 30 days or more and before retention_days."
  }
}
