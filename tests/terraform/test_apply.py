"""The environment dev of the full example, applied: what stands in the account is read back through boto3."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Figure
from tests.engines.terraform import changes
from tests.mesh import contracts_of
from tests.sentinel.policy_sets import denied, policy_set
from tests.terraform.environment import Applied, copied, lift_protection

MESH = "northwind-dev-us-east-1"
LOGS, AUDIT, CONFIG = f"{MESH}-logs", f"{MESH}-audit", f"{MESH}-config"


@pytest.fixture(scope="module")
def landing(applied_northwind: Applied) -> dict[str, str]:
    """Domain -> landing bucket, as the contracts say."""
    return {domain: f"{MESH}-{domain}" for domain in contracts_of(applied_northwind.repository)}


@pytest.fixture(scope="module")
def buckets(applied_northwind: Applied) -> list[str]:
    """Every bucket of the account."""
    return [bucket["Name"] for bucket in applied_northwind.client("s3").list_buckets()["Buckets"]]


@pytest.fixture(scope="module")
def keys(applied_northwind: Applied) -> dict[str, dict[str, Any]]:
    """Alias -> metadata of the key behind it."""
    kms = applied_northwind.client("kms")
    return {
        alias["AliasName"]: kms.describe_key(KeyId=alias["TargetKeyId"])["KeyMetadata"]
        for alias in kms.list_aliases()["Aliases"]
        if "TargetKeyId" in alias and not alias["AliasName"].startswith("alias/aws/")
    }


def default_encryption(client: Any, bucket: str) -> dict[str, Any]:
    """The only rule of a bucket's encryption."""
    [rule] = client.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    found: dict[str, Any] = rule
    return found


def test_every_planned_resource_was_made(applied_northwind: Applied, figure: Figure) -> None:
    planned = changes(applied_northwind.plan)
    assert {tuple(actions) for actions in planned.values()} == {("create",)}
    assert {resource["address"] for resource in applied_northwind.module.resources()} == set(planned)
    figure("applied_resources", len(planned))
    versions = json.loads(applied_northwind.module.terraform("version", "-json").stdout)
    figure("terraform", versions["terraform_version"])
    figure("aws_provider", versions["provider_selections"]["registry.terraform.io/hashicorp/aws"])


def test_second_plan_is_empty(applied_northwind: Applied, northwind: Path) -> None:
    plan = applied_northwind.module.plan()
    assert changes(plan) == {}
    assert denied(policy_set(northwind, "dev"), plan) == {}
    assert {output["actions"][0] for output in plan["output_changes"].values()} == {"no-op"}


def test_there_is_one_bucket_per_domain_and_three_for_the_record(buckets: list[str], landing: dict[str, str]) -> None:
    assert len(landing) == 20
    assert set(buckets) == {*landing.values(), LOGS, AUDIT, CONFIG}


def test_landed_data_is_encrypted_with_the_landing_key(
    applied_northwind: Applied, landing: dict[str, str], keys: dict[str, dict[str, Any]]
) -> None:
    for bucket in landing.values():
        rule = default_encryption(applied_northwind.client("s3"), bucket)
        assert rule["BucketKeyEnabled"] is True
        assert rule["ApplyServerSideEncryptionByDefault"] == {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": keys["alias/northwind-dev-landing"]["Arn"],
        }


def test_trail_and_configuration_are_encrypted_with_the_audit_key(
    applied_northwind: Applied, keys: dict[str, dict[str, Any]]
) -> None:
    for bucket in (AUDIT, CONFIG):
        default = default_encryption(applied_northwind.client("s3"), bucket)["ApplyServerSideEncryptionByDefault"]
        assert default["KMSMasterKeyID"] == keys["alias/northwind-dev-audit"]["Arn"]


def test_log_bucket_has_no_key_of_its_own(applied_northwind: Applied) -> None:
    """S3 delivers access logs to no other."""
    default = default_encryption(applied_northwind.client("s3"), LOGS)["ApplyServerSideEncryptionByDefault"]
    assert default == {"SSEAlgorithm": "AES256"}


def test_no_bucket_is_public(applied_northwind: Applied, buckets: list[str]) -> None:
    s3 = applied_northwind.client("s3")
    for bucket in buckets:
        block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert block == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }
        ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_every_bucket_keeps_versions(applied_northwind: Applied, buckets: list[str]) -> None:
    for bucket in buckets:
        assert applied_northwind.client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


