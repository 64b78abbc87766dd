"""The twelve mistakes of the nearest public blueprint, each made anew, and what of ours catches it.

Mistakes that a plan shows are in known_mistakes/wrong, the same code without them in known_mistakes/mended: each is
planned once with real Terraform, and decided by the rendered policies. What is no matter of a plan stands here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Render
from tests.engines.sentinel import Configuration, Outcome, Policy, PolicySet, run_case
from tests.engines.terraform import RootModule, applying, terraform
from tests.render import ROOT, files_of
from tests.sentinel.mutants import leaves, put, unknown, without_keys
from tests.sentinel.policy_sets import POLICIES, policy_set

Json = dict[str, Any]

FIXTURES = Path(__file__).parent / "known_mistakes"
# Never sent anywhere: what only creates asks AWS nothing.
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass(frozen=True)
class Plans:
    """The plan with every mistake and the plan without, and the policies that decide them."""

    policies: PolicySet
    wrong: Json
    mended: Json

    def caught(self, policy: str, address: str, says: str) -> None:
        """Assert that a policy denies the mistake, says where it is and what to do, and passes the mended plan."""
        (denied,) = self.policies.evaluate(self.wrong, only=policy)
        assert denied.error is None
        assert not denied.passed
        assert f"{policy}: {address}: {says}" in denied.printed
        (passed,) = self.policies.evaluate(self.mended, only=policy)
        assert passed.passed, passed.error or passed.printed


def offline(folder: Path) -> RootModule:
    """A root module that is planned without credentials of Google: the stand-in asks for none."""
    module = RootModule(folder, KEYS | applying())
    module.init(applying())
    return module


def planned(folder: Path, *sources: Path) -> Json:
    """The plan of a root module that is made of files."""
    folder.mkdir()
    for source in sources:
        shutil.copy2(source, folder)
    return offline(folder).plan()


@pytest.fixture(scope="module")
def plans(northwind: Path, tmp_path_factory: pytest.TempPathFactory) -> Plans:
    """Both plans, in the full example's development environment."""
    scratch = tmp_path_factory.mktemp("mistakes")

    def plan(name: str) -> Json:
        return planned(scratch / name, FIXTURES / "root.tf", *sorted((FIXTURES / name).glob("*.tf")))

    with ThreadPoolExecutor() as both:
        wrong, mended = both.map(plan, ("wrong", "mended"))
    return Plans(policy_set(northwind, "dev"), wrong, mended)


def written(folder: Path, text: str) -> Path:
    """A root module of one file."""
    folder.mkdir(exist_ok=True)
    (folder / "main.tf").write_text(text)
    return folder


def complaints(folder: Path) -> list[str]:
    """What `terraform validate` says of a root module."""
    module = RootModule(folder)
    module.init()
    report = json.loads(module.terraform("validate", "-json", check=False).stdout)
    return [f"{found['summary']}: {found['detail']}" for found in report["diagnostics"]]


# 1. HCL that does not parse

UNPARSABLE = {
    "two arguments on the line of a block": 'resource "aws_s3_bucket" "labs" { bucket = "labs" tags = {} }\n',
    "a block that is not closed": 'resource "aws_s3_bucket" "labs" {\n  bucket = "labs"\n',
    "a text that is not closed": 'locals {\n  policy = <<-EOT\n    {"Version": "2012-10-17"}\n}\n',
}


