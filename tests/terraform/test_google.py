"""The Google half of the environment dev of the full example, applied together with the AWS half in one run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.mesh import contracts_of
from tests.terraform.environment import Applied

# extensions/regions.yml
OMNI, CURATED = "aws-us-east-1", "us-east4"


@pytest.fixture(scope="module")
def resources(applied_northwind: Applied) -> dict[str, list[dict[str, Any]]]:
    """Type -> the resources of the state."""
    found: dict[str, list[dict[str, Any]]] = {}
    for resource in applied_northwind.module.resources():
        found.setdefault(resource["type"], []).append(resource["values"])
    return found


@pytest.fixture(scope="module")
def datasets(resources: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Id -> dataset."""
    return {dataset["dataset_id"]: dataset for dataset in resources["google_bigquery_dataset"]}


def test_each_domain_has_a_pair_of_datasets(applied_northwind: Applied, datasets: dict[str, dict[str, Any]]) -> None:
    domains = contracts_of(applied_northwind.repository)
    expected = {f"{domain}__us_east4" for domain in domains} | {f"{domain}__aws_us_east_1" for domain in domains}
    assert set(datasets) == expected | {f"{shared}__us_east4" for shared in ("dbt", "marts", "reference")}


def test_curated_data_has_a_key_and_omni_has_none(
    resources: dict[str, list[dict[str, Any]]], datasets: dict[str, dict[str, Any]]
) -> None:
    [key] = [key for key in resources["google_kms_crypto_key"] if key["name"] == "warehouse"]
    assert f"/locations/{CURATED}/" in key["id"]
    for dataset in datasets.values():
        if dataset["location"] == OMNI:
            assert dataset["default_encryption_configuration"] == []
            assert dataset["labels"]["cmek"] == "exempt-omni"
        else:
            assert dataset["location"] == CURATED
            assert dataset["default_encryption_configuration"][0]["kms_key_name"] == key["id"]


def test_keys_rotate_within_90_days(resources: dict[str, list[dict[str, Any]]]) -> None:
    for key in resources["google_kms_crypto_key"]:
        assert int(key["rotation_period"].removesuffix("s")) <= 90 * 24 * 60 * 60


def test_access_is_for_groups_and_pipelines(datasets: dict[str, dict[str, Any]]) -> None:
    for name, dataset in datasets.items():
        people = [entry for entry in dataset["access"] if entry["user_by_email"]]
        assert all(entry["user_by_email"].endswith(".iam.gserviceaccount.com") for entry in people), name
        assert {entry["special_group"] or "projectOwners" for entry in dataset["access"]} == {"projectOwners"}
        assert not any(entry["domain"] or entry["iam_member"] for entry in dataset["access"])


def test_no_grant_is_public_or_for_a_user(resources: dict[str, list[dict[str, Any]]]) -> None:
    members = [
        member
        for kind, found in resources.items()
        if kind.startswith("google_") and "_iam_" in kind
        for values in found
        for member in values.get("members") or [values.get("member")]
        if member
    ]
    assert len(members) > 40
    assert {member.partition(":")[0] for member in members} <= {"serviceAccount", "group", "principal"}


def test_role_trusts_the_connection(applied_northwind: Applied, resources: dict[str, list[dict[str, Any]]]) -> None:
    """One apply, no cycle: the connection names the role, the role trusts what the connection was given."""
    [connection] = resources["google_bigquery_connection"]
    assert connection["location"] == OMNI
    access = connection["aws"][0]["access_role"][0]
    role = "northwind-dev-us-east-1-bigquery"
    assert access["iam_role_id"] == f"arn:aws:iam::111111111111:role/{role}"
    trust = applied_northwind.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    [statement] = trust["Statement"]
    assert statement["Condition"] == {"StringEquals": {"accounts.google.com:sub": access["identity"]}}


@pytest.fixture(scope="module")
def depends_on(applied_northwind: Applied) -> Callable[[str], set[str]]:
    """depends_on(address): everything that Terraform makes before a resource."""
    edges: dict[str, set[str]] = {}
    for line in applied_northwind.module.terraform("graph").stdout.splitlines():
        if match := re.match(r'\s*"(.+)" -> "(.+)";', line):
            edges.setdefault(match[1], set()).add(match[2])

    def followed(address: str) -> set[str]:
        found: set[str] = set()
        waiting = [address]
        while waiting:
            new = edges.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return found

    return followed


