mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  kms_key_arn    = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  log_bucket     = "mesh-dev-us-east-1-logs"
  name           = "mesh-dev-us-east-1-labs"
  retention_days = 2192
}

run "is_private_by_default" {
  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "All four blocks of public access must be on."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
    error_message = "Objects must be encrypted with a key by default."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Every version must be kept."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs must be off."
  }

  assert {
    condition     = one(values(aws_s3_bucket_logging.this)).target_bucket == "mesh-dev-us-east-1-logs"
    error_message = "Access must be logged."
  }

  assert {
    condition     = length(aws_s3_bucket_object_lock_configuration.this) == 0
    error_message = "Nothing is locked unless asked for."
  }
}

run "locks_objects" {
  command = plan

  variables {
    object_lock = { mode = "GOVERNANCE", days = 30 }
  }

  assert {
    condition     = aws_s3_bucket_object_lock_configuration.this["default"].rule[0].default_retention[0].days == 30
    error_message = "The default retention must be the one asked for."
  }
}

run "refuses_a_lock_longer_than_the_retention" {
  command = plan

  variables {
    object_lock = { mode = "GOVERNANCE", days = 3000 }
  }

  expect_failures = [var.object_lock]
}

run "refuses_an_unknown_lock_mode" {
  command = plan

  variables {
    object_lock = { mode = "LEGAL", days = 30 }
  }

  expect_failures = [var.object_lock]
}

run "refuses_less_than_six_years" {
  command = plan

  variables {
    retention_days = 365
  }

  expect_failures = [var.retention_days]
}

run "refuses_an_archive_that_bigquery_cannot_read" {
  command = plan

  variables {
    transitions = [{ days = 90, storage_class = "DEEP_ARCHIVE" }]
  }

  expect_failures = [var.transitions]
}

run "refuses_a_transition_after_the_retention" {
  command = plan

  variables {
    transitions = [{ days = 3000, storage_class = "STANDARD_IA" }]
  }

  expect_failures = [var.transitions]
}

run "refuses_a_name_that_is_no_bucket_name" {
  command = plan

  variables {
    name = "Mesh_Dev"
  }

  expect_failures = [var.name]
}

run "refuses_an_unknown_encryption" {
  command = plan

  variables {
    sse_algorithm = "none"
  }

  expect_failures = [var.sse_algorithm]
}
