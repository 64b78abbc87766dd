"""The synthetic landing data obey every rule of the contracts they are made from."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.demo.landing_zone import LandingZone
from tests.engines.environments import Environment
from tests.render import files_of

Render = Callable[..., Path]

RULES = (
    "keys",
    "unique",
    "required",
    "references",
    "agreement",
    "accepted",
    "codes",
    "patterns",
    "bounds",
    "order",
    "lookups",
    "derived",
)

# What the built-in domains have none of: an integer key, a code as key, names of the source's own, arrays, a struct, a
# key that is a reference, a reference to the entity itself, unique values from a pattern, and codes that something
# depends on by their order as text.
GENOMICS: dict[str, Any] = {
    "name": "genomics",
    "entities": [
        {
            "name": "panels",
            "rows_per_patient": 0.5,
            "columns": [
                {"name": "panel_id", "type": "integer", "primary_key": True},
                {"name": "patient_id", "references": "patients", "required": True},
                {"name": "barcode", "required": True, "unique": True, "pattern": "^[A-Z]{2}-[0-9]{4}[a-f]$"},
                {"name": "genes", "type": "array", "items": "string", "examples": ["BRCA1", "BRCA2", "TP53"]},
                {"name": "read_depths", "type": "array", "items": "integer", "required": True},
                {"name": "sampled_at", "type": "timestamp", "physical_name": "SampleTime", "required": True},
                {"name": "reported_on", "type": "date", "after": "sampled_at", "within": "9d"},
                {
                    "name": "quality",
                    "type": "struct",
                    "fields": [
                        {"name": "score", "type": "decimal"},
                        {"name": "laboratory", "type": "string"},
                        {"name": "checked_at", "type": "timestamp"},
                    ],
                },
                {"name": "is_consented", "type": "boolean", "required": True},
            ],
        },
        {
            "name": "variants",
            "rows_per_patient": 4,
            "columns": [
                {"name": "variant_id", "physical_name": "VariantKey"},
                {"name": "panel_id", "references": "genomics.panels", "required": True},
                {"name": "patient_id", "references": "patients", "required": True},
                {"name": "related_variant_id", "references": "genomics.variants"},
                {"name": "change", "pattern": "^[ACGT]{1,5}>[ACGT]$"},
                {"name": "frequency", "type": "decimal", "minimum": 0, "maximum": 1},
                {"name": "position", "type": "integer", "minimum": 1000, "maximum": 2000},
                {"name": "called_at", "type": "timestamp", "after": "panel_id.sampled_at", "within": "3d"},
                {"name": "percent", "type": "decimal", "transform_logic": "frequency * 100"},
                {"name": "tier", "examples": ["strong", "potential", "unknown"]},
                {"name": "first_tier", "examples": ["strong", "potential", "unknown"]},
                {"name": "is_after_first", "type": "boolean", "transform_logic": "tier > first_tier"},
                {"name": "route_code", "references": "genomics.routes", "required": True},
            ],
        },
        {
            "name": "routes",
            "rows_per_patient": 0.02,
            "columns": [
                {"name": "route_code", "primary_key": True, "code_system": "medication_route"},
                {"name": "is_usual", "type": "boolean"},
            ],
        },
        {
            "name": "consents",
            "rows_per_patient": 2,
            "columns": [
                {"name": "patient_id", "references": "patients", "primary_key": True},
                {"name": "wording", "examples": ["as on the previous form", "it's new"]},
            ],
        },
    ],
}
SMALL: dict[str, Any] = {"domains": ["patients", "labs"], "custom_domains": [GENOMICS]}


def generate(
    environment: Environment, repository: Path, output: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run the generator of a rendered repository."""
    command: list[str | Path] = ["python", repository / "demo" / "generate.py", "--output", output, *arguments]
    return environment.run(command, cwd=repository, check=False)


