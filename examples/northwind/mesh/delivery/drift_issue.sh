#!/usr/bin/env bash
# Keeps one issue about how an environment differs from main: opens or updates it, and closes it once nothing differs.
set -euo pipefail

environment=$1
title="Drift of $environment"
report=build/plan-$environment.md
gh label create drift --description "The cloud differs from main" --force
number=$(gh issue list --state open --label drift --limit 100 --json number,title \
  --jq ".[] | select(.title == \"$title\") | .number" | head -n 1)

if [ "$DRIFT" = true ]; then
  if [ -n "$number" ]; then
    gh issue edit "$number" --body-file "$report"
  else
    gh issue create --title "$title" --label drift --body-file "$report"
  fi
elif [ -n "$number" ]; then
  gh issue close "$number" --comment "Nothing differs any more."
fi
