"""Writes docs/questions.md from copier.yml: python -m tests.template.question_docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jinja2
import jinja2.meta
import yaml

from tests.render import ROOT
from tests.update.questions import validating

PAGE = ROOT / "docs" / "questions.md"
COPIER = ROOT / "copier.yml"
VALIDATORS = ROOT / "extensions" / "macros" / "validators.jinja"
SETTINGS: dict[str, Any] = yaml.safe_load(COPIER.read_text())
INTRODUCTION = """\
# Questions

<!-- Written by `make question-docs` from copier.yml. -->

What `copier copy` asks, in its order. The default is that of a first copy: an update keeps what was answered. A file
for `--data-file` holds the names below as keys, as the `answers.yml` of each [example](../examples) does.
"""
# A title between two rules. Longer comments between rules head no section.
SECTION = re.compile(r"(?m)^# -{50,}\n# (?P<title>.+)\n# -{50,}$")
SCHEMA = re.compile(r"extensions/schemas/[\w.]+\.json")
TYPES = {"str": "text", "bool": "yes or no", "int": "whole number", "yaml": "YAML"}
# What a message says of an answer that is not known here.
UNKNOWN = "…"


def asked() -> dict[str, dict[str, Any]]:
    """The questions that copier asks, in their order."""
    return {
        name: question
        for name, question in SETTINGS.items()
        if not name.startswith("_") and question.get("when", True) and question.get("ask", True)
    }


def sections() -> Iterator[tuple[str, list[str]]]:
    """Title and questions of every section of copier.yml that asks something."""
    text, questions = COPIER.read_text(), asked()
    parts = SECTION.split(text)
    for title, part in zip(parts[1::2], parts[2::2], strict=True):
        names = [name for name in re.findall(r"(?m)^(\w+):", part) if name in questions]
        if names:
            yield title.removesuffix("."), names


def environment() -> jinja2.Environment:
    """Jinja as copier has it."""
    return validating(ROOT, SETTINGS["_envops"])


def read(source: str) -> list[str]:
    """The questions whose answers a setting reads."""
    return [name for name in asked() if name in jinja2.meta.find_undeclared_variables(environment().parse(source))]


def rendered(setting: Any, structured: bool = True) -> Any:
    """A setting on a first copy, with names of questions in place of their answers. It is YAML if it is structured."""
    if not isinstance(setting, str):
        return setting
    which = "first" if "[0]" in setting else "each"
    stand_ins = {
        name: [f"<{which} of {name}>"] if asked()[name].get("multiselect") else f"<{name}>" for name in read(setting)
    }
    text = environment().from_string(setting).render(stand_ins | {"UNSET": ""})
    return yaml.safe_load(text) if structured else text


def code(value: Any) -> str:
    """A value as YAML, in one line of code."""
    if isinstance(value, str):
        return f"`{value}`"
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False)
    return f"`{text.strip().removesuffix('...').strip()}`"


def default_answer(question: dict[str, Any]) -> Any:
    """The default on a first copy."""
    return rendered(question["default"], question["type"] != "str" or question.get("multiselect", False))


def default(question: dict[str, Any]) -> str:
    """The default, and what it depends on."""
    value, choices = default_answer(question), rendered(question.get("choices"))
    names = read(str(question["default"]))
    shown = "all of them" if question.get("multiselect") and value == choices else code(value)
    if not names:
        return shown
    return f"{shown}, by the answer{'s' if len(names) > 1 else ''} to {' and '.join(f'`{name}`' for name in names)}"


def kind(question: dict[str, Any]) -> str:
    """The type, in words."""
    if "choices" in question:
        return "one or more of the choices" if question.get("multiselect") else "one of the choices"
    return TYPES[rendered(question["type"], structured=False)]


def choices(question: dict[str, Any]) -> str:
    """The choices, or whose answer they are."""
    others = read(str(question["choices"]))
    if others:
        return f"what is chosen in `{others[0]}`"
    return ", ".join(f"`{choice}`" for choice in rendered(question["choices"]))


def macros() -> dict[str, str]:
    """Macro -> its body, of those that check answers."""
    return dict(re.findall(r"(?s)\[~ macro (\w+)\(.*?\) ~\](.*?)\[~-? endmacro ~\]", VALIDATORS.read_text()))


def messages(macro: str, bodies: dict[str, str], name: str) -> Iterator[str]:
    """What a macro says of bad answers to a question, and what those say that it calls."""
    schema = yaml.safe_load((ROOT / "extensions" / "schemas" / "domain.schema.json").read_text())
    known = {
        "known": rendered("[~ include 'extensions/environments.yml' ~]"),
        "rule": schema["$defs"]["domain"]["properties"].get(name),
        "name": name,
    }

    def filled(expression: re.Match[str]) -> str:
        try:
            text = environment().from_string(expression.group()).render(known)
        except jinja2.UndefinedError:
            return UNKNOWN
        return text or UNKNOWN

    for line in map(str.strip, bodies[macro].splitlines()):
        called = re.match(r"\[= (\w+)\(", line)
        if called:
            if called[1] in bodies:
                yield from messages(called[1], bodies, name)
        elif line and not line.startswith(("[~", "[= errors")):
            yield re.sub(r"\[=.*?=\]", filled, line)


def checks(name: str, question: dict[str, Any]) -> list[str]:
    """What copier says of answers that it refuses."""
    called = re.search(r"\[= (\w+)\(", question.get("validator", ""))
    return list(dict.fromkeys(messages(called[1], macros(), name))) if called else []


def page() -> str:
    """The page, in Markdown."""
    lines = [INTRODUCTION]
    for title, names in sections():
        lines += [f"## {title}", ""]
        for name in names:
            question = asked()[name]
            # A placeholder in angle brackets would be read as HTML.
            help_text = " ".join(question["help"].split())
            lines += [f"### `{name}`", "", help_text.replace("<", "\\<"), "", f"- Type: {kind(question)}"]
            if "choices" in question:
                lines.append(f"- Choices: {choices(question)}")
            lines.append(f"- Default: {default(question)}")
            lines += [f"- Checked against: [{path}](../{path})" for path in SCHEMA.findall(help_text)]
            refused = checks(name, question)
            if refused:
                lines.append(f"- Refused, where `{UNKNOWN}` stands for what depends on the answers:")
                lines += [f"  - `` {message} ``" for message in refused]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page())
    print(f"Wrote {PAGE.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
