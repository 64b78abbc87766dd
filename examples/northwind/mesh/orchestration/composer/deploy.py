"""Bring DAGs, contracts and the dbt project to Composer, and bring back what was there if Airflow cannot read them.

Needs gcloud, signed in as the account airflow-deployment. The exit status is 0; 1 if Airflow could not read what came,
and what was there before is back; 2 if something stands in the way.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# Folder of the repository -> where it lies below dags/, and what stays behind (regular expressions of gcloud).
FOLDERS = {
    "contracts": ("contracts", None),
    "dbt": ("dbt", r"^(target|logs)/.*|.*__pycache__.*"),
    # airflow_monitoring.py is Composer's own.
    "orchestration/composer/dags": ("", r"^(contracts|dbt)/.*|airflow_monitoring\.py|.*__pycache__.*"),
}
# Composer copies the bucket to Airflow within a minute or two, and Airflow reads new files every half minute.
# https://cloud.google.com/composer/docs/composer-3/cloud-storage
FIRST_LOOK_SECONDS = 180
NEXT_LOOK_SECONDS = 30
LOOKS = 4


def main() -> int:
    """Deploy, look, and go back if need be."""
    parser = argparse.ArgumentParser(description="Bring DAGs, contracts and the dbt project to Composer.")
    parser.add_argument("--project", required=True, help="id of the GCP project")
    parser.add_argument("--environment", required=True, help="name of the Composer environment")
    parser.add_argument("--location", required=True, help="region of the Composer environment")
    parser.add_argument("--wait", type=float, default=1.0, help="share of the usual wait for Airflow to read (1)")
    options = parser.parse_args()
    where = f"gs://{options.project}-airflow/dags"
    try:
        before = import_errors(options.project, options.environment, options.location)
        with tempfile.TemporaryDirectory() as folder:
            print(f"Keeping what {where} has ...", flush=True)
            synchronize(where, folder)
            print(f"Bringing the new files to {where} ...", flush=True)
            try:
                for source, (below, left_out) in FOLDERS.items():
                    synchronize(str(REPOSITORY / source), f"{where}/{below}".rstrip("/"), left_out)
                time.sleep(FIRST_LOOK_SECONDS * options.wait)
                for look in range(LOOKS):
                    print(f"Asking Airflow what it could not read ({look + 1} of {LOOKS}) ...", flush=True)
                    errors = import_errors(options.project, options.environment, options.location)
                    if new := {file: text for file, text in errors.items() if file not in before}:
                        raise UnreadableDagsError(new)
                    time.sleep(NEXT_LOOK_SECONDS * options.wait)
            except (CommandFailedError, UnreadableDagsError) as error:
                print(f"{error}\nBringing back what was there ...", file=sys.stderr, flush=True)
                synchronize(folder, where)
                return 1
    except CommandFailedError as error:
        print(error, file=sys.stderr)
        return 2
    still = f"{len(errors)} file{'s'[: len(errors) != 1]} that Airflow could not read before, it still cannot"
    print(f"Deployed to {options.environment}: {still if errors else 'Airflow reads every file'}.")
    return 0


class CommandFailedError(Exception):
    """gcloud could not do what it was asked for."""


class UnreadableDagsError(Exception):
    """Airflow cannot read files that came."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("Airflow cannot read\n" + "\n".join(f"{file}: {text}" for file, text in errors.items()))


def synchronize(source: str, destination: str, left_out: str | None = None) -> None:
    """Make a folder what another is. What matches `left_out` is neither brought nor removed."""
    excluded = [f"--exclude={left_out}"] if left_out else []
    gcloud(
        "storage", "rsync", "--recursive", "--checksums-only", "--delete-unmatched-destination-objects", *excluded,
        source, destination,
    )  # fmt: skip


def import_errors(project: str, environment: str, location: str) -> dict[str, str]:
    """File -> what Airflow says of it, for each file that it cannot read."""
    printed = gcloud(
        "composer", "environments", "run", environment, f"--project={project}", f"--location={location}",
        "dags", "list-import-errors", "--", "--output=json",
    )  # fmt: skip
    if "No data found" in printed:
        return {}
    # The answer stands between lines of gcloud's own.
    start = printed.find("[\n") if printed.find("[{") < 0 else printed.find("[{")
    try:
        found, _ = json.JSONDecoder().raw_decode(printed, max(start, 0))
        return {row.get("filepath") or row["filename"]: row["error"] for row in found}
    except (ValueError, TypeError, KeyError):
        raise CommandFailedError(f"Airflow's answer cannot be read:\n{printed}") from None


def gcloud(*arguments: str) -> str:
    """What gcloud prints."""
    try:
        result = subprocess.run(["gcloud", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CommandFailedError("No gcloud here. Install it: https://cloud.google.com/sdk/docs/install") from None
    if result.returncode:
        raise CommandFailedError(f"gcloud {' '.join(arguments)}\n{result.stderr.strip()}")
    return f"{result.stdout}\n{result.stderr}"


if __name__ == "__main__":
    sys.exit(main())
