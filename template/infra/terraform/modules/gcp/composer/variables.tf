variable "airflow_variables" {
  description = "Airflow variables beside PACKAGE_INDEX, which the module sets: name -> value. They are no secrets; those belong in Secret Manager as airflow-variables-<name>."
  type        = map(string)

  # Airflow reads AIRFLOW_VAR_<NAME> and looks for the name in upper case.
  # https://airflow.apache.org/docs/apache-airflow/stable/howto/variable.html
  validation {
    condition     = alltrue([for name in keys(var.airflow_variables) : can(regex("^[A-Z][A-Z0-9_]*$", name))])
    error_message = "airflow_variables must have names of upper-case letters, digits and underscores: Airflow finds no other name in its surroundings."
  }
}

variable "borrowed_service_accounts" {
  description = "Use -> mail address of a service account that DAGs borrow (impersonate) for it."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for address in values(var.borrowed_service_accounts) : endswith(address, "@${var.mesh.gcp_project}.iam.gserviceaccount.com")
    ])
    error_message = "borrowed_service_accounts must be accounts of the environment's own project, ${var.mesh.gcp_project}."
  }
}

variable "cell" {
  description = "BigQuery region of the home cell, which the environment lies in."
  type = object({
    bigquery_region = string
  })
}

variable "deployment_service_account" {
  description = "Mail address of the service account that brings DAGs into the environment's bucket."
  type        = string
}

variable "environment_size" {
  description = "Size of the managed infrastructure: ENVIRONMENT_SIZE_SMALL, ENVIRONMENT_SIZE_MEDIUM or ENVIRONMENT_SIZE_LARGE."
  type        = string
  default     = "ENVIRONMENT_SIZE_SMALL"

  validation {
    condition     = contains(["ENVIRONMENT_SIZE_SMALL", "ENVIRONMENT_SIZE_MEDIUM", "ENVIRONMENT_SIZE_LARGE"], var.environment_size)
    error_message = "environment_size must be ENVIRONMENT_SIZE_SMALL, ENVIRONMENT_SIZE_MEDIUM or ENVIRONMENT_SIZE_LARGE."
  }
}

variable "image_version" {
  description = "Image of Composer 3, down to its build: composer-3-airflow-<version>-build.<number>."
  type        = string

  # An alias such as composer-3-airflow-2 would be another version tomorrow.
  validation {
    condition     = can(regex("^composer-3-airflow-[0-9]+\\.[0-9]+\\.[0-9]+-build\\.[0-9]+$", var.image_version))
    error_message = "image_version must name a build of Composer 3, such as composer-3-airflow-2.11.1-build.14: see https://cloud.google.com/composer/docs/composer-versions."
  }
}

variable "kms_key_id" {
  description = "Id of the key, in the same region, that Composer, its buckets and its packages are encrypted with."
  type        = string
}

variable "labels" {
  description = "Labels of the environment, its buckets and its packages."
  type        = map(string)
}

variable "maintenance_window" {
  description = "When Google may upgrade the environment: days of the week, first hour (UTC) and hours."
  type = object({
    days       = list(string)
    hours      = number
    start_hour = number
  })
  default = { days = ["SA", "SU"], hours = 6, start_hour = 12 }

  validation {
    condition = (
      alltrue([for day in var.maintenance_window.days : contains(["MO", "TU", "WE", "TH", "FR", "SA", "SU"], day)]) &&
      length(distinct(var.maintenance_window.days)) == length(var.maintenance_window.days)
    )
    error_message = "maintenance_window.days may name MO, TU, WE, TH, FR, SA and SU, each once."
  }

  # https://cloud.google.com/composer/docs/composer-3/specify-maintenance-windows
  validation {
    condition     = length(var.maintenance_window.days) * var.maintenance_window.hours >= 12
    error_message = "maintenance_window must add up to 12 hours a week or more: name more days or more hours."
  }

  validation {
    condition = (
      contains(range(4, 25), var.maintenance_window.hours) &&
      contains(range(24), var.maintenance_window.start_hour)
    )
    error_message = "maintenance_window.hours must lie between 4 and 24, start_hour between 0 and 23, both whole."
  }
}

