"""A recorded answer is kept or refused by a release, but never replaced in silence."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.render import ROOT, copy_template
from tests.update.history import History, reduced
from tests.update.organization import ANSWERS, Organization
from tests.update.samples import QUESTIONS

ASKED = [
    name
    for name, question in QUESTIONS.items()
    if not name.startswith("_") and question.get("when", True) and question.get("ask", True)
]


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> History:
    """The questions without the files: a release, and for each question one that refuses its answer."""
    folder = tmp_path_factory.mktemp("questions")
    template = reduced(copy_template(folder / "template"), "delivery")
    history = History(folder / "history")
    history.release("1.0.0", template)
    for number, name in enumerate(ASKED, 1):
        changed = QUESTIONS | {name: QUESTIONS[name] | {"validator": "No longer."}}
        (template / "copier.yml").write_text(yaml.safe_dump(changed, sort_keys=False))
        history.release(f"1.{number}.0", template)
    return history


@pytest.fixture(scope="module")
def begun(questions: History, tmp_path_factory: pytest.TempPathFactory) -> Organization:
    """A mesh whose answers were recorded by the release. Read only."""
    mesh = Organization.start(
        tmp_path_factory.mktemp("begun") / "mesh", questions.root, "1.0.0", {"mesh_name": "contoso"}
    )
    mesh.commit()
    return mesh


@pytest.fixture
def mesh(begun: Organization, tmp_path: Path) -> Organization:
    """A copy of it."""
    return Organization(shutil.copytree(begun.root, tmp_path / "mesh"))


@pytest.mark.parametrize("question", ASKED)
def test_answer_that_is_no_longer_allowed_stops_the_update(question: str, mesh: Organization) -> None:
    before = mesh.files()
    with pytest.raises(ValueError, match=f'"{question}" is required'):
        mesh.update(f"1.{ASKED.index(question) + 1}.0")
    assert mesh.files() == before
    assert mesh.changes() == []


def test_choice_that_is_gone_stops_the_update(questions: History, mesh: Organization, tmp_path: Path) -> None:
    template = tmp_path / "template"
    shutil.copytree(questions.root, template, ignore=shutil.ignore_patterns(".git"))
    (template / "copier.yml").write_text((ROOT / "copier.yml").read_text())
    names = template / "extensions" / "domains.yml"
    kept = yaml.safe_load(names.read_text())[1:]
    names.write_text(yaml.safe_dump(kept))
    questions.release("2.0.0", template)
    before = mesh.files()
    with pytest.raises(ValueError, match='"domains" is required'):
        mesh.update("2.0.0")
    assert mesh.files() == before
    # Given one that is allowed, it goes on.
    mesh.update("2.0.0", domains=kept)
    assert yaml.safe_load((mesh.root / ANSWERS).read_text())["domains"] == kept


@pytest.mark.parametrize("command", ["preview", "apply"])
def test_upgrade_says_which_answer_is_refused(command: str, mesh: Organization) -> None:
    version = f"v1.{ASKED.index('airflow_version') + 1}.0"
    run = [sys.executable, "delivery/upgrade.py", command, "--to", version]
    result = subprocess.run(run, cwd=mesh.root, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "The recorded answer airflow_version is not allowed there" in result.stderr
    assert "--data airflow_version=<value>" in result.stderr
    assert mesh.changes() == []


def test_update_says_what_to_do_next(mesh: Organization) -> None:
    """As a user sees it, who runs copier itself."""
    copier = str(Path(sys.executable).with_name("copier"))
    command = [copier, "update", "--defaults", "--vcs-ref", "v1.0.0"]
    result = subprocess.run(command, cwd=mesh.root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    before, after = "Updating the mesh.", "contoso is updated. Next, in its directory:"
    assert before in result.stderr
    assert after in result.stderr
    assert result.stderr.index(before) < result.stderr.index(after)
    for line in ("make upgrade-preview", "git reset --hard && git clean -d --force", "make ci"):
        assert line in result.stderr
