locals {
  suffix = ".odcs.yaml"

  # Domain -> its files below the folder. A domain that is retired keeps all that it has, so its contract counts too.
  files = {
    for file in setunion(fileset(var.folder, "*${local.suffix}"), fileset(var.folder, "retired/*${local.suffix}")) :
    trimsuffix(basename(file), local.suffix) => file...
  }
  sources = {
    for domain, files in local.files : domain => try(yamldecode(file("${var.folder}/${files[0]}")), null)
  }

  # Highest first: what a domain's bucket is tagged with is the class of its most sensitive column.
  classes = ["direct_identifier", "quasi_identifier", "sensitive", "none"]

  domains = {
    for domain, contract in local.sources : domain => {
      id          = try(contract.id, null)
      title       = try(contract.name, null)
      description = try(contract.description.purpose, null)
      owner       = try(contract.team.name, null)
      owner_email = try(one([for member in contract.team.members : member.username if member.role == "owner"]), null)
      retention_days = try(
        one([for property in contract.slaProperties : property.value if property.property == "retention"]), null
      )
      classification = try(
        [
          for class in local.classes : class
          if contains(flatten([for entity in contract.schema : entity.properties[*].classification]), class)
        ][0],
        null
      )
      reader_groups = try([for role in contract.roles : role.role if role.access == "read"], [])
      retired       = startswith(local.files[domain][0], "retired/")
      # Server -> bucket. The location names where an entity's files are: s3://<bucket>/<entity>/...
      landing_buckets = try(
        {
          for server in contract.servers : server.server => one(regex("^s3://([^/]+)/", server.location))
          if server.type == "s3"
        },
        {}
      )
    }
  }

  readers = distinct(flatten([for contract in values(local.domains) : contract.reader_groups]))

  # Policy tag -> class and mask, as the columns of all contracts name them.
  tagged = flatten([
    for contract in values(local.sources) : try([
      for entity in contract.schema : [
        for column in entity.properties : {
          classification = column.classification
          masking        = one([for custom in column.customProperties : custom.value if custom.property == "masking"])
          policy_tag     = one([for custom in column.customProperties : custom.value if custom.property == "policyTag"])
        } if can(column.customProperties)
      ]
    ], [])
  ])

  incomplete = {
    for domain, contract in local.domains : domain => [
      for what, value in {
        "name, the domain's title"                   = contract.title
        "team.name"                                  = contract.owner
        "a member of the team whose role is owner"   = contract.owner_email
        "an slaProperties entry retention, in days"  = contract.retention_days
        "properties with a classification"           = contract.classification
        "a server of type s3 with an s3:// location" = length(contract.landing_buckets) > 0 ? "present" : null
      } : what if value == null
    ] if local.sources[domain] != null
  }
}
