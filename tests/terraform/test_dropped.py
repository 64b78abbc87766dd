"""A domain or a region that is dropped: nothing of it is deleted, it comes back, and it is deleted for good on purpose.

What a dropped region leaves in real environments: test_cells.py.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.engines.terraform import RootModule, changes, terraform
from tests.sentinel.policy_sets import denied, policy_set
from tests.terraform.environment import PROTECTED, Applied
from tests.terraform.module_docs import MODULES
from tests.terraform.retain import retain

Edit = Callable[[str, str | None], None]
LABS, RETIRED = "contracts/labs.odcs.yaml", "contracts/retired/labs.odcs.yaml"
RELEASED = 'policy "terraform-keeps-data-and-keys" {\n'


# -- domains -----------------------------------------------------------------------------------------------------------


def test_dropped_domain_without_its_contract_stops_the_plan(applied_northwind: Applied, edit: Edit) -> None:
    edit(LABS, None)
    result = applied_northwind.module.terraform("plan", "-input=false", "-refresh=false", check=False)
    assert result.returncode != 0
    assert 'landing_zone_us_east_1.module.bucket["labs"].aws_s3_bucket.this' in result.stderr
    assert "prevent_destroy" in result.stderr


def test_retired_domain_keeps_all_it_has_and_comes_back(applied_northwind: Applied, edit: Edit) -> None:
    """What `make drop-domain` does, and what `make add-domain` does later."""
    contract = (applied_northwind.repository / LABS).read_text()
    for path in (LABS, RETIRED):
        edit(path, None)
    retain().retire_contract(applied_northwind.repository, "labs", contract)
    plan = applied_northwind.module.plan("-refresh=false")
    assert changes(plan) == {}
    assert {output["actions"][0] for output in plan["output_changes"].values()} == {"no-op"}
    applied_northwind.module.apply()
    edit(RETIRED, None)
    edit(LABS, contract)
    assert changes(applied_northwind.module.plan("-refresh=false")) == {}


def test_retired_domain_is_deleted_for_good_as_the_readme_tells(
    applied_northwind: Applied, northwind: Path, edit: Edit, tmp_path: Path
) -> None:
    """The retired contract goes, two modules are unprotected, and the policy is told which addresses may go."""
    for folder in ("aws/private_bucket", "gcp/warehouse"):
        for source in sorted((MODULES / folder).glob("*.tf")):
            for kind, name in PROTECTED.findall(source.read_text()):
                override = f'resource "{kind}" "{name}" {{\n  lifecycle {{\n    prevent_destroy = false\n  }}\n}}\n'
                edit(f"infra/terraform/modules/{folder}/{name}_override.tf", override)
    edit(LABS, None)
    plan = applied_northwind.module.plan("-refresh=false")
    deleted = {address for address, actions in changes(plan).items() if "delete" in actions}
    # With the bucket goes the second list of those that BigQuery may read, which it was the last of.
    access = {address for address in deleted if address.startswith("module.bigquery_access_us_east_1.")}
    assert all('["labs"]' in address for address in deleted - access)

    repository = tmp_path / "mesh"
    shutil.copytree(northwind / "infra/terraform/sentinel-policies", repository / "infra/terraform/sentinel-policies")
    [(policy, printed)] = denied(policy_set(repository, "dev"), plan).items()
    assert policy == "terraform-keeps-data-and-keys"
    told = {match[1] for line in printed if (match := re.search(r"(module\.\S+): action is deleted", line))}
    assert told < deleted - access and len(told) >= 7
    settings = repository / "infra/terraform/sentinel-policies/dev/sentinel.hcl"
    text = settings.read_text()
    assert RELEASED in text
    released = f"{RELEASED}  params = {{\n    released = {json.dumps(sorted(told))}\n  }}\n"
    settings.write_text(text.replace(RELEASED, released))
    assert denied(policy_set(repository, "dev"), plan) == {}


def test_domain_is_not_in_use_and_retired(northwind: Path, tmp_path: Path) -> None:
    """As after `make add-domain` of a retired one whose retired contract stays."""
    shutil.copytree(northwind / "contracts", tmp_path / "contracts")
    (tmp_path / "contracts/retired").mkdir()
    shutil.copy2(tmp_path / LABS, tmp_path / RETIRED)
    module = RootModule(shutil.copytree(MODULES / "contracts", tmp_path / "module"), {"TF_VAR_folder": "../contracts"})
    module.init()
    result = module.terraform("plan", "-input=false", check=False)
    assert result.returncode != 0
    said = " ".join(result.stderr.replace("│", " ").split())
    assert f"{LABS} is also in contracts/retired/: delete it there if the domain is in use, else here." in said
    (tmp_path / LABS).unlink()
    module.terraform("plan", "-input=false")


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("status: active\n", "status: retired\n"),
        ('"status" :  "deprecated"   # since May\r\n', '"status" :  retired   # since May\r\n'),
        ("status: 'active'\n", "status: retired\n"),
    ],
)
def test_retired_contract_differs_in_its_status_alone(written: str, becomes: str, tmp_path: Path) -> None:
    rest = "id: mesh-labs\nname: Läbs\r\n{}version: 1.0.0\nschema:\n  - name: labs\n    status: active\n# status: x"
    path = retain().retire_contract(tmp_path, "labs", rest.format(written))
    assert path == tmp_path / RETIRED
    assert path.read_bytes() == rest.format(becomes).encode()
    assert yaml.safe_load(path.read_bytes())["status"] == "retired"


def test_contracts_of_the_example_retire(northwind: Path, tmp_path: Path) -> None:
    for contract in sorted((northwind / "contracts").glob("*.odcs.yaml")):
        text = contract.read_text()
        path = retain().retire_contract(tmp_path, contract.name.removesuffix(".odcs.yaml"), text)
        assert path.read_text() == text.replace("\nstatus: active\n", "\nstatus: retired\n")


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        ("id: mesh-labs\n", "no `status`"),
        ("id: [\n", "no valid YAML"),
        ("", "no `status`"),
        ("status: [active]\n", "no `status`"),
    ],
)
def test_contract_that_cannot_be_retired(contract: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(retain().RetainError, match=said):
        retain().retire_contract(tmp_path, "labs", contract)
    assert list(tmp_path.iterdir()) == []


def test_nothing_retired_is_written_over(tmp_path: Path) -> None:
    retain().retire_contract(tmp_path, "labs", "status: active\n")
    with pytest.raises(retain().RetainError, match="is there already"):
        retain().retire_contract(tmp_path, "labs", "status: deprecated\n")
    (tmp_path / RETIRED).unlink()
    (tmp_path / LABS).write_text("status: active\n")
    with pytest.raises(retain().RetainError, match="in use"):
        retain().retire_contract(tmp_path, "labs", "status: active\n")


# -- regions -----------------------------------------------------------------------------------------------------------

# A cell in small: a module in a module, instances of both kinds, a resource of a team's own.
CELL = """\
# module "commented" {
module "landing_zone_eu_west_1" {
  source = "./landing_zone"
}

