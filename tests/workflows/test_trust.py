"""Who gets which identity: the tokens that workflows can present, against the trust that Terraform applied."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Figure
from tests.engines.iam import Principal, can_assume
from tests.terraform.environment import Applied
from tests.workflows.stand_in import StandIn
from tests.workflows.test_scripts import secrets_set, set_up
from tests.workflows.workflow import Job, jobs

OWNER, REPOSITORY = "northwind-health", "clinical-data-mesh"
MAIN, BRANCH, PULL_REQUEST, TAG = "refs/heads/main", "refs/heads/feature", "refs/pull/7/merge", "refs/tags/v1"
# Secret that names an identity -> the cloud that gives it.
IDENTITIES = {
    "AWS_TERRAFORM_ROLE_ARN": "aws",
    "GCP_TERRAFORM_SA": "google",
    "GCP_DBT_SA": "google",
    "GCP_DEPLOYMENT_SA": "google",
}


@dataclass(frozen=True)
class Token:
    """What GitHub says of a job: https://docs.github.com/en/actions/reference/security/oidc"""

    environment: str | None
    ref: str
    owner: str = OWNER
    repository: str = REPOSITORY
    owner_id: str = "999999999"
    repository_id: str = "999999999"
    immutable: bool = False

    @property
    def claims(self) -> dict[str, str]:
        """Its claims. Newer repositories have their numeric ids in the subject."""
        owner = f"{self.owner}@{self.owner_id}" if self.immutable else self.owner
        repository = f"{self.repository}@{self.repository_id}" if self.immutable else self.repository
        context = f"environment:{self.environment}" if self.environment else f"ref:{self.ref}"
        return {
            "sub": f"repo:{owner}/{repository}:{context}",
            "ref": self.ref,
            "repository_id": self.repository_id,
            "repository_owner_id": self.owner_id,
        }


@dataclass(frozen=True)
class Clouds:
    """The trust of the applied environment, and the secrets that its set-up gives to GitHub."""

    roles: dict[str, dict[str, Any]]
    providers: dict[str, dict[str, Any]]
    members: dict[str, set[str]]
    secrets: dict[tuple[str, str], str]

    def gives(self, cloud: str, identity: str, provider: str, token: Token) -> bool:
        """Whether a cloud gives an identity to a token, presented where the secrets say."""
        return self._aws(identity, token) if cloud == "aws" else self._google(identity, provider, token)

    def _aws(self, arn: str, token: Token) -> bool:
        issuer = "token.actions.githubusercontent.com"
        context = {f"{issuer}:{name}": value for name, value in ({"aud": "sts.amazonaws.com"} | token.claims).items()}
        account = arn.split(":")[4]
        who = Principal.federated(f"arn:aws:iam::{account}:oidc-provider/{issuer}")
        return can_assume(self.roles[arn], who, "sts:AssumeRoleWithWebIdentity", context, role=arn).allowed

    def _google(self, account: str, name: str, token: Token) -> bool:
        """https://cloud.google.com/iam/docs/workload-identity-federation"""
        provider = self.providers[name]
        assert provider["oidc"][0]["issuer_uri"] == "https://token.actions.githubusercontent.com"
        assert provider["attribute_mapping"]["google.subject"] == "assertion.sub"
        for part in provider["attribute_condition"].split(" && "):
            (claim, value) = re.fullmatch(r"assertion\.(\w+) == '([^']*)'", part).groups()  # type: ignore[union-attr]
            if token.claims[claim] != value:
                return False
        pool = name.partition("/providers/")[0]
        return f"principal://iam.googleapis.com/{pool}/subject/{token.claims['sub']}" in self.members[account]


@pytest.fixture(scope="module")
def clouds(applied_northwind: Applied, northwind: Path, tmp_path_factory: pytest.TempPathFactory) -> Clouds:
    """dev of the full example, applied, and GitHub set up after it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for resource in applied_northwind.module.resources():
        found.setdefault(resource["type"], []).append(resource["values"])
    folder = tmp_path_factory.mktemp("setup")
    for part in ("delivery", ".github", "infra/terraform/envs"):
        shutil.copytree(northwind / part, folder / "repository" / part)
    stand_in = StandIn(folder / "bin")
    for command in ("gh", "terraform"):
        stand_in.command(command)
    printed = json.loads(applied_northwind.module.terraform("output", "-json").stdout)
    outputs = {name: output["value"] for name, output in printed.items()}
    result = set_up(folder / "repository", stand_in, "dev", outputs)
    assert result.returncode == 0, result.stderr
    pool_provider = found["google_iam_workload_identity_pool_provider"]
    accounts = {account["name"]: account["email"] for account in found["google_service_account"]}
    return Clouds(
        roles={role["arn"]: json.loads(role["assume_role_policy"]) for role in found["aws_iam_role"]},
        providers={provider["name"]: provider for provider in pool_provider},
        members={
            accounts[binding["service_account_id"]]: set(binding["members"])
            for binding in found["google_service_account_iam_binding"]
            if binding["role"] == "roles/iam.workloadIdentityUser"
        },
        secrets=secrets_set(stand_in),
    )


def refs(job: Job) -> list[str]:
    """The refs that a job may run on, as GitHub's environment lets it."""
    assert job.environment
    return [MAIN, BRANCH, PULL_REQUEST] if job.environment.endswith(("-plan", "-rehearsal")) else [MAIN]


