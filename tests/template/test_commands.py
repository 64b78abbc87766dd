"""Every command that a document gives is executed: here, in a test that is named, or nowhere, with the reason.

A command that no rule covers fails, and so does a rule that covers none.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import pytest
from botocore import xform_name  # type: ignore[import-untyped]

from tests.conftest import Figure
from tests.documents import blocks, dead_links, documents, functions_of
from tests.engines.environments import Environment
from tests.engines.terraform import terraform
from tests.mesh import Mesh
from tests.render import ROOT
from tests.workflows.repository import ENVIRONMENT, commit, git

PLACEHOLDER = re.compile(r"<[A-Za-z][^<>\n]*>")


@dataclass(frozen=True)
class RunBy:
    """Run by a test. said: what that test's file holds of the command."""

    test: str
    said: str


@dataclass(frozen=True)
class Continuous:
    """Run by the continuous integration of this repository. said: what the file holds of the command."""

    file: str
    said: str


@dataclass(frozen=True)
class Here:
    """Run by a test of this file, of that name."""

    test: str


@dataclass(frozen=True)
class Nowhere:
    """Not run, and why. Its options are checked where a parser is here: `parsed` names the test of this file."""

    reason: str
    parsed: str = ""


Rule = RunBy | Continuous | Here | Nowhere

