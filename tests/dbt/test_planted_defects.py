"""A clean landing zone passes; each defect planted in it makes the right test fail, and no other. In every format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.answers import CUSTOM
from tests.conftest import Figure, Render
from tests.dbt.landing import plant
from tests.mesh import Mesh

NEWER = "'2026-02-01T00:00:00Z' as updated_at"


def failing_tests(mesh: Mesh) -> set[str]:
    """Name of the test and the column, as test:model.column, of every test that failed or could not run."""
    nodes = mesh.manifest()["nodes"]
    failing = set()
    for unique_id, status in mesh.results().items():
        assert status in ("success", "pass", "fail", "skipped", "no-op"), f"{unique_id}: {status}"
        if status == "fail":
            node = nodes[unique_id]
            model = node["attached_node"].rpartition(".")[2]
            failing.add(f"{node['test_metadata']['name']}:{model}.{node['column_name']}")
    return failing


@pytest.mark.parametrize("landing_format", ["parquet", "csv", "json"])
def test_defects_are_found(
    landing_format: str, render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path, figure: Figure
) -> None:
    mesh = open_mesh(render(**CUSTOM, landing_format=landing_format), tmp_path / "mesh")
    mesh.generate("--patients", "30")
    mesh.dbt("build")
    assert failing_tests(mesh) == set()

    labs, patients = "labs/lab_results", "patients/patients"
    # A corrupted LOINC code: the check digit of 718-7 is 7.
    plant(mesh, labs, f"'L1' as lab_result_id, '718-8' as code, {NEWER}", name="loinc")
    # A result of a patient whom nobody knows.
    plant(mesh, labs, f"'L2' as lab_result_id, 'nobody' as patient_id, {NEWER}", name="orphan")
    # A value of the wrong type.
    plant(mesh, labs, f"'L3' as lab_result_id, 'negative' as value_numeric, {NEWER}", name="type")
    # A chart number given to a second patient.
    plant(mesh, patients, f"'P1' as patient_id, {NEWER}", name="duplicate")
    # A base that is none, in the user's own domain.
    plant(
        mesh,
        "genomics/variants",
        f"900001 as variant_number, 'AXG' as allele, {NEWER}",
        name="pattern",
        where="allele is not null",
    )
    expected = set()
    if landing_format == "csv":
        # An array that is no JSON text; the other formats have arrays of their own.
        plant(mesh, "genomics/variants", f"900002 as variant_number, '[\"BRCA1' as genes, {NEWER}", name="array")
        expected.add("no_landing_defects:stg_genomics__variants.landing_defects")
    mesh.dbt("build", check=False)
    assert failing_tests(mesh) == expected | {
        "valid_code:stg_labs__lab_results.code",
        "relationships:stg_labs__lab_results.patient_id",
        "no_landing_defects:stg_labs__lab_results.landing_defects",
        "unique:stg_patients__patients.mrn",
        "matches_pattern:stg_genomics__variants.allele",
    }
    defects = mesh.query(
        "select lab_result_id, value_numeric, landing_defects from labs__local.stg_labs__lab_results "
        "where landing_defects is not null"
    )
    assert defects == [["L3", None, "value_numeric is not a numeric; "]]
    figure("planted_defects", len(failing_tests(mesh)))
