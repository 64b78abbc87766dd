"""A production environment of two cells that replicate: what a second region, replication and object lock add."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.engines.terraform import changes
from tests.terraform.access import Account, Case
from tests.terraform.conftest import TWO_CELLS
from tests.terraform.environment import Applied
from tests.terraform.test_access import TLS, role, through_s3

ACCOUNT = "333333333333"
# extensions/regions.yml
REPLICA_REGIONS = {"us-east-1": "us-west-2", "eu-west-1": "eu-central-1"}
LANDING = {region: [f"contoso-prod-{region}-{domain}" for domain in ("labs", "patients")] for region in REPLICA_REGIONS}


def test_second_plan_is_empty(two_cells: Applied) -> None:
    assert changes(two_cells.module.plan()) == {}


def test_data_lies_in_the_region_of_its_cell(two_cells: Applied) -> None:
    s3 = two_cells.client("s3")
    for region, buckets in LANDING.items():
        for bucket in buckets:
            place = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"
            assert place == region
            key = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
            arn = key["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
            assert arn.startswith(f"arn:aws:kms:{region}:{ACCOUNT}:key/")
            logs = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetBucket"]
            assert logs == f"contoso-prod-{region}-logs"


def test_landed_data_is_replicated_encrypted(two_cells: Applied) -> None:
    for region, buckets in LANDING.items():
        elsewhere = REPLICA_REGIONS[region]
        for bucket in buckets:
            configuration = two_cells.client("s3", region).get_bucket_replication(Bucket=bucket)
            [rule] = configuration["ReplicationConfiguration"]["Rules"]
            replica = f"contoso-prod-{elsewhere}-{bucket.rpartition('-')[2]}-replica"
            assert rule["Status"] == "Enabled"
            assert rule["Destination"]["Bucket"] == f"arn:aws:s3:::{replica}"
            key = rule["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"]
            assert key.startswith(f"arn:aws:kms:{elsewhere}:{ACCOUNT}:key/")
            assert rule["SourceSelectionCriteria"]["SseKmsEncryptedObjects"]["Status"] == "Enabled"
            assert rule["DeleteMarkerReplication"]["Status"] == "Enabled"

            s3 = two_cells.client("s3", elsewhere)
            assert s3.get_bucket_location(Bucket=replica)["LocationConstraint"] == elsewhere
            default = s3.get_bucket_encryption(Bucket=replica)["ServerSideEncryptionConfiguration"]["Rules"][0]
            assert default["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key
            assert all(s3.get_public_access_block(Bucket=replica)["PublicAccessBlockConfiguration"].values())
            logs = s3.get_bucket_logging(Bucket=replica)["LoggingEnabled"]["TargetBucket"]
            assert logs == f"contoso-prod-{elsewhere}-replica-logs"


def test_production_is_locked(two_cells: Applied) -> None:
    s3 = two_cells.client("s3")

    def locked(bucket: str) -> tuple[str, int]:
        rule = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        return rule["Mode"], rule["Days"]

    for region, buckets in LANDING.items():
        assert {locked(bucket) for bucket in buckets} == {("GOVERNANCE", 30)}
        assert locked(f"contoso-prod-{region}-audit") == ("GOVERNANCE", 2192)


def test_each_cell_records_its_own_data(two_cells: Applied) -> None:
    """The home cell's trail alone spans regions, and also records access to replicas, which lie where no cell is."""
    recorded = {}
    for region in REPLICA_REGIONS:
        cloudtrail = two_cells.client("cloudtrail", region)
        trails = {trail["HomeRegion"]: trail for trail in cloudtrail.describe_trails()["trailList"]}
        trail = trails[region]
        assert trail["IsMultiRegionTrail"] is (region == "us-east-1")
        assert cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]
        selectors = cloudtrail.get_event_selectors(TrailName=trail["TrailARN"])["AdvancedEventSelectors"]
        fields = [field for selector in selectors for field in selector["FieldSelectors"]]
        recorded[region] = next(field["StartsWith"] for field in fields if field["Field"] == "resources.ARN")
    assert recorded == {
        "us-east-1": [f"arn:aws:s3:::contoso-prod-{region}-" for region in ("us-east-1", "us-west-2", "eu-central-1")],
        "eu-west-1": ["arn:aws:s3:::contoso-prod-eu-west-1-"],
    }


