"""delivery/upgrade.py: what it says of an update, and that a preview touches nothing.

On a small template with two releases; that of this repository is updated in the other tests.
"""

from __future__ import annotations

import re

import pytest

from tests.render import files_of
from tests.update.organization import CONTEXT_LINES
from tests.update.small_template import BLOCKS, FILES, SmallOrganization
from tests.workflows.repository import commit, git


def test_preview_says_what_an_upgrade_does_and_touches_nothing(small_organization: SmallOrganization) -> None:
    before = {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in small_organization.root.rglob("*")
        if path.is_file()
    }
    preview = small_organization.upgrade("preview")
    assert preview.returncode == 0, preview.stderr
    for line in (
        "owner: (none) -> somebody",
        "added: 1\n  added.md",
        "changed: 3\n  README.md\n  blocks.hcl\n  changed.md",
    ):
        assert line in preview.stdout
    assert "deleted: 2\n  moved.md\n  runbook.md" in preview.stdout
    assert "CONFLICTS" not in preview.stdout
    index = small_organization.root / ".git" / "index"
    after = {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in small_organization.root.rglob("*")
        if path.is_file()
    }
    assert after.keys() == before.keys()
    assert {path for path in after if after[path] != before[path]} <= {index}

    upgrade = small_organization.upgrade("apply")
    assert upgrade.returncode == 0, upgrade.stderr
    assert upgrade.stdout == preview.stdout
    assert (small_organization.root / "added.md").read_text() == "new\n"
    assert not (small_organization.root / "moved.md").exists()


@pytest.mark.parametrize("command", ["preview", "apply"])
def test_conflict_fails_and_loses_nothing(command: str, small_organization: SmallOrganization) -> None:
    small_organization.write("README.md", FILES["README.md"].replace("two", "TWO").replace("five", "FIVE"))
    result = small_organization.upgrade(command)
    assert result.returncode == 1
    assert "CONFLICTS, to be settled between the markers: 1\n  README.md" in result.stdout
    text = (small_organization.root / "README.md").read_text()
    assert "TWO" in text
    assert "FIVE" in text
    assert ("2\n" in text) is (command == "apply")
    if command == "apply":
        assert "git reset --hard" in result.stderr
        git(small_organization.root, "reset", "--hard", "--quiet")
        git(small_organization.root, "clean", "-d", "--force", "--quiet")
        assert git(small_organization.root, "status", "--porcelain") == ""
        assert (small_organization.root / "README.md").read_text() != text


def test_edits_beside_the_template_s_stay_without_a_conflict(small_organization: SmallOrganization) -> None:
    small_organization.write("README.md", FILES["README.md"] + "six\n")
    small_organization.write("ours.md", "ours\n")
    result = small_organization.upgrade("apply")
    assert result.returncode == 0, result.stdout
    assert (small_organization.root / "README.md").read_text() == FILES["README.md"].replace("two", "2") + "six\n"
    assert (small_organization.root / "ours.md").read_text() == "ours\n"


@pytest.mark.parametrize("context", ["3", str(CONTEXT_LINES)])
def test_edit_stays_in_its_block(context: str, small_organization: SmallOrganization) -> None:
    """copier's own number of context lines puts it into another block that ends alike, which is why we give one."""
    program = small_organization.root / "delivery" / "upgrade.py"
    text = program.read_text()
    small_organization.write(
        "delivery/upgrade.py", re.sub(r"(?m)^CONTEXT_LINES = \S+$", f"CONTEXT_LINES = {context}", text)
    )
    small_organization.write("blocks.hcl", BLOCKS.removesuffix("}\n") + "} # ours\n")
    result = small_organization.upgrade("apply")
    text = (small_organization.root / "blocks.hcl").read_text()
    before = text[: text.index("ours")]
    if context == "3":
        assert result.returncode == 0
        assert "run three" in before
    else:
        # The template's block begins right behind the edit.
        assert "CONFLICTS, to be settled between the markers: 1\n  blocks.hcl" in result.stdout
        assert "run three" not in before


@pytest.mark.parametrize("command", ["preview", "apply"])
def test_deleted_file_that_was_edited_is_told(command: str, small_organization: SmallOrganization) -> None:
    small_organization.write("runbook.md", "call this number\n")
    result = small_organization.upgrade(command)
    assert result.returncode == 1
    assert "DELETED ALTHOUGH YOU EDITED THEM: 1\n  runbook.md" in result.stdout


def test_another_answer_on_the_same_release(small_organization: SmallOrganization) -> None:
    result = small_organization.upgrade("apply", "--to", ":current:", "--data", "name=data_mesh")
    assert result.returncode == 0, result.stderr
    assert "name: mesh -> data_mesh" in result.stdout
    assert "changed: 1\n  named.md" in result.stdout
    assert "added" not in result.stdout
    assert (small_organization.root / "named.md").read_text() == "data_mesh\n"


def test_without_news_nothing_changes(small_organization: SmallOrganization) -> None:
    result = small_organization.upgrade("preview", "--to", "v1.0.0")
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "nothing changes")


def test_changes_that_git_does_not_have_stop_an_upgrade(small_organization: SmallOrganization) -> None:
    (small_organization.root / "README.md").write_text("not committed\n")
    before = files_of(small_organization.root)
    result = small_organization.upgrade("apply")
    assert result.returncode == 2
    assert "Commit or stash your changes" in result.stderr
    assert files_of(small_organization.root) == before
    # A preview is of what is committed.
    assert small_organization.upgrade("preview").returncode == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "was not made by copier"),
        ("_commit: [", "cannot be read"),
        ("name: mesh\n", "names no template and release"),
        ("_commit: 1.0.0\n_src_path: /nowhere\nname: mesh\n", "copier copy"),
    ],
)
def test_answers_that_cannot_be_used_change_nothing(
    text: str | None, said: str, small_organization: SmallOrganization
) -> None:
    answers = small_organization.root / ".copier-answers.yml"
    answers.unlink()
    if text is not None:
        answers.write_text(text)
    commit(small_organization.root)
    before = files_of(small_organization.root)
    result = small_organization.upgrade("apply")
    assert result.returncode == 2
    assert said in result.stderr
    assert files_of(small_organization.root) == before
