"""The imports tfplan/v2, tfconfig/v2 and tfstate/v2 from what `terraform show -json` writes of a plan.

The shapes are those of the imports' pages; the values are the plan's own, shared. A plan that differs from another in
one resource costs the same again but for the configuration, which is remembered. Plans must not be changed after their
first use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .errors import ConfigurationError, EvaluationError, Undetermined
from .values import Namespace, Native, Value, type_name

Json = Mapping[str, Any]

OLD_IMPORTS = frozenset(["tfplan", "tfconfig", "tfstate"])
"""Version 1 of the imports, which show -json cannot make."""

_INDEX = re.compile(r'\[(?:"(?:\\.|[^"\\])*"|[^\]"]*)\]')


def terraform_imports(plan: Json) -> dict[str, Namespace]:
    """The imports of a plan. Raises ConfigurationError if it is none."""
    if not isinstance(plan, Mapping) or "format_version" not in plan or "resource_changes" not in plan:
        raise ConfigurationError("not a plan in the format of `terraform show -json`")
    version = plan.get("terraform_version", "")
    prior = plan.get("prior_state") or {}
    return {
        "tfplan/v2": _Lazy(
            "tfplan/v2",
            {
                "terraform_version": lambda: version,
                "variables": lambda: {
                    name: {"name": name, "value": variable.get("value")}
                    for name, variable in (plan.get("variables") or {}).items()
                },
                "planned_values": lambda: _state(plan.get("planned_values")),
                "resource_changes": lambda: _changes(plan.get("resource_changes")),
                "resource_drift": lambda: _changes(plan.get("resource_drift")),
                "output_changes": lambda: {
                    name: {"name": name, "change": _change(change)}
                    for name, change in (plan.get("output_changes") or {}).items()
                },
                "raw": lambda: plan if isinstance(plan, dict) else dict(plan),
            },
        ),
        "tfconfig/v2": _configuration(plan.get("configuration") or {}),
        "tfstate/v2": _Lazy(
            "tfstate/v2",
            {
                # HCP Terraform's import has the version of the state, show -json that of the plan's prior state.
                "terraform_version": lambda: prior.get("terraform_version", version),
                "outputs": lambda: _state(prior.get("values"))["outputs"],
                "resources": lambda: _state(prior.get("values"))["resources"],
            },
        ),
    }


class _Lazy(Namespace):
    """An import whose parts are made when they are first selected."""

    __slots__ = ("_makers",)

    def __init__(self, name: str, makers: dict[str, Callable[[], Value]]) -> None:
        super().__init__(name, {})
        self._makers = makers

    def select(self, name: str, share: bool) -> Value:
        if name not in self.parts and name in self._makers:
            try:
                self.parts = {**self.parts, name: self._makers[name]()}
            except (AttributeError, KeyError, TypeError) as error:
                raise ConfigurationError(f"the plan's {name} are not as `terraform show -json` writes them") from error
        return super().select(name, share)


def _change(change: Json) -> dict[str, Value]:
    return {
        "actions": change.get("actions", []),
        "before": change.get("before"),
        "after": change.get("after"),
        "after_unknown": change.get("after_unknown", {}),
    }


def _changes(changes: list[Json] | None) -> dict[str, Value]:
    result: dict[str, Value] = {}
    for change in changes or []:
        deposed = change.get("deposed", "")
        result[change["address"] + (f":{deposed}" if deposed else "")] = {
            "address": change["address"],
            "module_address": change.get("module_address", ""),
            "mode": change["mode"],
            "type": change["type"],
            "name": change["name"],
            "index": change.get("index"),
            "provider_name": change.get("provider_name", ""),
            "deposed": deposed,
            "change": _change(change["change"]),
        }
    return result


def _state(values: Json | None) -> dict[str, Value]:
    values = values or {}
    outputs = {
        name: {
            "name": name,
            "sensitive": output.get("sensitive", False),
            "type": output.get("type"),
            "value": output.get("value"),
        }
        for name, output in (values.get("outputs") or {}).items()
    }
    return {"outputs": outputs, "resources": dict(_state_resources(values.get("root_module") or {}))}


def _state_resources(module: Json) -> Iterator[tuple[str, Value]]:
    for resource in module.get("resources") or []:
        deposed = resource.get("deposed_key", "")
        yield (
            resource["address"] + (f":{deposed}" if deposed else ""),
            {
                "address": resource["address"],
                "module_address": module.get("address", ""),
                "mode": resource["mode"],
                "type": resource["type"],
                "name": resource["name"],
                "index": resource.get("index"),
                "provider_name": resource.get("provider_name", ""),
                "values": resource.get("values") or {},
                "depends_on": resource.get("depends_on") or [],
                "tainted": resource.get("tainted", False),
                "deposed_key": deposed,
            },
        )
    for child in module.get("child_modules") or []:
        yield from _state_resources(child)


_last_configuration: list[tuple[Json, Namespace]] = []


def _configuration(configuration: Json) -> Namespace:
    """tfconfig/v2. The last one is kept, for the mutants of a plan share their configuration."""
    if _last_configuration and _last_configuration[0][0] is configuration:
        return _last_configuration[0][1]
    made: list[dict[str, Value]] = []

    def collection(name: str) -> Callable[[], Value]:
        def make() -> Value:
            if not made:
                made.append(_collections(configuration))
            return made[0][name]

        return make

    names = ("providers", "resources", "provisioners", "variables", "outputs", "module_calls")
    namespace = _Lazy("tfconfig/v2", {name: collection(name) for name in names} | {"strip_index": lambda: STRIP_INDEX})
    _last_configuration[:] = [(configuration, namespace)]
    return namespace


def _collections(configuration: Json) -> dict[str, Value]:
    result: dict[str, Value] = {
        "providers": {
            key: {
                "provider_config_key": key,
                "name": provider.get("name", ""),
                "full_name": provider.get("full_name", ""),
                "alias": provider.get("alias", ""),
                "module_address": provider.get("module_address", ""),
                "config": provider.get("expressions") or {},
                "version_constraint": provider.get("version_constraint", ""),
            }
            for key, provider in (configuration.get("provider_config") or {}).items()
        },
        "resources": {},
        "provisioners": {},
        "variables": {},
        "outputs": {},
        "module_calls": {},
    }
    _module(configuration.get("root_module") or {}, "", result)
    return result


def _module(module: Json, address: str, result: dict[str, Value]) -> None:
    """Add what a module has. Addresses are those of the configuration, without indices."""
    path, key = (f"{address}.", f"{address}:") if address else ("", "")
    for resource in module.get("resources") or []:
        where = path + resource["address"]
        provisioners = [
            {
                "resource_address": where,
                "type": provisioner["type"],
                "index": str(index),
                "config": provisioner.get("expressions") or {},
            }
            for index, provisioner in enumerate(resource.get("provisioners") or [])
        ]
        result["provisioners"] |= {f"{where}:{entry['index']}": entry for entry in provisioners}
        result["resources"][where] = {
            "address": where,
            "module_address": address,
            "mode": resource["mode"],
            "type": resource["type"],
            "name": resource["name"],
            "provider_config_key": resource.get("provider_config_key", ""),
            "provisioners": provisioners,
            "config": resource.get("expressions") or {},
            "count": resource.get("count_expression") or {},
            "for_each": resource.get("for_each_expression") or {},
            "depends_on": resource.get("depends_on") or [],
        }
    for name, variable in (module.get("variables") or {}).items():
        result["variables"][key + name] = {
            "module_address": address,
            "name": name,
            "default": variable.get("default"),
            "description": variable.get("description", ""),
        }
    for name, output in (module.get("outputs") or {}).items():
        result["outputs"][key + name] = {
            "module_address": address,
            "name": name,
            "sensitive": output.get("sensitive", False),
            "value": output.get("expression") or {},
            "description": output.get("description", ""),
            "depends_on": output.get("depends_on") or [],
        }
    for name, call in (module.get("module_calls") or {}).items():
        result["module_calls"][key + name] = {
            "module_address": address,
            "name": name,
            "source": call.get("source", ""),
            "config": call.get("expressions") or {},
            "count": call.get("count_expression") or {},
            "depends_on": call.get("depends_on") or [],
            "for_each": call.get("for_each_expression") or {},
            "version_constraint": call.get("version_constraint", ""),
        }
        _module(call.get("module") or {}, f"{path}module.{name}", result)


def _strip_index(run: object, address: Value) -> Value:
    if not isinstance(address, str):
        if type_name(address) == "undefined":
            raise Undetermined("nothing says what strip_index does with undefined")
        raise EvaluationError(f"strip_index needs a string, got {type_name(address)}")
    return _INDEX.sub("", address)


STRIP_INDEX = Native("tfconfig.strip_index", _strip_index, 1)


def data_import(name: str, data: Mapping[str, Value]) -> Namespace:
    """An import of plain data: static data, a mock's data, or what a caller gives."""
    return Namespace(name, data)
