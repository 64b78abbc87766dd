"""Three cells that replicate: what more regions, replication, object lock and a service perimeter add."""

from __future__ import annotations

import json
import re
import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Render
from tests.engines.aws import Server
from tests.engines.terraform import PARALLEL, changes, terraform
from tests.render import POLICY_CASES
from tests.render import render as rendering
from tests.sentinel.policy_sets import denied, policy_set
from tests.terraform.access import Account, Case
from tests.terraform.conftest import THREE_CELLS
from tests.terraform.environment import OVERRIDE, Applied, apply, copied, lift_protection
from tests.terraform.retain import retain
from tests.terraform.test_access import TLS, role, through_s3
from tests.update.history import recorded, released

ACCOUNT = "333333333333"
# extensions/regions.yml
BIGQUERY_REGIONS = {
    "us-east-1": "us-east4",
    "eu-west-1": "europe-west1",
    "ap-southeast-2": "australia-southeast1",
}
REPLICA_REGIONS = {"us-east-1": "us-west-2", "eu-west-1": "eu-central-1", "ap-southeast-2": "ap-southeast-4"}
LANDING = {region: [f"contoso-prod-{region}-{domain}" for domain in ("labs", "patients")] for region in REPLICA_REGIONS}


def test_second_plan_is_empty(three_cells: Applied) -> None:
    assert changes(three_cells.module.plan()) == {}