TEMPLATE, MESH = "template", "mesh"
MAKE = "tests/update/test_make.py::test_target_runs_its_program"
DEMO = RunBy("tests/demo/test_make_demo.py::test_make_demo_does_its_own_set_up", '"make", "demo", "ARGS=--patients')
ACCOUNT = "an administrator's, in an account: there is no aws here"
GOOGLE = "asks Google: there is no gcloud here but a stand-in that takes any option"
HCP = "keeps its state in HCP Terraform; plans and applies run in tests/terraform with a local state"
# Whose documents, and the command -> who runs it.
RULES: dict[tuple[str, str], Rule] = {
    # Where the rest of a block runs; that the folder is there is seen here.
    (TEMPLATE, r"cd my-mesh"): Here("test_folders_are_there"),
    (MESH, r"cd [\w./]+"): Here("test_folders_are_there"),
    # The template's own.
    (TEMPLATE, r"make demo"): Continuous(".github/workflows/test.yml", "run: make demo"),
    (TEMPLATE, r"make docs"): Continuous(".github/workflows/test.yml", "run: make docs"),
    (TEMPLATE, r"make apply"): Continuous(".github/workflows/test.yml", "run: make apply"),
    (TEMPLATE, r"make (?:lint|test)(?: TESTS=[\w/.]+| ARGS=.+)?"): Continuous(".ci/run", "make lint\nmake test\n"),
    (TEMPLATE, r"make examples"): RunBy(
        "tests/template/test_examples.py::test_example_equals_a_fresh_render", "render_example(name"
    ),
    (TEMPLATE, r"make question-docs"): RunBy(
        "tests/template/test_question_docs.py::test_page_is_what_the_command_writes", "== page()"
    ),
    (TEMPLATE, r"make proof"): RunBy(
        "tests/template/test_proof.py::test_tables_are_what_the_command_writes", "== proof.readme()"
    ),
    (TEMPLATE, r"make module-docs"): RunBy(
        "tests/terraform/test_code.py::test_module_has_what_every_module_has", "== documented(module)"
    ),
    (TEMPLATE, r"make control-matrix"): RunBy(
        "tests/sentinel/test_control_matrix.py::test_rendered_matrix_is_what_its_program_writes", "templated"
    ),
    (TEMPLATE, r"make compatibility"): RunBy(
        "tests/update/test_compatibility.py::test_what_breaks_is_in_the_upgrade_note", "compatibility.main()"
    ),
    (TEMPLATE, r"make bench(?: ONLY=copy)?"): Nowhere("takes minutes of a machine that does nothing else"),
    (TEMPLATE, r"make airflow-locks"): Nowhere("asks the package registry for newer versions"),
    (TEMPLATE, r"copier copy <address> my-mesh"): RunBy(
        "tests/template/test_first_run.py::test_enter_takes_every_default", '"copier", "copy"'
    ),
    (TEMPLATE, r'git init && git add --all && git commit --message "Start the mesh"'): RunBy(
        "tests/template/test_first_run.py::test_what_to_do_next_is_told_and_works", "git init && git add --all"
    ),
    (TEMPLATE, r"copier copy --defaults --vcs-ref HEAD --data-file examples/\w+/answers.yml \. build/\w+"): RunBy(
        "tests/template/test_examples.py::test_copy_from_a_clone", 'script("northwind")'
    ),
    (TEMPLATE, r"cd build/\w+ && sha256sum --check --quiet \.\./\.\./examples/\w+/mesh\.sha256"): RunBy(
        "tests/template/test_examples.py::test_sha256sum_checks_the_manifest", 'script("minimal")'
    ),
    (TEMPLATE, r"\.venv/bin/python -m tests\.engines\.bigquery serve --mesh DIR"): Here(
        "test_the_emulator_s_options_are_known"
    ),
    # Of a mesh, wherever they are told.
    (TEMPLATE, r"make upgrade(?:-preview)?"): RunBy(MAKE, '"upgrade-preview"'),
    (TEMPLATE, r"make add-domain NAME=claims"): RunBy(MAKE, '"add-domain NAME='),
    (TEMPLATE, r'make set-answer ARGS="retention_days=3653"'): RunBy(MAKE, "set-answer ARGS="),
    (MESH, r"make upgrade(?:-preview)?"): RunBy(MAKE, '"upgrade-preview"'),
    (MESH, r"make add-domain NAME=<domain>"): RunBy(MAKE, '"add-domain NAME='),
    (MESH, r'make set-answer ARGS="retention_days=3653"'): RunBy(MAKE, "set-answer ARGS="),
    (MESH, r"make demo"): DEMO,
    (MESH, r'make demo ARGS="[^"]+"'): Here("test_options_of_the_demo_are_known"),
    (MESH, r"make demo-airflow"): RunBy(
        "tests/orchestration/test_repository.py::test_make_checks_and_runs_the_dags", '"demo-airflow"'
    ),
    (MESH, r"make dags-check"): RunBy(
        "tests/orchestration/test_repository.py::test_make_checks_and_runs_the_dags", '"dags-check"'
    ),
    (MESH, r"make dags-deploy ENV=dev"): RunBy(
        "tests/workflows/test_deploy.py::test_bucket_becomes_the_commit", "deploy.py"
    ),
    (MESH, r"make warehouse"): RunBy(
        "tests/workflows/test_steps.py::test_make_ci_passes_and_shows_a_table", '"warehouse"'
    ),
    (MESH, r"make ci"): RunBy("tests/workflows/test_steps.py::test_make_ci_passes_and_shows_a_table", '"ci"'),
    (MESH, r"make sentinel-check"): RunBy(
        "tests/workflows/test_steps.py::test_make_ci_passes_and_shows_a_table", "commands/sentinel"
    ),
    (MESH, r"make terraform-check"): RunBy(
        "tests/terraform/test_code.py::test_make_runs_what_a_user_needs_no_cloud_for", '"terraform-check"'
    ),
    (MESH, r"make terraform-plan ENV=dev"): RunBy(
        "tests/workflows/test_terraform_delivery.py::test_delivery_from_the_first_plan_to_the_last", '"terraform-plan"'
    ),
    (MESH, r"make terraform-apply ENV=dev REVIEWED=<digest that the plan showed>"): RunBy(
        "tests/workflows/test_terraform_delivery.py::test_delivery_from_the_first_plan_to_the_last",
        '"terraform-apply", REVIEWED=',
    ),
    (MESH, r"make dbt-rehearsal NAME=my_change BASE=origin/main"): RunBy(
        "tests/workflows/test_steps.py::test_rehearsal_builds_what_differs_and_leaves_nothing",
        '"dbt-rehearsal", "BASE=',
    ),
    (MESH, r"make dbt-rehearsal-drop NAME=my_change"): RunBy(
        "tests/workflows/test_steps.py::test_rehearsal_builds_what_differs_and_leaves_nothing", '"dbt-rehearsal-drop"'
    ),
    (MESH, r"python demo/generate\.py .+"): Here("test_landing_data_are_made"),
    (MESH, r"python demo/import_synthea\.py --source path/to/output/csv --output demo/landing"): RunBy(
        "tests/demo/test_synthea_import.py::test_every_row_lands_or_is_reported", '"import_synthea.py"'
    ),
    (MESH, r"git diff HEAD|git reset --hard && git clean -d --force"): Here(
        "test_an_update_is_looked_at_and_goes_back"
    ),
    (MESH, r"TF_API_TOKEN_PLAN=\.\.\. TF_API_TOKEN_APPLY=\.\.\. delivery/github_setup\.sh dev data-platform"): RunBy(
        "tests/workflows/test_scripts.py::test_setup_gives_each_environment_what_its_jobs_read", '"github_setup.sh"'
    ),
    # A region that comes back.
    (
        MESH,
        r"terraform state pull > now\.tfstate|mkdir empty && cd empty|(?s:terraform state list .+\ndone)"
        r"|cd \.\. && terraform state push now\.tfstate|rm -r empty before\.tfstate now\.tfstate",
    ): RunBy(
        "tests/terraform/test_dropped.py::test_dropped_region_is_forgotten_and_comes_back_as_the_readme_tells",
        '"before.tfstate" in block',
    ),
    # Clouds.
    (MESH, r"gcloud .+"): Nowhere(GOOGLE),
    (MESH, r"aws (?:kms|s3api|sts) .+"): Nowhere(ACCOUNT, "test_aws_knows_the_parameters"),
    (MESH, r"aws s3 (?:cp|ls) .+"): Nowhere(ACCOUNT),
    (MESH, r"make docs-serve"): Nowhere("serves what `make docs` builds, until somebody ends it"),
    (MESH, r"terraform (?:login|init|plan -out=plan\.tfplan|apply plan\.tfplan)"): Nowhere(
        HCP, "test_terraform_knows_the_options"
    ),
    (MESH, r'export POLICY_TAG_IDS="\$\(terraform .+ output -json policy_tag_ids\)"'): Nowhere(
        HCP, "test_terraform_knows_the_options"
    ),
    (MESH, r"(?:cd dbt && )?\.\./\.venv/bin/dbt build .+"): Nowhere(
        "builds in BigQuery; tests/dbt/test_warehouse.py does so in an emulated one", "test_dbt_knows_the_options"
    ),
}


