"""The rendered Terraform code: formatted, valid, documented, and each module proved by tests of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Figure, Render
from tests.engines import google_provider
from tests.engines.environments import ROOT
from tests.engines.terraform import RootModule, attached, terraform
from tests.terraform.environment import copied, root_module
from tests.terraform.module_docs import MODULES, documented, module_folders

# Answers that change the code.
SHAPES: dict[str, dict[str, Any]] = {
    "everything": {
        "regions": ["us-east-1", "eu-west-1", "ap-southeast-2"],
        "replication": True,
        "service_perimeter": True,
        "dbt_runner": "cloud_run_job",
    },
    "dbt in pods": {"domains": ["labs"], "dbt_runner": "kubernetes_pod"},
    "nothing more": {"domains": ["labs"], "environments": ["prod"], "threat_detection": False},
    "four environments": {"domains": ["labs"], "environments": ["dev", "test", "staging", "prod"]},
    "every region": {
        "domains": ["labs"],
        "environments": ["dev"],
        "regions": ["us-east-1", "us-west-2", "ap-northeast-2", "ap-southeast-2", "eu-west-1", "eu-central-1"],
        "home_region": "eu-central-1",
        "replication": True,
        "airflow_version": "2.11",
    },
}
NAMES = [str(folder.relative_to(MODULES)) for folder in module_folders(MODULES)]

# A safeguard of a module, and how a careless edit would lose it: file, what stands there, what would stand there.
BROKEN: dict[str, tuple[str, str, str, str]] = {
    "public policies": (
        "aws/private_bucket",
        "main.tf",
        "block_public_policy     = true",
        "block_public_policy = false",
    ),
    "public ACLs": ("aws/private_bucket", "main.tf", "ignore_public_acls      = true", "ignore_public_acls = false"),
    "no versions": ("aws/private_bucket", "main.tf", 'status = "Enabled"\n  }\n}', 'status = "Suspended"\n  }\n}'),
    "ACLs": ("aws/private_bucket", "main.tf", '"BucketOwnerEnforced"', '"ObjectWriter"'),
    "SSE-S3 by default": ("aws/private_bucket", "variables.tf", 'default     = "aws:kms"', 'default     = "AES256"'),
    "no access logs": ("aws/private_bucket", "main.tf", "[] : [var.log_bucket]", "[] : []"),
    "archives": (
        "aws/private_bucket",
        "variables.tf",
        '"GLACIER_IR"], transition',
        '"GLACIER_IR", "DEEP_ARCHIVE"], transition',
    ),
    "short retention": ("aws/private_bucket", "variables.tf", "var.retention_days >= 2192", "var.retention_days >= 30"),
    "BigQuery from anywhere": ("aws/landing_zone", "bucket_policy.tf", '"aws:SourceVpc"', '"aws:SourceVpce"'),
    "no announcements": ("aws/landing_zone", "main.tf", "eventbridge = true", "eventbridge = false"),
    "foreign buckets": (
        "aws/landing_zone",
        "variables.tf",
        "startswith(bucket, ",
        'startswith("${bucket}" != "" ? "${var.mesh.name}-${var.mesh.environment}-${var.cell.region}-" : "", ',
    ),
    "no rotation": ("aws/encryption", "main.tf", "enable_key_rotation     = true", "enable_key_rotation = false"),
    "quick deletion": ("aws/encryption", "main.tf", "deletion_window_in_days = 30", "deletion_window_in_days = 7"),
    "lock-out": ("aws/encryption", "main.tf", '["kms:*"]', '["kms:Describe*"]'),
    "unverifiable trail": (
        "aws/audit",
        "main.tf",
        "enable_log_file_validation    = true",
        "enable_log_file_validation = false",
    ),
    "regional trail": (
        "aws/audit",
        "main.tf",
        "is_multi_region_trail         = var.cell.home",
        "is_multi_region_trail = false",
    ),
    "no break-glass alert": ("aws/audit", "alerts.tf", "roleArn = [var.break_glass_role_arn]", 'roleArn = ["x"]'),
    "any connection": ("aws/bigquery_access", "main.tf", '"accounts.google.com:sub"', '"accounts.google.com:aud"'),
    "BigQuery writes": ("aws/bigquery_access", "main.tf", '["s3:GetObject"]', '["s3:GetObject", "s3:PutObject"]'),
    "any workflow": ("aws/identity", "main.tf", ":environment:${each.value.github_environment}", ":*"),
    "any phase": ("aws/identity", "main.tf", ":run_phase:${each.key}", ":run_phase:*"),
    "delivery reads data": (
        "aws/identity",
        "delivery.tf",
        'resource "aws_iam_role_policy_attachment" "no_data" {\n  for_each = local.delivery_roles',
        'resource "aws_iam_role_policy_attachment" "no_data" {\n  for_each = {}',
    ),
    "break glass for hours": (
        "aws/identity",
        "break_glass.tf",
        "max_session_duration = 3600",
        "max_session_duration = 43200",
    ),
    "break glass for all": ("aws/identity", "variables.tf", "A-Za-z0-9+=,.@_/-]+$", "A-Za-z0-9+=,.@_/*-]+$"),
    "no scans": ("aws/threat_detection", "main.tf", "for_each = var.buckets", "for_each = {}"),
    "GuardDuty off": ("aws/threat_detection", "main.tf", "enable                       = true", "enable = false"),
    "plain replicas": (
        "aws/replication",
        "main.tf",
        "replica_kms_key_id = aws_kms_key.replica.arn",
        "replica_kms_key_id = var.landing_key_arn",
    ),
    "a replica beside its source": (
        "aws/replication",
        "variables.tf",
        "var.cell.region != var.cell.replica_region",
        "true || var.cell.region != var.cell.replica_region",
    ),
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
    "delivery that borrows dbt": (
        "gcp/identity",
        "delivery.tf",
        '"roles/logging.configWriter",',
        '"roles/logging.configWriter",\n    "roles/iam.serviceAccountAdmin",',
    ),
    "delivery that says who borrows dbt": (
        "gcp/identity",
        "delivery.tf",
        '"iam.serviceAccounts.update",',
        '"iam.serviceAccounts.update",\n    "iam.serviceAccounts.setIamPolicy",',
    ),
    "registration that runs jobs for nothing": (
        "gcp/identity",
        "pipelines.tf",
        'var.metadata_cache ? ["roles/bigquery.jobUser"] : []',
        '["roles/bigquery.jobUser"]',
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
    "Composer on the internet": (
        "gcp/composer",
        "main.tf",
        "enable_private_environment = true",
        "enable_private_environment = false",
    ),
    "packages from the internet": (
        "gcp/composer",
        "main.tf",
        "enable_private_builds_only = true",
        "enable_private_builds_only = false",
    ),
    "Airflow for every address": ("gcp/composer", "variables.tf", '!endswith(range, "/0")', "true"),
    "tags that move": ("gcp/dbt_image", "main.tf", "immutable_tags = true", "immutable_tags = false"),
    "images that everybody pulls": (
        "gcp/dbt_image",
        "main.tf",
        '"serviceAccount:${each.value}"',
        '"allAuthenticatedUsers"',
    ),
    "images by tag": ("gcp/dbt_job", "variables.tf", "@sha256:[0-9a-f]{64}$", "[:@].+$"),
    "dbt on the internet": ("gcp/dbt_job", "main.tf", '"ALL_TRAFFIC"', '"PRIVATE_RANGES_ONLY"'),
    "dbt as the default account": ("gcp/dbt_job", "main.tf", "var.dbt_service_account", "null"),
    "Airflow that changes jobs": (
        "gcp/dbt_job",
        "iam.tf",
        '"roles/run.jobsExecutorWithOverrides"',
        '"roles/run.developer"',
    ),
    "Airflow without a key": ("gcp/composer", "main.tf", "kms_key_name = var.kms_key_id", 'kms_key_name = ""'),
    "DAGs that read every secret": (
        "gcp/composer",
        "iam.tf",
        "/secrets/${prefix}-')",
        "/secrets/')",
    ),
    "a way out": (
        "gcp/network",
        "firewall.tf",
        'destination_ranges = ["0.0.0.0/0"]',
        'destination_ranges = ["10.0.0.0/8"]',
    ),
    "flows that nobody sees": ("gcp/network", "main.tf", "flow_sampling        = 1", "flow_sampling = 0.1"),
    "reads that nobody sees": ("gcp/audit", "main.tf", 'log_type = "DATA_READ"', 'log_type = "ADMIN_READ"'),
    "logs without a key": ("gcp/audit", "main.tf", "kms_key_name = var.kms_key_id", 'kms_key_name = ""'),
    "no alert on a public grant": (
        "gcp/audit",
        "alerts.tf",
        '(\\"allUsers\\" OR \\"allAuthenticatedUsers\\")',
        '(\\"allUsers\\")',
    ),
    "no alert on a failed task": ("gcp/audit", "alerts.tf", '"clinical_mesh_alert"\n', '"another_word"\n'),
    "logs kept for a month": ("gcp/audit", "variables.tf", "var.retention_days >= 2192", "var.retention_days >= 30"),
    "a perimeter with holes": (
        "gcp/service_perimeter",
        "main.tf",
        "external_resources = local.landing_uris",
        'external_resources = ["*"]',
    ),
    "products without an owner": (
        "governance/catalog",
        "main.tf",
        "owner          = each.value.owner_email",
        'owner = "somebody"',
    ),
    "a class from the first entity alone": (
        "contracts",
        "main.tf",
        "for entity in contract.schema :",
        "for entity in slice(contract.schema, 1, 2) :",
    ),
    "a retired domain that is forgotten": (
        "contracts",
        "main.tf",
        '"retired/*${local.suffix}"',
        '"past/*${local.suffix}"',
    ),
    "a domain that is also retired": ("contracts", "outputs.tf", "length(files) == 1", "length(files) >= 1"),
    "a contract without owner": ("contracts", "outputs.tf", "length(missing) == 0", "length(missing) >= 0"),
}


@pytest.fixture(scope="module")
def modules(render: Render, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A writable copy of every module, as rendered."""
    copy = tmp_path_factory.mktemp("modules") / "modules"
    shutil.copytree(render(**SHAPES["everything"]) / "infra/terraform/modules", copy)
    return copy


