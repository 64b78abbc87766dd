variable "break_glass_principals" {
  description = "ARNs of the IAM users of this account that may assume the break-glass role. Users, because single sign-on may be what is down, and its sessions show no second factor to a trust policy."
  type        = list(string)

  validation {
    condition = length(var.break_glass_principals) > 0 && alltrue([
      for principal in var.break_glass_principals :
      can(regex("^arn:aws:iam::${var.mesh.aws_account_id}:user/[A-Za-z0-9+=,.@_/-]+$", principal))
    ])
    error_message = "break_glass_principals must name at least one IAM user of the account ${var.mesh.aws_account_id}, as arn:aws:iam::${var.mesh.aws_account_id}:user/<name>, without wildcards."
  }
}

variable "github" {
  description = "GitHub repository of the mesh: owner/name, and the numeric ids of both (https://api.github.com/repos/<owner>/<name> shows id and owner.id)."
  type = object({
    owner_id      = string
    repository    = string
    repository_id = string
  })

  validation {
    condition     = can(regex("^[0-9]+$", var.github.owner_id)) && can(regex("^[0-9]+$", var.github.repository_id))
    error_message = "github.owner_id and github.repository_id must be numeric ids."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github.repository))
    error_message = "github.repository must be owner/name."
  }
}

variable "hcp_terraform" {
  description = "HCP Terraform organization, project and workspace of this environment."
  type = object({
    organization = string
    project      = string
    workspace    = string
  })

  # The subject of a token joins them with colons.
  validation {
    condition     = alltrue([for name in values(var.hcp_terraform) : can(regex("^[A-Za-z0-9 _-]+$", name))])
    error_message = "hcp_terraform may hold letters, digits, spaces, hyphens and underscores only."
  }
}

variable "mesh" {
  description = "Name of the mesh and of the environment, and the environment's AWS account."
  type = object({
    aws_account_id = string
    environment    = string
    name           = string
  })
}
