"""Who may do what in the applied account: requests decided from the documents that stand there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.conftest import Figure
from tests.engines.iam import Principal
from tests.terraform.access import Account, Case, Context, Document
from tests.terraform.environment import Applied

ACCOUNT = "111111111111"
NAME = "northwind-dev"
CELL = f"{NAME}-us-east-1"
LABS = f"arn:aws:s3:::{CELL}-labs"
LABS_OBJECT = f"{LABS}/lab_results/landed_date=2026-01-01/part-0.parquet"
LOGS, AUDIT, CONFIG = (f"arn:aws:s3:::{CELL}-{use}" for use in ("logs", "audit", "config"))
# extensions/regions.yml
OMNI_VPC, OMNI_VPC_ELSEWHERE = "vpc-0bf63a2e71287dace", "vpc-0cc24e567b9d2c1cb"

TLS: dict[str, str] = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
OMNI = TLS | {"aws:SourceVpc": OMNI_VPC}


def role(name: str, account: str = ACCOUNT) -> Principal:
    """A session of a role."""
    return Principal.role(f"arn:aws:iam::{account}:role/{name}")


def grant(*actions: str) -> tuple[Document, ...]:
    """An identity policy that allows these actions on everything."""
    return ({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]},)


BIGQUERY = role(f"{CELL}-bigquery")
PLAN, APPLY = role(f"{NAME}-github-plan"), role(f"{NAME}-github-apply")
BREAK_GLASS = role(f"{NAME}-break-glass")
INGESTION = role("ingestion")
GITHUB = Principal.federated(f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com")
HCP = Principal.federated(f"arn:aws:iam::{ACCOUNT}:oidc-provider/app.terraform.io")
GOOGLE = Principal.federated("accounts.google.com")
ON_CALL = Principal.user(f"arn:aws:iam::{ACCOUNT}:user/break-glass-1")
STRANGER = role("anything", "999999999999")
WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"


def through_s3(bucket: str, region: str = "us-east-1") -> Context:
    """The context in which S3 uses a key for a bucket with a bucket key."""
    return {"kms:ViaService": f"s3.{region}.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": bucket}


def workflow(**claims: str) -> Context:
    """The token of a workflow of the repository, in the environment dev on main, but for these claims."""
    token = {
        "aud": "sts.amazonaws.com",
        "ref": "refs/heads/main",
        "repository_id": "999999999",
        "repository_owner_id": "999999999",
        "sub": "repo:northwind-health/clinical-data-mesh:environment:dev",
    } | claims
    return {f"token.actions.githubusercontent.com:{claim}": value for claim, value in token.items()}


def run(**parts: str) -> dict[str, str]:
    """The token of a run of the workspace, in the phase plan, but for these parts."""
    named = {"organization": "northwind", "project": "northwind", "workspace": NAME, "run_phase": "plan"} | parts
    subject = ":".join(f"{part}:{value}" for part, value in named.items())
    return {"app.terraform.io:aud": "aws.workload.identity", "app.terraform.io:sub": subject}


def encrypted(algorithm: str, key: str | None = None) -> Context:
    """The context of an upload that names its encryption."""
    named = {"s3:x-amz-server-side-encryption": algorithm}
    return TLS | named | ({"s3:x-amz-server-side-encryption-aws-kms-key-id": key} if key else {})


def second_factor(age: str = "60", name: str = "break-glass-1") -> dict[str, str]:
    """The context of a user with a second factor."""
    return {
        "aws:MultiFactorAuthPresent": "true",
        "aws:MultiFactorAuthAge": age,
        "aws:username": "break-glass-1",
        "sts:RoleSessionName": name,
    }


def made(role: str, boundary: str | None) -> Context:
    """The context in which a role is made or extended."""
    return {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/{boundary}"} if boundary else {}


def bigquery_cases() -> dict[str, Case]:
    """What the role of the BigQuery connection may do, and who may assume it."""
    assumed = f"role:{CELL}-bigquery"
    return {
        "connection assumes": Case(
            GOOGLE, WEB_IDENTITY, assumed, {"accounts.google.com:sub": "<connection>"}, allowed=True
        ),
        "another connection assumes": Case(
            GOOGLE, WEB_IDENTITY, assumed, {"accounts.google.com:sub": "108254112233445566778"}
        ),
        "token without subject assumes": Case(GOOGLE, WEB_IDENTITY, assumed),
        "role of the account assumes": Case(INGESTION, "sts:AssumeRole", assumed, grants=grant("sts:AssumeRole")),
        "reads an object through Omni": Case(BIGQUERY, "s3:GetObject", LABS_OBJECT, OMNI, allowed=True),
        "lists through Omni": Case(BIGQUERY, "s3:ListBucket", LABS, OMNI, allowed=True),
        "reads from the VPC of another region": Case(
            BIGQUERY, "s3:GetObject", LABS_OBJECT, TLS | {"aws:SourceVpc": OMNI_VPC_ELSEWHERE}
        ),
        "reads from the internet": Case(BIGQUERY, "s3:GetObject", LABS_OBJECT, TLS),
        "lists from the internet": Case(BIGQUERY, "s3:ListBucket", LABS, TLS),
        "reads without TLS": Case(
            BIGQUERY, "s3:GetObject", LABS_OBJECT, {"aws:SecureTransport": "false", "aws:SourceVpc": OMNI_VPC}
        ),
        "reads with TLS 1.1": Case(BIGQUERY, "s3:GetObject", LABS_OBJECT, OMNI | {"s3:TlsVersion": "1.1"}),
        "writes": Case(BIGQUERY, "s3:PutObject", LABS_OBJECT, OMNI),
        "deletes": Case(BIGQUERY, "s3:DeleteObject", LABS_OBJECT, OMNI),
        "reads access logs": Case(BIGQUERY, "s3:GetObject", f"{LOGS}/s3-access/x", OMNI),
        "reads the trail": Case(BIGQUERY, "s3:GetObject", f"{AUDIT}/AWSLogs/x", OMNI),
        "reads another environment": Case(
            BIGQUERY, "s3:GetObject", "arn:aws:s3:::northwind-prod-us-east-1-labs/x", OMNI
        ),
        "reads a bucket whose name has ours as prefix": Case(BIGQUERY, "s3:GetObject", f"{LABS}-copy/x", OMNI),
        "decrypts through S3": Case(BIGQUERY, "kms:Decrypt", f"key:{NAME}-landing", through_s3(LABS), allowed=True),
        "decrypts without S3": Case(
            BIGQUERY, "kms:Decrypt", f"key:{NAME}-landing", {"kms:EncryptionContext:aws:s3:arn": LABS}
        ),
        "decrypts for a bucket that is none of its own": Case(
            BIGQUERY, "kms:Decrypt", f"key:{NAME}-landing", through_s3(AUDIT)
        ),
        "encrypts": Case(BIGQUERY, "kms:GenerateDataKey", f"key:{NAME}-landing", through_s3(LABS)),
        "decrypts the trail": Case(BIGQUERY, "kms:Decrypt", f"key:{NAME}-audit", through_s3(LABS)),
        "makes a role": Case(BIGQUERY, "iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/{NAME}-x"),
    }


def outsider_cases() -> dict[str, Case]:
    """Those who have no business here, with every right that their own account can give them."""
    everything = grant("s3:*", "kms:*", "sts:*")
    return {
        "another tenant of the Omni VPC reads": Case(STRANGER, "s3:GetObject", LABS_OBJECT, OMNI, grants=everything),
        "another tenant of the Omni VPC lists": Case(STRANGER, "s3:ListBucket", LABS, OMNI, grants=everything),
        "another tenant of the Omni VPC decrypts": Case(
            STRANGER, "kms:Decrypt", f"key:{NAME}-landing", through_s3(LABS), grants=everything
        ),
        "another account assumes the BigQuery role": Case(
            STRANGER, "sts:AssumeRole", f"role:{CELL}-bigquery", grants=everything
        ),
        "another account breaks the glass": Case(
            STRANGER, "sts:AssumeRole", f"role:{NAME}-break-glass", second_factor(), grants=everything
        ),
        "nobody known reads": Case(Principal.anonymous(), "s3:GetObject", LABS_OBJECT, OMNI),
        "nobody known reads without TLS": Case(
            Principal.anonymous(), "s3:GetObject", LABS_OBJECT, {"aws:SecureTransport": "false"}
        ),
        "another account's log delivery writes": Case(
            Principal.service("logging.s3.amazonaws.com"),
            "s3:PutObject",
            f"{LOGS}/s3-access/x",
            TLS | {"aws:SourceAccount": "999999999999", "aws:SourceArn": LABS},
        ),
        "another account's trail writes": Case(
            Principal.service("cloudtrail.amazonaws.com"),
            "s3:PutObject",
            f"{AUDIT}/AWSLogs/{ACCOUNT}/x",
            TLS
            | {
                "aws:SourceArn": f"arn:aws:cloudtrail:us-east-1:999999999999:trail/{CELL}",
                "s3:x-amz-acl": "bucket-owner-full-control",
            },
        ),
        "another account's trail encrypts": Case(
            Principal.service("cloudtrail.amazonaws.com"),
            "kms:GenerateDataKey",
            f"key:{NAME}-audit",
            {
                "aws:SourceArn": f"arn:aws:cloudtrail:us-east-1:999999999999:trail/{CELL}",
                "kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{CELL}",
            },
        ),
    }


def delivery_trust_cases() -> dict[str, Case]:
    """Which workflow and which run may plan and apply."""
    plan, apply = f"role:{NAME}-github-plan", f"role:{NAME}-github-apply"
    hcp_plan, hcp_apply = f"role:{NAME}-hcp-plan", f"role:{NAME}-hcp-apply"
    immutable = "repo:northwind-health@999999999/clinical-data-mesh@999999999:environment"
    name = "repo:northwind-health/clinical-data-mesh"
    cases = {
        "apply from main": Case(GITHUB, WEB_IDENTITY, apply, workflow(), allowed=True),
        "apply with the immutable subject": Case(
            GITHUB, WEB_IDENTITY, apply, workflow(sub=f"{immutable}:dev"), allowed=True
        ),
        "apply from a branch": Case(GITHUB, WEB_IDENTITY, apply, workflow(ref="refs/heads/feature")),
        "apply from a pull request": Case(
            GITHUB, WEB_IDENTITY, apply, workflow(sub=f"{name}:pull_request", ref="refs/pull/1/merge")
        ),
        "apply in the plan's environment": Case(
            GITHUB, WEB_IDENTITY, apply, workflow(sub=f"{name}:environment:dev-plan")
        ),
        "apply in another environment": Case(GITHUB, WEB_IDENTITY, apply, workflow(sub=f"{name}:environment:prod")),
        "apply in an environment whose name has ours as prefix": Case(
            GITHUB, WEB_IDENTITY, apply, workflow(sub=f"{name}:environment:dev-sandbox")
        ),
        "plan from a pull request's branch": Case(
            GITHUB,
            WEB_IDENTITY,
            plan,
            workflow(sub=f"{name}:environment:dev-plan", ref="refs/pull/1/merge"),
            allowed=True,
        ),
        "plan with the immutable subject": Case(
            GITHUB, WEB_IDENTITY, plan, workflow(sub=f"{immutable}:dev-plan"), allowed=True
        ),
        "plan from a pull request outside the environment": Case(
            GITHUB, WEB_IDENTITY, plan, workflow(sub=f"{name}:pull_request")
        ),
        "plan from a fork's pull request": Case(
            GITHUB,
            WEB_IDENTITY,
            plan,
            workflow(
                sub="repo:mallory/clinical-data-mesh:environment:dev-plan",
                repository_id="555555555",
                repository_owner_id="666666666",
            ),
        ),
        "plan from a repository that took over the name": Case(
            GITHUB,
            WEB_IDENTITY,
            plan,
            workflow(sub=f"{name}:environment:dev-plan", repository_id="555555555", repository_owner_id="666666666"),
        ),
        "plan from another repository of the owner": Case(
            GITHUB,
            WEB_IDENTITY,
            plan,
            workflow(sub="repo:northwind-health/website:environment:dev-plan", repository_id="555555555"),
        ),
        "plan with a token for somebody else": Case(
            GITHUB, WEB_IDENTITY, plan, workflow(sub=f"{name}:environment:dev-plan", aud="https://github.com/mallory")
        ),
        "run plans": Case(HCP, WEB_IDENTITY, hcp_plan, run(), allowed=True),
        "run applies": Case(HCP, WEB_IDENTITY, hcp_apply, run(run_phase="apply"), allowed=True),
        "plan phase takes the apply role": Case(HCP, WEB_IDENTITY, hcp_apply, run()),
        "apply phase takes the plan role": Case(HCP, WEB_IDENTITY, hcp_plan, run(run_phase="apply")),
        "workspace whose name has ours as prefix": Case(
            HCP, WEB_IDENTITY, hcp_apply, run(workspace=f"{NAME}-copy", run_phase="apply")
        ),
        "workspace of another project": Case(HCP, WEB_IDENTITY, hcp_apply, run(project="sandbox", run_phase="apply")),
        "workspace of another organization": Case(
            HCP, WEB_IDENTITY, hcp_apply, run(organization="mallory", run_phase="apply")
        ),
        "run with a token for somebody else": Case(
            HCP, WEB_IDENTITY, hcp_plan, run() | {"app.terraform.io:aud": "vault"}
        ),
        "workflow takes a run's role": Case(GITHUB, WEB_IDENTITY, hcp_apply, workflow()),
    }
    return cases


def delivery_cases() -> dict[str, Case]:
    """What plan and apply may do."""
    a_role, a_policy = f"arn:aws:iam::{ACCOUNT}:role/{NAME}", f"arn:aws:iam::{ACCOUNT}:policy/{NAME}"
    labs_tags = {"aws:ResourceTag/mesh": "northwind"}
    trail = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{CELL}"
    cases = {
        "plan reads a bucket policy": Case(PLAN, "s3:GetBucketPolicy", LABS, TLS, allowed=True),
        "plan finds a bucket": Case(PLAN, "s3:ListBucket", LABS, TLS, allowed=True),
        "plan lists a bucket outside the mesh": Case(PLAN, "s3:ListBucket", "arn:aws:s3:::payroll", TLS),
        "plan reads a role": Case(PLAN, "iam:GetRole", f"{a_role}-break-glass", allowed=True),
        "plan reads a key policy": Case(PLAN, "kms:GetKeyPolicy", f"key:{NAME}-landing", allowed=True),
        "plan changes a bucket policy": Case(PLAN, "s3:PutBucketPolicy", LABS, TLS),
        "plan makes a role": Case(PLAN, "iam:CreateRole", f"{a_role}-x", made("x", f"{NAME}-boundary")),
        "apply changes a bucket policy": Case(APPLY, "s3:PutBucketPolicy", LABS, TLS, allowed=True),
        "apply changes it without TLS": Case(
            APPLY, "s3:PutBucketPolicy", LABS, {"aws:SecureTransport": "false", "s3:TlsVersion": "1.3"}
        ),
        "apply changes a bucket outside the mesh": Case(APPLY, "s3:PutBucketPolicy", "arn:aws:s3:::payroll", TLS),
        "apply makes a key of the mesh": Case(
            APPLY, "kms:CreateKey", "*", {"aws:RequestTag/mesh": "northwind"}, allowed=True
        ),
        "apply makes a key of nobody": Case(APPLY, "kms:CreateKey", "*"),
        "apply changes a key policy": Case(APPLY, "kms:PutKeyPolicy", f"key:{NAME}-landing", labs_tags, allowed=True),
        "apply changes the policy of another key": Case(APPLY, "kms:PutKeyPolicy", f"key:{NAME}-landing"),
        "apply deletes a key": Case(APPLY, "kms:ScheduleKeyDeletion", f"key:{NAME}-landing", labs_tags),
        "apply makes an alias": Case(
            APPLY, "kms:CreateAlias", f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/{NAME}-landing", allowed=True
        ),
        "apply makes a role within the boundary": Case(
            APPLY, "iam:CreateRole", f"{a_role}-x", made("x", f"{NAME}-boundary"), allowed=True
        ),
        "apply makes a role without boundary": Case(APPLY, "iam:CreateRole", f"{a_role}-x"),
        "apply makes a role within a boundary of its own": Case(
            APPLY, "iam:CreateRole", f"{a_role}-x", made("x", f"{NAME}-x")
        ),
        "apply makes a role outside the mesh": Case(
            APPLY, "iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/admin", made("x", f"{NAME}-boundary")
        ),
        "apply takes the boundary off": Case(
            APPLY, "iam:DeleteRolePermissionsBoundary", f"{a_role}-x", made("x", f"{NAME}-boundary")
        ),
        "apply changes a policy": Case(APPLY, "iam:CreatePolicyVersion", f"{a_policy}-us-east-1-config", allowed=True),
        "apply changes the boundary": Case(APPLY, "iam:CreatePolicyVersion", f"{a_policy}-boundary"),
        "apply changes its own policy": Case(APPLY, "iam:CreatePolicyVersion", f"{a_policy}-apply"),
        "apply lets itself into the data": Case(APPLY, "iam:DeletePolicyVersion", f"{a_policy}-no-data"),
        "apply takes its deny off": Case(
            APPLY, "iam:DetachRolePolicy", f"{a_role}-github-apply", made("x", f"{NAME}-boundary")
        ),
        "apply changes who breaks the glass": Case(APPLY, "iam:UpdateAssumeRolePolicy", f"{a_role}-break-glass"),
        "apply changes who applies": Case(APPLY, "iam:UpdateAssumeRolePolicy", f"{a_role}-hcp-apply"),
        "apply makes a user": Case(APPLY, "iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/{NAME}-x"),
        "apply hands a role to AWS Config": Case(
            APPLY,
            "iam:PassRole",
            f"{a_role}-us-east-1-config",
            {"iam:PassedToService": "config.amazonaws.com"},
            allowed=True,
        ),
        "apply hands a role to a machine": Case(
            APPLY, "iam:PassRole", f"{a_role}-break-glass", {"iam:PassedToService": "ec2.amazonaws.com"}
        ),
        "apply lets Macie make its role": Case(
            APPLY,
            "iam:CreateServiceLinkedRole",
            f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie",
            {"iam:AWSServiceName": "macie.amazonaws.com"},
            allowed=True,
        ),
        "apply makes a trail": Case(APPLY, "cloudtrail:CreateTrail", trail, allowed=True),
        "apply stops the trail": Case(APPLY, "cloudtrail:StopLogging", trail),
        "apply deletes the trail": Case(APPLY, "cloudtrail:DeleteTrail", trail),
        "apply turns GuardDuty on": Case(APPLY, "guardduty:CreateDetector", "*", allowed=True),
        "apply turns GuardDuty off": Case(APPLY, "guardduty:DeleteDetector", "*"),
    }
    for name in ("github-plan", "github-apply", "hcp-plan", "hcp-apply"):
        # Rights that a slip could give them: the deny must hold against them too.
        generous: dict[str, Any] = {"grants": grant("s3:*", "kms:*")}
        cases |= {
            f"{name} reads data": Case(role(f"{NAME}-{name}"), "s3:GetObject", LABS_OBJECT, TLS, **generous),
            f"{name} reads an old version": Case(
                role(f"{NAME}-{name}"), "s3:GetObjectVersion", LABS_OBJECT, TLS, **generous
            ),
            f"{name} writes data": Case(role(f"{NAME}-{name}"), "s3:PutObject", LABS_OBJECT, TLS, **generous),
            f"{name} decrypts": Case(
                role(f"{NAME}-{name}"), "kms:Decrypt", f"key:{NAME}-landing", through_s3(LABS), **generous
            ),
        }
    return cases


def break_glass_cases() -> dict[str, Case]:
    """Emergency access."""
    assumed, granted = f"role:{NAME}-break-glass", grant("sts:AssumeRole")
    other = Principal.user(f"arn:aws:iam::{ACCOUNT}:user/somebody")
    landing = f"key:{NAME}-landing"
    return {
        "named user with a second factor": Case(
            ON_CALL, "sts:AssumeRole", assumed, second_factor(), allowed=True, grants=granted
        ),
        "named user without the right to assume": Case(ON_CALL, "sts:AssumeRole", assumed, second_factor()),
        "named user without a second factor": Case(
            ON_CALL,
            "sts:AssumeRole",
            assumed,
            {"aws:username": "break-glass-1", "sts:RoleSessionName": "break-glass-1"},
            grants=granted,
        ),
        "named user with a second factor of yesterday": Case(
            ON_CALL, "sts:AssumeRole", assumed, second_factor(age="86400"), grants=granted
        ),
        "named user under another name": Case(
            ON_CALL, "sts:AssumeRole", assumed, second_factor(name="somebody"), grants=granted
        ),
        "another user": Case(
            other,
            "sts:AssumeRole",
            assumed,
            second_factor(name="somebody") | {"aws:username": "somebody"},
            grants=granted,
        ),
        "apply role": Case(APPLY, "sts:AssumeRole", assumed, second_factor(), grants=granted),
        "reads": Case(BREAK_GLASS, "s3:GetObject", LABS_OBJECT, TLS, allowed=True),
        "lists": Case(BREAK_GLASS, "s3:ListBucket", LABS, TLS, allowed=True),
        "decrypts through S3": Case(BREAK_GLASS, "kms:Decrypt", landing, through_s3(LABS), allowed=True),
        "decrypts without S3": Case(BREAK_GLASS, "kms:Decrypt", landing),
        "reads without TLS": Case(BREAK_GLASS, "s3:GetObject", LABS_OBJECT, {"aws:SecureTransport": "false"}),
        "writes": Case(BREAK_GLASS, "s3:PutObject", LABS_OBJECT, TLS),
        "deletes the trail": Case(BREAK_GLASS, "s3:DeleteObject", f"{AUDIT}/AWSLogs/x", TLS),
        "changes a policy": Case(BREAK_GLASS, "s3:PutBucketPolicy", LABS, TLS),
    }


def ingestion_cases() -> dict[str, Case]:
    """Uploads by a role of the account that may do everything with S3 and keys."""
    everything: dict[str, Any] = {"grants": grant("s3:*", "kms:*")}
    landing = f"key:{NAME}-landing"
    return {
        "upload that names no encryption": Case(
            INGESTION, "s3:PutObject", LABS_OBJECT, TLS, allowed=True, **everything
        ),
        "upload with the landing key": Case(
            INGESTION, "s3:PutObject", LABS_OBJECT, encrypted("aws:kms", "<landing key>"), allowed=True, **everything
        ),
        "upload with SSE-S3": Case(INGESTION, "s3:PutObject", LABS_OBJECT, encrypted("AES256"), **everything),
        "upload with SSE-S3 that names the key": Case(
            INGESTION, "s3:PutObject", LABS_OBJECT, encrypted("AES256", "<landing key>"), **everything
        ),
        "upload with the AWS managed key": Case(
            INGESTION, "s3:PutObject", LABS_OBJECT, encrypted("aws:kms"), **everything
        ),
        "upload with another key": Case(
            INGESTION,
            "s3:PutObject",
            LABS_OBJECT,
            encrypted("aws:kms", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"),
            **everything,
        ),
        "upload with the sender's key": Case(
            INGESTION,
            "s3:PutObject",
            LABS_OBJECT,
            TLS | {"s3:x-amz-server-side-encryption-customer-algorithm": "AES256"},
            **everything,
        ),
        "upload without TLS": Case(
            INGESTION,
            "s3:PutObject",
            LABS_OBJECT,
            {"aws:SecureTransport": "false", "s3:TlsVersion": "1.3"},
            **everything,
        ),
        "upload with TLS 1.1": Case(
            INGESTION, "s3:PutObject", LABS_OBJECT, TLS | {"s3:TlsVersion": "1.1"}, **everything
        ),
        "encrypts through S3": Case(
            INGESTION, "kms:GenerateDataKey", landing, through_s3(LABS), allowed=True, **everything
        ),
        "takes a data key home": Case(INGESTION, "kms:GenerateDataKey", landing, **everything),
        "takes a data key through another region": Case(
            INGESTION, "kms:GenerateDataKey", landing, through_s3(LABS, "eu-west-1"), **everything
        ),
        "administers the key": Case(INGESTION, "kms:PutKeyPolicy", landing, allowed=True, **everything),
        "administers the audit key": Case(
            INGESTION, "kms:PutKeyPolicy", f"key:{NAME}-audit", allowed=True, **everything
        ),
    }


def service_cases() -> dict[str, Case]:
    """AWS services that deliver, scan and record."""
    logging, cloudtrail = Principal.service("logging.s3.amazonaws.com"), Principal.service("cloudtrail.amazonaws.com")
    events, malware = Principal.service("events.amazonaws.com"), role(f"{CELL}-malware-scan")
    config = role(f"{CELL}-config")
    macie = role("aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie")
    trail = {"aws:SourceArn": f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{CELL}"}
    control = {"s3:x-amz-acl": "bucket-owner-full-control"}
    here = {"aws:SourceAccount": ACCOUNT}
    rule = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3-x"
    managed = {"events:ManagedBy": "malware-protection-plan.guardduty.amazonaws.com"}
    malware_service = Principal.service("malware-protection-plan.guardduty.amazonaws.com")
    return {
        "access logs are delivered": Case(
            logging,
            "s3:PutObject",
            f"{LOGS}/s3-access/x",
            TLS | here | {"aws:SourceArn": LABS},
            allowed=True,
        ),
        "access logs of another bucket are delivered": Case(
            logging,
            "s3:PutObject",
            f"{LOGS}/s3-access/x",
            TLS | here | {"aws:SourceArn": "arn:aws:s3:::payroll"},
        ),
        "trail checks its bucket": Case(cloudtrail, "s3:GetBucketAcl", AUDIT, TLS | trail, allowed=True),
        "trail is delivered": Case(
            cloudtrail, "s3:PutObject", f"{AUDIT}/AWSLogs/{ACCOUNT}/x", TLS | trail | control, allowed=True
        ),
        "trail of another account's folder": Case(
            cloudtrail, "s3:PutObject", f"{AUDIT}/AWSLogs/999999999999/x", TLS | trail | control
        ),
        "trail encrypts": Case(
            cloudtrail,
            "kms:GenerateDataKey",
            f"key:{NAME}-audit",
            trail | {"kms:EncryptionContext:aws:cloudtrail:arn": trail["aws:SourceArn"]},
            allowed=True,
        ),
        "trail describes its key": Case(cloudtrail, "kms:DescribeKey", f"key:{NAME}-audit", trail, allowed=True),
        "trail decrypts": Case(cloudtrail, "kms:Decrypt", f"key:{NAME}-audit", trail),
        "alerts are encrypted": Case(events, "kms:GenerateDataKey", f"key:{NAME}-audit", here, allowed=True),
        "alerts of another account are encrypted": Case(
            events, "kms:GenerateDataKey", f"key:{NAME}-audit", {"aws:SourceAccount": "999999999999"}
        ),
        "Macie decrypts through S3": Case(macie, "kms:Decrypt", f"key:{NAME}-landing", through_s3(LABS), allowed=True),
        "Macie encrypts": Case(macie, "kms:GenerateDataKey", f"key:{NAME}-landing", through_s3(LABS)),
        "malware protection assumes": Case(
            malware_service, "sts:AssumeRole", f"role:{CELL}-malware-scan", here, allowed=True
        ),
        "malware protection of another account assumes": Case(
            malware_service, "sts:AssumeRole", f"role:{CELL}-malware-scan", {"aws:SourceAccount": "999999999999"}
        ),
        "malware scan reads": Case(malware, "s3:GetObject", LABS_OBJECT, TLS, allowed=True),
        "malware scan tags": Case(malware, "s3:PutObjectTagging", LABS_OBJECT, TLS, allowed=True),
        "malware scan checks the bucket": Case(malware, "s3:ListBucket", LABS, TLS, allowed=True),
        "malware scan proves that it may write": Case(
            malware, "s3:PutObject", f"{LABS}/malware-protection-resource-validation-object", TLS, allowed=True
        ),
        "malware scan writes": Case(malware, "s3:PutObject", LABS_OBJECT, TLS),
        "malware scan decrypts": Case(malware, "kms:Decrypt", f"key:{NAME}-landing", through_s3(LABS), allowed=True),
        "malware scan makes its rule": Case(malware, "events:PutRule", rule, managed, allowed=True),
        "malware scan reads its rule": Case(malware, "events:DescribeRule", rule, allowed=True),
        "malware scan makes another rule": Case(
            malware, "events:PutRule", f"arn:aws:events:us-east-1:{ACCOUNT}:rule/x", managed
        ),
        "Config assumes": Case(
            Principal.service("config.amazonaws.com"), "sts:AssumeRole", f"role:{CELL}-config", here, allowed=True
        ),
        "Config delivers": Case(config, "s3:PutObject", f"{CONFIG}/AWSLogs/{ACCOUNT}/x", TLS | control, allowed=True),
        "Config checks its bucket": Case(config, "s3:GetBucketAcl", CONFIG, TLS, allowed=True),
        "Config encrypts": Case(config, "kms:GenerateDataKey", f"key:{NAME}-audit", through_s3(CONFIG), allowed=True),
        "Config reads data": Case(config, "s3:GetObject", LABS_OBJECT, TLS),
    }


CASES = {
    f"{group}: {name}": case
    for group, cases in {
        "bigquery": bigquery_cases(),
        "outsider": outsider_cases(),
        "trust": delivery_trust_cases(),
        "delivery": delivery_cases(),
        "break glass": break_glass_cases(),
        "ingestion": ingestion_cases(),
        "services": service_cases(),
    }.items()
    for name, case in cases.items()
}


@pytest.fixture(scope="module")
def account(applied_northwind: Applied) -> Account:
    """The policies of the account."""
    return Account.read(applied_northwind)


@pytest.fixture(scope="module")
def cases(applied_northwind: Applied, account: Account) -> dict[str, Case]:
    """The cases, with what is known only once it was made."""
    [connection] = [
        resource["values"]
        for resource in applied_northwind.module.resources()
        if resource["type"] == "google_bigquery_connection"
    ]
    made = {
        "<connection>": connection["aws"][0]["access_role"][0]["identity"],
        "<landing key>": account.key_arns[f"{NAME}-landing"],
    }

    def bound(case: Case) -> Case:
        context = {
            key: made.get(value, value) if isinstance(value, str) else value for key, value in case.context.items()
        }
        return replace(case, context=context)

    return {name: bound(case) for name, case in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_request(name: str, cases: dict[str, Case], account: Account, figure: Figure) -> None:
    assert cases[name].decide(account) is CASES[name].allowed
    figure("decided_requests")


def test_every_statement_is_needed(cases: dict[str, Case], account: Account) -> None:
    """Without any one statement of any document, at least one of the requests above is decided otherwise."""
    sids = {statement["Sid"] for document in account.documents().values() for statement in document["Statement"]}
    idle = [
        sid
        for sid in sorted(sids)
        if not all(
            any(case.decide(weaker) is not case.allowed for case in cases.values()) for weaker in account.without(sid)
        )
    ]
    assert idle == []


def test_policies_fit_their_quotas(account: Account) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, bucket policies 20 KB, keys 32 KB."""
    for name, document in account.documents().items():
        size = len("".join(str(document).split()))
        limit = {"trust": 2048, "policy": 6144, "bucket": 20480, "key": 32768}[name.partition(" ")[0]]
        assert size <= limit, f"{name} has {size} characters"
