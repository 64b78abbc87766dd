"""Compare the data contracts with those of a base in git, and ask for the version that their changes need.

  breaking  consumers, producers or a safeguard lose what they rest on  a new major version
  additive  something is new, wider or better protected                 a new minor version
  text      descriptions, owners, support, service levels               a new patch version
  other     fields that no rule here knows                              a new patch version

Before 1.0.0 a breaking change needs a new minor version, any other a new patch version: https://semver.org leaves major
version zero to initial development. A base that is a pre-release counts as the release it leads to. A contract is
removed or retired in two steps: released with `status: deprecated` first, taken away later. That it is retired, or back
in use, needs no version; what else is changed by the way does.

Exit status: 0 if every version is enough, 1 if one is not, 2 if something cannot be read.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from contract_rules import BOTH, SAFEGUARD, Change, CheckError, Element, Level, Verdict, compare, elements, shown

try:
    # A tenth of the time.
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDER = "contracts"
# Nothing feeds these any more; Terraform keeps their data, by what they say of it.
RETIRED = f"{FOLDER}/retired"
SUFFIX = ".odcs.yaml"


# -- versions ----------------------------------------------------------------------------------------------------------

# The expression that https://semver.org suggests.
_SEMVER = re.compile(
    r"(?P<core>(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*))"
    r"(?:-(?P<pre>(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)
_PARTS = {Level.BREAKING: 0, Level.ADDITIVE: 1, Level.TEXT: 2, Level.OTHER: 2}
FIRST = "0.1.0"
# A contract that nobody is told to rest on.
PASSING = ("deprecated", "draft", "proposed", "retired")


@dataclass(frozen=True)
class Version:
    """A semantic version."""

    text: str
    core: tuple[int, int, int]
    pre: tuple[str, ...]

    @property
    def precedence(self) -> tuple[Any, ...]:
        """https://semver.org/#spec-item-11"""
        parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in self.pre]
        return (self.core, (0, parts) if self.pre else (1, []))


def version_of(text: Any) -> Version:
    """Read a version. Raises CheckError."""
    match = _SEMVER.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise CheckError(f"version is {text!r}; write three numbers, such as version: 1.0.0")
    major, minor, patch = map(int, match["core"].split("."))
    return Version(match[0], (major, minor, patch), tuple((match["pre"] or "").split(".")) if match["pre"] else ())


def needed(was: Version, now: Version, changes: Sequence[Change]) -> str | None:
    """The version to set, or None if the one that is set is enough."""
    ahead = now.precedence >= was.precedence
    if not changes:
        return None if ahead else was.text
    part = min(_PARTS[change.level] for change in changes)
    if was.core[0] == 0:
        part = min(part + 1, 2)
    if was.pre and not any(was.core[part + 1 :]):
        core = was.core
        enough = now.precedence > was.precedence
    else:
        major, minor, patch = was.core
        core = ((major + 1, 0, 0), (major, minor + 1, 0), (major, minor, patch + 1))[part]
        enough = now.core >= core
    return None if ahead and enough else ".".join(map(str, core))


# -- the contracts of the working tree and of the base -----------------------------------------------------------------


@dataclass(frozen=True)
class Contract:
    """A contract that was read and is built as the standard says."""

    file: str
    content: Element
    version: Version

    @property
    def id(self) -> str:
        return str(self.content["id"])

    @property
    def retired(self) -> bool:
        return self.file.startswith(f"{RETIRED}/")

    @property
    def announced(self) -> bool:
        """Whether nobody is surprised if it goes."""
        return self.version.core[0] == 0 or self.content.get("status") in PASSING

    def owners(self) -> list[str]:
        """Whom to tell of a change: the owners in the team, or else the team."""
        # Until version 3.0 of the standard the team was the list of its members.
        team = self.content.get("team", {})
        members = elements(self.content, "team") if isinstance(team, list) else elements(team, "members")
        owners = [str(member.get("username")) for member in members if member.get("role") == "owner"]
        return owners or [str(team["name"]) for team in [team] if "name" in team]

    def approvers(self) -> list[str]:
        """Who approves access after the owner has."""
        roles = elements(self.content, "roles")
        return sorted({str(role["secondLevelApprovers"]) for role in roles if "secondLevelApprovers" in role})


def read(file: str, source: bytes) -> Contract:
    """Read a contract. Raises CheckError that names the file."""
    try:
        content = yaml.load(source, Loader=SafeLoader)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise CheckError(f"{file}: no valid YAML{line}: {getattr(error, 'problem', None) or error}") from error
    try:
        if not isinstance(content, dict):
            raise CheckError("empty, or no mapping")
        content = _stated(content)
        for key in ("id", "version"):
            if key not in content:
                raise CheckError(f"has no `{key}`; every contract has one")
        version = version_of(content["version"])
        # What cannot be compared with itself cannot be compared.
        compare(content, content)
        contract = Contract(file, content, version)
        contract.owners()
    except CheckError as error:
        raise CheckError(f"{file}: {error}") from error
    return contract