@pytest.fixture(scope="module")
def checked(northwind: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the Terraform code of the full example and of the Makefile that checks it."""
    repository = tmp_path_factory.mktemp("checked")
    shutil.copytree(northwind / "infra", repository / "infra")
    shutil.copy2(northwind / "Makefile", repository)
    terraform().write_command(repository / "bin" / "terraform")
    return repository


@pytest.mark.parametrize("mistake", UNPARSABLE)
def test_01_hcl_that_does_not_parse(mistake: str, checked: Path) -> None:
    """The documented check of the generated repository stops at it, before anything else."""
    broken = checked / "infra/terraform/modules/aws/landing_zone/broken.tf"
    broken.write_text(UNPARSABLE[mistake])
    environment = os.environ | terraform().settings | {"PATH": f"{checked / 'bin'}:{os.environ['PATH']}"}
    result = subprocess.run(
        ["make", "terraform-check"], cwd=checked, env=environment, capture_output=True, text=True, check=False
    )
    broken.unlink()
    assert result.returncode != 0
    assert "Error: " in result.stderr
    assert "infra/terraform/modules/aws/landing_zone/broken.tf line " in result.stderr
    assert "Testing" not in result.stdout
    terraform().run(checked, "fmt", "-check", "-recursive", "infra/terraform")


# 2. A connection's role that trusts an AWS account


def test_02_role_of_the_connection_trusts_an_aws_account(plans: Plans) -> None:
    plans.caught(
        "iam-role-trust-is-narrow",
        "aws_iam_role.connection",
        "assume_role_policy, statement ConnectionAssumes is trust in arn:aws:iam::999999999999:root without "
        "aws:PrincipalArn of named people and must be bound. Add the condition.",
    )


# 3. Arguments that google_bigquery_connection does not have

CONNECTION = """\
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.45, < 9"
    }
  }
}

resource "google_bigquery_connection" "aws" {
  connection_id = "mesh-dev-us-east-1"
  location      = "aws-us-east-1"
  project       = "mesh-dev"
%s
}
"""
OF_NO_CONNECTION = """
  connection_type = "AWS"

  aws {
    role_arn = "arn:aws:iam::111111111111:role/mesh-dev-us-east-1-bigquery"
  }
"""
OF_A_CONNECTION = """
  aws {
    access_role {
      iam_role_id = "arn:aws:iam::111111111111:role/mesh-dev-us-east-1-bigquery"
    }
  }
"""


def test_03_arguments_that_a_connection_does_not_have(tmp_path: Path) -> None:
    found = complaints(written(tmp_path / "wrong", CONNECTION % OF_NO_CONNECTION))
    for argument in ("connection_type", "role_arn"):
        assert f'Unsupported argument: An argument named "{argument}" is not expected here.' in found
    assert complaints(written(tmp_path / "mended", CONNECTION % OF_A_CONNECTION)) == []


# 4. A connection in an ordinary location


def test_04_connection_in_an_ordinary_location(plans: Plans) -> None:
    plans.caught(
        "bigquery-omni-stays-beside-its-region",
        "google_bigquery_connection.aws",
        "location is us-east4 and must be one of region_pairs. Put the connection where the bucket is.",
    )


# 5. Keys demanded of everything


def test_05_key_where_bigquery_omni_can_have_none(plans: Plans) -> None:
    """The mended dataset in AWS has no key and passes."""
    plans.caught(
        "bigquery-data-is-encrypted-with-own-keys",
        "google_bigquery_dataset.landing",
        "default_encryption_configuration is set and must be not set. BigQuery Omni supports no key of yours.",
    )


def test_05_no_key_where_there_can_be_one(plans: Plans) -> None:
    plans.caught(
        "bigquery-data-is-encrypted-with-own-keys",
        "google_bigquery_dataset.curated",
        "default_encryption_configuration is not set and must be set. Encrypt with a key of your own.",
    )


# 6. A backend that is fed with a variable

BACKEND = """\
variable "organization" {
  type    = string
  default = "mesh"
}

