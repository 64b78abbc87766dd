"""The committed examples are what the template renders."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples import EXAMPLES, render_example
from tests.render import copy_template, files_of

NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/answers.yml"))


@pytest.mark.parametrize("name", NAMES)
def test_example_equals_a_fresh_render(name: str, tmp_path: Path) -> None:
    fresh = files_of(render_example(name, tmp_path / name))
    committed = files_of(EXAMPLES / name / "mesh")
    assert sorted(committed) == sorted(fresh), "run `make examples`"
    assert [path for path in fresh if committed[path] != fresh[path]] == [], "run `make examples`"


def test_copy_from_a_clone_with_a_data_file(tmp_path: Path) -> None:
    """What README tells: stock copier on a git clone without tags, answers from the example's file, no trust."""
    clone = copy_template(tmp_path / "clone")
    shutil.copytree(EXAMPLES / "northwind", clone / "examples" / "northwind")
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@test.example"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "template"]):
        subprocess.run([*git, *command], cwd=clone, check=True)
    answers = clone / "examples/northwind/answers.yml"
    command = ["copy", "--quiet", "--defaults", "--data-file", str(answers), ".", str(tmp_path / "mesh")]
    subprocess.run([Path(sys.executable).with_name("copier"), *command], cwd=clone, check=True)
    rendered, committed = files_of(tmp_path / "mesh"), files_of(EXAMPLES / "northwind" / "mesh")
    for files in (rendered, committed):
        # What copier itself records: where the template came from.
        files[".copier-answers.yml"] = b"\n".join(
            line
            for line in files[".copier-answers.yml"].splitlines()
            if not line.startswith((b"_src_path", b"_commit"))
        )
    assert rendered == committed
