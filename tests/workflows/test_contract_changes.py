"""Changes of contracts: seen, judged, and held to the version they need."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Figure
from tests.workflows.contract_edits import (
    BOTH,
    CASES,
    KEY,
    NAMED,
    RESULTS,
    UNIT,
    Contract,
    Edit,
    add,
    custom,
    drop,
    put,
)
from tests.workflows.repository import commit, copied, git, script

SCRIPT = "contract_changes.py"
# The versions that a change of a level needs after 1.0.0, and the highest that is not enough.
ENOUGH = {"breaking": "2.0.0", "additive": "1.1.0", "text": "1.0.1", "other": "1.0.1"}
TOO_LOW = {"breaking": "1.9.9", "additive": "1.0.9", "text": "1.0.0", "other": "1.0.0"}


@dataclass
class Block:
    """What was told of one contract."""

    versions: str = ""
    changes: list[tuple[str, str]] = field(default_factory=list)
    mend: str = ""
    tell: str = ""

    def lines(self) -> str:
        """The changes, for messages."""
        return "\n".join(f"{level} {text}" for level, text in self.changes)


def blocks_of(output: str) -> dict[str, Block]:
    """File without folder and endings -> what was told of it."""
    blocks: dict[str, Block] = {}
    block = Block()
    for line in output.splitlines():
        if header := re.fullmatch(r"contracts/(\S+)\.odcs\.yaml: version (.*)", line):
            block = blocks[header[1]] = Block(header[2])
        elif said := re.fullmatch(r"  (mend|tell): (.*)", line):
            setattr(block, said[1], said[2])
        elif change := re.fullmatch(r"  (breaking|additive|text|other) +(.*)", line):
            block.changes.append((change[1], change[2]))
    return blocks


def write(root: Path, name: str, contract: Contract) -> None:
    """Put a contract into the repository, as JSON, which is YAML and faster to write."""
    (root / "contracts" / f"{name}.odcs.yaml").write_text(json.dumps(contract))


@cache
def contracts_of(root: Path) -> dict[str, Contract]:
    """Domain -> contract of the example, by the reader that the script has too. Read only."""
    paths = sorted((root / "contracts").iterdir())
    return {path.name.partition(".")[0]: yaml.load(path.read_text(), yaml.CSafeLoader) for path in paths}


@dataclass
class Many:
    """A repository with a contract per case, so that one run of the script tells of all."""

    root: Path

    def before(self, contracts: dict[str, Contract]) -> None:
        """Commit the contracts of the base."""
        for path in (self.root / "contracts").iterdir():
            path.unlink()
        for name, contract in contracts.items():
            write(self.root, name, contract)
        commit(self.root)

    def after(self, contracts: dict[str, Contract]) -> tuple[dict[str, Block], int]:
        """What is told of the contracts in the working tree, and the exit status."""
        for name, contract in contracts.items():
            write(self.root, name, contract)
        run = script(self.root, SCRIPT, "--base", "HEAD")
        assert not run.stderr
        return blocks_of(run.stdout), run.returncode


@pytest.fixture(scope="module")
def committed(northwind: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three of the example's contracts, committed on main. Read only."""
    contracts = [f"contracts/{domain}.odcs.yaml" for domain in ("labs", "patients", "vitals")]
    root = copied(northwind, tmp_path_factory.mktemp("committed") / "mesh", "delivery", *contracts)
    commit(root)
    return root


@pytest.fixture
def repository(committed: Path, tmp_path: Path) -> Path:
    """A copy of those to change."""
    return shutil.copytree(committed, tmp_path / "mesh")


@pytest.fixture(scope="module")
def many(northwind: Path, tmp_path_factory: pytest.TempPathFactory) -> Many:
    """For cases that share a run."""
    return Many(copied(northwind, tmp_path_factory.mktemp("many") / "mesh", "contracts", "delivery"))


@dataclass
class Judged:
    """What was told of the cases, with a version that is too low and with the lowest that is enough."""

    too_low: dict[str, Block]
    enough: dict[str, Block]
    statuses: tuple[int, int]


def slug(case: str) -> str:
    """A case as the name of a contract."""
    return case.replace(" ", "-")


