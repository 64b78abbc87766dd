"""External tables over files: https://cloud.google.com/bigquery/docs/hive-partitioned-queries"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.engines.bigquery import Client
from tests.engines.bigquery.refusals import refused
from tests.engines.environments import environment

Files = dict[str, str | bytes]

# What pyarrow writes, where it is: the environment of the tests does not have it.
WRITE = """
import datetime, decimal, sys
import pyarrow as pa, pyarrow.parquet
table = pa.table({
    "ID": pa.array([1, 2], pa.int64()),
    "amount": pa.array([decimal.Decimal("0.100000000"), None], pa.decimal128(38, 9)),
    "seen_at": pa.array([datetime.datetime(2024, 1, 31, 10, tzinfo=datetime.timezone.utc), None],
        pa.timestamp("us", tz="UTC")),
    "codes": pa.array([["a", "b"], None], pa.list_(pa.string())),
    "name": pa.array([{"Given": "Ada", "born": datetime.date(1815, 12, 10)}, None],
        pa.struct({"Given": pa.string(), "born": pa.date32()})),
    "more": pa.array(["x", "y"]),
})
pa.parquet.write_table(table, sys.argv[1])
"""


@pytest.fixture(scope="session")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A Parquet file of two rows."""
    folder = tmp_path_factory.mktemp("parquet")
    environment("bigquery").run(["python", "-c", WRITE, folder / "file"], cwd=folder)
    return (folder / "file").read_bytes()


Table = Callable[..., str]


@pytest.fixture
def table(client: Client, bucket: Path, omni: str) -> Table:
    """table(files, columns, ...): an external table over files under a folder of its own; its name.

    files: path under the folder -> content. keys: of hive partitions, as the URI of mode CUSTOM has them.
    """

    def made(
        files: Files,
        columns: Sequence[str],
        format: str = "CSV",
        keys: str = "",
        name: str = "t",
        hive: dict[str, Any] | None = None,
        **configuration: Any,
    ) -> str:
        for path, content in files.items():
            file = bucket / omni / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        prefix = f"s3://landing/{omni}/{name}/"
        if keys:
            hive = {"mode": "CUSTOM", "sourceUriPrefix": prefix + keys, **(hive or {})}
        elif hive:
            hive = {"sourceUriPrefix": prefix, **hive}
        fields = [dict(zip(("name", "type", "mode"), column.split(), strict=False)) for column in columns]
        external = {
            "connectionId": "northwind-dev.aws-us-east-1.landing",
            "sourceFormat": format,
            "sourceUris": [f"{prefix}*"],
            **({"hivePartitioningOptions": hive} if hive else {}),
            **configuration,
        }
        resource = {
            "tableReference": {"tableId": name},
            "schema": {"fields": fields},
            "externalDataConfiguration": external,
        }
        client.call("POST", f"datasets/{omni}/tables", resource)
        return f"{omni}.{name}"

    return made


def days(content: str = "x\n") -> Files:
    """Three partitions."""
    return {f"landed_date=2024-01-0{day}/part-0.csv": content for day in (1, 2, 3)}


