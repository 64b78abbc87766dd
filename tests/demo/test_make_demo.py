"""`make demo` of a generated repository, on a machine that has nothing but Python and make."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Render
from tests.mesh import Mesh
from tests.render import example_answers


def test_make_demo_does_its_own_set_up(render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path) -> None:
    # The stand-in for dbt_utils that open_mesh lays in spares the call to dbt Hub, nothing else.
    mesh = open_mesh(render(**example_answers("minimal")), tmp_path / "mesh")
    result = subprocess.run(
        ["make", "demo", "ARGS=--patients 20"],
        cwd=mesh.root,
        env=os.environ | {"HOME": str(tmp_path / "home"), "PYTHONNOUSERSITE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert (mesh.root / ".venv").is_dir()
    assert mesh.database.exists()
    ((patients,),) = mesh.query("select count(*) from patients__local.stg_patients__patients")
    assert patients == 20
    # The summary tells where to go on.
    assert str(mesh.database) in result.stdout
    assert f"{mesh.root / 'demo' / 'console.html'}\n" in result.stdout
    assert "select" in result.stdout


def test_demo_of_a_payer(render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path) -> None:
    """No domain of a hospital, so none of what most others refer to; one of its own; CSV."""
    mesh = open_mesh(render(**example_answers("payer")), tmp_path / "mesh")
    mesh.demo("--patients", "20")
    assert set(mesh.results().values()) <= {"success", "pass", "no-op"}
    counts = {
        model: f"select count(*) from {domain}__local.stg_{domain}__{model}"
        for domain, model in (
            ("claims", "claims"),
            ("registrations", "coverages"),
            ("authorizations", "authorizations"),
        )
    }
    assert all(count > 0 for ((count,),) in mesh.queries(counts).values())


def test_make_help_lists_every_target(northwind: Path) -> None:
    listed = subprocess.run(["make", "help"], cwd=northwind, capture_output=True, text=True, check=True).stdout
    makefile = (northwind / "Makefile").read_text()
    for line in makefile.splitlines():
        # The others refuse what a target needs and did not get.
        if line.startswith(".PHONY:") and not line.endswith("-named"):
            assert f"  {line.removeprefix('.PHONY:').strip()} " in listed


def test_make_says_what_is_missing(northwind: Path, tmp_path: Path) -> None:
    result = subprocess.run(["make", "-n", "demo"], cwd=northwind, capture_output=True, text=True, check=True)
    assert "demo/run.py" in result.stdout
    result = subprocess.run(
        ["make", "demo", "PYTHON=no-such-python", f"VENV={tmp_path / 'venv'}"],
        cwd=northwind,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "Install Python 3.11 or newer" in result.stdout
