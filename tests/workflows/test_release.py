"""What may be released of this repository: .ci/release_notes, which release.yml runs before it publishes a tag.

And what is recorded once it is: .ci/release_record.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.render import ROOT
from tests.workflows.repository import git

CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\nSoon.\n\n## 0.10.0\n\nMore.\n\n## 0.1.0 (2026-12-01)\n\nFirst.\n\n- With a list.\n"
)
LEDGER = f"# Oldest first.\n- version: 0.1.0.dev2 # a state of its development\n  commit: {'1' * 40}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a changelog, whose main is pushed."""
    root, origin = tmp_path / "repository", tmp_path / "origin.git"
    shutil.copytree(ROOT / ".ci", root / ".ci")
    (root / "CHANGELOG.md").write_text(CHANGELOG)
    (root / "releases.yml").write_text(LEDGER)
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", str(origin))
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "start")
    git(root, "remote", "add", "origin", str(origin))
    git(root, "push", "--quiet", "origin", "main")
    return root


def release_notes(root: Path, tag: str) -> subprocess.CompletedProcess[str]:
    """The notes of a tag."""
    return subprocess.run([".ci/release_notes", tag], cwd=root, capture_output=True, text=True, check=False)


def test_notes_are_the_section_of_the_version(repository: Path) -> None:
    git(repository, "tag", "v0.1.0")
    result = release_notes(repository, "v0.1.0")
    assert (result.returncode, result.stdout) == (0, "\nFirst.\n\n- With a list.\n")
    # Before it is tagged, too.
    assert release_notes(repository, "v0.10.0").stdout == "\nMore.\n"


@pytest.mark.parametrize("tag", ["", "0.1.0", "v1", "v0.1", "v0.1.0-rc1", "v01.0.0", "latest", "v0.1.0; true"])
def test_what_copier_cannot_order_is_no_version(tag: str, repository: Path) -> None:
    result = release_notes(repository, tag)
    assert result.returncode == 1
    assert "Name a version as PEP 440 has it" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("tag", ["v0.2.0", "v0.1.1", "v0.1.0rc1", "v10.0.0"])
def test_version_that_the_changelog_does_not_tell_is_refused(tag: str, repository: Path) -> None:
    result = release_notes(repository, tag)
    assert result.returncode == 1
    assert f'no section "## {tag[1:]}"' in result.stderr


def test_tag_beside_main_is_refused(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--create", "elsewhere")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "beside")
    git(repository, "tag", "v0.1.0")
    result = release_notes(repository, "v0.1.0")
    assert result.returncode == 1
    assert "v0.1.0 is not on main" in result.stderr


def release_record(root: Path, tag: str) -> subprocess.CompletedProcess[str]:
    """Record a tag."""
    command = [sys.executable, ".ci/release_record", tag]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_tag_is_recorded_with_its_commit(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD").strip()
    git(repository, "tag", "--annotate", "--message", "First", "v0.1.0")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "after")
    result = release_record(repository, "v0.1.0")
    assert result.returncode == 0, result.stderr
    assert "begin the section of the next version in CHANGELOG.md" in result.stdout
    assert (repository / "releases.yml").read_text() == f"{LEDGER}- version: 0.1.0\n  commit: {commit}\n"

    git(repository, "tag", "v0.10.0")
    assert release_record(repository, "v0.10.0").returncode == 0
    entries = yaml.safe_load((repository / "releases.yml").read_text())
    assert [entry["version"] for entry in entries] == ["0.1.0.dev2", "0.1.0", "0.10.0"]


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("", "Name a version as PEP 440 has it"),
        ("0.2.0", "Name a version as PEP 440 has it"),
        ("v0.2.0.dev1", "Name a version as PEP 440 has it"),
        ("v0.3.0", "v0.3.0 is no tag in this clone"),
        ("v0.2.0", "0.2.0 is recorded already"),
        ("v0.1.0", "0.1.0 is not newer than 0.2.0"),
        ("v0.2.0rc1", "0.2.0rc1 is not newer than 0.2.0"),
        ("v0.4.0", "v0.4.0 is not an ancestor"),
    ],
)
def test_what_cannot_be_recorded_changes_nothing(tag: str, said: str, repository: Path) -> None:
    for other in ("v0.1.0", "v0.2.0rc1", "v0.2.0", "0.2.0"):
        git(repository, "tag", other)
    git(repository, "switch", "--quiet", "--create", "elsewhere")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "beside")
    git(repository, "tag", "v0.4.0")
    git(repository, "switch", "--quiet", "main")
    ledger = f"{LEDGER}- version: 0.2.0\n  commit: {git(repository, 'rev-parse', 'HEAD')}"
    (repository / "releases.yml").write_text(ledger)
    result = release_record(repository, tag)
    assert result.returncode == 1
    assert said in result.stderr
    assert (repository / "releases.yml").read_text() == ledger