class TestPartitions:
    def test_keys_are_columns_after_the_others(self, client: Client, table: Table) -> None:
        name = table(days(), ["a STRING"], keys="{landed_date:DATE}")
        assert client.query(f"select * from {name} order by landed_date").rows == [
            ["x", f"2024-01-0{day}"] for day in (1, 2, 3)
        ]
        dataset, _, id = name.partition(".")
        found = client.call("GET", f"datasets/{dataset}/tables/{id}")
        assert found["schema"]["fields"][-1] == {"name": "landed_date", "type": "DATE", "mode": "NULLABLE"}
        assert found["externalDataConfiguration"]["hivePartitioningOptions"]["fields"] == ["landed_date"]

    def test_keys_cannot_change(self, client: Client, table: Table) -> None:
        """Another place can, another key cannot: https://cloud.google.com/bigquery/docs/hive-partitioned-queries"""
        name = table(days(), ["a STRING"], keys="{landed_date:DATE}")
        path = "datasets/{}/tables/{}".format(*name.split("."))
        moved = {
            "sourceUris": ["s3://landing/b/*"],
            "hivePartitioningOptions": {"sourceUriPrefix": "s3://landing/b/{landed_date:DATE}"},
        }
        client.call("PATCH", path, {"externalDataConfiguration": moved})
        keyed = {"hivePartitioningOptions": {"sourceUriPrefix": "s3://landing/b/{day:DATE}"}}
        with refused("invalid", "Cannot change partitioning"):
            client.call("PATCH", path, {"externalDataConfiguration": keyed})

    def test_a_filter_reads_the_partitions_it_leaves(self, client: Client, table: Table) -> None:
        name = table(days("abcd\n"), ["a STRING"], keys="{landed_date:DATE}")
        result = client.query(f"select a from {name} where landed_date >= date '2024-01-02'")
        assert len(result.rows) == 2
        (read,) = result.statistics["emulator"]["partitionsRead"].values()
        assert len(read) == 2
        assert result.statistics["totalBytesProcessed"] == "10"

    def test_a_filter_can_be_required(self, client: Client, table: Table) -> None:
        name = table(days(), ["a STRING"], keys="{landed_date:DATE}", hive={"requirePartitionFilter": True})
        message = "without a filter over column(s) 'landed_date' that can be used for partition elimination"
        with refused("invalidQuery", message):
            client.query(f"select a from {name} where a = 'x'")
        assert client.query(f"select a from {name} where landed_date = '2024-01-01'").rows == [["x"]]

    @pytest.mark.parametrize(
        ("mode", "values", "type"),
        [
            ("AUTO", ("2024-01-01", "2024-01-02"), "DATE"),
            ("AUTO", ("1", "2"), "INTEGER"),
            ("AUTO", ("1", "b"), "STRING"),
            ("STRINGS", ("1", "2"), "STRING"),
        ],
    )
    def test_types_of_keys_are_detected(
        self, client: Client, table: Table, mode: str, values: tuple[str, ...], type: str
    ) -> None:
        files: Files = {f"k={value}/f.csv": "x\n" for value in values}
        name = table(files, ["a STRING"], hive={"mode": mode})
        result = client.query(f"select k from {name} order by k")
        assert (result.rows, result.fields[0]["type"]) == ([[value] for value in values], type)

    def test_several_keys(self, client: Client, table: Table) -> None:
        files: Files = {f"site={site}/landed_date=2024-01-01/f.csv": f"{site}\n" for site in ("north", "a%20b")}
        name = table(files, ["a STRING"], keys="{site:STRING}/{landed_date:DATE}")
        assert client.query(f"select a, site from {name} where site = 'a b'").rows == [["a%20b", "a b"]]

    @pytest.mark.parametrize(
        ("path", "message"),
        [
            ("landed_date=yesterday/f.csv", "Partition key landed_date: could not convert 'yesterday' to DATE"),
            ("day=2024-01-01/f.csv", "does not have the partition keys landed_date"),
        ],
    )
    def test_a_path_without_the_keys(self, client: Client, table: Table, path: str, message: str) -> None:
        name = table({path: "x\n"}, ["a STRING"], keys="{landed_date:DATE}")
        with refused("invalid", message):
            client.query(f"select * from {name}")

    def test_files_that_come_later_are_there(self, client: Client, table: Table, bucket: Path) -> None:
        name = table(days(), ["a STRING"], keys="{landed_date:DATE}")
        folder = bucket / name.replace(".", "/") / "landed_date=2024-01-04"
        folder.mkdir()
        (folder / "part-0.csv").write_text("y\n")
        assert client.query(f"select a from {name} where landed_date > '2024-01-03'").rows == [["y"]]

    def test_a_file_that_changes_is_read_again(self, client: Client, table: Table, bucket: Path) -> None:
        name = table(days(), ["a STRING"], keys="{landed_date:DATE}")
        query = f"select a from {name} where landed_date = '2024-01-01'"
        assert client.query(query).rows == [["x"]]
        file = bucket / name.replace(".", "/") / "landed_date=2024-01-01" / "part-0.csv"
        modified = file.stat().st_mtime_ns
        file.write_text("z\n")
        os.utime(file, ns=(modified + 1, modified + 1))
        assert client.query(query).rows == [["z"]]


