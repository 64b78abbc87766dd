"""The newest lines of both providers, served from their published schemas.

The real AWS provider in the other tests may be the oldest that the range of versions.tf admits.
"""

from __future__ import annotations

import json

import pytest

from tests.conftest import Render
from tests.engines import google_provider
from tests.engines.terraform import DETACHED, RootModule, attached, changes, written
from tests.terraform.conftest import THREE_CELLS
from tests.terraform.environment import LOCAL_STATE, OVERRIDE, copied
from tests.terraform.test_code import complaints


@pytest.fixture(scope="module")
def applied(render: Render, tmp_path_factory: pytest.TempPathFactory) -> RootModule:
    """A production environment of three cells that replicate, applied with the served provider."""
    scratch = tmp_path_factory.mktemp("newest")
    folder = copied(render(**THREE_CELLS), scratch / "mesh") / "infra/terraform/envs/prod"
    (folder / OVERRIDE).write_text(LOCAL_STATE)
    # Only what is installed is held against the range of versions.tf. To apply, it need not be started anew each time.
    configuration = written(scratch / "terraform.rc", [google_provider.mirror(scratch / "mirror")])
    module = RootModule(folder, attached(google_provider.PROVIDERS))
    module.init({"TF_CLI_CONFIG_FILE": str(configuration), **DETACHED})
    module.plan()
    module.apply()
    return module


def test_newest_line_is_served(applied: RootModule) -> None:
    selected = json.loads(applied.terraform("version", "-json").stdout)["provider_selections"]
    lines = {address.rpartition("/")[2]: version.partition(".")[0] for address, version in selected.items()}
    assert lines == {"aws": "6", "google": "8", "time": "0"}


def test_nothing_is_deprecated(applied: RootModule) -> None:
    assert complaints(applied) == []


def test_second_plan_is_empty(applied: RootModule) -> None:
    assert len(list(applied.resources())) > 150
    assert changes(applied.plan()) == {}


def test_policies_say_the_same(applied: RootModule) -> None:
    """aws_iam_policy_document is computed by the stand-in as by the real provider."""
    policies = {
        resource["values"]["bucket"]: json.loads(resource["values"]["policy"])
        for resource in applied.resources()
        if resource["type"] == "aws_s3_bucket_policy"
    }
    sids = [statement["Sid"] for statement in policies["contoso-prod-us-east-1-labs"]["Statement"]]
    assert sids == [
        "DenyPlainHttp",
        "DenyTlsBelow12",
        "DenyOtherEncryption",
        "DenyOtherKey",
        "DenyCustomerProvidedKeys",
        "DenyBigQueryOutsideOmni",
    ]
