# By what a group reads: every column in clear, or identifiers masked. Its name says which.
output "clear_readers" {
  description = "Groups of all domains that read every column in clear."
  value       = sort([for group in local.readers : group if strcontains(group, "-raw-readers@")])
}

output "domains" {
  description = "Domain -> what infrastructure needs of its contract."
  value       = local.domains

  precondition {
    condition = alltrue([for files in values(local.files) : length(files) == 1])
    error_message = join("\n", [
      for domain, files in local.files :
      "contracts/${domain}.odcs.yaml is also in contracts/retired/: delete it there if the domain is in use, else here."
      if length(files) > 1
    ])
  }

  precondition {
    condition     = alltrue([for contract in values(local.sources) : contract != null])
    error_message = "Empty or no valid YAML: ${join(", ", [for domain, contract in local.sources : "contracts/${local.files[domain][0]}" if contract == null])}."
  }

  precondition {
    condition = alltrue([for missing in values(local.incomplete) : length(missing) == 0])
    error_message = join("\n", [
      for domain, missing in local.incomplete : "contracts/${local.files[domain][0]} lacks ${join("; ", missing)}." if length(missing) > 0
    ])
  }
}

output "masked_readers" {
  description = "Groups of all domains that read identifiers masked."
  value       = sort([for group in local.readers : group if strcontains(group, "-masked-readers@")])
}

output "policy_tags" {
  description = "Policy tag -> class of its columns and how they are masked, over all contracts."
  value = {
    for policy_tag, columns in {
      for column in local.tagged : column.policy_tag => { classification = column.classification, masking = column.masking }...
      if column.policy_tag != null
    } : policy_tag => distinct(columns)[0]
  }
}