def test_connection_is_given_out_after_the_wait(depends_on: Callable[[str], set[str]]) -> None:
    """Role, policies, wait, and only then what is told the id: tables are registered by Composer."""
    composer = "module.composer.google_composer_environment.this"
    wait = "module.biglake_us_east_1.time_sleep.role_is_known"
    attachment = "module.bigquery_access_us_east_1.aws_iam_role_policy_attachment.read"
    role = "module.bigquery_access_us_east_1.aws_iam_role.bigquery"
    assert wait in depends_on(composer)
    assert {attachment, role} <= depends_on(wait)
    # The other way round it would be a cycle.
    assert "module.biglake_us_east_1.google_bigquery_connection.aws" in depends_on(role)


def test_services_are_on_before_they_are_used(
    applied_northwind: Applied, depends_on: Callable[[str], set[str]]
) -> None:
    services = "module.project.google_project_service.this"
    # The graph is that of the configuration: without the keys of count and for_each.
    addresses = {re.sub(r'\["[^"]*"\]', "", each["address"]) for each in applied_northwind.module.resources()}
    google = {address for address in addresses if ".google_" in address} - {services}
    early = {address for address in google if services not in depends_on(address)}
    assert len(google) > 40
    assert early == set()


def test_taxonomies_lie_where_their_tables_are(resources: dict[str, list[dict[str, Any]]]) -> None:
    assert sorted(taxonomy["region"] for taxonomy in resources["google_data_catalog_taxonomy"]) == [OMNI, CURATED]
    for taxonomy in resources["google_data_catalog_taxonomy"]:
        assert taxonomy["activated_policy_types"] == ["FINE_GRAINED_ACCESS_CONTROL"]


def test_every_identifier_has_a_tag_and_a_mask(
    applied_northwind: Applied, resources: dict[str, list[dict[str, Any]]]
) -> None:
    tags: dict[str, tuple[str, str | None]] = {}
    for contract in contracts_of(applied_northwind.repository).values():
        for column in (column for entity in contract["schema"] for column in entity["properties"]):
            custom = {item["property"]: item["value"] for item in column.get("customProperties", [])}
            if column["classification"] != "none":
                tags[custom["policyTag"]] = (column["classification"], custom.get("masking"))
    identifiers = {name for name, (kind, _) in tags.items() if kind in ("direct_identifier", "quasi_identifier")}
    outputs = applied_northwind.module.show()["values"]["outputs"]
    ids = {OMNI: outputs["landing_policy_tag_ids"]["value"]["us-east-1"], CURATED: outputs["policy_tag_ids"]["value"]}
    for location in (OMNI, CURATED):
        assert set(ids[location]) == set(tags)
        masks = {
            policy["policy_tag"]: policy["data_masking_policy"][0]["predefined_expression"]
            for policy in resources["google_bigquery_datapolicy_data_policy"]
            if policy["location"] == location
        }
        for name in identifiers:
            masking = tags[name][1]
            assert masking and masks[ids[location][name]] == masking.upper()


def test_data_products_are_catalogued(applied_northwind: Applied, resources: dict[str, list[dict[str, Any]]]) -> None:
    assert {entry["entry_id"] for entry in resources["google_dataplex_entry"]} == set(
        contracts_of(applied_northwind.repository)
    )


def test_composer_is_private(resources: dict[str, list[dict[str, Any]]]) -> None:
    [environment] = resources["google_composer_environment"]
    [config] = environment["config"]
    assert environment["region"] == CURATED
    assert config["enable_private_environment"] and config["enable_private_builds_only"]
    [key] = [key for key in resources["google_kms_crypto_key"] if key["name"] == "composer"]
    assert config["encryption_config"][0]["kms_key_name"] == key["id"]
    ranges = config["web_server_network_access_control"][0]["allowed_ip_range"]
    assert [allowed["value"] for allowed in ranges] == ["203.0.113.0/24"]
    assert config["software_config"][0]["image_version"] == "composer-3-airflow-3.3.1-build.0"
    [node] = config["node_config"]
    assert node["service_account"] == "composer@northwind-dev.iam.gserviceaccount.com"
    [subnet] = resources["google_compute_subnetwork"]
    assert node["subnetwork"] == subnet["id"]


def read_by_dags(rendered: Path) -> set[str]:
    """Airflow variables that the DAGs read for the home cell."""
    code = "".join(source.read_text() for source in (rendered / "orchestration").rglob("*.py"))
    calls = r"(?:Variable\.get|optional_variable|\.variable|var\.value\.get)\(f?[\"']"
    names = set(re.findall(rf"(?:{calls}|var\.value\.(?!get))([A-Z0-9_]+)", code))
    uris = {f"S3_URI_{domain.upper()}" for domain in contracts_of(rendered)}
    return {name for name in names if name != "S3_URI_"} | uris


