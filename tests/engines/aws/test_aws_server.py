"""Every gap that is closed, through boto3, and that the account is empty again afterwards."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.engines.aws import ROOT, Server

# Untyped.
exceptions = import_module("botocore.exceptions")

ACCOUNT = "222222222222"
EAST, WEST = "us-east-1", "us-west-2"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(ACCOUNT) as running:
        yield running


@contextmanager
def refused(code: str) -> Iterator[None]:
    """The calls below are refused with that error."""
    with pytest.raises(exceptions.ClientError) as refusal:
        yield
    assert refusal.value.response["Error"]["Code"] == code


@contextmanager
def versioned(server: Server, name: str, region: str) -> Iterator[Any]:
    """A client of S3 with an empty bucket that has versioning, deleted afterwards."""
    client = server.client("s3", region)
    place = {} if region == EAST else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=name, **place)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    yield client
    client.delete_bucket(Bucket=name)
    with refused("404"):
        client.head_bucket(Bucket=name)


def test_the_account_is_the_one_asked_for(server: Server) -> None:
    assert server.client("sts", EAST).get_caller_identity()["Account"] == ACCOUNT


def test_the_policies_of_aws_are_there(server: Server) -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"
    assert server.client("iam", EAST).get_policy(PolicyArn=arn)["Policy"]["PolicyName"] == "AWS_ConfigRole"


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    bare.chmod(0o755)
    with pytest.raises(RuntimeError, match="No module named"), Server(python=bare):
        pass


def test_the_command_prints_its_endpoint_and_its_help() -> None:
    usage = subprocess.run(
        [sys.executable, "-m", "tests.engines.aws", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--account" in usage.stdout


class TestAccessAnalyzer:
    def test_round_trip(self, server: Server) -> None:
        client = server.client("accessanalyzer", EAST)
        arn = client.create_analyzer(analyzerName="mesh", type="ACCOUNT", tags={"a": "1", "b": "2"})["arn"]
        assert arn == f"arn:aws:access-analyzer:{EAST}:{ACCOUNT}:analyzer/mesh"
        client.tag_resource(resourceArn=arn, tags={"a": "3"})
        client.untag_resource(resourceArn=arn, tagKeys=["b"])
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "3"}
        analyzer = client.get_analyzer(analyzerName="mesh")["analyzer"]
        assert (analyzer["arn"], analyzer["type"], analyzer["status"]) == (arn, "ACCOUNT", "ACTIVE")
        assert [each["name"] for each in client.list_analyzers(type="ACCOUNT")["analyzers"]] == ["mesh"]
        assert server.client("accessanalyzer", WEST).list_analyzers()["analyzers"] == []
        with refused("ConflictException"):
            client.create_analyzer(analyzerName="mesh", type="ACCOUNT")
        with refused("ServiceQuotaExceededException"):
            client.create_analyzer(analyzerName="second", type="ACCOUNT")
        client.delete_analyzer(analyzerName="mesh")
        with refused("ResourceNotFoundException"):
            client.get_analyzer(analyzerName="mesh")


class TestMalwareProtectionPlans:
    def test_round_trip(self, server: Server) -> None:
        client = server.client("guardduty", EAST)
        resource = {"S3Bucket": {"BucketName": "data"}}
        name = client.create_malware_protection_plan(Role=ROLE, ProtectedResource=resource, Tags={"a": "1"})[
            "MalwareProtectionPlanId"
        ]
        plan = client.get_malware_protection_plan(MalwareProtectionPlanId=name)
        assert (plan["Role"], plan["ProtectedResource"], plan["Status"]) == (ROLE, resource, "ACTIVE")
        assert plan["Actions"] == {"Tagging": {"Status": "DISABLED"}}
        client.update_malware_protection_plan(
            MalwareProtectionPlanId=name,
            Actions={"Tagging": {"Status": "ENABLED"}},
            ProtectedResource={"S3Bucket": {"ObjectPrefixes": ["raw/"]}},
        )
        client.tag_resource(ResourceArn=plan["Arn"], Tags={"b": "2"})
        client.untag_resource(ResourceArn=plan["Arn"], TagKeys=["a"])
        assert client.list_tags_for_resource(ResourceArn=plan["Arn"])["Tags"] == {"b": "2"}
        plan = client.get_malware_protection_plan(MalwareProtectionPlanId=name)
        assert plan["Actions"] == {"Tagging": {"Status": "ENABLED"}}
        assert plan["ProtectedResource"] == {"S3Bucket": {"BucketName": "data", "ObjectPrefixes": ["raw/"]}}
        with refused("ConflictException"):
            client.create_malware_protection_plan(Role=ROLE, ProtectedResource=resource)
        assert client.list_malware_protection_plans()["MalwareProtectionPlans"] == [{"MalwareProtectionPlanId": name}]
        client.delete_malware_protection_plan(MalwareProtectionPlanId=name)
        assert client.list_malware_protection_plans()["MalwareProtectionPlans"] == []
        with refused("ResourceNotFoundException"):
            client.get_malware_protection_plan(MalwareProtectionPlanId=name)


class TestDetectors:
    def test_one_a_region_whose_features_add_up(self, server: Server) -> None:
        client = server.client("guardduty", EAST)
        name = client.create_detector(Enable=True, Tags={"a": "1"})["DetectorId"]
        with refused("BadRequestException"):
            client.create_detector(Enable=True)
        for feature, status in (("S3_DATA_EVENTS", "ENABLED"), ("RUNTIME_MONITORING", "DISABLED")):
            client.update_detector(DetectorId=name, Features=[{"Name": feature, "Status": status}])
        client.tag_resource(ResourceArn=f"arn:aws:guardduty:{EAST}:{ACCOUNT}:detector/{name}", Tags={"a": "2"})
        detector = client.get_detector(DetectorId=name)
        features = {feature["Name"]: feature["Status"] for feature in detector["Features"]}
        assert features == {"S3_DATA_EVENTS": "ENABLED", "RUNTIME_MONITORING": "DISABLED"}
        assert (detector["Status"], detector["Tags"]) == ("ENABLED", {"a": "2"})
        client.delete_detector(DetectorId=name)
        assert client.list_detectors()["DetectorIds"] == []


class TestMacie:
    @pytest.fixture
    def client(self, server: Server) -> Iterator[Any]:
        client = server.client("macie2", EAST)
        client.enable_macie()
        yield client
        client.disable_macie()
        with refused("AccessDeniedException"):
            client.list_classification_jobs()

    def test_it_is_off_until_enabled(self, server: Server) -> None:
        with refused("AccessDeniedException"):
            server.client("macie2", WEST).get_macie_session()

    def test_the_session(self, client: Any) -> None:
        with refused("ConflictException"):
            client.enable_macie()
        client.update_macie_session(findingPublishingFrequency="ONE_HOUR", status="PAUSED")
        session = client.get_macie_session()
        assert (session["findingPublishingFrequency"], session["status"]) == ("ONE_HOUR", "PAUSED")
        assert session["serviceRole"].startswith(f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/")

    def test_a_job(self, client: Any) -> None:
        buckets = {"bucketDefinitions": [{"accountId": ACCOUNT, "buckets": ["data"]}]}
        created = client.create_classification_job(
            name="mesh",
            jobType="SCHEDULED",
            clientToken="token",
            s3JobDefinition=buckets,
            scheduleFrequency={"dailySchedule": {}},
            tags={"a": "1"},
        )
        client.tag_resource(resourceArn=created["jobArn"], tags={"b": "2"})
        job = client.describe_classification_job(jobId=created["jobId"])
        assert (job["jobStatus"], job["s3JobDefinition"], job["tags"]) == ("IDLE", buckets, {"a": "1", "b": "2"})
        assert job["scheduleFrequency"] == {"dailySchedule": {}}
        assert [each["jobId"] for each in client.list_classification_jobs()["items"]] == [created["jobId"]]
        client.update_classification_job(jobId=created["jobId"], jobStatus="CANCELLED")
        assert client.describe_classification_job(jobId=created["jobId"])["jobStatus"] == "CANCELLED"
        with refused("ConflictException"):
            client.update_classification_job(jobId=created["jobId"], jobStatus="RUNNING")
        with refused("ResourceNotFoundException"):
            client.describe_classification_job(jobId="absent")


class TestTrails:
    def test_they_are_described_by_name_and_arn_and_deleted_by_arn(self, server: Server) -> None:
        with versioned(server, "trails", EAST):
            clients = {region: server.client("cloudtrail", region) for region in (EAST, WEST)}
            arns = {
                region: client.create_trail(Name=f"mesh-{region}", S3BucketName="trails", IsMultiRegionTrail=multi)[
                    "TrailARN"
                ]
                for (region, client), multi in zip(clients.items(), (True, False), strict=True)
            }

            def described(region: str, *wanted: str) -> list[str]:
                trails = clients[region].describe_trails(trailNameList=list(wanted))["trailList"]
                return [trail["TrailARN"] for trail in trails]

            assert described(WEST, arns[WEST]) == [arns[WEST]]
            assert described(WEST, arns[EAST]) == [arns[EAST]]
            assert described(EAST, f"mesh-{EAST}") == [arns[EAST]]
            assert described(WEST, f"mesh-{EAST}") == []
            assert sorted(described(WEST)) == sorted(arns.values())
            for region, client in clients.items():
                client.start_logging(Name=arns[region])
                assert client.get_trail_status(Name=arns[region])["IsLogging"]
                client.delete_trail(Name=arns[region])
                assert client.describe_trails()["trailList"] == [] or region == EAST
            assert described(EAST) == described(WEST) == []


class TestKeyRotation:
    def test_the_period(self, server: Server) -> None:
        client = server.client("kms", WEST)
        key = client.create_key()["KeyMetadata"]
        assert "RotationPeriodInDays" not in client.get_key_rotation_status(KeyId=key["KeyId"])
        client.enable_key_rotation(KeyId=key["KeyId"])
        assert client.get_key_rotation_status(KeyId=key["Arn"])["RotationPeriodInDays"] == 365
        client.enable_key_rotation(KeyId=key["Arn"], RotationPeriodInDays=180)
        status = client.get_key_rotation_status(KeyId=key["KeyId"])
        assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 180)
        assert status["KeyId"] == key["Arn"]
        client.disable_key_rotation(KeyId=key["KeyId"])
        assert "RotationPeriodInDays" not in client.get_key_rotation_status(KeyId=key["KeyId"])


class TestBuckets:
    def test_replication_keeps_the_whole_rule(self, server: Server) -> None:
        rule = {
            "ID": "all",
            "Priority": 1,
            "Filter": {},
            "Status": "Enabled",
            "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {
                "Bucket": "arn:aws:s3:::copy",
                "EncryptionConfiguration": {"ReplicaKmsKeyID": f"arn:aws:kms:{WEST}:{ACCOUNT}:key/copy"},
            },
        }
        nameless = {key: value for key, value in rule.items() if key != "ID"} | {"Priority": 2}
        configuration = {"Role": ROLE, "Rules": [rule, nameless]}
        with versioned(server, "data", EAST) as client:
            with refused("InvalidRequest"):
                client.put_bucket_replication(Bucket="data", ReplicationConfiguration=configuration)
            with versioned(server, "copy", WEST):
                client.put_bucket_replication(Bucket="data", ReplicationConfiguration=configuration)
                first, second = client.get_bucket_replication(Bucket="data")["ReplicationConfiguration"]["Rules"]
                assert first == rule
                assert second.pop("ID")
                assert second == nameless
                client.delete_bucket_replication(Bucket="data")
                with refused("ReplicationConfigurationNotFoundError"):
                    client.get_bucket_replication(Bucket="data")

    def test_events_go_to_eventbridge(self, server: Server) -> None:
        def configured(configuration: dict[str, Any]) -> set[str]:
            client.put_bucket_notification_configuration(Bucket="data", NotificationConfiguration=configuration)
            answer = client.get_bucket_notification_configuration(Bucket="data")
            return set(answer) - {"ResponseMetadata"}

        sns = server.client("sns", WEST)
        topic = sns.create_topic(Name="events")["TopicArn"]
        topics = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
        with versioned(server, "data", WEST) as client:
            assert configured({"EventBridgeConfiguration": {}}) == {"EventBridgeConfiguration"}
            assert configured(topics | {"EventBridgeConfiguration": {}}) == {*topics, "EventBridgeConfiguration"}
            assert configured(topics) == set(topics)
            assert configured({}) == set()
        with versioned(server, "data", WEST) as client:
            assert "EventBridgeConfiguration" not in client.get_bucket_notification_configuration(Bucket="data")
        sns.delete_topic(TopicArn=topic)

    def test_a_bucket_with_objects_is_locked_and_stays_versioned(self, server: Server) -> None:
        retention = {"Mode": "GOVERNANCE", "Days": 30}
        lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
        with versioned(server, "locked", EAST) as client:
            version = client.put_object(Bucket="locked", Key="key", Body=b"body")["VersionId"]
            with refused("ObjectLockConfigurationNotFoundError"):
                client.get_object_lock_configuration(Bucket="locked")
            client.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=lock)
            kept = client.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"]
            assert kept["Rule"]["DefaultRetention"].items() >= retention.items()
            assert client.get_object(Bucket="locked", Key="key")["Body"].read() == b"body"
            with refused("InvalidBucketState"):
                client.put_bucket_versioning(Bucket="locked", VersioningConfiguration={"Status": "Suspended"})
            client.delete_object(Bucket="locked", Key="key", VersionId=version)

    def test_access_logs_need_a_policy_and_do_not_fill_the_log_bucket(self, server: Server) -> None:
        def statement(effect: str, principal: Any, resource: Any) -> dict[str, Any]:
            return {"Effect": effect, "Principal": principal, "Action": "s3:PutObject", "Resource": resource}

        def put(prefix: str) -> None:
            target = {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": prefix}}
            client.put_bucket_logging(Bucket="data", BucketLoggingStatus=target)

        nobody = statement("Deny", "*", "arn:aws:s3:::logs/*")
        delivery = statement("Allow", {"Service": "logging.s3.amazonaws.com"}, ["arn:aws:s3:::logs/access/*"])
        with versioned(server, "logs", EAST) as client, versioned(server, "data", EAST):
            with refused("InvalidTargetBucketForLogging"):
                put("access/data/")
            client.put_bucket_policy(Bucket="logs", Policy=json.dumps({"Statement": [nobody, delivery]}))
            with refused("InvalidTargetBucketForLogging"):
                put("other/")
            put("access/data/")
            client.list_objects_v2(Bucket="data")
            assert client.list_objects_v2(Bucket="logs")["KeyCount"] == 0

    def test_the_bucket_may_stand_in_the_name_of_the_host(self, server: Server) -> None:
        with versioned(server, "virtual", EAST) as client:
            client.put_object(Bucket="virtual", Key="a b/c", Body=b"body")
            signed = client.generate_presigned_url("get_object", Params={"Bucket": "virtual", "Key": "a b/c"})
            assert "/virtual/" in signed
            # As through a proxy: the whole URL in the request line.
            host = server.endpoint.removeprefix("http://")
            scope = f"AWS4-HMAC-SHA256 Credential=test/20260101/{EAST}/s3/aws4_request, Signature=0"
            connection = http.client.HTTPConnection(host)
            connection.request("GET", f"http://virtual.{host}/a%20b/c", headers={"Authorization": scope})
            assert connection.getresponse().read() == b"body"
            connection.close()
            client.delete_object(Bucket="virtual", Key="a b/c")
            for kind in ("Versions", "DeleteMarkers"):
                for version in client.list_object_versions(Bucket="virtual").get(kind, []):
                    client.delete_object(Bucket="virtual", Key=version["Key"], VersionId=version["VersionId"])


def test_the_account_blocks_public_access(server: Server) -> None:
    client = server.client("s3control", EAST)
    block = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    client.put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=block)
    assert client.get_public_access_block(AccountId=ACCOUNT)["PublicAccessBlockConfiguration"] == block
    client.delete_public_access_block(AccountId=ACCOUNT)
    with refused("NoSuchPublicAccessBlockConfiguration"):
        client.get_public_access_block(AccountId=ACCOUNT)


def test_what_moto_lacks_fails_at_once(server: Server) -> None:
    with refused("NotImplemented"):
        server.client("macie2", EAST).list_findings_filters()
    # A service without any backend, and a defect of moto.
    with refused("NotImplemented"):
        server.client("detective", EAST).list_graphs()
    with refused("NotImplemented"):
        server.client("securityhub", EAST).update_security_hub_configuration(AutoEnableControls=True)
