"""What it costs to plan an environment of a mesh, and to decide its plan by the policies."""

from __future__ import annotations

import atexit
import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

from benchmarks.measure import Cost, Growth, Ratio, cost_of, exponent, least
from benchmarks.shapes import with_domains
from tests.engines.aws import Server
from tests.engines.sentinel import PolicySet
from tests.engines.sentinel.terraform import terraform_imports
from tests.engines.terraform import PARALLEL, RootModule
from tests.render import POLICY_CASES, copy_template, render
from tests.sentinel.policy_sets import policy_set
from tests.terraform.environment import copied, root_module

DOMAINS = (20, 100, 200)
EXAMPLE_DOMAINS = DOMAINS[0]
ENVIRONMENT = "dev"
ACCOUNT = "111111111111"
PLAN = "plan.tfplan"
# Go's default, as users have it. The tests let Go collect more seldom.
USERS_SETTINGS = {"GOGC": "100"}
# Each provider is started, configured as the mesh does, and asked once.
NOTHING = """
data "aws_partition" "this" {
  provider = aws.us_east_1
}

data "google_project" "this" {}

resource "time_static" "this" {}
"""
# The parts of the imports that are made from a plan.
IMPORTS = {
    "tfplan/v2": ("variables", "planned_values", "resource_changes", "resource_drift", "output_changes"),
    "tfconfig/v2": ("resources",),
    "tfstate/v2": ("resources",),
}
MODULE = re.compile(r"\.?module\.(?P<name>[\w-]+)(?:\[(?P<key>.+)\])?")
Json = dict[str, Any]
Key = str | int | None


@dataclass
class Shape:
    """Of a module call, or the root: keys of its instances, of the resources in each, and the calls below it."""

    keys: set[Key]
    resources: dict[str, set[Key]] = field(default_factory=dict)
    calls: dict[str, Shape] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Json) -> Shape:
        """The shape of what a plan makes. Raises ValueError where the instances of a module differ in theirs."""
        shape = cls({None})
        shape._add(plan["planned_values"]["root_module"])
        if shape.count() != managed(plan):
            raise ValueError(f"{shape.count()} resources in place of {managed(plan)}")
        return shape

    def _add(self, module: Json) -> None:
        for resource in module.get("resources", []):
            if resource["mode"] == "managed":
                name = f"{resource['type']}__{resource['name']}"
                self.resources.setdefault(name, set()).add(resource.get("index"))
        for child in module.get("child_modules", []):
            step = MODULE.fullmatch(child["address"].removeprefix(module.get("address", "")))
            assert step, child["address"]
            call = self.calls.setdefault(step["name"], Shape(set()))
            call.keys.add(json.loads(step["key"]) if step["key"] else None)
            call._add(child)

    def count(self) -> int:
        """How many resources all its instances have."""
        resources = sum(len(keys) for keys in self.resources.values())
        return len(self.keys) * (resources + sum(call.count() for call in self.calls.values()))

    def write(self, folder: Path) -> Path:
        """Write it as a module, and what it calls below it; each resource is a terraform_data."""
        folder.mkdir()
        blocks = [block("resource", f'"terraform_data" "{name}"', keys) for name, keys in self.resources.items()]
        for name, call in self.calls.items():
            blocks.append(block("module", f'"{name}"', call.keys, f'  source = "./{name}"\n'))
            call.write(folder / name)
        (folder / "main.tf").write_text("\n".join(blocks))
        return folder


def block(kind: str, labels: str, keys: set[Key], arguments: str = "") -> str:
    """A block with instances of these keys, which are a local value: Terraform works out `for_each` once for each."""
    if keys == {None}:
        return f"{kind} {labels} {{\n{arguments}}}\n"
    if all(isinstance(key, int) for key in keys):
        return f"{kind} {labels} {{\n{arguments}  count = {len(keys)}\n}}\n"
    name = "_".join(re.findall(r"[\w-]+", f"{kind} {labels}"))
    listed = json.dumps(sorted(map(str, keys)))
    return (
        f"locals {{\n  {name} = toset({listed})\n}}\n\n{kind} {labels} {{\n{arguments}  for_each = local.{name}\n}}\n"
    )


