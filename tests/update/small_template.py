"""A small template of two releases, and an organization made from the first: for what programs say of an update."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.render import ROOT
from tests.workflows.repository import commit, git

# Blocks that end alike, and one more in the second release.
BLOCKS = "".join(f"run {name} {{\n  plan\n\n  expect failure\n}}\n" for name in ("one", "two"))
FILES = {
    "blocks.hcl": BLOCKS,
    "README.md": "one\ntwo\nthree\nfour\nfive\n",
    "changed.md": "old\n",
    "moved.md": "to be deleted\n",
    "runbook.md": "to be deleted, and edited by some\n",
    "same.md": "same\n",
}


@dataclass
class SmallOrganization:
    """A repository that was made from release 1.0.0."""

    root: Path
    template: Path

    def upgrade(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the program."""
        command = [sys.executable, "delivery/upgrade.py", *arguments]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)

    def write(self, name: str, text: str) -> None:
        """Commit a change of one's own."""
        (self.root / name).write_text(text)
        commit(self.root)


def small_template(folder: Path) -> SmallOrganization:
    """Make both below a folder."""
    template, root = folder / "template", folder / "organization"
    project = template / "project"
    project.mkdir(parents=True)
    questions = "_subdirectory: project\nname:\n  type: str\n  default: mesh\nregion:\n  type: str\n  default: here\n"
    (template / "copier.yml").write_text(questions)
    (project / "{{ _copier_conf.answers_file }}.jinja").write_text("{{ _copier_answers|to_nice_yaml }}")
    (project / "named.md.jinja").write_text("{{ name }}\n")
    for name, text in FILES.items():
        (project / name).write_text(text)
    shutil.copytree(
        ROOT / "template" / "delivery", project / "delivery", ignore=shutil.ignore_patterns("*.jinja", "__pycache__")
    )
    git(template, "init", "--quiet")
    commit(template)
    git(template, "tag", "v1.0.0")
    command = [str(Path(sys.executable).with_name("copier")), "copy", "--quiet", "--defaults", "--vcs-ref", "v1.0.0"]
    subprocess.run([*command, str(template), str(root)], check=True)
    git(root, "init", "--quiet")
    commit(root)
    for name in ("moved.md", "runbook.md"):
        (project / name).unlink()
    (project / "added.md").write_text("new\n")
    (project / "changed.md").write_text("new\n")
    (project / "blocks.hcl").write_text(BLOCKS + BLOCKS.partition("run two")[0].replace("one", "three"))
    (project / "README.md").write_text(FILES["README.md"].replace("two", "2"))
    (template / "copier.yml").write_text(f"{questions}owner:\n  type: str\n  default: somebody\n")
    commit(template)
    git(template, "tag", "v1.1.0")
    return SmallOrganization(root, template)
