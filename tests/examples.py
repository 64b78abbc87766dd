"""Renders the committed examples anew: python -m tests.examples."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from pathlib import Path

from tests.render import POLICY_CASES, ROOT, copy_template, example_answers, files_of, render

EXAMPLES = ROOT / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/answers.yml"))
# Kept as a tree, to be read without rendering. Of the others a manifest is kept, without the policies' cases, which are
# most files and the same everywhere, so that a clone stays small.
TREES = {"northwind"}
MANIFEST = "mesh.sha256"
# Records where the template came from, which each copy does differently.
RECORD = ".copier-answers.yml"


def render_example(name: str, destination: Path) -> Path:
    """Render an example into `destination`, with the template's own address in place of where it was rendered from."""
    with tempfile.TemporaryDirectory() as scratch:
        template = copy_template(Path(scratch) / "template", *([] if name in TREES else [POLICY_CASES]))
        render(template, destination, example_answers(name))
    answers = destination / RECORD
    answers.write_text(re.sub(r"(?m)^_src_path: .*$", "_src_path: .", answers.read_text()))
    return destination


def manifest(rendered: Path) -> str:
    """Digest and path of every file but copier's record, as `sha256sum` prints them, sorted by path."""
    return "".join(
        f"{hashlib.sha256(content).hexdigest()}  {path}\n"
        for path, content in sorted(files_of(rendered).items())
        if path != RECORD
    )


def write_example(name: str, folder: Path) -> None:
    """Write what is kept of an example into its folder."""
    tree, listed = folder / "mesh", folder / MANIFEST
    shutil.rmtree(tree, ignore_errors=True)
    listed.unlink(missing_ok=True)
    if name in TREES:
        render_example(name, tree)
        return
    with tempfile.TemporaryDirectory() as scratch:
        listed.write_text(manifest(render_example(name, Path(scratch) / "mesh")))


def main() -> None:
    """Render every example into its folder."""
    for name in NAMES:
        print(f"Rendering {name} ...")
        write_example(name, EXAMPLES / name)


if __name__ == "__main__":
    main()
