"""What an upgrade would take from users is told in the upgrade note; and each kind of that is found."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.version import Version

from tests.conftest import Total
from tests.render import POLICY_CASES, ROOT, copy_template
from tests.update import compatibility
from tests.update.compatibility import KINDS, Finding, Release, findings, unlisted, upgrade_note
from tests.update.history import next_version, recorded, released, unrecorded
from tests.update.surface import configuration, refused_version
from tests.workflows.repository import git

LITTLE = {"little": compatibility.SHAPES["little"]}
ENVIRONMENT = "template/infra/terraform/envs/*environment.name*"
MODULES = "template/infra/terraform/modules"
POLICY = "infra/terraform/sentinel-policies/policies/kms/"

# File, what stands there (nothing: the end of the file), and what stands there then.
Edit = tuple[str, str, str]

# Kind of finding -> edits of what is asked, and the subjects that they are found by.
ASKED: dict[str, tuple[list[Edit], set[str]]] = {
    "question": ([("copier.yml", "code_scanning:", "_code_scanning:")], {"code_scanning"}),
    "question type": (
        [("copier.yml", "'yaml' if retention_days is defined and retention_days is string else 'json'", "'int'")],
        {"retention_days"},
    ),
    "choice": (
        [("extensions/domains.yml", "- vitals\n", ""), ("copier.yml", "[parquet, csv, json]", "[parquet, json]")],
        {"domains: vitals", "landing_format: csv"},
    ),
    "default": (
        [
            ("copier.yml", """  default: "[= UNSET if answers_format | default(0) >= 2 else '3.3' =]"\n""", ""),
            ("copier.yml", "answers_format:\n", "tier:\n  type: str\n\nanswers_format:\n"),
        ],
        {"airflow_version", "tier"},
    ),
    "answer": (
        [
            ("extensions/macros/validators.jinja", "value | length > 80", "value | length > 79"),
            ("extensions/macros/validators.jinja", "value | length > 24", "value | length > 23"),
            ("extensions/macros/validators.jinja", "if not values ~]", "if not values or values | length == 3 ~]"),
            ("extensions/macros/validators.jinja", "[~ if value is not mapping ~]", "[~ if not value ~]"),
            ("extensions/macros/validators.jinja", "[A-Za-z0-9][A-Za-z0-9_-]{2,39}", "[A-Za-z0-9][A-Za-z0-9-]{2,39}"),
            ("extensions/schemas/domain.schema.json", '"type": ["object", "string"]', '"type": "object"'),
        ],
        {
            *("organization", "mesh_name", "environments", "platform_ids"),
            *("hcp_terraform_organization", "custom_domains"),
        },
    ),
}
# Kind of finding -> edits of what is rendered, and the subjects that they are found by.
RENDERED: dict[str, tuple[list[Edit], set[str]]] = {
    "path": (
        [
            ("template/SECURITY.md.jinja", "*", ""),
            ("template/constraints/*", "*", ""),
            (f"template/{POLICY}*", "*", ""),
        ],
        {"SECURITY.md", "constraints/", POLICY},
    ),
    "resource": (
        [
            (f"{MODULES}/gcp/network/main.tf", '"google_compute_network" "this"', '"google_compute_network" "vpc"'),
            (
                f"{MODULES}/aws/private_bucket/main.tf",
                '_versioning" "this" {',
                '_versioning" "this" {\n  for_each = {}',
            ),
            (f"{ENVIRONMENT}/main.tf.jinja", 'module "catalog"', 'module "catalogue"'),
        ],
        {
            "module.network.google_compute_network.this",
            "module.landing_zone_us_east_1.module.bucket.aws_s3_bucket_versioning.this",
            "module.audit_us_east_1.module.log_bucket.aws_s3_bucket_versioning.this",
            "module.audit_us_east_1.module.trail_bucket.aws_s3_bucket_versioning.this",
            "module.catalog",
        },
    ),
    "data source": (
        [(f"{ENVIRONMENT}/main.tf.jinja", '"google_project" "this"', '"google_project" "it"')],
        {"data.google_project.this"},
    ),
    "output": ([(f"{ENVIRONMENT}/outputs.tf.jinja", '"gcp_project"', '"project"')], {"gcp_project"}),
    "variable": ([(f"{ENVIRONMENT}/variables.tf.jinja", "", 'variable "tier" {\n  type = string\n}\n')], {"tier"}),
    "version": (
        [
            (f"{ENVIRONMENT}/versions.tf.jinja", '">= 1.11"', '">= 1.12"'),
            (f"{MODULES}/gcp/network/versions.tf", "< 9", "< 8"),
        ],
        {"terraform", "hashicorp/google"},
    ),
    "make target": ([("template/Makefile.jinja", "\ndemo:", "\nshow:")], {"demo"}),
    "check": ([("template/.github/workflows/dbt.yml.jinja", "name: Check dbt", "name: Check SQL")], {"Check dbt"}),
    "contract": ([("template/contracts/*", "id: [= mesh.name =]-", "id: ")], {"northwind-labs"}),
    "entity": (
        [("template/contracts/*", "    name: [= entity.name =]\n", "    name: [= entity.name =]s\n")],
        {"labs.lab_results"},
    ),
    "bucket": ([("template/contracts/*", "s3://", "s3://x-")], {"northwind-prod-us-east-1-labs"}),
    "dataset": ([("template/contracts/*", "dataset: ", "dataset: x_")], {"northwind-prod.labs__us_east4"}),
    "dbt model": (
        [("template/dbt/dbt_project.yml.jinja", "+schema: marts", "+schema: mart")],
        {"marts.lab_turnaround"},
    ),
    "dbt seed": (
        [("template/dbt/dbt_project.yml.jinja", "+schema: reference", "+schema: codes")],
        {"reference.loinc_laboratory", "reference.observation_interpretation", "reference.specimen_type"},
    ),
}
# The columns of an entity that is gone are not told one by one, so this has a template of its own.
COLUMN: tuple[list[Edit], set[str]] = (
    [("extensions/domains/labs.yml", "name: value_text", "name: value_words")],
    {"labs.lab_results.value_text"},
)
# The mends of the resources above, and what else Terraform does by itself.
MOVED: list[Edit] = [
    (
        f"{MODULES}/gcp/network/main.tf",
        "",
        "moved {\n  from = google_compute_network.this\n  to   = google_compute_network.vpc\n}\n",
    ),
    (
        f"{MODULES}/aws/private_bucket/main.tf",
        "",
        'moved {\n  from = aws_s3_bucket_versioning.this\n  to   = aws_s3_bucket_versioning.this["all"]\n}\n',
    ),
    (f"{ENVIRONMENT}/main.tf.jinja", "", "\nmoved {\n  from = module.catalog\n  to   = module.catalogue\n}\n"),
]
HARMLESS: list[Edit] = [
    ("copier.yml", "[parquet, csv, json]", "[parquet, csv, json, avro]"),
    ("copier.yml", "answers_format:\n", 'tier:\n  type: str\n  default: "[= mesh_name =]"\n\nanswers_format:\n'),
    ("copier.yml", "else false =]", "else true =]"),
    ("extensions/environments.yml", "", "- acceptance\n"),
    ("extensions/macros/validators.jinja", "value | length > 80", "value | length > 100"),
    ("extensions/macros/validators.jinja", "value | length > 24", "value | length > 25"),
    ("extensions/domains/labs.yml", "      - name: value_text", "      - name: value_code\n      - name: value_text"),
    ("template/SECURITY.md.jinja", "", "\nMore.\n"),
    ("template/delivery/more.sh", "", "true\n"),
    ("template/Makefile.jinja", "", "\n.PHONY: more\nmore: ## More\n\ttrue\n"),
    (f"{ENVIRONMENT}/variables.tf.jinja", "", 'variable "tier" {\n  type    = string\n  default = null\n}\n'),
    (f"{ENVIRONMENT}/variables.tf.jinja", "", 'variable "size" {\n  type = string\n}\n'),
    (f"{ENVIRONMENT}/terraform.tfvars.jinja", "", 'size = "small"\n'),
    (f"{ENVIRONMENT}/outputs.tf.jinja", "", 'output "tier" {\n  value = var.tier\n}\n'),
    (f"{ENVIRONMENT}/versions.tf.jinja", "< 7", "< 8"),
    (f"{MODULES}/gcp/network/main.tf", "", 'resource "google_compute_network" "more" {}\n'),
    # An instance becomes the first of several by itself.
    (
        f"{MODULES}/gcp/network/main.tf",
        '"google_compute_network" "this" {',
        '"google_compute_network" "this" {\n  count = 1',
    ),
]


def edited(folder: Path, edits: Iterable[Edit]) -> Release:
    """A copy of the template of here with edits, each of which finds what it changes."""
    template = copy_template(folder / "template", POLICY_CASES)
    for pattern, old, new in edits:
        paths = [path for path in template.glob(pattern) if path.is_file()] or [template / pattern]
        for path in paths:
            if old == "*":
                path.unlink()
                continue
            text = path.read_text() if path.exists() else ""
            assert old in text, (pattern, old)
            path.write_text(text.replace(old, new) if old else text + new)
    return Release(template, folder)


def planted(plants: dict[str, tuple[list[Edit], set[str]]]) -> tuple[list[Edit], list[Finding]]:
    """All edits, and what must be found of them."""
    edits = [edit for kind in plants for edit in plants[kind][0]]
    return edits, sorted(Finding(kind, subject) for kind in plants for subject in plants[kind][1])


@pytest.fixture(scope="module")
def last(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The last release."""
    return compatibility.release([*recorded()][-1], tmp_path_factory.mktemp("last"))