def own_tests(module: Path, variables: Mapping[str, str] | None = None) -> tuple[bool, str]:
    """Whether a module's own tests pass, and what they print."""
    terraform().run(module, "init", "-input=false", variables=variables)
    result = terraform().run(module, "test", "-no-color", variables=variables, check=False)
    return result.returncode == 0, result.stdout + result.stderr


def complaints(module: RootModule) -> list[str]:
    """Errors and warnings of `terraform validate`, deprecations among them."""
    report = json.loads(module.terraform("validate", "-json", check=False).stdout)
    return [f"{found['severity']}: {found['summary']}: {found.get('detail')}" for found in report["diagnostics"]]


@pytest.mark.parametrize("shape", SHAPES)
def test_code_is_formatted(shape: str, render: Render) -> None:
    terraform().run(render(**SHAPES[shape]), "fmt", "-check", "-diff", "-recursive", "infra")


@pytest.mark.parametrize("shape", SHAPES)
def test_environments_are_valid(shape: str, render: Render, tmp_path: Path) -> None:
    """One of them for all: they differ by values alone."""
    rendered = render(**SHAPES[shape])
    environment = min(path.name for path in (rendered / "infra/terraform/envs").iterdir())
    assert complaints(root_module(copied(rendered, tmp_path / "mesh"), environment)) == []