terraform {
  %s {
    organization = var.organization

    workspaces {
      name = "mesh-dev"
    }
  }
}
"""
BLOCK = re.compile(r"^  (backend|cloud)\b[^\n]*\{\n(.*?)^  \}", re.MULTILINE | re.DOTALL)
REFERENCE = re.compile(r"\b(?:var|local|data|module|terraform)\.\w|\$\{")


def state_settings(texts: Mapping[str, str]) -> list[str]:
    """Where state is kept by anything but HCP Terraform, named by literals."""
    return [
        f"{path}: {kind}"
        for path, text in texts.items()
        if path.endswith(".tf")
        for kind, body in BLOCK.findall(text)
        if kind == "backend" or REFERENCE.search(body)
    ]


@pytest.mark.parametrize("block", ['backend "remote"', "cloud"])
def test_06_backend_that_is_fed_with_a_variable(block: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "root", BACKEND % block)
    result = terraform().run(folder, "init", "-no-color", "-input=false", check=False)
    assert result.returncode != 0
    assert re.search(r"Error: Variables not allowed\s+on main\.tf line 8.*\s+8:\s+organization = var\.", result.stderr)


def test_06_state_is_kept_where_literals_say(northwind: Path) -> None:
    """`init -backend=false` and `validate`, which need no cloud, would not notice."""
    texts = texts_of(northwind)
    assert state_settings(texts) == []
    name = "infra/terraform/envs/prod/versions.tf"
    assert '"northwind-prod"' in texts[name]
    for planted in (
        texts[name].replace('"northwind-prod"', "var.workspace"),
        texts[name].replace("  cloud {", '  backend "remote" {'),
    ):
        assert [found.partition(":")[0] for found in state_settings({**texts, name: planted})] == [name]


# 7. Keys that nobody administers, and that BigQuery cannot use


def test_07_key_policy_that_locks_the_account_out(plans: Plans) -> None:
    plans.caught(
        "kms-key-policies-are-narrow",
        "aws_kms_key.landing",
        "policy is without administration by the account and must be allowing the account's root kms:*. "
        "Nobody can change a key that locks the account out.",
    )


def test_07_bigquery_may_not_decrypt(northwind: Path, tmp_path: Path) -> None:
    """Caught by the module's own tests: no policy asks for a right."""
    module = tmp_path / "bigquery_access"
    shutil.copytree(northwind / "infra/terraform/modules/aws/bigquery_access", module)
    source = (module / "main.tf").read_text()
    without, count = re.subn(
        r'  statement \{\n    sid       = "DecryptLandedData".*?^  \}\n', "", source, flags=re.M | re.S
    )
    assert count == 1
    (module / "main.tf").write_text(without)
    terraform().run(module, "init", "-input=false")
    result = terraform().run(module, "test", "-no-color", check=False)
    assert result.returncode != 0
    assert "The role may list, read and decrypt, and nothing else." in result.stdout + result.stderr


# 8. A role of BigQuery that may list all buckets


def test_08_bigquery_lists_all_buckets(plans: Plans) -> None:
    plans.caught(
        "bigquery-reads-landed-data-only",
        "aws_iam_role.reader",
        "attached policy, statement ListBuckets is s3:ListAllMyBuckets and must be reading. BigQuery only reads.",
    )
    plans.caught(
        "bigquery-reads-landed-data-only",
        "aws_iam_role.reader",
        "attached policy, statement ListBuckets is * and must be a landing bucket of this plan. Name the buckets.",
    )


# 9. A bucket that access logs cannot be delivered to


def test_09_access_logs_encrypted_with_a_key(plans: Plans) -> None:
    plans.caught(
        "s3-buckets-are-encrypted-with-own-keys",
        "aws_s3_bucket_server_side_encryption_configuration.logs",
        "rule.0.apply_server_side_encryption_by_default.0.sse_algorithm is aws:kms and must be AES256. "
        "Access logs are not delivered to a bucket with a key.",
    )


def test_09_logging_service_is_not_let_in(plans: Plans) -> None:
    plans.caught(
        "s3-buckets-log-access",
        "aws_s3_bucket.logs",
        "policy is without the logging service and must be allowing logging.s3.amazonaws.com s3:PutObject for this "
        "account. Add the statement, or no log arrives.",
    )


# 10. Policy tags that work on nothing


def test_10_taxonomy_where_no_data_is(plans: Plans) -> None:
    plans.caught(
        "policy-tags-exist-where-data-is",
        "google_data_catalog_taxonomy.this",
        "region is us and must be a location of datasets. A taxonomy works on tables of its own location.",
    )


def test_10_dataset_without_a_taxonomy_beside_it(plans: Plans) -> None:
    plans.caught(
        "policy-tags-exist-where-data-is",
        "google_bigquery_dataset.marts",
        "location is us-central1 and must be a location with an enforced taxonomy. "
        "Add a google_data_catalog_taxonomy in this location.",
    )


def test_10_nobody_reads_in_clear(plans: Plans) -> None:
    for name in ("direct_identifier", "quasi_identifier"):
        plans.caught(
            "identifiers-are-read-in-clear-by-few",
            f'google_data_catalog_policy_tag.class["{name}"]',
            "google_data_catalog_policy_tag_iam_binding is missing and must be present. "
            "Say who reads this class in clear.",
        )