@pytest.fixture(scope="module")
def head(last: Release, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """What is here. Its cases are those of the last release, as far as it takes them."""
    made = compatibility.release(None, tmp_path_factory.mktemp("head"))
    outcomes = [made.questions.update(case) for case in last.cases]
    made.cases = [outcome.recorded for outcome in outcomes if outcome.recorded]
    return made


def test_what_breaks_is_in_the_upgrade_note(last: Release, head: Release, total: Total) -> None:
    found = findings(last, head)
    missing = unlisted(found, upgrade_note((ROOT / "CHANGELOG.md").read_text()))
    assert not missing, compatibility.report(found, missing)
    total(
        f"compatibility: {len(last.cases)} sets of answers, {len(compatibility.SHAPES)} shapes, {len(found)} findings"
    )


def test_every_question_is_asked_at_its_edges(last: Release) -> None:
    """The search knows nothing of the rules, so what it finds shows that it works."""
    taken: dict[str, list[Any]] = {name: [case[name] for case in last.cases] for name in last.questions.asked}
    assert max(len(name) for name in taken["mesh_name"]) == 24
    assert min(len(name) for name in taken["mesh_name"]) == 3
    assert max(len(name) for name in taken["organization"]) == 80
    assert (min(taken["retention_days"]), max(taken["retention_days"])) == (2192, 36500)
    assert any("_" in name for name in taken["hcp_terraform_organization"])
    assert {} in taken["platform_ids"]
    assert {ids["gcp_project"] for ids in filter(None, (answer.get("dev") for answer in taken["platform_ids"]))} >= {
        "a" * 30
    }
    assert {len(selection) for selection in taken["environments"]} == {1, 2, 3, 4}
    for name, choices in last.questions.choices.items():
        seen = [choice for answer in taken[name] for choice in (answer if isinstance(answer, list) else [answer])]
        assert {*seen} == {*choices}
    forms = [{*domain} for answer in taken["custom_domains"] for domain in answer]
    assert any("entities" in form for form in forms)
    assert any("columns" in form for form in forms)
    assert max(len(answer) for answer in taken["custom_domains"]) >= 20


def test_every_kind_of_question_is_found(head: Release, tmp_path: Path) -> None:
    edits, expected = planted(ASKED)
    after = edited(tmp_path, edits)
    asked = {*compatibility.question_findings(head, after)}
    assert sorted(asked | {*compatibility.answer_findings(head, after, asked)}) == expected


def test_every_kind_of_rendering_is_found_and_mended(head: Release, tmp_path: Path) -> None:
    edits, expected = planted(RENDERED)
    found = sorted({*compatibility.rendered_findings(head, edited(tmp_path / "planted", edits), LITTLE, set())})
    assert found == expected
    # Named in the note, each is allowed, and none but what is named.
    for finding in found:
        note = [other.subject for other in found if other != finding]
        assert unlisted(found, note) == [finding]
    assert unlisted(found, [finding.subject for finding in found]) == []

    # What is refused is found by a shape as well, which is compared without it.
    refused: Edit = ("extensions/macros/validators.jinja", "value | length > 80", "value == 'Little Clinic'")
    found = sorted(
        {*compatibility.rendered_findings(head, edited(tmp_path / "refused", [refused, *edits]), LITTLE, set())}
    )
    assert found == sorted([Finding("answer", "organization"), *expected])

    mended = edited(tmp_path / "mended", [*RENDERED["resource"][0], *MOVED, *COLUMN[0]])
    assert {*compatibility.rendered_findings(head, mended, LITTLE, set())} == {Finding("column", *COLUMN[1])}
    assert {*ASKED, *RENDERED, "column"} == {*KINDS}


def test_what_is_new_breaks_nothing(head: Release, tmp_path: Path) -> None:
    assert findings(head, edited(tmp_path, HARMLESS), LITTLE) == []


def test_releases_of_the_past(last: Release, tmp_path: Path) -> None:
    """The delivery took nothing from whoever had the state before it. The way back would."""
    first = compatibility.release("0.1.0.dev1", tmp_path / "first")
    second = last if [*recorded()][-1] == "0.1.0.dev2" else compatibility.release("0.1.0.dev2", tmp_path / "second")
    forward = {*compatibility.question_findings(first, second)}
    assert forward | {*compatibility.rendered_findings(first, second, LITTLE, set())} == set()
    back = {*compatibility.question_findings(second, first)}
    assert back == {Finding("question", "code_scanning")}
    back = {*compatibility.rendered_findings(second, first, LITTLE, set())}
    assert back >= {
        Finding("path", ".github/"),
        Finding("path", "constraints/checkov.txt"),
        Finding("resource", "module.delivery.google_iam_workload_identity_pool.review"),
        Finding("resource", "module.composer.google_storage_bucket_iam_member.deployment"),
        Finding("output", "deployment_service_account"),
        Finding("make target", "terraform-plan"),
        Finding("check", "Check Terraform"),
    }
    assert {finding.kind for finding in back} == {"path", "resource", "output", "make target", "check"}


# The module `inner` and the root around it before, then after; and what is found.
ONCE = 'resource "a" "b" {}\n'
SEVERAL = 'resource "a" "b" {\n  for_each = {}\n}\n'
CALL = 'module "m" {\n  source = "./inner"\n}\n'
CALLED_ANEW = 'module "n" {\n  source = "./inner"\n}\n'
CONFIGURATIONS: dict[str, tuple[tuple[str, str], tuple[str, str], set[str]]] = {
    "the same": ((ONCE, CALL), (ONCE, CALL), set()),
    "renamed": ((ONCE, CALL), ('resource "a" "c" {}\n', CALL), {"module.m.a.b"}),
    "renamed and moved in the module": (
        (ONCE, CALL),
        ('resource "a" "c" {}\nmoved {\n  from = a.b\n  to = a.c\n}\n', CALL),
        set(),
    ),
    "moved by the root": (
        (ONCE, CALL),
        ('resource "a" "c" {}\n', CALL + "moved {\n  from = module.m.a.b\n  to = module.m.a.c\n}\n"),
        set(),
    ),
    "moved to nowhere": (
        (ONCE, CALL),
        ("", CALL + "moved {\n  from = module.m.a.b\n  to = a.b\n}\n"),
        {"module.m.a.b"},
    ),
    "module renamed": ((ONCE, CALL), (ONCE, CALLED_ANEW), {"module.m"}),
    "module moved": ((ONCE, CALL), (ONCE, CALLED_ANEW + "moved {\n  from = module.m\n  to = module.n\n}\n"), set()),
    "module moved, then the resource in it": (
        (ONCE, CALL),
        (
            'resource "a" "c" {}\nmoved {\n  from = a.b\n  to = a.c\n}\n',
            CALLED_ANEW + "moved {\n  from = module.m\n  to = module.n\n}\n",
        ),
        set(),
    ),
    "moved in a circle": (
        ("", ONCE),
        ("", "moved {\n  from = a.b\n  to = a.c\n}\nmoved {\n  from = a.c\n  to = a.b\n}\n"),
        {"a.b"},
    ),
    "removed by name": (
        (ONCE, CALL),
        ("", CALL + "removed {\n  from = module.m.a.b\n  lifecycle {\n    destroy = false\n  }\n}\n"),
        set(),
    ),
    "module removed by name": ((ONCE, CALL), ("", "removed {\n  from = module.m\n}\n"), set()),
    "becomes several": ((ONCE, CALL), (SEVERAL, CALL), {"module.m.a.b"}),
    "becomes one": ((SEVERAL, CALL), (ONCE, CALL), {"module.m.a.b"}),
    "becomes several, and is moved": (
        ("", ONCE),
        ("", SEVERAL + 'moved {\n  from = a.b\n  to = a.b["first"]\n}\n'),
        set(),
    ),
    "is counted": ((ONCE, CALL), ('resource "a" "b" {\n  count = 1\n}\n', CALL), set()),
    "module becomes several": (
        (ONCE, CALL),
        (ONCE, 'module "m" {\n  source = "./inner"\n  for_each = {}\n}\n'),
        {"module.m"},
    ),
    "data in a module": (('data "a" "b" {}\n', CALL), ("", CALL), set()),
    "data of the root": (("", 'data "a" "b" {}\n'), ("", ""), {"data.a.b"}),
    "variable that is given": (("", ""), ("", 'variable "v" {}\n# in terraform.tfvars\n'), set()),
    "variable that is not given": (("", ""), ("", 'variable "w" {}\n'), {"w"}),
    "variable without its default": (("", 'variable "w" {\n  default = 1\n}\n'), ("", 'variable "w" {}\n'), {"w"}),
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_configuration(case: str, tmp_path: Path) -> None:
    *versions, expected = CONFIGURATIONS[case]
    read = []
    for name, (inner, root) in zip(("before", "after"), versions, strict=True):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / "main.tf").write_text(inner)
        (tmp_path / name / "main.tf").write_text(root)
        (tmp_path / name / "terraform.tfvars").write_text("v = 1\n")
        read.append(configuration(tmp_path / name))
    assert {finding.subject for finding in compatibility.configuration_findings(*read)} == expected


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (">= 1.11", ">= 1.11", None),
        (">= 1.11", ">= 1.10", None),
        (">= 1.11", ">= 1.11.1", (1, 11, 0)),
        (">= 1.11", ">= 1.12", (1, 11, 0)),
        (">= 5.100, < 7", ">= 5.100, < 8", None),
        (">= 5.100, < 7", ">= 5.100, < 6", (6, 0, 0)),
        (">= 5.100, < 7", ">= 5.100, < 7, != 6.3.0", (6, 3, 0)),
        ("~> 1.2", "~> 1.2.0", (1, 3, 0)),
        ("~> 1.2.0", "~> 1.2", None),
        (">= 1, <= 2.0.0", ">= 1, < 2.0.0", (2, 0, 0)),
        ("1.2.3", ">= 1.2", None),
        (">= 1.2", "= 1.2.3", (1, 2, 0)),
        ("> 1.2", ">= 1.2.1", None),
    ],
)
def test_constraint_that_allows_less(before: str, after: str, refused: tuple[int, int, int] | None) -> None:
    assert refused_version({before}, {after}) == refused