def _stated(value: Any) -> Any:
    """Without what is null: the standard takes that for absent."""
    if isinstance(value, dict):
        return {str(key): _stated(part) for key, part in value.items() if part is not None}
    return [_stated(part) for part in value] if isinstance(value, list) else value


def contracts_here() -> dict[str, bytes]:
    """File -> source, of the working tree."""
    paths = [path for folder in (FOLDER, RETIRED) for path in sorted((REPOSITORY / folder).glob(f"*{SUFFIX}"))]
    return {path.relative_to(REPOSITORY).as_posix(): path.read_bytes() for path in paths}


def contracts_at(commit: str) -> dict[str, bytes]:
    """File -> source, of a commit."""
    names = _git("ls-tree", "-z", "--name-only", commit, f"{FOLDER}/", f"{RETIRED}/").decode().split("\0")
    return {name: _git("show", f"{commit}:./{name}") for name in names if name.endswith(SUFFIX)}


def commit_of(base: str) -> str:
    """The commit to compare with: where the working tree left the base, or the base if that is not known here."""
    _git("rev-parse", "--git-dir")
    try:
        if base.startswith("-"):
            raise CheckError(base)
        commit = _git("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}").decode().strip()
    except CheckError as error:
        remote, _, branch = base.partition("/")
        fetch = f"git fetch {remote} {branch}:refs/remotes/{base}" if branch else f"git fetch origin {base}"
        raise CheckError(
            f"there is no {base} in this clone. Fetch it: {fetch}. With actions/checkout, set fetch-depth: 0."
        ) from error
    try:
        # What others merged since is no change of this tree.
        return _git("merge-base", commit, "HEAD").decode().strip()
    except CheckError:
        return commit


def _git(*arguments: str) -> bytes:
    try:
        run = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True)
    except OSError as error:
        raise CheckError(f"git cannot be run: {error}") from error
    if run.returncode:
        raise CheckError(run.stderr.decode(errors="replace").strip() or f"git {arguments[0]} failed")
    return run.stdout


# -- comparison of all -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """What came of one contract. mend: what to do where its version is not enough."""

    file: str
    was: Version | None
    now: Version | None
    changes: tuple[Change, ...]
    tell: tuple[str, ...] = ()
    mend: str = ""
    note: str = ""

    @property
    def versions(self) -> str:
        return f"{self.was.text if self.was else 'none'} -> {self.now.text if self.now else 'none'}"


def compare_all(before: dict[str, bytes], after: dict[str, bytes]) -> list[Comparison]:
    """Compare contracts by file, and by id where a file was renamed."""
    now = {file: read(file, source) for file, source in after.items()}
    ids = [contract.id for contract in now.values()]
    for contract in now.values():
        if ids.count(contract.id) > 1:
            raise CheckError(f"{contract.file}: its id {contract.id} is also that of another contract")
    was: dict[str, Contract] = {}
    unreadable: dict[str, str] = {}
    for file, source in before.items():
        try:
            was[file] = now[file] if after.get(file) == source else read(file, source)
        except CheckError as error:
            unreadable[file] = f"in the base it cannot be read, so all of it counts as new: {error}"
    renamed = {contract.id: file for file, contract in was.items() if file not in now and contract.id in ids}
    comparisons = []
    for file, contract in now.items():
        old = was.get(file)
        if old is None and contract.id in renamed:
            old = was.pop(renamed[contract.id])
        comparisons.append(_compare_one(old, contract, unreadable.get(file, "")))
    gone = [_compare_removed(contract) for file, contract in was.items() if file not in now]
    removed = Change("", "contract", "unreadable", None, Verdict(Level.BREAKING, BOTH, "removed"))
    lost = {file: note for file, note in unreadable.items() if file not in now}
    gone += [Comparison(file, None, None, (removed,), note=note) for file, note in lost.items()]
    return sorted([*comparisons, *gone], key=lambda comparison: comparison.file)


def _compare_one(was: Contract | None, now: Contract, note: str) -> Comparison:
    if was is None:
        early = now.version.precedence < version_of(FIRST).precedence
        mend = f"set version to {FIRST} or higher: the first version of a contract is not below it" if early else ""
        change = Change("", "contract", None, now.id, Verdict(Level.ADDITIVE))
        return Comparison(now.file, None, now.version, (change,), mend=mend, note=note)
    changes = compare(was.content, now.content)
    if was.file != now.file:
        changes.insert(0, Change("", "file", was.file, now.file, _moved(was, now)))
    versioned = changes
    if was.retired != now.retired:
        versioned = [change for change in changes if change.where or change.what not in ("file", "status")]
    target = needed(was.version, now.version, versioned)
    mend = f"set version to {target}" if target else ""
    if now.retired and not (was.retired or was.announced):
        mend = _two_steps(was, "retire")
    return Comparison(now.file, was.version, now.version, tuple(changes), _tell(was, now, changes), mend)


