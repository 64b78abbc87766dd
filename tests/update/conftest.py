"""What the tests of updates share: the releases as a repository, and organizations that were made from them."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import copier._template
import pytest
import yaml
from copier._vcs import clone
from plumbum import local

from tests.engines.environments import Environment
from tests.engines.terraform import terraform
from tests.update.history import POLICIES, History, history
from tests.update.organization import Organization
from tests.update.small_template import SmallOrganization, small_template
from tests.workflows.repository import ENVIRONMENT

# What git need not do for repositories that live as long as a test.
GIT_SETTINGS = {"core.looseCompression": "0", "core.fsync": "none", "gc.auto": "0", "maintenance.auto": "false"}


@pytest.fixture(autouse=True, scope="session")
def git_of_the_tests() -> Iterator[None]:
    """Nothing of whoever runs the tests. copier runs git through plumbum, which keeps an environment of its own."""
    own = {name: value for name, value in ENVIRONMENT.items() if name.startswith("GIT_")}
    own["GIT_CONFIG_COUNT"] = str(len(GIT_SETTINGS))
    for number, (name, value) in enumerate(GIT_SETTINGS.items()):
        own |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    before: dict[str, str | None] = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    with local.env(**own):
        yield
    for name, old in before.items():
        os.environ.pop(name) if old is None else os.environ.update({name: old})


@dataclass
class Releases:
    """The releases, and repositories rendered from them, each once. Those are read only."""

    history: History
    folder: Path
    rendered: dict[str, Path] = field(default_factory=dict)
    count: Iterator[int] = field(default_factory=itertools.count)

    def fresh(self, version: str, answers: dict[str, Any]) -> Path:
        """A repository as `copier copy` makes it."""
        key = json.dumps([version, answers], sort_keys=True)
        if key not in self.rendered:
            root = self.folder / f"fresh-{len(self.rendered)}"
            self.rendered[key] = Organization.start(root, self.history.root, version, answers).root
        return self.rendered[key]

    def organization(self, version: str, answers: dict[str, Any]) -> Organization:
        """An organization of one's own, committed. In the folder of the releases, since a test may make many."""
        mesh = Organization.start(self.folder / f"organization-{next(self.count)}", self.history.root, version, answers)
        mesh.commit()
        return mesh

    def known_to(self, version: str, answers: dict[str, Any]) -> dict[str, Any]:
        """The answers to questions that a release asks."""
        questions = yaml.safe_load((self.folder / version / "copier.yml").read_text())
        return {name: value for name, value in answers.items() if name in questions}


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    """Every recorded release, and what is here.

    copier clones the template five times in an update, which is half of its time: each of these releases is cloned
    once.
    """
    folder = tmp_path_factory.mktemp("releases")
    made = Releases(history(folder, POLICIES), folder)
    clones: dict[str, str] = {}

    def once(url: str, ref: str = "HEAD", location: str | None = None) -> str:
        if url != str(made.history.root) or not ref.startswith("v"):
            return clone(url, ref, location)
        if ref not in clones:
            clones[ref] = clone(url, ref, str(folder / f"clone-{ref}"))
        return clones[ref]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copier._template, "clone", once)
        yield made


@pytest.fixture(scope="session")
def formatted(dbt_environment: Environment) -> Callable[[Path], None]:
    """formatted(root): run the formatters of a repository over it."""

    def ran(root: Path) -> None:
        for command in (["check", "--fix", "--no-cache"], ["format", "--no-cache"]):
            dbt_environment.run(["ruff", *command, "."], cwd=root)
        terraform().run(root, "fmt", "-recursive", "infra/terraform")

    return ran


@pytest.fixture
def small_organization(tmp_path: Path) -> SmallOrganization:
    """A template of two releases, and a repository made from the first."""
    return small_template(tmp_path)
