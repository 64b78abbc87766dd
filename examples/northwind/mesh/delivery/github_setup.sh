#!/usr/bin/env bash
# Makes the GitHub side of an environment after its first apply: GitHub environments with their reviewers, secrets from
# Terraform's outputs, and the ruleset of main. Run it again after changes; it writes everything anew.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: TF_API_TOKEN_PLAN=... TF_API_TOKEN_APPLY=... delivery/github_setup.sh ENVIRONMENT REVIEWERS

  ENVIRONMENT  one of: dev, prod
  REVIEWERS    team of northwind-health that approves what is applied and deployed, such as data-platform

Needs gh, signed in as an administrator of northwind-health/clinical-data-mesh, and terraform, signed in to HCP Terraform.
The tokens are those of two teams in HCP Terraform: one that reads the workspace, one that may write its state.
TEMPLATE_UPGRADE_TOKEN, if it is set, becomes the token that upgrades of the template are offered with.
USAGE
}

if [ $# -ne 2 ] || [ ! -d "infra/terraform/envs/${1:-}" ]; then
  usage >&2
  exit 2
fi
: "${TF_API_TOKEN_PLAN:?is not set: see --help}" "${TF_API_TOKEN_APPLY:?is not set: see --help}"

environment=$1
repository=northwind-health/clinical-data-mesh
team=$(gh api "orgs/northwind-health/teams/$2" --jq .id)

output() {
  terraform -chdir="infra/terraform/envs/$environment" output -json | python3 -c '
import json, sys
value = json.load(sys.stdin)[sys.argv[1]]["value"]
for key in sys.argv[2:]:
    value = value[key]
print(value if isinstance(value, str) else json.dumps(value))' "$@"
}

# On main only, after a review; or on any branch. A rehearsal runs what is not merged as dbt, so it is reviewed as well.
make_environment() {
  local name=$1 branches=$2 reviewed=$3
  python3 -c '
import json, sys
branches, reviewed, team = sys.argv[1:]
print(json.dumps({
    "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True} if branches == "main" else None,
    "prevent_self_review": reviewed == "true",
    "reviewers": [{"type": "Team", "id": int(team)}] if reviewed == "true" else [],
}))' "$branches" "$reviewed" "$team" | gh api --method PUT "repos/$repository/environments/$name" --input - >/dev/null
  if [ "$branches" = main ]; then
    gh api --method POST "repos/$repository/environments/$name/deployment-branch-policies" --raw-field name=main >/dev/null ||
      echo "$name is restricted to main already"
  fi
}

# By standard input: what stands on a command line is seen by whoever lists processes.
secret() {
  printf '%s' "$3" | gh secret set "$2" --repo "$repository" --env "$1"
}

make_environment "$environment-plan" any false
secret "$environment-plan" AWS_TERRAFORM_ROLE_ARN "$(output github_role_arns plan)"
secret "$environment-plan" GCP_PROJECT_ID "$(output gcp_project)"
secret "$environment-plan" GCP_TERRAFORM_SA "$(output terraform_service_accounts plan)"
secret "$environment-plan" GCP_WORKLOAD_IDENTITY_PROVIDER "$(output workload_identity_providers github_review)"
secret "$environment-plan" TF_API_TOKEN "$TF_API_TOKEN_PLAN"

make_environment "$environment" main true
secret "$environment" AWS_TERRAFORM_ROLE_ARN "$(output github_role_arns apply)"
secret "$environment" GCP_DEPLOYMENT_SA "$(output deployment_service_account)"
secret "$environment" GCP_PROJECT_ID "$(output gcp_project)"
secret "$environment" GCP_TERRAFORM_SA "$(output terraform_service_accounts apply)"
secret "$environment" GCP_WORKLOAD_IDENTITY_PROVIDER "$(output workload_identity_providers github)"
secret "$environment" TF_API_TOKEN "$TF_API_TOKEN_APPLY"

if [ "$environment" = dev ]; then
  make_environment "$environment-rehearsal" any true
  secret "$environment-rehearsal" GCP_DBT_SA "$(output dbt_service_account)"
  secret "$environment-rehearsal" GCP_PROJECT_ID "$(output gcp_project)"
  secret "$environment-rehearsal" GCP_WORKLOAD_IDENTITY_PROVIDER "$(output workload_identity_providers github_review)"
  gh variable set POLICY_TAG_IDS --repo "$repository" --env "$environment-rehearsal" --body "$(output policy_tag_ids)"
fi

make_environment template-upgrade main false
if [ -n "${TEMPLATE_UPGRADE_TOKEN:-}" ]; then
  secret template-upgrade TEMPLATE_UPGRADE_TOKEN "$TEMPLATE_UPGRADE_TOKEN"
fi

ruleset=$(gh api "repos/$repository/rulesets" --jq '.[] | select(.name == "main") | .id')
gh api --method "$([ -n "$ruleset" ] && echo PUT || echo POST)" \
  "repos/$repository/rulesets${ruleset:+/$ruleset}" --input .github/rulesets/main.json >/dev/null
echo "$environment is set up in $repository."