def test_10_tag_of_a_mask_without_one(plans: Plans) -> None:
    plans.caught(
        "identifiers-are-masked",
        "google_data_catalog_policy_tag.masked",
        "google_bigquery_datapolicy_data_policy is missing and must be present. Add a data policy for this tag.",
    )


UNMASKED = """\
module "classification" {
  source = "%s"

  clear_readers       = ["labs-raw-readers@mesh.example"]
  dbt_service_account = "dbt@mesh-dev.iam.gserviceaccount.com"
  location            = "us-east4"
  masked_readers      = ["labs-masked-readers@mesh.example"]
  mesh                = { environment = "dev", gcp_project = "mesh-dev", name = "mesh" }
  policy_tags         = { direct_identifier = { classification = "direct_identifier", masking = %s } }
}
"""


def test_10_identifiers_without_any_mask(northwind: Path, tmp_path: Path) -> None:
    """The policies see tags that are there; that a class of identifiers has masks, the module asks of the contracts."""
    shutil.copytree(northwind / "infra/terraform/modules/governance/classification", tmp_path / "classification")
    folders = {
        name: written(tmp_path / name, UNMASKED % ("../classification", masking))
        for name, masking in (("wrong", "null"), ("mended", '"sha256"'))
    }
    result = offline(folders["wrong"]).terraform("plan", "-input=false", check=False)
    assert result.returncode != 0
    said = re.sub(r"\s+", " ", result.stderr)
    assert "policy_tags of identifiers must have a mask: give the column a masking in contracts/." in said
    assert len(offline(folders["mended"]).plan()["resource_changes"]) > 4


# 11. Policies that see what they expect, and nothing else

# Versioning of buckets, as a careless policy would look at it.
NAIVE_POLICY = """\
import "tfplan/v2" as tfplan

versionings = filter tfplan.resource_changes as _, change { change.type is "aws_s3_bucket_versioning" %s }

main = rule { all versionings as _, each { %s } }
"""
KEPT = 'and change.change.actions is not ["delete"]'
BLOCK_AS_LIST = "each.change.after.versioning_configuration[0].status"
# What is naive, and the case of ours that shows it.
NAIVE = {
    "a nested block taken for a map": (
        KEPT,
        'each.change.after.versioning_configuration.status is "Enabled"',
        "pass-compliant",
    ),
    "a nested block taken for a map, and a default for what is undefined": (
        KEPT,
        '(each.change.after.versioning_configuration.status else "Enabled") is "Enabled"',
        "fail-attribute-wrong",
    ),
    "only what is there": (KEPT, f'{BLOCK_AS_LIST} is "Enabled"', "fail-companion-missing"),
    "what is deleted counts": ("", f'{BLOCK_AS_LIST} is "Enabled"', "pass-deleted-only"),
    "what is unknown counts": (KEPT, f'({BLOCK_AS_LIST} else "Enabled") is "Enabled"', "fail-attribute-unknown"),
}


@pytest.mark.parametrize("mistake", NAIVE)
def test_11_naive_policy_fails_our_cases(mistake: str, with_cases: Path, tmp_path: Path) -> None:
    ours = with_cases / POLICIES / "policies/s3/s3-buckets-are-versioned.sentinel"
    cases = {case.stem: case for case in (ours.parent / "test" / ours.stem).glob("*.hcl")}
    kept, condition, telling = NAIVE[mistake]
    naive = tmp_path / ours.name
    naive.write_text(NAIVE_POLICY % (kept, condition))
    results = {name: run_case(naive, case) for name, case in cases.items()}
    assert results[telling].status == "failed"
    # Each was evaluated: none fails because it does not parse.
    assert all(result.outcome for result in results.values())
    if mistake == "a nested block taken for a map":
        # Stopped, so that a plan in order is denied too.
        assert "only a map or an import has parts such as .status, got list" in results[telling].reason
    assert {name for name, case in cases.items() if run_case(ours, case).status != "passed"} == set()


