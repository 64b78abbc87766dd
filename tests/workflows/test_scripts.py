"""The scripts that speak to GitHub, with gh standing in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.repository import git
from tests.workflows.stand_in import StandIn
from tests.workflows.workflow import jobs

OUTPUTS = {
    "deployment_service_account": "airflow-deployment@northwind-dev.iam.gserviceaccount.com",
    "dbt_service_account": "dbt-runner@northwind-dev.iam.gserviceaccount.com",
    "gcp_project": "northwind-dev",
    "github_role_arns": {
        phase: f"arn:aws:iam::111111111111:role/northwind-dev-github-{phase}" for phase in ("apply", "plan")
    },
    "policy_tag_ids": {"mrn": "projects/northwind-dev/locations/us-east4/taxonomies/1/policyTags/2"},
    "terraform_service_accounts": {
        phase: f"terraform-{phase}@northwind-dev.iam.gserviceaccount.com" for phase in ("apply", "plan")
    },
    "workload_identity_providers": {"github": "providers/main", "github_review": "providers/review"},
}


@pytest.fixture
def repository(northwind: Path, tmp_path: Path) -> Path:
    """The scripts of the full example, and what they read."""
    root = tmp_path / "repository"
    for folder in ("delivery", ".github", "infra/terraform/envs"):
        shutil.copytree(northwind / folder, root / folder)
    (root / "build").mkdir()
    return root


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    """gh and terraform."""
    commands = StandIn(tmp_path / "bin")
    commands.command("gh")
    commands.command("terraform")
    return commands


def run(
    repository: Path, stand_in: StandIn, script: str, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a script of the repository."""
    return subprocess.run(
        [f"delivery/{script}", *arguments],
        cwd=repository,
        env=stand_in.variables | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def secrets_set(stand_in: StandIn) -> dict[tuple[str, str], str]:
    """(GitHub environment, secret) -> value."""
    found = {}
    for call in stand_in.calls("gh", "secret set"):
        arguments = call["arguments"]
        environment = arguments[arguments.index("--env") + 1]
        assert "--body" not in arguments
        found[environment, arguments[2]] = call["text"]
    return found


def set_up(
    repository: Path, stand_in: StandIn, environment: str, outputs: dict[str, Any]
) -> subprocess.CompletedProcess[str]:
    """Set up GitHub after an apply with these outputs."""
    printed = json.dumps({name: {"value": value} for name, value in outputs.items()})
    stand_in.answer("terraform", f"envs/{environment}", "output", printed=printed)
    stand_in.answer("gh", "teams/data-platform", printed="4711")
    return run(
        repository,
        stand_in,
        "github_setup.sh",
        environment,
        "data-platform",
        TF_API_TOKEN_PLAN="reads",
        TF_API_TOKEN_APPLY="writes",
        TEMPLATE_UPGRADE_TOKEN="upgrades",
    )


def test_setup_gives_each_environment_what_its_jobs_read(repository: Path, stand_in: StandIn) -> None:
    for environment in ("dev", "prod"):
        result = set_up(repository, stand_in, environment, OUTPUTS)
        assert result.returncode == 0, result.stderr
    secrets = secrets_set(stand_in)
    read = {(job.environment, secret) for job in jobs(repository) for secret in job.secrets}
    assert secrets.keys() == read
    assert secrets["dev-plan", "TF_API_TOKEN"] == "reads"
    assert secrets["dev", "TF_API_TOKEN"] == "writes"
    assert secrets["prod", "AWS_TERRAFORM_ROLE_ARN"].endswith("-github-apply")
    assert secrets["prod-plan", "AWS_TERRAFORM_ROLE_ARN"].endswith("-github-plan")
    (variable,) = {tuple(call["arguments"]) for call in stand_in.calls("gh", "variable set")}
    assert json.loads(variable[-1]) == OUTPUTS["policy_tag_ids"]


def test_setup_lets_only_main_deliver_and_only_after_a_review(repository: Path, stand_in: StandIn) -> None:
    set_up(repository, stand_in, "dev", OUTPUTS)
    made = {}
    for call in stand_in.calls("gh", "--method PUT", "/environments/"):
        made[call["arguments"][3].rpartition("/")[2]] = json.loads(call["text"])
    restricted = {"protected_branches": False, "custom_branch_policies": True}
    assert {name: body["deployment_branch_policy"] for name, body in made.items()} == {
        "dev-plan": None,
        "dev": restricted,
        "dev-rehearsal": None,
        "template-upgrade": restricted,
    }
    reviewed = {name for name, body in made.items() if body["reviewers"] == [{"type": "Team", "id": 4711}]}
    assert reviewed == {"dev", "dev-rehearsal"}
    assert all(body["prevent_self_review"] is (name in reviewed) for name, body in made.items())
    policies = stand_in.calls("gh", "deployment-branch-policies", "name=main")
    assert [call["arguments"][3].split("/")[-2] for call in policies] == ["dev", "template-upgrade"]


@pytest.mark.parametrize("existing", ["", "99"])
def test_setup_makes_the_ruleset_or_replaces_it(existing: str, repository: Path, stand_in: StandIn) -> None:
    stand_in.answer("gh", "rulesets", "--jq", printed=existing)
    set_up(repository, stand_in, "dev", OUTPUTS)
    (call,) = stand_in.calls("gh", "rulesets", "--input")
    assert call["arguments"][1:4] == [
        "--method",
        "PUT" if existing else "POST",
        f"repos/northwind-health/clinical-data-mesh/rulesets{'/99' if existing else ''}",
    ]


def test_setup_says_what_is_missing(repository: Path, stand_in: StandIn) -> None:
    result = run(repository, stand_in, "github_setup.sh", "qa", "data-platform")
    assert result.returncode == 2
    assert "one of: dev, prod" in result.stderr
    result = run(repository, stand_in, "github_setup.sh", "dev", "data-platform", TF_API_TOKEN_PLAN="reads")
    assert result.returncode != 0
    assert "TF_API_TOKEN_APPLY" in result.stderr
    assert stand_in.calls("gh") == []


@pytest.mark.parametrize("drift", ["true", "false"])
@pytest.mark.parametrize("number", ["", "12"])
def test_drift_has_one_issue(drift: str, number: str, repository: Path, stand_in: StandIn) -> None:
    (repository / "build" / "plan-dev.md").write_text("1 to change")
    stand_in.answer("gh", "issue list", printed=number)
    result = run(repository, stand_in, "drift_issue.sh", "dev", DRIFT=drift)
    assert result.returncode == 0, result.stderr
    did = [call for verb in ("create", "edit", "close") for call in stand_in.calls("gh", f"issue {verb}")]
    if drift == "false" and not number:
        assert did == []
        return
    (call,) = did
    if drift == "true":
        assert call["arguments"][1:3] == (["edit", "12"] if number else ["create", "--title"])
        assert call["text"] == "1 to change"
    else:
        assert call["arguments"][1:3] == ["close", "12"]


def test_plans_share_one_comment(repository: Path, stand_in: StandIn) -> None:
    for environment in ("dev", "prod"):
        (repository / "build" / f"plan-{environment}.md").write_text(f"### Plan of {environment}\n")
    assert run(repository, stand_in, "plan_comment.sh", PULL_REQUEST="7").returncode == 0
    (call,) = stand_in.calls("gh")
    assert call["arguments"][:3] == ["pr", "comment", "7"]
    assert {"--edit-last", "--create-if-none"} <= set(call["arguments"])
    assert call["text"] == "### Plan of dev\n### Plan of prod\n"


@pytest.mark.parametrize(
    ("labels", "allowed"),
    [("bug\ndestroy-allowed", "true"), ("destroy-allowed-not", "false"), ("", "false")],
)
@pytest.mark.parametrize("pull_request", ["7", ""])
def test_label_is_looked_up(labels: str, allowed: str, pull_request: str, repository: Path, stand_in: StandIn) -> None:
    """On main the pull request is the one that the commit was merged by."""
    stand_in.answer("gh", *(["pr view 7"] if pull_request else ["commits/abc/pulls"]), printed=labels)
    variables = {"PULL_REQUEST": pull_request, "GITHUB_REPOSITORY": "northwind-health/mesh", "GITHUB_SHA": "abc"}
    result = run(repository, stand_in, "destroy_label.sh", **variables)
    assert result.stdout == f"destroy_allowed={allowed}\n", result.stderr


def test_label_that_cannot_be_looked_up_stops(repository: Path, stand_in: StandIn) -> None:
    stand_in.answer("gh", "pr view", status=1, error="HTTP 502")
    result = run(repository, stand_in, "destroy_label.sh", PULL_REQUEST="7")
    assert result.returncode != 0
    assert result.stdout == ""


@pytest.fixture
def upgradable(northwind: Path, tmp_path: Path) -> Path:
    """A repository made by release 1.0.0 of a small template, which has a release 1.1.0, with an origin."""
    template, origin, root = (tmp_path / name for name in ("template", "origin.git", "organization"))
    (template / "project").mkdir(parents=True)
    (template / "copier.yml").write_text("_subdirectory: project\nname:\n  type: str\n  default: mesh\n")
    (template / "project" / "[[_copier_conf.answers_file]].jinja".replace("[[", "{{").replace("]]", "}}")).write_text(
        "{{ _copier_answers|to_nice_yaml }}"
    )
    (template / "project" / "README.md").write_text("one\ntwo\nthree\n")
    git(template, "init", "--quiet", "--initial-branch", "main")
    git(template, "add", "--all")
    git(template, "commit", "--quiet", "--message", "first")
    git(template, "tag", "v1.0.0")
    copier = Path(sys.executable).with_name("copier")
    command = [copier, "copy", "--quiet", "--defaults", "--vcs-ref", "v1.0.0", template, root]
    subprocess.run(list(map(str, command)), check=True)
    shutil.copytree(northwind / "delivery", root / "delivery")
    (root / ".venv" / "bin").mkdir(parents=True)
    for name in ("copier", "python"):
        command_here = root / ".venv" / "bin" / name
        command_here.write_text(f'#!/bin/sh\nexec "{copier.with_name(name)}" "$@"\n')
        command_here.chmod(0o755)
    (root / ".gitignore").write_text(".venv/\n")
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", str(origin))
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "start")
    git(root, "remote", "add", "origin", str(origin))
    git(root, "push", "--quiet", "origin", "main")
    (template / "project" / "README.md").write_text("one\n2\nthree\nfour\n")
    git(template, "commit", "--quiet", "--all", "--message", "second")
    git(template, "tag", "v1.1.0")
    return root


