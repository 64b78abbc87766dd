# The data products as the catalogue of the organization shows them: what each is, who owns it, how it is classified and
# how long it is kept. Aspects took the place of Data Catalog's tag templates, which Google discontinued on 2026-01-30.
# https://cloud.google.com/dataplex/docs/transition-to-dataplex-catalog

locals {
  # Location global: one type for the data products of every cell. Entries name types by the number of the project.
  aspect_key = "${var.mesh.gcp_project_number}.global.${google_dataplex_aspect_type.contract.aspect_type_id}"
  entry_type = "projects/${var.mesh.gcp_project_number}/locations/global/entryTypes/${google_dataplex_entry_type.data_product.entry_type_id}"
}

resource "google_dataplex_aspect_type" "contract" {
  aspect_type_id      = "data-contract"
  data_classification = "METADATA_AND_DATA"
  description         = "What the contract of a data product says"
  display_name        = "Data contract"
  labels              = var.labels
  location            = "global"
  project             = var.mesh.gcp_project

  metadata_template = jsonencode({
    name = "data_contract"
    type = "record"
    recordFields = [
      {
        name        = "contract_id"
        type        = "string"
        index       = 1
        annotations = { description = "Id of the contract in the repository" }
        constraints = { required = true }
      },
      {
        name        = "classification"
        type        = "enum"
        index       = 2
        annotations = { description = "Class of the most sensitive column" }
        constraints = { required = true }
        enumValues = [
          for index, class in ["direct_identifier", "quasi_identifier", "sensitive", "none"] : { name = class, index = index + 1 }
        ]
      },
      {
        name        = "owner"
        type        = "string"
        index       = 3
        annotations = { description = "Group that owns the data product" }
        constraints = { required = true }
      },
      {
        name        = "retention_days"
        type        = "int"
        index       = 4
        annotations = { description = "Days that landed data is kept" }
        constraints = { required = true }
      },
    ]
  })
}

resource "google_dataplex_entry_type" "data_product" {
  description   = "A data product of the mesh"
  display_name  = "Data product"
  entry_type_id = "data-product"
  labels        = var.labels
  location      = "global"
  project       = var.mesh.gcp_project

  required_aspects {
    type = google_dataplex_aspect_type.contract.name
  }
}

resource "google_dataplex_entry_group" "data_products" {
  description    = "Data products of the ${var.mesh.name} mesh"
  display_name   = "Data products"
  entry_group_id = "data-products"
  labels         = var.labels
  location       = "global"
  project        = var.mesh.gcp_project
}

resource "google_dataplex_entry" "data_product" {
  for_each = var.contracts

  entry_group_id = google_dataplex_entry_group.data_products.entry_group_id
  entry_id       = each.key
  entry_type     = local.entry_type
  location       = "global"
  project        = var.mesh.gcp_project_number

  aspects {
    aspect_key = local.aspect_key

    aspect {
      data = jsonencode({
        classification = each.value.classification
        contract_id    = each.value.id
        owner          = each.value.owner_email
        retention_days = each.value.retention_days
      })
    }
  }

  entry_source {
    description  = each.value.description
    display_name = each.value.title
    system       = "clinical-data-mesh"
  }
}