# Policies that heed no value of a resource of the plan, and what they heed.
CONFIGURATION_ALONE = {
    "aws-regions-are-allowed": "regions of providers",
    "google-identities-have-no-keys": "types of resources",
    "iam-has-no-users-or-inline-policies": "types of resources",
    "terraform-keeps-data-and-keys": "what is deleted",
    "terraform-modules-are-local": "calls of modules",
    "terraform-outputs-hide-secrets": "outputs",
    "terraform-providers-are-pinned": "providers",
    "terraform-runs-no-code": "provisioners and data sources",
}
# Values that pass if they are unknown, though they are denied if they are wrong. An entry that is mended has to go.
UNKNOWN_PASSES: dict[str, dict[str, str]] = {
    "bigquery-data-is-encrypted-with-own-keys": {
        "google_bigquery_dataset.location": "bigquery-omni-stays-beside-its-region denies it",
    },
    "cloud-kms-keys-are-used-by-service-agents-only": {
        "google_kms_crypto_key_iam_member.member": "told by what the module is given: data sources of service agents",
    },
    "cloud-run-jobs-are-private": {
        "google_cloud_run_v2_job.launch_stage": "computed where it is not set: GA",
    },
    "google-grants-name-groups-and-service-accounts": {
        "google_kms_crypto_key_iam_member.member": "cloud-kms-keys-are-used-by-service-agents-only decides on keys",
    },
    "google-networks-are-closed": {
        "google_compute_subnetwork.stack_type": "computed where it is not set: IPV4_ONLY",
    },
    "google-services-encrypt-with-own-keys": {
        "google_kms_crypto_key.key_ring": "google-locations-are-allowed decides on rings",
    },
}
# Policies that deny deletions themselves.
DENIES_DELETIONS = {"google-organization-policies-stay-enforced", "terraform-keeps-data-and-keys"}


def plain(value: Any) -> Any:
    """A value of a mock as a plan would have it."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list) else value


def words(code: Path, modules: Path) -> set[str]:
    """The words of a policy and of the modules that it imports: what it reads of a resource is among them."""
    text = code.read_text()
    found = set(re.findall(r"\w+", text))
    for name in re.findall(r'^import "(\w+)"$', text, re.MULTILINE):
        module = modules / name / f"{name}.sentinel"
        if module.exists() and module != code:
            found |= words(module, modules)
    return found


class Compliant:
    """A policy, and the plan of the case that it passes."""

    def __init__(self, policy: Path) -> None:
        self._policy = Policy.load(policy)
        self._words = words(policy, policy.parents[2] / "modules")
        cases = policy.parent / "test" / policy.stem
        for case in (cases / "pass-compliant.hcl", *sorted(cases.glob("pass-*.hcl"))):
            self._case = Configuration.load(case, strict=False)
            self._plan = self._mock(self._case, "tfplan/v2")
            if self.resources:
                break
        self._configuration = self._mock(self._case, "tfconfig/v2")

    @property
    def resources(self) -> Json:
        """The resources of the plan."""
        changes: Json = self._plan.get("resource_changes", {})
        return changes

    @staticmethod
    def _mock(case: Configuration, name: str) -> Json:
        source = case.mocks.get(name)
        if source is None or isinstance(source, Mapping):
            return dict(source or {})
        mock: Json = plain(dict(Policy.load(source.path).evaluate().variables))
        return mock

    def first_instances(self) -> Iterator[Json]:
        """Every managed resource, one instance of those that have several."""
        seen = set()
        for address, resource in self.resources.items():
            configured = without_keys(address)
            if resource["mode"] == "managed" and configured not in seen:
                seen.add(configured)
                yield resource

    def configured(self, resource: Json) -> tuple[str, Json]:
        """Where the configuration has a resource, and what it has."""
        address = without_keys(resource["address"])
        entry: Json = self._configuration.get("resources", {}).get(address, {})
        return address, entry

    def values(self, resource: Json) -> Iterator[tuple[tuple[str | int, ...], Any]]:
        """What the policy may read of a resource: what is known, and what the configuration takes from elsewhere."""
        set_here = self.configured(resource)[1].get("config", {})
        taken = (path for path in unknown(resource["change"].get("after_unknown") or {}) if path[0] in set_here)
        values = [*leaves(resource["change"]["after"]), *((path, None) for path in taken)]
        return ((path, value) for path, value in values if path[0] in self._words)

    def decided(self, resource: Json, changed: Json | None, untraced: str = "") -> Outcome:
        """What the policy says with another resource in place of one. `untraced` is an attribute of unknown origin."""
        address = resource["address"]
        resources = {key: entry for key, entry in self.resources.items() if key != address}
        if changed is not None:
            resources[address] = changed
        imports: dict[str, Json] = {"tfplan/v2": {**self._plan, "resource_changes": resources}}
        configured, entry = self.configured(resource)
        if untraced and entry:
            opaque = entry | {"config": entry.get("config", {}) | {untraced: {"references": ["local.elsewhere"]}}}
            others = self._configuration["resources"] | {configured: opaque}
            imports["tfconfig/v2"] = {**self._configuration, "resources": others}
        return self._policy.evaluate(imports=imports, configuration=self._case)


def with_unknown(resource: Json, path: tuple[str | int, ...]) -> Json:
    """A resource with a value that is known after the apply only, as Terraform writes it."""
    changed = deepcopy(resource)
    holder = changed["change"]["after"]
    for step in path[:-1]:
        holder = holder[step]
    if isinstance(holder, list):
        holder[int(path[-1])] = None
    else:
        holder.pop(path[-1], None)
    put(changed["change"].setdefault("after_unknown", {}), path, True)
    return changed


def with_wrong(resource: Json, path: tuple[str | int, ...], value: Any) -> Json:
    """A resource with another value than the policy's case has."""
    changed = deepcopy(resource)
    put(changed["change"]["after"], path, not value if isinstance(value, bool) else "wrong")
    return changed


