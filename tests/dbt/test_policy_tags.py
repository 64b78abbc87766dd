"""Policy tags on the emulated BigQuery: no row of patient data is ever seen without its tag, whatever dbt does.

Everything runs through the real adapter, as dbt's service account. The emulator records every visible state of a table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.answers import CUSTOM
from tests.conftest import Render
from tests.dbt.warehouse import Run, Warehouse, masks, warehouse
from tests.engines.bigquery import RefusedError
from tests.mesh import Mesh

PROJECT = "northwind-dev"
LOCATION = "us-east4"
DBT = "serviceAccount:dbt-runner@northwind-dev.iam.gserviceaccount.com"
MASKED = "group:masked-readers@northwind.example"
ANALYST = "user:analyst@northwind.example"

# A domain of the template and one of the user's own, with a struct. Nothing that refers to a third.
ANSWERS: dict[str, Any] = {
    "domains": ["patients"],
    "custom_domains": [
        {
            **CUSTOM["custom_domains"][0],
            "entities": [
                {
                    **entity,
                    "columns": [column for column in entity["columns"] if column["name"] != "result_id"],
                }
                for entity in CUSTOM["custom_domains"][0]["entities"]
            ],
        }
    ],
}
VARIANTS = "genomics__us_east4.stg_genomics__variants"
PATIENTS = "patients__us_east4.stg_patients__patients"
PATIENT_360 = "marts__us_east4.patient_360"
POLICY_TAG = "marts__us_east4.patient_360_policy_tag"

# Files of the project.
VARIANTS_SQL = "models/staging/genomics/stg_genomics__variants.sql"
VARIANTS_YML = "models/staging/genomics/_genomics__models.yml"
POLICY_TAG_SQL = "models/marts/patient_360_policy_tag/patient_360_policy_tag.sql"
POLICY_TAG_YML = "models/marts/patient_360_policy_tag/_patient_360_policy_tag__models.yml"

TWO_DAYS = ("--vars", "{landed_to: 2026-01-06}")
# No variant landed on the third day: what it loads would fill nothing.
LAST_DAYS = ("--vars", "{landed_from: 2026-01-06}")
PROD = ("--target", "prod")


def exposed(run: Run) -> list[str]:
    """What a reader saw of patient data without its tag: rows of tables in datasets that others than dbt read."""
    found = []
    for state in run.states:
        _, dataset, name = state["table"].split(".")
        if state["rows"] and not dataset.startswith("dbt__"):
            wanted = run.tags.get(f"{dataset}.{name}")
            if wanted is None:
                found.append(f"{dataset}.{name} is no table of the project")
            else:
                columns = wanted.keys() & set(state["filled"])
                missing = [path for path, tag in leaves(state) if path.split(".")[0] in columns and not tag]
                found += [f"{dataset}.{name}.{path}" for path in missing]
    return found


def leaves(state: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Path of each leaf of a table -> its policy tag."""

    def below(fields: list[dict[str, Any]], parent: str) -> Iterator[tuple[str, str | None]]:
        for field in fields:
            names = field.get("policyTags", {}).get("names") or [None]
            if field.get("fields"):
                assert names == [None], f"{parent}{field['name']} is no leaf"
                yield from below(field["fields"], f"{parent}{field['name']}.")
            else:
                yield f"{parent}{field['name']}", names[0]

    yield from below(state["fields"], "")


def step(*arguments: str, **more: Any) -> Callable[[Warehouse], Run]:
    """A run of dbt, for later."""
    return lambda service: service.run(*arguments, **more)


def aside(service: Warehouse) -> list[dict[str, Any]]:
    """The tables in dbt's own dataset."""
    listed = service.client().call("GET", "datasets/dbt__us_east4/tables").get("tables", [])
    return [service.table(f"dbt__us_east4.{table['tableReference']['tableId']}") for table in listed]


