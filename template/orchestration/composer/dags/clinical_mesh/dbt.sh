#!/usr/bin/env bash
# Runs dbt on a worker of Composer, in a virtual environment of its own: its pins and those of Airflow conflict.
#
# Usage: dbt.sh FOLDER ARGUMENTS...
#   FOLDER     holds dbt/ and is only read: Composer's folders are copies of the bucket
#   ARGUMENTS  of dbt
#
# DBT_VENV       an environment that is there already, in place of one made from dbt_requirements.txt
# PACKAGE_INDEX  index of Python packages in Artifact Registry; without it pip's own configuration holds
set -euo pipefail

folder=$1
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${DBT_CACHE:-${TMPDIR:-/tmp}/clinical-mesh}
mkdir -p "$cache"

# The first task on a worker makes what it needs, the others wait for it.
exec 9>"$cache/lock"
flock 9
venv=${DBT_VENV:-}
if [[ -z $venv ]]; then
  requirements=$here/dbt_requirements.txt
  venv=$cache/venv-$(sha256sum "$requirements" | cut -c 1-16)
  if [[ ! -e $venv/complete ]]; then
    echo "Installing dbt into $venv ..."
    python3 -m venv --clear "$venv"
    # The token stays out of the command line and of the log.
    if [[ -n ${PACKAGE_INDEX:-} ]]; then
      PIP_INDEX_URL="https://oauth2accesstoken:$(gcloud auth print-access-token)@${PACKAGE_INDEX#https://}"
      export PIP_INDEX_URL
    fi
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
      --requirement "$requirements"
    unset PIP_INDEX_URL
    touch "$venv/complete"
  fi
fi

# Of each version of the project there is one copy, at one path: dbt keeps paths in what it parsed.
version=$(cd "$folder/dbt" && find . -type f -not -path "./target/*" -not -path "./logs/*" -print0 | sort --zero-terminated |
  xargs --null sha256sum | sha256sum | cut -c 1-16)
project=$cache/dbt-$version
if [[ ! -e $project.complete ]]; then
  rm -rf "$project"
  cp -R "$folder/dbt" "$project"
  rm -rf "$project/target" "$project/logs"
  # Deployment ships the packages with the project.
  if [[ ! -d $project/dbt_packages ]]; then
    (cd "$project" && DBT_PROFILES_DIR=. "$venv/bin/dbt" --no-use-colors deps)
  fi
  touch "$project.complete"
fi
flock --unlock 9

# What dbt writes meets no other task's.
scratch=$(mktemp -d "$cache/run-XXXXXXXX")
trap 'rm -rf "$scratch"' EXIT
cd "$project"
export DBT_PROFILES_DIR=${DBT_PROFILES_DIR:-$project} DBT_LOG_PATH=$scratch/logs DBT_TARGET_PATH=$scratch/target
# Results go to the warehouse. To write the manifest, which goes with the scratch, is a quarter of a small task's time.
export DBT_WRITE_JSON=false

# To parse the project is half of a task's time. The first task of a run on a worker does it for the others; dbt itself
# sees whether what was parsed still holds.
parsed=$project.partial_parse.msgpack
mkdir "$scratch/target"
if [[ -e $parsed ]]; then
  cp "$parsed" "$scratch/target/partial_parse.msgpack"
fi
status=0
"$venv/bin/dbt" --no-use-colors "$@" || status=$?
if [[ -e $scratch/target/partial_parse.msgpack ]]; then
  mv "$scratch/target/partial_parse.msgpack" "$parsed"
fi
exit "$status"
