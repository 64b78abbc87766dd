"""Brings external tables to what the contracts ask for: reads, compares, and writes only what differs.

Every write is safe to lose and to repeat. A table that is there already, or that somebody changed in between (its etag
tells), is read and compared again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from google.api_core.exceptions import Conflict, NotFound, PreconditionFailed
from google.cloud.bigquery import DEFAULT_RETRY, Client, Table

from clinical_mesh.contracts import OWNER, OWNER_LABEL, PARTITION, Resource

_log = logging.getLogger(__name__)

# Seconds that one request may take, and that a request and its repetitions may take together. BigQuery's client repeats
# what failed on the way or for overload.
_TIMEOUT = 30
_RETRY = DEFAULT_RETRY.with_timeout(180)
# How often a table that others change at the same time is read anew.
_ATTEMPTS = 5

# BigQuery answers with the second of each pair, whichever it was given.
_TYPES = {"BOOL": "BOOLEAN", "FLOAT64": "FLOAT", "INT64": "INTEGER", "STRUCT": "RECORD"}


@dataclass(frozen=True)
class Change:
    """What a table needs. action: create, patch, recreate, unchanged or refused; reasons: what differs, or why not."""

    table: str
    action: str
    reasons: tuple[str, ...] = ()
    patch: Mapping[str, Any] | None = None

    def report(self) -> dict[str, Any]:
        """What is worth telling, as JSON."""
        return {name: value for name, value in asdict(self).items() if name != "patch"}


class RefusedError(Exception):
    """Tables cannot be brought to their contract. The message says how to mend that.

    changes: what the tables of the domain need, those that are refused among them.
    """

    def __init__(self, changes: Sequence[Change]) -> None:
        refused = [change for change in changes if change.action == "refused"]
        super().__init__("\n".join(f"{change.table}: {reason}" for change in refused for reason in change.reasons))
        self.changes = list(changes)


def compare(wanted: Resource, found: Resource | None, allow_recreate: bool = False) -> Change:
    """What brings a table to what is wanted. found: its resource, None if there is no such table."""
    name = _name(wanted)
    if found is None:
        return Change(name, "create")
    # Only what is external can be made anew without loss.
    if found.get("labels", {}).get(OWNER_LABEL) != OWNER or found.get("type") != "EXTERNAL":
        return Change(name, "refused", (_not_ours(name, found),))
    additions, retouches, conflicts = _compare_columns(_columns(wanted), _columns(found))
    immutable = _immutable_differences(wanted, found)
    if conflicts or immutable:
        reasons = (*conflicts, *immutable)
        if allow_recreate:
            return Change(name, "recreate", reasons)
        way_out = (
            "run the DAG with allow_recreate to make the table anew; its files in S3 stay as they are. What dbt built "
            "from it may need a full refresh"
        )
        return Change(name, "refused", (*reasons, way_out))
    patch: dict[str, Any] = {}
    differences = [*additions, *retouches]
    if differences:
        patch["schema"] = {"fields": _merged(wanted, found)}
    # A patch merges: what is left out of what is wanted goes only as null.
    external = {"metadataCacheMode": None} | _external(wanted)
    parts = {
        "description": wanted["description"],
        "externalDataConfiguration": external,
        "labels": wanted["labels"],
        "maxStaleness": wanted.get("maxStaleness"),
    }
    there = found | {"externalDataConfiguration": _external(found)}
    for key, value in parts.items():
        if changed := _differences({key: value}, there):
            patch[key] = value
            differences += changed
    return Change(name, "patch", tuple(differences), patch) if patch else Change(name, "unchanged")


def plan(client: Client, wanted: Sequence[Resource], allow_recreate: bool = False) -> list[Change]:
    """What each table needs. Writes nothing."""
    return [compare(table, _read(client, table), allow_recreate) for table in wanted]


def apply(client: Client, wanted: Sequence[Resource], allow_recreate: bool = False) -> list[Change]:
    """Bring the tables of a domain to what is wanted, all of them or, if one is refused, none; what each needed.

    Raises RefusedError, or what Google's client raises once it gave up.
    """
    changes = plan(client, wanted, allow_recreate)
    if any(change.action == "refused" for change in changes):
        raise RefusedError(changes)
    return [_bring(client, table, allow_recreate) for table in wanted]


def _bring(client: Client, wanted: Resource, allow_recreate: bool) -> Change:
    """Bring one table to what is wanted. What was done first is what is told."""
    told: Change | None = None
    for _ in range(_ATTEMPTS):
        found = _read(client, wanted)
        change = compare(wanted, found, allow_recreate)
        if change.action == "refused":
            raise RefusedError([change])
        if change.action == "unchanged":
            return told or change
        told = told or change
        try:
            _write(client, wanted, found, change)
            return told
        except (Conflict, NotFound, PreconditionFailed) as error:
            if isinstance(error, NotFound) and change.action != "patch":
                dataset = change.table.rpartition(".")[0]
                missing = Change(change.table, "refused", (f"there is no dataset {dataset}; Terraform makes it",))
                raise RefusedError([missing]) from error
            _log.info("%s changed meanwhile (%s), comparing again", change.table, error.code)
    contested = "something else keeps changing this table; find out what, then run again"
    raise RefusedError([Change(_name(wanted), "refused", (contested,))])


def _write(client: Client, wanted: Resource, found: Resource | None, change: Change) -> None:
    if change.action == "patch":
        assert found and change.patch
        # With the etag of what was compared.
        table = Table.from_api_repr(found | dict(change.patch))
        client.update_table(table, list(change.patch), retry=_RETRY, timeout=_TIMEOUT)
        return
    if change.action == "recreate":
        client.delete_table(change.table, not_found_ok=True, retry=_RETRY, timeout=_TIMEOUT)
    client.create_table(Table.from_api_repr(wanted), retry=_RETRY, timeout=_TIMEOUT)


def _read(client: Client, wanted: Resource) -> Resource | None:
    try:
        resource: Resource = client.get_table(_name(wanted), retry=_RETRY, timeout=_TIMEOUT).to_api_repr()
    except NotFound:
        return None
    return resource


def _name(table: Resource) -> str:
    reference = table["tableReference"]
    return f"{reference['projectId']}.{reference['datasetId']}.{reference['tableId']}"


def _not_ours(name: str, found: Resource) -> str:
    project, _, rest = name.partition(".")
    kind = found.get("type", "TABLE").lower()
    return (
        f"a table of that name ({kind}) is there that is not external or lacks the label {OWNER_LABEL}={OWNER}. "
        f"Drop or rename it, or, if it is an external table to be kept: "
        f"bq update --set_label {OWNER_LABEL}:{OWNER} {project}:{rest}"
    )


# -- comparison --------------------------------------------------------------------------------------------------------


def _compare_columns(
    wanted: Mapping[str, Resource], found: Mapping[str, Resource]
) -> tuple[list[str], list[str], list[str]]:
    """Differences that add a column, that change what is said of one, and that no patch can bring about."""
    additions = [f"new column {path} {field['type']}" for path, field in wanted.items() if path not in found]
    conflicts = [f"column {path} is in the table and not in the contract" for path in found if path not in wanted]
    retouches = []
    for path, field in wanted.items():
        other = found.get(path, field)
        if (field["type"], field["mode"]) != (other["type"], other["mode"]):
            conflicts.append(
                f"column {path} is {other['mode']} {other['type']} in the table, "
                f"{field['mode']} {field['type']} in the contract"
            )
        retouches += [f"{key} of column {path}" for key in ("description", "tag") if field[key] != other[key]]
    return additions, retouches, conflicts


def _columns(table: Resource) -> dict[str, Resource]:
    """Path of each column and field of a record -> what can differ. Without the partition column."""
    columns: dict[str, Resource] = {}

    def walk(fields: Sequence[Resource], parent: str) -> None:
        for field in fields:
            path = f"{parent}{field['name'].lower()}"
            if path == PARTITION:
                continue
            columns[path] = {
                "type": _TYPES.get(field["type"], field["type"]),
                "mode": field.get("mode", "NULLABLE"),
                "description": field.get("description"),
                "tag": field.get("policyTags", {}).get("names", [None])[0],
            }
            walk(field.get("fields", []), f"{path}.")

    walk(table.get("schema", {}).get("fields", []), "")
    return columns


def _merged(wanted: Resource, found: Resource) -> list[Resource]:
    """Columns of the contract in the table's order, then the new ones, then the partition column, which stays last."""
    by_name = {field["name"].lower(): field for field in wanted["schema"]["fields"]}
    order = [field["name"].lower() for field in found["schema"]["fields"]]
    kept = [by_name[name] for name in order if name in by_name]
    new = [field for name, field in by_name.items() if name not in order]
    partition = [field for field in found["schema"]["fields"] if field["name"].lower() == PARTITION]
    return kept + new + partition


