output "domains" {
  description = "Domain -> what infrastructure needs of its contract."
  value       = local.domains

  precondition {
    condition     = alltrue([for contract in values(local.sources) : contract != null])
    error_message = "Empty or no valid YAML: ${join(", ", [for domain, contract in local.sources : "contracts/${domain}.odcs.yaml" if contract == null])}."
  }

  precondition {
    condition = alltrue([for missing in values(local.incomplete) : length(missing) == 0])
    error_message = join("\n", [
      for domain, missing in local.incomplete : "contracts/${domain}.odcs.yaml lacks ${join("; ", missing)}." if length(missing) > 0
    ])
  }
}