def test_folder_stands_for_its_files() -> None:
    before = frozenset({"a/b/1", "a/b/c/2", "a/3", "d/4", "d/5"})
    assert compatibility.gone_paths(before, before) == set()
    assert compatibility.gone_paths(before, before | {"e"}) == set()
    assert compatibility.gone_paths(before, frozenset({"a/3", "d/4"})) == {"a/b/", "d/5"}
    assert compatibility.gone_paths(before, frozenset({"e"})) == {"a/", "d/"}


NOTE = """# Changelog

## 0.2.0

More of `this`.

### Upgrading

Answer `region` anew; `infra/terraform/modules/gcp/*` and `domains: vitals` are gone. Not ` * `.

### Fixed

- `that`

## 0.1.0

### Upgrading

`older`
"""


def test_upgrade_note_names_what_may_break() -> None:
    note = upgrade_note(NOTE)
    assert note == ["region", "infra/terraform/modules/gcp/*", "domains: vitals"]
    allowed = [
        Finding("question", "region"),
        Finding("path", "infra/terraform/modules/gcp/x/"),
        Finding("choice", note[2]),
    ]
    other = [
        Finding("question", "regions"),
        Finding("path", "infra/terraform/modules/aws/x/"),
        Finding("choice", "older"),
    ]
    assert unlisted([*allowed, *other], note) == other
    assert upgrade_note(NOTE.replace("### Upgrading", "### Changed")) == []
    assert upgrade_note("# Changelog\n") == []


