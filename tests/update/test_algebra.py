"""An update is the same as to begin anew: for each release and each change of the answers, whatever the way there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from tests.conftest import Figure
from tests.render import files_of
from tests.update.conftest import Releases
from tests.update.history import next_version, recorded
from tests.update.organization import ANSWERS
from tests.update.samples import SAMPLED, shapes

HERE = next_version()
SMALL: dict[str, Any] = {"mesh_name": "contoso", "domains": ["labs", "vitals"], "environments": ["dev"]}


@pytest.mark.parametrize("version", recorded())
def test_update_from_a_release_equals_a_fresh_copy(version: str, releases: Releases, figure: Figure) -> None:
    updated = []

    @settings(SAMPLED, max_examples=3)
    @given(shapes())
    def check(answers: dict[str, Any]) -> None:
        mesh = releases.organization(version, releases.known_to(version, answers))
        mesh.update(HERE)
        assert mesh.marked() == mesh.unmerged() == set()
        # Else nothing was updated.
        assert mesh.changes()
        assert mesh.files() == files_of(releases.fresh(HERE, answers))
        mesh.commit()
        mesh.update(HERE)
        assert mesh.changes() == []
        updated.append(mesh)

    check()
    figure("updated_shapes", len(updated))


def test_changed_answers_equal_a_fresh_copy_and_lead_back(releases: Releases, figure: Figure) -> None:
    walked = []

    @settings(SAMPLED, max_examples=4)
    @given(shapes(), shapes())
    def check(here: dict[str, Any], there: dict[str, Any]) -> None:
        mesh = releases.organization(HERE, here)
        begun = mesh.files()
        for answers in (there, here):
            mesh.update(**answers)
            assert mesh.marked() == mesh.unmerged() == set()
            assert bool(mesh.changes()) is (here != there)
            assert mesh.files() == files_of(releases.fresh(HERE, answers))
            mesh.commit()
        assert mesh.files() == begun
        walked.append(mesh)

    check()
    figure("changed_shapes", len(walked))


def test_the_way_does_not_matter(releases: Releases) -> None:
    """Two changes at once, one after the other, and the other way round."""
    added: dict[str, Any] = {"domains": ["labs", "patients", "vitals"]}
    region: dict[str, Any] = {"regions": ["us-east-1", "eu-west-1"]}
    ends = []
    for steps in ([added | region], [added, region], [region, added]):
        mesh = releases.organization(HERE, SMALL)
        for step in steps:
            mesh.update(**step)
            mesh.commit()
        ends.append(mesh.files())
    assert ends[0] == ends[1] == ends[2]
    assert ends[0] != files_of(releases.fresh(HERE, SMALL))


def test_order_of_an_answer_does_not_matter(releases: Releases) -> None:
    mesh = releases.organization(HERE, SMALL)
    mesh.update(domains=list(reversed(SMALL["domains"])))
    assert mesh.changes() == []


def test_update_in_a_tree_that_its_formatters_ran_over(releases: Releases, formatted: Callable[[Path], None]) -> None:
    """Rendered files are what their formatters make of them, so that an organization may run them at any time."""
    mesh = releases.organization(list(recorded())[-1], SMALL)
    formatted(mesh.root)
    mesh.commit()
    mesh.update(HERE)
    formatted(mesh.root)
    assert mesh.marked() == set()
    assert mesh.files() == files_of(releases.fresh(HERE, SMALL))


def test_question_that_is_new_has_a_default_for_whoever_could_not_answer_it(releases: Releases) -> None:
    first = next(iter(recorded()))
    mesh = releases.organization(first, SMALL)
    before = yaml.safe_load((mesh.root / ANSWERS).read_text())
    mesh.update(HERE)
    after = yaml.safe_load((mesh.root / ANSWERS).read_text())
    assert (before["_commit"], after["_commit"]) == (f"v{first}", f"v{HERE}")
    assert "code_scanning" not in before
    assert after["code_scanning"] is False
    # From now on, none of them has one.
    assert (before["answers_format"], after["answers_format"]) == (1, 2)
    kept = before.keys() - {"_commit", "answers_format"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
