mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/mesh-dev-us-east-1-replication" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mesh-dev-us-east-1-replication" }
  }
}

mock_provider "aws" {
  alias           = "replica"
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-west-2:123456789012:key/66666666-7777-8888-9999-000000000000" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::mesh-dev-us-west-2-labs-replica" }
  }
}

variables {
  buckets                  = { labs = "mesh-dev-us-east-1-labs" }
  cell                     = { region = "us-east-1", replica_region = "us-west-2" }
  landing_key_arn          = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  log_retention_days       = 2192
  mesh                     = { aws_account_id = "123456789012", environment = "dev", name = "mesh" }
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/mesh-dev-boundary"

  contracts = {
    labs = { classification = "direct_identifier", owner = "laboratory-medicine", retention_days = 3653 }
  }
}

run "replicates_every_bucket_encrypted" {
  command = plan

  assert {
    condition     = output.buckets == { labs = "mesh-dev-us-west-2-labs-replica" }
    error_message = "Every domain has a replica."
  }

  assert {
    condition     = aws_s3_bucket_replication_configuration.landing["labs"].rule[0].destination[0].encryption_configuration[0].replica_kms_key_id == output.key_arn
    error_message = "Replicas must be encrypted with the key of their region."
  }

  assert {
    condition     = aws_s3_bucket_replication_configuration.landing["labs"].rule[0].source_selection_criteria[0].sse_kms_encrypted_objects[0].status == "Enabled"
    error_message = "Objects encrypted with a key must replicate too."
  }
}

run "refuses_a_replica_beside_its_source" {
  command = plan

  variables {
    cell = { region = "us-east-1", replica_region = "us-east-1" }
  }

  expect_failures = [var.cell]
}
