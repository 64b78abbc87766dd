run "reads_a_contract" {
  command = plan

  variables {
    folder = "./tests/contracts"
  }

  assert {
    condition     = output.domains.labs.landing_buckets == { dev-us-east-1-landing = "mesh-dev-us-east-1-labs" }
    error_message = "The bucket is the host of the s3 server's location."
  }

  assert {
    condition     = output.domains.labs.classification == "quasi_identifier"
    error_message = "The class of a domain is that of its most sensitive column, over all entities."
  }

  assert {
    condition     = output.domains.labs.owner_email == "laboratory-medicine@mesh.example" && output.domains.labs.retention_days == 3653
    error_message = "Owner and retention come from the contract."
  }
}

run "refuses_an_incomplete_contract" {
  command = plan

  variables {
    folder = "./tests/incomplete"
  }

  expect_failures = [output.domains]
}

run "refuses_a_folder_without_contracts" {
  command = plan

  variables {
    folder = "./tests"
  }

  expect_failures = [var.folder]
}

run "refuses_an_empty_contract" {
  command = plan

  variables {
    folder = "./tests/empty"
  }

  expect_failures = [output.domains]
}

run "keeps_what_a_retired_contract_says" {
  command = plan

  variables {
    folder = "./tests/retired"
  }

  assert {
    condition     = { for domain, contract in output.domains : domain => contract.retired } == { labs = true, vitals = false }
    error_message = "A contract in retired/ must count, and be told from the others."
  }

  assert {
    condition     = output.domains.labs.landing_buckets == { dev-us-east-1-landing = "mesh-dev-us-east-1-labs" } && output.domains.labs.retention_days == 3653
    error_message = "Bucket and retention of a retired domain must stay."
  }

  assert {
    condition     = contains(output.clear_readers, "mesh-labs-raw-readers@mesh.example") && output.policy_tags["direct_identifier_sha256"].masking == "sha256"
    error_message = "Readers and policy tags of a retired domain must stay."
  }
}

run "refuses_a_domain_that_is_also_retired" {
  command = plan

  variables {
    folder = "./tests/twice"
  }

  expect_failures = [output.domains]
}
