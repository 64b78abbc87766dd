"""Whatever a workflow names is there: targets, files, secrets, actions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Render
from tests.render import ROOT
from tests.workflows.test_lint import SHAPES
from tests.workflows.workflow import VARIABLE, Job, jobs, read, scripts, uses, workflow_files

LEDGER: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "extensions" / "actions.yml").read_text())
TARGET = re.compile(r"\bmake (?:--\S+ )*([a-z-]+)")
SECRET_ROW = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \|", re.MULTILINE)


@pytest.fixture(params=SHAPES)
def root(request: pytest.FixtureRequest, render: Render) -> Path:
    """A rendered repository."""
    return render(**SHAPES[request.param])


def targets(makefile: Path) -> set[str]:
    """The targets of a Makefile."""
    return set(re.findall(r"^([a-z-]+):(?!=)", makefile.read_text(), re.MULTILINE))


def named_action(name: str) -> str:
    """The repository of an action, which may lie in a folder of it."""
    return "/".join(name.split("/")[:2])


def test_every_step_is_a_target_of_the_makefile(root: Path) -> None:
    """What the workflows run is what a person runs: nothing but make."""
    for where, text in scripts(root):
        assert text.startswith("make "), where
        assert set(TARGET.findall(text)) <= targets(root / "Makefile"), where


# What a target reads of its environment, and which output of which step or job it is to be, if it is one.
READ: dict[str, dict[str, str | None]] = {
    "dbt-rehearsal": {"NAME": None, "POLICY_TAG_IDS": None, "TARGET_BRANCH": None},
    "dbt-rehearsal-drop": {"NAME": None},
    "destroy-label": {"GH_TOKEN": None, "PULL_REQUEST": None},
    "drift-issue": {"DRIFT": "changes", "GH_TOKEN": None},
    "plan-comment": {"GH_TOKEN": None, "PULL_REQUEST": None},
    "template-upgrade": {"GH_TOKEN": None},
    "terraform-apply": {"REVIEWED": "digest", "TF_TOKEN_app_terraform_io": None},
    "terraform-drift": {"TF_TOKEN_app_terraform_io": None},
    "terraform-plan": {"DESTROY_ALLOWED": "destroy_allowed", "TF_TOKEN_app_terraform_io": None},
}
# The outputs that those programs write.
WRITTEN = {
    "destroy-label": {"destroy_allowed"},
    "terraform-plan": {"changes", "digest"},
    "terraform-drift": {"changes"},
}
OUTPUT = re.compile(r"\$\{\{ (steps|needs)\.(\w+)\.outputs\.(\w+) \}\}")


def test_steps_hand_on_what_the_next_reads(root: Path) -> None:
    """From the program that writes an output, through step and job, to the variable of the program that reads it."""
    everything = {(job.workflow, job.name): job for job in jobs(root)}
    seen = set()

    def is_written(job: Job, kind: str, name: str, output: str) -> bool:
        if kind == "needs":
            passed = OUTPUT.fullmatch(everything[job.workflow, name].body["outputs"][output])
            assert passed
            assert name in job.body["needs"]
            return is_written(everything[job.workflow, name], *passed.groups())
        (step,) = [step for step in job.steps if step.get("id") == name]
        (target,) = TARGET.findall(step["run"])
        return output in WRITTEN[target] and (target != "destroy-label" or '>> "$GITHUB_OUTPUT"' in step["run"])

    for job in everything.values():
        for step in job.steps:
            for target in TARGET.findall(step.get("run", "")):
                given = job.body.get("env", {}) | step.get("env", {})
                for variable, output in READ.get(target, {}).items():
                    assert variable in given, (job.workflow, job.name, target)
                    if output:
                        found = OUTPUT.fullmatch(given[variable])
                        assert found
                        assert found[3] == output
                        assert is_written(job, *found.groups())
                seen.add(target)
                assert step.get("env", {}).keys() <= READ.get(target, {}).keys() | {"TARGET_BRANCH"}, target
    assert READ.keys() - {"dbt-rehearsal", "dbt-rehearsal-drop"} <= seen


def test_make_ci_runs_every_step_that_needs_no_cloud(root: Path) -> None:
    """Those of jobs that hold no secret and write nothing."""
    local = set()
    for job in jobs(root):
        writes = {scope for scope, level in job.body["permissions"].items() if level == "write"}
        if not job.secrets and writes <= {"security-events"}:
            local |= {target for step in job.steps for target in TARGET.findall(step.get("run", ""))}
    source = (root / "delivery" / "ci.py").read_text()
    steps = re.findall(r'^    "([a-z-]+)": \(', source, re.MULTILINE)
    assert set(steps) == local
    assert set(steps) <= targets(root / "Makefile")


def test_files_that_targets_name_are_there(root: Path) -> None:
    makefile = (root / "Makefile").read_text()
    named = set(re.findall(r"\b(?:delivery|docs|orchestration|demo)/[\w/.-]+\.(?:py|sh|baseline|txt)", makefile))
    assert {"delivery/plan_report.py", "delivery/phi_guard.py", "delivery/secrets.baseline"} <= named
    assert {name for name in named if not (root / name).exists()} == set()


def test_secrets_are_those_that_the_documentation_names(root: Path) -> None:
    read_by: dict[str, set[str]] = {}
    for job in jobs(root):
        for secret in job.secrets:
            assert job.environment
            read_by.setdefault(secret, set()).add(job.environment)
    documented = dict(SECRET_ROW.findall((root / "docs" / "delivery.md").read_text()))
    assert documented.keys() == read_by.keys()
    environments = {environment for names in read_by.values() for environment in names}
    named = [path.name for path in (root / "infra/terraform/envs").iterdir()]
    assert environments == {
        *named,
        *(f"{name}-plan" for name in named),
        *(f"{named_first}-rehearsal" for named_first in rehearsed(root)),
        "template-upgrade",
    }
    for secret, row in documented.items():
        if row == "all but `template-upgrade`":
            expected = environments - {"template-upgrade"}
        else:
            names = re.findall(r"`([^`]+)`", row)
            expected = {name.replace("<environment>", each) for name in names for each in named}
        assert read_by[secret] == expected, secret


def rehearsed(root: Path) -> list[str]:
    """The environment that takes rehearsals, if any."""
    return re.findall(r"environment: (\w+)-rehearsal", (root / ".github/workflows/dbt.yml").read_text())


def test_production_is_never_rehearsed_in(render: Render) -> None:
    assert rehearsed(render(**SHAPES["production alone"])) == []
    assert rehearsed(render(**SHAPES["three environments and regions"])) == ["dev"]


def test_variables_are_documented(root: Path) -> None:
    text = (root / "docs" / "delivery.md").read_text()
    for path in workflow_files(root):
        for variable in VARIABLE.findall(path.read_text()):
            assert f"`{variable}`" in text


def test_required_checks_are_jobs_that_always_run(root: Path) -> None:
    """A check that a filter or a condition passes over would hold every pull request."""
    ruleset = json.loads((root / ".github" / "rulesets" / "main.json").read_text())
    (rule,) = [rule for rule in ruleset["rules"] if rule["type"] == "required_status_checks"]
    required = {check["context"] for check in rule["parameters"]["required_status_checks"]}
    found = {job.body["name"]: job for job in jobs(root)}
    assert required <= found.keys()
    for name in required:
        job = found[name]
        assert "if" not in job.body
        assert "needs" not in job.body
        assert "pull_request" in job.events
        assert not {"paths", "paths-ignore"} & (job.events["pull_request"] or {}).keys()


def test_owners_are_those_of_the_contracts(root: Path) -> None:
    lines = (root / ".github" / "CODEOWNERS").read_text().splitlines()
    owners = dict(line.split(" ", 1) for line in lines if line.startswith("/contracts/"))
    # Made for the first domain that is dropped, whose owner may be gone as well.
    assert owners.pop("/contracts/retired/").split()[-1].endswith("/security")
    found = {}
    for path in sorted((root / "contracts").glob("*.odcs.yaml")):
        contract = yaml.safe_load(path.read_text())
        (owner,) = [member["username"] for member in contract["team"]["members"] if member["role"] == "owner"]
        found[f"/contracts/{path.name}"] = owner.partition("@")[0]
    assert {path: owner.rpartition("/")[2] for path, owner in owners.items()} == found
    for line in lines:
        if line.startswith("/") and not line.startswith("/contracts/retired/ "):
            pattern = line.split()[0].strip("/")
            assert list(root.glob(pattern)), pattern


def test_environments_come_one_after_the_other(render: Render) -> None:
    """What is applied and deployed to one has been applied and deployed to those before it."""
    root = render(**SHAPES["three environments and regions"])
    for name, verb in (("terraform.yml", "apply"), ("dags.yml", "deploy")):
        body = read(root / ".github" / "workflows" / name)["jobs"]

        def before(job: str, body: dict[str, Any] = body) -> set[str]:
            needs = body[job].get("needs", [])
            return set(needs).union(*(before(need) for need in needs))

        assert f"{verb}_dev" in before(f"{verb}_staging")
        assert f"{verb}_staging" in before(f"{verb}_prod")
        assert "check" in before(f"{verb}_dev")


def test_ledger_is_what_is_used(render: Render) -> None:
    used: dict[str, set[tuple[str, str | None]]] = {}
    for repository in [ROOT, *(render(**answers) for answers in SHAPES.values())]:
        count = sum(path.read_text().count("uses:") for path in workflow_files(repository))
        found = list(uses(repository))
        assert len(found) == count > 0
        for _, name, sha, version in found:
            used.setdefault(named_action(name), set()).add((sha, version))
    assert used == {name: {(entry["sha"], entry["version"])} for name, entry in LEDGER.items()}


def test_ledger_is_well_formed() -> None:
    assert list(LEDGER) == sorted(LEDGER)
    for name, entry in LEDGER.items():
        assert re.fullmatch(r"[0-9a-f]{40}", entry["sha"]), name
        assert re.fullmatch(r"v\d+\.\d+\.\d+", entry["version"]), name
        assert entry["seen"] == "tag" or entry["seen"] >= 2, f"{name}: nobody else pins that commit"
    shas = [entry["sha"] for entry in LEDGER.values()]
    assert len(shas) == len(set(shas))


def test_hooks_are_the_tools_of_make_ci(root: Path) -> None:
    makefile = (root / "Makefile").read_text().replace("$(VENV)", ".venv")
    hooks = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    for hook in hooks[0]["hooks"]:
        command = hook["entry"].split()
        assert hook["language"] == "system"
        assert " ".join(command[:2]).removesuffix(" --no-verify") in makefile
        assert all((root / word).exists() for word in command if word.startswith("delivery/"))


def test_nothing_runs_from_an_image(root: Path) -> None:
    """An image named by a tag can be replaced."""
    for path in workflow_files(root):
        assert not re.search(r"docker://|container:|services:|image:", path.read_text()), path.name
