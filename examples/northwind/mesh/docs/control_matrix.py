"""Write docs/hipaa-control-matrix.md: from each HIPAA safeguard to code, policies, their tests and evidence.

Safeguards and resource types stand in the header of each Sentinel policy, resources in the Terraform code. What no code
can say stands in docs/hipaa-safeguards.yml.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENT = "docs/hipaa-control-matrix.md"
SAFEGUARDS = "docs/hipaa-safeguards.yml"
TERRAFORM = "infra/terraform"
POLICIES = f"{TERRAFORM}/sentinel-policies"
COMMAND = "make control-matrix"

KINDS = ("standard", "required", "addressable")
TEXTS = ("title", "kind", "asks", "organization", "proposed")

_RESOURCE = re.compile(r'^resource\s+"(\w+)"\s+"(\w+)"', re.MULTILINE)
_DATA = re.compile(r'^data\s+"(\w+)"', re.MULTILINE)
_BLOCK = re.compile(r"^\s*(module|output|provisioner|required_providers)\b[^=\n]*\{", re.MULTILINE)
_HIPAA = re.compile(r"# HIPAA: (\S+) \((\w+)\)")
_SET_ENTRY = re.compile(r'^\s*source\s*=\s*"\.\./(policies/[^"]+)"', re.MULTILINE)
# What a line `# Terraform:` is made of, tried in this order.
_TERM = re.compile(
    r"(?P<provider>every resource of the provider hashicorp/(?P<prefix>\w+)[^;]*)"
    r"|(?P<all>every resource and data source)"
    r"|the types of (?P<name>\w+)"
    r"|data (?P<data>[a-z]\w*)"
    r"|(?P<block>module|output|provisioner|required_providers)\b"
    r"|(?P<type>[a-z]+_[a-z0-9_*]+)"
    r"|(?P<between>every other|every|and|[,;\s])"
)


class MatrixError(Exception):
    """The matrix cannot be made. Each line of the message names a file, what is wrong there and a mend."""


@dataclass(frozen=True)
class Safeguard:
    """A standard or implementation specification of the Security Rule, as docs/hipaa-safeguards.yml describes it.

    `needs` is the module without which no code serves it, so that it is left to the organization.
    """

    id: str
    title: str
    kind: str
    asks: str
    evidence: tuple[str, ...]
    organization: str
    proposed: str
    organization_only: bool
    needs: str | None

    @property
    def heading(self) -> str:
        return f"{self.id} {self.title}"

    @property
    def link(self) -> str:
        return self.id if self.organization_only else f"[{self.id}](#{anchor(self.heading)})"


@dataclass(frozen=True)
class Unused:
    """Resource types that policies name and the code has none of, with the reason."""

    reason: str
    types: tuple[str, ...]


@dataclass(frozen=True)
class Description:
    """docs/hipaa-safeguards.yml, without what holds only for a module that the repository does not have."""

    introduction: str = ""
    safeguards: tuple[Safeguard, ...] = ()
    unused: tuple[Unused, ...] = ()


@dataclass(frozen=True, order=True)
class Resource:
    """A resource in the Terraform code. `folder` is that of its module, below infra/terraform."""

    folder: str
    type: str
    name: str

    @property
    def address(self) -> str:
        return f"{self.type}.{self.name}"


@dataclass(frozen=True)
class Code:
    """What the Terraform code has: resources, and the other things that policies name, such as `data external`."""

    resources: tuple[Resource, ...]
    blocks: frozenset[str]


@dataclass(frozen=True)
class Term:
    """What a header's line `# Terraform:` names: patterns of resource types, or a block of the language.

    `broad` is a term that looks at more than some types, and is shown as its text, not as addresses.
    """

    text: str
    patterns: tuple[str, ...] = ()
    block: str | None = None
    broad: bool = False

    @property
    def shown(self) -> str:
        return f"every `{self.block}` block" if self.block else self.text

    @property
    def names(self) -> tuple[str, ...]:
        """What it names, one by one: the types of a list in the policy, or its text."""
        return self.patterns if self.text.startswith("the types of ") else (self.text,)

    def covers(self, resource: Resource) -> bool:
        return any(fnmatchcase(resource.type, pattern) for pattern in self.patterns)

    def occurs(self, code: Code) -> bool:
        return self.block in code.blocks or any(self.covers(resource) for resource in code.resources)


@dataclass(frozen=True)
class Policy:
    """A Sentinel policy with its header. `path` is below the repository, `safeguards` maps an id to kind and line."""

    path: str
    summary: str
    safeguards: Mapping[str, tuple[str, int]]
    terms: tuple[Term, ...]
    terms_line: int

    @property
    def name(self) -> str:
        return Path(self.path).stem

    @property
    def cases(self) -> str:
        return f"{Path(self.path).parent.as_posix()}/test/{self.name}"

    @property
    def link(self) -> str:
        return f"[{self.name}]({from_docs(self.path)})"


@dataclass(frozen=True)
class Matrix:
    """Everything that the document shows, each part in the order of the document."""

    introduction: str
    safeguards: tuple[Safeguard, ...]
    unused: tuple[Unused, ...]
    policies: tuple[Policy, ...]
    code: Code

    def policies_of(self, safeguard: Safeguard) -> list[Policy]:
        return [policy for policy in self.policies if safeguard.id in policy.safeguards]

    def safeguards_of(self, policies: Iterable[Policy]) -> list[Safeguard]:
        ids = {id for policy in policies for id in policy.safeguards}
        return [safeguard for safeguard in self.safeguards if safeguard.id in ids]


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def from_docs(path: str) -> str:
    """A path of the repository as a link from the folder of the document."""
    return os.path.relpath(path, Path(DOCUMENT).parent).replace(os.sep, "/")


def read_matrix(repository: Path) -> Matrix:
    """Everything that the document shows. Raises MatrixError with all that is wrong, not the first thing alone."""
    errors: list[str] = []
    described = read_description(repository, errors)
    policies = tuple(read_policies(repository, errors))
    matrix = Matrix(
        described.introduction, described.safeguards, described.unused, policies, code=read_code(repository)
    )
    # What cannot be read would bring an error for every line that rests on it.
    if not errors:
        errors += [*safeguard_errors(matrix), *type_errors(matrix), *policy_errors(repository, policies)]
    if errors:
        raise MatrixError("\n".join(errors))
    return matrix


def read_description(repository: Path, errors: list[str]) -> Description:
    """What docs/hipaa-safeguards.yml says."""
    try:
        found = yaml.safe_load((repository / SAFEGUARDS).read_text(encoding="utf-8"))
        introduction = str(found["introduction"])
        described, listed = dict(found["safeguards"]), list(found["unused_types"])
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        errors.append(f"{SAFEGUARDS}: needs introduction, safeguards and unused_types, and cannot be read: {error!r}.")
        return Description()
    safeguards = []
    for id, fields in described.items():
        wrong = list(_field_errors(fields))
        errors += [f"{SAFEGUARDS}: {id}: {text}" for text in wrong]
        if not wrong:
            needs = fields.get("needs")
            left = needs is not None and not _has_module(repository, needs)
            safeguards.append(
                Safeguard(
                    id=id,
                    **{name: fields[name].strip() for name in TEXTS},
                    evidence=tuple(_present(repository, fields.get("evidence", []))),
                    organization_only=fields.get("organization_only", False) or left,
                    needs=needs,
                )
            )
    unused = []
    for entry in listed:
        if not isinstance(entry, dict) or not {"reason", "types"} <= entry.keys() <= {"reason", "types", "unless"}:
            errors.append(f"{SAFEGUARDS}: unused_types: {entry!r} needs reason and types, and may have unless.")
        elif "unless" not in entry or not _has_module(repository, entry["unless"]):
            unused.append(Unused(entry["reason"], tuple(entry["types"])))
    return Description(introduction.strip(), tuple(safeguards), tuple(unused))


def _field_errors(fields: object) -> Iterator[str]:
    if not isinstance(fields, dict):
        yield f"must be a map with {', '.join(TEXTS)}."
        return
    for name in TEXTS:
        if not isinstance(fields.get(name), str):
            yield f"has no text `{name}`."
    for name in fields.keys() - {*TEXTS, "evidence", "needs", "organization_only"}:
        yield f"`{name}` is not known."
    if "kind" in fields and fields["kind"] not in KINDS:
        yield f"kind is {fields['kind']!r}, and must be one of {', '.join(KINDS)}."
    evidence = fields.get("evidence", [])
    if not all(
        isinstance(item, str) or (isinstance(item, dict) and item.keys() == {"module", "text"}) for item in evidence
    ):
        yield "each entry of `evidence` must be a text, or have `module` and `text`."
    elif not fields.get("organization_only") and not any(isinstance(item, str) for item in evidence):
        yield "has no `evidence` that every repository has: say what an auditor is shown."


def _has_module(repository: Path, module: str) -> bool:
    return (repository / TERRAFORM / module).is_dir()


def _present(repository: Path, evidence: Iterable[Any]) -> Iterator[str]:
    """Evidence that does not hang on a module which the repository does not have."""
    for item in evidence:
        if isinstance(item, str):
            yield item
        elif _has_module(repository, item["module"]):
            yield item["text"]


def read_code(repository: Path) -> Code:
    """What the Terraform code of modules and environments has. Downloaded modules are not looked at."""
    root = repository / TERRAFORM
    resources: list[Resource] = []
    blocks: set[str] = set()
    for path in sorted(root.rglob("*.tf")):
        folder = path.parent.relative_to(root)
        if not any(part.startswith(".") for part in folder.parts):
            text = path.read_text(encoding="utf-8")
            resources += [Resource(folder.as_posix(), *found) for found in _RESOURCE.findall(text)]
            blocks.update(f"data {type}" for type in _DATA.findall(text))
            blocks.update(_BLOCK.findall(text))
    return Code(tuple(sorted(resources)), frozenset(blocks))


def read_policies(repository: Path, errors: list[str]) -> Iterator[Policy]:
    """Every policy, by service and name."""
    for path in sorted((repository / POLICIES / "policies").glob("*/*.sentinel")):
        name = path.relative_to(repository).as_posix()
        text = path.read_text(encoding="utf-8")
        header = []
        for line in text.splitlines():
            if not line.startswith("#"):
                break
            header.append(line)
        try:
            yield read_header(name, header, text)
        except MatrixError as error:
            errors.append(str(error))


def read_header(path: str, header: Sequence[str], source: str) -> Policy:
    """A policy from its header. Raises MatrixError for a header without safeguards or types, and for one unreadable."""
    summary: list[str] = []
    safeguards: dict[str, tuple[str, int]] = {}
    terraform: list[str] = []
    terraform_line = 0
    for number, line in enumerate(header, start=1):
        if line.startswith("# HIPAA"):
            found = _HIPAA.fullmatch(line)
            if not found:
                raise MatrixError(f"{path}:{number}: must read `# HIPAA: 164.312(b) (standard)`, or so.")
            safeguards[found[1]] = (found[2], number)
        elif line.startswith("# Terraform:"):
            terraform.append(line.removeprefix("# Terraform:"))
            terraform_line = terraform_line or number
        elif terraform and line.startswith("#   "):
            terraform.append(line.removeprefix("#   "))
        elif not safeguards and not terraform and line != "#":
            summary.append(line.removeprefix("# "))
    if not safeguards:
        raise MatrixError(f"{path}: has no safeguard. Add a line like `# HIPAA: 164.312(b) (standard)` to its header.")
    if not terraform:
        raise MatrixError(f"{path}: has no types. Add a line like `# Terraform: aws_s3_bucket` to its header.")
    text = " ".join(" ".join(terraform).split())
    try:
        terms = tuple(read_terms(text, source))
    except ValueError as error:
        raise MatrixError(f"{path}:{terraform_line}: {error}") from None
    return Policy(path, " ".join(summary), safeguards, terms, terraform_line)


def read_terms(text: str, source: str) -> Iterator[Term]:
    """What the text of a header's `# Terraform:` names. Raises ValueError for what it cannot read."""
    position = 0
    while position < len(text):
        found = _TERM.match(text, position)
        if not found:
            raise ValueError(f"cannot read {text[position:]!r}. Name resource types, parted by commas.")
        position = found.end()
        if found["provider"]:
            yield Term(found["provider"], (f"{found['prefix']}_*",), broad=True)
        elif found["all"]:
            yield Term(found["all"], ("*",), broad=True)
        elif found["name"]:
            yield Term(f"the types of {found['name']}", _types_of(found["name"], source))
        elif found["data"]:
            yield Term(f"data {found['data']}", block=f"data {found['data']}")
        elif found["block"]:
            yield Term(found["block"], block=found["block"], broad=True)
        elif found["type"]:
            yield Term(found["type"], tuple(_granted(found["type"])))


