"""A first copy, by somebody who answers on a terminal of 80 columns."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Render
from tests.render import ROOT, files_of
from tests.template.terminal import CLEAR, COLUMNS, DOWN, ENTER, SPACE, Terminal
from tests.template.test_template import QUESTIONS
from tests.update.organization import ANSWERS
from tests.update.questions import Questions
from tests.workflows.repository import ENVIRONMENT, git

ASKED: dict[str, dict[str, Any]] = {
    name: question
    for name, question in QUESTIONS.items()
    if not name.startswith("_") and question.get("when", True) and question.get("ask", True)
}
DOMAINS = len(list((ROOT / "extensions/domains").glob("*.yml")))
COPIER = (sys.executable, "-m", "copier", "copy")
# What copier puts before a question, two columns wide and a space.
MARK = "🎤"


def help_of(name: str) -> list[str]:
    """The lines of a question's help."""
    return [line.strip() for line in ASKED[name]["help"].splitlines()]


def shown(name: str) -> Callable[[list[str]], bool]:
    """Whether a question stands on the screen with the whole of its help."""
    return lambda lines: set(help_of(name)) <= {line.replace(MARK, "").strip() for line in lines}


def told(message: str) -> Callable[[list[str]], bool]:
    """Whether a message stands at the foot of the screen."""
    return lambda lines: message in lines[-1]


def typed(*keys: str) -> str:
    """What is pressed in place of the default."""
    return CLEAR + "".join(keys)


@dataclass(frozen=True)
class Copy:
    """A mesh, what stood on the screen at the last question, and at the end."""

    mesh: Path
    asked: list[str]
    made: list[str]


