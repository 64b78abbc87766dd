"""What an upgrade from the last release would take from its users: python -m tests.update.compatibility.

Two templates are asked the same questions and render the same answers. A finding is what the older one took or rendered
and the newer one does not. It may be so if the upgrade note of the version to come names it, in backticks:

    ## 0.2.0

    ### Upgrading

    - `region` is now `home_region`; answer it anew.

A star stands for any text: `infra/terraform/modules/gcp/audit/*`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import copier

from tests.answers import CUSTOM
from tests.render import POLICY_CASES, ROOT, copy_template
from tests.update.history import POLICIES, next_version, recorded, released, unrecorded
from tests.update.questions import Answers, Outcome, Questions, edge_cases
from tests.update.surface import Configuration, Surface, refused_version, surface

# Kind of finding -> whom it hits, and the mend.
KINDS = {
    "question": "A question that is gone: its answer is dropped from every mesh. Ask it further, or let a new question "
    "take its default from the old answer.",
    "question type": "A question of another type: recorded answers may no longer be read. Ask a new question instead.",
    "choice": "A choice that is gone: an update drops it from answers, or stops. Choices are append-only.",
    "default": "A question without a default: `copier update --defaults`, which upgrades by pull request run, stops at "
    "it. Give it a default.",
    "answer": "An answer that is no longer taken: an update stops at it, or puts the default in its place in silence. "
    "Loosen the validator.",
    "path": "A path that is gone: an update deletes the file with the edits that users made. Leave it where it was.",
    "resource": "An address that is gone from Terraform's configuration: the next apply destroys what stands there. "
    "Add a `moved` block, or `removed` for what Terraform shall forget.",
    "data source": "A data source that is gone: configuration which users wrote beside it and which reads it fails. "
    "Keep the name.",
    "output": "An output of an environment that is gone: its readers fail, such as delivery/github_setup.sh. Keep it.",
    "variable": "A variable that needs a value which no terraform.tfvars gives: plans of every environment fail. Give "
    "it a default, or render its value.",
    "version": "A version that is no longer allowed: whoever has locked or installed it cannot plan. Widen the "
    "constraint.",
    "make target": "A target of the Makefile that is gone: scripts and people that run it fail. Keep it.",
    "check": "A job of a workflow that is gone: a ruleset that requires the check waits for it forever. Keep the name.",
    "contract": "A contract's id that is gone: catalogues and consumers know the contract by it. Keep the id.",
    "entity": "An entity that is gone from a contract: its landing folder is read no more. Keep it, and deprecate it.",
    "column": "A column that is gone from a contract: queries which read it fail. Keep it, and deprecate it.",
    "bucket": "A bucket that is gone for unchanged answers: what landed there is left behind, or destroyed. Keep the "
    "name.",
    "dataset": "A dataset that is gone for unchanged answers: tables and grants stay behind in the old one. Keep the "
    "name.",
    "dbt model": "A relation that dbt no longer builds: its history stays behind and readers see it age. Keep schema "
    "and name.",
    "dbt seed": "A table of reference data that dbt no longer loads: readers see it age. Keep schema and name.",
}

# Answers whose renderings are compared; what an answer leaves out has its default, all domains among them. Between them
# they render every file of the template but the policies, whose sources are compared.
SHAPES: dict[str, Answers] = {
    "defaults": {},
    "everything on": {
        "domains": ["labs", "patients"],
        "regions": ["us-east-1", "eu-west-1"],
        "dbt_runner": "cloud_run_job",
        "service_perimeter": True,
        "replication": True,
        "code_scanning": True,
    },
    "little": {
        "organization": "Little Clinic",
        "domains": ["labs"],
        "environments": ["prod"],
        "landing_format": "csv",
        "airflow_version": "2.11",
        "dbt_runner": "kubernetes_pod",
        "threat_detection": False,
    },
    "domain of one's own": {**CUSTOM, "environments": ["dev"], "landing_format": "json"},
}
POLICY_FOLDER = f"infra/terraform/{POLICIES}"


@dataclass(frozen=True, order=True)
class Finding:
    """Something that an upgrade takes away. `subject` is what the upgrade note has to name."""

    kind: str
    subject: str
    detail: str = field(default="", compare=False)


class Release:
    """A template, what it asks and what it renders. `template` is a folder without git; `scratch` is made."""

    def __init__(self, template: Path, scratch: Path) -> None:
        self.template, self.scratch = template, scratch
        self._surfaces: dict[str, Surface] = {}

    @cached_property
    def questions(self) -> Questions:
        """Its questions."""
        return Questions(self.template, self.scratch)

    @cached_property
    def plain(self) -> Answers:
        """The plainest answers that it takes, as it records them."""
        return next(edge_cases(self.questions))

    @cached_property
    def cases(self) -> list[Answers]:
        """Recorded answers at the edges of what it takes, the plainest first."""
        return [*edge_cases(self.questions)]

    def surface(self, answers: Answers) -> Surface:
        """What it renders. Raises what copier raises."""
        key = json.dumps(answers, sort_keys=True)
        if key not in self._surfaces:
            mesh = self.scratch / "meshes" / str(len(self._surfaces))
            copier.run_copy(
                str(self.template), mesh, data=answers, defaults=True, quiet=True, exclude=[f"/{POLICY_FOLDER}"]
            )
            found = surface(mesh)
            self._surfaces[key] = Surface(found.paths | self.policies, found.names, found.terraform)
        return self._surfaces[key]

    @cached_property
    def policies(self) -> frozenset[str]:
        """The paths of the policies without their cases, which depend on no answer."""
        root = self.template / "template"
        files = (path.relative_to(root) for path in (root / POLICY_FOLDER).rglob("*") if path.is_file())
        return frozenset(path.as_posix().removesuffix(".jinja") for path in files if not path.match("*/test/*"))


def findings(before: Release, after: Release, shapes: dict[str, Answers] = SHAPES) -> list[Finding]:
    """What is taken from a user of `before` by an upgrade to `after`, ordered by kind and subject.

    Raises ValueError if `before` does not take its own defaults or a shape.
    """
    asked = {*question_findings(before, after)}
    return sorted(asked | {*answer_findings(before, after, asked)} | {*rendered_findings(before, after, shapes, asked)})


def question_findings(before: Release, after: Release) -> Iterator[Finding]:
    """Questions, their types, choices and defaults."""
    old, new = before.questions.asked, after.questions.asked
    for name in old.keys() - new.keys():
        yield Finding("question", name)
    for name in old.keys() & new.keys():
        was, is_now = (
            f"{question.get('type', 'yaml')}{', several' * bool(question.get('multiselect'))}"
            for question in (old[name], new[name])
        )
        if was != is_now:
            yield Finding("question type", name, f"{was} became {is_now}")
    # A question that takes anything takes its choices too.
    for name in before.questions.choices.keys() & after.questions.choices.keys():
        for choice in before.questions.choices[name]:
            if choice not in after.questions.choices[name]:
                yield Finding("choice", f"{name}: {choice}")
    for name, when in undefaulted(before, after).items():
        yield Finding("default", name, when)


def undefaulted(before: Release, after: Release) -> dict[str, str]:
    """Question -> when it stops for want of a default that it had, or that a new one never had."""
    plain, ask = before.plain, before.questions.update
    # Those that shape a mesh have a default on the first copy only, on purpose.
    structural = {
        name: value
        for name, value in plain.items()
        if ask({other: plain[other] for other in plain if other != name}).required
    }
    return {
        **dict.fromkeys(after.questions.stand_ins(None, plain), "on a first copy"),
        **dict.fromkeys(after.questions.stand_ins(structural, plain), "on an update"),
    }


def answer_findings(before: Release, after: Release, asked: set[Finding]) -> Iterator[Finding]:
    """Answers which `before` takes and records, and `after` refuses or replaces, as far as `asked` does not tell."""
    lost = chain.from_iterable(settled(before, after, case)[1] for case in before.cases)
    yield from refusals(lost, asked)


def refusals(lost: Iterable[tuple[str, str]], asked: set[Finding]) -> Iterator[Finding]:
    """A finding for each question whose answers are lost, as far as `asked` does not tell why."""
    explained = {finding.subject for finding in asked if finding.kind in ("question", "question type", "default")}
    reasons: dict[str, dict[str, None]] = {}
    for name, reason in lost:
        reasons.setdefault(name, {})[reason] = None
    for name in reasons.keys() - explained:
        yield Finding("answer", name, f"{len(reasons[name])} of those tried, such as {next(iter(reasons[name]))}")


def settled(before: Release, after: Release, answers: Answers) -> tuple[Answers | None, list[tuple[str, str]]]:
    """Answers that an update to `after` keeps, made from recorded ones, and question and reason of what is lost.

    In the place of a lost answer stands the plainest one, and none where that is lost too, so that every question
    shows. There are no such answers if a question does not take its own default.
    """
    given = after.questions.stand_ins(before.plain, before.plain)
    answers = reduced(answers, after.questions.choices)
    found = []
    # What is never asked is nobody's answer: answers_format goes up with the questions.
    unasked = {name for name, question in after.questions.asked.items() if question.get("ask") is False}
    while lost := first_lost(after.questions.update(answers, given), answers, unasked):
        name, error = lost
        found.append((name, f"{shortened(answers.get(name))}: {error}"))
        if name not in answers:
            return None, found
        plain = {name: before.plain[name]} if answers[name] != before.plain.get(name) else {}
        answers = {other: value for other, value in answers.items() if other != name} | plain
    return {name: value for name, value in answers.items() if name not in unasked}, found


def reduced(answers: Answers, choices: dict[str, list[Any]]) -> Answers:
    """Answers without choices that are no longer there."""
    left = {}
    for name, value in answers.items():
        if name in choices and isinstance(value, list):
            value = [choice for choice in value if choice in choices[name]] or choices[name][:1]
        elif name in choices and value not in choices[name]:
            value = choices[name][0]
        left[name] = value
    return left


def first_lost(outcome: Outcome, answers: Answers, unasked: set[str]) -> tuple[str, str] | None:
    """The first question that is asked and whose recorded answer an update does not keep, and why."""
    if outcome.recorded is None:
        return outcome.question or "answers", outcome.error
    for name, value in outcome.recorded.items():
        if name not in unasked and value != answers.get(name, value):
            return name, f"becomes {shortened(value)} in silence"
    return None


def shortened(value: Any) -> str:
    """A value as a line can show it."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 100 else f"{text[:80]}... ({len(text)} characters)"