module "classification_eu_west_1" {
  source   = "./bucket"
  for_each = toset(["landing", "curated"])
}

resource "terraform_data" "own_eu_west_1" {
}
"""
LANDING_ZONE = """\
module "bucket" {
  source   = "../bucket"
  for_each = toset(["labs", "vitals"])
}
"""
BUCKET = """\
resource "terraform_data" "this" {
  count = 2

  lifecycle {
    prevent_destroy = true
  }
}
"""


@pytest.fixture
def small(tmp_path: Path) -> RootModule:
    """A root module with a cell, applied."""
    folder = tmp_path / "dev"
    for path, text in {
        "cell_eu_west_1.tf": CELL,
        "landing_zone/main.tf": LANDING_ZONE,
        "bucket/main.tf": BUCKET,
        "main.tf": 'resource "terraform_data" "home" {\n}\n',
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    module = RootModule(folder)
    module.init()
    module.terraform("apply", "-auto-approve", "-input=false")
    return module


def test_dropped_region_is_forgotten_and_comes_back_as_the_readme_tells(
    small: RootModule, northwind: Path, tmp_path: Path
) -> None:
    state, cell, removed = (
        small.folder / name for name in ("terraform.tfstate", "cell_eu_west_1.tf", "removed_eu_west_1.tf")
    )
    shutil.copy2(state, small.folder / "before.tfstate")
    made = {resource["address"] for resource in small.resources()}
    assert len(made) == 10

    cell.unlink()
    assert {tuple(actions) for actions in changes(small.plan()).values()} == {("delete",)}
    removed.write_text(retain().removed_cell(CELL, "eu-west-1"))
    terraform().run(small.folder, "fmt", "-check", removed.name)
    assert changes(small.plan()) == {address: ["forget"] for address in made - {"terraform_data.home"}}
    small.apply()
    assert changes(small.plan()) == {}

    # The file of what is removed has to go when the cell comes back.
    cell.write_text(CELL)
    said = small.terraform("plan", "-input=false", check=False).stderr
    assert "still exists" in said
    removed.unlink()
    assert {tuple(actions) for actions in changes(small.plan()).values()} == {("create",)}
    readme = (northwind / "infra/terraform/README.md").read_text()
    [script] = [block for block in re.findall(r"```sh\n(.*?)```", readme, re.DOTALL) if "before.tfstate" in block]
    terraform().write_command(tmp_path / "bin/terraform")
    path = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", textwrap.dedent(script).replace("<region>", "eu_west_1")],
        cwd=small.folder,
        env=os.environ | terraform().settings | path,
        check=True,
        capture_output=True,
    )
    assert {resource["address"] for resource in small.resources()} == made
    assert changes(small.plan()) == {}


def test_cell_that_makes_nothing_is_refused() -> None:
    with pytest.raises(retain().RetainError, match="makes nothing"):
        retain().removed_cell('locals {\n  cell_eu = {}\n}\n\ndata "aws_region" "this" {\n}\n', "eu-west-1")
