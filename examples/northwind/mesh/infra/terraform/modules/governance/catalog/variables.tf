variable "contracts" {
  description = "Domain -> id, title, description, owner, classification and retention of its contract."
  type = map(object({
    classification = string
    description    = string
    id             = string
    owner_email    = string
    retention_days = number
    title          = string
  }))
}

variable "labels" {
  description = "Labels of what is catalogued."
  type        = map(string)
}

variable "mesh" {
  description = "Name of the mesh, and id and number of the environment's GCP project."
  type = object({
    gcp_project        = string
    gcp_project_number = string
    name               = string
  })
}