def short(contract: Contract) -> Contract:
    """A copy with the columns alone that cases name, which is faster to read."""
    contract = deepcopy(contract)
    for entity in contract["schema"]:
        entity["properties"] = [one for one in entity["properties"] if f"{entity['name']}.{one['name']}" in NAMED]
    return contract


@pytest.fixture(scope="module")
def judged(many: Many, northwind: Path) -> Judged:
    """All cases, in two runs."""
    bases: dict[str, Contract] = {}
    for name, case in CASES.items():
        contract = short(contracts_of(northwind)[case.domain]) | {"id": slug(name)}
        case.before(contract)
        bases[slug(name)] = contract
    many.before(bases)
    runs = []
    for versions in (TOO_LOW, ENOUGH):
        edited = {}
        for name, case in CASES.items():
            contract = deepcopy(bases[slug(name)]) | {"version": versions[case.level]}
            case.edit(contract)
            edited[slug(name)] = contract
        runs.append(many.after(edited))
    return Judged(runs[0][0], runs[1][0], (runs[0][1], runs[1][1]))


@pytest.mark.parametrize("name", CASES)
def test_change_has_its_level_and_needs_its_version(name: str, judged: Judged, figure: Figure) -> None:
    case, block = CASES[name], judged.too_low[slug(name)]
    told = [(level, text) for level, text in block.changes if case.told in text]
    assert told, block.lines()
    assert told[0][0] == block.changes[0][0] == case.level, block.lines()
    # A retention that ends earlier breaks consumers besides.
    whom = re.escape(case.breaks).replace("a\\ safeguard", "(?:consumers and )?a safeguard")
    assert re.search(rf"\(breaks {whom}[:,) ]", told[0][1]) if whom else "breaks" not in told[0][1], block.lines()
    assert block.mend == f"set version to {ENOUGH[case.level]}"
    assert bool(block.tell) == (case.level == "breaking")
    enough = judged.enough[slug(name)]
    assert enough.changes == block.changes
    assert not enough.mend
    figure("contract_changes")


def test_cases_pass_or_fail_by_their_versions(judged: Judged) -> None:
    assert judged.statuses == (1, 0)


@pytest.mark.parametrize("domain", ["labs", "claims"])
def test_every_column_breaks_when_removed_and_when_retyped(domain: str, many: Many, northwind: Path) -> None:
    contract = contracts_of(northwind)[domain]
    columns = [f"{entity['name']}.{one['name']}" for entity in contract["schema"] for one in entity["properties"]]
    bases = {f"{number:02}": contract | {"id": str(number)} for number in range(len(columns))}
    many.before(bases)
    after = {name: deepcopy(base) for name, base in bases.items()}
    retyped = dict(zip(bases, [*columns[1:], columns[0]], strict=True))
    for name, removed in zip(bases, columns, strict=True):
        put(retyped[name], logicalType="time", physicalType="TIME")(after[name])
        drop(removed)(after[name])
    blocks, status = many.after(after)
    assert status == 1
    assert len(columns) >= 20
    for name, removed in zip(bases, columns, strict=True):
        breaking = [text for level, text in blocks[name].changes if level == "breaking"]
        assert any(text.startswith(f"{removed} column: was") for text in breaking), removed
        for key in ("logicalType", "physicalType"):
            assert any(text.startswith(f"{retyped[name]} {key}: was") for text in breaking), retyped[name]
        assert blocks[name].mend == "set version to 2.0.0"