@dataclass(frozen=True)
class Command:
    """A command of a document, without its comment."""

    owner: str
    document: str
    text: str

    @property
    def filled(self) -> str:
        """With a word in place of what the reader fills in."""
        return PLACEHOLDER.sub("WORD", self.text)


def whole_commands(block: str) -> Iterator[str]:
    """The commands of a block: a line each, or as many as bash takes for one."""
    pending: list[str] = []
    for line in block.splitlines():
        pending.append(re.sub(r"(?:^| +)# .*$", "", line).strip())
        text = "\n".join(filter(None, pending))
        parsed = subprocess.run(["bash", "-nc", PLACEHOLDER.sub("WORD", text)], capture_output=True, check=False)
        if text and not text.endswith("\\") and parsed.returncode == 0:
            yield text
            pending = []
    assert not any(pending), f"bash cannot parse {pending}"


def commands_of(owner: str, root: Path, paths: list[Path]) -> list[Command]:
    """The commands of documents."""
    return [
        Command(owner, path.relative_to(root).as_posix(), text)
        for path in paths
        for block in blocks(path.read_text(), "sh")
        for text in whole_commands(block)
    ]


def rules_of(command: Command) -> list[tuple[str, str]]:
    """The rules that cover a command."""
    return [
        (owner, pattern) for owner, pattern in RULES if owner == command.owner and re.fullmatch(pattern, command.text)
    ]


@pytest.fixture(scope="module")
def commands(northwind: Path) -> list[Command]:
    """The commands of all documents, those of the template and those of the example."""
    return commands_of(TEMPLATE, ROOT, documents()) + commands_of(MESH, northwind, sorted(northwind.rglob("*.md")))


@cache
def source(file: str) -> str:
    """A file of this repository."""
    return (ROOT / file).read_text()


def chosen(commands: list[Command], test: Callable[..., None]) -> list[Command]:
    """The commands that a test of this file stands for."""
    found = []
    for command in commands:
        for rule in map(RULES.__getitem__, rules_of(command)):
            if test.__name__ in (getattr(rule, "test", ""), getattr(rule, "parsed", "")):
                found.append(command)
    assert found
    return found


def test_every_command_has_one_rule(commands: list[Command], figure: Figure) -> None:
    assert [command for command in commands if len(rules_of(command)) != 1] == []
    executed = [command for command in commands if not isinstance(RULES[rules_of(command)[0]], Nowhere)]
    figure("documented_commands", len({(command.owner, command.text) for command in executed}))