def managed(plan: Json) -> int:
    """How many resources a plan makes."""
    return sum(change["mode"] == "managed" for change in plan["resource_changes"])


@cache
def server() -> Server:
    """An AWS with nothing in it, for as long as this process runs."""
    started = Server(ACCOUNT).__enter__()
    atexit.register(started.__exit__, None, None, None)
    return started


@cache
def kept() -> Path:
    """A folder for as long as this process runs."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Path(folder.name)


def cost_of_plan(module: RootModule) -> Cost:
    """What `terraform plan` costs: Terraform, and the providers that it starts."""
    return cost_of(partial(module.terraform, "plan", "-input=false", f"-out={PLAN}", *PARALLEL))


@dataclass(frozen=True)
class Environment:
    """An environment of the example with a number of domains, before anything is made."""

    repository: Path
    module: RootModule

    @classmethod
    @cache
    def of(cls, domains: int) -> Environment:
        """It, rendered and initialized once."""
        folder = kept() / str(domains)
        folder.mkdir()
        template = copy_template(folder / "template", POLICY_CASES)
        repository = render(template, folder / "mesh", with_domains(domains))
        return cls(repository, initialized(copied(repository, folder / "copy")))

    @cached_property
    def json(self) -> Path:
        """Its plan in Terraform's JSON format."""
        if not (self.module.folder / PLAN).exists():
            cost_of_plan(self.module)
        path = self.module.folder / "plan.json"
        path.write_text(self.module.terraform("show", "-json", PLAN).stdout)
        return path

    @property
    def plan(self) -> Json:
        """Its plan. Not kept: processes that are measured would begin with it in memory."""
        plan: Json = json.loads(self.json.read_text())
        return plan

    def policies(self) -> PolicySet:
        """The policies that decide it."""
        return policy_set(self.repository, ENVIRONMENT)

    def emptied(self, destination: Path) -> RootModule:
        """Its root module with the providers alone, each asked for something that costs nothing."""
        copied(self.repository, destination)
        folder = destination / "infra" / "terraform" / "envs" / ENVIRONMENT
        for pattern in ("main.tf", "outputs.tf", "cell_*.tf"):
            for file in folder.glob(pattern):
                file.unlink()
        (folder / "nothing.tf").write_text(NOTHING)
        return initialized(destination)


def initialized(repository: Path) -> RootModule:
    """The root module of a copy, its settings those of users."""
    module = root_module(repository, ENVIRONMENT, server())
    return RootModule(module.folder, {**module.variables, **USERS_SETTINGS})


def terraform_data(shape: Shape, destination: Path) -> RootModule:
    """A root module of that shape, initialized."""
    module = RootModule(shape.write(destination), USERS_SETTINGS)
    module.init()
    return module


def bench_plan(scratch: Path) -> Sequence[Ratio]:
    """`terraform plan` of an environment of the full example, nothing made yet: Terraform and the real AWS provider.

    The google provider is a stand-in that runs beside both and is not counted: users run another. The reference has as
    many `terraform_data` resources in the same modules, with the same keys, and needs no provider.
    """
    environment = Environment.of(EXAMPLE_DOMAINS)
    number = managed(environment.plan)
    reference = terraform_data(Shape.of(environment.plan), scratch / "reference")
    ours, theirs, started = least(
        partial(cost_of_plan, environment.module),
        partial(cost_of_plan, reference),
        partial(cost_of_plan, environment.emptied(scratch / "empty")),
    )
    beyond = ours.beyond(started)
    return [
        Ratio(
            f"`terraform plan` of the {number} resources of an environment of the full example",
            "as many `terraform_data` in the same modules",
            number / ours.cpu,
            number / theirs.cpu,
            "resources/s of CPU",
            0.5,
            (ours.memory, theirs.memory),
            more_is_better=True,
            distance=(
                f"Of {ours.cpu:.1f} s, {started.cpu:.1f} s start the AWS provider and read the schemas of all providers"
                f" before any resource; without them the ratio is {theirs.cpu / beyond.cpu:.2f}. The rest is what"
                " Terraform and the provider do for arguments, references and policy documents."
            ),
        )
    ]