@pytest.mark.parametrize(("note", "status"), [("Answer `region` anew.", 0), ("Nothing.", 1)])
def test_program_fails_for_what_the_note_lacks(
    note: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "CHANGELOG.md").write_text(f"## 1.0.0\n\n### Upgrading\n\n{note}\n")
    monkeypatch.setattr(compatibility, "ROOT", tmp_path)
    monkeypatch.setattr(compatibility, "release", lambda version, folder: folder)
    monkeypatch.setattr(compatibility, "findings", lambda before, after: [Finding("question", "region", "asked")])
    monkeypatch.setattr("sys.argv", ["compatibility"])
    assert compatibility.main() == status
    printed = capsys.readouterr().out
    assert f"1 findings, {status} of them not in the upgrade note" in printed
    assert "question: 1" in printed
    assert KINDS["question"] in printed
    assert f"`region` ({'MISSING IN' if status else 'in'} " in printed.replace("the upgrade note", "")


def test_program_fails_for_a_tag_that_is_not_recorded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compatibility, "unrecorded", lambda: ["v9.9.9"])
    monkeypatch.setattr("sys.argv", ["compatibility"])
    assert compatibility.main() == 1
    assert "make release-record VERSION=v9.9.9" in capsys.readouterr().err


def test_ledger_is_in_order_and_of_this_history() -> None:
    versions = [*map(Version, recorded())]
    assert versions == sorted({*versions})
    assert [str(version) for version in versions] == [*recorded()]
    assert Version(next_version()) > versions[-1], "CHANGELOG.md has no section for what comes after the last release."
    for version, commit in recorded().items():
        assert re.fullmatch("[0-9a-f]{40}", commit), version
        assert git(ROOT, "merge-base", commit, "HEAD").strip() == commit, version


