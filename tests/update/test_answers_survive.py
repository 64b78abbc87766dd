"""An update keeps the shape of a mesh: structural answers are never reset in silence, and nothing needs trust."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from copier import VcsRef

from tests.render import POLICY_CASES, copy_template, files_of

ANSWERS: dict[str, Any] = {
    "mesh_name": "contoso",
    "domains": ["labs", "vitals"],
    "regions": ["us-east-1", "eu-west-1"],
    "home_region": "eu-west-1",
}


def git(folder: Path, *arguments: str) -> str:
    """Output of a git command."""
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@test.example", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder: Path, message: str) -> None:
    """Commit everything in the folder, a repository from then on."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as a repository with the tag 1.0.0."""
    repository = copy_template(tmp_path_factory.mktemp("released") / "template", POLICY_CASES)
    commit(repository, "First release")
    git(repository, "tag", "1.0.0")
    return repository


@pytest.fixture
def mesh(released: Path, tmp_path: Path) -> Path:
    """A mesh made from the first release and committed."""
    copier.run_copy(str(released), tmp_path / "mesh", data=ANSWERS, defaults=True, quiet=True)
    commit(tmp_path / "mesh", "Start the mesh")
    return tmp_path / "mesh"


def update(mesh: Path, reference: VcsRef | None = None, **data: Any) -> None:
    """Update as a user would in CI: defaults for what is new, no trust."""
    copier.run_update(mesh, vcs_ref=reference, data=data, defaults=True, overwrite=True, quiet=True)


def test_update_without_news_changes_nothing(mesh: Path) -> None:
    update(mesh)
    assert git(mesh, "status", "--porcelain") == ""


def test_changed_answer_equals_a_fresh_copy(mesh: Path, released: Path, tmp_path: Path) -> None:
    changed: dict[str, Any] = {"domains": ["labs", "patients", "vitals"], "retention_days": 3653}
    update(mesh, VcsRef.CURRENT, **changed)
    copier.run_copy(str(released), tmp_path / "fresh", data=ANSWERS | changed, defaults=True, quiet=True)
    assert git(mesh, "status", "--porcelain") != ""
    assert files_of(mesh) == files_of(tmp_path / "fresh")


def test_answer_that_is_no_longer_a_choice_stops_the_update(mesh: Path, released: Path, tmp_path: Path) -> None:
    git(released, "clone", "--quiet", str(released), str(tmp_path / "next"))
    following = tmp_path / "next"
    names = yaml.safe_load((following / "extensions/domains.yml").read_text())
    (following / "extensions/domains.yml").write_text(yaml.safe_dump([name for name in names if name != "vitals"]))
    commit(following, "Drop a domain")
    git(following, "tag", "2.0.0")
    answers = mesh / ".copier-answers.yml"
    answers.write_text(answers.read_text().replace(str(released), str(following)))
    commit(mesh, "Follow the next release")

    before = files_of(mesh)
    with pytest.raises(ValueError, match="domains"):
        update(mesh)
    assert files_of(mesh) == before
    assert git(mesh, "status", "--porcelain") == ""