@cache
def compliant(policy: Path) -> Compliant:
    """Read once for both tests."""
    return Compliant(policy)


NAMES = sorted(file.stem for file in (ROOT / "template" / POLICIES / "policies").glob("*/*.sentinel"))


def policy_file(rendered: Path, name: str) -> Path:
    """The file of a policy."""
    (file,) = (rendered / POLICIES / "policies").glob(f"*/{name}.sentinel")
    return file


@pytest.mark.parametrize("name", NAMES)
def test_11_unknown_values_are_not_let_through(name: str, with_cases: Path) -> None:
    """What is denied if it is wrong is denied if it is unknown and the configuration does not say where it is from."""
    policy = compliant(policy_file(with_cases, name))
    heeded, passes = 0, set()
    for resource in policy.first_instances():
        for path, value in policy.values(resource):
            place = f"{resource['type']}.{'.'.join(map(str, path))}"
            opaque = policy.decided(resource, with_unknown(resource, path), str(path[0]))
            if opaque.error is not None:
                passes.add(f"{place} stops with an error")
            elif not opaque.passed:
                heeded += 1
            elif not (wrong := policy.decided(resource, with_wrong(resource, path, value))).passed and not wrong.error:
                passes.add(place)
    assert passes == set(UNKNOWN_PASSES.get(name, {}))
    assert (heeded == 0) == (name in CONFIGURATION_ALONE), f"{heeded} values are heeded"


@pytest.mark.parametrize("name", NAMES)
def test_11_deleted_resources_do_not_count(name: str, with_cases: Path) -> None:
    """A plan that deletes a resource is decided as one without it, but by the policies that deny deletions."""
    policy = compliant(policy_file(with_cases, name))
    denied = []
    for resource in policy.first_instances():
        change = {"actions": ["delete"], "before": resource["change"]["after"], "after": None, "after_unknown": {}}
        absent = policy.decided(resource, None)
        deleted = policy.decided(resource, resource | {"change": change})
        assert (absent.error, deleted.error) == (None, None)
        assert absent.passed or not deleted.passed, f"{resource['address']} counts as if it were kept"
        if absent.passed and not deleted.passed:
            denied.append(resource["address"])
    assert bool(denied) == (name in DENIES_DELETIONS), denied


# 12. One environment's name in the code of all, applies that nobody approves, claims without code

# Samples of the tests that the repository brings along: meshes of their own.
SAMPLES = re.compile(
    r"\.tftest\.hcl$|^infra/terraform/modules/.*/tests/|^infra/terraform/sentinel-policies/policies/.*/test/"
)


def texts_of(rendered: Path) -> dict[str, str]:
    """Path -> text of every file of a rendered repository but samples."""
    return {
        path: held.decode(errors="replace") for path, held in files_of(rendered).items() if not SAMPLES.search(path)
    }


