"""Policies and sets on plans: the Terraform imports, modules, sharing, and verdicts."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from . import Configuration, ConfigurationError, Limits, Policy, PolicySet, Unavailable, Undetermined, terraform_imports
from .terraform import STRIP_INDEX


def bucket(name: str, location: str, **more: Any) -> dict[str, Any]:
    """A change that creates a bucket."""
    return {
        "address": f"google_storage_bucket.{name}",
        "mode": "managed",
        "type": "google_storage_bucket",
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/google",
        "change": {"actions": ["create"], "before": None, "after": {"location": location}, "after_unknown": {}},
        **more,
    }


PLAN: dict[str, Any] = {
    "format_version": "1.2",
    "terraform_version": "1.11.4",
    "variables": {"region": {"value": "europe-west3"}},
    "planned_values": {
        "outputs": {"name": {"sensitive": False, "type": "string", "value": "a"}},
        "root_module": {
            "resources": [
                {
                    "address": "google_storage_bucket.a",
                    "mode": "managed",
                    "type": "google_storage_bucket",
                    "name": "a",
                    "index": 0,
                    "provider_name": "registry.terraform.io/hashicorp/google",
                    "values": {"location": "EU"},
                }
            ],
            "child_modules": [
                {
                    "address": "module.b[0]",
                    "resources": [
                        {
                            "address": "module.b[0].null_resource.c",
                            "mode": "managed",
                            "type": "null_resource",
                            "name": "c",
                            "provider_name": "registry.terraform.io/hashicorp/null",
                            "values": {},
                        }
                    ],
                }
            ],
        },
    },
    "resource_changes": [bucket("a", "EU"), bucket("b", "US"), bucket("b", "US", deposed="abc123")],
    "output_changes": {"name": {"actions": ["create"], "before": None, "after": "a", "after_unknown": False}},
    "prior_state": {
        "terraform_version": "1.11.3",
        "values": {"outputs": {"old": {"sensitive": True, "value": 1}}, "root_module": {}},
    },
    "configuration": {
        "provider_config": {
            "google": {"name": "google", "full_name": "registry.terraform.io/hashicorp/google", "expressions": {}},
        },
        "root_module": {
            "resources": [
                {
                    "address": "google_storage_bucket.a",
                    "mode": "managed",
                    "type": "google_storage_bucket",
                    "name": "a",
                    "provider_config_key": "google",
                    "expressions": {"location": {"constant_value": "EU"}, "name": {"references": ["var.name"]}},
                    "count_expression": {"constant_value": 1},
                    "provisioners": [{"type": "local-exec", "expressions": {"command": {"constant_value": "true"}}}],
                }
            ],
            "variables": {"region": {"default": "EU", "description": "where"}},
            "outputs": {"name": {"expression": {"references": ["google_storage_bucket.a"]}}},
            "module_calls": {
                "b": {
                    "source": "./b",
                    "count_expression": {"constant_value": 1},
                    "module": {
                        "resources": [
                            {"address": "null_resource.c", "mode": "managed", "type": "null_resource", "name": "c"}
                        ],
                        "variables": {"x": {}},
                    },
                }
            },
        },
    },
}


def test_tfplan_has_the_documented_shape() -> None:
    plan = terraform_imports(PLAN)["tfplan/v2"]
    assert plan.select("terraform_version", True) == "1.11.4"
    assert plan.select("variables", True) == {"region": {"name": "region", "value": "europe-west3"}}
    changes = plan.select("resource_changes", True)
    # "Indexed by address[:deposed]".
    assert list(changes) == [
        "google_storage_bucket.a",
        "google_storage_bucket.b",
        "google_storage_bucket.b:abc123",
    ]
    assert set(changes["google_storage_bucket.a"]) == {
        *("address", "module_address", "mode", "type", "name"),
        *("index", "provider_name", "deposed", "change"),
    }
    assert set(changes["google_storage_bucket.a"]["change"]) == {"actions", "before", "after", "after_unknown"}
    assert plan.select("resource_drift", True) == {}
    assert plan.select("output_changes", True)["name"]["change"]["after"] == "a"
    planned = plan.select("planned_values", True)
    assert set(planned) == {"outputs", "resources"}
    assert set(planned["resources"]) == {"google_storage_bucket.a", "module.b[0].null_resource.c"}
    assert planned["resources"]["module.b[0].null_resource.c"]["module_address"] == "module.b[0]"
    assert set(planned["resources"]["google_storage_bucket.a"]) == {
        *("address", "module_address", "mode", "type", "name", "index", "provider_name"),
        *("values", "depends_on", "tainted", "deposed_key"),
    }
    assert set(planned["outputs"]["name"]) == {"name", "sensitive", "type", "value"}
    assert plan.select("raw", True) is PLAN
    # Nothing is copied.
    assert changes["google_storage_bucket.a"]["change"]["after"] is PLAN["resource_changes"][0]["change"]["after"]


def test_tfconfig_has_the_documented_shape() -> None:
    configuration = terraform_imports(PLAN)["tfconfig/v2"]
    resources = configuration.select("resources", True)
    assert set(resources) == {"google_storage_bucket.a", "module.b.null_resource.c"}
    assert set(resources["google_storage_bucket.a"]) == {
        *("address", "module_address", "mode", "type", "name", "provider_config_key"),
        *("provisioners", "config", "count", "for_each", "depends_on"),
    }
    assert resources["google_storage_bucket.a"]["config"]["name"] == {"references": ["var.name"]}
    assert resources["module.b.null_resource.c"]["module_address"] == "module.b"
    assert list(configuration.select("provisioners", True)) == ["google_storage_bucket.a:0"]
    assert set(configuration.select("variables", True)) == {"region", "module.b:x"}
    assert set(configuration.select("variables", True)["region"]) == {
        *("module_address", "name", "default", "description"),
    }
    assert set(configuration.select("outputs", True)["name"]) == {
        *("module_address", "name", "sensitive", "value", "description", "depends_on"),
    }
    assert set(configuration.select("module_calls", True)["b"]) == {
        *("module_address", "name", "source", "config", "count", "depends_on", "for_each", "version_constraint"),
    }
    assert set(configuration.select("providers", True)["google"]) == {
        *("provider_config_key", "name", "full_name", "alias", "module_address", "config", "version_constraint"),
    }


def test_tfstate_has_the_documented_shape() -> None:
    state = terraform_imports(PLAN)["tfstate/v2"]
    assert state.select("terraform_version", True) == "1.11.3"
    assert state.select("resources", True) == {}
    assert state.select("outputs", True)["old"] == {"name": "old", "sensitive": True, "type": None, "value": 1}


@pytest.mark.parametrize(
    ("address", "stripped"),
    [
        ("null_resource.a", "null_resource.a"),
        ("null_resource.a[0]", "null_resource.a"),
        ('module.x["a.b"].null_resource.a["]"]', "module.x.null_resource.a"),
    ],
)
def test_strip_index(address: str, stripped: str) -> None:
    assert STRIP_INDEX.function(None, address) == stripped


REGIONS = """
import "tfplan/v2" as tfplan