def test_access_is_logged(applied_northwind: Applied, buckets: list[str]) -> None:
    for bucket in set(buckets) - {LOGS}:
        logging = applied_northwind.client("s3").get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
        assert logging["TargetBucket"] == LOGS
        assert logging["TargetPrefix"] == f"s3-access/{bucket}/"
    assert "LoggingEnabled" not in applied_northwind.client("s3").get_bucket_logging(Bucket=LOGS)


def test_retention_comes_from_the_contract(applied_northwind: Applied, landing: dict[str, str]) -> None:
    for domain, bucket in landing.items():
        contract = contracts_of(applied_northwind.repository)[domain]
        [kept] = [item["value"] for item in contract["slaProperties"] if item["property"] == "retention"]
        rules = {
            rule["ID"]: rule
            for rule in applied_northwind.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        }
        assert rules["retention"]["Status"] == "Enabled"
        assert rules["retention"]["Expiration"]["Days"] == kept
        assert rules["retention"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 90
        assert rules["retention"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7
        # Classes with instant access, else BigQuery could not read in place.
        assert {item["StorageClass"] for item in rules["retention"]["Transitions"]} == {"STANDARD_IA", "GLACIER_IR"}
        assert rules["delete-markers"]["Expiration"] == {"ExpiredObjectDeleteMarker": True}


def test_logs_are_kept_six_years(applied_northwind: Applied) -> None:
    for bucket in (LOGS, AUDIT, CONFIG):
        rules = applied_northwind.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert [rule["Expiration"]["Days"] for rule in rules if rule["ID"] == "retention"] == [2192]


def test_new_objects_are_announced(applied_northwind: Applied, landing: dict[str, str]) -> None:
    for bucket in landing.values():
        configuration = applied_northwind.client("s3").get_bucket_notification_configuration(Bucket=bucket)
        assert "EventBridgeConfiguration" in configuration


def test_buckets_are_tagged_from_their_contract(applied_northwind: Applied, landing: dict[str, str]) -> None:
    for domain, bucket in landing.items():
        contract = contracts_of(applied_northwind.repository)[domain]
        tags = {
            tag["Key"]: tag["Value"]
            for tag in applied_northwind.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]
        }
        classes = {column["classification"] for entity in contract["schema"] for column in entity["properties"]}
        assert tags == {
            "cost-center": "clinical-data-mesh",
            "data-classification": "direct_identifier" if "direct_identifier" in classes else "quasi_identifier",
            "domain": domain,
            "environment": "dev",
            "managed-by": "terraform",
            "mesh": "northwind",
            "owner": contract["team"]["name"],
        }


def test_keys_rotate_and_wait_before_deletion(
    applied_northwind: Applied, keys: dict[str, dict[str, Any]], northwind_plan: dict[str, Any]
) -> None:
    assert set(keys) == {"alias/northwind-dev-landing", "alias/northwind-dev-audit"}
    for key in keys.values():
        assert applied_northwind.client("kms").get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]
    # The window is told to KMS at deletion only.
    windows = {
        resource["change"]["after"]["deletion_window_in_days"]
        for resource in northwind_plan["resource_changes"]
        if resource["type"] == "aws_kms_key"
    }
    assert windows == {30}


def test_trail_records_management_and_landed_data(
    applied_northwind: Applied, keys: dict[str, dict[str, Any]], landing: dict[str, str]
) -> None:
    cloudtrail = applied_northwind.client("cloudtrail")
    [trail] = cloudtrail.describe_trails()["trailList"]
    assert trail["LogFileValidationEnabled"] and trail["IsMultiRegionTrail"] and trail["IncludeGlobalServiceEvents"]
    assert trail["KmsKeyId"] == keys["alias/northwind-dev-audit"]["Arn"]
    assert trail["S3BucketName"] == AUDIT
    assert cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]

    selectors = cloudtrail.get_event_selectors(TrailName=trail["TrailARN"])["AdvancedEventSelectors"]
    fields = [{field["Field"]: field for field in selector["FieldSelectors"]} for selector in selectors]
    assert {selector["eventCategory"]["Equals"][0] for selector in fields} == {"Management", "Data"}
    [data] = [selector for selector in fields if selector["eventCategory"]["Equals"] == ["Data"]]

    def recorded(bucket: str) -> bool:
        arn = f"arn:aws:s3:::{bucket}/an/object"
        return arn.startswith(tuple(data["resources.ARN"]["StartsWith"])) and not arn.startswith(
            tuple(data["resources.ARN"]["NotStartsWith"])
        )

    assert all(recorded(bucket) for bucket in landing.values())
    assert not any(recorded(bucket) for bucket in (LOGS, AUDIT, CONFIG, "northwind-prod-us-east-1-labs"))