def leaves(part: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Path, with list positions left out, parent and key of every scalar in a contract."""
    pairs = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in pairs:
        place = f"{path}[]" if isinstance(part, list) else f"{path}.{key}".lstrip(".")
        if isinstance(part, dict) and key == "value" and "property" in part:
            yield f"{path}{{{part['property']}}}", part, key
        elif isinstance(value, dict | list):
            yield from leaves(value, place)
        else:
            yield place, part, key


# Fields that contracts have, and of which a change to what no rule knows needs no more than a patch version.
UNRULED = {
    "apiVersion",
    "dataProduct",
    "schema[].customProperties[].property",
    "schema[].customProperties[]{rowsPerPatient}",
    "schema[].properties[].customProperties[]{completeness}",
    "schema[].properties[].customProperties[]{hipaaIdentifier}",
    "schema[].properties[].customProperties[]{typicalCodes}",
    "schema[].properties[].customProperties[]{within}",
    "schema[].properties[].relationships[].type",
    "servers[].path",
    "status",
    "tenant",
}


def test_every_field_of_a_contract_is_seen_and_ruled(many: Many, northwind: Path) -> None:
    bases: dict[str, Contract] = {}
    after: dict[str, Contract] = {}
    paths: dict[str, str] = {}
    for contract in contracts_of(northwind).values():
        for number, (path, holder, _) in enumerate(leaves(contract)):
            # A primary key is required, whatever it says.
            if path in {*paths.values(), "version"} or (path.endswith(".required") and "primaryKey" in holder):
                continue
            name = f"{len(paths):03}"
            paths[name] = path
            bases[name] = contract | {"id": name}
            after[name] = edited = deepcopy(bases[name])
            _, parent, key = list(leaves(edited))[number]
            value = parent[key]
            other = not value if isinstance(value, bool) else f"{value}x" if isinstance(value, str) else 987654
            parent[key] = other
    assert len(paths) > 60
    many.before(bases)
    blocks, _ = many.after(after)
    assert [path for name, path in paths.items() if name not in blocks or not blocks[name].changes] == []
    assert {path for name, path in paths.items() if blocks[name].changes[0][0] == "other"} == UNRULED


CHANGES: dict[str, Edit] = {
    "breaking": drop(UNIT),
    "additive": add(RESULTS),
    "text": put(RESULTS, description="Results."),
    "none": lambda contract: None,
}
# Version before and after, level of the change, version to set if the one after is not enough.
VERSIONS = [
    ("1.2.3", "2.0.0", "breaking", None),
    ("1.2.3", "3.1.4", "breaking", None),
    ("1.2.3", "1.3.0", "breaking", "2.0.0"),
    ("1.2.3", "1.2.3", "breaking", "2.0.0"),
    ("9.0.0", "10.0.0", "breaking", None),
    ("1.2.3", "1.3.0", "additive", None),
    ("1.2.3", "2.0.0", "additive", None),
    ("1.2.3", "1.2.4", "additive", "1.3.0"),
    ("1.9.0", "1.10.0", "additive", None),
    ("1.2.3", "1.2.4", "text", None),
    ("1.2.3", "1.2.3", "text", "1.2.4"),
    ("1.2.3", "1.2.3+build.2", "text", "1.2.4"),
    ("1.2.3", "1.2.2", "text", "1.2.4"),
    ("1.2.3", "0.9.0", "breaking", "2.0.0"),
    ("1.2.3", "1.2.2", "none", "1.2.3"),
    ("1.2.3", "1.2.4-rc.1", "none", None),
    ("1.2.3", "1.3.0", "none", None),
    ("2.0.0", "2.0.0-rc.1", "none", "2.0.0"),
    # Before 1.0.0.
    ("0.3.1", "0.4.0", "breaking", None),
    ("0.3.1", "1.0.0", "breaking", None),
    ("0.3.1", "0.3.2", "breaking", "0.4.0"),
    ("0.3.1", "0.3.2", "additive", None),
    ("0.3.1", "0.3.1", "additive", "0.3.2"),
    ("0.3.1", "0.3.1", "text", "0.3.2"),
    # Pre-releases.
    ("1.2.3", "2.0.0-rc.1", "breaking", None),
    ("1.2.3", "1.3.0-rc.1", "breaking", "2.0.0"),
    ("2.0.0-rc.1", "2.0.0-rc.2", "breaking", None),
    ("2.0.0-rc.2", "2.0.0-rc.10", "breaking", None),
    ("2.0.0-rc.10", "2.0.0-rc.2", "none", "2.0.0-rc.10"),
    ("2.0.0-rc.1", "2.0.0-rc.1.1", "text", None),
    ("2.0.0-1", "2.0.0-alpha", "text", None),
    ("2.0.0-rc.1", "2.0.0", "breaking", None),
    ("2.0.0-rc.1", "2.0.0-rc.1", "text", "2.0.0"),
    ("2.1.0-rc.1", "2.1.0", "breaking", "3.0.0"),
    ("2.1.0-rc.1", "2.1.0", "additive", None),
    ("2.1.1-rc.1", "2.1.1", "additive", "2.2.0"),
]


@pytest.fixture(scope="module")
def versioned(many: Many, northwind: Path) -> dict[str, Block]:
    """All rows of VERSIONS, in one run."""
    labs = short(contracts_of(northwind)["labs"])
    many.before({f"{number:02}": labs | {"id": str(number), "version": row[0]} for number, row in enumerate(VERSIONS)})
    after = {}
    for number, (_, version, change, _) in enumerate(VERSIONS):
        after[f"{number:02}"] = contract = deepcopy(labs) | {"id": str(number), "version": version}
        CHANGES[change](contract)
    return many.after(after)[0]


@pytest.mark.parametrize("number", range(len(VERSIONS)), ids=lambda number: " ".join(map(str, VERSIONS[number])))
def test_version_goes_as_far_as_the_change(number: int, versioned: dict[str, Block]) -> None:
    wanted = VERSIONS[number][3]
    assert versioned.get(f"{number:02}", Block()).mend == (f"set version to {wanted}" if wanted else "")


def edit(root: Path, domain: str, *edits: Edit) -> None:
    """Change a contract of the working tree."""
    contract = yaml.load((root / "contracts" / f"{domain}.odcs.yaml").read_text(), yaml.CSafeLoader)
    for one in edits:
        one(contract)
    write(root, domain, contract)


def test_nothing_changed(northwind: Path, tmp_path: Path) -> None:
    root = copied(northwind, tmp_path / "mesh", "delivery", "contracts")
    commit(root)
    run = script(root, SCRIPT, "--base", "main")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines()[-1] == "20 contracts, 0 changed, 0 whose version is not enough"
    assert blocks_of(run.stdout) == {}


def test_only_data_count_not_how_they_are_written(repository: Path) -> None:
    path = repository / "contracts" / "labs.odcs.yaml"
    path.write_text(f"# A comment.\n{yaml.safe_dump(yaml.safe_load(path.read_text()) | {'price': None})}")
    run = script(repository, SCRIPT, "--base", "main")
    assert (run.returncode, blocks_of(run.stdout)) == (0, {})


def test_default_is_the_same_said_or_not(repository: Path) -> None:
    edit(repository, "labs", put(UNIT, required=False, partitioned=False, physicalName="unit"), put(KEY, required=None))
    run = script(repository, SCRIPT, "--base", "main")
    assert (run.returncode, blocks_of(run.stdout)) == (0, {})


@pytest.mark.parametrize(
    ("change", "version", "status"),
    [
        ("breaking", "1.0.0", 1),
        ("breaking", "2.0.0", 0),
        ("additive", "1.0.0", 1),
        ("additive", "1.1.0", 0),
        ("text", "1.0.0", 1),
        ("text", "1.0.1", 0),
    ],
)
def test_exit_status_says_if_the_version_is_enough(change: str, version: str, status: int, repository: Path) -> None:
    edit(repository, "labs", CHANGES[change], put("", version=version))
    run = script(repository, SCRIPT, "--base", "main")
    assert (run.returncode, run.stderr) == (status, "")
    block = blocks_of(run.stdout)["labs"]
    assert block.changes[0][0] == change
    assert block.versions == f"1.0.0 -> {version}, {'enough' if status == 0 else 'not enough'}"
    assert bool(block.mend) == (status == 1)


def test_owners_are_told_of_what_breaks_and_the_privacy_office_of_safeguards(repository: Path) -> None:
    owner, office = "laboratory-medicine@northwind.example", "privacy-office@northwind.example"
    edit(repository, "labs", drop(UNIT), put("", version="2.0.0"))
    edit(repository, "patients", custom("patients.ssn", masking="sha256"), put("", version="2.0.0"))
    blocks = blocks_of(script(repository, SCRIPT, "--base", "main").stdout)
    assert blocks["labs"].tell == owner
    assert office in blocks["patients"].tell
    edit(repository, "labs", lambda c: c["team"]["members"][0].update(username="lab@northwind.example"))
    blocks = blocks_of(script(repository, SCRIPT, "--base", "main").stdout)
    assert blocks["labs"].tell == f"{owner}, lab@northwind.example"


@pytest.mark.parametrize(
    ("version", "status"), [("1.0.0", 0), ("0.1.0", 0), ("0.0.9", 1), ("0.1.0-rc.1", 1), ("v1.0.0", 2), ("1.0", 2)]
)
def test_new_contract_begins_with_a_version(version: str, status: int, repository: Path) -> None:
    contract = yaml.safe_load((repository / "contracts/labs.odcs.yaml").read_text())
    write(repository, "genomics", contract | {"id": "northwind-genomics", "version": version})
    run = script(repository, SCRIPT, "--base", "main")
    assert run.returncode == status
    if status == 2:
        assert run.stderr.startswith(f"contracts/genomics.odcs.yaml: version is '{version}'; write three numbers")
    else:
        block = blocks_of(run.stdout)["genomics"]
        assert block.changes == [("additive", "contract: was absent, is northwind-genomics")]
        assert block.mend.startswith("set version to 0.1.0") == (status == 1)


def test_contract_is_removed_in_two_steps(repository: Path) -> None:
    (repository / "contracts/labs.odcs.yaml").unlink()
    run = script(repository, SCRIPT, "--base", "main")
    block = blocks_of(run.stdout)["labs"]
    assert run.returncode == 1
    assert block.changes == [("breaking", f"contract: was northwind-labs, is absent (breaks {BOTH}: removed)")]
    assert "status: deprecated" in block.mend
    git(repository, "checkout", "--quiet", "--", "contracts")
    edit(repository, "labs", put("", status="deprecated", version="1.1.0"))
    assert script(repository, SCRIPT, "--base", "main").returncode == 0
    commit(repository)
    (repository / "contracts/labs.odcs.yaml").unlink()
    run = script(repository, SCRIPT, "--base", "main")
    block = blocks_of(run.stdout)["labs"]
    assert (run.returncode, block.mend) == (0, "")
    assert block.tell == "laboratory-medicine@northwind.example"


def retire(root: Path, domain: str) -> None:
    """Move a contract to the retired ones."""
    (root / "contracts/retired").mkdir(exist_ok=True)
    contract = (root / f"contracts/{domain}.odcs.yaml").read_text()
    retired = re.sub(r"(?m)^status: .*", "status: retired", contract)
    assert retired != contract
    (root / f"contracts/retired/{domain}.odcs.yaml").write_text(retired)
    (root / f"contracts/{domain}.odcs.yaml").unlink()


def test_contract_is_retired_in_two_steps_and_comes_back(repository: Path) -> None:
    """It is told as what it is, no new contract; a version is needed for nothing but what else is changed."""
    retire(repository, "labs")
    run = script(repository, SCRIPT, "--base", "main")
    blocks = blocks_of(run.stdout)
    assert (run.returncode, list(blocks)) == (1, ["retired/labs"])
    assert [level for level, _ in blocks["retired/labs"].changes] == ["breaking", "breaking"]
    assert "retired: its data stays, and nothing feeds it" in blocks["retired/labs"].lines()
    assert "status: deprecated" in blocks["retired/labs"].mend
    assert blocks["retired/labs"].tell == "laboratory-medicine@northwind.example"

    git(repository, "checkout", "--quiet", "--", "contracts")
    git(repository, "clean", "--quiet", "--force", "-d")
    path = repository / "contracts/labs.odcs.yaml"
    path.write_text(path.read_text().replace("status: active", "status: deprecated").replace("1.0.0", "1.1.0", 1))
    commit(repository)
    retire(repository, "labs")
    run = script(repository, SCRIPT, "--base", "main")
    assert (run.returncode, blocks_of(run.stdout)["retired/labs"].mend) == (0, "")
    commit(repository)
    run = script(repository, SCRIPT, "--base", "main")
    assert (run.returncode, blocks_of(run.stdout)) == (0, {})

    retired = repository / "contracts/retired/labs.odcs.yaml"
    path.write_text(retired.read_text().replace("status: retired", "status: active"))
    run = script(repository, SCRIPT, "--base", "main")
    assert (run.returncode, run.stdout) == (2, "")
    assert "its id northwind-labs is also that of another contract" in run.stderr
    retired.unlink()
    run = script(repository, SCRIPT, "--base", "main")
    assert run.returncode == 0
    assert [level for level, _ in blocks_of(run.stdout)["labs"].changes] == ["additive", "other"]


def test_retired_contract_keeps_its_safeguards(repository: Path) -> None:
    """Masks and retention count as long as there is data."""
    retire(repository, "labs")
    commit(repository)
    path = repository / "contracts/retired/labs.odcs.yaml"
    path.write_text(path.read_text().replace("value: sha256", "value: last_four_characters", 1))
    run = script(repository, SCRIPT, "--base", "main")
    block = blocks_of(run.stdout)["retired/labs"]
    assert (run.returncode, block.mend) == (1, "set version to 2.0.0")
    assert "a safeguard" in block.lines()
    path.unlink()
    run = script(repository, SCRIPT, "--base", "main")
    assert (run.returncode, blocks_of(run.stdout)["retired/labs"].mend) == (0, "")


def test_renamed_file_is_the_same_contract(repository: Path) -> None:
    (repository / "contracts/labs.odcs.yaml").rename(repository / "contracts/laboratory.odcs.yaml")
    run = script(repository, SCRIPT, "--base", "main")
    blocks = blocks_of(run.stdout)
    assert (run.returncode, list(blocks)) == (1, ["laboratory"])
    assert blocks["laboratory"].changes[0][1].startswith("file: was contracts/labs.odcs.yaml, is contracts/laboratory")
    assert blocks["laboratory"].mend == "set version to 2.0.0"


def test_what_others_merged_since_is_no_change(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "work")
    git(repository, "checkout", "--quiet", "main")
    edit(repository, "labs", CHANGES["additive"], put("", version="1.1.0"))
    commit(repository)
    git(repository, "checkout", "--quiet", "work")
    edit(repository, "vitals", put("", name="Signs"))
    run = script(repository, SCRIPT, "--base", "main")
    assert list(blocks_of(run.stdout)) == ["vitals"]


def test_base_that_shares_no_history_is_compared_as_it_is(repository: Path, tmp_path: Path) -> None:
    """A shallow clone knows no common commit."""
    edit(repository, "labs", CHANGES["text"])
    commit(repository)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth", "1", repository.as_uri(), str(clone))
    git(repository, "checkout", "--quiet", "-b", "other", "HEAD~1")
    git(clone, "fetch", "--quiet", "--depth", "1", "origin", "other:refs/remotes/origin/other")
    run = script(clone, SCRIPT, "--base", "origin/other")
    assert (run.returncode, list(blocks_of(run.stdout))) == (1, ["labs"])


@pytest.mark.parametrize(
    ("base", "fetch"),
    [
        ("origin/main", "git fetch origin main:refs/remotes/origin/main"),
        ("0123456789abcdef", "git fetch origin 0123456789abcdef"),
        ("--all", "git fetch origin --all"),
    ],
)
def test_base_that_is_not_there(base: str, fetch: str, repository: Path) -> None:
    run = script(repository, SCRIPT, f"--base={base}")
    assert (run.returncode, run.stdout) == (2, "")
    assert f"there is no {base} in this clone. Fetch it: {fetch}." in run.stderr


def test_folder_without_git_is_refused(northwind: Path, tmp_path: Path) -> None:
    root = copied(northwind, tmp_path / "mesh", "contracts", "delivery")
    (root / ".git").rename(root / "git")
    run = script(root, SCRIPT)
    assert run.returncode == 2
    assert "not a git repository" in run.stderr


BROKEN = {
    "no YAML": ("id: [", "no valid YAML at line"),
    "impossible date": ("id: a\nversion: 1.0.0\ncontractCreatedTs: 2026-13-45", "no valid YAML"),
    "empty": ("", "empty, or no mapping"),
    "a list": ("- id: a", "empty, or no mapping"),
    "no id": ("version: 1.0.0", "has no `id`"),
    "empty id": ("id:\nversion: 1.0.0", "has no `id`"),
    "no version": ("id: a", "has no `version`"),
    "a number as version": ("id: a\nversion: 1.0", "version is 1.0; write three numbers"),
    "two numbers as version": ("id: a\nversion: '1.0'", "version is '1.0'; write three numbers"),
    "leading zero in the version": ("id: a\nversion: 1.02.0", "version is '1.02.0'; write three numbers"),
    "schema that is no list": ("id: a\nversion: 1.0.0\nschema: labs", "`schema` is not a list of mappings"),
    "entity without a name": ("id: a\nversion: 1.0.0\nschema: [{id: a}]", "an element of `schema` has no `name`"),
    "two columns of a name": (
        "id: a\nversion: 1.0.0\nschema: [{name: a, properties: [{name: b}, {name: b}]}]",
        "two elements of `properties` have the name b",
    ),
    "two properties of a name": (
        "id: a\nversion: 1.0.0\nschema: [{name: a, customProperties: [{property: b}, {property: b}]}]",
        "two elements of `customProperties` have the property b",
    ),
    "members that are no list": ("id: a\nversion: 1.0.0\nteam: {members: me}", "`members` is not a list of mappings"),
    "id of another contract": (
        "id: northwind-vitals\nversion: 1.0.0",
        "its id northwind-vitals is also that of another",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_contract_that_cannot_be_read_is_named(case: str, repository: Path) -> None:
    source, told = BROKEN[case]
    (repository / "contracts/labs.odcs.yaml").write_text(source)
    run = script(repository, SCRIPT, "--base", "main")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("contracts/labs.odcs.yaml: "), run.stderr
    assert told in run.stderr


def test_contract_is_mended_that_the_base_has_broken(repository: Path) -> None:
    source = (repository / "contracts/labs.odcs.yaml").read_text()
    (repository / "contracts/labs.odcs.yaml").write_text("id: [")
    commit(repository)
    (repository / "contracts/labs.odcs.yaml").write_text(source)
    run = script(repository, SCRIPT, "--base", "main")
    assert run.returncode == 0
    assert "in the base it cannot be read, so all of it counts as new: contracts/labs.odcs.yaml: no valid" in run.stdout
    (repository / "contracts/labs.odcs.yaml").unlink()
    assert "contract: was unreadable, is absent" in script(repository, SCRIPT, "--base", "main").stdout


def test_summary_is_appended_as_a_table(repository: Path, tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("Before.\n\n")
    edit(repository, "labs", put(UNIT, physicalType="ARRAY<STRING>", description="A | b\n::error::c"))
    edit(repository, "vitals", put("", version="0.9.0"))
    run = script(repository, SCRIPT, "--base", "main", "--summary", str(path))
    assert run.returncode == 1
    lines = path.read_text().splitlines()
    assert lines[:3] == ["Before.", "", "## Data contracts"]
    table = [line for line in lines if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {8}
    assert len(table) == 2 + 2 + 1
    assert "**set version to 2.0.0**" in table[2]
    assert "| STRING | ARRAY&lt;STRING&gt; |" in table[2]
    assert r"A \| b ::error::c" in table[3]
    assert "**set version to 1.0.0**" in table[4]
    assert not re.search("^::", run.stdout, re.MULTILINE)
    script(repository, SCRIPT, "--base", "main", "--summary", str(path))
    assert path.read_text().count("## Data contracts") == 2


def test_summary_that_cannot_be_written(repository: Path, tmp_path: Path) -> None:
    run = script(repository, SCRIPT, "--base", "main", "--summary", str(tmp_path))
    assert run.returncode == 2
    assert "the summary cannot be written" in run.stderr


def test_script_runs_from_anywhere_and_explains_itself(repository: Path, tmp_path: Path) -> None:
    edit(repository, "labs", CHANGES["text"])
    assert script(repository, SCRIPT, "--base", "main", cwd=tmp_path).returncode == 1
    run = script(repository, SCRIPT, "--help", cwd=tmp_path)
    assert run.returncode == 0
    for text in ("--base", "--summary", "Before 1.0.0", "Exit status"):
        assert text in run.stdout