def rendered_findings(
    before: Release, after: Release, shapes: dict[str, Answers], asked: set[Finding]
) -> Iterator[Finding]:
    """What the same answers no longer render. Raises ValueError for a shape that `before` does not take.

    Answers that `after` refuses are found here too; the shape is then compared without them.
    """
    given = after.questions.stand_ins(before.plain, before.plain)
    for name, shape in shapes.items():
        outcome = before.questions.answer(reduced(shape, before.questions.choices))
        if outcome.recorded is None:
            raise ValueError(f"The release does not take the shape {name!r} of compatibility.py: {outcome.error}")
        answers, lost = settled(before, after, outcome.recorded)
        yield from refusals(lost, asked)
        if answers is not None:
            yield from surface_findings(before.surface(answers), after.surface(answers | given))


def surface_findings(before: Surface, after: Surface) -> Iterator[Finding]:
    """What one rendered repository has and the other has not."""
    yield from (Finding("path", subject) for subject in gone_paths(before.paths, after.paths))
    for kind, names in before.names.items():
        for name in names - after.names[kind]:
            # Columns of an entity that is gone go with it.
            if kind != "column" or name.rpartition(".")[0] in after.names["entity"]:
                yield Finding(kind, name)
    for environment in before.terraform.keys() & after.terraform.keys():
        yield from configuration_findings(before.terraform[environment], after.terraform[environment])


