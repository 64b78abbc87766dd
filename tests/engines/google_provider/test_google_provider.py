"""The providers do what Terraform asks, reject what the real ones reject, and have the schema that the real ones have.

Negative cases look at the message. An exit code alone would also be got from a provider that does not start.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.engines.google_provider import RELEASES, Reattached, Schema, bindings, mirror, schema, stored, uncovered
from tests.engines.google_provider.tables import Entry, table
from tests.engines.terraform import REGISTRY, cli_configuration, find_mirror, terraform

RESOURCES, DATA = "resource_schemas", "data_source_schemas"
REQUIRED_PROVIDERS = """
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.45, < 9"
    }
  }
}
"""
PROVIDERS = """
provider "google" {
  project        = "acme"
  region         = "us-east4"
  default_labels = { mesh = "northwind" }
}

provider "google" {
  alias   = "other"
  project = "other"
  region  = "us-east4"
}
"""
MESH = """
variable "connection" {
  default = "lake"
}

variable "purpose" {
  default = "clinical"
}

data "google_project" "this" {}

data "google_project" "other" {
  provider = google.other
}

data "google_bigquery_default_service_account" "this" {}

data "google_storage_project_service_account" "this" {}

resource "google_kms_key_ring" "this" {
  name     = "mesh"
  location = "us-east4"
}

resource "google_kms_crypto_key" "this" {
  name     = "lake"
  key_ring = google_kms_key_ring.this.id
  labels   = { purpose = var.purpose }

  timeouts {
    create = "10m"
  }
}

resource "google_kms_crypto_key_iam_member" "bigquery" {
  crypto_key_id = google_kms_crypto_key.this.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = data.google_bigquery_default_service_account.this.member
}

resource "google_bigquery_connection" "lake" {
  provider      = google.other
  connection_id = var.connection
  location      = "aws-us-east-1"

  aws {
    access_role {
      iam_role_id = "arn:aws:iam::111111111111:role/lake"
    }
  }
}

resource "google_bigquery_dataset" "this" {
  dataset_id = "lake"
  location   = "aws-us-east-1"

  external_dataset_reference {
    connection      = google_bigquery_connection.lake.name
    external_source = "aws-glue://arn:aws:glue:us-east-1:111111111111:database/lake"
  }
}

resource "google_service_account" "runner" {
  account_id = "runner"
}

resource "google_project_iam_member" "runner" {
  for_each = toset([google_service_account.runner.member])

  project = "acme"
  role    = "roles/bigquery.jobUser"
  member  = each.value
}

resource "google_data_catalog_taxonomy" "this" {
  display_name = "phi"
}

resource "google_data_catalog_policy_tag" "this" {
  taxonomy     = google_data_catalog_taxonomy.this.id
  display_name = "identifier"
}

resource "google_composer_environment" "this" {
  name = "mesh"
}

output "values" {
  value = {
    account  = google_service_account.runner.email
    airflow  = google_composer_environment.this.config[0].airflow_uri
    bigquery = data.google_bigquery_default_service_account.this.email
    dags     = google_composer_environment.this.config[0].dag_gcs_prefix
    dataset  = google_bigquery_dataset.this.self_link
    grant    = google_project_iam_member.runner["serviceAccount:runner@acme.iam.gserviceaccount.com"].id
    identity = google_bigquery_connection.lake.aws[0].access_role[0].identity
    image    = google_composer_environment.this.config[0].software_config[0].image_version
    key      = google_kms_crypto_key.this.id
    labels   = google_kms_crypto_key.this.effective_labels
    lake     = google_bigquery_connection.lake.name
    number   = data.google_project.this.number
    other    = data.google_project.other.number
    policy   = google_data_catalog_policy_tag.this.name
    project  = provider::google::project_from_id(google_kms_crypto_key.this.id)
    ring     = google_kms_key_ring.this.id
    storage  = data.google_storage_project_service_account.this.email_address
    taxonomy = google_data_catalog_taxonomy.this.name
  }
}
"""


@pytest.fixture(scope="module")
def attached() -> Iterator[Mapping[str, str]]:
    """The environment variables with which Terraform attaches to running providers."""
    with Reattached() as providers:
        yield providers.variables


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment variables with which Terraform installs the providers from a mirror."""
    directory = tmp_path_factory.mktemp("mirror")
    configuration = directory / "terraform.rc"
    configuration.write_text(cli_configuration([mirror(directory / "providers")]))
    return {"TF_CLI_CONFIG_FILE": str(configuration)}


