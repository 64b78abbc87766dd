# Values of prod. Review each before the first apply; those marked "placeholder" are not yours yet.

aws_account_id = "222222222222"
gcp_project    = "northwind-prod"

# Placeholder: the numeric ids; https://api.github.com/repos/northwind-health/clinical-data-mesh shows them as owner.id and id.
github = {
  owner_id      = "999999999"
  repository    = "northwind-health/clinical-data-mesh"
  repository_id = "999999999"
}

# Placeholder: IAM users with a second factor, for the day that single sign-on is down.
break_glass_principals = ["arn:aws:iam::222222222222:user/break-glass-1"]

# Placeholder: the public addresses that your network leaves by (203.0.113.0/24 is reserved for examples).
airflow_web_ranges = { office = "203.0.113.0/24" }

alert_addresses = ["privacy-office@northwind.example"]
cost_center     = "clinical-data-mesh"
mart_readers    = ["northwind-analysts@northwind.example"]
owner           = "data-platform"

# Those of module project that your organization does not enforce already.
enforced_policies = []

# Queries over the landing zone run on demand; a number reserves Enterprise slots in each Omni location.
omni_slots = null

# No cache of metadata: no key of yours could encrypt it. See the variable before you set another number.
landing_max_staleness_minutes = 0

# The newest builds: https://cloud.google.com/composer/docs/composer-versions
composer_image = "composer-3-airflow-3.3.1-build.0"
composer_size  = "ENVIRONMENT_SIZE_MEDIUM"

# Pull requests are rehearsed in the first environment, never in production.
rehearsals = false

log_retention_days = 2192
noncurrent_days    = 90

# GOVERNANCE can be lifted by those with s3:BypassGovernanceRetention, COMPLIANCE by nobody before its time.
landing_object_lock = { mode = "GOVERNANCE", days = 30 }
trail_object_lock   = { mode = "GOVERNANCE", days = 2192 }

# For good: a locked retention cannot be shortened, nor the lock undone.
audit_logs_locked = true