@pytest.fixture(scope="session")
def zone(northwind: Path, dbt_environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> LandingZone:
    """Landing data of all domains."""
    root = tmp_path_factory.mktemp("landing") / "northwind"
    result = generate(dbt_environment, northwind, root, "--patients", "300", "--days", "4")
    assert result.returncode == 0, result.stderr
    return LandingZone(northwind, root, dbt_environment)


@pytest.fixture(scope="session", params=["parquet", "csv", "json"])
def small_zone(
    request: pytest.FixtureRequest,
    render: Render,
    dbt_environment: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> LandingZone:
    """Landing data of two domains and a custom one, in each format."""
    repository = render(**SMALL)
    root = tmp_path_factory.mktemp("landing") / request.param
    result = generate(dbt_environment, repository, root, "--format", request.param)
    assert result.returncode == 0, result.stderr
    return LandingZone(repository, root, dbt_environment, request.param)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_of_the_contracts_holds(zone: LandingZone, rule: str) -> None:
    assert zone.violations(rule) == {}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_holds_for_custom_domains_in_every_format(small_zone: LandingZone, rule: str) -> None:
    assert small_zone.violations(rule) == {}


def test_a_broken_rule_is_noticed(zone: LandingZone) -> None:
    """The rules would see a wrong row: here the data are held against contracts that say something else."""
    strict = LandingZone(zone.repository, zone.root, zone.environment)
    patients = strict.entities["patients.patients"]
    patients.column("ssn")["logicalTypeOptions"]["pattern"] = "^[A-Z]{3}$"
    patients.column("administrative_sex")["quality"][0]["arguments"]["validValues"].remove("female")
    patients.column("birth_date")["logicalTypeOptions"]["maximum"] = "1980-12-31"
    patients.column("middle_name")["required"] = True
    patients.column("given_name")["unique"] = True
    broken = strict.violations("patterns", "accepted", "bounds", "required", "unique")
    assert broken.keys() == {
        "patterns patients.patients.ssn",
        "accepted patients.patients.administrative_sex",
        "bounds patients.patients.birth_date maximum",
        "required patients.patients.middle_name",
        "unique patients.patients.given_name",
    }


def test_completeness_is_about_what_the_contract_expects(zone: LandingZone) -> None:
    queries = {
        f"{entity.id}.{column['name']}": f"select count({column['name']}) / count(*) from {entity.latest}"
        for entity in zone.entities.values()
        for column in entity.columns
        if entity.id in ("labs.lab_results", "claims.claim_lines", "medications.medication_requests")
        and not any(word in column for word in ("relationships", "transformLogic"))
    }
    assert len(queries) > 40
    expected = {
        f"{entity.id}.{column['name']}": 1 if column.get("required") else properties.get("completeness", 0.9)
        for entity in zone.entities.values()
        for column in entity.columns
        for properties in [{p["property"]: p["value"] for p in column.get("customProperties", [])}]
    }
    shares = zone.numbers(queries)
    assert {name: share for name, share in shares.items() if abs(share - expected[name]) > 0.05} == {}


def test_national_provider_identifiers_are_valid(zone: LandingZone) -> None:
    """Ten digits, the last a Luhn check digit over the prefix 80840 and the others (45 CFR 162.406)."""
    numbers = [row[0] for row in zone.query({"npi": 'select npi from "providers.providers latest"'})["npi"]]
    valid = [number for number in numbers if number]
    assert len(valid) == len(set(valid)) > 40
    for number in valid:
        digits = [int(digit) for digit in "80840" + number]
        doubled = [digit * 2 - 9 * (digit > 4) if place % 2 else digit for place, digit in enumerate(digits[::-1])]
        assert (len(number), number[0], sum(doubled) % 10) == (10, "1", 0)


def test_later_days_bring_new_rows_updates_late_records_and_duplicates(zone: LandingZone) -> None:
    """Of all rows so far about 5 % new, 3 % newer and 1 % older versions a day; and 1 % of a day's rows twice."""
    parts = []
    for entity in zone.entities.values():
        parts.append(
            f"""
            select landed_date, updated_at, min(landed_date) over (partition by {entity.key}) as first_day,
                max(updated_at) over (partition by {entity.key}) as newest,
                max(updated_at) over (
                    partition by {entity.key} order by landed_date
                    range between unbounded preceding and interval 1 day preceding
                ) as before,
                row_number() over (partition by {entity.view}) as copy
            from {entity.view}
            """
        )
    rows = " union all ".join(parts)
    kinds = (
        "case when copy > 1 then 'duplicate' when landed_date = first_day then 'new' "
        "when updated_at > before then 'updated' when updated_at < before then 'late' else 'other' end"
    )
    days = zone.query(
        {
            "days": f"select cast(landed_date as varchar), {kinds} as kind, count(*) from ({rows}) group by all",
            "late winners": f"select count(*) from ({rows}) where updated_at < before and updated_at = newest",
        }
    )
    assert days["late winners"] == [[0]]
    counted: dict[str, dict[str, int]] = {}
    for day, kind, count in days["days"]:
        counted.setdefault(day, {})[kind] = count
    first, *later = (counted[day] for day in sorted(counted))
    assert set(first) == {"new"} and len(later) == 3
    landed = first["new"]
    for day_counts in later:
        assert set(day_counts) == {"new", "updated", "late", "duplicate"}
        assert 0.04 < day_counts["new"] / first["new"] < 0.06
        assert 0.02 < day_counts["updated"] / landed < 0.04
        assert 0.006 < day_counts["late"] / landed < 0.014
        assert 0.004 < day_counts["duplicate"] / sum(day_counts.values()) < 0.018
        landed += day_counts["new"]


def test_an_update_changes_more_than_its_time(zone: LandingZone) -> None:
    query = (
        "select count(*), count(*) filter (a.status <> b.status) from "
        '"labs.lab_results" a join "labs.lab_results" b using (lab_result_id) where a.updated_at < b.updated_at'
    )
    versions, changed = zone.query({"versions": query})["versions"][0]
    assert versions == changed > 100


def test_the_same_seed_gives_the_same_bytes(render: Render, dbt_environment: Environment, tmp_path: Path) -> None:
    repository = render(**SMALL)
    for name, *arguments in (("one",), ("same",), ("other", "--seed", "7")):
        assert generate(dbt_environment, repository, tmp_path / name, *arguments).returncode == 0
    one, same, other = (files_of(tmp_path / name) for name in ("one", "same", "other"))
    assert one == same
    assert one.keys() == other.keys()
    assert (
        one["labs/lab_results/landed_date=2026-01-05/part-0.parquet"]
        != (other["labs/lab_results/landed_date=2026-01-05/part-0.parquet"])
    )


def test_formats_hold_the_same_data(render: Render, dbt_environment: Environment, tmp_path: Path) -> None:
    repository = render(**SMALL)
    contents = {}
    for format in ("parquet", "csv", "json"):
        root = tmp_path / format
        assert generate(dbt_environment, repository, root, "--format", format).returncode == 0
        zone = LandingZone(repository, root, dbt_environment, format)
        contents[format] = zone.query(
            {
                name: f"select cast(r as varchar) from {entity.view} as r order by all"
                for name, entity in zone.entities.items()
            }
        )
    assert contents["parquet"] == contents["csv"] == contents["json"]


def test_landed_parquet_has_the_types_that_bigquery_reads(zone: LandingZone) -> None:
    file = f"{zone.root}/claims/claims/landed_date=2026-01-05/part-0.parquet"
    query = f"select name, coalesce(logical_type, converted_type, '') from parquet_schema('{file}')"
    types = dict(zone.query({"types": query})["types"])
    assert types["claim_id"] == types["status"] == types["source_system"] == "UTF8"
    assert "isAdjustedToUTC=1" in types["submitted_at"]
    assert types["billed_amount"] == "DecimalType(scale=9, precision=38)"


def test_rows_grow_with_the_patients(render: Render, dbt_environment: Environment, tmp_path: Path) -> None:
    repository = render(**SMALL)
    counts = {}
    for patients in (50, 500):
        root = tmp_path / str(patients)
        arguments = ("--patients", str(patients), "--days", "2", "--first-day", "2025-03-01")
        assert generate(dbt_environment, repository, root, *arguments).returncode == 0
        assert [path.name for path in sorted((root / "labs" / "lab_results").iterdir())] == [
            "landed_date=2025-03-01",
            "landed_date=2025-03-02",
        ]
        zone = LandingZone(repository, root, dbt_environment)
        counts[patients] = zone.numbers(
            {name: f"select count(*) from {entity.latest}" for name, entity in zone.entities.items()}
        )
    assert counts[50] == {
        "patients.patients": 50,
        "labs.lab_results": 400,
        "genomics.panels": 25,
        "genomics.variants": 200,
        "genomics.routes": 1,
        # As many as there are patients: each has one at most.
        "genomics.consents": 50,
    }
    assert counts[500] == {name: 10 * count for name, count in counts[50].items()}


def test_one_patient_is_enough(northwind: Path, dbt_environment: Environment, tmp_path: Path) -> None:
    result = generate(dbt_environment, northwind, tmp_path / "landing", "--patients", "1", "--days", "1")
    assert result.returncode == 0, result.stderr
    zone = LandingZone(northwind, tmp_path / "landing", dbt_environment)
    assert zone.violations("required", "references", "agreement", "unique") == {}


def test_a_domain_is_the_same_whatever_else_is_there(
    render: Render, northwind: Path, dbt_environment: Environment, tmp_path: Path
) -> None:
    """Only references to domains that are not there differ."""
    query = {"patients": 'select * exclude (primary_provider_id) from "patients.patients" order by all'}
    contents = []
    for name, repository in (("small", render(**SMALL)), ("full", northwind)):
        assert generate(dbt_environment, repository, tmp_path / name).returncode == 0
        contents.append(LandingZone(repository, tmp_path / name, dbt_environment).query(query))
    assert contents[0] == contents[1]


def test_a_foreign_directory_is_left_alone(render: Render, dbt_environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    result = generate(dbt_environment, render(**SMALL), tmp_path / "mine")
    assert result.returncode == 1
    assert "has contents that the demo did not write" in result.stderr
    assert "--output" in result.stderr
    assert files_of(tmp_path) == {"mine/thesis.txt": b"years of work"}


def test_what_the_demo_wrote_it_replaces(render: Render, dbt_environment: Environment, tmp_path: Path) -> None:
    for days in ("3", "1"):
        assert generate(dbt_environment, render(**SMALL), tmp_path / "landing", "--days", days).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["landing"]
    assert len(list((tmp_path / "landing" / "labs" / "lab_results").iterdir())) == 1


def custom(*columns: dict[str, Any]) -> dict[str, Any]:
    """Answers of a mesh of patients and one custom domain with these columns."""
    return {"domains": ["patients"], "custom_domains": [{"name": "trials", "columns": list(columns)}]}


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (
            custom({"name": "trial_id"}, {"name": "arm", "pattern": "^(a|b)+$"}),
            "trials.odcs.yaml, trials.arm: no values can be made from the pattern ^(a|b)+$ (it has '('); give `exampl",
        ),
        (
            custom({"name": "trial_id"}, {"name": "arm", "pattern": "^[A-B]$", "unique": True}),
            "trials.odcs.yaml, trials.arm: is unique, and its pattern has 2 values for 600 rows",
        ),
        (
            custom({"name": "trial_id"}, {"name": "arm", "transform_logic": "no_such_column + 1"}),
            "trials.odcs.yaml, trials: no rows can be made",
        ),
    ],
    ids=["pattern", "too few values", "transform logic"],
)
def test_a_contract_that_no_data_can_be_made_from_is_named(
    render: Render, dbt_environment: Environment, tmp_path: Path, answers: dict[str, Any], message: str
) -> None:
    result = generate(dbt_environment, render(**answers), tmp_path / "landing")
    assert result.returncode == 1
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_directory_without_contracts_is_named(render: Render, dbt_environment: Environment, tmp_path: Path) -> None:
    result = generate(dbt_environment, render(**SMALL), tmp_path / "out", "--contracts", str(tmp_path))
    assert result.returncode == 1
    assert f"no *.odcs.yaml in {tmp_path}" in result.stderr
