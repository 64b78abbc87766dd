"""Renders the template as a user without trust would: stock copier, no `unsafe`."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import copier
import copier._main
import jinja2
import yaml
from jinja2_ansible_filters import core_filters

ROOT = Path(__file__).parents[1]
TEMPLATE_PATHS = ("copier.yml", "extensions", "template")

# The policies' own test cases: most files of a rendered repository, and of no concern to most tests.
POLICY_CASES = "sentinel-policies/policies/*/test"


def remembering(compiling: Callable[..., Any]) -> Callable[..., Any]:
    """Jinja's compile, which compiles nothing twice in a process.

    copier compiles every path, answer and file in each render, most of them as the one before: half of its time. Code
    depends on its source, its name and how the environment reads it, never on answers. Where the file lies, which each
    update changes, is for tracebacks only.
    """
    known: dict[Any, Any] = {}

    @wraps(compiling)
    def compile(
        self: jinja2.Environment,
        source: Any,
        name: str | None = None,
        filename: str | None = None,
        *options: Any,
        **more: Any,
    ) -> Any:
        if not isinstance(source, str):
            return compiling(self, source, name, filename, *options, **more)
        syntax = [getattr(self, setting) for setting in SYNTAX]
        key = (type(self), *syntax, *self.extensions, source, name, options, *sorted(more.items()))
        if key in known:
            # copier's tag `yield` keeps what it yields in the environment, and forgets it here.
            self.preprocess(source)
        else:
            known[key] = compiling(self, source, name, filename, *options, **more)
        return known[key]

    return compile


# How an environment reads a template.
SYNTAX = (
    *(f"{kind}_{end}_string" for kind in ("block", "variable", "comment") for end in ("start", "end")),
    *("line_statement_prefix", "line_comment_prefix", "trim_blocks", "lstrip_blocks", "newline_sequence"),
    *("keep_trailing_newline", "optimized", "autoescape", "is_async"),
)
jinja2.Environment.compile = remembering(jinja2.Environment.compile)  # type: ignore[method-assign]


def reading_once(reading: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The filter from_yaml, which reads no text twice in a process: a third of a render is the catalogue, read anew.

    Whoever reads gets a copy, and may change it.
    """
    known: dict[str, bytes] = {}

    @wraps(reading)
    def read(data: Any) -> Any:
        if not isinstance(data, str):
            return reading(data)
        if data not in known:
            known[data] = pickle.dumps(reading(data))
        return pickle.loads(known[data])

    return read


core_filters.from_yaml = reading_once(core_filters.from_yaml)

# Brings the mode of a file into git's index where git does not look at modes, as on Windows. Here it asks git for that
# setting once per file, a quarter of a render's time, and does nothing.
copier._main.Worker._sync_git_index_executable_bit = lambda *_: None  # type: ignore[method-assign]


def copy_template(destination: Path, *left_out: str) -> Path:
    """Copy what makes up the template out of the working tree, without git: copier then records no commit.

    `left_out` are patterns of paths that are not copied.
    """

    def ignore(folder: str, names: list[str]) -> list[str]:
        return [
            name for name in names if name == "__pycache__" or any((Path(folder) / name).match(p) for p in left_out)
        ]

    for name in TEMPLATE_PATHS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, destination / name, ignore=ignore)
        else:
            destination.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, destination / name)
    return destination


def render(template: Path, destination: Path, answers: dict[str, Any]) -> Path:
    """Render `template` with `answers` and defaults into `destination`, and return that.

    Raises what copier raises: ValueError with the validator's message for a bad answer.
    """
    copier.run_copy(str(template), destination, data=answers, defaults=True, quiet=True)
    return destination


def example_answers(name: str) -> dict[str, Any]:
    """The answers of a committed example."""
    answers: dict[str, Any] = yaml.safe_load((ROOT / "examples" / name / "answers.yml").read_text())
    return answers


def files_of(root: Path) -> dict[str, bytes]:
    """Relative path -> content of every file below `root`, git's own excepted."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }
