"""What it costs to run the statements of a mesh on the BigQuery emulator."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Cost, Ratio, run
from benchmarks.shapes import example_mesh
from tests.dbt.landing import land_until_today
from tests.dbt.warehouse import place_of, policy_tag_ids, profiles_for
from tests.engines.environments import ROOT, environment
from tests.mesh import Mesh

PATIENTS = 20
TARGET = "dev"
# The statements of tests are many and alike.
NODES = ("--resource-type", "model", "--resource-type", "seed")


def statements(*arguments: str | Path) -> list[str | Path]:
    """A command of benchmarks/statements.py."""
    return [environment("bigquery").python, "-P", "-m", "benchmarks.statements", *arguments]


def settings() -> dict[str, str]:
    """The environment in which it finds its modules."""
    return {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def built(mesh: Mesh, record: Path) -> tuple[Cost, int, dict[str, float]]:
    """Build models and seeds on the emulator: what its query jobs cost, how many they were, and the engine's part."""
    with subprocess.Popen(
        list(map(str, statements("serve", mesh.root, record))),
        env=os.environ | settings(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as emulator:
        assert emulator.stdout
        profiles = profiles_for(mesh, emulator.stdout.readline().strip())
        ids = policy_tag_ids(mesh, *place_of(mesh, TARGET))
        mesh.dbt("build", *NODES, "--target", TARGET, DBT_PROFILES_DIR=str(profiles), POLICY_TAG_IDS=json.dumps(ids))
        output, _ = emulator.communicate()
    *cost, number, spent = json.loads(output)
    return Cost(*cost), number, spent


def bench_emulator(scratch: Path) -> Sequence[Ratio]:
    """Every query job of a build of the full example's models by dbt-bigquery: the time of its thread in the emulator.

    The reference is the ZetaSQL analyzer in the same engine, asked once for each of the statements that the jobs had it
    analyze, with catalogues of the same tables, without rows.
    """
    mesh = example_mesh(scratch)
    land_until_today(mesh, PATIENTS)
    ours, number, spent = built(mesh, scratch / "record")
    *cost, analyzed = json.loads(run(statements("analyze", scratch / "record"), environment=settings()).stdout)
    theirs = Cost(*cost)
    return [
        Ratio(
            f"{number:,} statements of the full example's models on the BigQuery emulator",
            f"the ZetaSQL analyzer alone on the {analyzed:,} of them that differ",
            number / ours.cpu,
            number / theirs.cpu,
            "statements/s of CPU",
            0.5,
            (ours.memory, theirs.memory),
            more_is_better=True,
            distance=(
                f"Of {ours.cpu:.1f} s, {spent['Analyze']:.1f} s are that analysis and {spent['EvaluateQuery']:.1f} s"
                f" analyze queries once more and evaluate them; {spent['RegisterCatalog']:.1f} s hand tables to"
                f" the engine, and {ours.cpu - sum(spent.values()):.1f} s are Python's."
            ),
        )
    ]