def _immutable_differences(wanted: Resource, found: Resource) -> list[str]:
    """Neither the partition keys nor the format of files can change in place.

    https://cloud.google.com/bigquery/docs/hive-partitioned-queries
    """
    return [
        f"{what} is {old} in the table and should be {new}, which BigQuery cannot change in place"
        for what, new, old in (
            ("the format of files", _external(wanted)["sourceFormat"], _external(found).get("sourceFormat")),
            ("the partitioning", _partitioning(wanted), _partitioning(found)),
        )
        if new != old
    ]


def _partitioning(table: Resource) -> str:
    options = _external(table).get("hivePartitioningOptions", {})
    return f"{options.get('mode')} {options.get('sourceUriPrefix', '').rpartition('/')[2]}"


def _external(table: Resource) -> Resource:
    """The external configuration in one form: connections are answered in two."""
    external = dict(table.get("externalDataConfiguration", {}))
    parts = str(external.get("connectionId", "")).split("/")
    if len(parts) == 6:
        external["connectionId"] = ".".join(parts[1::2])
    return external


def _differences(wanted: Mapping[str, Any], found: Mapping[str, Any], where: str = "") -> list[str]:
    """What is wanted and not so. What BigQuery adds by itself is no difference."""
    differences = []
    for key, value in wanted.items():
        other = found.get(key)
        if isinstance(value, Mapping):
            differences += _differences(value, other or {}, f"{where}{key}.")
        elif value != other:
            differences.append(f"{where}{key}: {other!r} becomes {value!r}")
    return differences