def test_rules_on_identities_stand_at_home(two_cells: Applied) -> None:
    found = {}
    for region in REPLICA_REGIONS:
        pages = two_cells.client("config", region).get_paginator("describe_config_rules").paginate()
        found[region] = {rule["Source"]["SourceIdentifier"] for page in pages for rule in page["ConfigRules"]}
    assert "ROOT_ACCOUNT_MFA_ENABLED" in found["us-east-1"] - found["eu-west-1"]
    assert found["eu-west-1"] < found["us-east-1"]


def test_role_of_a_cell_reads_its_cell_alone(two_cells: Applied) -> None:
    account = Account.read(two_cells)
    bigquery = role("contoso-prod-us-east-1-bigquery", ACCOUNT)
    here = TLS | {"aws:SourceVpc": "vpc-0bf63a2e71287dace"}
    for bucket, allowed in {
        "contoso-prod-us-east-1-labs": True,
        "contoso-prod-eu-west-1-labs": False,
        "contoso-prod-us-west-2-labs-replica": False,
    }.items():
        case = Case(bigquery, "s3:GetObject", f"arn:aws:s3:::{bucket}/x", here)
        assert case.decide(account) is allowed


def test_replication_role_copies_and_nothing_else(two_cells: Applied) -> None:
    account = Account.read(two_cells, region="us-west-2")
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
    home = Account.read(two_cells)
    for bucket, allowed in ((source, True), ("arn:aws:s3:::contoso-prod-eu-west-1-labs", False)):
        case = Case(replication, "kms:Decrypt", "key:contoso-prod-landing", through_s3(bucket))
        assert case.decide(home) is allowed


@pytest.mark.destroys
def test_removing_a_region_removes_only_its_own(two_cells: Applied, render: Render) -> None:
    """An update of the answers drops the cell's file; its contracts and outputs are rendered without it."""
    before = {resource["address"] for resource in two_cells.module.resources()}
    one_cell = render(**TWO_CELLS | {"regions": ["us-east-1"]})
    shutil.copytree(one_cell / "contracts", two_cells.repository / "contracts", dirs_exist_ok=True)
    replace(one_cell / "infra/terraform/envs/prod", two_cells.module.folder)

    two_cells.module.init()
    planned = changes(two_cells.module.plan())
    removed = {address for address in before if address.startswith("module.") and "_eu_west_1." in address}
    assert {address for address, actions in planned.items() if actions == ["delete"]} == removed
    # The home trail no longer looks at the region of the other cell's replicas.
    assert {address: actions for address, actions in planned.items() if address not in removed} == {
        "module.audit_us_east_1.aws_cloudtrail.this": ["update"]
    }

    two_cells.module.apply()
    assert {resource["address"] for resource in two_cells.module.resources()} == before - removed
    left = [bucket["Name"] for bucket in two_cells.client("s3").list_buckets()["Buckets"]]
    assert not [bucket for bucket in left if "-eu-" in bucket]
    assert len(left) == 2 + 3 + 2 + 1
    assert changes(two_cells.module.plan()) == {}


def replace(rendered: Path, folder: Path) -> None:
    """Make the Terraform files of a folder those of a rendered one, as an update does; state and overrides stay."""
    for file in folder.glob("*.tf*"):
        if file.name.endswith((".tf", ".tfvars")) and file.name != "engine_override.tf":
            file.unlink()
    for file in rendered.iterdir():
        shutil.copy2(file, folder / file.name)