param allowed default ["EU"]

buckets = filter tfplan.resource_changes as _, rc {
	rc.type is "google_storage_bucket" and rc.change.actions is not ["delete"]
}
violations = filter buckets as _, rc { rc.change.after.location not in allowed }
for violations as address, _ {
	print(address, "is elsewhere")
}
main = rule { violations is empty }
"""


def test_policy_decides_a_plan() -> None:
    policy = Policy.parse(REGIONS, "regions")
    outcome = policy.evaluate(PLAN)
    assert (outcome.passed, outcome.error) == (False, None)
    assert outcome.printed[0] == "google_storage_bucket.b is elsewhere"
    assert [rule.name for rule in outcome.rules] == ["main"]
    assert policy.evaluate(PLAN, parameters={"allowed": ["EU", "US"]}).passed


def test_mutant_of_a_plan_is_decided_for_itself() -> None:
    policy = Policy.parse(REGIONS)
    good = {**PLAN, "resource_changes": PLAN["resource_changes"][:1]}
    first = good["resource_changes"][0]
    mutant = {**good, "resource_changes": [{**first, "change": {**first["change"], "after": {"location": "US"}}}]}
    assert policy.evaluate(good).passed
    assert not policy.evaluate(mutant).passed
    assert policy.evaluate(good).passed


CHANGING = """
import "tfplan/v2" as tfplan