def gone_paths(before: frozenset[str], after: frozenset[str]) -> set[str]:
    """Paths that are gone; a folder stands for its files where nothing is left of it."""
    folders = {parent.as_posix() for path in after for parent in Path(path).parents}
    subjects = set()
    for path in before - after:
        gone = [parent.as_posix() for parent in Path(path).parents if parent.as_posix() not in folders]
        subjects.add(f"{gone[-1]}/" if gone else path)
    return subjects


def configuration_findings(before: Configuration, after: Configuration) -> Iterator[Finding]:
    """What Terraform would destroy, and what callers would miss."""
    gone: set[str] = set()
    for address in sorted(before.addresses, key=lambda address: (address.count("."), address)):
        now = after.now(address)
        parts = address.split(".")
        if any(".".join(parts[:end]) in gone for end in range(2, len(parts), 2)) or after.forgets(address):
            continue
        if now not in after.addresses:
            gone.add(address)
            detail = f"moved to {now}, which is not there" if now != address else ""
            yield Finding("resource", address, detail)
            continue
        was, is_now = before.addresses[address], after.addresses[now]
        # Between one and counted ones Terraform moves the first by itself.
        if address not in after.moved and was != is_now and "for_each" in (was, is_now):
            yield Finding("resource", address, f"{was} became {is_now}, so its instances have other addresses")
    yield from (Finding("data source", name) for name in before.data_sources - after.data_sources)
    yield from (Finding("output", name) for name in before.outputs - after.outputs)
    yield from (Finding("variable", name) for name in (after.required - after.given) - (before.required - before.given))
    for name in before.constraints.keys() & after.constraints.keys():
        version = refused_version(before.constraints[name], after.constraints[name])
        if version:
            yield Finding("version", name, f"{'.'.join(map(str, version))} was allowed")