def _granted(type: str) -> Iterator[str]:
    """A type's pattern. `_iam_*` stands for grants, not for custom roles and audit configuration."""
    if type.endswith("_iam_*"):
        yield from (type.removesuffix("*") + grant for grant in ("member", "binding", "policy"))
    else:
        yield type


def _types_of(name: str, source: str) -> tuple[str, ...]:
    """The resource types in a list, or the keys of a map, of a policy's source."""
    body = re.search(rf"^(?:param )?{name} (?:default|=) [\[{{]$(.*?)^[\]}}]$", source, re.MULTILINE | re.DOTALL)
    types = re.findall(r'^\s*"(\w+)"', body[1], re.MULTILINE) if body else []
    if not types:
        raise ValueError(f"{name} is no list of resource types in this policy.")
    return tuple(types)


def safeguard_errors(matrix: Matrix) -> Iterator[str]:
    """Where headers and docs/hipaa-safeguards.yml disagree."""
    described = {safeguard.id: safeguard for safeguard in matrix.safeguards}
    for policy in matrix.policies:
        for id, (kind, line) in policy.safeguards.items():
            place = f"{policy.path}:{line}: {id}"
            if id not in described:
                yield f"{place} is not in {SAFEGUARDS}. Correct the header, or describe it there."
            elif described[id].organization_only and not described[id].needs:
                yield f"{place} has organization_only in {SAFEGUARDS}. Take it off there, or the line off here."
            elif described[id].kind != kind:
                yield f"{place} is {kind} here and {described[id].kind} in {SAFEGUARDS}. Correct the wrong one."
    for safeguard in matrix.safeguards:
        if safeguard.organization_only:
            continue
        policies = matrix.policies_of(safeguard)
        if not policies:
            yield (
                f"{SAFEGUARDS}: no policy names {safeguard.id}. Name it in the header of one, or give it "
                "`organization_only: true`."
            )
        elif not any(term.occurs(matrix.code) for policy in policies for term in policy.terms):
            yield f"{SAFEGUARDS}: no policy of {safeguard.id} looks at a resource that {TERRAFORM} has."