changes = tfplan.resource_changes
first = changes["google_storage_bucket.a"]
first["seen"] = true
append(first.change.actions, "again")
delete(changes, "google_storage_bucket.b")
print(changes["google_storage_bucket.a"].seen, length(changes), changes["google_storage_bucket.a"].change.actions)
print(length(tfplan.resource_changes), tfplan.resource_changes["google_storage_bucket.a"].change.actions)
main = rule { first.change.actions is ["create", "again"] }
"""


def test_policy_that_changes_data_leaves_the_plan_as_it_is() -> None:
    before = copy.deepcopy(PLAN)
    outcome = Policy.parse(CHANGING).evaluate(PLAN)
    # "The memoized data returned by a call to an import" can be changed, and the import is not.
    assert outcome.printed == ('true 2 ["create", "again"]', '3 ["create"]')
    assert outcome.passed
    assert before == PLAN


def test_not_a_plan() -> None:
    outcome = Policy.parse("main = true").evaluate({"resources": []})
    assert isinstance(outcome.error, ConfigurationError)
    with pytest.raises(ConfigurationError):
        PolicySet(Configuration(Path("sentinel.hcl"))).evaluate({})


@pytest.mark.parametrize("name", ["tfplan", "tfconfig", "tfstate"])
def test_first_version_of_the_imports_is_unavailable(name: str) -> None:
    assert isinstance(Policy.parse(f'import "{name}"\nmain = true').evaluate(PLAN).error, Unavailable)


def test_other_imports_come_from_the_caller() -> None:
    policy = Policy.parse('import "tfrun"\nmain = rule { tfrun.workspace.name is "prod" }')
    assert policy.evaluate(PLAN, imports={"tfrun": {"workspace": {"name": "prod"}}}).passed
    assert policy.evaluate(PLAN).error is not None


def test_limits() -> None:
    policy = Policy.parse("for range(100) as i { x = i }\nmain = true")
    assert policy.evaluate(limits=Limits(steps=150)).error is not None
    assert policy.evaluate(limits=Limits(steps=250)).passed


def write(folder: Path, **files: str) -> None:
    """Write files; `__` in a name is a slash, and the ending is .sentinel."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.sentinel"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


MODULE = """
import "strings"

state = {"count": 0}
names = ["a", "b"]
count = func() {
	state["count"] += 1
	return state
}
upper = func(name) { return strings.to_upper(name) }
ready = rule { print("forced") and true }
"""


def module_set(folder: Path, policy: str, module: str = MODULE) -> PolicySet:
    """A set with one policy that can import `m`, and `n`, which imports `m`."""
    other = 'import "m"\ntotal = func() { return m.state.count }\ncounted = func() { return m.count() }\n'
    write(folder, p=policy, m=module, n=other)
    (folder / "sentinel.hcl").write_text(
        'import "module" "m" {\n  source = "./m.sentinel"\n}\n'
        'import "module" "n" {\n  source = "./n.sentinel"\n}\n'
        'policy "p" {\n  source = "./p.sentinel"\n  enforcement_level = "hard-mandatory"\n}\n'
    )
    return PolicySet.load(folder / "sentinel.hcl")


def test_modules(tmp_path: Path) -> None:
    policy = """
import "m" as one
import "n"

x = one.names
append(x, "c")
one.count()
copy = one.count()
copy["count"] = 9
print(x, one.names, one.state.count, n.total(), one.upper("a"), one.ready and one.ready, one.nothing)
main = true
"""
    (verdict,) = module_set(tmp_path, policy).evaluate(PLAN)
    # 0.15.0: a module is a singleton, and what it gives is a copy.
    assert verdict.printed == ("forced", '["a", "b", "c"] ["a", "b"] 2 2 A true undefined')
    assert (verdict.name, verdict.level, verdict.passed, verdict.error) == ("p", "hard-mandatory", True, None)


def test_module_has_no_parameters(tmp_path: Path) -> None:
    (verdict,) = module_set(tmp_path, 'import "m"\nmain = true\n', "param a default 1\n").evaluate(PLAN)
    assert verdict.error is not None
    assert "cannot have parameters" in verdict.error.message
    assert verdict.error.position is not None
    assert verdict.error.position.source.name.endswith("m.sentinel")


def test_module_may_lack_main_and_have_rules(tmp_path: Path) -> None:
    (verdict,) = module_set(tmp_path, 'import "m"\nmain = rule { m.ready }\n').evaluate(PLAN)
    assert verdict.passed


@pytest.mark.parametrize(
    "module",
    [
        'state = {"made": 0}\ncount = func() {\n state["made"] += 1\n return state["made"]\n}\n',
        "made = 0\ncount = func() {\n made += 1\n return made\n}\n",
        "made = [[]]\ncount = func() {\n append(made[0], 1)\n return length(made[0])\n}\n",
        "made = {}\ncount = func() {\n made[length(made)] = 1\n return length(keys(made))\n}\n",
        "counter = func() {\n made = 0\n return func() {\n made += 1\n return made\n }\n}\ncount = counter()\n",
        "counter = func() {\n made = 0\n return [func() {\n made += 1\n return made\n }]\n}\ncounters = counter()\n"
        "count = func() {\n return counters[0]()\n}\n",
    ],
    ids=["element", "variable", "list in a list", "key", "closure", "closure in a list"],
)
def test_module_of_one_policy_is_not_that_of_another(module: str, tmp_path: Path) -> None:
    """Policies of a set share what their modules make of a plan; what one changes no other sees."""
    policy = 'import "m"\nimport "n"\nfirst = m.count()\nsecond = n.counted()\nprint(first, second)\nmain = true\n'
    policies = module_set(tmp_path, policy, module)
    for plan in (PLAN, PLAN, dict(PLAN)):
        (verdict,) = policies.evaluate(plan)
        assert verdict.printed == ("1 2",)