def _moved(was: Contract, now: Contract) -> Verdict:
    if now.retired and not was.retired:
        return Verdict(Level.BREAKING, BOTH, "retired: its data stays, and nothing feeds it")
    if was.retired and not now.retired:
        return Verdict(Level.ADDITIVE, why="in use again")
    return Verdict(Level.BREAKING, BOTH, "references and tables go by the name of the file")


def _compare_removed(was: Contract) -> Comparison:
    change = Change("", "contract", was.id, None, Verdict(Level.BREAKING, BOTH, "removed"))
    mend = "" if was.announced else _two_steps(was, "remove")
    return Comparison(was.file, was.version, None, (change,), _tell(was, was, [change]), mend)


def _two_steps(was: Contract, verb: str) -> str:
    return f"restore {was.file}, release it with `status: deprecated` first, and {verb} it in a later change"


def _tell(was: Contract, now: Contract, changes: Iterable[Change]) -> tuple[str, ...]:
    breaking = [change for change in changes if change.level == Level.BREAKING]
    people = [*was.owners(), *now.owners()] if breaking else []
    if any(SAFEGUARD in change.verdict.breaks for change in breaking):
        people += [*was.approvers(), *now.approvers()]
    return tuple(dict.fromkeys(people))


# -- what is told ------------------------------------------------------------------------------------------------------


def told(comparisons: Sequence[Comparison], compared_with: str) -> str:
    """The changes, for people."""
    lines = [f"Data contracts, compared with {compared_with}"]
    for one in comparisons:
        if not (one.changes or one.mend or one.note):
            continue
        lines += ["", f"{one.file}: version {one.versions}, {'not enough' if one.mend else 'enough'}"]
        lines += [f"  {line}" for line in (one.note,) if line]
        lines += [f"  {change.level:<8}  {_sentence(change)}" for change in one.changes]
        lines += [f"  mend: {one.mend}"] if one.mend else []
        lines += [f"  tell: {', '.join(one.tell)}"] if one.tell else []
    return "\n".join([*lines, "", _total(comparisons)])


def _sentence(change: Change) -> str:
    place = " ".join(part for part in (change.where, change.what) if part)
    verdict = change.verdict
    breaks = f"breaks {verdict.breaks}" if verdict.breaks else ""
    reason = ": ".join(part for part in (breaks, verdict.why) if part)
    return f"{place}: was {shown(change.was)}, is {shown(change.now)}{f' ({reason})' if reason else ''}"


def _total(comparisons: Sequence[Comparison]) -> str:
    changed = sum(1 for one in comparisons if one.changes)
    wrong = sum(1 for one in comparisons if one.mend)
    contracts = f"{len(comparisons)} contract{'' if len(comparisons) == 1 else 's'}"
    return f"{contracts}, {changed} changed, {wrong} whose version is not enough"


def summary(comparisons: Sequence[Comparison], compared_with: str) -> str:
    """The changes as Markdown, for a job's summary."""
    lines = ["## Data contracts", "", f"Compared with {_cell(compared_with)}. {_total(comparisons)}.", ""]
    if any(one.changes or one.mend for one in comparisons):
        lines += ["| contract | version | level | where | was | is | breaks |", "|---|---|---|---|---|---|---|"]
    for one in comparisons:
        version = f"{_cell(one.versions)}{f'; **{_cell(one.mend)}**' if one.mend else ''}"
        changes = one.changes or ((None,) if one.mend else ())
        for change in changes:
            cells = ["", "", "", "", ""]
            if change:
                reason = ": ".join(part for part in (change.verdict.breaks, change.verdict.why) if part)
                place = " ".join(part for part in (change.where, change.what) if part)
                cells = [_cell(part) for part in (change.level, place, change.was, change.now, reason)]
            lines.append("| " + " | ".join([_cell(one.file), version, *cells]) + " |")
    lines += ["", *(f"- {_cell(one.file)}: tell {_cell(', '.join(one.tell))}" for one in comparisons if one.tell)]
    return "\n".join(lines).rstrip() + "\n\n"


def _cell(value: Any) -> str:
    text = shown(value)
    for letter, instead in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\\", "\\\\")):
        text = text.replace(letter, instead)
    return re.sub(r"([|`*_\[\]])", r"\\\1", text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, tell, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="origin/main", help="git ref to compare with; default: %(default)s")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="append a Markdown table of the changes to FILE")
    options = parser.parse_args(arguments)
    try:
        commit = commit_of(options.base)
        before, after = contracts_at(commit), contracts_here()
        if not before and not after:
            raise CheckError(f"no {FOLDER}/*{SUFFIX}, neither here nor in {options.base}")
        comparisons = compare_all(before, after)
    except CheckError as error:
        print(error, file=sys.stderr)
        return 2
    compared_with = f"{options.base} ({commit[:12]})"
    print(told(comparisons, compared_with))
    if options.summary:
        try:
            with options.summary.open("a", encoding="utf-8", newline="\n") as file:
                file.write(summary(comparisons, compared_with))
        except OSError as error:
            print(f"the summary cannot be written: {error}", file=sys.stderr)
            return 2
    return 1 if any(one.mend for one in comparisons) else 0


if __name__ == "__main__":
    sys.exit(main())
