variable "agents" {
  description = "Name of a key -> name of a service agent -> its mail address. These alone encrypt and decrypt with the key."
  type        = map(map(string))

  validation {
    condition = alltrue([
      for agent in flatten([for agents in values(var.agents) : values(agents)]) : endswith(agent, ".gserviceaccount.com")
    ])
    error_message = "agents may hold service agents only, mail addresses that end in .gserviceaccount.com."
  }
}

variable "cell" {
  description = "BigQuery region of the cell."
  type = object({
    bigquery_region = string
  })
}

variable "labels" {
  description = "Labels of the keys."
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
