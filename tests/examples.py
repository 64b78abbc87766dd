"""Renders the committed examples anew: python -m tests.examples."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from tests.render import ROOT, copy_template, example_answers, render

EXAMPLES = ROOT / "examples"


def render_example(name: str, destination: Path) -> Path:
    """Render an example into `destination`, with the template's own address in place of where it was rendered from."""
    with tempfile.TemporaryDirectory() as scratch:
        template = copy_template(Path(scratch) / "template")
        render(template, destination, example_answers(name))
    answers = destination / ".copier-answers.yml"
    answers.write_text(re.sub(r"(?m)^_src_path: .*$", "_src_path: .", answers.read_text()))
    return destination


def main() -> None:
    """Render every example into its folder."""
    for answers in sorted(EXAMPLES.glob("*/answers.yml")):
        print(f"Rendering {answers.parent.name} ...")
        destination = answers.parent / "mesh"
        shutil.rmtree(destination, ignore_errors=True)
        render_example(answers.parent.name, destination)


if __name__ == "__main__":
    main()
