"""orchestration/composer/deploy.py against a bucket that is a folder, and an Airflow that answers what a test says."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

# gcloud, as far as deploy.py uses it: rsync with --exclude and deletion, and Airflow's import errors.
# https://cloud.google.com/sdk/gcloud/reference/storage/rsync
GCLOUD = """#!{python}
import json, os, re, shutil, sys
from pathlib import Path

home = Path(sys.argv[0]).parent
arguments = sys.argv[1:]


def local(name):
    return home / "buckets" / name.removeprefix("gs://") if name.startswith("gs://") else Path(name)


def files(folder, excluded):
    found = {{path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}}
    return {{name: path for name, path in found.items() if not (excluded and re.match(excluded, name))}}


if arguments[:2] == ["storage", "rsync"]:
    with (home / "copies").open("a") as log:
        print(" ".join(arguments), file=log)
    fails = home / "fails"
    if fails.exists() and fails.read_text() in arguments[-1]:
        fails.unlink()
        sys.exit("ERROR: (gcloud.storage.rsync) 503")
    assert {{"--recursive", "--checksums-only", "--delete-unmatched-destination-objects"}} <= set(arguments)
    excluded = next((a.removeprefix("--exclude=") for a in arguments if a.startswith("--exclude=")), None)
    source, destination = map(local, arguments[-2:])
    for name, path in files(source, excluded).items():
        (destination / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, destination / name)
    for name in files(destination, excluded).keys() - files(source, excluded).keys():
        (destination / name).unlink()
elif arguments[:3] == ["composer", "environments", "run"]:
    answers = json.loads((home / "answers.json").read_text())
    print("Executing the command: [ airflow dags list-import-errors ]...", file=sys.stderr)
    print(answers.pop(0) if len(answers) > 1 else answers[0])
    (home / "answers.json").write_text(json.dumps(answers))
else:
    sys.exit(f"ERROR: unknown command {{arguments}}")
"""
NOTHING = "No data found"
OLD_ERROR = json.dumps([{"filepath": "/home/airflow/gcs/dags/old.py", "error": "Traceback"}])
NEW_ERROR = "[\n" + json.dumps({"filepath": "/home/airflow/gcs/dags/new.py", "error": "SyntaxError"}) + "\n]\nDone."


@dataclass
class Composer:
    """A repository, a bucket and gcloud."""

    root: Path
    home: Path

    @property
    def bucket(self) -> Path:
        """The folder dags/ of the environment's bucket."""
        return self.home / "buckets" / "northwind-dev-airflow" / "dags"

    def answers(self, *printed: str) -> None:
        """What Airflow answers, one after the other; the last again and again."""
        (self.home / "answers.json").write_text(json.dumps(printed))

    def deploy(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Deploy, without waiting."""
        command = [sys.executable, "orchestration/composer/deploy.py", "--project", "northwind-dev"]
        command += ["--environment", "northwind-dev", "--location", "us-east4", "--wait", "0"]
        path = {"PATH": f"{self.home}:{os.environ['PATH']}"}
        return subprocess.run(
            command, cwd=self.root, env=os.environ | path | variables, capture_output=True, text=True, check=False
        )

    def contents(self) -> dict[str, str]:
        """Path -> text of every file in the bucket."""
        return {p.relative_to(self.bucket).as_posix(): p.read_text() for p in self.bucket.rglob("*") if p.is_file()}


@pytest.fixture
def composer(northwind: Path, tmp_path: Path) -> Composer:
    """The full example, and a bucket that has an earlier version of it."""
    home, root = tmp_path / "bin", tmp_path / "repository"
    home.mkdir()
    gcloud = home / "gcloud"
    gcloud.write_text(GCLOUD.format(python=sys.executable))
    gcloud.chmod(gcloud.stat().st_mode | stat.S_IXUSR)
    for part in ("contracts", "dbt", "orchestration"):
        shutil.copytree(northwind / part, root / part)
    for noise in ("dbt/target/manifest.json", "dbt/logs/dbt.log", "orchestration/composer/dags/__pycache__/x.pyc"):
        (root / noise).parent.mkdir(exist_ok=True)
        (root / noise).write_text("")
    composer = Composer(root, home)
    earlier = {
        "airflow_monitoring.py": "Composer's",
        "landing_quality_dag.py": "earlier",
        "removed_dag.py": "gone since",
        "contracts/labs.odcs.yaml": "earlier",
        "contracts/dropped.odcs.yaml": "gone since",
        "dbt/dbt_project.yml": "earlier",
    }
    for name, text in earlier.items():
        (composer.bucket / name).parent.mkdir(parents=True, exist_ok=True)
        (composer.bucket / name).write_text(text)
    return composer


def test_bucket_becomes_the_commit(composer: Composer) -> None:
    composer.answers(NOTHING)
    result = composer.deploy()
    assert result.returncode == 0, result.stderr
    assert "Airflow reads every file" in result.stdout
    expected = {"airflow_monitoring.py"}
    for source, below in (("contracts", "contracts/"), ("dbt", "dbt/"), ("orchestration/composer/dags", "")):
        folder = composer.root / source
        expected |= {below + path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    noise = {name for name in expected if name.startswith(("dbt/target", "dbt/logs")) or "__pycache__" in name}
    assert len(noise) == 3
    contents = composer.contents()
    assert contents.keys() == expected - noise
    assert contents["airflow_monitoring.py"] == "Composer's"
    assert contents["landing_quality_dag.py"].startswith('"""')
    # DAGs come last: they read contracts and dbt, which are there by then.
    assert "composer/dags gs://" in (composer.home / "copies").read_text().splitlines()[-1]


@pytest.mark.parametrize("looks", [1, 3])
def test_what_airflow_cannot_read_goes_back(looks: int, composer: Composer) -> None:
    before = composer.contents()
    composer.answers(NOTHING, *[NOTHING] * (looks - 1), NEW_ERROR)
    result = composer.deploy()
    assert result.returncode == 1
    assert "/home/airflow/gcs/dags/new.py: SyntaxError" in result.stderr
    assert composer.contents() == before


def test_what_airflow_could_not_read_before_holds_nothing_back(composer: Composer) -> None:
    composer.answers(OLD_ERROR)
    result = composer.deploy()
    assert result.returncode == 0, result.stderr
    assert "1 file that Airflow could not read before" in result.stdout


@pytest.mark.parametrize("part", ["/dags/contracts", "/dags/dbt", "airflow/dags"])
def test_copy_that_breaks_off_goes_back(part: str, composer: Composer) -> None:
    before = composer.contents()
    composer.answers(NOTHING)
    (composer.home / "fails").write_text(part)
    result = composer.deploy()
    assert result.returncode == 1
    assert "503" in result.stderr
    assert composer.contents() == before


@pytest.mark.parametrize("answer", ["Airflow is being upgraded", "[not json"])
def test_answer_that_cannot_be_read_deploys_nothing(answer: str, composer: Composer) -> None:
    before = composer.contents()
    composer.answers(answer)
    result = composer.deploy()
    assert result.returncode == 2
    assert answer in result.stderr
    assert composer.contents() == before


def test_without_gcloud_it_says_where_to_get_it(composer: Composer) -> None:
    (composer.home / "gcloud").unlink()
    result = composer.deploy(PATH=str(composer.home))
    assert result.returncode == 2
    assert "cloud.google.com/sdk" in result.stderr
