"""delivery/shape.py: one command for each change of shape. On a template that renders what it looks at, and no more."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.render import copy_template
from tests.update.history import History, reduced
from tests.update.organization import ANSWERS, Organization

SHAPE: dict[str, Any] = {
    "mesh_name": "contoso",
    "domains": ["labs", "patients", "vitals"],
    "environments": ["dev", "prod"],
    "regions": ["us-east-1", "eu-west-1"],
    "home_region": "us-east-1",
    "platform_ids": {
        "dev": {"gcp_project": "contoso-dev-1", "aws_account": "111111111111"},
        "prod": {"gcp_project": "contoso-prod-1", "aws_account": "222222222222"},
    },
    "custom_domains": [{"name": "genomics", "columns": ["variant_id"]}],
}
LABS = "docs/domains/labs.md"
RETIRED = "contracts/retired/labs.odcs.yaml"
REMOVED = "infra/terraform/envs/{}/removed_eu_west_1.tf"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Organization:
    """A mesh of three domains and one of its own, two environments and two regions. Read only."""
    folder = tmp_path_factory.mktemp("begun")
    history = History(folder / "history")
    kept = (".gitignore", "contracts", "delivery", "docs/domains", "infra/terraform/envs")
    history.release("1.0.0", reduced(copy_template(folder / "template"), *kept))
    mesh = Organization.start(folder / "mesh", history.root, "1.0.0", SHAPE)
    mesh.commit()
    return mesh


@pytest.fixture
def mesh(begun: Organization, tmp_path: Path) -> Organization:
    """A copy of it."""
    return Organization(shutil.copytree(begun.root, tmp_path / "mesh"))


def shape(mesh: Organization, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the program, and see that it ends as it should."""
    command = [sys.executable, "delivery/shape.py", *arguments]
    # What Python compiles would lie beside what the program writes.
    settings = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(command, cwd=mesh.root, env=settings, capture_output=True, text=True, check=False)
    assert result.returncode == status, result.stdout + result.stderr
    return result


def answers(mesh: Organization) -> dict[str, Any]:
    """The recorded answers."""
    recorded: dict[str, Any] = yaml.safe_load((mesh.root / ANSWERS).read_text())
    return recorded


def test_domain_goes_and_comes_back(mesh: Organization) -> None:
    begun = mesh.files()
    (mesh.root / LABS).write_text("Call the laboratory.\n")
    mesh.commit()
    result = shape(mesh, "drop", "domain", "labs")
    assert answers(mesh)["domains"] == ["patients", "vitals"]
    assert not (mesh.root / "contracts/labs.odcs.yaml").exists()
    retired, contract = (mesh.root / RETIRED).read_bytes(), begun["contracts/labs.odcs.yaml"]
    assert retired == contract.replace(b"status: active", b"status: retired", 1)
    # The template has the page no longer, but it is its owner's.
    assert f"yours, kept although the template has them no longer: 1\n  {LABS}" in result.stdout
    assert (mesh.root / LABS).read_text() == "Call the laboratory.\n"
    mesh.commit()
    result = shape(mesh, "add", "domain", "labs")
    assert f"git show HEAD:{RETIRED}" in result.stderr
    assert mesh.files() == begun | {LABS: b"Call the laboratory.\n"}


def test_contract_is_retired_as_it_was_edited(mesh: Organization) -> None:
    """The file that goes is no lost edit, others are."""
    path = mesh.root / "contracts/labs.odcs.yaml"
    path.write_text(path.read_text().replace("status: active", "status: deprecated") + "# ours\n")
    mesh.commit()
    shape(mesh, "drop", "domain", "labs")
    retired = (mesh.root / RETIRED).read_text()
    assert "\nstatus: retired\n" in retired
    assert retired.endswith("# ours\n")
    mesh.commit()

    (mesh.root / "contracts/vitals.odcs.yaml").write_text("ours\n")
    mesh.commit()
    result = shape(mesh, "set", "domains=[patients]", status=1)
    assert "DELETED ALTHOUGH YOU EDITED THEM: 1\n  contracts/vitals.odcs.yaml" in result.stdout
    assert "git checkout HEAD -- <file>" in result.stderr


