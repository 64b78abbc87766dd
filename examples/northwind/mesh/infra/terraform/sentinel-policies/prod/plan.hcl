# What `sentinel apply` in this folder needs besides: the plan, as `make terraform-plan` writes it. HCP Terraform reads
# sentinel.hcl alone.
# https://developer.hashicorp.com/sentinel/docs/features/terraform

sentinel {
  features = {
    apply-all = true
    terraform = true
  }
}

import "plugin" "tfconfig/v2" {
  config = {
    plan_path = "../../envs/prod/plan.json"
  }
}

import "plugin" "tfplan/v2" {
  config = {
    plan_path = "../../envs/prod/plan.json"
  }
}

import "plugin" "tfstate/v2" {
  config = {
    plan_path = "../../envs/prod/plan.json"
  }
}
