"""Workflows of a rendered repository, read as GitHub reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Step = dict[str, Any]

SECRET = re.compile(r"\bsecrets\.(\w+)")
VARIABLE = re.compile(r"\bvars\.(\w+)")
USES = re.compile(r"^\s*(?:- )?uses: (?P<name>[^@\s]+)@(?P<sha>\S+)(?: # (?P<version>\S+))?\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Job:
    """A job with the workflow that it stands in."""

    workflow: str
    name: str
    body: dict[str, Any]
    events: dict[str, Any]

    @property
    def environment(self) -> str | None:
        """The GitHub environment that it runs in."""
        value: str | None = self.body.get("environment")
        return value

    @property
    def steps(self) -> list[Step]:
        """Its steps."""
        steps: list[Step] = self.body["steps"]
        return steps

    @property
    def secrets(self) -> set[str]:
        """The secrets that it reads."""
        return set(SECRET.findall(str(self.body)))

    @property
    def has_identity(self) -> bool:
        """Whether it can prove to others what it is."""
        return bool(self.body["permissions"].get("id-token") == "write")


def workflow_files(root: Path) -> list[Path]:
    """The workflows of a repository."""
    return sorted((root / ".github" / "workflows").glob("*.yml"))


def read(path: Path) -> dict[str, Any]:
    """A workflow; YAML 1.1 reads its key `on` as true."""
    document: dict[Any, Any] = yaml.safe_load(path.read_text())
    return {"on" if key is True else key: value for key, value in document.items()}


def jobs(root: Path) -> Iterator[Job]:
    """Every job of a repository."""
    for path in workflow_files(root):
        workflow = read(path)
        for name, body in workflow["jobs"].items():
            yield Job(path.name, name, body, dict.fromkeys(workflow["on"]) | dict(workflow["on"]))


def scripts(root: Path) -> Iterator[tuple[str, str]]:
    """Where it stands, and the text, of every `run:` block."""
    for job in jobs(root):
        for step in job.steps:
            if "run" in step:
                yield f"{job.workflow} {job.name}: {step['name']}", step["run"]


def uses(root: Path) -> Iterator[tuple[str, str, str, str | None]]:
    """File, action, commit and the version in the comment of every action that is used."""
    for path in workflow_files(root):
        for match in USES.finditer(path.read_text()):
            yield path.name, match["name"], match["sha"], match["version"]
