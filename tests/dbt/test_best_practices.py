"""The rules of dbt-project-evaluator over the manifest, each seen to catch what breaks it.

Left out is its fan-out of models: staging models of a mesh are there to be shared by the marts.
https://dbt-labs.github.io/dbt-project-evaluator/latest/rules/
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.mesh import Mesh

Manifest = dict[str, Any]
Rule = Callable[[Manifest], Iterator[str]]

# Joins are what a view of everything about a patient is made of.
MANY_PARENTS = {"patient_360"}
LAYER = re.compile(r"models/(staging|marts)/(\w+)/")
HARD_CODED = re.compile(r"\b(?:from|join)\s+[`\"]?\w+[`\"]?\.", re.IGNORECASE)


def models(manifest: Manifest) -> list[dict[str, Any]]:
    """All models."""
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def parents(manifest: Manifest, model: dict[str, Any], kind: str) -> list[str]:
    """What a model reads: kind is model, source or seed."""
    found: list[str] = [name for name in manifest["parent_map"][model["unique_id"]] if name.startswith(f"{kind}.")]
    return found


def layer(model: dict[str, Any]) -> str:
    """staging or marts, by the folder."""
    match = LAYER.match(model["original_file_path"])
    return match[1] if match else "elsewhere"


def root_models(manifest: Manifest) -> Iterator[str]:
    """Models that read nothing."""
    for model in models(manifest):
        if not manifest["parent_map"][model["unique_id"]]:
            yield model["name"]


def staging_reads_one_source(manifest: Manifest) -> Iterator[str]:
    """Staging models that read anything but one table as it landed."""
    for model in models(manifest):
        if layer(model) == "staging" and (
            len(parents(manifest, model, "source")) != 1 or parents(manifest, model, "model")
        ):
            yield model["name"]


def marts_read_no_source(manifest: Manifest) -> Iterator[str]:
    """Marts that go past the staging layer."""
    for model in models(manifest):
        if layer(model) == "marts" and parents(manifest, model, "source"):
            yield model["name"]


def sources_are_read_once(manifest: Manifest) -> Iterator[str]:
    """Sources that no model reads, or more than one."""
    readers = [source for model in models(manifest) for source in parents(manifest, model, "source")]
    for source in manifest["sources"]:
        if readers.count(source) != 1:
            yield source


def sources_are_distinct(manifest: Manifest) -> Iterator[str]:
    """Sources that stand for the same table."""
    tables = [(source["schema"], source["identifier"]) for source in manifest["sources"].values()]
    for table in set(tables):
        if tables.count(table) > 1:
            yield ".".join(table)


def references_are_not_hard_coded(manifest: Manifest) -> Iterator[str]:
    """Models that name a table past ref() and source()."""
    for model in models(manifest):
        if HARD_CODED.search(re.sub(r"\{\{.*?\}\}|\{#.*?#\}|--.*", "", model["raw_code"], flags=re.DOTALL)):
            yield model["name"]


def joins_are_few(manifest: Manifest) -> Iterator[str]:
    """Models that read seven models or more."""
    for model in models(manifest):
        if len(parents(manifest, model, "model")) >= 7 and model["name"] not in MANY_PARENTS:
            yield model["name"]


def models_have_keys(manifest: Manifest) -> Iterator[str]:
    """Models without a test that their key is unique."""
    keyed = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name") in ("unique", "unique_combination_of_columns")
    }
    for model in models(manifest):
        if model["unique_id"] not in keyed:
            yield model["name"]


def names_tell_the_layer(manifest: Manifest) -> Iterator[str]:
    """Models whose folder does not tell what they are called."""
    for model in models(manifest):
        match = LAYER.match(model["original_file_path"])
        if (
            match is None
            or not {
                "staging": model["name"].startswith(f"stg_{match[2]}__"),
                "marts": model["name"].startswith(match[2]),
            }[match[1]]
        ):
            yield model["name"]


def sources_stand_beside_their_models(manifest: Manifest) -> Iterator[str]:
    """Sources and models whose YAML lies in another folder."""
    for source in manifest["sources"].values():
        domain = source["source_name"]
        if source["original_file_path"] != f"models/staging/{domain}/_{domain}__sources.yml":
            yield source["unique_id"]
    for model in models(manifest):
        described_in = model["patch_path"].partition("://")[2]
        if described_in.rpartition("/")[0] != model["original_file_path"].rpartition("/")[0]:
            yield model["name"]


def everything_is_documented(manifest: Manifest) -> Iterator[str]:
    """Models, columns, sources and exposures that nobody described."""
    for node in [*models(manifest), *manifest["sources"].values(), *manifest["exposures"].values()]:
        if not node["description"]:
            yield node["unique_id"]
    for model in models(manifest):
        for column in model["columns"].values():
            if not column["description"]:
                yield f"{model['name']}.{column['name']}"


def sources_are_fresh(manifest: Manifest) -> Iterator[str]:
    """Sources that may be of any age."""
    for source in manifest["sources"].values():
        if not (source["freshness"] or {}).get("error_after", {}).get("count"):
            yield source["unique_id"]


def views_do_not_chain(manifest: Manifest) -> Iterator[str]:
    """Views: each would be computed anew by all that read it."""
    for model in models(manifest):
        if model["config"]["materialized"] not in ("table", "incremental"):
            yield model["name"]


def public_models_have_contracts(manifest: Manifest) -> Iterator[str]:
    """Models that others may build on and that promise nothing."""
    for model in models(manifest):
        if model["config"]["access"] == "public" and not model["config"]["contract"]["enforced"]:
            yield model["name"]


def exposures_show_public_models(manifest: Manifest) -> Iterator[str]:
    """Exposures of what only its own group may read."""
    for exposure in manifest["exposures"].values():
        for name in exposure["depends_on"]["nodes"]:
            if manifest["nodes"][name]["config"]["access"] != "public":
                yield exposure["name"]


def first(manifest: Manifest, of_layer: str) -> dict[str, Any]:
    """Some model of a layer."""
    return next(model for model in models(manifest) if layer(model) == of_layer)


def break_parents(of_layer: str, to: Callable[[Manifest], list[str]]) -> Callable[[Manifest], None]:
    """Something that gives a model of a layer other parents."""

    def broken(manifest: Manifest) -> None:
        manifest["parent_map"][first(manifest, of_layer)["unique_id"]] = to(manifest)

    return broken


def break_source(**changes: Any) -> Callable[[Manifest], None]:
    """Something that changes the first source."""
    return lambda manifest: next(iter(manifest["sources"].values())).update(changes)


def break_model(of_layer: str, **changes: Any) -> Callable[[Manifest], None]:
    """Something that changes a model of a layer; a dictionary is merged into what is there."""

    def broken(manifest: Manifest) -> None:
        model = first(manifest, of_layer)
        for name, change in changes.items():
            model[name] = model[name] | change if isinstance(change, dict) else change

    return broken


def break_exposure(manifest: Manifest) -> None:
    """Expose a protected model."""
    exposure = next(iter(manifest["exposures"].values()))
    exposure["depends_on"]["nodes"] = [first(manifest, "staging")["unique_id"]]


def break_keys(manifest: Manifest) -> None:
    """Drop the tests of the keys of one model."""
    key = first(manifest, "staging")["unique_id"]
    for name, node in list(manifest["nodes"].items()):
        if node["resource_type"] == "test" and node["attached_node"] == key:
            del manifest["nodes"][name]


RULES: dict[Rule, Callable[[Manifest], None]] = {
    root_models: break_parents("marts", lambda manifest: []),
    staging_reads_one_source: break_parents("staging", lambda manifest: list(manifest["sources"])[:2]),
    marts_read_no_source: break_parents("marts", lambda manifest: list(manifest["sources"])[:1]),
    sources_are_read_once: break_parents("staging", lambda manifest: []),
    sources_are_distinct: lambda manifest: manifest["sources"].update(
        twice=copy.deepcopy(next(iter(manifest["sources"].values())))
    ),
    references_are_not_hard_coded: break_model("marts", raw_code="select *\nfrom labs__local.lab_results"),
    joins_are_few: break_parents("staging", lambda manifest: [f"model.mesh.m{number}" for number in range(7)]),
    models_have_keys: break_keys,
    names_tell_the_layer: break_model("staging", name="lab_results"),
    sources_stand_beside_their_models: break_model("marts", patch_path="mesh://models/models.yml"),
    everything_is_documented: break_source(description=""),
    sources_are_fresh: break_source(freshness=None),
    views_do_not_chain: break_model("marts", config={"materialized": "view"}),
    public_models_have_contracts: break_model("marts", config={"contract": {"enforced": False}}),
    exposures_show_public_models: break_exposure,
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_holds(rule: Rule, built: Mesh) -> None:
    assert list(rule(built.manifest())) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_catches_what_breaks_it(rule: Rule, built_northwind: Mesh) -> None:
    manifest = built_northwind.manifest()
    RULES[rule](manifest)
    assert list(rule(manifest))
