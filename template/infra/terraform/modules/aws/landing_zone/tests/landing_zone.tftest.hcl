mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  bigquery_role_arn = "arn:aws:iam::123456789012:role/mesh-dev-us-east-1-bigquery"
  cell              = { omni_vpc_id = "vpc-0bf63a2e71287dace", region = "us-east-1" }
  kms_key_arn       = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  log_bucket        = "mesh-dev-us-east-1-logs"
  mesh              = { environment = "dev", name = "mesh" }

  contracts = {
    labs = {
      classification  = "direct_identifier"
      landing_buckets = { dev-us-east-1-landing = "mesh-dev-us-east-1-labs", prod-us-east-1-landing = "mesh-prod-us-east-1-labs" }
      owner           = "laboratory-medicine"
      retention_days  = 3653
    }
    vitals = {
      classification  = "direct_identifier"
      landing_buckets = { dev-us-east-1-landing = "mesh-dev-us-east-1-vitals" }
      owner           = "nursing-informatics"
      retention_days  = 2192
    }
  }
}

run "makes_one_bucket_per_domain" {
  command = plan

  assert {
    condition     = output.buckets == { labs = "mesh-dev-us-east-1-labs", vitals = "mesh-dev-us-east-1-vitals" }
    error_message = "Each domain has the bucket that its contract names for this environment and region."
  }

  assert {
    condition     = output.uris.labs == "s3://mesh-dev-us-east-1-labs"
    error_message = "The URI is that of the bucket."
  }

  assert {
    condition     = alltrue([for notification in values(aws_s3_bucket_notification.landing) : notification.eventbridge])
    error_message = "New objects must be announced through EventBridge."
  }
}

run "denies_bigquery_outside_omni" {
  command = plan

  assert {
    condition = alltrue([
      for document in values(data.aws_iam_policy_document.bigquery_through_omni_only) :
      document.statement[0].effect == "Deny" && contains(
        [for condition in document.statement[0].condition : "${condition.test} ${condition.variable} ${join(",", condition.values)}"],
        "StringNotEquals aws:SourceVpc vpc-0bf63a2e71287dace"
      )
    ])
    error_message = "The role must be denied unless it comes through the region's Omni VPC."
  }
}

run "keeps_a_retired_domain_where_it_landed" {
  command = plan

  variables {
    contracts = {
      labs = {
        classification  = "direct_identifier"
        landing_buckets = { dev-us-east-1-landing = "mesh-dev-us-east-1-labs" }
        owner           = "laboratory-medicine"
        retention_days  = 3653
        retired         = true
      }
      vitals = {
        classification  = "direct_identifier"
        landing_buckets = { dev-us-west-2-landing = "mesh-dev-us-west-2-vitals" }
        owner           = "nursing-informatics"
        retention_days  = 2192
        retired         = true
      }
    }
  }

  assert {
    condition     = output.buckets == { labs = "mesh-dev-us-east-1-labs" }
    error_message = "A retired domain must keep its bucket, and get none in a cell that it never landed in."
  }
}

run "refuses_a_domain_without_a_server_here" {
  command = plan

  variables {
    cell = { omni_vpc_id = "vpc-0cc24e567b9d2c1cb", region = "us-west-2" }
  }

  expect_failures = [var.contracts]
}

run "refuses_a_bucket_outside_the_cell" {
  command = plan

  variables {
    contracts = {
      labs = {
        classification  = "direct_identifier"
        landing_buckets = { dev-us-east-1-landing = "somebody-elses-bucket" }
        owner           = "laboratory-medicine"
        retention_days  = 2192
      }
    }
  }

  expect_failures = [var.contracts]
}
