"""Python environments that the parts of a generated repository run in, each made once and kept between runs.

Their pins conflict, so each has its own. A changed pin makes a new environment; nothing is ever upgraded in place.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".environments"
INSTALL = ("pip", "install", "--quiet")
# What runs in them writes no bytecode beside the files of tests. That of what is installed is kept all the same, once
# it is imported: to compile dbt anew takes longer than to start it, and to compile all that comes with Airflow, most of
# which is never imported, takes a minute.
KEEP_BYTECODE = """
import sys
from importlib.machinery import SourceFileLoader

compiled = SourceFileLoader.get_code


def get_code(loader, name):
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = before and not loader.path.startswith(sys.prefix)
    try:
        return compiled(loader, name)
    finally:
        sys.dont_write_bytecode = before


SourceFileLoader.get_code = get_code
"""


@dataclass(frozen=True)
class Recipe:
    """The dependency groups (file:group) of an environment, and the constraints that pin them.

    hashed: the constraints name the hash of every file too, and nothing else is installed.
    locks: requirements with hashes, installed whole.
    """

    groups: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    hashed: bool = False
    locks: tuple[str, ...] = ()


# What the template ships for each line of Airflow.
AIRFLOW_LOCKS = {
    line: (f"extensions/airflow/requirements-{line}.txt", f"extensions/airflow/requirements-dev-{line}.txt")
    for line in sorted(path.stem.removeprefix("requirements-") for path in ROOT.glob("extensions/airflow/*-[0-9]*.in"))
}
# What the generated repository ships is installed from there, so that the tests prove the users' pins.
RECIPES = {
    "dbt": Recipe(
        groups=(
            "template/pyproject.toml:laptop",
            "template/pyproject.toml:warehouse",
            "template/pyproject.toml:lint",
            "template/pyproject.toml:site",
        ),
        constraints=(
            "template/constraints/dbt.txt",
            "template/constraints/delivery.txt",
            "template/constraints/site.txt",
        ),
    ),
    "checkov": Recipe(groups=("template/pyproject.toml:checkov",), constraints=("template/constraints/checkov.txt",)),
    "terraform": Recipe(groups=("pyproject.toml:terraform",), constraints=("tests/environments/terraform.txt",)),
    "google_provider": Recipe(
        groups=("pyproject.toml:google_provider",), constraints=("tests/environments/google_provider.txt",)
    ),
    "dbt_v2": Recipe(groups=("pyproject.toml:dbt_v2",), constraints=("tests/environments/dbt_v2.txt",)),
    "plot": Recipe(groups=("pyproject.toml:plot",), constraints=("tests/environments/plot.txt",)),
    "bigquery": Recipe(
        groups=("pyproject.toml:bigquery",), constraints=("tests/environments/bigquery.txt",), hashed=True
    ),
    **{f"airflow-{line}": Recipe(locks=locks) for line, locks in AIRFLOW_LOCKS.items()},
    "contracts": Recipe(
        groups=("template/pyproject.toml:contracts",), constraints=("template/constraints/contracts.txt",)
    ),
    "delivery": Recipe(
        groups=("template/pyproject.toml:security",), constraints=("template/constraints/delivery.txt",)
    ),
}


@dataclass(frozen=True)
class Environment:
    """An installed environment."""

    directory: Path

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.directory / "bin" / "python"

    def executable(self, name: str) -> Path:
        """A console script of the environment."""
        return self.directory / "bin" / name

    def run(
        self,
        command: Sequence[str | Path],
        cwd: Path,
        variables: Mapping[str, str] | None = None,
        check: bool = True,
        input: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a console script (its name first) in `cwd`, `input` its standard input, output captured.

        Raises AssertionError with the output when `check` and the command fails.
        """
        name, *arguments = map(str, command)
        result = subprocess.run(
            [str(self.executable(name)), *arguments],
            cwd=cwd,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | dict(variables or {}),
            input=input,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and result.returncode != 0:
            raise AssertionError(f"{name} {' '.join(arguments)}\n{result.stdout}\n{result.stderr}")
        return result


def environment(name: str) -> Environment:
    """The environment of that name, installed if it is not yet there (from the package registry)."""
    recipe = RECIPES[name]
    files = sorted({*recipe.constraints, *recipe.locks, *(group.rpartition(":")[0] for group in recipe.groups)})
    inputs = [*recipe.groups, *INSTALL, KEEP_BYTECODE, sys.version, *((ROOT / file).read_text() for file in files)]
    digest = hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:12]
    directory = CACHE / f"{name}-{digest}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "installed").exists():
            print(f"Installing the environment {name} ...", file=sys.__stderr__)
            shutil.rmtree(directory, ignore_errors=True)
            uv("venv", "--quiet", "--python", sys.executable, str(directory))
            arguments = [argument for group in recipe.groups for argument in ("--group", group)]
            arguments += [argument for file in recipe.constraints for argument in ("--constraint", file)]
            arguments += [argument for file in recipe.locks for argument in ("--requirement", file)]
            hashes = ("--require-hashes",) if recipe.hashed or recipe.locks else ()
            uv(*INSTALL, "--python", str(directory), *hashes, *arguments)
            (packages,) = directory.glob("lib/python*/site-packages")
            (packages / "keep_bytecode.py").write_text(KEEP_BYTECODE.lstrip())
            (packages / "keep_bytecode.pth").write_text("import keep_bytecode\n")
            (directory / "installed").touch()
    return Environment(directory)


def uv(*arguments: str) -> None:
    """Run the uv of the environment that the tests run in."""
    subprocess.run([Path(sys.executable).with_name("uv"), *arguments], cwd=ROOT, check=True)
