"""How fast dbt builds the example on DuckDB, the first time and day by day."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.landing import PATIENTS
from benchmarks.measure import Cost, Ratio, cost_of, least, run
from benchmarks.shapes import example_mesh
from tests.dbt.landing import land_history
from tests.mesh import Mesh

# Days of history before the day that is loaded, and patients of whom data land on each day.
HISTORIES = (5, 500)
PATIENTS_A_DAY = 200
DOMAINS = ("patients", "encounters", "labs", "vitals")
STAGING = ("--select", "path:models/staging")
DAY_BEFORE, DAY, DAY_AFTER = "2026-01-04", "2026-01-05", "2026-01-06"
# Runs files of SQL, one after another, in one connection to a database.
EXECUTE = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("set TimeZone = 'UTC'")
for file in sys.argv[2:]:
    connection.execute(open(file).read()).fetchall()
"""


@dataclass(frozen=True)
class Warehouse:
    """A DuckDB database that dbt builds from a landing zone, in a folder of its own."""

    mesh: Mesh
    folder: Path

    @property
    def landing(self) -> Path:
        """The landing zone."""
        return self.folder / "landing"

    @property
    def database(self) -> Path:
        """The database."""
        return self.folder / "mesh.duckdb"

    @property
    def target(self) -> Path:
        """What dbt leaves behind."""
        return self.folder / "target"

    def land(self, patients: int, *arguments: str) -> int:
        """Make landing data; the number of rows."""
        output = ("--output", str(self.landing))
        return int(self.mesh.generate("--patients", str(patients), *output, *arguments).stdout.split()[0])

    def dbt(self, *arguments: str) -> None:
        """Run dbt as demo/run.py does, but for what is built and where."""
        settings = {
            "LANDING_ROOT": str(self.landing),
            "MESH_DUCKDB": str(self.database),
            "DBT_PROFILES_DIR": str(self.mesh.root / "dbt"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_TARGET_PATH": str(self.target),
            "DBT_LOG_PATH": str(self.target),
        }
        options = ("--target", "local", "--log-format", "json", "--no-use-colors")
        run([self.mesh.environment.executable("dbt"), *arguments, *options], self.mesh.root / "dbt", settings)

    def statements(self, folder: Path) -> list[Path]:
        """Files with the SQL of the last build's models and data tests as dbt ran it, in the order in which it did.

        A mart bears its name at once: dbt makes it under another one, and then gives it that.
        """
        results = json.loads((self.target / "run_results.json").read_text())["results"]
        nodes = json.loads((self.target / "manifest.json").read_text())["nodes"]
        ran = sorted(
            (result["timing"][-1]["started_at"], result["unique_id"])
            for result in results
            if result["unique_id"].startswith(("model.", "test."))
        )
        schemas = sorted({nodes[name]["schema"] for _, name in ran if name.startswith("model.")})
        texts = [f"create schema if not exists {schema}" for schema in schemas]
        for _, name in ran:
            path = nodes[name]["compiled_path"].rpartition("/compiled/")[2]
            texts.append((self.target / "run" / path).read_text().replace("__dbt_tmp", ""))
        folder.mkdir()
        files = [folder / f"{place:04}.sql" for place in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text)
        return files


def bench_demo(scratch: Path) -> Sequence[Ratio]:
    """`dbt build` of the full example on its demo's landing data, beyond what the same costs with one patient.

    That is dbt's start: it parses, compiles and runs as many nodes, seeds and unit tests among them. The reference is
    the SQL of that build's models and data tests, as dbt ran it, in one connection of DuckDB with as many threads.
    """
    mesh = example_mesh(scratch)
    large, small, plain = (Warehouse(mesh, scratch / name) for name in ("large", "small", "plain"))
    landed = large.land(PATIENTS)
    small.land(1)
    start = cost_of(partial(small.dbt, "build"))
    whole = cost_of(partial(large.dbt, "build"))
    beyond = whole.beyond(start)
    # Marts and tests read the code systems.
    plain.folder.mkdir()
    plain.dbt("build", "--select", "path:seeds", "--indirect-selection", "empty")
    statements = large.statements(scratch / "statements")
    reference = cost_of(partial(run, [mesh.environment.python, "-c", EXECUTE, plain.database, *statements]))
    return [
        Ratio(
            f"demo build of {landed:,} landed rows, beyond the {start.cpu:.0f} s of CPU of dbt's start",
            "its SQL run straight in DuckDB",
            beyond.cpu,
            reference.cpu,
            "s of CPU",
            2,
            (whole.memory, reference.memory),
        ),
        Ratio(
            f"the same by the clock, beyond the {start.wall:.0f} s of dbt's start",
            "its SQL run straight in DuckDB",
            beyond.wall,
            reference.wall,
            "s",
            2,
        ),
    ]


@dataclass(frozen=True)
class History:
    """A warehouse that holds some days, and the landing data of the day after them."""

    warehouse: Warehouse
    days: int

    @property
    def loaded(self) -> Path:
        """The database before the day."""
        return self.warehouse.folder / "history.duckdb"

    def build(self, **variables: str) -> None:
        """Build the staging models of the days that landed between these, and test what is new in them."""
        self.warehouse.dbt("build", *STAGING, "--indirect-selection", "cautious", "--vars", json.dumps(variables))

    def land(self) -> list[Path]:
        """Land all days and load all but the last; the files that a load of that day reads.

        All others are emptied: a run that opens one fails. The first of all it reads for its columns.
        """
        landing = self.warehouse.landing
        self.warehouse.land(PATIENTS_A_DAY, "--days", "1", "--first-day", DAY)
        land_history(self.warehouse.mesh, 1, self.days + 1, corrected=True, landing=landing)
        self.warehouse.dbt("run", *STAGING, "--vars", json.dumps({"landed_to": DAY_BEFORE}))
        self.warehouse.database.rename(self.loaded)
        read = []
        for entity in landing.glob("*/*"):
            first, *others, last = sorted(entity.glob("*/*.parquet"))
            for file in others:
                file.write_bytes(b"")
            read += [first, last]
        return read

    def load(self, day: str) -> Cost:
        """What it costs to load a day and to test it. dbt has parsed nothing before."""

        def begin() -> None:
            shutil.rmtree(self.warehouse.target)
            shutil.copy(self.loaded, self.warehouse.database)

        return cost_of(partial(self.build, landed_from=day, landed_to=day), begin)


def bench_daily(scratch: Path) -> Sequence[Ratio]:
    """`dbt build` of the staging models of four domains for one day, tests included, after 5 and 500 days of history.

    Every day brings as much; a tenth of the records of the day before it have changed. dbt's start is the same for a
    day on which nothing landed. Marts are not in it: they are made anew from the whole history.
    """
    mesh = example_mesh(scratch, domains=list(DOMAINS))
    short, long = (History(Warehouse(mesh, scratch / str(days)), days) for days in HISTORIES)
    read_after_short, read_after_long = short.land(), long.land()
    after_short, after_long, start = least(
        partial(short.load, DAY), partial(long.load, DAY), partial(short.load, DAY_AFTER), times=2
    )
    name, reference = f"a daily load after {long.days} days", f"after {short.days} days"
    return [
        Ratio(
            f"landing data that {name} reads, in {len(read_after_long)} files",
            f"{reference}, in {len(read_after_short)} files",
            sum(file.stat().st_size for file in read_after_long),
            sum(file.stat().st_size for file in read_after_short),
            "bytes",
            1.02,
        ),
        Ratio(
            name,
            reference,
            after_long.cpu,
            after_short.cpu,
            "s of CPU",
            1.2,
            (after_long.memory, after_short.memory),
            distance=f"dbt's start is {start.cpu:.1f} s of both. Beyond it, keys and times of the whole history are "
            "read, to leave out what is older than stored, and to merge.",
        ),
    ]