def test_modules_are_there_where_the_answers_want_them(render: Render) -> None:
    everything, pods, nothing_more = (
        {str(folder.relative_to(root)) for folder in module_folders(root)}
        for root in (
            render(**SHAPES[shape]) / "infra/terraform/modules"
            for shape in ("everything", "dbt in pods", "nothing more")
        )
    )
    assert everything == set(NAMES)
    answered = {"aws/threat_detection", "aws/replication", "gcp/service_perimeter", "gcp/dbt_image", "gcp/dbt_job"}
    assert everything - nothing_more == answered
    assert answered & pods == {"aws/threat_detection", "gcp/dbt_image"}


@pytest.mark.parametrize("shape", SHAPES)
def test_environments_differ_by_values_alone(shape: str, render: Render) -> None:
    folders = sorted((render(**SHAPES[shape]) / "infra/terraform/envs").iterdir())
    assert [folder.name for folder in folders] == sorted(SHAPES[shape].get("environments", ["dev", "prod"]))
    first = folders[0]
    for folder in folders[1:]:
        files = {path.name for path in folder.iterdir()}
        assert files == {path.name for path in first.iterdir()}
        for name in files - {"terraform.tfvars"}:
            text = (first / name).read_text()
            assert re.sub(rf"\b{first.name}\b", folder.name, text) == (folder / name).read_text(), name


def test_warehouse_takes_the_pairs_of_the_region_catalogue() -> None:
    """The module is plain Terraform, so it names them itself."""
    regions = yaml.safe_load((ROOT / "extensions/regions.yml").read_text())
    pairs = {f"{region['omni_location']} {region['bigquery_region']}" for region in regions.values()}
    code = (MODULES / "gcp/warehouse/variables.tf").read_text()
    assert set(re.findall(r'"(aws-[a-z0-9-]+ [a-z0-9-]+)"', code)) == pairs


def test_logs_are_kept_as_long_as_cloud_logging_can(render: Render) -> None:
    """Landed data may have to stay longer."""
    values = render(domains=["labs"], retention_days=4383) / "infra/terraform/envs/prod/terraform.tfvars"
    assert "log_retention_days = 3650\n" in values.read_text()
    assert 'trail_object_lock   = { mode = "GOVERNANCE", days = 3650 }\n' in values.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_module_passes_its_own_tests(name: str, modules: Path) -> None:
    passed, output = own_tests(modules / name)
    assert passed, output
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", output)


