output "break_glass_role_arn" {
  description = "ARN of the break-glass role."
  value       = aws_iam_role.break_glass.arn
}

output "github_role_arns" {
  description = "Phase (plan, apply) -> ARN of the role that GitHub Actions assumes."
  value       = { for phase, role in aws_iam_role.github : phase => role.arn }
}

output "hcp_terraform_role_arns" {
  description = "Phase (plan, apply) -> ARN of the role that HCP Terraform assumes."
  value       = { for phase, role in aws_iam_role.hcp_terraform : phase => role.arn }
}

output "permissions_boundary_arn" {
  description = "ARN of the boundary that every role of the mesh carries."
  value       = aws_iam_policy.boundary.arn
}
