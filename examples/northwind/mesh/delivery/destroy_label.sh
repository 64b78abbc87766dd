#!/usr/bin/env bash
# Says, as an output of a step, whether the pull request bears the label that lets a plan destroy. On main it is the
# pull request that the commit was merged by.
set -euo pipefail

if [ -n "${PULL_REQUEST:-}" ]; then
  labels=$(gh pr view "$PULL_REQUEST" --json labels --jq '.labels[].name')
else
  labels=$(gh api "repos/$GITHUB_REPOSITORY/commits/$GITHUB_SHA/pulls" --jq '.[].labels[].name')
fi
allowed=false
if grep --quiet --line-regexp --fixed-strings destroy-allowed <<<"$labels"; then
  allowed=true
fi
echo "destroy_allowed=$allowed"
