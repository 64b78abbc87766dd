"""An organization's repository, and what an update does to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import copier
from copier import VcsRef

from tests.render import ROOT, files_of
from tests.workflows.repository import commit, git

ANSWERS = ".copier-answers.yml"
UPGRADE = (ROOT / "template/delivery/upgrade.py").read_text()
# What delivery/upgrade.py asks copier for.
CONTEXT_LINES = int(re.findall(r"(?m)^CONTEXT_LINES = (\S+)$", UPGRADE)[0])
# As copier has git mark where both sides changed the same lines.
MARKER = b"<<<<<<< before updating"


@dataclass(frozen=True)
class Organization:
    """A repository that was made from a release of the template."""

    root: Path

    @classmethod
    def start(cls, root: Path, template: Path, version: str, answers: dict[str, Any]) -> Organization:
        """Make it, as a user would in CI: defaults for what is not answered, no trust."""
        copier.run_copy(str(template), root, vcs_ref=f"v{version}", data=answers, defaults=True, quiet=True)
        git(root, "init", "--quiet", "--initial-branch", "main")
        return cls(root)

    def commit(self) -> None:
        """Commit all there is."""
        commit(self.root)

    def update(self, version: str | None = None, *, context_lines: int = CONTEXT_LINES, **answers: Any) -> None:
        """Update to a release, or with other answers on the one it is on. Raises what copier raises."""
        copier.run_update(
            self.root,
            vcs_ref=f"v{version}" if version else VcsRef.CURRENT,
            data=answers,
            defaults=True,
            overwrite=True,
            quiet=True,
            context_lines=context_lines,
        )

    def files(self) -> dict[str, bytes]:
        """Path -> content."""
        return files_of(self.root)

    def changes(self) -> list[str]:
        """Lines of git's status."""
        return git(self.root, "status", "--porcelain", "--untracked-files=all").splitlines()

    def marked(self) -> set[str]:
        """Files with conflict markers."""
        return {path for path, content in self.files().items() if MARKER in content.splitlines()}

    def unmerged(self) -> set[str]:
        """Files that git's index holds as conflicted."""
        listed = git(self.root, "ls-files", "--unmerged", "-z").split("\0")
        return {entry.partition("\t")[2] for entry in listed if entry}

    def go_back(self) -> None:
        """What the message after an update says."""
        git(self.root, "reset", "--hard", "--quiet")
        git(self.root, "clean", "-d", "--force", "--quiet")