@pytest.fixture(scope="module")
def service(
    render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """Nothing is built yet. dbt reads every tag in clear, masked readers see masks, and nobody else what is tagged."""
    mesh = open_mesh(render(**ANSWERS), tmp_path_factory.mktemp("policy_tags") / "mesh")
    mesh.generate("--patients", "6", "--days", "3")
    with warehouse(mesh, token=DBT, threads=1) as running:
        grants = {
            running.ids[tag]: {
                "fineGrainedReaders": [DBT] if mask else [DBT, MASKED],
                "dataPolicies": [{"rule": mask.upper(), "maskedReaders": [MASKED]}] if mask else [],
            }
            for tag, mask in masks(mesh).items()
        }
        running.client().call("PUT", "/emulator/policies", grants)
        yield running


def life(service: Warehouse) -> dict[str, Callable[[Warehouse], Run]]:
    """Name -> a run in the life of a warehouse, in order."""
    ids = service.ids
    run, dev = ("run", "--target", "prod"), ("build", "--target", "dev")
    variants, mart = ("--select", "stg_genomics__variants"), ("--select", "patient_360_policy_tag")
    without = {tag: id for tag, id in ids.items() if tag != "sensitive"}
    operation = ("run-operation", "apply_policy_tags", "--target", "prod")
    audit = ("test", "--target", "prod", "--select")
    # Selects the audit alone, or beside a model.
    audited = ("policy_tags_are_set_stg_genomics__variants_", "--indirect-selection", "empty")

    def given(change: Callable[[str], str]) -> dict[str, str]:
        return {"POLICY_TAG_IDS": json.dumps({tag: change(id) for tag, id in ids.items()})}

    own = {"PHI_POLICY_TAG_ID": ids["direct_identifier_always_null"]}
    column = (
        "      - name: {}\n        description: Sample.\n        data_type: string\n        config:\n          meta:\n"
    )
    column += "            classification: direct_identifier\n            policy_tag: direct_identifier_sha256\n"
    # A struct with fields more, then also a column more.
    field = (
        "        position_in_genome,\n        {{ landed_value",
        "        (select as struct position_in_genome.*, 'x' as strand, [struct('z' as base)] as others)"
        " as position_in_genome,\n        {{ landed_value",
    )
    type_of_field = ("base int64>", "base int64, strand string, others array<struct<base string>>>")
    grown_struct = service.file(VARIANTS_SQL, field) | service.file(VARIANTS_YML, type_of_field)
    grown = service.file(
        VARIANTS_SQL,
        field,
        (" as variant_number,\n", " as variant_number,\n        'y' as sample_id,\n"),
        (
            "        position_in_genome,\n        called_on",
            "        position_in_genome,\n        sample_id,\n        called_on",
        ),
    ) | service.file(
        VARIANTS_YML,
        type_of_field,
        ("      - name: called_on\n", column.format("sample_id") + "      - name: called_on\n"),
    )
    python = service.file(
        POLICY_TAG_YML,
        (
            "models:\n",
            "models:\n  - name: by_python\n    description: In Python.\n"
            "    config:\n      contract:\n        enforced: false\n"
            "    columns:\n" + column.format("patient_id"),
        ),
    ) | {"models/marts/by_python.py": "def model(dbt, session):\n    return dbt.ref('patient_360')\n"}
    # Another model's table of the same name, in another dataset.
    namesake = service.file(
        POLICY_TAG_YML,
        (
            "models:\n",
            "models:\n  - name: namesake\n    description: Of the same name.\n"
            "    config:\n      alias: stg_genomics__variants\n      contract:\n        enforced: false\n"
            "    columns:\n" + column.format("landed_date"),
        ),
    ) | {"models/marts/namesake.sql": "select '' as landed_date"}
    # A column of another type, then also one of no class any more, and a label.
    retyped = service.file(
        POLICY_TAG_SQL, ("        is_deceased,", "        cast(is_deceased as string) as is_deceased,")
    ) | service.file(POLICY_TAG_YML, ("data_type: bool", "data_type: string"))
    sex = "description: Sex recorded for administrative purposes.\n        data_type: string\n"
    labelled = retyped[POLICY_TAG_YML].replace(
        "      meta:\n", "      labels:\n        reviewed: 'yes'\n      meta:\n", 1
    )
    classified = (
        "        config:\n          meta:\n            classification: sensitive\n            policy_tag: sensitive\n"
    )
    reclassified = retyped | {POLICY_TAG_YML: labelled.replace(sex + classified, sex)}
    versions: dict[str, str | None] = {}
    versions |= service.file(
        POLICY_TAG_YML,
        (
            "  - name: patient_360_policy_tag\n    description",
            "  - name: patient_360_policy_tag\n    latest_version: 2\n    versions: [{v: 1}, {v: 2}]\n    description",
        ),
    )
    text = service.file(POLICY_TAG_SQL)[POLICY_TAG_SQL]
    versions |= {POLICY_TAG_SQL.replace(".sql", f"_v{number}.sql"): text for number in (1, 2)}
    versions[POLICY_TAG_SQL] = None
    return {
        "no check at the start": step(
            *run,
            environment={"POLICY_TAG_IDS": ""},
            files=service.file("dbt_project.yml", ('on-run-start:\n  - "{{ check_policy_tags() }}"\n', "")),
        ),
        "no ids": step(*run, environment={"POLICY_TAG_IDS": ""}),
        "compile without ids": step("compile", "--target", "prod", *variants, environment={"POLICY_TAG_IDS": ""}),
        "one id missing": step(*run, environment={"POLICY_TAG_IDS": json.dumps(without)}),
        "no JSON": step(*run, environment={"POLICY_TAG_IDS": "{direct_identifier"}),
        "no object": step(*run, environment={"POLICY_TAG_IDS": "[]"}),
        "two ids": step(*run, environment=given(lambda id: f"{id}/{id}")),
        "another location": step(*run, environment=given(lambda id: id.replace(LOCATION, "us-west1"))),
        "operation without ids": step(*operation, environment={"POLICY_TAG_IDS": ""}),
        "another class": step(
            *run,
            files=service.file(
                POLICY_TAG_YML,
                ("            policy_tag: direct_identifier_sha256\n", "            policy_tag: sensitive\n"),
            ),
        ),
        "no tag": step(
            *run, files=service.file(POLICY_TAG_YML, ("            policy_tag: direct_identifier_sha256\n", ""))
        ),
        "Python": step(*run, files=python),
        "dev without ids": step(*dev, *variants, *audited, *TWO_DAYS, environment={"POLICY_TAG_IDS": ""}),
        "audit of what has no tags": step(*audit, *audited, *LAST_DAYS),
        "tags come later": step(*run, *variants, *LAST_DAYS),
        "tags made anew": step(*operation, environment=given(lambda id: ids["sensitive"])),
        "first": step(*run, *TWO_DAYS),
        "daily": step(*run),
        "audit": step(*audit, "test_name:policy_tags_are_set", files=namesake),
        "again": step(*operation),
        "full refresh": step(*run, "--full-refresh"),
        "grown": step(*run, *variants, *LAST_DAYS, files=grown),
        "dev with tags and without ids": step(
            *dev, *mart, *variants, *audited, environment={"POLICY_TAG_IDS": ""}, files=grown_struct
        ),
        "struct with fields less": step(*run, *variants, "--full-refresh"),
        "clustered anew": step(
            *run,
            *variants,
            "--full-refresh",
            files=service.file(VARIANTS_SQL, ("cluster_by=['variant_number']", "cluster_by=['source_system']")),
        ),
        "versions": step(*run, *mart, files=versions),
        "grants": step(
            *run,
            *mart,
            environment={"MART_READERS": "analysts@northwind.example reviewers@northwind.example"},
            files=retyped,
        ),
        "audit of another tag": step(*audit, "patient_360_policy_tag,test_name:policy_tags_are_set", environment=own),
        "tag of its own": step(
            *run,
            *mart,
            environment=own | {"POLICY_TAG_IDS": json.dumps({"sensitive": ids["sensitive"]})},
            files=reclassified,
        ),
        "failing": step(
            *run,
            *mart,
            files=service.file(
                POLICY_TAG_SQL,
                ("        age_group,", "        cast(cast(patient_id as int64) as string) as age_group,"),
            ),
        ),
    }


@pytest.fixture(scope="module")
def runs(service: Warehouse) -> dict[str, Run]:
    """The life of a warehouse, run by run."""
    return {name: run(service) for name, run in life(service).items()}


COMMAND = 'export POLICY_TAG_IDS="$(terraform -chdir=../infra/terraform/envs/prod output -json policy_tag_ids)"'


@pytest.mark.parametrize(
    ("run", "parts"),
    [
        ("no check at the start", ["POLICY_TAG_IDS has no id for ", COMMAND]),
        ("no ids", ["POLICY_TAG_IDS has no id for direct_identifier_always_null, ", ", sensitive. ", COMMAND]),
        ("one id missing", ["POLICY_TAG_IDS has no id for sensitive. ", COMMAND]),
        ("no JSON", ["POLICY_TAG_IDS is no JSON object", "{direct_identifier", COMMAND]),
        ("no object", ["POLICY_TAG_IDS is no JSON object", "[]", COMMAND]),
        ("two ids", ["an id that is none of us-east4", COMMAND]),
        ("another location", ["an id that is none of us-east4", "/locations/us-west1/", COMMAND]),
        (
            "another class",
            ["patient_360_policy_tag.patient_id is classified direct_identifier", "policy tag sensitive"],
        ),
        ("no tag", ["patient_360_policy_tag.patient_id is classified direct_identifier", "policy tag None"]),
        ("operation without ids", ["POLICY_TAG_IDS has no id for ", COMMAND]),
        ("Python", ["by_python has columns with policy tags: write it in SQL"]),
    ],
)
def test_a_run_that_could_not_tag_is_refused_before_anything_is_built(
    run: str, parts: list[str], runs: dict[str, Run]
) -> None:
    assert not runs[run].success
    assert [part for part in parts if part not in runs[run].message] == []
    assert runs[run].requests == []


def test_what_only_compiles_needs_no_ids(runs: dict[str, Run]) -> None:
    assert runs["compile without ids"].success, runs["compile without ids"].message


def test_elsewhere_than_on_production_a_warning_names_what_is_missing(runs: dict[str, Run]) -> None:
    run = runs["dev without ids"]
    assert run.success
    [warning] = [text for text in run.warnings if "POLICY_TAG_IDS" in text]
    assert "no id for direct_identifier_sha256, quasi_identifier_date_year_mask, sensitive" in warning
    # What proves that the tests below can fail.
    assert f"{VARIANTS}.patient_id" in exposed(run)
    assert f"{VARIANTS}.position_in_genome.base" in exposed(run)


def test_the_audit_finds_each_leaf_without_its_tag(runs: dict[str, Run]) -> None:
    """An error where tags are required, of a run over given days too; elsewhere a warning."""
    assert not runs["audit of what has no tags"].success
    assert "Got 8 results" in runs["audit of what has no tags"].message
    assert [text for text in runs["dev without ids"].warnings if "Got 8 results" in text]


def test_the_audit_takes_any_tag_where_the_ids_are_not_known(runs: dict[str, Run]) -> None:
    assert [text for text in runs["dev with tags and without ids"].warnings if "Got" in text] == []


def test_the_audit_finds_another_tag(runs: dict[str, Run]) -> None:
    assert not runs["audit of another tag"].success
    assert "Got 1 result," in runs["audit of another tag"].message


@pytest.mark.parametrize(
    ("run", "tables"),
    [
        ("tags come later", {VARIANTS}),
        ("first", {VARIANTS, PATIENTS, PATIENT_360, POLICY_TAG}),
        ("daily", {VARIANTS, PATIENTS, PATIENT_360, POLICY_TAG}),
        ("full refresh", {VARIANTS, PATIENTS, PATIENT_360, POLICY_TAG}),
        ("grown", {VARIANTS}),
        ("dev with tags and without ids", {VARIANTS, POLICY_TAG}),
        ("struct with fields less", {VARIANTS}),
        ("clustered anew", {VARIANTS}),
        ("versions", {f"{POLICY_TAG}_v1", f"{POLICY_TAG}_v2"}),
        ("grants", {POLICY_TAG}),
        ("tag of its own", {POLICY_TAG}),
    ],
)
def test_nobody_ever_sees_patient_data_without_its_tag(run: str, tables: set[str], runs: dict[str, Run]) -> None:
    assert runs[run].success, runs[run].message
    for table in tables:
        assert runs[run].of(table)[-1]["rows"], f"{table} is empty: nothing was proved"
    assert exposed(runs[run]) == []


def test_tags_are_those_of_the_columns_and_stand_on_leaves(runs: dict[str, Run], service: Warehouse) -> None:
    for table in (VARIANTS, PATIENTS, PATIENT_360, POLICY_TAG):
        wanted = runs["daily"].tags[table]
        for path, tag in leaves(runs["daily"].of(table)[-1]):
            assert tag == service.ids.get(wanted.get(path.split(".")[0], "")), path


def test_tags_follow_the_columns(runs: dict[str, Run], service: Warehouse) -> None:
    assert "sample_id" in runs["grown"].of(VARIANTS)[-1]["filled"], "nothing was proved"
    grown = dict(leaves(runs["grown"].of(VARIANTS)[-1]))
    assert grown["sample_id"] == service.ids["direct_identifier_sha256"]
    for field in ("strand", "others.base"):
        assert grown[f"position_in_genome.{field}"] == service.ids["sensitive"]
    # A column that the model has no more keeps its rows, and so its tag and what is said about it.
    later = runs["dev with tags and without ids"].of(VARIANTS)[-1]
    assert dict(leaves(later))["sample_id"] == grown["sample_id"]
    assert {field["name"]: field.get("description") for field in later["fields"]}["sample_id"] == "Sample."


def test_a_model_may_have_a_tag_of_its_own_and_a_column_lose_its_class(
    runs: dict[str, Run], service: Warehouse
) -> None:
    own = dict(leaves(runs["tag of its own"].of(POLICY_TAG)[-1]))
    assert own["patient_id"] == service.ids["direct_identifier_always_null"]
    assert own["administrative_sex"] is None


def test_rows_are_replaced_at_once(runs: dict[str, Run], service: Warehouse) -> None:
    """Readers see the old rows, then the new ones, and never none."""
    for run in ("daily", "full refresh"):
        for table in (PATIENT_360, POLICY_TAG):
            assert all(state["rows"] for state in runs[run].of(table)), (run, table)
    assert not runs["failing"].success
    assert runs["failing"].of(POLICY_TAG) == []
    assert aside(service) == []


def test_what_else_is_said_about_a_table_reaches_it(runs: dict[str, Run], service: Warehouse) -> None:
    """The table was there, and is not made anew."""
    assert runs["tag of its own"].success
    table = service.table(POLICY_TAG)
    assert table["labels"] == {"reviewed": "yes"}
    assert table["schema"]["fields"][0]["description"] == "Key of the patient in the master patient index."


def test_tags_that_were_made_anew_are_set(runs: dict[str, Run], service: Warehouse) -> None:
    """On the tables that are there: most are not built yet."""
    run = runs["tags made anew"]
    assert run.success, run.message
    assert [request["path"].rpartition("/")[2] for request in run.requests] == ["stg_genomics__variants"]
    assert {tag for _, tag in leaves(run.of(VARIANTS)[-1]) if tag} == {service.ids["sensitive"]}


def test_what_has_its_tags_is_not_touched(runs: dict[str, Run]) -> None:
    assert runs["audit"].success
    assert runs["again"].success
    assert runs["again"].requests == []


def test_marts_are_granted_to_groups_where_dbt_is_told_so(runs: dict[str, Run], service: Warehouse) -> None:
    assert runs["grants"].success, runs["grants"].message
    granted = service.client().query(
        f"select grantee, privilege_type from `{PROJECT}`.`region-{LOCATION}`.INFORMATION_SCHEMA.OBJECT_PRIVILEGES "
        "where object_name = 'patient_360_policy_tag' order by grantee"
    )
    assert granted.rows == [
        ["group:analysts@northwind.example", "roles/bigquery.dataViewer"],
        ["group:reviewers@northwind.example", "roles/bigquery.dataViewer"],
    ]


def test_identifiers_are_refused_masked_or_clear(runs: dict[str, Run], service: Warehouse) -> None:
    identifiers = [
        (table, column)
        for table, tags in runs["daily"].tags.items()
        for column, tag in tags.items()
        if tag.startswith("direct_identifier")
    ]
    assert len(identifiers) > 10
    masked_values = 0
    for table, column in identifiers:
        query = f"select {column} from {table} where {column} is not null order by landed_date, {column} limit 5"
        query = query if "stg_" in table else query.replace("landed_date, ", "")
        with pytest.raises(RefusedError, match=column):
            service.client(ANALYST).query(query)
        clear = service.client(DBT).query(f"select {column} from {table} where {column} is not null").rows
        masked = service.client(MASKED).query(f"select {column} from {table}").rows
        assert not {value for (value,) in masked if value} & {value for (value,) in clear}, (table, column)
        masked_values += len(clear)
    assert masked_values > 50


def test_a_run_that_dies_anywhere_ends_well_when_run_again(runs: dict[str, Run], service: Warehouse) -> None:
    """Killed before its nth change, for every n. The table is dropped and made anew each time, as at a first build."""
    run = ("run", "--target", "prod", "--select", "stg_genomics__variants", "--full-refresh")
    # The drop, rows made aside, an empty table, its tags, its rows, its description.
    changes = 'create or replace|begin transaction|"schema"|"description"|^$'
    deaths, recoveries = [], []
    for number in range(7):
        layout = ["cluster_by=['source_system']", "cluster_by=['allele']"][number % 2]
        files = service.file(VARIANTS_SQL, ("cluster_by=['variant_number']", layout))
        death = {
            "method": "POST|PATCH|DELETE",
            "path": "",
            "body": changes,
            "skip": number,
            "times": 99,
            "reason": "invalid",
        }
        deaths.append(service.run(*run, files=files, faults=[death]))
        recoveries.append(service.run(*run, files=files))
    assert [death.success for death in deaths] == [False] * 6 + [True]
    rows = runs["full refresh"].of(VARIANTS)[-1]["rows"]
    for number, (killed, recovery) in enumerate(zip(deaths, recoveries, strict=True)):
        assert exposed(killed) == [], number
        assert recovery.success, recovery.message
        assert exposed(recovery) == [], number
        assert recovery.of(VARIANTS)[-1]["rows"] == rows, number
    # What the dead left behind goes by itself.
    assert aside(service)
    assert [table["id"] for table in aside(service) if "expirationTime" not in table] == []


def test_a_view_is_left_to_its_tables(runs: dict[str, Run], service: Warehouse) -> None:
    """The last test: it drops the table. A view needs no ids, and makes nothing of them."""
    text = service.file(POLICY_TAG_SQL)[POLICY_TAG_SQL]
    run = ("run", "--target", "prod", "--select", "patient_360_policy_tag", "--full-refresh")
    view = {POLICY_TAG_SQL: f"{{{{ config(materialized='view') }}}}\n\n{text}"}
    made = service.run(*run, files=view, environment={"POLICY_TAG_IDS": ""})
    told = service.run(*run, files=view)
    operation = service.run("run-operation", "apply_policy_tags", "--target", "prod")
    assert made.success, made.message
    assert told.success, told.message
    assert operation.success, operation.message
    assert operation.requests == []
    table = service.table(POLICY_TAG)
    assert table["type"] == "VIEW"
    assert [field["name"] for field in table["schema"]["fields"] if not field.get("description")] == []
    assert [field["name"] for field in table["schema"]["fields"] if field.get("policyTags", {}).get("names")] == []
