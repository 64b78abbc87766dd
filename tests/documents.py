"""The Markdown documents of the template and of rendered repositories: their blocks of code, links and anchors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.render import ROOT

BLOCK = re.compile(r"(?ms)^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^ *```$")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"(?m)^#+ +(.+)$")
# What is no document of the template itself: generated code has its own, where it is rendered.
ELSEWHERE = {"build", "examples/northwind/mesh", "template", "node_modules"}


def documents() -> list[Path]:
    """The documents of the template."""
    found = []
    for path in sorted(ROOT.rglob("*.md")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(".") and not any(name.startswith(f"{folder}/") for folder in ELSEWHERE):
            found.append(path)
    return found


def blocks(text: str, language: str) -> Iterator[str]:
    """The fenced blocks of a language, without the indentation of the list that they stand in."""
    for block in BLOCK.finditer(text):
        if block["language"] == language:
            yield re.sub(rf"(?m)^{block['indent']}", "", block["text"])


def guide(name: str) -> str:
    """A guide below docs/."""
    return (ROOT / "docs" / name).read_text()


def own_files() -> dict[str, str]:
    """Path -> content of what docs/customizing.md has an organization write beside the template's files."""
    text, found = guide("customizing.md"), {}
    for block in BLOCK.finditer(text):
        path = re.match(r"(?:#|--) (\S+/\S+)\n", block["text"])
        if path:
            found[path[1]] = block["text"].removeprefix(path[0])
    return found


@cache
def functions_of(file: str) -> set[str]:
    """The functions of a file of Python."""
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def prose(text: str) -> str:
    """A document without its blocks and its code."""
    return re.sub(r"`[^`\n]*`", "`", BLOCK.sub("", text))


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a document."""
    found: dict[str, int] = {}
    names = set()
    for heading in HEADING.findall(BLOCK.sub("", text)):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = found.get(name, 0)
        found[name] = number + 1
        names.add(f"{name}-{number}" if number else name)
    return names


def dead_links(path: Path, root: Path) -> list[str]:
    """Links of a document to files and headings that are not there, or to what lies outside `root`."""
    dead = []
    for link in LINK.findall(prose(path.read_text())):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        # GitHub's own pages, below the address of the repository.
        if name.startswith("../../security/") and path.parent == root:
            continue
        there = target.is_relative_to(root.resolve()) and target.exists()
        if not there or (anchor and anchor not in anchors(target.read_text())):
            dead.append(link)
    return dead
