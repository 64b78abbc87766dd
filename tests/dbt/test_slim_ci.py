"""A pull request builds what it changes, beside what is there, and reads the rest where it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mesh import Mesh


@pytest.fixture(scope="module")
def changed(
    built_custom: Mesh, open_mesh: Callable[[Path, Path], Mesh], tmp_path_factory: pytest.TempPathFactory
) -> Mesh:
    """A built mesh whose manifest is stored in `state`, and in which lab_turnaround was changed since."""
    mesh = open_mesh(built_custom.root, tmp_path_factory.mktemp("slim") / "mesh")
    # Where the landing data lies is part of a source's definition.
    mesh.dbt("parse")
    (mesh.root / "state").mkdir()
    shutil.copy(mesh.root / "dbt/target/manifest.json", mesh.root / "state")
    model = mesh.root / "dbt/models/marts/lab_turnaround/lab_turnaround.sql"
    model.write_text(model.read_text().replace("not in ('cancelled', ", "not in ('preliminary', 'cancelled', "))
    return mesh


SLIM = ("--select", "state:modified+", "--state", "../state")


def test_nothing_is_modified_by_the_clock(built_custom: Mesh, changed: Mesh) -> None:
    selected = changed.dbt("ls", "--quiet", *SLIM, "--resource-type", "model").stdout.split()
    assert selected == ["clinical_mesh.marts.lab_turnaround.lab_turnaround"]


def test_rehearsal_touches_nothing_that_others_read(changed: Mesh) -> None:
    everything = "select table_schema, table_name from information_schema.tables order by all"
    counts = "select count(*) from marts__local.lab_turnaround"
    before, rows = changed.query(everything), changed.query(counts)
    changed.dbt("build", *SLIM, "--defer", "--exclude-resource-type", "unit_test", "--vars", "{rehearsal: pr_42}")
    assert [table for table in changed.query(everything) if table not in before] == [
        ["dev__local", "pr_42__lab_turnaround"]
    ]
    assert changed.query(counts) == rows
    # It was built from the staging tables that are there, and differs as it should.
    preliminary = "select count(*) from {} where status = 'preliminary'"
    assert changed.query(preliminary.format("marts__local.lab_turnaround")) != [[0]]
    assert changed.query(preliminary.format("dev__local.pr_42__lab_turnaround")) == [[0]]
    assert changed.query("select count(*) > 0 from dev__local.pr_42__lab_turnaround") == [[True]]


def test_dropping_a_rehearsal_drops_nothing_else(changed: Mesh) -> None:
    everything = "select table_schema, table_name from information_schema.tables order by all"
    before = changed.query(everything)
    # The name of one may begin another's.
    made = [f"table dev__local.{name}__one" for name in ("pr_4", "pr_42", "pr_421")] + ["view dev__local.pr_42__two"]
    sql = ";".join(f"create or replace {relation} as select 1 as x" for relation in made)
    changed.python(
        "-c", "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(sys.argv[2])", str(changed.database), sql
    )
    changed.dbt("run-operation", "drop_rehearsal", "--vars", "{rehearsal: pr_42}")
    others = [["dev__local", "pr_421__one"], ["dev__local", "pr_4__one"]]
    left = [table for table in before if not table[1].startswith("pr_42__")]
    assert changed.query(everything) == sorted([*left, *others])


@pytest.mark.parametrize("name", ["", "pr-42", "PR_42", "%"])
def test_only_a_name_of_a_rehearsal_is_dropped(name: str, changed: Mesh) -> None:
    result = changed.dbt("run-operation", "drop_rehearsal", "--vars", f"{{rehearsal: '{name}'}}", check=False)
    assert result.returncode != 0
    assert "Name the rehearsal" in result.stdout
