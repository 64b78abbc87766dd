"""The modules of the Google half, each proved by its own tests on the provider's schema.

They are not rendered yet: no environment is composed of them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.engines import google_provider
from tests.engines.terraform import cli_configuration, terraform
from tests.terraform.module_docs import MODULES
from tests.terraform.test_code import GOOGLE, own_tests

# A safeguard of a module, and how a careless edit would lose it: file, what stands there, what would stand there.
BROKEN: dict[str, tuple[str, str, str, str]] = {
    "unenforced policies": ("gcp/project", "main.tf", 'enforce = "TRUE"', 'enforce = "FALSE"'),
    "slow rotation": ("gcp/encryption", "main.tf", '"7776000s"', '"31536000s"'),
    "keys for people": ("gcp/encryption", "variables.tf", 'endswith(agent, ".gserviceaccount.com")', "true"),
    "datasets without a key": ("gcp/warehouse", "main.tf", "kms_key_name = var.kms_key_id", 'kms_key_name = ""'),
    "a group of everybody": (
        "gcp/warehouse",
        "main.tf",
        "group_by_email = access.value",
        'group_by_email = "everybody@mesh.example"',
    ),
    "a key of another region": (
        "gcp/warehouse",
        "variables.tf",
        "/locations/${var.cell.bigquery_region}/",
        "/locations/",
    ),
    "analysts who delegate": (
        "gcp/biglake",
        "main.tf",
        '"roles/bigquery.connectionUser"',
        '"roles/bigquery.connectionAdmin"',
    ),
    "no wait": ("gcp/biglake", "main.tf", 'create_duration = "30s"', 'create_duration = "0s"'),
    "names for ids": (
        "gcp/identity",
        "main.tf",
        "assertion.repository_id == '${var.github.repository_id}'",
        "assertion.repository == '${var.github.repository}'",
    ),
    "delivery that makes owners": ("gcp/identity", "delivery.tf", ".hasOnly(", ".hasAll("),
    "delivery that reads tables": (
        "gcp/identity",
        "delivery.tf",
        '"bigquery.connections.list",',
        '"bigquery.connections.list",\n    "bigquery.tables.getData",',
    ),
    "identifiers without a mask": (
        "governance/classification",
        "variables.tf",
        "tag.masking != null if contains",
        "true if contains",
    ),
    "identifiers in clear for all": (
        "governance/classification",
        "main.tf",
        'each.key == "sensitive" ? var.masked_readers : []',
        "var.masked_readers",
    ),
    "tags that nothing enforces": (
        "governance/classification",
        "main.tf",
        '["FINE_GRAINED_ACCESS_CONTROL"]',
        '["POLICY_TYPE_UNSPECIFIED"]',
    ),
    "products without an owner": (
        "governance/catalog",
        "main.tf",
        "owner          = each.value.owner_email",
        'owner = "somebody"',
    ),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment in which Terraform gets the served providers."""
    scratch = tmp_path_factory.mktemp("served")
    configuration = scratch / "terraform.rc"
    configuration.write_text(cli_configuration(google_provider.mirror(scratch / "mirror", ["google", "time"])))
    return {"TF_CLI_CONFIG_FILE": str(configuration)}


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A writable copy of the modules; they are plain files."""
    copy = tmp_path_factory.mktemp("modules") / "modules"
    shutil.copytree(MODULES, copy)
    return copy


def test_modules_are_formatted() -> None:
    terraform().run(MODULES, "fmt", "-check", "-diff", "-recursive")


@pytest.mark.parametrize("name", GOOGLE)
def test_module_passes_its_own_tests(name: str, modules: Path, served: Mapping[str, str]) -> None:
    passed, output = own_tests(modules / name, served)
    assert passed, output
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", output)


@pytest.mark.parametrize("safeguard", BROKEN)
def test_module_tests_catch_a_lost_safeguard(
    safeguard: str, modules: Path, served: Mapping[str, str], tmp_path: Path
) -> None:
    name, file, before, after = BROKEN[safeguard]
    copy = tmp_path / "module"
    shutil.copytree(modules / name, copy, ignore=shutil.ignore_patterns(".terraform"))
    source = copy / file
    assert before in source.read_text()
    source.write_text(source.read_text().replace(before, after))
    passed, output = own_tests(copy, served)
    assert not passed
    assert re.search(r'run "\w+"\.\.\. fail', output), output


def test_every_type_is_known_to_the_stand_in() -> None:
    """Ids, computed values and what forces a replacement: without them a plan would be believed too easily."""
    sources = [source.read_text() for name in GOOGLE for source in (MODULES / name).glob("*.tf")]
    types = {kind for source in sources for kind in re.findall(r'^resource "(google_\w+)"', source, re.MULTILINE)}
    assert len(types) > 30
    assert google_provider.uncovered(types) == set()
