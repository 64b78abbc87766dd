"""What it costs to make a repository from the template, and to change its shape."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import yaml

from benchmarks.measure import Cost, Growth, Measure, Ratio, cost_of, least, run
from benchmarks.shapes import (
    DOMAINS,
    ENVIRONMENTS,
    EXAMPLE,
    REGIONS,
    Answers,
    with_domains,
    with_environments,
    with_regions,
)
from tests.render import POLICY_CASES, copy_template, example_answers, files_of, render
from tests.update.organization import CONTEXT_LINES
from tests.workflows.repository import commit, git

COPIER = Path(sys.executable).with_name("copier")
VERSION = "v1.0.0"
# A path that is a template, as copier must take each of the real one to be.
TRIVIAL = "[= name =]"


def released(template: Path) -> Path:
    """Make a template a repository with a release, as users have it."""
    committed(template)
    git(template, "tag", VERSION)
    return template


def committed(repository: Path) -> None:
    """Make a folder a repository with all that is in it."""
    git(repository, "init", "--quiet")
    commit(repository)


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
    files = files_of(render(template, scratch / "rendered", example_answers(EXAMPLE)))
    trivial = trivial_template(scratch / "trivial", files)
    ours, reference = least(
        partial(cost_of_copy, template, answers, scratch / "mesh"),
        partial(cost_of_copy, trivial, nothing, scratch / "words"),
        times=2,
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


def bench_growth(scratch: Path) -> Sequence[Measure]:
    """`copier copy` of the example with more domains, environments and regions, beyond a copy of a single file.

    Without the cases of the Sentinel policies, which are most files and the same for every shape. An environment brings
    a handful of files and a region two: over so few an exponent would fit noise, so what a file costs is compared.
    """
    template = released(copy_template(scratch / "template", POLICY_CASES))
    start = trivial_template(scratch / "start", {"word.txt": b""})
    most_environments, most_regions = len(ENVIRONMENTS), len(REGIONS)
    shapes = {
        **{f"{number} domains": with_domains(number) for number in DOMAINS},
        "one environment": with_environments(1),
        f"{most_environments} environments": with_environments(most_environments),
        # The shape of the first once more, which tells how much copies vary.
        "one region": with_regions(1),
        f"{most_regions} regions": with_regions(most_regions),
    }
    runs = [partial(cost_of_copy, start, answered(scratch / "none.yml", {}), scratch / "word")]
    for shape, chosen in shapes.items():
        runs.append(partial(cost_of_copy, template, answered(scratch / f"{shape}.yml", chosen), scratch / shape))
    started, *costs = least(*runs, times=2)
    files = {shape: len(files_of(scratch / shape)) for shape in shapes}
    cost = {shape: each.beyond(started) for shape, each in zip(shapes, costs, strict=True)}
    domains = [f"{number} domains" for number in DOMAINS]
    varied = abs(cost["one region"].cpu / cost[domains[0]].cpu - 1)
    growth = Growth(
        "`copier copy` with more domains",
        "linear in the files written",
        "domains",
        "files",
        [str(number) for number in DOMAINS],
        [files[shape] for shape in domains],
        [cost[shape] for shape in domains],
        1.05,
    )
    per_file = [
        Ratio(
            f"a file of `copier copy` with {many}",
            f"with {one}",
            1000 * cost[many].cpu / files[many],
            1000 * cost[one].cpu / files[one],
            "ms of CPU",
            1.05,
            (cost[many].memory, cost[one].memory),
            distance=f"{files[many]} files instead of {files[one]}; two measures of one shape differ by {varied:.0%}.",
        )
        for one, many in (
            ("one environment", f"{most_environments} environments"),
            ("one region", f"{most_regions} regions"),
        )
    ]
    return [growth, *per_file]


def bench_update(scratch: Path) -> Sequence[Ratio]:
    """`copier update` of the full example that adds a domain, as `make add-domain` calls it.

    The reference is three copies: an update renders what was, what is to be, and that once more where it lands.
    """
    template = released(copy_template(scratch / "template"))
    grown = answered(scratch / "grown.yml", with_domains(DOMAINS[0] + 1))
    copy(template, answered(scratch / "answers.yml", example_answers(EXAMPLE)), scratch / "before")
    committed(scratch / "before")

    def begin() -> None:
        shutil.rmtree(scratch / "mesh", ignore_errors=True)
        shutil.copytree(scratch / "before", scratch / "mesh")

    def update() -> None:
        options = ("--vcs-ref", VERSION, "--context-lines", str(CONTEXT_LINES), "--data-file", grown)
        run([COPIER, "update", "--quiet", "--defaults", *options], scratch / "mesh")

    ours, reference = least(
        partial(cost_of, update, begin), partial(cost_of_copy, template, grown, scratch / "copied"), times=1
    )
    if missing := files_of(scratch / "copied").keys() - files_of(scratch / "mesh").keys():
        raise RuntimeError(f"the update did not bring {sorted(missing)}")
    return [
        Ratio(
            "`copier update` that adds a domain to the full example",
            "three copies of the same shape",
            ours.cpu,
            3 * reference.cpu,
            "s of CPU",
            1.1,
            (ours.memory, reference.memory),
        )
    ]