@pytest.mark.parametrize("conflicting", [False, True])
def test_upgrade_is_offered_with_its_conflicts(
    conflicting: bool, upgradable: Path, stand_in: StandIn, tmp_path: Path
) -> None:
    if conflicting:
        (upgradable / "README.md").write_text("one\nTWO\nthree\n")
        git(upgradable, "commit", "--quiet", "--all", "--message", "ours")
    variables = {"GH_TOKEN": "token", "RUNNER_TEMP": str(tmp_path), "HOME": str(tmp_path)}
    result = run(upgradable, stand_in, "template_upgrade.sh", **variables)
    assert result.returncode == 0, result.stdout + result.stderr
    (call,) = stand_in.calls("gh", "pr create")
    assert call["arguments"][call["arguments"].index("--head") + 1] == "template-upgrade-1.1.0"
    assert ("--draft" in call["arguments"]) is conflicting
    assert "    changed: 1\n      README.md\n" in call["text"]
    assert ("CONFLICTS" in call["text"]) is conflicting
    pushed = git(upgradable, "show", "origin/template-upgrade-1.1.0:README.md")
    assert ("<<<<<<< before updating" in pushed) is conflicting
    assert "four\n" in pushed
    assert ("TWO\n" in pushed) is conflicting
    assert "token" not in result.stdout + result.stderr
    # A second run finds its branch.
    git(upgradable, "switch", "--quiet", "main")
    again = run(upgradable, stand_in, "template_upgrade.sh", **variables)
    assert again.returncode == 0
    assert "is there already" in again.stdout
    assert len(stand_in.calls("gh", "pr create")) == 1


def test_newest_release_needs_no_upgrade(upgradable: Path, stand_in: StandIn, tmp_path: Path) -> None:
    answers = upgradable / ".copier-answers.yml"
    answers.write_text(answers.read_text().replace("v1.0.0", "v1.1.0"))
    git(upgradable, "commit", "--quiet", "--all", "--message", "upgraded")
    result = run(
        upgradable, stand_in, "template_upgrade.sh", GH_TOKEN="token", RUNNER_TEMP=str(tmp_path), HOME=str(tmp_path)
    )
    assert (result.returncode, result.stdout) == (0, "The template has no newer release.\n")
    assert stand_in.calls("gh") == []


def test_template_that_cannot_be_reached_fails_the_job(upgradable: Path, stand_in: StandIn, tmp_path: Path) -> None:
    answers = upgradable / ".copier-answers.yml"
    answers.write_text(answers.read_text().replace("_src_path: ", "_src_path: /nowhere"))
    git(upgradable, "commit", "--quiet", "--all", "--message", "lost")
    result = run(
        upgradable, stand_in, "template_upgrade.sh", GH_TOKEN="token", RUNNER_TEMP=str(tmp_path), HOME=str(tmp_path)
    )
    assert result.returncode not in (0, 2)