# No names of environments: a device, a domain, a file of requirements, Google's agent of Cloud Run, the example mesh of
# error messages.
NO_ENVIRONMENT = re.compile(
    r"/dev/null|\bpkg(?:\\\\)?\.dev\b|\bserverless-robot-prod\b|\brequirements-dev\b|\bmesh-(?:dev|prod)\b"
)
# Where the environments of a mesh are listed.
LISTED = (
    ".copier-answers.yml",
    ".github/dependabot.yml",
    ".github/workflows/dags.yml",
    ".github/workflows/dbt.yml",
    ".github/workflows/terraform-drift.yml",
    ".github/workflows/terraform.yml",
    "Makefile",
    "README.md",
    "dbt/dbt_project.yml",
    "dbt/profiles.yml",
    "delivery/github_setup.sh",
    "docs/architecture.md",
    "docs/delivery.md",
    "docs/shape.yml",
    "infra/terraform/README.md",
    "infra/terraform/sentinel-policies/README.md",
    "orchestration/composer/README.md",
    "orchestration/composer/dags/clinical_mesh/mesh.py",
)
# Lines that name an environment and should not. An entry that is mended has to go.
HARD_CODED = {
    "dbt/profiles.yml: schema: dev": "the DuckDB schema of the demo",
}


def named(texts: Mapping[str, str], environments: list[str]) -> set[str]:
    """Lines that name an environment, in whatever it is part of: labs_dev, DEV, mesh-dev-labs."""
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(environments)})(?![A-Za-z0-9])", re.IGNORECASE)
    return {
        f"{path}: {line.strip()}"
        for path, text in texts.items()
        for line in text.splitlines()
        if pattern.search(NO_ENVIRONMENT.sub("", line))
    }


def misplaced(texts: Mapping[str, str], environments: list[str]) -> set[str]:
    """Lines that name an environment outside its own folders and the lists of all environments."""
    wrong = set()
    for environment in environments:
        own = (f"infra/terraform/envs/{environment}/", f"{POLICIES}/{environment}/", "contracts/")
        elsewhere = {path: text for path, text in texts.items() if path not in LISTED and not path.startswith(own)}
        wrong |= named(elsewhere, [environment])
    return wrong


DAG = {"airflow/dags/labs.py": 'DATASET = "labs_dev"\n'}


def test_12_no_environment_is_hard_coded(render: Render) -> None:
    """A mesh without dev and prod never says dev or prod."""
    texts = texts_of(render(domains=["labs", "patients"], environments=["test", "staging"]))
    assert named(texts, ["dev", "prod"]) == set(HARD_CODED)
    assert named(texts | DAG, ["dev", "prod"]) - set(HARD_CODED) == {'airflow/dags/labs.py: DATASET = "labs_dev"'}


def test_12_environments_are_named_where_they_belong(northwind: Path) -> None:
    texts = texts_of(northwind)
    found = misplaced(texts, ["dev", "prod"])
    assert found == {line for line in HARD_CODED if not line.startswith(LISTED)}
    # Code of one environment that names another, too.
    planted = DAG | {"infra/terraform/envs/dev/planted.tf": "# as in northwind-prod\n"}
    assert {line.partition(":")[0] for line in misplaced(texts | planted, ["dev", "prod"]) - found} == set(planted)


UNATTENDED = re.compile(r"auto[-_]?approve|auto[-_]?apply\W+(?:true|yes|on)\b", re.IGNORECASE)


def unattended(texts: Mapping[str, str]) -> set[str]:
    """Files that apply without asking."""
    return {path for path, text in texts.items() if UNATTENDED.search(text)}


def test_12_nothing_is_applied_without_approval(northwind: Path) -> None:
    texts = texts_of(northwind)
    assert unattended(texts) == set()
    planted = {
        ".github/workflows/apply.yml": "run: terraform apply -input=false -auto-approve plan.tfplan\n",
        "infra/terraform/envs/prod/workspace.tf": 'resource "tfe_workspace" "prod" {\n  auto_apply = true\n}\n',
        "infra/workspace.json": '{"auto-apply": true}\n',
    }
    assert unattended(texts | planted) == set(planted)


