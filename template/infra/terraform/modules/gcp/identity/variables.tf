variable "cloud_run" {
  description = "Whether dbt runs in Cloud Run, whose jobs Terraform then makes."
  type        = bool
  default     = false
}

variable "github" {
  description = "GitHub repository of the mesh: owner/name, and the numeric ids of both (https://api.github.com/repos/<owner>/<name> shows id and owner.id)."
  type = object({
    owner_id      = string
    repository    = string
    repository_id = string
  })

  # They become part of a condition in CEL.
  validation {
    condition     = can(regex("^[0-9]+$", var.github.owner_id)) && can(regex("^[0-9]+$", var.github.repository_id))
    error_message = "github.owner_id and github.repository_id must be numeric ids."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github.repository))
    error_message = "github.repository must be owner/name."
  }
}

variable "hcp_terraform" {
  description = "HCP Terraform organization, project and workspace of this environment."
  type = object({
    organization = string
    project      = string
    workspace    = string
  })

  # The subject of a token joins them with colons, and the condition quotes them.
  validation {
    condition     = alltrue([for name in values(var.hcp_terraform) : can(regex("^[A-Za-z0-9 _-]+$", name))])
    error_message = "hcp_terraform may hold letters, digits, spaces, hyphens and underscores only."
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

variable "metadata_cache" {
  description = "Whether BigQuery caches metadata of the external tables, which the registration of tables then refreshes."
  type        = bool
  default     = false
}

variable "rehearsals" {
  description = "Whether workflows of pull requests may run dbt here, in the GitHub environment <environment>-rehearsal."
  type        = bool
  default     = false
}