def test_every_rule_has_a_command(commands: list[Command]) -> None:
    assert RULES.keys() - {rule for command in commands for rule in rules_of(command)} == set()


def test_a_command_without_a_rule_is_seen() -> None:
    (one, other) = (Command(MESH, "README.md", text) for text in whole_commands("make demo # all\nmake everything\n"))
    assert len(rules_of(one)) == 1
    assert rules_of(other) == []
    assert list(whole_commands("while read -r x; do\n  echo $x\ndone\n")) == ["while read -r x; do\necho $x\ndone"]


@pytest.mark.parametrize("rule", RULES, ids=" ".join)
def test_rule_leads_to_what_runs_the_command(rule: tuple[str, str]) -> None:
    match RULES[rule]:
        case RunBy(test, said):
            file, name = test.split("::")
            assert name in functions_of(file)
            assert said in source(file), f"{file} does not hold {said}"
        case Continuous(file, said):
            assert said in source(file), f"{file} does not hold {said}"
        case Here(name) | Nowhere(_, name):
            assert not name or name in globals()


def test_targets_are_there(commands: list[Command], northwind: Path) -> None:
    """In a dry run of each `make`, in the repository that has its target. A make that it starts does nothing."""
    targets = {
        folder: set(re.findall(r"(?m)^\.PHONY: ([\w-]+)$", (folder / "Makefile").read_text()))
        for folder in (ROOT, northwind)
    }
    settings = {
        name: value for name, value in ENVIRONMENT.items() if name not in ("ARGS", "MAKEFLAGS", "MFLAGS", "TESTS")
    }
    seen = set()
    for command in commands:
        if not command.text.startswith("make ") or (command.owner, command.filled) in seen:
            continue
        seen.add((command.owner, command.filled))
        target = command.filled.split()[1]
        own = ROOT if command.owner == TEMPLATE else northwind
        folder = own if target in targets[own] else northwind
        assert target in targets[folder], command
        run = subprocess.run(
            f"{command.filled} --dry-run --old-file .venv/template MAKE=true",
            shell=True,
            cwd=folder,
            env=settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, f"{command}: {run.stderr}"
        for path in re.findall(r"\bTESTS=(\S+)", command.filled):
            assert (ROOT / path).exists(), command


def test_folders_are_there(commands: list[Command], northwind: Path) -> None:
    for command in chosen(commands, test_folders_are_there):
        folder = command.text.removeprefix("cd ")
        assert command.owner == TEMPLATE or (northwind / folder).is_dir(), command


def options(text: str) -> set[str]:
    """The options of a command."""
    return {word.split("=")[0] for word in shlex.split(text) if re.match(r"-{1,2}[a-z]", word)}


def test_options_of_the_demo_are_known(commands: list[Command], northwind: Path, dbt_environment: Environment) -> None:
    known = dbt_environment.run(["python", "demo/run.py", "--help"], cwd=northwind).stdout
    for command in chosen(commands, test_options_of_the_demo_are_known):
        (arguments,) = re.findall(r'ARGS="([^"]+)"', command.text)
        assert options(arguments) <= set(re.findall(r"--[\w-]+", known)), command


def test_landing_data_are_made(
    commands: list[Command], northwind: Path, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path
) -> None:
    """Of fewer patients, and into a folder of this test."""
    mesh = open_mesh(northwind, tmp_path / "mesh")
    for command in chosen(commands, test_landing_data_are_made):
        text = command.text.replace("/tmp/landing", str(tmp_path / "landing")).replace(
            "--patients 1000", "--patients 5"
        )
        result = mesh.python(*shlex.split(text)[1:])
        assert "--help" not in command.text or "--patients" in result.stdout
    assert list((tmp_path / "landing").rglob("*.csv"))


def test_an_update_is_looked_at_and_goes_back(commands: list[Command], tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "README.md").write_text("ours\n")
    commit(tmp_path)
    (tmp_path / "README.md").write_text("theirs\n")
    (tmp_path / "new").mkdir()
    (tmp_path / "new/file").write_text("theirs\n")
    said = ""
    for text in sorted({command.text for command in chosen(commands, test_an_update_is_looked_at_and_goes_back)}):
        run = ["bash", "-euc", text]
        said += subprocess.run(run, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout
    assert "+theirs" in said
    assert git(tmp_path, "status", "--porcelain") == ""
    assert (tmp_path / "README.md").read_text() == "ours\n"


def test_the_emulator_s_options_are_known(commands: list[Command]) -> None:
    for command in chosen(commands, test_the_emulator_s_options_are_known):
        words = shlex.split(command.text)[1:]
        helped = subprocess.run(
            [sys.executable, *words[: words.index("serve") + 1], "--help"],
            cwd=ROOT,
            env=os.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert options(" ".join(words[3:])) <= set(re.findall(r"--[\w-]+", helped.stdout)), helped.stderr


def test_terraform_knows_the_options(commands: list[Command], northwind: Path, tmp_path: Path) -> None:
    """By its own help; and that the folder and the output are there."""
    for command in chosen(commands, test_terraform_knows_the_options):
        (text,) = re.findall(r"\bterraform [^)]+", command.text)
        words = shlex.split(text)[1:]
        folders = [word.partition("=")[2] for word in words if word.startswith("-chdir=")]
        words = [word for word in words if not word.startswith("-chdir=")]
        helped = terraform().run(tmp_path, words[0], "-help").stdout
        assert options(" ".join(words)) <= {option.split("=")[0] for option in re.findall(r"-[a-z-]+=?", helped)}, (
            helped
        )
        for folder in folders:
            assert f'output "{words[-1]}"' in (northwind / "dbt" / folder / "outputs.tf").read_text()


def test_aws_knows_the_parameters(commands: list[Command]) -> None:
    """By the models of the APIs, which are what the command line is made of."""
    for command in chosen(commands, test_aws_knows_the_parameters):
        _, service, operation, *words = shlex.split(command.filled)
        client = boto3.client(
            service.removesuffix("api"), region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-"
        )
        name = client.meta.method_to_api_mapping[operation.replace("-", "_")]
        shape = client.meta.service_model.operation_model(name).input_shape
        known = {f"--{xform_name(member, '-')}" for member in shape.members}
        assert options(shlex.join(words)) <= known, command
        assert {f"--{xform_name(member, '-')}" for member in shape.required_members} <= set(words), command


# Prints, for each command, what dbt's own parser says against it.
DBT_PARSER = """
import json, sys
import click
from dbt.cli.main import cli

for words in json.loads(sys.argv[1]):
    said = ""
    try:
        with cli.make_context("dbt", words) as context:
            name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
            command.make_context(name, rest, parent=context)
    except click.ClickException as error:
        said = error.format_message()
    print(json.dumps(said))
"""


def test_dbt_knows_the_options(commands: list[Command], northwind: Path, dbt_environment: Environment) -> None:
    """By its own parser; and that the target is one."""
    lines = [shlex.split(command.filled) for command in chosen(commands, test_dbt_knows_the_options)]
    # The folder of a manifest has to be there to be parsed.
    lines = [
        ["." if word == "WORD" else word for word in words[words.index("../.venv/bin/dbt") + 1 :]] for words in lines
    ]
    command = ["python", "-c", DBT_PARSER, json.dumps([*lines, [*lines[0], "--no-such"]])]
    *said, wrong = dbt_environment.run(command, cwd=northwind / "dbt").stdout.splitlines()
    assert "No such option" in wrong
    assert said == ['""'] * len(lines)
    for words in lines:
        assert f"    {words[words.index('--target') + 1]}:\n" in (northwind / "dbt/profiles.yml").read_text()


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_of_the_template_lead_somewhere(path: Path) -> None:
    assert dead_links(path, ROOT) == []


def test_links_of_a_mesh_lead_somewhere() -> None:
    """In the committed example, which has the cases of the policies too."""
    mesh = ROOT / "examples/northwind/mesh"
    dead = {path.relative_to(mesh).as_posix(): dead_links(path, mesh) for path in mesh.rglob("*.md")}
    assert len(dead) > 40
    assert {path: links for path, links in dead.items() if links} == {}


def test_dead_links_are_seen(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# One `two` three\n\n# One `two` three\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md#one-two-three) [b](other.md#one-two-three-1) [c](other.md#two) [d](gone.md) [e](../x)\n"
        "```sh\n[f](gone)\n```\n"
    )
    assert dead_links(page, tmp_path) == ["other.md#two", "gone.md", "../x"]