def run(
    folder: Path, variables: Mapping[str, str], *arguments: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run Terraform in a folder."""
    command, *options = arguments
    return terraform().run(folder, command, "-no-color", *options, variables=variables, check=check)


def outputs(folder: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """The outputs of what is applied in a folder."""
    written = json.loads(terraform().run(folder, "output", "-json", variables=variables).stdout)
    return {name: each["value"] for name, each in written.items()}


def planned(folder: Path, variables: Mapping[str, str], *arguments: str) -> dict[str, list[str]]:
    """Address -> actions of every resource that a plan changes."""
    run(folder, variables, "plan", "-out=plan.tfplan", *arguments)
    plan = json.loads(terraform().run(folder, "show", "-json", "plan.tfplan", variables=variables).stdout)
    changes = {each["address"]: each["change"]["actions"] for each in plan.get("resource_changes", [])}
    return {address: actions for address, actions in changes.items() if actions not in (["no-op"], ["read"])}


def failure(folder: Path, variables: Mapping[str, str], configuration: str, *arguments: str) -> str:
    """What Terraform says about a configuration that it must reject, in one line."""
    (folder / "main.tf").write_text(REQUIRED_PROVIDERS + PROVIDERS + configuration)
    result = run(folder, variables, *arguments, check=False)
    assert result.returncode == 1, result.stdout
    # Terraform draws a frame, and breaks lines.
    return re.sub(r"[\s│╷╵]+", " ", result.stderr)


# Life cycle.


@pytest.mark.parametrize("how", ["attached", "mirrored"])
def test_life_cycle(how: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    variables = request.getfixturevalue(how)
    (tmp_path / "main.tf").write_text(REQUIRED_PROVIDERS + PROVIDERS + MESH)
    run(tmp_path, variables, "init", "-input=false")
    run(tmp_path, variables, "apply", "-auto-approve")
    values = outputs(tmp_path, variables)["values"]

    # Two configurations of the provider, in one process or in two.
    assert values["number"] != values["other"]
    assert re.fullmatch(r"\d{12}", values["number"])
    assert values["lake"] == f"projects/{values['other']}/locations/aws-us-east-1/connections/lake"
    assert values["bigquery"] == f"bq-{values['number']}@bigquery-encryption.iam.gserviceaccount.com"
    assert values["storage"] == f"service-{values['number']}@gs-project-accounts.iam.gserviceaccount.com"
    assert re.fullmatch(r"\d{21}", values["identity"])
    assert values["ring"] == "projects/acme/locations/us-east4/keyRings/mesh"
    assert values["key"] == f"{values['ring']}/cryptoKeys/lake"
    assert values["project"] == "acme"
    assert values["labels"] == {"goog-terraform-provisioned": "true", "mesh": "northwind", "purpose": "clinical"}
    assert values["account"] == "runner@acme.iam.gserviceaccount.com"
    assert values["grant"] == "acme/roles/bigquery.jobUser/serviceAccount:runner@acme.iam.gserviceaccount.com"
    assert values["dataset"] == "https://bigquery.googleapis.com/bigquery/v2/projects/acme/datasets/lake"
    assert re.fullmatch(r"projects/acme/locations/us-east4/taxonomies/\d{19}", values["taxonomy"])
    assert re.fullmatch(re.escape(values["taxonomy"]) + r"/policyTags/\d{19}", values["policy"])
    assert values["airflow"].endswith("-dot-us-east4.composer.googleusercontent.com")
    assert re.fullmatch(r"gs://us-east4-mesh-[0-9a-f]{8}-bucket/dags", values["dags"])
    assert values["image"].startswith("composer-3-airflow-")

    assert planned(tmp_path, variables) == {}
    update = planned(tmp_path, variables, "-var=purpose=research")
    assert update == {"google_kms_crypto_key.this": ["update"]}
    # The new name reaches the dataset as a value that is known after apply.
    replacement = planned(tmp_path, variables, "-var=connection=pond")
    assert replacement == {
        "google_bigquery_connection.lake": ["delete", "create"],
        "google_bigquery_dataset.this": ["delete", "create"],
    }
    run(tmp_path, variables, "apply", "plan.tfplan")
    assert outputs(tmp_path, variables)["values"]["lake"].endswith("/connections/pond")
    run(tmp_path, variables, "destroy", "-auto-approve")
    assert json.loads((tmp_path / "terraform.tfstate").read_text())["resources"] == []


def test_values_are_the_same_in_every_run_and_differ_between_resources(
    attached: Mapping[str, str], tmp_path: Path
) -> None:
    configuration = """
    resource "google_monitoring_notification_channel" "this" {
      for_each     = toset(["a", "b"])
      type         = "email"
      labels       = { email_address = "${each.key}@example.com" }
      display_name = "Security"
    }

    output "names" {
      value = values(google_monitoring_notification_channel.this)[*].name
    }
    """
    found = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "main.tf").write_text(REQUIRED_PROVIDERS + PROVIDERS + configuration)
        run(folder, attached, "apply", "-auto-approve")
        found.append(outputs(folder, attached)["names"])
    assert found[0] == found[1]
    assert len(set(found[0])) == 2


def test_plan_tells_defaults(attached: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        REQUIRED_PROVIDERS
        + PROVIDERS
        + """
        resource "google_storage_bucket" "this" {
          name     = "northwind-lake"
          location = "us-east4"
        }

        resource "google_access_context_manager_service_perimeter" "this" {
          parent = "accessPolicies/1"
          name   = "accessPolicies/1/servicePerimeters/phi"
          title  = "phi"
        }
        """
    )
    run(tmp_path, attached, "plan", "-out=plan.tfplan")
    plan = json.loads(terraform().run(tmp_path, "show", "-json", "plan.tfplan", variables=attached).stdout)
    after = {each["type"]: each["change"]["after"] for each in plan["resource_changes"]}
    # From the table, and from the description that the generator of the provider wrote.
    assert after["google_storage_bucket"]["force_destroy"] is False
    assert after["google_access_context_manager_service_perimeter"]["perimeter_type"] == "PERIMETER_TYPE_REGULAR"


def test_import_reads_the_id(attached: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        REQUIRED_PROVIDERS
        + PROVIDERS
        + """
        import {
          to = google_kms_key_ring.this
          id = "projects/acme/locations/us-east4/keyRings/mesh"
        }

        resource "google_kms_key_ring" "this" {
          name     = "mesh"
          location = "us-east4"
        }
        """
    )
    assert planned(tmp_path, attached) == {}


def test_deletion_is_refused_as_configured(attached: Mapping[str, str], tmp_path: Path) -> None:
    configuration = """
    resource "google_bigquery_table" "protected" {
      dataset_id = "lake"
      table_id   = "patients"
    }

    resource "google_kms_crypto_key" "prevented" {
      name            = "lake"
      key_ring        = "projects/acme/locations/us-east4/keyRings/mesh"
      deletion_policy = "PREVENT"
    }
    """
    (tmp_path / "main.tf").write_text(REQUIRED_PROVIDERS + PROVIDERS + configuration)
    run(tmp_path, attached, "apply", "-auto-approve")
    said = failure(tmp_path, attached, configuration, "destroy", "-auto-approve")
    assert "cannot destroy google_bigquery_table without setting deletion_protection=false" in said
    assert 'cannot destroy google_kms_crypto_key without setting deletion_policy="DELETE"' in said


def test_project_is_needed(attached: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        REQUIRED_PROVIDERS
        + """
        resource "google_service_account" "this" {
          account_id = "runner"
        }
        """
    )
    result = run(tmp_path, attached, "apply", "-auto-approve", check=False)
    assert "project: required field is not set" in result.stderr


TESTED = """
resource "google_bigquery_connection" "lake" {
  location = "aws-us-east-1"

  aws {
    access_role {
      iam_role_id = "arn:aws:iam::111111111111:role/lake"
    }
  }
}

output "identity" {
  value = google_bigquery_connection.lake.aws[0].access_role[0].identity
}
"""
SERVED = """
provider "google" {
  project = "acme"
}
"""
MOCKED = """
mock_provider "google" {
  mock_resource "google_bigquery_connection" {
    defaults = {
      aws = { access_role = { identity = "123456789012345678901" } }
    }
  }
}
"""
RUNS = r"""
run "plan" {
  command = plan
}

run "apply" {
  assert {
    condition     = can(regex("^\\d{21}$", output.identity))
    error_message = "The identity of the connection is ${output.identity}."
  }
}
"""


@pytest.mark.parametrize("provider", [SERVED, MOCKED], ids=["served", "mocked"])
def test_terraform_test(provider: str, attached: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(REQUIRED_PROVIDERS + TESTED)
    (tmp_path / "lake.tftest.hcl").write_text(provider + RUNS)
    run(tmp_path, attached, "init", "-input=false")
    assert "Success! 2 passed, 0 failed." in run(tmp_path, attached, "test").stdout


# What is rejected.


def resource(type_: str, *lines: str) -> str:
    """A resource with these lines in it."""
    return "\n".join([f'resource "{type_}" "this" {{', *lines, "}"])


RING = ('name = "mesh"', 'location = "us-east4"')
FIREWALL = ('name = "deny"', 'network = "mesh"', 'source_ranges = ["10.0.0.0/8"]', "deny {", 'protocol = "all"', "}")


def rule(name: str) -> tuple[str, ...]:
    """A rule of a bucket's life cycle."""
    return ("rule {", f'id = "{name}"', 'status = "Enabled"', 'prefix = "raw/"', "expiration {", "days = 1", "}", "}")


REJECTED = {
    "unknown attribute": (
        resource("google_kms_key_ring", *RING, 'colour = "red"'),
        'An argument named "colour" is not expected here.',
    ),
    "missing required": (
        resource("google_kms_key_ring", 'name = "mesh"'),
        'The argument "location" is required, but no definition was found.',
    ),
    "wrong type": (
        resource("google_bigquery_dataset", 'dataset_id = "lake"', 'default_table_expiration_ms = "soon"'),
        'Inappropriate value for attribute "default_table_expiration_ms": a number is required.',
    ),
    "list for a string": (
        resource("google_kms_key_ring", 'name = ["mesh"]', 'location = "us-east4"'),
        'Inappropriate value for attribute "name": string required.',
    ),
    "attribute for a block": (
        resource("google_bigquery_connection", 'connection_id = "lake"', "aws = {}"),
        'An argument named "aws" is not expected here. Did you mean to define a block of type "aws"?',
    ),
    "block for an attribute": (
        resource("google_kms_crypto_key", 'name = "k"', 'key_ring = "r"', "labels {", "}"),
        'Blocks of type "labels" are not expected here. Did you mean to define argument "labels"?',
    ),
    "missing nested block": (
        resource("google_bigquery_connection", "aws {", "}"),
        'At least 1 "access_role" blocks are required.',
    ),
    "too many blocks": (
        resource("google_bigquery_connection", *2 * ("cloud_resource {", "}")),
        'No more than 1 "cloud_resource" blocks are allowed',
    ),
    "unknown nested attribute": (
        resource("google_composer_environment", 'name = "mesh"', "config {", "software_config {", "dag = 1", "}", "}"),
        'An argument named "dag" is not expected here.',
    ),
    "computed only": (
        resource("google_service_account", 'account_id = "runner"', 'email = "runner@example.com"'),
        'Can\'t configure a value for "email": its value will be decided automatically',
    ),
    "computed only, nested": (
        resource(
            "google_bigquery_connection", "aws {", "access_role {", 'iam_role_id = "r"', 'identity = "1"', "}", "}"
        ),
        'Can\'t configure a value for "aws.access_role.identity": its value will be decided automatically',
    ),
    "enumeration": (
        resource(
            "google_bigquery_datapolicy_data_policy",
            'data_policy_id = "phi"',
            'location = "us-east4"',
            'policy_tag = "t"',
            'data_policy_type = "MASKING"',
        ),
        'expected data_policy_type to be one of ["COLUMN_LEVEL_SECURITY_POLICY" "DATA_MASKING_POLICY"], got MASKING',
    ),
    "enumeration in a list": (
        resource("google_data_catalog_taxonomy", 'display_name = "phi"', 'activated_policy_types = ["MASKING"]'),
        'expected activated_policy_types to be one of ["POLICY_TYPE_UNSPECIFIED" "FINE_GRAINED_ACCESS_CONTROL"]',
    ),
    "exactly one, none": (
        resource("google_bigquery_connection", 'connection_id = "lake"'),
        '"cloud_sql": one of `cloud_sql,aws,azure,cloud_spanner,cloud_resource,spark,configuration` must be specified',
    ),
    "exactly one, two": (
        resource("google_bigquery_connection", "cloud_resource {", "}", "spark {", "}"),
        "can be specified, but `cloud_resource,spark` were specified.",
    ),
    "exactly one, nested": (
        resource("google_secret_manager_secret", 'secret_id = "s"', "replication {", "}"),
        '"replication.user_managed": one of `replication.user_managed,replication.auto` must be specified',
    ),
    "at most one": (
        resource(
            "google_compute_firewall",
            'name = "deny"',
            'network = "mesh"',
            "deny {",
            'protocol = "all"',
            "}",
            'source_tags = ["a"]',
            'source_service_accounts = ["b"]',
        ),
        '"source_service_accounts": conflicts with source_tags',
    ),
    "together": (
        resource(
            "google_secret_manager_secret",
            'secret_id = "s"',
            "replication {",
            "auto {",
            "}",
            "}",
            "rotation {",
            'rotation_period = "3600s"',
            "}",
        ),
        '"rotation": all of `rotation,topics` must be specified',
    ),
    "pattern": (
        resource("google_service_account", 'account_id = "Runner"'),
        '"account_id" ("Runner") doesn\'t match regexp',
    ),
    "project id for a number": (
        resource("google_dataplex_entry", 'entry_type = "projects/acme/locations/global/entryTypes/generic"'),
        '"entry_type" ("projects/acme/locations/global/entryTypes/generic") doesn\'t match regexp',
    ),
    "unknown timeout": (
        resource("google_kms_key_ring", *RING, "timeouts {", 'fetch = "1m"', "}"),
        'An argument named "fetch" is not expected here.',
    ),
    "unknown resource type": (
        resource("google_bigquery_lake"),
        'The provider hashicorp/google does not support resource type "google_bigquery_lake".',
    ),
    "unknown function": (
        'output "x" {\n  value = provider::google::colour_from_id("x")\n}',
        'The function "colour_from_id" is not available from the provider',
    ),
    "reference to what is not there": (
        resource("google_kms_key_ring", *RING) + '\noutput "x" {\n  value = google_kms_key_ring.this.colour\n}',
        'This object has no argument, nested block, or exported attribute named "colour".',
    ),
    "unknown argument of the provider": (
        'provider "google" {\n  alias = "third"\n  colour = "red"\n}\n'
        + resource("google_kms_key_ring", *RING, "provider = google.third"),
        'An argument named "colour" is not expected here.',
    ),
    "unknown data source argument": (
        'data "google_project" "this" {\n  number = "1"\n}',
        'Can\'t configure a value for "number": its value will be decided automatically',
    ),
}


@pytest.mark.parametrize("case", REJECTED)
def test_rejected(case: str, attached: Mapping[str, str], tmp_path: Path) -> None:
    configuration, message = REJECTED[case]
    assert message in failure(tmp_path, attached, configuration, "validate")


# What is deprecated.

WARNED = {
    "argument of aws": (
        resource("aws_iam_role", 'assume_role_policy = "{}"', 'managed_policy_arns = ["arn:aws:iam::aws:policy/A"]'),
        ["managed_policy_arns is deprecated. Use aws_iam_role_policy_attachment instead."],
    ),
    "argument of google": (
        resource("google_compute_firewall", *FIREWALL, "enable_logging = true"),
        ["enable_logging is deprecated. Use log_config instead."],
    ),
    "not known yet": (
        resource("google_compute_firewall", *FIREWALL, "enable_logging = var.logged"),
        ["enable_logging is deprecated. Use log_config instead."],
    ),
    "nothing to use instead": (
        resource(
            "aws_s3_bucket_versioning",
            'bucket = "lake"',
            'expected_bucket_owner = "111111111111"',
            "versioning_configuration {",
            'status = "Enabled"',
            "}",
        ),
        ["expected_bucket_owner is deprecated."],
    ),
    "block": (
        resource("aws_s3_bucket", 'bucket = "lake"', "versioning {", "enabled = true", "}"),
        ["versioning is deprecated. Use aws_s3_bucket_versioning instead."],
    ),
    "in every block": (
        resource("aws_s3_bucket_lifecycle_configuration", 'bucket = "lake"', *rule("a"), *rule("b")),
        2 * ["prefix is deprecated. Use filter instead."],
    ),
    "data source": (
        'data "aws_iam_policy_document" "this" {\n  source_json = ""\n}',
        ["source_json is deprecated. Use source_policy_documents instead."],
    ),
    "resource type": (
        resource("google_pubsub_lite_topic", 'name = "events"'),
        ["google_pubsub_lite_topic is deprecated. Use google_pubsub_topic instead."],
    ),
    "type of a data source": (
        'data "aws_s3_bucket_objects" "this" {\n  bucket = "lake"\n}',
        ["aws_s3_bucket_objects is deprecated. Use data.aws_s3_objects instead."],
    ),
    # Of this one the table tells nothing.
    "told by the description": (
        resource("google_dialogflow_cx_webhook", 'display_name = "lake"', "enable_spell_correction = true"),
        ["enable_spell_correction is deprecated."],
    ),
    # Here it is Terraform that warns.
    "reference": (
        resource("google_compute_network", 'name = "mesh"')
        + '\noutput "number" {\n  value = google_compute_network.this.numeric_id\n}',
        ['The attribute "numeric_id" is deprecated. Refer to the provider documentation for details.'],
    ),
    "nothing": (
        "\n".join(
            [
                resource(
                    "google_compute_firewall", *FIREWALL, "log_config {", 'metadata = "INCLUDE_ALL_METADATA"', "}"
                ),
                resource("aws_s3_bucket", 'bucket = "lake"'),
                resource("google_dataplex_aspect_type", 'aspect_type_id = "phi"', 'location = "us-east4"'),
                resource("google_compute_network", 'name = "mesh"'),
                'output "number" {\n  value = google_compute_network.this.network_id\n}',
            ]
        ),
        [],
    ),
}


@pytest.mark.parametrize("case", WARNED)
def test_deprecated(case: str, attached: Mapping[str, str], tmp_path: Path) -> None:
    configuration, expected = WARNED[case]
    variable = 'variable "logged" {\n  type = bool\n}\n'
    (tmp_path / "main.tf").write_text(REQUIRED_PROVIDERS + variable + configuration)
    validated = json.loads(run(tmp_path, attached, "validate", "-json").stdout)
    assert {each["severity"] for each in validated["diagnostics"]} == ({"warning"} if expected else set())
    # A newer Terraform may find more to say of the same marks.
    assert [each["detail"] for each in validated["diagnostics"] if each["detail"] in expected] == expected


def test_what_is_not_known_yet_breaks_no_rule(attached: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        REQUIRED_PROVIDERS
        + """
        variable "key" {
          type = string
        }

        resource "google_bigquery_dataset_access" "this" {
          dataset_id     = "lake"
          user_by_email  = var.key
          group_by_email = null
        }
        """
    )
    run(tmp_path, attached, "validate")


# The tables.


def paths(block: bindings.Block, prefix: str = "") -> Iterator[str]:
    """The paths of all attributes and blocks, members of computed objects too."""
    for name, attribute in block.get("attributes", {}).items():
        yield prefix + name
        yield from members(attribute["type"], f"{prefix}{name}.")
    for name, nested in block.get("block_types", {}).items():
        yield prefix + name
        yield from paths(nested["block"], f"{prefix}{name}.")


def members(type_: bindings.Type, prefix: str) -> Iterator[str]:
    """The paths of the members of objects."""
    if isinstance(type_, list) and type_[0] == "object":
        for name, inner in type_[1].items():
            yield prefix + name
            yield from members(inner, f"{prefix}{name}.")
    elif isinstance(type_, list):
        yield from members(type_[1], prefix)


@pytest.mark.parametrize("provider", RELEASES)
def test_tables_name_what_the_schema_has(provider: str) -> None:
    served = Schema(stored(RELEASES[provider]))
    for kind, entries in ((RESOURCES, table(provider).resources), (DATA, table(provider).data)):
        assert set(entries) <= served.types(kind)
        for name, entry in entries.items():
            known = {*paths(served.block(kind, name)), "*"}
            rules = (*entry.exactly_one, *entry.at_least_one, *entry.at_most_one, *entry.together)
            named = {
                *entry.values,
                *entry.planned,
                *entry.replaced_by,
                *entry.defaults,
                *entry.filled_blocks,
                *entry.patterns,
                *entry.deprecated,
                *(path for rule in rules for path in rule),
            }
            assert named <= known, name
            assert set(entry.planned) <= set(entry.values), name
    types = served.types(RESOURCES) | {f"data.{name}" for name in served.types(DATA)}
    assert set(table(provider).deprecated_types) <= types


def test_google_facts_have_a_source() -> None:
    entries = {**table("google").resources, **table("google").data}
    assert [name for name, entry in entries.items() if not entry.source] == []


def test_uncovered() -> None:
    types = ["google_kms_key_ring", "google_sql_database", "data.google_project", "data.google_kms_key_ring"]
    assert uncovered(types) == {"google_sql_database", "data.google_kms_key_ring"}
    assert uncovered(["aws_s3_bucket", "aws_instance"], provider="aws") == {"aws_instance"}


def minimal(block: bindings.Block, entry: Entry, path: str = "") -> dict[str, Any]:
    """A configuration with only what must be there, or names the resource, in Terraform's JSON syntax."""
    chosen = {rule[0] for rule in entry.exactly_one}
    # What the schema has as optional because the API may one day know better.
    named = set(re.findall(r"\{(\w+)", entry.id or "")) if not path else set()
    value: dict[str, Any] = {}
    for name, attribute in block.get("attributes", {}).items():
        if attribute.get("required") or path + name in chosen or (name in named and not attribute.get("computed")):
            value[name] = literal(attribute["type"], attribute.get("enum", ["example"])[0])
    for name, nested in block.get("block_types", {}).items():
        if nested.get("min_items") or any(f"{each}.".startswith(f"{path}{name}.") for each in chosen):
            value[name] = [minimal(nested["block"], entry, f"{path}{name}.")]
    return value


def literal(type_: bindings.Type, example: str) -> Any:
    """A value of a type."""
    match type_:
        case "number":
            return 1
        case "bool":
            return True
        case [("list" | "set"), inner]:
            return [literal(inner, example)]
        case ["map", inner]:
            return {example: literal(inner, example)}
        case ["object", inner_members]:
            return {name: literal(inner, example) for name, inner in inner_members.items()}
    return example


def test_every_covered_resource_is_planned_applied_and_destroyed(attached: Mapping[str, str], tmp_path: Path) -> None:
    served = Schema(stored(RELEASES["google"]))
    resources = {
        name: {"this": minimal(served.block(RESOURCES, name), entry)}
        for name, entry in table("google").resources.items()
    }
    resources["google_dataplex_entry"]["this"]["entry_type"] = "projects/1/locations/global/entryTypes/generic"
    resources["google_dns_record_set"]["this"]["name"] = "example."
    # On by default, as the real provider has it.
    for protected in ("google_bigquery_table", "google_cloud_run_v2_job"):
        resources[protected]["this"]["deletion_protection"] = False
    (tmp_path / "providers.tf").write_text(REQUIRED_PROVIDERS + PROVIDERS)
    (tmp_path / "main.tf.json").write_text(json.dumps({"resource": resources}))
    run(tmp_path, attached, "apply", "-auto-approve", "-parallelism=40")
    assert planned(tmp_path, attached) == {}
    state = json.loads(terraform().run(tmp_path, "show", "-json", variables=attached).stdout)
    ids = {each["type"]: each["values"]["id"] for each in state["values"]["root_module"]["resources"]}
    # What an id looks like that the table does not make.
    assert [name for name, id_ in ids.items() if id_.startswith(name)] == []
    run(tmp_path, attached, "destroy", "-auto-approve", "-parallelism=40")


# The schema.


def test_google_schema_is_as_documented() -> None:
    served = Schema(stored(RELEASES["google"]))
    connection = served.block(RESOURCES, "google_bigquery_connection")
    dataset = served.block(RESOURCES, "google_bigquery_dataset")
    composer = served.block(RESOURCES, "google_composer_environment")

    # https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/bigquery_connection
    aws = connection["block_types"]["aws"]
    assert (aws["nesting_mode"], aws["max_items"]) == ("list", 1)
    access_role = aws["block"]["block_types"]["access_role"]
    assert (access_role["min_items"], access_role["max_items"]) == (1, 1)
    assert access_role["block"]["attributes"] == {
        "iam_role_id": {"type": "string", "required": True},
        "identity": {"type": "string", "computed": True},
    }
    # … /docs/resources/bigquery_dataset
    attributes = dataset["attributes"]
    assert [name for name, each in attributes.items() if each.get("required")] == ["dataset_id"]
    assert attributes["default_table_expiration_ms"] == {"type": "number", "optional": True}
    assert attributes["labels"]["type"] == ["map", "string"]
    assert attributes["effective_labels"] == {"type": ["map", "string"], "computed": True}
    assert attributes["location"].get("replaces")
    assert dataset["block_types"]["access"]["nesting_mode"] == "set"
    encryption = dataset["block_types"]["default_encryption_configuration"]
    assert encryption["max_items"] == 1
    assert encryption["block"]["attributes"]["kms_key_name"]["required"]
    assert set(dataset["block_types"]["timeouts"]["block"]["attributes"]) == {"create", "update", "delete"}
    # … /docs/resources/composer_environment
    assert [name for name, each in composer["attributes"].items() if each.get("required")] == ["name"]
    config = composer["block_types"]["config"]["block"]
    for name in ("airflow_uri", "dag_gcs_prefix", "gke_cluster"):
        assert config["attributes"][name] == {"type": "string", "computed": True}
    assert config["block_types"]["software_config"]["block"]["attributes"]["pypi_packages"]["type"] == ["map", "string"]
    # Of google-beta, not of google.
    assert "google_project_service_identity" not in served.types(RESOURCES)
    assert served.block(RESOURCES, "google_secret_manager_secret_version")["attributes"]["secret_data_wo"]["write_only"]


def test_another_schema_than_the_recorded_one_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "download", lambda package, folder: tmp_path)
    monkeypatch.setattr(bindings, "recover", lambda wheel: ("8.7.0", {kind: {} for kind in bindings.KINDS.values()}))
    monkeypatch.setattr(schema, "slimmed", lambda recovered: recovered)
    with pytest.raises(schema.DigestError, match=r"cdktn-provider-google==.* gives google 8.7.0 with the digest"):
        schema.make(RELEASES["google"], tmp_path, tmp_path)
    assert not (tmp_path / "schema.zip").exists()


