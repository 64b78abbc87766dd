"""Change the shape of the mesh: its domains, environments, regions, or any other answer, on the release that it is on.

  add domain labs             a domain of the template, or one of your own from a file: add domain --file genomics.yml
  drop domain labs            its data stays: the contract moves to contracts/retired/, and Terraform keeps what it made
  add environment test        with --gcp-project and --aws-account, else with placeholders
  drop environment test       what it holds stays in the clouds, and its state in its workspace
  add region eu-west-1
  drop region eu-west-1       what it holds stays in the clouds: Terraform forgets it
  set replication=true        any answer, as .copier-answers.yml names it

With --preview nothing here changes. The tree must be clean else, so that git can bring everything back. The exit status
is that of upgrade.py: 0; 1 if something needs your look; 2 if the change cannot be made.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from retain import RETIRED, SUFFIX, RetainError, removed_cell, retire_contract
from upgrade import REPOSITORY, UpgradeError, answers_of, take

KINDS = {"domain": "domains", "environment": "environments", "region": "regions"}
ENVIRONMENTS = Path("infra/terraform/envs")

Finish = Callable[[Path], set[str]]


def main() -> int:
    """Work out the new answers, and take them."""
    options = arguments()
    finish: Finish = nothing
    try:
        answers = answers_of(REPOSITORY)
        if options.command == "set":
            data = assigned(answers, options.answers)
        elif options.command == "add":
            data, finish = added(answers, options)
        else:
            data, finish = dropped(answers, options)
    except UpgradeError as error:
        print(error, file=sys.stderr)
        return 2
    return take(":current:", data, preview=options.preview, finish=finish)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--preview", action="store_true", help="say what would change, and change nothing")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", parents=[every], help="add a domain, an environment or a region")
    add.add_argument("kind", choices=KINDS)
    add.add_argument("name", nargs="?", help="its name")
    add.add_argument("--file", type=Path, help="YAML file that describes a domain of your own")
    add.add_argument("--gcp-project", help="project of a new environment")
    add.add_argument("--aws-account", help="account of a new environment, 12 digits")
    drop = commands.add_parser("drop", parents=[every], help="drop a domain, an environment or a region")
    drop.add_argument("kind", choices=KINDS)
    drop.add_argument("name", help="its name")
    drop.add_argument("--unapplied", action="store_true", help="it was never applied: there is nothing to keep")
    assign = commands.add_parser("set", parents=[every], help="change any answer")
    assign.add_argument("answers", nargs="+", metavar="ANSWER=VALUE")
    options = parser.parse_args()
    if options.command == "add":
        if bool(options.name) == bool(options.file):
            add.error("name what to add, or give a domain of your own with --file")
        if options.file and options.kind != "domain":
            add.error("--file is for a domain")
        if (options.gcp_project or options.aws_account) and options.kind != "environment":
            add.error("--gcp-project and --aws-account are for an environment")
    return options


def assigned(answers: dict[str, Any], given: list[str]) -> dict[str, Any]:
    """The answers that were given as ANSWER=VALUE. Values are read as copier reads them."""
    data = {}
    for answer in given:
        name, equals, value = answer.partition("=")
        if not equals:
            raise UpgradeError(f"{answer!r} is not ANSWER=VALUE")
        if name not in answers or name.startswith("_"):
            known = ", ".join(sorted(name for name in answers if not name.startswith("_")))
            raise UpgradeError(f"There is no answer {name!r}. There are: {known}")
        data[name] = yaml.safe_load(value) if isinstance(answers[name], list) else value
    return data


def added(answers: dict[str, Any], options: argparse.Namespace) -> tuple[dict[str, Any], Finish]:
    """The answers with one more of its kind."""
    question, name = KINDS[options.kind], options.name
    if options.file:
        given = custom_domains(options.file)
        names = {domain["name"] for domain in given}
        replaced = [domain for domain in answers["custom_domains"] if domain["name"] not in names]
        return {"custom_domains": replaced + given}, lambda root: unretire(root, names)
    if name in members(answers, options.kind):
        raise UpgradeError(f"{name} is in the mesh already.")
    data: dict[str, Any] = {question: [*answers[question], name]}
    if options.kind == "domain":
        return data, lambda root: unretire(root, {name})
    if options.kind == "region":
        return data, lambda root: remember(root, name)
    if bool(options.gcp_project) != bool(options.aws_account):
        raise UpgradeError("Give both, --gcp-project and --aws-account, or neither and have placeholders.")
    if options.gcp_project:
        ids = {"gcp_project": options.gcp_project, "aws_account": options.aws_account}
        data["platform_ids"] = answers["platform_ids"] | {name: ids}
    return data, nothing


def dropped(answers: dict[str, Any], options: argparse.Namespace) -> tuple[dict[str, Any], Finish]:
    """The answers with one less of its kind, and what is kept of it."""
    kind, name = options.kind, options.name
    question = KINDS[kind]
    there = members(answers, kind)
    if name not in there:
        raise UpgradeError(f"{name} is not in the mesh. It has: {', '.join(there)}")
    if kind == "region" and name == answers["home_region"]:
        raise UpgradeError(f"{name} is the home region: what exists once per environment would be made anew elsewhere.")
    if len(there) == 1:
        raise UpgradeError(f"{name} is the only {kind}.")
    if name in answers[question]:
        data: dict[str, Any] = {question: [member for member in answers[question] if member != name]}
    else:
        data = {"custom_domains": [domain for domain in answers["custom_domains"] if domain["name"] != name]}
    if kind == "environment":
        data["platform_ids"] = {key: ids for key, ids in answers["platform_ids"].items() if key != name}
    if options.unapplied or kind == "environment":
        return data, nothing
    if kind == "domain":
        path = f"{RETIRED.parent}/{name}{SUFFIX}"
        contract = (REPOSITORY / path).read_text()
        return data, retained(lambda root: retire_contract(root, name, contract), {path})
    cell = f"cell_{name.replace('-', '_')}.tf"
    cells = {path.parent.name: path.read_text() for path in sorted((REPOSITORY / ENVIRONMENTS).glob(f"*/{cell}"))}

    def forget(root: Path) -> None:
        for environment, text in cells.items():
            (root / ENVIRONMENTS / environment / removed_file(name)).write_text(removed_cell(text, name))

    return data, retained(forget, set())


def retained(keep: Callable[[Path], object], files: set[str]) -> Finish:
    """Keep something, which is also in the files that go, and say what is wrong as an update does."""

    def kept(root: Path) -> set[str]:
        try:
            keep(root)
        except RetainError as error:
            raise UpgradeError(str(error)) from error
        return files

    return kept


def members(answers: dict[str, Any], kind: str) -> list[str]:
    """Names of all of a kind."""
    own = [domain["name"] for domain in answers["custom_domains"]] if kind == "domain" else []
    return [*answers[KINDS[kind]], *own]


def custom_domains(file: Path) -> list[dict[str, Any]]:
    """The domains of a file, which holds one or a list of them."""
    try:
        content = yaml.safe_load(file.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise UpgradeError(f"{file} cannot be read: {error}") from error
    domains = content if isinstance(content, list) else [content]
    if not domains or not all(isinstance(domain, dict) and "name" in domain for domain in domains):
        raise UpgradeError(f"{file} must hold a domain, as in: {{name: genomics, columns: [variant_id, called_at]}}")
    return domains


def unretire(root: Path, names: set[str]) -> set[str]:
    """A domain that comes back is described by its contract again, which is the template's."""
    for name in names:
        retired = root / RETIRED / f"{name}{SUFFIX}"
        if retired.exists():
            said = f"{RETIRED.parent}/{name}{SUFFIX} is the template's. What was retired, with your edits"
            print(f"{said}: git show HEAD:{retired.relative_to(root).as_posix()}", file=sys.stderr)
            retired.unlink()
    return set()


def remember(root: Path, region: str) -> set[str]:
    """A region that comes back is no longer forgotten."""
    for file in (root / ENVIRONMENTS).glob(f"*/{removed_file(region)}"):
        file.unlink()
        print(f"Terraform forgot what {region} holds: import it, see infra/terraform/README.md.", file=sys.stderr)
    return set()


def removed_file(region: str) -> str:
    """Name of the file by which Terraform forgets a region."""
    return f"removed_{region.replace('-', '_')}.tf"


def nothing(root: Path) -> set[str]:
    """Keep nothing."""
    return set()


if __name__ == "__main__":
    sys.exit(main())
