"""What is proved, and how: writes the tables of README.md and docs/proof.md. python -m tests.proof.

docs/proof.yml holds the claims. Their figures are counted by the tests themselves (the fixture `figure`), and the last
whole run of the suite left them in build/proof.json; what is committed of it is docs/proof.json.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from string import Formatter
from typing import Any

import pytest
import yaml

from tests.render import ROOT

CLAIMS, FIGURES, PAGE, README = (
    ROOT / name for name in ("docs/proof.yml", "docs/proof.json", "docs/proof.md", "README.md")
)
CHECKED_BY = "tests/template/test_proof.py"
LAST_RUN = ROOT / "build" / "proof.json"
FIGURE = "figure"
BEGIN, END = "<!-- Written by `make proof`. -->", "<!-- End of what `make proof` writes. -->"
INTRODUCTION = """\
# What is proved, and how

<!-- Written by `make proof` from proof.yml and proof.json. -->

{summary} Each number was counted by the tests that the claim links to. What only a cloud can show is [not proved
here](limits.md).

"""
# What an engine is called in proof.yml -> the file that pins it, and its name there.
PINS = {
    "airflow_2": ("extensions/airflow/requirements-2.11.txt", "apache-airflow"),
    "airflow_3": ("extensions/airflow/requirements-3.3.txt", "apache-airflow"),
    "checkov": ("template/constraints/checkov.txt", "checkov"),
    "copier": ("tests/environments/template.txt", "copier"),
    "datacontract": ("template/constraints/contracts.txt", "datacontract-cli"),
    "dbt": ("template/constraints/dbt.txt", "dbt-core"),
    "duckdb": ("template/constraints/dbt.txt", "duckdb"),
    "moto": ("tests/environments/template.txt", "moto"),
    "zetasql": ("tests/environments/bigquery.txt", "zetasql"),
    "zizmor": ("template/constraints/delivery.txt", "zizmor"),
}
# Options of pytest that leave tests out.
SELECTIONS = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "stepwise", "collectonly")

Places = dict[str, Any]


def add_up(properties: Iterable[tuple[str, Any]]) -> Places:
    """Figure -> what tests counted: numbers of the same name add up, texts stand side by side."""
    found: dict[str, list[Any]] = {}
    for kind, value in properties:
        if kind == FIGURE:
            name, counted = value
            found.setdefault(name, []).append(counted)
    return {
        name: " and ".join(sorted(set(values))) if isinstance(values[0], str) else sum(values)
        for name, values in sorted(found.items())
    }


def is_whole(config: pytest.Config) -> bool:
    """Whether a run was asked for every test."""
    asked = {(config.invocation_params.dir / argument).resolve() for argument in config.args}
    return asked == {ROOT / "tests"} and not any(getattr(config.option, name, None) for name in SELECTIONS)


def record(figures: Places, passed: int, skipped: int, seconds: float) -> None:
    """Leave the figures of a whole run for `make proof`."""
    run = {"passed": passed, "skipped": skipped, "minutes": round(seconds / 60), "cores": os.cpu_count()}
    LAST_RUN.parent.mkdir(exist_ok=True)
    LAST_RUN.write_text(json.dumps({"run": run, "figures": figures}, indent=2, sort_keys=True) + "\n")


def pinned(file: str, package: str) -> str:
    """The version of a package that a file of constraints names."""
    found = re.search(rf"(?m)^{re.escape(package)}(?:\[[\w,-]+\])?==([\w.]+)", (ROOT / file).read_text())
    if not found:
        raise LookupError(f"{file} pins no {package}")
    return found[1]


def claims() -> list[dict[str, Any]]:
    """The claims, in the order of the page."""
    listed: list[dict[str, Any]] = yaml.safe_load(CLAIMS.read_text())
    return listed


def places_of(text: str) -> set[str]:
    """The figures that a text names."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def filled(text: str, places: Places) -> str:
    """A text with its figures; thousands have a comma."""
    return text.format_map({name: f"{value:,}" if isinstance(value, int) else value for name, value in places.items()})


def places() -> Places:
    """Figures and versions, by the names that the claims use."""
    known: dict[str, Places] = json.loads(FIGURES.read_text())
    return known["run"] | known["figures"] | {name: pinned(*pin) for name, pin in PINS.items()}


def table(chosen: Iterable[dict[str, Any]], folder: str) -> Iterator[str]:
    """The lines of a table. `folder` leads from its page to the root of the repository."""
    known = places()
    yield from ("| claim | proof | executed by |", "|---|---|---|")
    for claim in chosen:
        cells = (f"[{claim['claim']}]({folder}{claim['tests']})", claim["proof"], claim["engine"])
        yield "| " + " | ".join(filled(" ".join(cell.split()), known) for cell in cells) + " |"


def summary() -> str:
    """What the last whole run was."""
    return filled("{passed} tests passed, {skipped} skipped, in {minutes} minutes on {cores} cores.", places())


def readme() -> str:
    """README.md with its table as it must be."""
    head, rest = README.read_text().split(BEGIN)
    _, tail = rest.split(END)
    lines = [BEGIN, "", *table((claim for claim in claims() if claim.get("readme")), ""), "", summary(), "", END]
    return head + "\n".join(lines) + tail


def page() -> str:
    """docs/proof.md."""
    return INTRODUCTION.format(summary=summary()) + "\n".join(table(claims(), "../")) + "\n"


def main() -> None:
    """Take the figures of the last whole run, if one is there, and write both tables."""
    if LAST_RUN.exists():
        shutil.copyfile(LAST_RUN, FIGURES)
    PAGE.write_text(page())
    README.write_text(readme())
    print(f"Wrote the tables of {README.name} and {PAGE.relative_to(ROOT)}. {summary()}")


if __name__ == "__main__":
    main()