def test_data_lies_in_the_region_of_its_cell(three_cells: Applied) -> None:
    s3 = three_cells.client("s3")
    for region, buckets in LANDING.items():
        for bucket in buckets:
            place = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"
            assert place == region
            key = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
            arn = key["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
            assert arn.startswith(f"arn:aws:kms:{region}:{ACCOUNT}:key/")
            logs = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetBucket"]
            assert logs == f"contoso-prod-{region}-logs"


def test_landed_data_is_replicated_encrypted(three_cells: Applied) -> None:
    for region, buckets in LANDING.items():
        elsewhere = REPLICA_REGIONS[region]
        for bucket in buckets:
            configuration = three_cells.client("s3", region).get_bucket_replication(Bucket=bucket)
            [rule] = configuration["ReplicationConfiguration"]["Rules"]
            replica = f"contoso-prod-{elsewhere}-{bucket.rpartition('-')[2]}-replica"
            assert rule["Status"] == "Enabled"
            assert rule["Destination"]["Bucket"] == f"arn:aws:s3:::{replica}"
            key = rule["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"]
            assert key.startswith(f"arn:aws:kms:{elsewhere}:{ACCOUNT}:key/")
            assert rule["SourceSelectionCriteria"]["SseKmsEncryptedObjects"]["Status"] == "Enabled"
            assert rule["DeleteMarkerReplication"]["Status"] == "Enabled"

            s3 = three_cells.client("s3", elsewhere)
            assert s3.get_bucket_location(Bucket=replica)["LocationConstraint"] == elsewhere
            default = s3.get_bucket_encryption(Bucket=replica)["ServerSideEncryptionConfiguration"]["Rules"][0]
            assert default["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key
            assert all(s3.get_public_access_block(Bucket=replica)["PublicAccessBlockConfiguration"].values())
            logs = s3.get_bucket_logging(Bucket=replica)["LoggingEnabled"]["TargetBucket"]
            assert logs == f"contoso-prod-{elsewhere}-replica-logs"


def test_production_is_locked(three_cells: Applied) -> None:
    s3 = three_cells.client("s3")

    def locked(bucket: str) -> tuple[str, int]:
        rule = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        return rule["Mode"], rule["Days"]

    for region, buckets in LANDING.items():
        assert {locked(bucket) for bucket in buckets} == {("GOVERNANCE", 30)}
        assert locked(f"contoso-prod-{region}-audit") == ("GOVERNANCE", 2192)


def test_each_cell_records_its_own_data(three_cells: Applied) -> None:
    """The home cell's trail alone spans regions, and also records access to replicas, which lie where no cell is."""
    recorded = {}
    for region in REPLICA_REGIONS:
        cloudtrail = three_cells.client("cloudtrail", region)
        trails = {trail["HomeRegion"]: trail for trail in cloudtrail.describe_trails()["trailList"]}
        trail = trails[region]
        assert trail["IsMultiRegionTrail"] is (region == "us-east-1")
        assert cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]
        selectors = cloudtrail.get_event_selectors(TrailName=trail["TrailARN"])["AdvancedEventSelectors"]
        fields = [field for selector in selectors for field in selector["FieldSelectors"]]
        recorded[region] = next(field["StartsWith"] for field in fields if field["Field"] == "resources.ARN")
    assert recorded == {
        "us-east-1": [
            f"arn:aws:s3:::contoso-prod-{region}-"
            for region in ("us-east-1", "us-west-2", "ap-southeast-4", "eu-central-1")
        ],
        "eu-west-1": ["arn:aws:s3:::contoso-prod-eu-west-1-"],
        "ap-southeast-2": ["arn:aws:s3:::contoso-prod-ap-southeast-2-"],
    }


def test_rules_on_identities_stand_at_home(three_cells: Applied) -> None:
    found = {}
    for region in REPLICA_REGIONS:
        pages = three_cells.client("config", region).get_paginator("describe_config_rules").paginate()
        found[region] = {rule["Source"]["SourceIdentifier"] for page in pages for rule in page["ConfigRules"]}
    assert "ROOT_ACCOUNT_MFA_ENABLED" in found["us-east-1"] - found["eu-west-1"]
    assert found["eu-west-1"] == found["ap-southeast-2"] < found["us-east-1"]


def test_role_of_a_cell_reads_its_cell_alone(three_cells: Applied) -> None:
    account = Account.read(three_cells)
    bigquery = role("contoso-prod-us-east-1-bigquery", ACCOUNT)
    here = TLS | {"aws:SourceVpc": "vpc-0bf63a2e71287dace"}
    for bucket, allowed in {
        "contoso-prod-us-east-1-labs": True,
        "contoso-prod-eu-west-1-labs": False,
        "contoso-prod-us-west-2-labs-replica": False,
    }.items():
        case = Case(bigquery, "s3:GetObject", f"arn:aws:s3:::{bucket}/x", here)
        assert case.decide(account) is allowed


def test_replication_role_copies_and_nothing_else(three_cells: Applied) -> None:
    account = Account.read(three_cells, region="us-west-2")
    replication = role("contoso-prod-us-east-1-replication", ACCOUNT)
    source, replica = "arn:aws:s3:::contoso-prod-us-east-1-labs", "arn:aws:s3:::contoso-prod-us-west-2-labs-replica"
    key = "key:contoso-prod-us-east-1-replica"
    for action, resource, context, allowed in (
        ("s3:GetObjectVersionForReplication", f"{source}/x", TLS, True),
        ("s3:GetReplicationConfiguration", source, TLS, True),
        ("s3:ReplicateObject", f"{replica}/x", TLS, True),
        ("s3:ReplicateObject", f"{source}/x", TLS, False),
        ("s3:ReplicateObject", "arn:aws:s3:::contoso-prod-eu-central-1-labs-replica/x", TLS, False),
        ("s3:GetObject", f"{source}/x", TLS, False),
        ("s3:DeleteObject", f"{source}/x", TLS, False),
        ("kms:Encrypt", key, through_s3(replica, "us-west-2"), True),
        ("kms:Encrypt", key, through_s3(replica, "us-east-1"), False),
        ("kms:Decrypt", key, through_s3(replica, "us-west-2"), False),
    ):
        assert Case(replication, action, resource, context).decide(account) is allowed, action
    home = Account.read(three_cells)
    for bucket, allowed in ((source, True), ("arn:aws:s3:::contoso-prod-eu-west-1-labs", False)):
        case = Case(replication, "kms:Decrypt", "key:contoso-prod-landing", through_s3(bucket))
        assert case.decide(home) is allowed


def google(applied: Applied, kind: str) -> list[dict[str, Any]]:
    """The resources of a type."""
    return [resource["values"] for resource in applied.module.resources() if resource["type"] == kind]


def test_warehouse_lies_beside_the_landing_zone(three_cells: Applied) -> None:
    """Keys, datasets, connection and taxonomies of a cell: in its Omni location or in the BigQuery region beside it."""
    curated = set(BIGQUERY_REGIONS.values())
    omni = {f"aws-{region}" for region in BIGQUERY_REGIONS}
    assert {connection["location"] for connection in google(three_cells, "google_bigquery_connection")} == omni
    assert {ring["location"] for ring in google(three_cells, "google_kms_key_ring")} == curated
    assert {taxonomy["region"] for taxonomy in google(three_cells, "google_data_catalog_taxonomy")} == curated | omni
    for dataset in google(three_cells, "google_bigquery_dataset"):
        assert dataset["dataset_id"].endswith(f"__{dataset['location'].replace('-', '_')}")
        keys = [each["kms_key_name"] for each in dataset["default_encryption_configuration"]]
        assert [f"/locations/{dataset['location']}/" in key for key in keys] == [True] * (
            dataset["location"] in curated
        )
    assert {dataset["location"] for dataset in google(three_cells, "google_bigquery_dataset")} == curated | omni


def test_what_exists_once_lies_at_home(three_cells: Applied) -> None:
    [composer] = google(three_cells, "google_composer_environment")
    assert composer["region"] == "us-east4"
    variables = composer["config"][0]["software_config"][0]["env_variables"]
    assert variables["AIRFLOW_VAR_S3_URI_LABS"] == "s3://contoso-prod-us-east-1-labs"
    assert variables["AIRFLOW_VAR_S3_URI_LABS_EU_WEST_1"] == "s3://contoso-prod-eu-west-1-labs"
    assert variables["AIRFLOW_VAR_BQ_AWS_CONNECTION_AP_SOUTHEAST_2"].startswith("contoso-prod.aws-ap-southeast-2.")
    tags = three_cells.module.show()["values"]["outputs"]["policy_tag_ids_eu_west_1"]["value"]
    assert json.loads(variables["AIRFLOW_VAR_POLICY_TAG_IDS_EU_WEST_1"]) == tags
    assert all("/locations/europe-west1/" in id for id in tags.values())
    landing = json.loads(variables["AIRFLOW_VAR_LANDING_POLICY_TAG_IDS_EU_WEST_1"])
    assert landing == three_cells.module.show()["values"]["outputs"]["landing_policy_tag_ids"]["value"]["eu-west-1"]
    [logs] = google(three_cells, "google_logging_project_bucket_config")
    assert logs["location"] == "us-east4"
    assert logs["locked"] is True


def test_only_landing_buckets_leave_the_perimeter(three_cells: Applied) -> None:
    [perimeter] = google(three_cells, "google_access_context_manager_service_perimeter")
    # On trial at first.
    [rules] = perimeter["spec"]
    assert perimeter["use_explicit_dry_run_spec"] is True
    [egress] = rules["egress_policies"]
    buckets = sorted(f"s3://{bucket}" for buckets in LANDING.values() for bucket in buckets)
    assert egress["egress_to"][0]["external_resources"] == buckets
    [ingress] = rules["ingress_policies"]
    identities = ingress["ingress_from"][0]["identities"]
    kinds = [identity.partition(":")[0] for identity in sorted(identities)]
    assert kinds == ["principalSet"] * 2 + ["serviceAccount"] * 5
    services = {resource["service"] for resource in google(three_cells, "google_project_service")}
    assert "accesscontextmanager.googleapis.com" in services


def test_another_environment_comes_is_upgraded_and_goes(render: Render, tmp_path: Path) -> None:
    """Both clouds in one run: made by the last release, kept by this one, nothing left after the destroy.

    What an update changes of the files is proved in tests/update: here it is laid in.
    """
    answers = THREE_CELLS | {"domains": ["labs"], "regions": ["us-east-1", "eu-west-1"], "threat_detection": False}
    last = released(list(recorded())[-1], tmp_path / "last", POLICY_CASES)
    repository = copied(rendering(last, tmp_path / "rendered", answers), tmp_path / "mesh")
    with Server(THREE_CELLS["platform_ids"]["test"]["aws_account"]) as server:
        applied = apply(repository, "test", server)
        planned = changes(applied.plan)
        assert {address.split(".")[-2].partition("_")[0] for address in planned} >= {"aws", "google", "time"}
        assert {resource["address"] for resource in applied.module.resources()} == set(planned)
        here = render(**answers)
        shutil.rmtree(repository / "infra/terraform/modules")
        for part in ("contracts", "infra/terraform/modules"):
            shutil.copytree(here / part, repository / part, dirs_exist_ok=True)
        replace(here / "infra/terraform/envs/test", applied.module.folder)
        applied.module.init()
        # Nothing is changed, moved, replaced or deleted: a release may add, and says so in its upgrade note else.
        added = changes(applied.module.plan())
        assert {tuple(actions) for actions in added.values()} <= {("create",)}
        if added:
            applied.module.apply()
        lift_protection(repository)
        applied.module.terraform("destroy", "-auto-approve", "-input=false", "-refresh=false", *PARALLEL)
        assert list(applied.module.resources()) == []
        assert left_in(applied) == []


def left_in(applied: Applied) -> list[str]:
    """What still stands in the account, keys that wait for their deletion excepted."""
    s3, iam, kms = applied.client("s3"), applied.client("iam"), applied.client("kms")
    guardduty, config = applied.client("guardduty"), applied.client("config")
    left = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    left += [role["RoleName"] for role in iam.list_roles()["Roles"]]
    left += [policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"]]
    left += [item["Arn"] for item in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    for key in kms.list_keys()["Keys"]:
        metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        # Aliases of AWS's own keys exist in every account.
        if metadata["KeyManager"] == "CUSTOMER" and metadata["KeyState"] != "PendingDeletion":
            left.append(metadata["Arn"])
    left += [trail["TrailARN"] for trail in applied.client("cloudtrail").describe_trails()["trailList"]]
    left += guardduty.list_detectors()["DetectorIds"]
    left += [rule["ConfigRuleName"] for rule in config.describe_config_rules()["ConfigRules"]]
    left += [item["name"] for item in config.describe_configuration_recorders()["ConfigurationRecorders"]]
    left += [topic["TopicArn"] for topic in applied.client("sns").list_topics()["Topics"]]
    left += [rule["Name"] for rule in applied.client("events").list_rules()["Rules"]]
    left += [item["arn"] for item in applied.client("accessanalyzer").list_analyzers()["analyzers"]]
    return [name for name in left if not fnmatchcase(name, "*AWSServiceRole*")]


@pytest.mark.destroys
def test_removing_a_region_removes_only_its_own(three_cells: Applied, render: Render) -> None:
    """An update of the answers drops the cell's file; its contracts and outputs are rendered without it.

    With what `make drop-region` adds it is forgotten; without that the policies deny the plan.
    """
    before = {resource["address"] for resource in three_cells.module.resources()}
    two_cells = render(**THREE_CELLS | {"regions": ["us-east-1", "ap-southeast-2"]})
    shutil.copytree(two_cells / "contracts", three_cells.repository / "contracts", dirs_exist_ok=True)
    cell = (three_cells.module.folder / "cell_eu_west_1.tf").read_text()
    replace(two_cells / "infra/terraform/envs/prod", three_cells.module.folder)
    removed = {address for address in before if re.match(r"module\.\w+_eu_west_1[.[]", address)}
    # The home trail no longer looks at the region of its replicas, nor Airflow and the perimeter at its buckets.
    elsewhere = {
        "module.audit_us_east_1.aws_cloudtrail.this": ["update"],
        "module.composer.google_composer_environment.this": ["update"],
        "module.service_perimeter.google_access_context_manager_service_perimeter.this": ["update"],
    }
    policies = policy_set(two_cells, "prod")

    forgetting = three_cells.module.folder / "removed_eu_west_1.tf"
    forgetting.write_text(retain().removed_cell(cell, "eu-west-1"))
    terraform().run(three_cells.module.folder, "fmt", "-check", forgetting.name)
    three_cells.module.init()
    plan = three_cells.module.plan("-refresh=false")
    assert changes(plan) == elsewhere | {address: ["forget"] for address in removed}
    assert denied(policies, plan) == {}

    forgetting.unlink()
    plan = three_cells.module.plan()
    assert changes(plan) == elsewhere | {address: ["delete"] for address in removed}
    assert list(denied(policies, plan)) == ["terraform-keeps-data-and-keys"]

    three_cells.module.apply()
    assert {resource["address"] for resource in three_cells.module.resources()} == before - removed
    left = [bucket["Name"] for bucket in three_cells.client("s3").list_buckets()["Buckets"]]
    assert not [bucket for bucket in left if "-eu-" in bucket]
    assert len(left) == 2 * (2 + 3 + 2 + 1)
    assert changes(three_cells.module.plan()) == {}


def replace(rendered: Path, folder: Path) -> None:
    """Make the Terraform files of a folder those of a rendered one, as an update does; state and overrides stay."""
    for file in folder.glob("*.tf*"):
        if file.name.endswith((".tf", ".tfvars")) and file.name != OVERRIDE:
            file.unlink()
    for file in rendered.iterdir():
        shutil.copy2(file, folder / file.name)