def type_errors(matrix: Matrix) -> Iterator[str]:
    """Types that the code does not have and that are not listed as unused, and the other way round."""
    unused = {type for entry in matrix.unused for type in entry.types}
    named: dict[str, bool] = {}
    for policy in matrix.policies:
        for term in policy.terms:
            named[term.text] = term.occurs(matrix.code)
            if not named[term.text] and term.text not in unused:
                yield (
                    f"{policy.path}:{policy.terms_line}: {TERRAFORM} has no {term.text}. Correct the header, or "
                    f"list it in {SAFEGUARDS} under unused_types, with the reason."
                )
    for type in sorted(unused & named.keys()):
        if named[type]:
            yield f"{SAFEGUARDS}: unused_types: {type} is used in {TERRAFORM}. Take it off the list."
    for type in sorted(unused - named.keys()):
        yield f"{SAFEGUARDS}: unused_types: no policy names {type}. Take it off the list."


def policy_errors(repository: Path, policies: Collection[Policy]) -> Iterator[str]:
    """Policies without test cases, and those in no policy set, which nothing runs."""
    enforced = {
        f"{POLICIES}/{path}"
        for policy_set in (repository / POLICIES).glob("*/sentinel.hcl")
        for path in _SET_ENTRY.findall(policy_set.read_text(encoding="utf-8"))
    }
    for policy in policies:
        if not any((repository / policy.cases).glob("*.hcl")):
            yield f"{policy.path}: has no test cases. Add some to {policy.cases}."
        if policy.path not in enforced:
            yield f"{policy.path}: is in no policy set. Add it to the sentinel.hcl of each environment."


