"""delivery/upgrade.py: what it says of an update, and that a preview touches nothing.

On a small template with two releases; that of this repository is updated in the other tests.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.render import ROOT, files_of
from tests.update.test_answers_survive import commit, git

FILES = {
    "README.md": "one\ntwo\nthree\nfour\nfive\n",
    "changed.md": "old\n",
    "moved.md": "to be deleted\n",
    "runbook.md": "to be deleted, and edited by some\n",
    "same.md": "same\n",
}


@dataclass
class Organization:
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
        commit(self.root, f"Edit {name}")


@pytest.fixture
def organization(tmp_path: Path) -> Organization:
    """A template of two releases, and a repository made from the first."""
    template, root = tmp_path / "template", tmp_path / "organization"
    project = template / "project"
    project.mkdir(parents=True)
    questions = "_subdirectory: project\nname:\n  type: str\n  default: mesh\nregion:\n  type: str\n  default: here\n"
    (template / "copier.yml").write_text(questions)
    (project / "{{ _copier_conf.answers_file }}.jinja").write_text("{{ _copier_answers|to_nice_yaml }}")
    (project / "named.md.jinja").write_text("{{ name }}\n")
    for name, text in FILES.items():
        (project / name).write_text(text)
    shutil.copytree(ROOT / "template" / "delivery", project / "delivery", ignore=shutil.ignore_patterns("*.jinja"))
    commit(template, "First release")
    git(template, "tag", "1.0.0")
    command = [str(Path(sys.executable).with_name("copier")), "copy", "--quiet", "--defaults", "--vcs-ref", "1.0.0"]
    subprocess.run([*command, str(template), str(root)], check=True)
    commit(root, "Start")
    for name in ("moved.md", "runbook.md"):
        (project / name).unlink()
    (project / "added.md").write_text("new\n")
    (project / "changed.md").write_text("new\n")
    (project / "README.md").write_text(FILES["README.md"].replace("two", "2"))
    (template / "copier.yml").write_text(f"{questions}owner:\n  type: str\n  default: somebody\n")
    commit(template, "Second release")
    git(template, "tag", "1.1.0")
    return Organization(root, template)


def test_preview_says_what_an_upgrade_does_and_touches_nothing(organization: Organization) -> None:
    before = {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in organization.root.rglob("*") if path.is_file()
    }
    preview = organization.upgrade("preview")
    assert preview.returncode == 0, preview.stderr
    for line in ("owner: (none) -> somebody", "added: 1\n  added.md", "changed: 2\n  README.md\n  changed.md"):
        assert line in preview.stdout
    assert "deleted: 2\n  moved.md\n  runbook.md" in preview.stdout
    assert "CONFLICTS" not in preview.stdout
    index = organization.root / ".git" / "index"
    after = {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in organization.root.rglob("*") if path.is_file()
    }
    assert after.keys() == before.keys()
    assert {path for path in after if after[path] != before[path]} <= {index}

    upgrade = organization.upgrade("apply")
    assert upgrade.returncode == 0, upgrade.stderr
    assert upgrade.stdout == preview.stdout
    assert (organization.root / "added.md").read_text() == "new\n"
    assert not (organization.root / "moved.md").exists()


@pytest.mark.parametrize("command", ["preview", "apply"])
def test_conflict_fails_and_loses_nothing(command: str, organization: Organization) -> None:
    organization.write("README.md", FILES["README.md"].replace("two", "TWO").replace("five", "FIVE"))
    result = organization.upgrade(command)
    assert result.returncode == 1
    assert "CONFLICTS, to be settled between the markers: 1\n  README.md" in result.stdout
    text = (organization.root / "README.md").read_text()
    assert "TWO" in text
    assert "FIVE" in text
    assert ("2\n" in text) is (command == "apply")
    if command == "apply":
        assert "git reset --hard" in result.stderr
        git(organization.root, "reset", "--hard", "--quiet")
        git(organization.root, "clean", "-d", "--force", "--quiet")
        assert git(organization.root, "status", "--porcelain") == ""
        assert (organization.root / "README.md").read_text() != text


def test_edits_beside_the_template_s_stay_without_a_conflict(organization: Organization) -> None:
    organization.write("README.md", FILES["README.md"] + "six\n")
    organization.write("ours.md", "ours\n")
    result = organization.upgrade("apply")
    assert result.returncode == 0, result.stdout
    assert (organization.root / "README.md").read_text() == FILES["README.md"].replace("two", "2") + "six\n"
    assert (organization.root / "ours.md").read_text() == "ours\n"


@pytest.mark.parametrize("command", ["preview", "apply"])
def test_deleted_file_that_was_edited_is_told(command: str, organization: Organization) -> None:
    organization.write("runbook.md", "call this number\n")
    result = organization.upgrade(command)
    assert result.returncode == 1
    assert "DELETED ALTHOUGH YOU EDITED THEM: 1\n  runbook.md" in result.stdout


def test_another_answer_on_the_same_release(organization: Organization) -> None:
    result = organization.upgrade("apply", "--to", ":current:", "--data", "name=data_mesh")
    assert result.returncode == 0, result.stderr
    assert "name: mesh -> data_mesh" in result.stdout
    assert "changed: 1\n  named.md" in result.stdout
    assert "added" not in result.stdout
    assert (organization.root / "named.md").read_text() == "data_mesh\n"


def test_without_news_nothing_changes(organization: Organization) -> None:
    result = organization.upgrade("preview", "--to", "1.0.0")
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "nothing changes")


def test_changes_that_git_does_not_have_stop_an_upgrade(organization: Organization) -> None:
    (organization.root / "README.md").write_text("not committed\n")
    before = files_of(organization.root)
    result = organization.upgrade("apply")
    assert result.returncode == 2
    assert "Commit or stash your changes" in result.stderr
    assert files_of(organization.root) == before
    # A preview is of what is committed.
    assert organization.upgrade("preview").returncode == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "was not made by copier"),
        ("_commit: [", "cannot be read"),
        ("name: mesh\n", "names no template and release"),
        ("_commit: 1.0.0\n_src_path: /nowhere\nname: mesh\n", "copier copy"),
    ],
)
def test_answers_that_cannot_be_used_change_nothing(text: str | None, said: str, organization: Organization) -> None:
    answers = organization.root / ".copier-answers.yml"
    answers.unlink()
    if text is not None:
        answers.write_text(text)
    commit(organization.root, "Break the answers")
    before = files_of(organization.root)
    result = organization.upgrade("apply")
    assert result.returncode == 2
    assert said in result.stderr
    assert files_of(organization.root) == before
