mock_provider "google" {
  override_during = plan
}

variables {
  labels = { mesh = "mesh" }
  mesh   = { gcp_project = "mesh-dev", gcp_project_number = "123456789012", name = "mesh" }

  contracts = {
    labs = {
      classification = "direct_identifier"
      description    = "Results of laboratory tests"
      id             = "mesh-labs"
      owner_email    = "laboratory-medicine@mesh.example"
      retention_days = 3653
      title          = "Laboratory"
    }
  }
}

run "says_what_the_contract_says" {
  command = plan

  assert {
    condition = jsondecode(one(google_dataplex_entry.data_product["labs"].aspects).aspect[0].data) == {
      classification = "direct_identifier"
      contract_id    = "mesh-labs"
      owner          = "laboratory-medicine@mesh.example"
      retention_days = 3653
    }
    error_message = "The aspect must carry the contract."
  }

  assert {
    condition     = one(google_dataplex_entry.data_product["labs"].aspects).aspect_key == "123456789012.global.data-contract"
    error_message = "The key names project number, location and type."
  }

  assert {
    condition     = length(jsondecode(google_dataplex_aspect_type.contract.metadata_template).recordFields) == 4
    error_message = "The aspect has four fields."
  }
}