def test_licence_of_the_schema_is_kept() -> None:
    assert "Mozilla Public License, version 2.0" in (stored(RELEASES["google"]) / "LICENSE").read_text()


# The real provider, where the machine has it.

DOCUMENTS = (Path(__file__).parent / "policy_documents.tf").read_text()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root module with the real provider of the version that the recovery is compared with."""
    found = find_mirror()
    if found is None or not any((found / REGISTRY / "hashicorp" / "aws").glob(f"{schema.KNOWN.version}*")):
        pytest.skip(f"no mirror on this machine has hashicorp/aws {schema.KNOWN.version}")
    folder = tmp_path_factory.mktemp("real")
    (folder / "main.tf").write_text(DOCUMENTS.replace(">= 5.100", schema.KNOWN.version))
    terraform().run(folder, "init", "-input=false")
    return folder


def differences(recovered: bindings.Block, truth: bindings.Block, path: str) -> Iterator[tuple[str, str]]:
    """Where a recovered block is not as the real one, and how. The largest number of blocks is compared if it is 1."""
    for members in ("attributes", "block_types"):
        found, expected = recovered.get(members, {}), truth.get(members, {})
        for name in sorted(found.keys() | expected.keys()):
            at = f"{path}.{name}"
            if name not in found or name not in expected:
                yield at, f"not {members} of both"
            elif members == "attributes":
                for key in ("type", "required", "optional", "computed"):
                    if found[name].get(key, False) != expected[name].get(key, False):
                        yield at, f"{key} {found[name].get(key)} is not {expected[name].get(key)}"
            else:
                least, most = expected[name].get("min_items", 0), expected[name].get("max_items", 0)
                shape = (expected[name]["nesting_mode"], min(least, 1), most if most == 1 else 0)
                if (
                    found[name]["nesting_mode"],
                    found[name].get("min_items", 0),
                    found[name].get("max_items", 0),
                ) != shape:
                    yield at, f"not {shape}"
                yield from differences(found[name]["block"], expected[name]["block"], at)


# All that is lost: structures that the bindings have as `any`, and a set of sets that they have as a set of lists.
LOST = {
    "aws_networkmanager_core_network_policy_document.segment_actions.via.with_edge_override.edge_sets",
    "aws_quicksight_analysis.definition",
    "aws_quicksight_dashboard.definition",
    "aws_quicksight_template.definition",
    "aws_wafv2_rule_group.rule.statement",
    "aws_wafv2_web_acl.rule.statement",
}


def test_recovered_schema_is_that_of_the_real_provider(real: Path) -> None:
    shown = json.loads(terraform().run(real, "providers", "schema", "-json").stdout)
    truth = shown["provider_schemas"][f"{REGISTRY}/hashicorp/aws"]
    recovered = Schema(stored(schema.KNOWN))
    found = dict(differences(recovered.block("provider"), truth["provider"]["block"], "provider"))
    for kind in (RESOURCES, DATA):
        assert recovered.types(kind) == set(truth[kind])
        for name, entry in truth[kind].items():
            found |= differences(recovered.block(kind, name), entry["block"], name)
    assert len(truth[RESOURCES]) > 1500
    assert {at: how for at, how in found.items() if at not in LOST} == {}
    assert found.keys() == LOST


def deprecated(block: bindings.Block, path: str = "") -> Iterator[str]:
    """The paths that the schema of a real provider marks."""
    yield from (path + name for name, each in block.get("attributes", {}).items() if each.get("deprecated"))
    for name, nested in block.get("block_types", {}).items():
        if nested["block"].get("deprecated"):
            yield path + name
        yield from deprecated(nested["block"], f"{path}{name}.")


def test_deprecated_is_what_the_real_provider_deprecates(real: Path) -> None:
    shown = json.loads(terraform().run(real, "providers", "schema", "-json").stdout)
    truth = shown["provider_schemas"][f"{REGISTRY}/hashicorp/aws"]
    served = Schema(stored(RELEASES["aws"]))
    for kind, entries in ((RESOURCES, table("aws").resources), (DATA, table("aws").data)):
        for name, entry in entries.items():
            expected = {*deprecated(truth[kind][name]["block"])} & {*paths(served.block(kind, name))}
            # Versions after the real one have made more so.
            assert expected <= set(entry.deprecated), name


def test_policy_documents_are_those_of_the_real_provider(
    real: Path, attached: Mapping[str, str], tmp_path: Path
) -> None:
    terraform().run(real, "apply", "-auto-approve", variables={"AWS_CA_BUNDLE": ""})
    assert documents(tmp_path, attached) == outputs(real, {})


def documents(folder: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """The policy documents as the served provider works them out."""
    (folder / "main.tf").write_text(DOCUMENTS)
    run(folder, variables, "apply", "-auto-approve")
    return outputs(folder, variables)


def test_policy_documents(attached: Mapping[str, str], tmp_path: Path) -> None:
    first = json.loads(documents(tmp_path, attached)["first"][1])
    assert first["Id"] == "first"
    assert first["Statement"][0] == {
        "Sid": "Read",
        "Effect": "Allow",
        "Action": ["s3:ListBucket", "s3:GetObject", "kms:Decrypt"],
        "Resource": ["arn:aws:s3:::a/${aws:username}/*", "arn:aws:s3:::a"],
        "Principal": {
            "AWS": "arn:aws:iam::111111111111:root",
            "Service": ["logging.s3.amazonaws.com", "cloudtrail.amazonaws.com"],
        },
        "Condition": {
            "Bool": {"aws:SecureTransport": "true"},
            "StringEquals": {"aws:PrincipalTag/a": ["<b&c>", "a", "z"], "aws:SourceAccount": "111111111111"},
        },
    }
    assert first["Statement"][1]["Principal"] == "*"


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (2 * 'statement {\n  sid = "A"\n}\n', "duplicate Sid (A). Remove the Sid or ensure the Sid is unique."),
        ('source_policy_documents = ["{"]', "a policy document is not JSON"),
        ('version = "2008-10-17"\nstatement {\n  resources = ["&{aws:username}"]\n}\n', "is not supported in document"),
    ],
)
def test_policy_document_is_rejected(block: str, message: str, attached: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(f'data "aws_iam_policy_document" "this" {{\n{block}\n}}')
    result = run(tmp_path, attached, "plan", check=False)
    assert message in re.sub(r"[\s│]+", " ", result.stderr)


def test_aws_resources(attached: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        """
        provider "aws" {
          region              = "us-west-2"
          allowed_account_ids = ["222222222222"]

          default_tags {
            tags = { mesh = "northwind" }
          }
        }

        data "aws_caller_identity" "this" {}

        resource "aws_s3_bucket" "this" {
          bucket = "northwind-lake"
          tags   = { domain = "labs" }
        }

        resource "aws_kms_key" "this" {}

        resource "aws_iam_role" "this" {
          name               = "lake"
          assume_role_policy = "{}"
        }

        output "values" {
          value = {
            account = data.aws_caller_identity.this.account_id
            bucket  = aws_s3_bucket.this.arn
            key     = aws_kms_key.this.arn
            role    = aws_iam_role.this.arn
            tags    = aws_s3_bucket.this.tags_all
          }
        }
        """
    )
    run(tmp_path, attached, "apply", "-auto-approve")
    values = outputs(tmp_path, attached)["values"]
    assert values["account"] == "222222222222"
    assert values["bucket"] == "arn:aws:s3:::northwind-lake"
    assert re.fullmatch(r"arn:aws:kms:us-west-2:222222222222:key/[0-9a-f-]{36}", values["key"])
    assert values["role"] == "arn:aws:iam::222222222222:role/lake"
    assert values["tags"] == {"domain": "labs", "mesh": "northwind"}
    assert planned(tmp_path, attached) == {}


def test_plugin_says_what_it_is(tmp_path: Path) -> None:
    [plugin] = mirror(tmp_path, ["google"]).rglob("terraform-provider-google_v8.7.0_x5")
    result = subprocess.run([plugin], capture_output=True, text=True, check=False)
    assert result.stderr.strip() == "This is a plugin of Terraform. Run it through Terraform."
