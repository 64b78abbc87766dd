"""A real Synthea export lands as the contracts say, and nothing is lost in silence."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.demo.landing_zone import LandingZone
from tests.engines.environments import Environment

WRONG, RIGHT = "10939881000119104", "10939881000119105"
QUALITY_OF_LIFE = ("DALY", "QALY", "QOLS")


def import_synthea(
    environment: Environment, repository: Path, source: Path, output: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run the importer of a rendered repository."""
    script = repository / "demo" / "import_synthea.py"
    command: list[str | Path] = ["python", script, "--source", source, "--output", output, *arguments]
    return environment.run(command, cwd=repository, check=False)


def rows(source: Path, file: str) -> list[dict[str, str]]:
    """A file of the export."""
    with (source / f"{file}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="session")
def imported(
    northwind: Path, synthea: Path, dbt_environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> tuple[LandingZone, str]:
    """The export as landing data, and the report."""
    root = tmp_path_factory.mktemp("synthea") / "landing"
    result = import_synthea(dbt_environment, northwind, synthea, root)
    assert result.returncode == 0, result.stderr
    return LandingZone(northwind, root, dbt_environment), result.stdout


def test_every_row_lands_or_is_reported(imported: tuple[LandingZone, str], synthea: Path) -> None:
    zone, report = imported
    observations = rows(synthea, "observations")
    coverages = rows(synthea, "payer_transitions")
    uninsured = {payer["Id"] for payer in rows(synthea, "payers") if payer["NAME"] == "NO_INSURANCE"}
    scores = [row for row in observations if row["CODE"] in QUALITY_OF_LIFE]
    periods_without = [row for row in coverages if row["PAYER"] in uninsured]
    encounters = rows(synthea, "encounters")
    expected = {
        "admissions.admissions": sum(row["ENCOUNTERCLASS"] == "inpatient" for row in encounters),
        "allergies.allergies": len(rows(synthea, "allergies")),
        "careplans.careplans": len(rows(synthea, "careplans")),
        "claims.claims": len(rows(synthea, "claims")),
        "claims.claim_lines": sum(row["TYPE"] == "CHARGE" for row in rows(synthea, "claims_transactions")),
        "devices.device_uses": len(rows(synthea, "devices")),
        "diagnoses.diagnoses": len(rows(synthea, "conditions")),
        "encounters.encounters": len(encounters),
        "immunizations.immunizations": len(rows(synthea, "immunizations")),
        "labs.lab_results": sum(row["CATEGORY"] == "laboratory" for row in observations),
        "medications.medication_requests": len(rows(synthea, "medications")),
        "observations.observations": sum(row["CATEGORY"] not in ("laboratory", "vital-signs") for row in observations)
        - len(scores),
        "patients.patients": len(rows(synthea, "patients")),
        "procedures.procedures": len(rows(synthea, "procedures")),
        "providers.organizations": len(rows(synthea, "organizations")),
        "providers.providers": len(rows(synthea, "providers")),
        "radiology.imaging_studies": len({row["Id"] for row in rows(synthea, "imaging_studies")}),
        "registrations.coverages": len(coverages) - len(periods_without),
        "vitals.vital_signs": sum(row["CATEGORY"] == "vital-signs" for row in observations),
    }
    counts = zone.numbers({name: f"select count(*) from {entity.view}" for name, entity in zone.entities.items()})
    assert {name: count for name, count in counts.items() if count} == expected
    assert f"Rows skipped: {len(scores) + len(periods_without)}\n" in report
    for score in QUALITY_OF_LIFE:
        count = sum(row["CODE"] == score for row in scores)
        assert re.search(rf"^ +{count}  observations.observations: code is no LOINC code: {score}$", report, re.M)
    assert re.search(rf"^ +{len(periods_without)}  registrations.coverages: ", report, re.M)


@pytest.mark.parametrize(
    "rule", ["keys", "unique", "required", "references", "agreement", "accepted", "patterns", "derived"]
)
def test_what_landed_obeys_the_contracts(imported: tuple[LandingZone, str], rule: str) -> None:
    zone, _ = imported
    assert zone.violations(rule) == {}


def test_values_stay_what_they_were(imported: tuple[LandingZone, str], synthea: Path) -> None:
    """A sum of every kind: text, times and numbers go through unchanged."""
    zone, _ = imported
    laboratory = [row for row in rows(synthea, "observations") if row["CATEGORY"] == "laboratory"]
    numbers = zone.numbers(
        {
            "value": 'select cast(sum(value_numeric) as double) from "labs.lab_results"',
            "times": "select count(distinct strftime(collected_at, '%Y-%m-%dT%H:%M:%SZ')) from \"labs.lab_results\"",
            "billed": 'select cast(sum(billed_amount) as double) from "claims.claim_lines"',
            "claims": 'select cast(sum(billed_amount) as double) from "claims.claims"',
            "reasons": 'select count(reason_code) from "encounters.encounters"',
            "diagnoses": 'select sum(len(diagnosis_codes)) from "claims.claims"',
        }
    )
    charges = [row for row in rows(synthea, "claims_transactions") if row["TYPE"] == "CHARGE"]
    billed = sum(float(row["AMOUNT"]) for row in charges)
    assert numbers["value"] == pytest.approx(sum(float(r["VALUE"]) for r in laboratory if r["TYPE"] == "numeric"))
    assert numbers["times"] == len({row["DATE"] for row in laboratory})
    assert numbers["billed"] == numbers["claims"] == pytest.approx(billed)
    assert numbers["reasons"] == sum(bool(row["REASONCODE"]) for row in rows(synthea, "encounters"))
    assert int(numbers["diagnoses"]) == sum(
        bool(row[f"DIAGNOSIS{number}"]) for row in rows(synthea, "claims") for number in range(1, 9)
    )


def test_what_has_no_column_is_reported(imported: tuple[LandingZone, str], synthea: Path) -> None:
    _, report = imported
    second = sum(bool(row["REACTION2"]) for row in rows(synthea, "allergies"))
    assert re.search(rf"^ +{second}  allergies.allergies: second reaction of an allergy$", report, re.M)


def test_the_known_wrong_code_is_corrected_and_reported(
    imported: tuple[LandingZone, str], northwind: Path, synthea: Path, dbt_environment: Environment, tmp_path: Path
) -> None:
    zone, report = imported
    codes = [
        value
        for file in ("conditions", "encounters", "procedures", "medications", "careplans", "claims")
        for row in rows(synthea, file)
        for column, value in row.items()
        if value == WRONG
    ]
    assert f"Codes corrected: {len(codes)}\n" in report
    result = import_synthea(dbt_environment, northwind, synthea, tmp_path / "as is", "--no-corrections")
    assert result.returncode == 0, result.stderr
    assert "Codes corrected: 0" in result.stdout
    count = "select count(*) filter (code = '{}') from \"diagnoses.diagnoses\""
    queries = {"wrong": count.format(WRONG), "right": count.format(RIGHT)}
    expected = sum(row["CODE"] == WRONG for row in rows(synthea, "conditions"))
    assert expected > 0
    assert zone.numbers(queries) == {"wrong": 0, "right": expected}
    as_is = LandingZone(northwind, tmp_path / "as is", dbt_environment)
    assert as_is.numbers(queries) == {"wrong": expected, "right": 0}


def test_the_landed_date_can_be_chosen(
    northwind: Path, synthea: Path, dbt_environment: Environment, tmp_path: Path
) -> None:
    result = import_synthea(
        dbt_environment, northwind, synthea, tmp_path / "landing", "--landed-date", "2026-02-03", "--format", "json"
    )
    assert result.returncode == 0, result.stderr
    partitions = {path.parent.name for path in (tmp_path / "landing").rglob("part-0.json")}
    assert partitions == {"landed_date=2026-02-03"}


def test_a_missing_file_is_named_and_nothing_is_written(
    northwind: Path, synthea: Path, dbt_environment: Environment, tmp_path: Path
) -> None:
    source = tmp_path / "export"
    shutil.copytree(synthea, source)
    (source / "conditions.csv").unlink()
    result = import_synthea(dbt_environment, northwind, source, tmp_path / "landing")
    assert result.returncode == 1
    assert "has no conditions.csv" in result.stderr
    assert "conditions.csv, for diagnoses.diagnoses" in result.stderr
    assert not (tmp_path / "landing").exists()


def test_only_the_files_of_the_chosen_domains_are_needed(
    render: Callable[..., Path], synthea: Path, dbt_environment: Environment, tmp_path: Path
) -> None:
    source = tmp_path / "export"
    source.mkdir()
    for file in ("immunizations", "patients", "encounters"):
        shutil.copy(synthea / f"{file}.csv", source)
    repository = render(domains=["patients", "immunizations"])
    result = import_synthea(dbt_environment, repository, source, tmp_path / "landing")
    assert result.returncode == 0, result.stderr
    zone = LandingZone(repository, tmp_path / "landing", dbt_environment)
    assert zone.violations("required", "references") == {}


def test_a_file_with_other_columns_is_named(
    render: Callable[..., Path], synthea: Path, dbt_environment: Environment, tmp_path: Path
) -> None:
    source = tmp_path / "export"
    source.mkdir()
    for file in ("patients", "encounters"):
        text = (synthea / f"{file}.csv").read_text(encoding="utf-8")
        (source / f"{file}.csv").write_text(text.replace("BIRTHDATE", "BORN"), encoding="utf-8")
    result = import_synthea(dbt_environment, render(domains=["patients"]), source, tmp_path / "landing")
    assert result.returncode == 1
    assert "patients.patients" in result.stderr
    assert "BIRTHDATE" in result.stderr