def test_domain_of_one_s_own_comes_changes_and_goes(mesh: Organization, tmp_path: Path) -> None:
    begun = mesh.files()
    file = tmp_path / "sleep.yml"
    file.write_text("name: sleep\ncolumns: [night_id]\n")
    shape(mesh, "add", "domain", "--file", str(file))
    assert "night_id" in (mesh.root / "contracts/sleep.odcs.yaml").read_text()
    mesh.commit()
    file.write_text("- name: sleep\n  columns: [night_id, {name: started_at, type: timestamp}]\n")
    shape(mesh, "add", "domain", "--file", str(file))
    assert "started_at" in (mesh.root / "contracts/sleep.odcs.yaml").read_text()
    assert [domain["name"] for domain in answers(mesh)["custom_domains"]] == ["genomics", "sleep"]
    mesh.commit()
    # It was never applied, so nothing is kept.
    shape(mesh, "drop", "domain", "sleep", "--unapplied")
    assert mesh.files() == begun


def test_environment_comes_and_goes(mesh: Organization) -> None:
    begun = mesh.files()
    ids = ["--gcp-project", "contoso-test-1", "--aws-account", "333333333333"]
    shape(mesh, "add", "environment", "test", *ids)
    assert 'aws_account_id = "333333333333"' in (mesh.root / "infra/terraform/envs/test/terraform.tfvars").read_text()
    mesh.commit()
    result = shape(mesh, "drop", "environment", "test")
    assert "infra/terraform/envs/test/main.tf" in result.stdout
    assert mesh.files() == begun


def test_region_goes_and_comes_back(mesh: Organization) -> None:
    begun = mesh.files()
    shape(mesh, "drop", "region", "eu-west-1")
    for environment in SHAPE["environments"]:
        cell = begun[f"infra/terraform/envs/{environment}/cell_eu_west_1.tf"].decode()
        removed = (mesh.root / REMOVED.format(environment)).read_text()
        assert cell.count("\nmodule ") == removed.count("\nremoved {") > 5
        assert not (mesh.root / f"infra/terraform/envs/{environment}/cell_eu_west_1.tf").exists()
    mesh.commit()
    result = shape(mesh, "add", "region", "eu-west-1")
    assert "Terraform forgot what eu-west-1 holds" in result.stderr
    assert mesh.files() == begun


def test_any_answer_can_be_set(mesh: Organization) -> None:
    shape(mesh, "set", "retention_days=3653", "replication=true", "environments=[dev]", "airflow_version=2.11")
    now = answers(mesh)
    assert (now["retention_days"], now["replication"], now["environments"]) == (3653, True, ["dev"])
    assert now["airflow_version"] == "2.11"


def test_preview_changes_nothing(mesh: Organization) -> None:
    before = mesh.files()
    result = shape(mesh, "drop", "domain", "labs", "--preview")
    assert f"added: 1\n  {RETIRED}" in result.stdout
    assert mesh.files() == before
    assert mesh.changes() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("add domain labs", "labs is in the mesh already"),
        ("add domain genomics", "genomics is in the mesh already"),
        ("add domain dentistry", "dentistry"),
        ("add domain", "name what to add"),
        ("add domain --file nowhere.yml", "nowhere.yml cannot be read"),
        ("add domain --file README.md", "must hold a domain"),
        ("add region labs --file x.yml", "name what to add, or give"),
        ("add region eu-west-9", "eu-west-9"),
        ("add region us-west-2 --gcp-project contoso-x", "are for an environment"),
        ("add environment test --gcp-project contoso-test", "Give both"),
        ("drop domain claims", "It has: labs, patients, vitals, genomics"),
        ("drop environment staging", "It has: dev, prod"),
        ("drop region us-east-1", "us-east-1 is the home region"),
        ("set threat_detection", "is not ANSWER=VALUE"),
        ("set colour=blue", "There is no answer 'colour'. There are: airflow_version,"),
        ("set retention_days=soon", "retention_days"),
        ("set _commit=v2", "There is no answer '_commit'"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(arguments: str, said: str, mesh: Organization) -> None:
    (mesh.root / "README.md").write_text("# A mesh\n")
    mesh.commit()
    before = mesh.files()
    result = shape(mesh, *arguments.split(), status=2)
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert mesh.files() == before
    assert mesh.changes() == []


def test_last_of_its_kind_cannot_be_dropped(mesh: Organization) -> None:
    shape(mesh, "drop", "environment", "prod")
    mesh.commit()
    assert "dev is the only environment" in shape(mesh, "drop", "environment", "dev", status=2).stderr


def test_changes_that_git_does_not_have_stop_it(mesh: Organization) -> None:
    (mesh.root / "notes.txt").write_text("ours\n")
    assert "Commit or stash your changes" in shape(mesh, "drop", "domain", "labs", status=2).stderr
    assert not (mesh.root / RETIRED).exists()
