#!/usr/bin/env bash
# Offers the newest release of the template as a pull request. What conflicts stands between conflict markers on the
# branch, and the pull request is a draft until somebody has settled it.
set -euo pipefail

copier=$PWD/.venv/bin/copier
status=0
"$copier" check-update --quiet || status=$?
if [ "$status" -eq 0 ]; then
  echo "The template has no newer release."
  exit 0
elif [ "$status" -ne 2 ]; then
  echo "copier could not look for a newer release." >&2
  exit "$status"
fi

version=$("$copier" check-update --output-format json | python3 -c 'import json, sys; print(json.load(sys.stdin)["latest_version"])')
branch=template-upgrade-$version
if git ls-remote --exit-code --heads origin "$branch" >/dev/null; then
  echo "$branch is there already: merge it, or delete it to have it made anew."
  exit 0
fi

git switch --create "$branch"
status=0
report=$(.venv/bin/python delivery/upgrade.py apply) || status=$?
if [ "$status" -eq 2 ]; then
  exit "$status"
fi
{
  echo "Release $version of the template. What it does here:"
  echo
  printf '%s\n' "$report" | sed 's/^/    /'
} >"$RUNNER_TEMP/template-upgrade.md"

git add --all
git -c user.name="github-actions[bot]" -c user.email="41898282+github-actions[bot]@users.noreply.github.com" \
  commit --quiet --message "Upgrade the template to $version"
git -c "http.extraHeader=Authorization: Basic $(printf 'x-access-token:%s' "$GH_TOKEN" | base64 --wrap=0)" \
  push origin "$branch"
draft=()
if [ "$status" -ne 0 ]; then
  draft=(--draft)
fi
gh pr create --head "$branch" --title "Upgrade the template to $version" --body-file "$RUNNER_TEMP/template-upgrade.md" "${draft[@]}"