@pytest.mark.parametrize("module", ['print("said")\nready = true\n', 'ready = rule { print("said") and true }\n'])
def test_what_a_module_prints_is_printed_for_each_policy(module: str, tmp_path: Path) -> None:
    policies = module_set(tmp_path, 'import "m"\nmain = m.ready\n', module)
    assert [verdict.printed for _ in range(2) for verdict in policies.evaluate(PLAN)] == [("said",), ("said",)]


def test_large_literals_are_shared_until_they_are_changed(tmp_path: Path) -> None:
    module = "data = {" + ", ".join(f'"k{i}": {i}' for i in range(50)) + "}\n"
    policy = 'import "m"\nx = m.data\nx["k0"] = 99\nprint(x.k0, m.data.k0)\nmain = true\n'
    (verdict,) = module_set(tmp_path, policy, module).evaluate(PLAN)
    assert verdict.printed == ("99 0",)


def test_set_reports_each_policy(tmp_path: Path) -> None:
    write(tmp_path, good="main = true", bad="main = false", broken="main =", regions=REGIONS)
    (tmp_path / "sentinel.hcl").write_text(
        """
        policy "good" { source = "./good.sentinel" }
        policy "bad" {
          source            = "./bad.sentinel"
          enforcement_level = "soft-mandatory"
        }
        policy "broken" { source = "./broken.sentinel" }
        policy "absent" { source = "./absent.sentinel" }
        policy "remote" { source = "https://example.com/p.sentinel" }
        policy "regions" {
          source = "./regions.sentinel"
          params = { allowed = ["EU", "US"] }
        }
        """
    )
    policies = PolicySet.load(tmp_path / "sentinel.hcl")
    assert policies.names == ["good", "bad", "broken", "absent", "remote", "regions"]
    verdicts = {verdict.name: verdict for verdict in policies.evaluate(PLAN)}
    assert {name for name, verdict in verdicts.items() if verdict.passed} == {"good", "regions"}
    assert verdicts["good"].level == "advisory"
    assert verdicts["bad"].level == "soft-mandatory"
    assert verdicts["bad"].error is None
    assert [type(verdicts[name].error).__name__ for name in ("broken", "absent", "remote")] == [
        *("SentinelSyntaxError", "Unavailable", "Unavailable"),
    ]
    assert [verdict.name for verdict in policies.evaluate(PLAN, only="bad")] == ["bad"]
    with pytest.raises(ConfigurationError, match="no policy other"):
        policies.evaluate(PLAN, only="other")


def test_parameter_of_the_set_and_of_the_policy_is_undetermined(tmp_path: Path) -> None:
    write(tmp_path, p="param a\nmain = true")
    text = 'policy "p" {\n  source = "./p.sentinel"\n  params = { a = 1 }\n}\n'
    (tmp_path / "sentinel.hcl").write_text(text + 'param "a" {\n  value = 2\n}\n')
    (verdict,) = PolicySet.load(tmp_path / "sentinel.hcl").evaluate(PLAN)
    assert isinstance(verdict.error, Undetermined)


def test_broken_plan_is_an_error_of_the_policy() -> None:
    outcome = Policy.parse(REGIONS).evaluate({**PLAN, "resource_changes": [{"address": "a"}]})
    assert isinstance(outcome.error, ConfigurationError)


def test_fifty_policies_on_a_large_plan(tmp_path: Path) -> None:
    """Seven hundred resources: a converter that copies, or a policy that is compiled again, would show."""
    changes = [bucket(f"b{i}", "EU", address=f"google_storage_bucket.b{i}") for i in range(700)]
    plan = json.loads(json.dumps({**PLAN, "resource_changes": changes}))
    write(tmp_path, **{f"p{i}": REGIONS for i in range(50)})
    (tmp_path / "sentinel.hcl").write_text(
        "".join(f'policy "p{i}" {{\n  source = "./p{i}.sentinel"\n}}\n' for i in range(50))
    )
    policies = PolicySet.load(tmp_path / "sentinel.hcl")
    assert all(verdict.passed for verdict in policies.evaluate(plan))