def test_airflow_is_told_what_the_dags_read(
    applied_northwind: Applied, resources: dict[str, list[dict[str, Any]]], northwind: Path
) -> None:
    [environment] = resources["google_composer_environment"]
    variables = environment["config"][0]["software_config"][0]["env_variables"]
    outputs = applied_northwind.module.show()["values"]["outputs"]
    connection = outputs["connection_id"]["value"]
    assert connection == "northwind-dev.aws-us-east-1.northwind-dev-us-east-1"
    assert variables == {
        "AIRFLOW_VAR_BQ_AWS_CONNECTION": connection,
        "AIRFLOW_VAR_DBT_SERVICE_ACCOUNT": "dbt-runner@northwind-dev.iam.gserviceaccount.com",
        "AIRFLOW_VAR_ENV": "dev",
        "AIRFLOW_VAR_GCP_PROJECT_ID": "northwind-dev",
        "AIRFLOW_VAR_LANDING_MAX_STALENESS_MINUTES": "0",
        "AIRFLOW_VAR_LANDING_POLICY_TAG_IDS": variables["AIRFLOW_VAR_LANDING_POLICY_TAG_IDS"],
        "AIRFLOW_VAR_PACKAGE_INDEX": "https://us-east4-python.pkg.dev/northwind-dev/pypi/simple/",
        "AIRFLOW_VAR_POLICY_TAG_IDS": variables["AIRFLOW_VAR_POLICY_TAG_IDS"],
        "AIRFLOW_VAR_REGISTRATION_SERVICE_ACCOUNT": "table-registration@northwind-dev.iam.gserviceaccount.com",
    } | {
        f"AIRFLOW_VAR_S3_URI_{domain.upper()}": uri
        for domain, uri in outputs["landing_uris"]["value"]["us-east-1"].items()
    }
    # As dbt takes them, from there or from `terraform output`.
    assert json.loads(variables["AIRFLOW_VAR_POLICY_TAG_IDS"]) == outputs["policy_tag_ids"]["value"]
    landing = json.loads(variables["AIRFLOW_VAR_LANDING_POLICY_TAG_IDS"])
    assert landing == outputs["landing_policy_tag_ids"]["value"]["us-east-1"]
    assert {f"AIRFLOW_VAR_{name}" for name in read_by_dags(northwind)} == set(variables)


def test_every_read_is_logged_and_kept_six_years(resources: dict[str, list[dict[str, Any]]]) -> None:
    [audit] = resources["google_project_iam_audit_config"]
    assert audit["service"] == "allServices"
    assert {config["log_type"] for config in audit["audit_log_config"]} == {"ADMIN_READ", "DATA_READ", "DATA_WRITE"}
    assert not any(config["exempted_members"] for config in audit["audit_log_config"])
    [bucket] = resources["google_logging_project_bucket_config"]
    assert bucket["retention_days"] == 2192
    assert "/keyRings/northwind-dev/cryptoKeys/audit" in bucket["cmek_settings"][0]["kms_key_name"]
    [sink] = resources["google_logging_project_sink"]
    assert sink["destination"] == f"logging.googleapis.com/{bucket['id']}"


def test_each_key_is_for_its_service_agents(resources: dict[str, list[dict[str, Any]]]) -> None:
    grants: dict[str, set[str]] = {}
    for grant in resources["google_kms_crypto_key_iam_member"]:
        assert grant["role"] == "roles/cloudkms.cryptoKeyEncrypterDecrypter"
        grants.setdefault(grant["crypto_key_id"].rpartition("/")[2], set()).add(grant["member"])
    agents = {
        key: {re.sub(r"-p?[0-9]+@", "-N@", member.removeprefix("serviceAccount:")) for member in members}
        for key, members in grants.items()
    }
    assert agents == {
        "audit": {"cmek-N@gcp-sa-logging.iam.gserviceaccount.com"},
        "composer": {
            "service-N@cloudcomposer-accounts.iam.gserviceaccount.com",
            "service-N@gcp-sa-artifactregistry.iam.gserviceaccount.com",
            "service-N@gs-project-accounts.iam.gserviceaccount.com",
        },
        "warehouse": {"bq-N@bigquery-encryption.iam.gserviceaccount.com"},
    }


def test_no_account_has_a_key_or_a_basic_role(resources: dict[str, list[dict[str, Any]]]) -> None:
    assert "google_service_account_key" not in resources
    roles = {grant["role"] for grant in resources["google_project_iam_member"]}
    assert not roles & {"roles/owner", "roles/editor", "roles/viewer"}


def test_buckets_hold_no_public_object(resources: dict[str, list[dict[str, Any]]]) -> None:
    for bucket in resources["google_storage_bucket"]:
        assert bucket["public_access_prevention"] == "enforced"
        assert bucket["uniform_bucket_level_access"] is True
        assert bucket["versioning"] == [{"enabled": True}]
        assert "/cryptoKeys/composer" in bucket["encryption"][0]["default_kms_key_name"]