def test_alerts_reach_the_privacy_office(applied_northwind: Applied, keys: dict[str, dict[str, Any]]) -> None:
    sns, events = applied_northwind.client("sns"), applied_northwind.client("events")
    [topic] = [item["TopicArn"] for item in sns.list_topics()["Topics"]]
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert attributes["KmsMasterKeyId"] == keys["alias/northwind-dev-audit"]["Arn"]
    assert [item["Endpoint"] for item in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]] == [
        "privacy-office@northwind.example"
    ]
    for rule in ("northwind-dev-break-glass", "northwind-dev-tampering"):
        assert events.describe_rule(Name=rule)["State"] == "ENABLED"
        assert [target["Arn"] for target in events.list_targets_by_rule(Rule=rule)["Targets"]] == [topic]
    pattern = json.loads(events.describe_rule(Name="northwind-dev-break-glass")["EventPattern"])
    assert pattern["detail"]["requestParameters"]["roleArn"] == [
        "arn:aws:iam::111111111111:role/northwind-dev-break-glass"
    ]


def test_threats_are_watched_for(applied_northwind: Applied, landing: dict[str, str]) -> None:
    guardduty = applied_northwind.client("guardduty")
    [detector] = guardduty.list_detectors()["DetectorIds"]
    features = {item["Name"]: item["Status"] for item in guardduty.get_detector(DetectorId=detector)["Features"]}
    assert features["S3_DATA_EVENTS"] == "ENABLED"
    plans = guardduty.list_malware_protection_plans()["MalwareProtectionPlans"]
    scanned = [
        guardduty.get_malware_protection_plan(MalwareProtectionPlanId=plan["MalwareProtectionPlanId"]) for plan in plans
    ]
    assert {plan["ProtectedResource"]["S3Bucket"]["BucketName"] for plan in scanned} == set(landing.values())
    assert {plan["Actions"]["Tagging"]["Status"] for plan in scanned} == {"ENABLED"}
    assert applied_northwind.client("macie2").get_macie_session()["status"] == "ENABLED"
    [analyzer] = applied_northwind.client("accessanalyzer").list_analyzers()["analyzers"]
    assert analyzer["type"] == "ACCOUNT"


def test_configuration_is_recorded_and_checked(applied_northwind: Applied, keys: dict[str, dict[str, Any]]) -> None:
    config = applied_northwind.client("config")
    [recorder] = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    assert recorder["recording"]
    [channel] = config.describe_delivery_channels()["DeliveryChannels"]
    assert channel["s3BucketName"] == CONFIG
    # Config would name SSE-S3 otherwise, whatever the bucket's default.
    assert channel["s3KmsKeyArn"] == keys["alias/northwind-dev-audit"]["Arn"]
    pages = config.get_paginator("describe_config_rules").paginate()
    identifiers = {rule["Source"]["SourceIdentifier"] for page in pages for rule in page["ConfigRules"]}
    assert len(identifiers) == 36
    assert {"S3_BUCKET_SSL_REQUESTS_ONLY", "ROOT_ACCOUNT_MFA_ENABLED", "CLOUDTRAIL_S3_DATAEVENTS_ENABLED"} < identifiers


def test_every_role_carries_the_boundary_and_no_inline_policy(applied_northwind: Applied) -> None:
    iam = applied_northwind.client("iam")
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    assert len(roles) == 8
    for role in roles:
        boundary = iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
        assert boundary.endswith(":policy/northwind-dev-boundary")
        # Rule IAM_NO_INLINE_POLICY_CHECK of the conformance pack.
        assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []


def test_outputs_name_what_other_systems_need(applied_northwind: Applied, landing: dict[str, str]) -> None:
    outputs = {name: value["value"] for name, value in applied_northwind.module.show()["values"]["outputs"].items()}
    assert outputs["landing_uris"] == {"us-east-1": {domain: f"s3://{bucket}" for domain, bucket in landing.items()}}
    assert outputs["bigquery_role_arns"] == {"us-east-1": f"arn:aws:iam::111111111111:role/{MESH}-bigquery"}
    assert set(outputs["github_role_arns"]) == set(outputs["hcp_terraform_role_arns"]) == {"plan", "apply"}
    assert outputs["landing_key_arns"]["us-east-1"].startswith("arn:aws:kms:us-east-1:111111111111:key/")


def test_new_domain_plans_only_its_own_resources(
    applied_northwind: Applied, northwind: Path, edit: Callable[[str, str | None], None]
) -> None:
    """A domain that a team adds by hand, in the middle of the alphabet."""
    contract = (applied_northwind.repository / "contracts/labs.odcs.yaml").read_text()
    edit("contracts/genomics.odcs.yaml", contract.replace("us-east-1-labs/", "us-east-1-genomics/"))
    plan = applied_northwind.module.plan()
    planned = changes(plan)
    # The 21st bucket begins a second policy of the BigQuery role, and the sorted list moves a bucket over.
    access = "module.bigquery_access_us_east_1."
    shared = {address: actions for address, actions in planned.items() if '["genomics"]' not in address}
    assert shared == {
        f'{access}aws_iam_policy.read["1"]': ["update"],
        f'{access}aws_iam_policy.read["2"]': ["create"],
        f'{access}aws_iam_role_policy_attachment.read["2"]': ["create"],
        # Airflow is told where the domain lands.
        "module.composer.google_composer_environment.this": ["update"],
    }
    own = {tuple(actions) for address, actions in planned.items() if '["genomics"]' in address}
    assert own == {("create",)} and len(planned) - len(shared) >= 10
    assert denied(policy_set(northwind, "dev"), plan) == {}


def test_contract_without_what_infrastructure_needs_stops_the_plan(
    applied_northwind: Applied, edit: Callable[[str, str | None], None]
) -> None:
    contract = yaml.safe_load((applied_northwind.repository / "contracts/labs.odcs.yaml").read_text())
    del contract["team"]
    edit("contracts/labs.odcs.yaml", yaml.safe_dump(contract))
    result = applied_northwind.module.terraform("plan", "-input=false", "-refresh=false", check=False)
    assert result.returncode != 0
    assert "contracts/labs.odcs.yaml lacks" in result.stderr and "team.name" in result.stderr


def test_contract_without_a_server_of_the_cell_stops_the_plan(
    applied_northwind: Applied, edit: Callable[[str, str | None], None]
) -> None:
    contract = (applied_northwind.repository / "contracts/labs.odcs.yaml").read_text()
    edit("contracts/labs.odcs.yaml", contract.replace("dev-us-east-1-landing", "dev-us-east-2-landing"))
    result = applied_northwind.module.terraform("plan", "-input=false", "-refresh=false", check=False)
    assert result.returncode != 0
    assert "No server dev-us-east-1-landing in contracts/labs.odcs.yaml" in " ".join(result.stderr.split())


def test_what_holds_data_is_not_destroyed(applied_northwind: Applied, tmp_path: Path) -> None:
    """Before its protection is lifted, resource by resource. What a destroy leaves then: test_cells.py."""
    refused = applied_northwind.module.terraform("destroy", "-auto-approve", "-input=false", check=False)
    assert refused.returncode != 0 and "prevent_destroy" in refused.stderr

    assert lift_protection(copied(applied_northwind.repository, tmp_path / "mesh")) == [
        "encryption.aws_kms_key.landing",
        "encryption.aws_kms_key.audit",
        "private_bucket.aws_s3_bucket.this",
        "audit.google_logging_project_bucket_config.audit",
        "composer.google_storage_bucket.airflow",
        "composer.google_storage_bucket.snapshots",
        "encryption.google_kms_crypto_key.this",
        "warehouse.google_bigquery_dataset.curated",
        "warehouse.google_bigquery_dataset.shared",
    ]