# Google discontinued them on 2026-01-30.
DISCONTINUED = re.compile(r'"google_data_catalog_(?:tag_template|tag|entry|entry_group)(?:_iam_\w+)?"')
# What a README may speak of only if the code makes it.
CLAIMS = {
    "lineage": r"cloud_data_lineage_integration \{\s+enabled = true",
    "aspect": r'resource "google_dataplex_aspect_type"',
    "tag template": r"^$",
}
DENIAL = re.compile(r"\bno\b|discontinued", re.IGNORECASE)


def empty_claims(texts: Mapping[str, str]) -> set[str]:
    """Lines of the documentation that speak of what the code does not make, and resources of discontinued types."""
    code = "\n".join(text for path, text in texts.items() if path.endswith(".tf"))
    claimed = {
        f"{path}: {line}"
        for path, text in texts.items()
        if path.endswith(".md")
        for line in text.splitlines()
        for subject, made in CLAIMS.items()
        if subject in line.lower() and not DENIAL.search(line) and not re.search(made, code)
    }
    return claimed | set(DISCONTINUED.findall(code))


def test_12_documentation_claims_what_the_code_makes(northwind: Path) -> None:
    texts = texts_of(northwind)
    assert empty_claims(texts) == set()
    planted = {
        "docs/governance.md": "Tag templates say who owns a dataset.\n",
        "infra/terraform/templates.tf": 'resource "google_data_catalog_tag_template" "owner" {\n}\n',
    }
    assert empty_claims(texts | planted) == {
        "docs/governance.md: Tag templates say who owns a dataset.",
        '"google_data_catalog_tag_template"',
    }
    without = {
        path: text.replace("google_dataplex_aspect_type", "google_dataplex_entry") for path, text in texts.items()
    }
    assert any("aspect" in line for line in empty_claims(without))


LINK = re.compile(r"\[[^]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^[\w.*<>/-]+(?:/|\.(?:csv|duckdb|hcl|json|md|py|sentinel|sql|tf|tfvars|toml|txt|ya?ml))$")
# Made by commands or by the reader, so not there from the start.
MADE = {
    ".terraform.lock.hcl",
    "contracts/retired/<domain>.odcs.yaml",
    "demo/mesh.duckdb",
    "removed_<region>.tf",
    "retire_override.tf",
}
# In Composer's bucket.
ELSEWHERE = {"config/pip/pip.conf", "dags/"}


def dead_paths(texts: Mapping[str, str]) -> set[str]:
    """Links and paths in the documentation that lead nowhere. A path is relative to its file or to the repository."""
    there = set(texts) | {str(parent) for path in texts for parent in Path(path).parents}

    def leads_somewhere(path: str, folder: str) -> bool:
        pattern = re.sub(r"<[^>]*>", "*", path).rstrip("/")
        places = [os.path.normpath(f"{folder}/{pattern}"), os.path.normpath(pattern)]
        if "/" not in pattern:
            # The name of a file, such as one that every environment has.
            places.append(f"**/{pattern}")
        expressions = [re.escape(place).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*") for place in places]
        return any(re.fullmatch(expression, known) for expression in expressions for known in there)

    dead = set()
    for path, text in texts.items():
        if not path.endswith(".md"):
            continue
        prose = FENCE.sub("", text)
        links = {link for link in LINK.findall(prose) if "://" not in link and not link.startswith("mailto:")}
        written_out = {code for code in CODE.findall(prose) if FILE.match(code)} - MADE - ELSEWHERE
        dead |= {
            f"{path}: {found}" for found in links | written_out if not leads_somewhere(found, str(Path(path).parent))
        }
    return dead


def test_12_documentation_leads_to_what_is_there(with_cases: Path) -> None:
    texts = {path: held.decode(errors="replace") for path, held in files_of(with_cases).items()}
    assert dead_paths(texts) == set()
    planted = {
        "docs/lineage.md": "See [the DAG](../airflow/lineage.py), `gcp/catalog/templates.tf`, `tags.yaml`.\n",
    }
    assert dead_paths(texts | planted) == {
        "docs/lineage.md: ../airflow/lineage.py",
        "docs/lineage.md: gcp/catalog/templates.tf",
        "docs/lineage.md: tags.yaml",
    }
