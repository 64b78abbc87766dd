"""The template as a whole: trust-free, deterministic, every name used and defined, no residue, legal paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta
import pytest
import yaml

from tests.conftest import Render
from tests.render import ROOT, example_answers, files_of
from tests.render import render as render_anew

QUESTIONS = yaml.safe_load((ROOT / "copier.yml").read_text())
ASKED = [name for name in QUESTIONS if not name.startswith("_")]
DELIMITERS = ("[=", "=]", "[~", "~]", "#~")

# Variables that copier itself gives, and that `yield` makes in path names.
GIVEN = {"_copier_conf", "_copier_answers", "UNSET"}
WINDOWS_FORBIDDEN = set('<>:"|?*\\')
WINDOWS_DEVICES = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")

SHAPES: dict[str, dict[str, Any]] = {
    "one domain": {"domains": ["labs"]},
    "without patients": {"domains": ["labs", "vitals", "claims"]},
    "custom domain alone of its kind": {
        "domains": ["patients"],
        "custom_domains": [
            {"name": "genomics", "columns": ["variant_id", {"name": "patient_id", "references": "patients"}]}
        ],
    },
    "csv": {"landing_format": "csv"},
    "json": {"landing_format": "json"},
    "one environment": {"environments": ["prod"]},
    "three environments": {"environments": ["dev", "staging", "prod"]},
    "three regions": {"regions": ["eu-west-1", "us-east-1", "ap-southeast-2"]},
    "dbt in pods": {"dbt_runner": "kubernetes_pod"},
    "dbt in Cloud Run": {"dbt_runner": "cloud_run_job", "airflow_version": "2.11"},
    "every feature": {"threat_detection": True, "service_perimeter": True, "replication": True},
    "no feature": {"threat_detection": False, "service_perimeter": False, "replication": False},
}


def jinja_environment() -> jinja2.Environment:
    """Jinja as copier.yml sets it, with `yield` read as a loop."""
    options = {name: value for name, value in QUESTIONS["_envops"].items() if name != "undefined"}
    return jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        **options,
    )


def template_sources() -> Iterator[tuple[str, str]]:
    """Path and content of everything that copier renders: files, and path names as sources of their own."""
    for path in sorted((ROOT / "template").rglob("*")):
        relative = path.relative_to(ROOT).as_posix()
        if path.is_file() and path.suffix == ".jinja":
            yield relative, path.read_text()
        name = path.name.replace(" yield ", " for ").replace("endyield", "endfor").replace(" from ", " in ")
        yield f"name of {relative}", name


def names_read(source: str) -> set[str]:
    """Variables that a source reads and does not set itself."""
    return jinja2.meta.find_undeclared_variables(jinja_environment().parse(source))


def yielded(path: str) -> set[str]:
    """Variables that the path names around a file make by `yield`."""
    return set(re.findall(r"yield (\w+) from", path))


def test_template_is_trust_free() -> None:
    for setting in ("_tasks", "_migrations", "_jinja_extensions", "_external_data"):
        assert setting not in QUESTIONS
    assert not list((ROOT / "extensions").rglob("*.py"))


def test_undefined_names_stop_the_render() -> None:
    assert QUESTIONS["_envops"]["undefined"] == "jinja2.StrictUndefined"


def test_every_name_is_defined() -> None:
    # A path part sees what the parts before it yielded; `mesh` and the questions are everywhere.
    for path, source in template_sources():
        unknown = names_read(source) - set(ASKED) - GIVEN - yielded(path)
        assert not unknown, f"{path} reads {unknown}"


def test_every_question_is_used() -> None:
    used = set()
    for _, source in template_sources():
        used |= names_read(source)
    for path in (ROOT / "extensions" / "model").glob("*.jinja"):
        used |= names_read(path.read_text())
    # answers_format numbers the answers; the structural defaults read it.
    assert set(ASKED) - used == {"answers_format"}
    assert "answers_format is defined" in (ROOT / "copier.yml").read_text()


def test_no_question_has_a_default_once_it_was_answered() -> None:
    for question in ASKED:
        if not (QUESTIONS[question].get("when", True) and QUESTIONS[question].get("ask", True)):
            continue
        assert "UNSET" in QUESTIONS[question]["default"], question
        assert "answers_format" in QUESTIONS[question]["default"], question
    assert ASKED[-1] == "answers_format", "it must be asked last, or it is defined too early"


def test_no_path_name_holds_a_condition() -> None:
    for path in (ROOT / "template").rglob("*"):
        assert not re.search(r"\[~ *if", path.name), f"{path}: conditional files belong into _exclude"


def test_raw_blocks_are_not_needed() -> None:
    for path, source in template_sources():
        assert "~ raw ~" not in source, path


@pytest.mark.parametrize("shape", SHAPES)
def test_rendered_repository_is_clean(shape: str, render: Render) -> None:
    files = files_of(render(**SHAPES[shape]))
    assert len(files) > 20
    folded: set[str] = set()
    for path, content in files.items():
        assert len(path) <= 180, path
        for part in Path(path).parts:
            assert not WINDOWS_FORBIDDEN & set(part), path
            assert not part.endswith((" ", ".")), path
            assert not WINDOWS_DEVICES.match(part), path
        assert path.lower() not in folded, f"{path} collides on a file system that ignores case"
        folded.add(path.lower())
        text = content.decode()
        for token in DELIMITERS:
            assert token not in text, f"{token} left in {path}"
        assert text.endswith("\n"), f"{path} does not end with a line break"
        assert not text.endswith("\n\n"), f"{path} ends with blank lines"
        assert "\n\n\n\n" not in text, f"{path} has a hole"
        assert not re.search(r"[ \t]+$", text, re.MULTILINE), f"{path} has blanks at the end of a line"


@pytest.mark.parametrize("shape", SHAPES)
def test_rendered_yaml_loads(shape: str, render: Render) -> None:
    root = render(**SHAPES[shape])
    for path in [*root.rglob("*.yml"), *root.rglob("*.yaml")]:
        yaml.safe_load(path.read_text())


def test_rendering_twice_gives_identical_bytes(template: Path, northwind: Path, tmp_path: Path) -> None:
    again = render_anew(template, tmp_path / "elsewhere" / "other-name", example_answers("northwind"))
    assert files_of(again) == files_of(northwind)


def test_order_of_domains_and_environments_does_not_matter(render: Render) -> None:
    one = files_of(render(domains=["labs", "vitals"], environments=["dev", "prod"]))
    other = files_of(render(domains=["vitals", "labs"], environments=["prod", "dev"]))
    for files in (one, other):
        del files[".copier-answers.yml"]
    assert one == other


def test_a_choice_named_twice_counts_once(render: Render) -> None:
    answers = yaml.safe_load((render(domains=["labs", "labs"]) / ".copier-answers.yml").read_text())
    assert answers["domains"] == ["labs"]


def test_home_region_has_the_short_targets(render: Render) -> None:
    root = render(regions=["us-east-1", "eu-west-1"], home_region="eu-west-1")
    profiles = yaml.safe_load((root / "dbt/profiles.yml").read_text())
    outputs = profiles["clinical_mesh"]["outputs"]
    assert outputs["dev"]["location"] == "europe-west1"
    assert outputs["dev_us_east_1"]["location"] == "us-east4"


def test_ids_of_a_new_environment_get_placeholders(render: Render) -> None:
    ids = {"dev": {"gcp_project": "acme-dev-1234", "aws_account": "111111111111"}}
    profiles = (render(environments=["dev", "prod"], platform_ids=ids) / "dbt/profiles.yml").read_text()
    assert "project: acme-dev-1234" in profiles
    assert "project: northwind-prod" in profiles


def test_recorded_answers_render_the_same_again(template: Path, render: Render, tmp_path: Path) -> None:
    columns = ["variant_id", {"name": "patient_id", "type": "string", "completeness": 0.5}]
    first = render(domains=["labs"], custom_domains=[{"name": "genomics", "title": "Genomics", "columns": columns}])
    recorded = yaml.safe_load((first / ".copier-answers.yml").read_text())
    answers = {name: value for name, value in recorded.items() if not name.startswith("_")}
    again = render_anew(template, tmp_path / "again", answers)
    assert files_of(again) == files_of(first)


@pytest.mark.parametrize("shape", SHAPES)
def test_no_folder_is_empty(shape: str, render: Render) -> None:
    folders = [path for path in render(**SHAPES[shape]).rglob("*") if path.is_dir()]
    assert [folder for folder in folders if not any(folder.iterdir())] == []


def test_dbt_brings_what_its_runner_needs_and_nothing_else(render: Render) -> None:
    """What runs on workers is a script and its requirements; an image is made from a folder of its own."""
    found = {}
    for runner in ("virtualenv", "kubernetes_pod", "cloud_run_job"):
        folder = render(domains=["labs"], dbt_runner=runner) / "orchestration/composer"
        files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        found[runner] = {path for path in files if path.startswith("image/") or "/dbt" in path}
    everywhere = {f"dags/clinical_mesh/dbt_{name}.py" for name in ("arguments", "tasks")}
    everywhere.add("dags/dbt_orchestration_dag.py")
    image = {f"image/{name}" for name in ("Dockerfile", "Dockerfile.dockerignore", "dbt_requirements.txt")}
    assert found["virtualenv"] - everywhere == {
        f"dags/clinical_mesh/dbt{name}" for name in (".sh", "_requirements.txt")
    }
    assert found["kubernetes_pod"] - everywhere == found["cloud_run_job"] - everywhere == image


def test_subnets_of_jobs_stay_when_regions_come(render: Render) -> None:
    def ranges(*regions: str) -> dict[str, str]:
        root = render(domains=["labs"], regions=list(regions), home_region="eu-west-1", dbt_runner="cloud_run_job")
        cells = (root / "infra/terraform/envs/prod").glob("cell_*.tf")
        return {cell.stem: re.findall(r'subnet_range +=  *"(.*)"', cell.read_text())[0] for cell in cells}

    few, many = ranges("eu-west-1", "eu-central-1"), ranges("us-east-1", "eu-west-1", "ap-southeast-2", "eu-central-1")
    assert few.items() <= many.items()
    assert len(set(many.values())) == len(many)


def test_mart_without_its_inputs_is_not_rendered(render: Render) -> None:
    of_patients = {"patient_360", "patient_360_policy_tag"}
    for domains, marts in ((["vitals"], set()), (["patients"], of_patients), (["labs"], {"lab_turnaround"})):
        folder = render(domains=domains) / "dbt/models/marts"
        assert {path.name for path in folder.iterdir() if path.is_dir()} == marts
