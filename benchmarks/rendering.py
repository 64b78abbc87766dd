"""What it costs to make a repository from the template, and to change its shape."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import Cost, Growth, Ratio, cost_of, least, run
from tests.render import ROOT, copy_template, example_answers, files_of

COPIER = Path(sys.executable).with_name("copier")
EXAMPLE = "northwind"
VERSION = "v1.0.0"
DOMAINS = (20, 50, 100, 200)
REGIONS = tuple(yaml.safe_load((ROOT / "extensions/regions.yml").read_text()))
ENVIRONMENTS = tuple(yaml.safe_load((ROOT / "extensions/environments.yml").read_text()))
# A path that is a template, as copier must take each of the real one to be.
TRIVIAL = "[= name =]"
Answers = dict[str, Any]


def own_domains(number: int) -> list[Answers]:
    """Domains of an organization's own, each with an entity of two columns."""
    columns = ["entry_id", {"name": "patient_id", "references": "patients"}]
    return [{"name": f"registry{place:03}", "columns": columns} for place in range(number)]


def with_domains(number: int) -> Answers:
    """The example with that many domains."""
    answers = example_answers(EXAMPLE)
    return answers | {"custom_domains": own_domains(number - len(answers["domains"]))}


def with_environments(number: int) -> Answers:
    """The example with that many environments."""
    chosen = ENVIRONMENTS[:number]
    ids = {
        name: {"gcp_project": f"northwind-{name}", "aws_account": str(place) * 12}
        for place, name in enumerate(chosen, 1)
    }
    return example_answers(EXAMPLE) | {"environments": list(chosen), "platform_ids": ids}


def with_regions(number: int) -> Answers:
    """The example with that many regions."""
    return example_answers(EXAMPLE) | {"regions": list(REGIONS[:number])}


def released(template: Path) -> Path:
    """Make a template a repository with a release, as users have it."""
    for command in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "--quiet", "--message", VERSION),
        ("tag", VERSION),
    ):
        run(["git", *command], template)
    return template


def trivial_template(destination: Path, files: Mapping[str, bytes]) -> Path:
    """A template that writes one word into each of these paths, whose names it renders as well."""
    (destination / "template").mkdir(parents=True)
    (destination / "copier.yml").write_text(
        "_subdirectory: template\n_templates_suffix: .jinja\n_envops:\n"
        '  variable_start_string: "[="\n  variable_end_string: "=]"\n'
        "name: {type: str, default: word}\n"
    )
    for path in files:
        file = destination / "template" / f"{path}.jinja"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{TRIVIAL}\n")
    return released(destination)


def answered(file: Path, answers: Answers) -> Path:
    """A file with answers."""
    file.write_text(yaml.safe_dump(answers))
    return file


def copy(template: Path, answers: Path, destination: Path) -> None:
    """Copy a template as a user does."""
    run([COPIER, "copy", "--quiet", "--defaults", "--data-file", answers, template, destination])


def cost_of_copy(template: Path, answers: Path, destination: Path) -> Cost:
    """What a copy costs; none may be there before."""
    return cost_of(partial(copy, template, answers, destination), partial(shutil.rmtree, destination, True))


def bench_copy(scratch: Path) -> Sequence[Ratio]:
    """`copier copy` of the full example from a tagged repository: the processors' time of the whole command.

    The reference has as many files at the same paths, each a template of one word.
    """
    template = released(copy_template(scratch / "template"))
    answers, nothing = answered(scratch / "answers.yml", example_answers(EXAMPLE)), answered(scratch / "none.yml", {})
    copy(template, answers, scratch / "mesh")
    files = files_of(scratch / "mesh")
    trivial = trivial_template(scratch / "trivial", files)
    ours, reference = least(
        partial(cost_of_copy, template, answers, scratch / "mesh"),
        partial(cost_of_copy, trivial, nothing, scratch / "words"),
    )
    return [
        Ratio(
            "`copier copy` of the full example",
            f"copier on a trivial template of the same {len(files):,} paths",
            ours.cpu,
            reference.cpu,
            "s of CPU",
            1.5,
            (ours.memory, reference.memory),
        )
    ]
