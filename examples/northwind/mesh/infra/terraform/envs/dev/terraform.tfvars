# Values of dev. Review each before the first apply; those marked "placeholder" are not yours yet.

aws_account_id = "111111111111"

# Placeholder: the identity that each BigQuery connection shows once it is made.
bigquery_connection_identities = {
  "us-east-1" = "000000000000000000000"
}

# Placeholder: the numeric ids; https://api.github.com/repos/northwind-health/clinical-data-mesh shows them as owner.id and id.
github = {
  owner_id      = "999999999"
  repository    = "northwind-health/clinical-data-mesh"
  repository_id = "999999999"
}

# Placeholder: IAM users with a second factor, for the day that single sign-on is down.
break_glass_principals = ["arn:aws:iam::111111111111:user/break-glass-1"]

alert_addresses = ["privacy-office@northwind.example"]
cost_center     = "clinical-data-mesh"
owner           = "data-platform"

log_retention_days = 2192
noncurrent_days    = 90

landing_object_lock = null
trail_object_lock   = null
