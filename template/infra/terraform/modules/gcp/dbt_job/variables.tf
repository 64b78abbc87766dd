variable "cell" {
  description = "BigQuery region of the cell, and whether it is the home cell."
  type = object({
    bigquery_region = string
    home            = bool
  })
}

variable "composer_service_account" {
  description = "Mail address of the service account that Airflow runs as."
  type        = string
}

variable "dbt_service_account" {
  description = "Mail address of the service account that dbt runs as."
  type        = string
}

variable "image" {
  description = "Image of dbt, by its digest: <region>-docker.pkg.dev/<project>/<repository>/<name>@sha256:<digest>."
  type        = string

  # A tag could name another image tomorrow.
  validation {
    condition     = can(regex("^[a-z0-9-]+-docker\\.pkg\\.dev/${var.mesh.gcp_project}/[a-z0-9/_.-]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must lie in Artifact Registry of ${var.mesh.gcp_project} and be named by its digest: <region>-docker.pkg.dev/${var.mesh.gcp_project}/<repository>/<name>@sha256:<64 digits>."
  }
}

variable "kms_key_id" {
  description = "Id of the key, in the same region, that the job is encrypted with."
  type        = string
}

variable "labels" {
  description = "Labels of the job."
  type        = map(string)
}

variable "limits" {
  description = "CPUs and memory of an execution."
  type = object({
    cpu    = string
    memory = string
  })
  default = { cpu = "1", memory = "2Gi" }
}

variable "mesh" {
  description = "Name of the mesh and of the environment, and the environment's GCP project."
  type = object({
    environment = string
    gcp_project = string
    name        = string
  })
}

variable "network_id" {
  description = "Id of the network that executions run in."
  type        = string
}

variable "subnet_range" {
  description = "Address range of the subnet that executions take their addresses from."
  type        = string

  # https://cloud.google.com/run/docs/configuring/vpc-direct-vpc#ip-allocation
  validation {
    condition     = try(cidrhost(var.subnet_range, 0) == split("/", var.subnet_range)[0] && tonumber(split("/", var.subnet_range)[1]) <= 26, false)
    error_message = "subnet_range must be an IPv4 range of /26 or larger that begins at its network address, such as 10.64.1.0/26: Cloud Run takes no smaller one."
  }

  validation {
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.subnet_range))
    error_message = "subnet_range must be private: take it from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
  }
}

variable "terraform_service_accounts" {
  description = "Mail address of the service account that Terraform applies with."
  type = object({
    apply = string
  })
}