def document(matrix: Matrix) -> str:
    """The document, in Markdown.

    A module's part of it is whole lines of their own: the template puts conditions around those of optional modules.
    """
    lines = [
        "# HIPAA control matrix",
        "",
        f"<!-- Written by `{COMMAND}`. Change the headers of the policies or hipaa-safeguards.yml instead. -->",
        "",
        *matrix.introduction.splitlines(),
        "",
        "## Overview",
        "",
        "| safeguard | asks you to | kind | policies | proposed rule |",
        "|---|---|---|---|---|",
    ]
    ours = [safeguard for safeguard in matrix.safeguards if not safeguard.organization_only]
    yours = [safeguard for safeguard in matrix.safeguards if safeguard.organization_only]
    for safeguard in ours:
        lines.append(
            f"| {safeguard.link} {safeguard.title} | {safeguard.asks} | {safeguard.kind} "
            f"| {len(matrix.policies_of(safeguard))} | {safeguard.proposed} |"
        )
    lines += ["", "## Safeguards", ""]
    for safeguard in ours:
        lines += [*_section(matrix, safeguard), ""]
    lines += [
        "## Safeguards that only you can meet",
        "",
        "No code meets these. Where the repository helps, a column says how.",
        "",
        "| safeguard | asks you to | kind | your part | this repository adds | proposed rule |",
        "|---|---|---|---|---|---|",
    ]
    for safeguard in yours:
        lines.append(
            f"| {safeguard.heading} | {safeguard.asks} | {safeguard.kind} | {safeguard.organization} "
            f"| {' '.join(safeguard.evidence)} | {safeguard.proposed} |"
        )
    lines += ["", *_code_index(matrix)]
    return "\n".join(lines) + "\n"