@pytest.fixture(scope="module")
def accepted(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy whose every question was answered with Enter. Read only."""
    folder = tmp_path_factory.mktemp("accepted")
    with Terminal([*COPIER, template, "mesh"], folder) as terminal:
        for name in ASKED:
            asked = terminal.wait(name, shown(name))
            terminal.type(ENTER)
        assert terminal.finish() == 0, terminal.lines
        return Copy(folder / "mesh", asked, terminal.lines)


def test_enter_takes_every_default(accepted: Copy, render: Render) -> None:
    """The mesh is the one that a copy without questions makes, which other tests build and apply."""
    made, expected = files_of(accepted.mesh), files_of(render())
    # What is typed is recorded as it was shown, with the keys of a mapping sorted.
    assert yaml.safe_load(made.pop(ANSWERS)) == yaml.safe_load(expected.pop(ANSWERS))
    assert [path for path in made.keys() | expected.keys() if made.get(path) != expected.get(path)] == []


def test_whoever_begins_is_told_how(accepted: Copy) -> None:
    text = "\n".join(accepted.asked)
    assert QUESTIONS["_message_before_copy"].strip("\n") in text
    assert text.index("Enter takes what is shown") < text.index(help_of(next(iter(ASKED)))[0])


def test_what_to_do_next_is_told_and_works(accepted: Copy, tmp_path: Path) -> None:
    lines = accepted.made[accepted.made.index(f"northwind is ready: {DOMAINS} domains, 2 environments, 1 region.") :]
    assert max(map(len, lines)) < COLUMNS, "a line of the message is longer than the screen is wide"
    commands = [line.split("#")[0].strip() for line in lines if line.startswith("  ")]
    assert commands == ['git init && git add --all && git commit --message "Start the mesh"', "make demo", "make help"]
    mesh = tmp_path / "mesh"
    shutil.copytree(accepted.mesh, mesh)
    made = subprocess.run(
        ["bash", "-euc", f"{commands[0]}; {commands[2]}"],
        cwd=mesh,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert git(mesh, "status", "--porcelain") == ""
    # `make demo` itself: tests/demo/test_make_demo.py.
    assert re.search(r"^  demo +Run the mesh on this machine", made.stdout, re.MULTILINE)
    for named in re.findall(r"[\w/]+\.md", "\n".join(lines)):
        assert (mesh / named).exists(), named


@pytest.mark.parametrize("name", ASKED)
def test_help_fits_the_screen(name: str) -> None:
    """questionary cuts what is longer."""
    first, *others = ASKED[name]["help"].splitlines()
    # Behind the mark, or where the answer stands.
    assert all(re.match(r"   \S", line) for line in others)
    assert max(map(len, [f"{MARK}  {first}", *others])) <= COLUMNS
    if ASKED[name]["type"] == "bool":
        assert "?" in ASKED[name]["help"]


# Question -> a wrong answer, what is seen of the message, and what is pressed for a right one.
CORRECTED: dict[str, tuple[str, str, str]] = {
    "organization": (typed("Acme {{x}}"), "leave out { }: ", typed("Acme Health")),
    "mesh_name": (typed("My Mesh"), "use 3 to 24 lower-case letters", typed("acme")),
    "identity_domain": (typed("acme"), "give one like northwind.example", typed("acme.example")),
    "github_repository": (typed("https://github.com/acme/mesh"), "give owner/name", typed("acme/mesh")),
    "hcp_terraform_organization": (typed("acme health"), "use 3 to 40 letters", typed("acme-health")),
    # None, by the key that takes all or none; then the second.
    "environments": ("aa", "choose at least one", DOWN + SPACE),
    "regions": ("aa", "choose at least one", DOWN + SPACE),
    "platform_ids": (
        typed("{test: {gcp_project: acme-test, aws_account: 123456789012}}"),
        "test.aws_account: give 12 digits i",
        typed("{test: {gcp_project: acme-test, aws_account: '123456789012'}}"),
    ),
    "domains": ("a", "choose at least one", DOWN + SPACE),
    "custom_domains": (
        typed("genomics"),
        "give [] or [{name: genomics, col",
        typed("[{name: genomics, columns: [id]}]"),
    ),
    "retention_days": (typed("30"), "choose 2192 to 36500", typed("3653")),
}
RIGHT: dict[str, Any] = {
    "organization": "Acme Health",
    "mesh_name": "acme",
    "identity_domain": "acme.example",
    "github_repository": "acme/mesh",
    "hcp_terraform_organization": "acme-health",
    "environments": ["test"],
    "regions": ["us-west-2"],
    "home_region": "us-west-2",
    "platform_ids": {"test": {"aws_account": "123456789012", "gcp_project": "acme-test"}},
    "domains": ["allergies"],
    "custom_domains": [{"name": "genomics", "columns": ["id"]}],
    "retention_days": 3653,
}


def test_a_wrong_answer_is_corrected_in_place(tmp_path: Path) -> None:
    """The message shows, the earlier answers stay, and a right answer is taken."""
    # Where any text will do, there is no wrong one; where one choice is highlighted, neither.
    free = {name for name, question in ASKED.items() if question.get("multiselect") or "choices" not in question}
    assert {name for name in free if ASKED[name]["type"] != "bool"} == CORRECTED.keys()
    template = Questions(ROOT, tmp_path / "questions").template
    with Terminal([*COPIER, template, "mesh"], tmp_path) as terminal:
        before: list[str] = []
        for name in ASKED:
            lines = terminal.wait(name, shown(name))
            (begin,) = (number for number, line in enumerate(lines) if help_of(name)[0] in line)
            assert lines[: len(before)] == before
            before = lines[:begin]
            if name in CORRECTED:
                wrong, message, right = CORRECTED[name]
                terminal.type(wrong + ENTER)
                message = f"Validation error for question '{name}': {message}"
                lines = terminal.wait(message, told(message))
                assert lines[:begin] == before
                terminal.type(right)
            terminal.type(ENTER)
        assert terminal.finish() == 0, terminal.lines
    recorded = yaml.safe_load((tmp_path / "mesh" / ANSWERS).read_text())
    assert {name: recorded[name] for name in RIGHT} == RIGHT


def test_breaking_off_leaves_nothing(template: Path, tmp_path: Path) -> None:
    with Terminal([*COPIER, template, "mesh"], tmp_path) as terminal:
        terminal.wait("organization", shown("organization"))
        terminal.type("\x03")
        assert terminal.finish() != 0
    assert not (tmp_path / "mesh").exists()
