"""Writes tables of inputs and outputs into the READMEs of the Terraform modules: python -m tests.terraform.module_docs.

The markers are those of terraform-docs, so that a user's terraform-docs finds its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2

from tests.render import ROOT

MODULES = ROOT / "template" / "infra" / "terraform" / "modules"
BEGIN, END = "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"


def module_folders(modules: Path) -> list[Path]:
    """Every module below a folder."""
    return sorted(path.parent for path in modules.rglob("versions.tf"))


def blocks(file: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and body of every block of a kind, such as variable, in an HCL file."""
    with file.open() as source:
        for block in hcl2.load(source).get(kind, []):
            for name, body in block.items():
                if not name.startswith("__"):
                    yield json.loads(name), body


def cell(text: str) -> str:
    """Text as a cell of a Markdown table."""
    return text.replace("|", "\\|")


def tables(module: Path) -> str:
    """The tables of inputs and outputs of a module, in Markdown."""
    lines = ["## Inputs", "", "| name | description | type | default |", "|---|---|---|---|"]
    for name, body in blocks(module / "variables.tf", "variable") if (module / "variables.tf").exists() else ():
        kind = re.sub(r"^\$\{(.*)\}$", r"\1", body["type"], flags=re.DOTALL)
        default = f"`{json.dumps(body['default'])}`" if "default" in body else "required"
        lines.append(f"| `{name}` | {cell(json.loads(body['description']))} | `{cell(kind)}` | {default} |")
    lines += ["", "## Outputs", "", "| name | description |", "|---|---|"]
    for name, body in blocks(module / "outputs.tf", "output"):
        lines.append(f"| `{name}` | {cell(json.loads(body['description']))} |")
    return "\n".join(lines)


def documented(module: Path) -> str:
    """The module's README with tables that fit its files. Raises ValueError when it has no place for them."""
    text = (module / "README.md").read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{module.name}/README.md has no lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{tables(module)}\n{END}{after}"


def main() -> None:
    """Write the tables of every module."""
    for module in module_folders(MODULES):
        print(f"Documenting {module.relative_to(MODULES)} ...")
        (module / "README.md").write_text(documented(module))


if __name__ == "__main__":
    main()
