"""Types, times and conflicting deliveries in the staging models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.answers import CUSTOM
from tests.conftest import Render
from tests.dbt.landing import plant
from tests.mesh import Mesh


def test_types_hold_on_duckdb(built_northwind: Mesh) -> None:
    types = dict(
        built_northwind.query(
            "select column_name, data_type from information_schema.columns "
            "where table_name in ('stg_labs__lab_results', 'stg_claims__claims')"
        )
    )
    assert types["value_numeric"] == "DECIMAL(38,9)"
    assert types["resulted_at"] == "TIMESTAMP"
    assert types["landed_date"] == "DATE"
    assert types["diagnosis_codes"] == "VARCHAR[]"
    assert types["lab_result_id"] == "VARCHAR"


def test_offsets_of_landed_times_are_kept(
    render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path
) -> None:
    mesh = open_mesh(render(**CUSTOM, landing_format="csv"), tmp_path / "mesh")
    mesh.generate("--patients", "5", "--days", "1")
    newer = "'2026-02-01T12:00:00Z' as updated_at"
    plant(
        mesh,
        "labs/lab_results",
        f"'L1' as lab_result_id, '2026-01-31T23:30:00-05:00' as resulted_at, {newer}",
        name="offset",
    )
    # One key, one time of change, two contents.
    for name, code in (("one", "718-7"), ("other", "2345-7")):
        plant(mesh, "labs/lab_results", f"'L2' as lab_result_id, '{code}' as code, {newer}", name=name)
    mesh.dbt("run", "--select", "stg_labs__lab_results")
    rows = mesh.query(
        "select lab_result_id, resulted_at, landing_defects from labs__local.stg_labs__lab_results "
        "where lab_result_id in ('L1', 'L2') order by 1"
    )
    assert rows[0] == ["L1", "2026-02-01 04:30:00", None]
    assert rows[1][2] == "lab_result_id landed with different contents for one updated_at; "
    assert len(rows) == 2


def test_custom_domain_keeps_its_types(render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path) -> None:
    tables = {}
    for landing_format in ("parquet", "csv", "json"):
        mesh = open_mesh(render(**CUSTOM, landing_format=landing_format), tmp_path / landing_format)
        mesh.generate("--patients", "20")
        # No array at all: BigQuery stores an empty one, so DuckDB has to.
        plant(mesh, "genomics/variants", "999 as variant_number, cast(null as varchar[]) as genes")
        mesh.dbt("run", "--select", "stg_genomics__variants")
        genes = "select genes from genomics__local.stg_genomics__variants where variant_number = 999"
        assert mesh.query(genes) == [[[]]]
        tables[landing_format] = mesh.query("select * from genomics__local.stg_genomics__variants order by all")
        types = dict(
            mesh.query(
                "select column_name, data_type from information_schema.columns "
                "where table_name = 'stg_genomics__variants'"
            )
        )
        assert types["variant_number"] == "BIGINT"
        assert types["genes"] == "VARCHAR[]"
        assert types["position_in_genome"] == "STRUCT(chromosome VARCHAR, base BIGINT)"
    assert tables["parquet"]
    assert tables["parquet"] == tables["csv"] == tables["json"]
