"""Files under external tables, in hive partitions, in buckets that are folders.

https://cloud.google.com/bigquery/docs/hive-partitioned-queries
"""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.engines.bigquery import files
from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.storage import Resource, Table
from tests.engines.bigquery.values import Row, cell, new_row

Key = dt.date | str | int
URI = re.compile(r"(?:s3|gs)://(?P<bucket>[^/]+)/(?P<path>.*)")
CUSTOM_KEY = re.compile(r"\{(\w+):(\w+)\}")
KEY_TYPES: Mapping[str, Callable[[str], Key]] = {"DATE": dt.date.fromisoformat, "INTEGER": int, "STRING": str}


@dataclass(frozen=True)
class Partition:
    """The files of one combination of hive partition keys; no keys if the table has none."""

    values: Mapping[str, Key]
    files: tuple[Path, ...]
    bytes: int


class ExternalData:
    """Reads external tables. `buckets`: name -> folder that stands for the bucket."""

    def __init__(self, buckets: Mapping[str, Path]) -> None:
        self.buckets = dict(buckets)
        self._lock = threading.Lock()
        self._rows: dict[tuple[str, int, int, str], list[Row]] = {}

    def files(self, uri: str) -> list[Path]:
        """The objects that a URI names, its last part an asterisk or not.

        Raises BigQueryError (invalid, notFound).
        """
        bucket, path = self._located(uri)
        before, asterisk, after = path.partition("*")
        if "*" in after:
            raise BigQueryError("invalid", f"Source URI must not contain more than one '*' character: {uri}")
        if not asterisk:
            return [bucket / path] if (bucket / path).is_file() else []
        # An asterisk takes folders too: objects have names, and no folders.
        folder = bucket / before.rpartition("/")[0]
        found = sorted(file for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else []
        names = [(str(file.relative_to(bucket)), file) for file in found]
        return [file for name, file in names if name.startswith(before) and name.endswith(after)]

    def partition_fields(self, configuration: Resource) -> list[Resource]:
        """The columns that the paths of an external table hold.

        Raises BigQueryError (invalid), NotEmulated.
        """
        options = configuration.get("hivePartitioningOptions")
        if not options:
            return []
        mode = options.get("mode", "AUTO").upper()
        prefix = options.get("sourceUriPrefix")
        if not prefix:
            raise BigQueryError("invalid", "hivePartitioningOptions.sourceUriPrefix is required")
        if mode == "CUSTOM":
            keys = CUSTOM_KEY.findall(prefix)
            if not keys:
                message = f"sourceUriPrefix of mode CUSTOM must encode the partition keys: {prefix}"
                raise BigQueryError("invalid", message)
            types = {name: {"INT64": "INTEGER"}.get(type.upper(), type.upper()) for name, type in keys}
        else:
            texts: dict[str, list[str]] = defaultdict(list)
            for file in self._sources(configuration):
                for name, text in self._keys(file, prefix):
                    texts[name].append(text)
            if not texts:
                raise BigQueryError("invalid", f"No hive partition keys found under {prefix}")
            types = {name: "STRING" if mode == "STRINGS" else _detected(found) for name, found in texts.items()}
        if unknown := sorted(set(types.values()) - set(KEY_TYPES)):
            raise NotEmulated(f"hive partition keys of type {', '.join(unknown)}")
        return [{"name": name, "type": type, "mode": "NULLABLE"} for name, type in types.items()]

    def partitions(self, table: Table) -> list[Partition]:
        """The partitions that exist, by their keys.

        Raises BigQueryError (invalid) if a path does not have the keys of the table.
        """
        configuration = table.resource["externalDataConfiguration"]
        keys = _keys_of(table)
        names = [key["name"] for key in keys]
        found: dict[tuple[Key, ...], list[Path]] = defaultdict(list)
        for file in self._sources(configuration):
            if not keys:
                found[()].append(file)
                continue
            path = dict(self._keys(file, configuration["hivePartitioningOptions"]["sourceUriPrefix"]))
            if list(path) != names:
                message = f"The path of {file.name} does not have the partition keys {', '.join(names)}"
                raise BigQueryError("invalid", message)
            found[tuple(_key(path[key["name"]], key) for key in keys)].append(file)
        if not keys:
            found.setdefault((), [])
        return [
            Partition(dict(zip(names, values, strict=True)), tuple(paths), sum(path.stat().st_size for path in paths))
            for values, paths in sorted(found.items(), key=lambda item: item[0])
        ]

    def rows(self, table: Table, partition: Partition) -> list[Row]:
        """TableData.Row of all files of a partition; cells in the order of table.fields, partition columns last.

        Raises BigQueryError (invalid) if a file does not fit the schema.
        """
        keys = _keys_of(table)
        fields = table.fields[: len(table.fields) - len(keys)]
        configuration = table.resource["externalDataConfiguration"]
        suffix = [cell(partition.values[key["name"]], key) for key in keys]
        return [
            new_row(cell=[*row.cell, *suffix])
            for file in partition.files
            for row in self._read(file, configuration, fields)
        ]

    def read(self, uris: Sequence[str], configuration: Resource, fields: Sequence[Resource]) -> list[Row]:
        """The rows of the files under URIs, as a load job reads them."""
        return [row for uri in uris for file in self.files(uri) for row in self._read(file, configuration, fields)]

    def _read(self, file: Path, configuration: Resource, fields: Sequence[Resource]) -> list[Row]:
        status = file.stat()
        options = {**configuration.get("csvOptions", {}), **configuration}
        relevant = {name: value for name, value in options.items() if name not in ("schema", "sourceUris")}
        key = (str(file), status.st_mtime_ns, status.st_size, repr((relevant, fields)))
        with self._lock:
            if key not in self._rows:
                # An object of no bytes holds no rows, in every format.
                data = file.read_bytes()
                format = configuration["sourceFormat"]
                self._rows[key] = files.rows(format, data, self._name(file), fields, options) if data else []
            return self._rows[key]

    def _sources(self, configuration: Resource) -> list[Path]:
        return [file for uri in configuration["sourceUris"] for file in self.files(uri)]

    def _located(self, uri: str) -> tuple[Path, str]:
        match = URI.fullmatch(uri)
        if not match:
            raise BigQueryError("invalid", f"Invalid source URI: {uri}")
        try:
            return self.buckets[match["bucket"]], match["path"]
        except KeyError:
            raise BigQueryError("notFound", f"Not found: Bucket {match['bucket']} of {uri}") from None

    def _keys(self, file: Path, prefix: str) -> list[tuple[str, str]]:
        """Names and values of the partition keys in the path of a file after the prefix."""
        bucket, path = self._located(prefix)
        folder = bucket / path.partition("{")[0]
        pairs = [part.partition("=") for part in file.relative_to(folder).parts[:-1]]
        return [(name, unquote(value)) for name, sign, value in pairs if sign]

    def _name(self, file: Path) -> str:
        """The URI of a file."""
        for bucket, folder in self.buckets.items():
            if file.is_relative_to(folder):
                return f"s3://{bucket}/{file.relative_to(folder)}"
        return str(file)


def _keys_of(table: Table) -> list[Resource]:
    options: dict[str, Any] = table.resource["externalDataConfiguration"].get("hivePartitioningOptions", {})
    names = options.get("fields", [])
    return [field for field in table.fields if field["name"] in names]


def _key(text: str, field: Resource) -> Key:
    try:
        return KEY_TYPES[field["type"]](text)
    except ValueError as error:
        message = f"Partition key {field['name']}: could not convert {text!r} to {field['type']}"
        raise BigQueryError("invalid", message) from error


def _detected(texts: Sequence[str]) -> str:
    for type in ("INTEGER", "DATE"):
        try:
            for text in texts:
                KEY_TYPES[type](text)
        except ValueError:
            continue
        return type
    return "STRING"