def borrowed(root: Path, secrets: dict[tuple[str, str], str]) -> Iterator[tuple[Job, str, str, str]]:
    """Job, cloud, identity and provider of each identity that a job of dev becomes."""
    for job in jobs(root):
        if job.has_identity and job.environment and job.environment.split("-")[0] == "dev":
            for secret in sorted(job.secrets & IDENTITIES.keys()):
                provider = secrets[job.environment, "GCP_WORKLOAD_IDENTITY_PROVIDER"]
                yield job, IDENTITIES[secret], secrets[job.environment, secret], provider


def test_each_job_gets_its_identity(northwind: Path, clouds: Clouds, figure: Figure) -> None:
    asked = 0
    for job, cloud, identity, provider in borrowed(northwind, clouds.secrets):
        for ref in refs(job):
            for immutable in (False, True):
                token = Token(job.environment, ref, immutable=immutable)
                assert clouds.gives(cloud, identity, provider, token), (job.workflow, job.name, identity, ref)
                asked += 1
    figure("admitted_tokens", asked)
    assert asked > 20


def strangers(job: Job) -> dict[str, Token]:
    """Tokens that resemble the job's and must get nothing."""
    own = Token(job.environment, MAIN)
    found = {
        "a fork": Token(own.environment, MAIN, owner="mallory", owner_id="666", repository_id="555"),
        "whoever took over the name": Token(own.environment, MAIN, owner_id="666", repository_id="555"),
        "whoever took over the name, ids in the subject": Token(
            own.environment, MAIN, owner_id="666", repository_id="555", immutable=True
        ),
        "another repository of the owner": Token(own.environment, MAIN, repository="website", repository_id="555"),
        "a repository that has our name as prefix": Token(
            own.environment, MAIN, repository=f"{REPOSITORY}-copy", repository_id="555"
        ),
        "an environment that has ours as prefix": Token(f"{own.environment}-copy", MAIN),
        "another environment": Token("prod", MAIN),
        "another environment's plan": Token("prod-plan", MAIN),
        "a job outside any environment": Token(None, MAIN),
        "the upgrade of the template": Token("template-upgrade", MAIN),
    }
    for other in ("dev", "dev-plan", "dev-rehearsal"):
        if other != job.environment:
            found[f"a job in {other}"] = Token(other, MAIN)
    if refs(job) == [MAIN]:
        # GitHub's environment refuses these too; the clouds do not rely on it.
        found |= {f"the job on {ref}": Token(own.environment, ref) for ref in (BRANCH, PULL_REQUEST, TAG)}
    return found


def test_nobody_else_gets_it(northwind: Path, clouds: Clouds, figure: Figure) -> None:
    refused = 0
    for job, cloud, identity, provider in borrowed(northwind, clouds.secrets):
        for who, token in strangers(job).items():
            # Wherever it is presented: each provider of GitHub's tokens is tried.
            for name in {provider, *clouds.providers} if cloud == "google" else {provider}:
                if clouds.providers[name]["oidc"][0]["issuer_uri"] != "https://token.actions.githubusercontent.com":
                    continue
                if who.startswith("a job in ") and dbt_is_shared(job, token, identity):
                    continue
                assert not clouds.gives(cloud, identity, name, token), (who, job.workflow, job.name, identity)
                refused += 1
    figure("refused_tokens", refused)
    assert refused > 100


# Part of a provider's condition -> the claims of a token that it keeps out.
WIDER: dict[str, dict[str, Any]] = {
    " && assertion.ref == 'refs/heads/main'": {"ref": BRANCH},
    " && assertion.repository_owner_id == '999999999'": {"owner_id": "666"},
    "assertion.repository_id == '999999999' && ": {"repository_id": "555"},
}


@pytest.mark.parametrize("part", WIDER)
def test_each_part_of_a_condition_keeps_somebody_out(part: str, northwind: Path, clouds: Clouds) -> None:
    """Without it a token gets in that got nothing: a fork with our names, or the job on a branch."""
    conditions = {name: provider["attribute_condition"] for name, provider in clouds.providers.items()}
    providers = {
        name: provider | {"attribute_condition": conditions[name].replace(part, "")}
        for name, provider in clouds.providers.items()
    }
    assert any(providers[name]["attribute_condition"] != conditions[name] for name in conditions)
    opened = replace(clouds, providers=providers)
    let_in = 0
    for job, cloud, identity, provider in borrowed(northwind, clouds.secrets):
        token = replace(Token(job.environment, MAIN), **WIDER[part])
        if cloud == "google" and ("ref" not in WIDER[part] or refs(job) == [MAIN]):
            assert not clouds.gives(cloud, identity, provider, token)
            let_in += opened.gives(cloud, identity, provider, token)
    assert let_in > 0


def dbt_is_shared(job: Job, token: Token, identity: str) -> bool:
    """dbt's account serves rehearsals and what was merged."""
    return identity.startswith("dbt-runner@") and {job.environment, token.environment} == {"dev", "dev-rehearsal"}


def test_no_trust_of_github_is_left_over(northwind: Path, clouds: Clouds) -> None:
    """Every environment that is trusted has a job in it; dbt may also run by hand from what was merged."""
    used = {job.environment for job in jobs(northwind) if job.has_identity}
    trusted = {
        member.rpartition(":environment:")[2]
        for members in clouds.members.values()
        for member in members
        if ":environment:" in member
    }
    assert trusted <= used
    # And no account is trusted that no job becomes.
    becomes = {identity for _, cloud, identity, _ in borrowed(northwind, clouds.secrets) if cloud == "google"}
    assert {
        account for account, members in clouds.members.items() if any(":environment:" in m for m in members)
    } == becomes
