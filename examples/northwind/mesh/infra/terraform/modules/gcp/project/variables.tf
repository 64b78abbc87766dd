variable "cloud_run" {
  description = "Whether dbt runs in Cloud Run."
  type        = bool
  default     = false
}

variable "enforced_policies" {
  description = "Organization policies that are enforced on the project. Setting them needs roles/orgpolicy.policyAdmin on the organization; leave out those that the organization enforces already."
  type        = set(string)
  default     = []

  validation {
    condition = alltrue([
      for policy in var.enforced_policies : contains([
        "compute.requireOsLogin",
        "compute.skipDefaultNetworkCreation",
        "iam.automaticIamGrantsForDefaultServiceAccounts",
        "iam.disableServiceAccountKeyCreation",
        "iam.disableServiceAccountKeyUpload",
        "storage.publicAccessPrevention",
        "storage.uniformBucketLevelAccess",
      ], policy)
    ])
    error_message = "enforced_policies may name compute.requireOsLogin, compute.skipDefaultNetworkCreation, iam.automaticIamGrantsForDefaultServiceAccounts, iam.disableServiceAccountKeyCreation, iam.disableServiceAccountKeyUpload, storage.publicAccessPrevention and storage.uniformBucketLevelAccess."
  }
}

variable "mesh" {
  description = "GCP project of the environment."
  type = object({
    gcp_project = string
  })
}

variable "service_perimeter" {
  description = "Whether a service perimeter is made for the project."
  type        = bool
  default     = false
}
