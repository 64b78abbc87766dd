"""What may be released of this repository: .ci/release_notes, which release.yml runs before it publishes a tag."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.render import ROOT
from tests.workflows.repository import git

CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\nSoon.\n\n## 0.10.0\n\nMore.\n\n## 0.1.0 (2026-12-01)\n\nFirst.\n\n- With a list.\n"
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a changelog, whose main is pushed."""
    root, origin = tmp_path / "repository", tmp_path / "origin.git"
    shutil.copytree(ROOT / ".ci", root / ".ci")
    (root / "CHANGELOG.md").write_text(CHANGELOG)
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
