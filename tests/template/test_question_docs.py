"""docs/questions.md is what `make question-docs` writes, and says what copier does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.render import ROOT
from tests.template.question_docs import PAGE, UNKNOWN, asked, checks, default_answer, page, read, sections
from tests.update.questions import Questions


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Questions:
    """The questions, asked by copier itself."""
    return Questions(ROOT, tmp_path_factory.mktemp("questions"))


def test_page_is_what_the_command_writes() -> None:
    assert PAGE.read_text() == page(), "run `make question-docs`"


def test_every_question_stands_in_one_section() -> None:
    assert [name for _, names in sections() for name in names] == list(asked())
    assert re.findall(r"(?m)^### `(\w+)`$", PAGE.read_text()) == list(asked())


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)]+)\)", PAGE.read_text()):
        assert (Path(PAGE.parent) / link).exists(), link


def test_defaults_are_those_that_copier_takes(questions: Questions) -> None:
    taken = questions.answer({}).recorded
    assert taken is not None
    alone = {name: default_answer(asked()[name]) for name in asked() if not read(str(asked()[name]["default"]))}
    assert {name: taken[name] for name in alone} == alone
    own = questions.answer({"mesh_name": "own", "regions": ["eu-west-1"], "environments": ["test"]}).recorded
    assert own is not None
    for name in asked().keys() - alone.keys():
        text = str(default_answer(asked()[name])).replace("<mesh_name>", "own")
        text = text.replace("<first of regions>", "eu-west-1").replace("<each of environments>", "test")
        assert text == str(own[name])


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("organization", "a" * 81),
        ("mesh_name", "Mesh"),
        ("identity_domain", "nowhere"),
        ("environments", []),
        ("platform_ids", {"moon": {}}),
        ("custom_domains", [{"name": "labs", "columns": ["a"]}]),
        ("retention_days", 1),
    ],
)
def test_messages_are_those_of_copier(name: str, answer: object, questions: Questions) -> None:
    error = questions.answer({name: answer}).error
    patterns = [re.escape(message).replace(re.escape(UNKNOWN), ".+") for message in checks(name, asked()[name])]
    assert [pattern for pattern in patterns if re.search(pattern, error)], error