@pytest.mark.parametrize("name", NAMES)
def test_module_has_what_every_module_has(name: str) -> None:
    module = MODULES / name
    for file in ("main.tf", "variables.tf", "outputs.tf", "versions.tf"):
        assert (module / file).exists()
    assert (module / "README.md").read_text() == documented(module), "run `make module-docs`"


@pytest.fixture(scope="module")
def without(
    request: pytest.FixtureRequest, modules: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[bool, str]]:
    """What a module's own tests say without a safeguard, or as it is: of all that are asked for, two at a time.

    All providers are stand-ins that run as long as the tests, so that no run of a test has to start them.
    """
    stand_ins = attached(google_provider.PROVIDERS)

    def tested(what: str) -> tuple[bool, str]:
        name, file, before, after = BROKEN.get(what, (what, "main.tf", "", ""))
        copy = tmp_path_factory.mktemp("broken") / "modules"
        shutil.copytree(modules, copy, ignore=shutil.ignore_patterns(".terraform*"))
        source = copy / name / file
        assert before in source.read_text()
        source.write_text(source.read_text().replace(before, after))
        return own_tests(copy / name, stand_ins)

    calls = [getattr(item, "callspec", None) for item in request.session.items]
    asked = [call.params["safeguard"] for call in calls if call and "safeguard" in call.params]
    pool = ThreadPoolExecutor(2)
    request.addfinalizer(lambda: pool.shutdown(cancel_futures=True))
    said = {what: pool.submit(tested, what) for what in [*{BROKEN[each][0]: None for each in asked}, *asked]}
    return lambda what: said[what].result()


@pytest.mark.parametrize("safeguard", BROKEN)
def test_module_tests_catch_a_lost_safeguard(
    safeguard: str, without: Callable[[str], tuple[bool, str]], figure: Figure
) -> None:
    passed, output = without(safeguard)
    assert not passed
    # Caught by a test, not because the broken code no longer loads.
    assert re.search(r'run "\w+"\.\.\. fail', output), output
    passed, output = without(BROKEN[safeguard][0])
    assert passed, output
    figure("careless_edits")


def test_make_runs_what_a_user_needs_no_cloud_for(render: Render, tmp_path: Path) -> None:
    copied(render(**SHAPES["nothing more"]), tmp_path)
    shutil.copy2(render(**SHAPES["nothing more"]) / "Makefile", tmp_path)
    command = tmp_path / "bin" / "terraform"
    terraform().write_command(command)
    # That the modules pass with the real provider is proved above: here stand-ins do, which run already.
    stand_ins = attached(google_provider.PROVIDERS)
    path = {"PATH": f"{command.parent}:{os.environ['PATH']}"}
    environment = os.environ | terraform().settings | stand_ins | path
    result = subprocess.run(
        ["make", "terraform-check"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    for folder in ("modules/contracts", "modules/aws/landing_zone", "envs/prod"):
        assert f"ing infra/terraform/{folder} ..." in result.stdout


def test_every_type_is_known_to_the_stand_in(render: Render) -> None:
    """Ids, computed values and what forces a replacement: without them a plan would be believed too easily."""
    sources = (render(**SHAPES["everything"]) / "infra/terraform").rglob("*.tf")
    code = "\n".join(source.read_text() for source in sources)
    types = set(re.findall(r'^resource "(google_\w+)"', code, re.MULTILINE))
    types |= {f"data.{kind}" for kind in re.findall(r'^data "(google_\w+)"', code, re.MULTILINE)}
    assert len(types) > 40
    assert google_provider.uncovered(types) == set()


def test_no_module_looks_at_the_account(modules: Path) -> None:
    """Data sources other than policy documents would make a plan depend on who runs it."""
    for source in modules.rglob("*.tf"):
        assert set(re.findall(r'^data "(\w+)"', source.read_text(), re.MULTILINE)) <= {"aws_iam_policy_document"}


def test_domains_are_named_in_contracts_only(northwind: Path) -> None:
    """A domain that a team adds by hand needs no edit of the infrastructure."""
    domains = {path.name.removesuffix(".odcs.yaml") for path in (northwind / "contracts").iterdir()}
    # A word of Terraform, too.
    domains -= {"providers"}
    for source in (northwind / "infra/terraform/envs").rglob("*.tf*"):
        assert not domains & set(re.findall(r"\w+", source.read_text())), source
