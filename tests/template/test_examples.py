"""The committed examples are what the template renders, and their READMEs say what is so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.examples import EXAMPLES, MANIFEST, NAMES, RECORD, TREES, manifest, render_example
from tests.render import ROOT, copy_template, example_answers, files_of

QUESTIONS = yaml.safe_load((ROOT / "copier.yml").read_text())


def asked() -> list[str]:
    """The questions that copier asks, in their order."""
    return [
        name
        for name, question in QUESTIONS.items()
        if not name.startswith("_") and question.get("when", True) and question.get("ask", True)
    ]


def shape(answers: dict[str, Any]) -> str:
    """The numbers of an example, as its README gives them."""

    def counted(number: int, noun: str) -> str:
        return f"{number} {noun}{'' if number == 1 else 's'}"

    own = f" and {len(answers['custom_domains'])} of its own" if answers["custom_domains"] else ""
    domains = counted(len(answers["domains"]), "domain") + own
    others = [counted(len(answers[f"{noun}s"]), noun) for noun in ("environment", "region")]
    return ", ".join([domains, *others])


def listed(text: str) -> dict[str, str]:
    """Path -> digest of a manifest."""
    return {path: digest for digest, path in (line.split("  ", 1) for line in text.splitlines())}


def differing(kept: dict[str, Any], rendered: dict[str, Any]) -> list[str]:
    """Paths of which one of both has none, or another."""
    return sorted(path for path in kept.keys() | rendered.keys() if kept.get(path) != rendered.get(path))


def told(name: str, paths: list[str]) -> str:
    """What to do about paths that differ."""
    more = f" and {len(paths) - 20} more" if len(paths) > 20 else ""
    return f"{name} is not what the template renders, run `make examples`: {', '.join(paths[:20])}{more}"


def script(name: str) -> str:
    """The commands that an example's README gives."""
    return "".join(re.findall(r"(?s)```sh\n(.*?)```", (EXAMPLES / name / "README.md").read_text()))


@pytest.fixture(scope="module")
def render_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """render_once(name): an example, where its README puts it below a clone. Read only."""
    clone = tmp_path_factory.mktemp("clone")
    return cache(lambda name: render_example(name, clone / "build" / name))


@pytest.mark.parametrize("name", NAMES)
def test_example_equals_a_fresh_render(name: str, render_once: Callable[[str], Path]) -> None:
    fresh = render_once(name)
    if name in TREES:
        paths = differing(files_of(EXAMPLES / name / "mesh"), files_of(fresh))
    else:
        kept = (EXAMPLES / name / MANIFEST).read_text()
        paths = differing(listed(kept), listed(manifest(fresh)))
        assert paths or kept == manifest(fresh), "lines are doubled or out of order, run `make examples`"
    assert not paths, told(name, paths)
    # copier replaces an answer that is not allowed, in silence.
    recorded = yaml.safe_load((fresh / RECORD).read_text())
    assert {question: recorded[question] for question in asked()} == example_answers(name)


@pytest.mark.parametrize("name", NAMES)
def test_example_answers_every_question(name: str) -> None:
    """So that a new default changes no example unseen."""
    assert list(example_answers(name)) == asked()


@pytest.mark.parametrize("name", NAMES)
def test_example_is_kept_one_way(name: str) -> None:
    assert (EXAMPLES / name / "mesh").exists() == (name in TREES)
    assert (EXAMPLES / name / MANIFEST).exists() == (name not in TREES)


@pytest.mark.parametrize("name", NAMES)
def test_readme_says_what_is_so(name: str) -> None:
    answers, text = example_answers(name), (EXAMPLES / name / "README.md").read_text()
    assert text.startswith(f"# {answers['organization']}\n\n{shape(answers)}.\n")
    assert set(re.findall(r"examples/([\w-]+)/|build/([\w-]+)", text)) == {(name, ""), ("", name)}
    # What is particular: a version and each choice that is named.
    assert all(version == answers["airflow_version"] for version in re.findall(r"Airflow (\d\.\d+)", text))
    own = {domain["name"] for domain in answers["custom_domains"]}
    assert own <= set(re.findall(r"`(\w+)`", text))
    assert f"| [`{name}`](examples/{name}) | {shape(answers)} |" in (ROOT / "README.md").read_text()


def test_differences_are_named() -> None:
    kept = "1  a.yml\n2  b c.yml\n3  d.yml\n"
    assert differing(listed(kept), listed("1  a.yml\n0  b c.yml\n4  e.yml\n")) == ["b c.yml", "d.yml", "e.yml"]
    assert "make examples" in told("one", ["b c.yml"]) and "b c.yml" in told("one", ["b c.yml"])
    assert told("one", [f"{number}.yml" for number in range(22)]).endswith("19.yml and 2 more")


def test_readmes_give_the_same_commands() -> None:
    scripts = {name: script(name).replace(f"/{name}", "/<name>") for name in NAMES}
    copying, checking = next(scripts[name].splitlines() for name in NAMES if name not in TREES)
    for name in NAMES:
        assert scripts[name].splitlines() == ([copying] if name in TREES else [copying, checking])


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_sha256sum_checks_the_manifest(render_once: Callable[[str], Path], tmp_path: Path) -> None:
    shutil.copytree(render_once("minimal"), tmp_path / "build/minimal")
    shutil.copytree(EXAMPLES / "minimal", tmp_path / "examples/minimal")

    def check() -> subprocess.CompletedProcess[str]:
        command = ["bash", "-c", script("minimal").splitlines()[-1]]
        environment = os.environ | {"LC_ALL": "C"}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert (check().returncode, check().stdout) == (0, "")
    with (tmp_path / "build/minimal/README.md").open("a") as readme:
        readme.write("edited\n")
    assert (check().returncode, check().stdout) == (1, "README.md: FAILED\n")


def test_copy_from_a_clone(tmp_path: Path) -> None:
    """The command of the READMEs: stock copier on a git clone without tags, answers from a file, no trust."""
    clone = copy_template(tmp_path / "clone")
    shutil.copytree(EXAMPLES / "northwind", clone / "examples" / "northwind")
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@test.example"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "template"]):
        subprocess.run([*git, *command], cwd=clone, check=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["bash", "-euc", script("northwind")], cwd=clone, env=os.environ | {"PATH": path}, check=True)
    rendered, committed = files_of(clone / "build/northwind"), files_of(EXAMPLES / "northwind" / "mesh")
    for files in (rendered, committed):
        # What copier itself records: where the template came from.
        files[RECORD] = b"\n".join(
            line for line in files[RECORD].splitlines() if not line.startswith((b"_src_path", b"_commit"))
        )
    assert rendered == committed