def test_ledger_holds_every_tag_of_this_history() -> None:
    assert unrecorded() == []


def test_tag_that_the_ledger_lacks_is_seen(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")

    def commit(*versions: str, **others: str) -> str:
        entries = [
            {"version": version, "commit": git(tmp_path, "rev-parse", f"v{version}").strip()} for version in versions
        ]
        entries += [{"version": version.replace("_", "."), "commit": commit} for version, commit in others.items()]
        (tmp_path / "releases.yml").write_text(yaml.safe_dump(entries))
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "State of the test")
        return git(tmp_path, "rev-parse", "HEAD").strip()

    first = commit()
    git(tmp_path, "tag", "v0.1.0")
    git(tmp_path, "tag", "vetted")
    assert unrecorded(tmp_path) == []
    commit()
    assert unrecorded(tmp_path) == ["v0.1.0"]
    second = commit("0.1.0")
    assert unrecorded(tmp_path) == []
    git(tmp_path, "tag", "--annotate", "--message", "Second", "v0.2.0")
    assert unrecorded(tmp_path) == []
    commit("0.1.0", **{"0_2_0": first})
    assert unrecorded(tmp_path) == ["v0.2.0"]
    commit("0.1.0", **{"0_2_0": second})
    assert unrecorded(tmp_path) == []


def test_release_that_the_clone_lacks_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.update.history.recorded", lambda: {"9.9.9": "0" * 40})
    with pytest.raises(LookupError, match="git fetch --unshallow"):
        released("9.9.9", tmp_path)
