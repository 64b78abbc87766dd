"""Writes the HIPAA control matrix into the template: python -m tests.sentinel.control_matrix.

The generated repository's own program writes the matrix. Here it runs on a repository with everything, and once without
each optional module: the lines in which a module makes a difference get its answer as their condition.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from tests.render import ROOT, copy_template, render

DOCUMENT = "docs/hipaa-control-matrix.md"
TEMPLATE = ROOT / "template" / f"{DOCUMENT}.jinja"


# With everything: every feature, and the way to run dbt that has all of its modules.
EVERYTHING: dict[str, Any] = {"dbt_runner": "cloud_run_job"}
OPPOSITE = {"==": "!=", "!=": "=="}


def optional_modules() -> dict[str, str]:
    """What must be true of the answers -> path of the module that copier.yml leaves out otherwise."""
    excluded = re.findall(r"\[~ if (.+) ~\]\n\s*/(infra/terraform/modules/\S+)\n", (ROOT / "copier.yml").read_text())
    return {opposite(condition): module for condition, module in excluded}


def opposite(condition: str) -> str:
    """The opposite of `answer`, of `not answer`, or of a comparison of an answer with a value."""
    if " == " in condition or " != " in condition:
        return re.sub(r" (==|!=) ", lambda found: f" {OPPOSITE[found[1]]} ", condition)
    return condition.removeprefix("not ") if condition.startswith("not ") else f"not {condition}"


def run(repository: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a repository's own program on it."""
    command = [sys.executable, "docs/control_matrix.py", *options]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


def written(repository: Path) -> str:
    """The matrix of a repository, written by its own program. Raises ValueError with what the program found wrong."""
    result = run(repository)
    if result.returncode:
        raise ValueError(result.stderr)
    return (repository / DOCUMENT).read_text()


def templated(everything: str, without: Mapping[str, str]) -> str:
    """A template of the matrix: `everything` with conditions, from what it is `without` each answer.

    Raises ValueError for a line that hangs on two answers.
    """
    lines = everything.splitlines()
    needs: dict[int, str] = {}
    instead: defaultdict[int, list[tuple[str, list[str]]]] = defaultdict(list)
    for answer, text in without.items():
        others = text.splitlines()
        for edit, start, end, other_start, other_end in SequenceMatcher(None, lines, others, False).get_opcodes():
            if edit == "equal":
                continue
            # Of equal ways to see what is gone, the first: a part and the empty line before it, never the one behind.
            while edit == "delete" and lines[start - 1] == lines[end - 1]:
                start, end = start - 1, end - 1
            for number in range(start, end):
                if needs.setdefault(number, answer) != answer:
                    raise ValueError(f"hangs on {needs[number]} and on {answer}: {lines[number]}")
            if other_end > other_start:
                instead[start].append((answer, others[other_start:other_end]))
    template: list[str] = []
    for number in range(len(lines) + 1):
        before, here = needs.get(number - 1), needs.get(number)
        apart = before != here or number in instead
        if before and apart:
            template.append("[~ endif ~]")
        for answer, others in instead.get(number, []):
            template += [f"[~ if {opposite(answer)} ~]", *others, "[~ endif ~]"]
        if here and apart:
            template.append(f"[~ if {here} ~]")
        template += lines[number : number + 1]
    return "\n".join(template) + "\n"


def template_text() -> str:
    """What the template of the matrix should be."""
    modules = optional_modules()
    with tempfile.TemporaryDirectory() as scratch:
        template = copy_template(Path(scratch) / "template", f"{DOCUMENT}.jinja")
        features = [condition for condition in modules if condition.isidentifier()]
        answers = {"domains": ["labs"]} | dict.fromkeys(features, True) | EVERYTHING
        repository = render(template, Path(scratch) / "repository", answers)
        everything = written(repository)
        without = {}
        for answer, module in modules.items():
            left_out = shutil.move(repository / module, Path(scratch) / answer)
            without[answer] = written(repository)
            shutil.move(left_out, repository / module)
    return templated(everything, without)


def main() -> None:
    """Write the template of the matrix."""
    print(f"Writing {TEMPLATE.relative_to(ROOT)} ...")
    TEMPLATE.write_text(template_text())


if __name__ == "__main__":
    main()