class TestFormats:
    def test_parquet(self, client: Client, table: Table, parquet: bytes) -> None:
        columns = ["id INTEGER", "amount NUMERIC", "seen_at TIMESTAMP", "codes STRING REPEATED", "later DATE"]
        lists = {"enableListInference": True}
        name = table({"f.parquet": parquet}, columns, "PARQUET", parquetOptions=lists)
        assert client.query(f"select id, amount, string(seen_at), codes, later from {name} order by id").rows == [
            ["1", "0.1", "2024-01-31 10:00:00+00", ["a", "b"], None],
            ["2", None, None, [], None],
        ]

    def test_records_of_parquet_in_any_case(self, client: Client, omni: str, table: Table, parquet: bytes) -> None:
        table({"f.parquet": parquet}, ["id INTEGER"], "PARQUET")
        record = {"name": "NAME", "type": "RECORD", "fields": [{"name": "given", "type": "STRING"}]}
        resource = client.call("GET", f"datasets/{omni}/tables/t")
        resource["tableReference"]["tableId"] = "u"
        resource["schema"] = {"fields": [record]}
        client.call("POST", f"datasets/{omni}/tables", resource)
        assert client.query(f"select name.given from {omni}.u").rows == [["Ada"], [None]]

    @pytest.mark.parametrize(
        ("column", "type"),
        [
            ("ID STRING", "int64"),
            ("amount FLOAT64", "decimal"),
            ("seen_at DATETIME", "timestamp"),
            ("ID DATE", "int64"),
        ],
    )
    def test_a_parquet_column_of_another_type(
        self, client: Client, table: Table, parquet: bytes, column: str, type: str
    ) -> None:
        name = table({"f.parquet": parquet}, [column], "PARQUET")
        with refused("invalid", f"Parquet column '{column.split()[0]}' has type {type}"):
            client.query(f"select * from {name}")

    def test_a_list_of_parquet_needs_inference(self, client: Client, table: Table, parquet: bytes) -> None:
        name = table({"f.parquet": parquet}, ["codes STRING REPEATED"], "PARQUET")
        with refused("invalid", "enableListInference is off, and column codes is a list"):
            client.query(f"select * from {name}")

    def test_the_error_names_the_file(self, client: Client, table: Table) -> None:
        name = table({"good.csv": "1\n", "wrong.csv": "x\n"}, ["a INT64"])
        with refused("invalid", f"File: s3://landing/{name.replace('.', '/')}/wrong.csv"):
            client.query(f"select * from {name}")

    def test_csv_with_its_options(self, client: Client, table: Table) -> None:
        options = {"skipLeadingRows": "1", "fieldDelimiter": ";", "allowQuotedNewlines": True}
        name = table({"f.csv": 'a;b\n"1\n2";3\n'}, ["a STRING", "b INT64"], csvOptions=options)
        assert client.query(f"select * from {name}").rows == [["1\n2", "3"]]

    def test_csv_holds_nothing_repeated(self, client: Client, table: Table) -> None:
        name = table({"f.csv": "1\n"}, ["a STRING REPEATED"])
        with refused("invalid", "CSV cannot hold nested or repeated fields: a"):
            client.query(f"select * from {name}")

    def test_json(self, client: Client, table: Table) -> None:
        columns = ["a STRING", "b INT64 REPEATED"]
        name = table({"f.json": '{"a": "x", "b": [1, 2]}\n\n'}, columns, "NEWLINE_DELIMITED_JSON")
        assert client.query(f"select * from {name}").rows == [["x", ["1", "2"]]]

    def test_json_with_fields_that_are_not_in_the_schema(self, client: Client, table: Table) -> None:
        files: Files = {"f.json": '{"a": "x", "c": 1}\n'}
        name = table(files, ["a STRING"], "NEWLINE_DELIMITED_JSON")
        with refused("invalid", "No such field: c."):
            client.query(f"select * from {name}")
        name = table(files, ["a STRING"], "NEWLINE_DELIMITED_JSON", name="u", ignoreUnknownValues=True)
        assert client.query(f"select * from {name}").rows == [["x"]]

    @pytest.mark.parametrize("format", ["CSV", "NEWLINE_DELIMITED_JSON", "PARQUET"])
    def test_an_empty_file_has_no_rows(self, client: Client, table: Table, format: str) -> None:
        name = table({"f": b""}, ["a STRING"], format)
        assert client.query(f"select * from {name}").rows == []

    def test_other_formats_are_not_emulated(self, client: Client, table: Table) -> None:
        name = table({"f.avro": b"Obj"}, ["a STRING"], "AVRO")
        with refused("invalid", "not emulated: files of format AVRO"):
            client.query(f"select * from {name}")


class TestUris:
    def test_an_asterisk_takes_folders_and_an_ending(self, client: Client, table: Table, omni: str) -> None:
        files: Files = {"one/f.csv": "1\n", "two/f.csv": "2\n", "two/f.tmp": "3\n"}
        name = table(files, ["a STRING"], sourceUris=[f"s3://landing/{omni}/t/*.csv"])
        assert client.query(f"select * from {name} order by a").rows == [["1"], ["2"]]

    @pytest.mark.parametrize(
        ("uri", "reason", "message"),
        [
            ("s3://landing/*/f/*", "invalid", "more than one '*'"),
            ("s3://other/*", "notFound", "Not found: Bucket other"),
        ],
    )
    def test_what_they_cannot_be(self, client: Client, table: Table, uri: str, reason: str, message: str) -> None:
        name = table({}, ["a STRING"], sourceUris=[uri])
        with refused(reason, message):
            client.query(f"select * from {name}")


class TestMetadataCache:
    """https://cloud.google.com/bigquery/docs/biglake-intro#metadata_caching_for_performance"""

    def test_a_manual_cache_is_refreshed(self, client: Client, table: Table) -> None:
        name = table(days(), ["a STRING"], keys="{landed_date:DATE}", metadataCacheMode="MANUAL")
        result = client.query(f"call bq.refresh_external_metadata_cache('{client.project}.{name}')", "aws-us-east-1")
        assert result.statistics["statementType"] == "CALL"

    def test_there_is_nothing_else_to_call(self, client: Client, table: Table) -> None:
        name = table(days(), ["a STRING"], keys="{landed_date:DATE}")
        with refused("invalidQuery", "no metadata cache"):
            client.query(f"call bq.refresh_external_metadata_cache('{name}')")
        with refused("notFound", "Not found"):
            client.query("call bq.refresh_external_metadata_cache('nowhere.t')")
        with refused("invalid", "not emulated: the procedure"):
            client.query("call ward.procedure()")
