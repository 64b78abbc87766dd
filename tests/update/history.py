"""The releases of this template as a repository that copier can update from: releases.yml, then what is here.

Tags may be absent in a clone, the commits are not: each release is taken from git by the commit that it is.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import yaml

from tests.render import POLICY_CASES, ROOT, TEMPLATE_PATHS, copy_template
from tests.workflows.repository import git

# What most updates need not carry: the policies and their cases, two thirds of all files. They have no domain in them.
POLICIES = "sentinel-policies/policies"


def recorded(root: Path = ROOT) -> dict[str, str]:
    """Version -> commit, oldest first."""
    entries: list[dict[str, Any]] = yaml.safe_load((root / "releases.yml").read_text())
    return {entry["version"]: entry["commit"] for entry in entries}


def unrecorded(root: Path = ROOT) -> list[str]:
    """Tags of versions in this history that releases.yml lacks, or knows as another commit.

    What is checked out may bear a tag of its own: it is recorded once it is released.
    """
    head, known = git(root, "rev-parse", "HEAD"), recorded(root)
    found = []
    for tag in git(root, "tag", "--list", "v[0-9]*", "--merged", "HEAD").split():
        commit, version = git(root, "rev-parse", f"{tag}^{{commit}}"), tag.removeprefix("v")
        if known.get(version) != commit.strip() and (commit != head or version in known):
            found.append(tag)
    return found


def next_version() -> str:
    """The version that the changelog tells of first: the one that what is here becomes."""
    found = re.search(r"(?m)^## (\S+)", (ROOT / "CHANGELOG.md").read_text())
    assert found is not None
    return found[1]


def released(version: str, destination: Path, *left_out: str) -> Path:
    """The template of a release, without git. `left_out` are patterns of paths that are not copied."""
    commit = recorded()[version]
    command = ["git", "archive", commit, *TEMPLATE_PATHS]
    archive = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        raise LookupError(
            f"Release {version} is the commit {commit}, which this clone does not have: git fetch --unshallow. "
            f"{archive.stderr.decode().strip()}"
        )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(destination, filter="data")
    for pattern in left_out:
        for path in sorted(destination.rglob(pattern)):
            shutil.rmtree(path)
    return destination


def reduced(template: Path, *kept: str) -> Path:
    """Leave of a template its questions and these paths of what it renders, which then takes a moment."""
    root = template / "template"
    wanted = [root / name for name in kept]
    for path in sorted(root.rglob("*"), reverse=True):
        if "_copier_conf" in path.name or any(
            path.is_relative_to(name) or name.is_relative_to(path) for name in wanted
        ):
            continue
        path.rmdir() if path.is_dir() else path.unlink()
    return template


class History:
    """A repository of the template, whose tags are the releases."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        git(root, "init", "--quiet", "--initial-branch", "main")

    def release(self, version: str, template: Path) -> None:
        """Release a template, which is a folder without git."""
        for name in TEMPLATE_PATHS:
            path = self.root / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        shutil.copytree(template, self.root, dirs_exist_ok=True)
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "--message", version)
        git(self.root, "tag", f"v{version}")


def history(folder: Path, *left_out: str) -> History:
    """Every release, then what is here as the version that it becomes. `folder` is empty, and holds the repository."""
    made = History(folder / "history")
    for version in recorded():
        made.release(version, released(version, folder / version, POLICY_CASES, *left_out))
    made.release(next_version(), copy_template(folder / "here", POLICY_CASES, *left_out))
    return made
