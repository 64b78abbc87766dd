variable "cell" {
  description = "BigQuery region of the home cell, which the subnet lies in."
  type = object({
    bigquery_region = string
  })
}

variable "labels" {
  description = "Labels of the DNS zones."
  type        = map(string)
}

variable "mesh" {
  description = "Name of the mesh and of the environment, and the environment's GCP project."
  type = object({
    environment = string
    gcp_project = string
    name        = string
  })
}

variable "subnet_range" {
  description = "Address range of the subnet. Composer takes four addresses of it."
  type        = string
  default     = "10.64.0.0/26"

  validation {
    condition     = can(cidrnetmask(var.subnet_range)) && try(cidrhost(var.subnet_range, 0) == split("/", var.subnet_range)[0], false)
    error_message = "subnet_range must be an IPv4 range that begins at its network address, such as 10.64.0.0/26."
  }

  # Composer keeps 100.64.128.0/20 for itself. Private ranges cannot overlap with it.
  # https://cloud.google.com/composer/docs/composer-3/connect-vpc-network
  validation {
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.subnet_range))
    error_message = "subnet_range must be private: take it from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
  }

  # Google keeps four addresses of each range.
  # https://cloud.google.com/vpc/docs/subnets#unusable-ip-addresses-in-every-subnet
  validation {
    condition     = try(tonumber(split("/", var.subnet_range)[1]) >= 16 && tonumber(split("/", var.subnet_range)[1]) <= 28, false)
    error_message = "subnet_range must have a prefix between /16 and /28: Google and Composer take eight addresses, and nothing else lives here."
  }
}
