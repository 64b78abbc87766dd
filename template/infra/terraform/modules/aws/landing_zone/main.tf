locals {
  server = "${var.mesh.environment}-${var.cell.region}-landing"
  # A retired domain stays where it landed, and comes to no new cell.
  buckets = {
    for domain, contract in var.contracts : domain => contract.landing_buckets[local.server]
    if !contract.retired || contains(keys(contract.landing_buckets), local.server)
  }
}

module "bucket" {
  source   = "../private_bucket"
  for_each = local.buckets

  name            = each.value
  kms_key_arn     = var.kms_key_arn
  log_bucket      = var.log_bucket
  noncurrent_days = var.noncurrent_days
  object_lock     = var.object_lock
  retention_days  = var.contracts[each.key].retention_days

  policy_documents = [
    data.aws_iam_policy_document.landing_key_only[each.key].json,
    data.aws_iam_policy_document.no_customer_keys[each.key].json,
    data.aws_iam_policy_document.bigquery_through_omni_only[each.key].json,
  ]

  # Old landings are read seldom, but still in place.
  transitions = [
    { days = 90, storage_class = "STANDARD_IA" },
    { days = 365, storage_class = "GLACIER_IR" },
  ]

  tags = {
    data-classification = var.contracts[each.key].classification
    domain              = each.key
    owner               = var.contracts[each.key].owner
  }
}

# Ingestion and malware scans learn of new objects through EventBridge.
resource "aws_s3_bucket_notification" "landing" {
  for_each = local.buckets

  bucket      = module.bucket[each.key].name
  eventbridge = true
}
