#!/usr/bin/env bash
# Shows the reports of all plans in one comment of the pull request, which later plans replace.
set -euo pipefail

cat build/plan-*.md >build/comment.md
gh pr comment "$PULL_REQUEST" --edit-last --create-if-none --body-file build/comment.md