def upgrade_note(changelog: str) -> list[str]:
    """What the upgrade note of the changelog's first version names in backticks."""
    section = re.search(r"(?ms)^## \S.*?(?=^## |\Z)", changelog)
    note = re.search(r"(?ms)^### Upgrading *$(.*?)(?=^### |\Z)", section[0]) if section else None
    return re.findall(r"`([^`\n]*\w[^`\n]*)`", note[1]) if note else []


def unlisted(found: list[Finding], note: list[str]) -> list[Finding]:
    """Findings that the upgrade note does not name."""
    patterns = [re.compile(".*".join(map(re.escape, name.split("*")))) for name in note]
    return [finding for finding in found if not any(pattern.fullmatch(finding.subject) for pattern in patterns)]


def report(found: list[Finding], missing: list[Finding]) -> str:
    """Findings by kind; those that the upgrade note lacks are marked."""
    lines = []
    for kind, meaning in KINDS.items():
        group = [finding for finding in found if finding.kind == kind]
        if group:
            lines += ["", f"{kind}: {len(group)}", f"  {meaning}"]
            for finding in group:
                mark = "MISSING IN THE UPGRADE NOTE" if finding in missing else "in the upgrade note"
                lines.append(f"  - `{finding.subject}` ({mark}){f': {finding.detail}' if finding.detail else ''}")
    return "\n".join(lines)


def release(version: str | None, folder: Path) -> Release:
    """A release of releases.yml, or what is here. Raises LookupError for one whose commit this clone lacks."""
    template = folder / "template"
    made = released(version, template, POLICY_CASES) if version else copy_template(template, POLICY_CASES)
    return Release(made, folder)


def main() -> int:
    """Print what an upgrade to what is here takes away. Returns 1 if the upgrade note does not name all of it.

    Or if a tag is not in the ledger of releases: then what is here would be compared with an older one.
    """
    versions = [*recorded()]
    parser = argparse.ArgumentParser(description="Compare this template with a release.")
    parser.add_argument("--from", dest="version", choices=versions, default=versions[-1], help="by default the last")
    version = parser.parse_args().version
    for tag in unrecorded():
        print(
            f"releases.yml lacks {tag}, or has it as another commit: make release-record VERSION={tag}", file=sys.stderr
        )
    if unrecorded():
        return 1
    with tempfile.TemporaryDirectory() as folder:
        found = findings(release(version, Path(folder) / "before"), release(None, Path(folder) / "after"))
    missing = unlisted(found, upgrade_note((ROOT / "CHANGELOG.md").read_text()))
    print(f"From {version} to {next_version()}: {len(found)} findings, {len(missing)} of them not in the upgrade note.")
    if found:
        print(report(found, missing))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