variable "mesh" {
  description = "Name of the mesh and of the environment, and id and number of the environment's GCP project."
  type = object({
    environment        = string
    gcp_project        = string
    gcp_project_number = string
    name               = string
  })
}

variable "network_id" {
  description = "Id of the network that the environment attaches to."
  type        = string
}

variable "pypi_packages" {
  description = "Packages to install beside those of the image: name -> extras and exact version, such as \"==1.15.1\"."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for version in values(var.pypi_packages) : can(regex("^(\\[[a-z0-9_,-]+\\])?==[0-9][A-Za-z0-9.+!]*$", version))])
    error_message = "pypi_packages must name exact versions, such as \"==1.15.1\": what is not pinned changes with each build."
  }
}

variable "run_history_days" {
  description = "Days that the database of Airflow remembers runs."
  type        = number
  default     = 365

  # https://cloud.google.com/composer/docs/composer-3/configure-db-retention
  validation {
    condition     = var.run_history_days >= 30 && var.run_history_days <= 730
    error_message = "run_history_days must lie between 30 and 730, the most that Composer keeps."
  }
}

variable "snapshot_days" {
  description = "Days that snapshots of the environment are kept."
  type        = number
  default     = 35

  validation {
    condition     = var.snapshot_days >= 7
    error_message = "snapshot_days must be at least 7: what broke on a Friday is often found on the Monday after."
  }
}

variable "subnetwork_id" {
  description = "Id of the subnet that the environment attaches to."
  type        = string
}

variable "terraform_service_accounts" {
  description = "Mail addresses of the service accounts that Terraform plans and applies with."
  type = object({
    apply = string
    plan  = string
  })
}

variable "web_server_ranges" {
  description = "Whose -> range of public addresses that may open Airflow's web server. IAM decides who of them gets in."
  type        = map(string)

  validation {
    condition     = length(var.web_server_ranges) > 0
    error_message = "web_server_ranges must name at least one range: an empty list would open the web server to every address."
  }

  validation {
    condition     = alltrue([for range in values(var.web_server_ranges) : can(cidrnetmask(range)) && !endswith(range, "/0")])
    error_message = "web_server_ranges must be IPv4 ranges, such as 203.0.113.0/24, and no range may hold every address."
  }

  # https://cloud.google.com/composer/docs/composer-3/create-environments
  validation {
    condition = alltrue([
      for range in values(var.web_server_ranges) : !can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", range))
    ])
    error_message = "web_server_ranges must be public: the web server never sees private addresses. Name the addresses that your network leaves by."
  }
}

variable "workloads" {
  description = "Resources of Airflow's components: count, CPUs, memory and storage in GB. Workers scale between min_count and max_count."
  type = object({
    dag_processor = optional(object({ count = number, cpu = number, memory_gb = number, storage_gb = number }), { count = 1, cpu = 1, memory_gb = 4, storage_gb = 1 })
    scheduler     = optional(object({ count = number, cpu = number, memory_gb = number, storage_gb = number }), { count = 1, cpu = 1, memory_gb = 2, storage_gb = 1 })
    triggerer     = optional(object({ count = number, cpu = number, memory_gb = number }), { count = 1, cpu = 1, memory_gb = 2 })
    web_server    = optional(object({ cpu = number, memory_gb = number, storage_gb = number }), { cpu = 1, memory_gb = 4, storage_gb = 1 })
    worker        = optional(object({ cpu = number, max_count = number, memory_gb = number, min_count = number, storage_gb = number }), { cpu = 1, max_count = 3, memory_gb = 4, min_count = 1, storage_gb = 10 })
  })
  default = {}

  # Operators that wait do so in the triggerer.
  validation {
    condition     = var.workloads.triggerer.count >= 1
    error_message = "workloads.triggerer.count must be at least 1: deferred tasks would wait for ever."
  }

  # https://cloud.google.com/composer/docs/composer-versions
  validation {
    condition     = var.workloads.web_server.memory_gb >= 3
    error_message = "workloads.web_server.memory_gb must be at least 3, the least that current images start with."
  }

  validation {
    condition     = var.workloads.worker.min_count >= 1 && var.workloads.worker.min_count <= var.workloads.worker.max_count
    error_message = "workloads.worker.min_count must lie between 1 and max_count."
  }
}