def bench_plan_growth(scratch: Path) -> Sequence[Growth]:
    """`terraform plan` of an environment with more domains, beyond a plan with the same providers that makes nothing.

    What is counted is as in `plan`. The same number of `terraform_data` in the same modules grows beside it.
    """
    environments = [Environment.of(number) for number in DOMAINS]
    modules = [environments[0].emptied(scratch / "empty"), *(environment.module for environment in environments)]
    started, *ours = least(*(partial(cost_of_plan, module) for module in modules), times=2)
    sizes = [managed(environment.plan) for environment in environments]
    shapes = {number: Shape.of(each.plan) for number, each in zip(DOMAINS, environments, strict=True)}
    references = [terraform_data(shape, scratch / f"reference-{number}") for number, shape in shapes.items()]
    theirs = [cost_of_plan(module) for module in references]
    own = exponent(sizes, [cost.cpu for cost in theirs])
    return [
        Growth(
            "`terraform plan` with more domains",
            "resources planned, linear",
            "domains",
            "resources",
            [str(number) for number in DOMAINS],
            sizes,
            [cost.beyond(started) for cost in ours],
            1.05,
            distance=(
                f"As many `terraform_data` without references grow with the power {own:.2f}: Terraform looks through"
                " all that it planned for each resource, and makes the graph of the apply to check it for cycles."
            ),
        )
    ]


def read(path: Path) -> Json:
    """Read a plan and convert it to the imports of Sentinel."""
    plan: Json = json.loads(path.read_text())
    imports = terraform_imports(plan)
    for name, parts in IMPORTS.items():
        for part in parts:
            imports[name].select(part, True)
    return plan


def decide(policies: PolicySet, path: Path) -> None:
    """Read a plan and evaluate the policies, all of which must pass."""
    verdicts = policies.evaluate(json.loads(path.read_text()))
    if failed := [verdict.name for verdict in verdicts if not verdict.passed]:
        raise RuntimeError(f"the plan is denied by {failed}")


def bench_sentinel(scratch: Path) -> Sequence[Ratio | Growth]:
    """The policy set of an environment, compiled before, on plans of the example with more domains.

    The cost is that beyond reading the plan and converting it to the imports of Sentinel, which is the reference.
    """
    environments = [Environment.of(number) for number in DOMAINS]
    runs = []
    for environment in environments:
        runs.append(partial(cost_of, partial(read, environment.json)))
        runs.append(partial(cost_of, partial(decide, environment.policies(), environment.json)))
    costs = least(*runs, times=2)
    reading, deciding = costs[::2], costs[1::2]
    beyond = [whole.beyond(read) for whole, read in zip(deciding, reading, strict=True)]
    number = len(environments[0].policies().names)
    return [
        Ratio(
            f"{number} Sentinel policies on the plan of the full example",
            "reading and converting that plan",
            beyond[0].cpu,
            reading[0].cpu,
            "s of CPU",
            3,
            (deciding[0].memory, reading[0].memory),
            distance=(
                f"{1000 * beyond[0].cpu / number:.0f} ms a policy: the engine interprets Sentinel in Python, while the"
                " parser of JSON is C."
            ),
        ),
        Growth(
            "Sentinel policies with more domains",
            "resources of the plan, linear",
            "domains",
            "resources",
            [str(number) for number in DOMAINS],
            [len(environment.plan["resource_changes"]) for environment in environments],
            beyond,
            1.05,
            distance=f"{1000 * beyond[-1].cpu / managed(environments[-1].plan):.1f} ms a resource of the largest plan, "
            f"{1000 * beyond[0].cpu / managed(environments[0].plan):.1f} of the smallest.",
        ),
    ]
