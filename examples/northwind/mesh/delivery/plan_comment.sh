#!/usr/bin/env bash
# Shows the reports of all plans in one comment of the pull request, which later plans replace.
set -euo pipefail

shopt -s nullglob
reports=(build/plan-*.md)
if [ ${#reports[@]} -eq 0 ]; then
  echo "No plan came as far as a report: see the log of its job."
  exit 0
fi
cat "${reports[@]}" >build/comment.md
gh pr comment "$PULL_REQUEST" --edit-last --create-if-none --body-file build/comment.md