def _section(matrix: Matrix, safeguard: Safeguard) -> Iterator[str]:
    """The part of a safeguard that policies serve."""
    policies = matrix.policies_of(safeguard)
    yield from (f"### {safeguard.heading}", "", f"{safeguard.kind.capitalize()}. {safeguard.asks}", "")
    yield f"- **Your part:** {safeguard.organization}"
    yield f"- **Proposed rule:** {safeguard.proposed}"
    yield "- **Evidence:**"
    yield from (f"  - {text}" for text in safeguard.evidence)
    yield from ("", "Terraform:", "")
    yield from _addresses(matrix, [term for policy in policies for term in policy.terms])
    yield from ("", "Policies:", "")
    for policy in policies:
        yield f"- {policy.link} ([tests]({from_docs(policy.cases)})): {policy.summary}"


def _addresses(matrix: Matrix, terms: Sequence[Term]) -> Iterator[str]:
    """A line for each broad term, one for each module with resources that the others cover, and what is absent."""
    for text in sorted({term.shown for term in terms if term.broad and term.occurs(matrix.code)}):
        yield f"- {text}"
    narrow = [term for term in terms if not term.broad]
    for folder, resources in _by_folder(matrix.code.resources):
        covered = [resource.address for resource in resources if any(term.covers(resource) for term in narrow)]
        if covered:
            yield f"- [{folder}]({from_docs(f'{TERRAFORM}/{folder}')}): {_listed(covered)}"
    absent = {term for term in terms if not term.occurs(matrix.code)}
    for entry in matrix.unused:
        names = sorted(name for term in absent if term.text in entry.types for name in term.names)
        if names:
            yield f"- none of {_listed(names)}, on purpose: {entry.reason}"


def _code_index(matrix: Matrix) -> Iterator[str]:
    """From each resource to the policies that look at it, and on to their safeguards."""
    broad = [policy for policy in matrix.policies if any(term.broad for term in policy.terms)]
    yield from ("## Terraform code", "")
    yield "The policies that look at each resource, and the safeguards that rest on it. One with neither serves others."
    yield "These look at more than some types, and are not named again in the tables:"
    yield ""
    for policy in broad:
        texts = [term.shown for term in policy.terms if term.broad]
        safeguards = ", ".join(safeguard.link for safeguard in matrix.safeguards_of([policy]))
        yield f"- {policy.link}: {', '.join(texts)} ({safeguards})"
    for folder, resources in _by_folder(matrix.code.resources):
        yield from ("", f"### {folder}", "", "| resource | policies | safeguards |", "|---|---|---|")
        for resource in resources:
            policies = [
                policy
                for policy in matrix.policies
                if any(term.covers(resource) for term in policy.terms if not term.broad)
            ]
            safeguards = ", ".join(safeguard.link for safeguard in matrix.safeguards_of(policies))
            named = ", ".join(policy.link for policy in policies)
            yield f"| `{resource.address}` | {named} | {safeguards} |"


def _by_folder(resources: Iterable[Resource]) -> Iterator[tuple[str, list[Resource]]]:
    folders: dict[str, list[Resource]] = {}
    for resource in resources:
        folders.setdefault(resource.folder, []).append(resource)
    yield from folders.items()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the document, or say whether it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the document is not up to date")
    options = parser.parse_args(arguments)
    try:
        text = document(read_matrix(REPOSITORY))
    except MatrixError as error:
        print(error, file=sys.stderr)
        return 1
    path = REPOSITORY / DOCUMENT
    if not options.check:
        path.write_text(text, encoding="utf-8", newline="\n")
    elif not path.exists() or path.read_text(encoding="utf-8") != text:
        print(f"{DOCUMENT} is not up to date. Run `{COMMAND}` and commit what it writes.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
