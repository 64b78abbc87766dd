"""Column-level security: https://cloud.google.com/bigquery/docs/column-level-security-intro"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import pytest

from tests.engines.bigquery import Client, Emulator
from tests.engines.bigquery.refusals import refused

TAGS = "projects/northwind-dev/locations/us-east4/taxonomies/1/policyTags"


@pytest.fixture
def table(client: Client, dataset: str) -> str:
    """A table with a column of each of the tags `open` and `closed`, and one row."""
    fields = [
        {"name": "id", "type": "STRING"},
        *({"name": tag, "type": "STRING", "policyTags": {"names": [f"{TAGS}/{tag}"]}} for tag in ("open", "closed")),
    ]
    resource = {"tableReference": {"tableId": "t"}, "schema": {"fields": fields}}
    client.call("POST", f"datasets/{dataset}/tables", resource)
    client.query(f"insert into {dataset}.t (id, open, closed) values ('1', '123-45-6789', 'secret')")
    return f"{dataset}.t"


@pytest.fixture
def granted(client: Client) -> Iterator[None]:
    """A reader of the tag `open`, and one who gets it masked."""
    masked = [{"rule": "LAST_FOUR_CHARACTERS", "maskedReaders": ["user:masked@example.com"]}]
    grants = {f"{TAGS}/open": {"fineGrainedReaders": ["user:reader@example.com"], "dataPolicies": masked}}
    client.call("PUT", "/emulator/policies", grants)
    yield
    client.call("PUT", "/emulator/policies", {})


@pytest.mark.usefixtures("granted")
class TestReading:
    @pytest.mark.parametrize("principal", ["dummy", "user:owner@example.com", "user:reader@example.com"])
    def test_in_clear(self, emulator: Emulator, table: str, principal: str) -> None:
        assert emulator.client(principal).query(f"select open from {table}").rows == [["123-45-6789"]]

    def test_masked(self, emulator: Emulator, table: str) -> None:
        ((value,),) = emulator.client("user:masked@example.com").query(f"select open from {table}").rows
        assert value != "123-45-6789"
        assert value.endswith("6789")

    def test_refused(self, emulator: Emulator, table: str) -> None:
        reader = emulator.client("user:reader@example.com")
        with refused("accessDenied", f"{table}.closed"):
            reader.query(f"select closed from {table}")
        with refused("accessDenied"):
            reader.query(f"select * from {table}")
        assert reader.query(f"select id from {table}").rows == [["1"]]

    def test_rows_of_a_table_are_refused_as_a_whole(self, emulator: Emulator, table: str) -> None:
        dataset, _, id = table.partition(".")
        path = f"datasets/{dataset}/tables/{id}/data"
        with refused("accessDenied", f"{table}.closed"):
            emulator.client("user:reader@example.com").call("GET", path)
        assert emulator.client().call("GET", path)["totalRows"] == "1"


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"tag": {"dataPolicies": [{"rule": "ROT13", "maskedReaders": []}]}},
        {"tag": {"dataPolicies": [{"rule": "CLEAR", "maskedReaders": []}]}},
        {"tag": {"dataPolicies": [{"rule": "SHA256"}]}},
        {"tag": {"dataPolicies": [{"rule": "SHA256", "maskedReaders": []}] * 10}},
    ],
)
def test_policies_in_another_form_are_refused(client: Client, document: object) -> None:
    with refused("invalid"):
        client.call("PUT", "/emulator/policies", document)


class TestStatements:
    """What counts as reading a column, in statements of a principal who may read none that is tagged."""

    READER = "user:nobody@example.com"

    @pytest.mark.parametrize(
        "sql",
        [
            "select count(*) from {t}",
            "select id from {t}",
            "select id from (select * from {t})",
            "with a as (select * from {t}) select id from a",
            "select id from {t} group by id",
            "insert into {t} (id, closed) values ('2', 'x')",
            "update {t} set id = '2' where id = '1'",
            "delete {t} where id = '1'",
        ],
    )
    def test_a_column_is_not_read(self, emulator: Emulator, table: str, sql: str) -> None:
        emulator.client(self.READER).query(sql.format(t=table))

    @pytest.mark.parametrize(
        "sql",
        [
            "select count(closed) from {t}",
            "select id from {t} where closed = 'secret'",
            "select id from {t} order by closed",
            "select id from {t} qualify row_number() over (order by closed) = 1",
            "select count(*) from {t} group by closed",
            "select a.id from {t} as a join {t} as b on a.closed = b.closed",
            "select to_json_string(t) from {t} as t",
            "select (select max(closed) from {t})",
            "select 1 from unnest([1]) where exists (select 1 from {t} where closed = 'x')",
            "select id from {t} union distinct select closed from {t}",
            "create table {t}_copy as select * from {t}",
            "insert into {t} (id) select closed from {t}",
            "update {t} set id = closed where true",
            "update {t} set id = '2' where closed = 'x'",
            "delete {t} where closed = 'x'",
            "merge {t} as a using (select 'x' as x) as b on a.closed = b.x when matched then delete",
            "declare x string default (select max(closed) from {t}); select 1",
        ],
    )
    def test_a_column_is_read(self, emulator: Emulator, table: str, sql: str) -> None:
        with refused("accessDenied", f"{table}.closed"):
            emulator.client(self.READER).query(sql.format(t=table))

    def test_a_view_is_read_with_the_rights_of_the_caller(self, emulator: Emulator, client: Client, table: str) -> None:
        client.query(f"create view {table}_view as select closed from {table}")
        with refused("accessDenied", f"{table}.closed"):
            emulator.client(self.READER).query(f"select * from {table}_view")

    @pytest.mark.usefixtures("granted")
    def test_a_change_needs_the_values_themselves(self, emulator: Emulator, table: str) -> None:
        masked = emulator.client("user:masked@example.com")
        masked.query(f"create table {table}_copy as select id, open from {table}")
        with refused("accessDenied", f"{table}.open"):
            masked.query(f"update {table} set id = open where true")


RULES = {
    "SHA256": hashlib.sha256(b"123-45-6789").hexdigest(),
    "ALWAYS_NULL": None,
    "DEFAULT_MASKING_VALUE": "",
    "LAST_FOUR_CHARACTERS": "XXXXX6789",
    "FIRST_FOUR_CHARACTERS": "123-XXXXX",
}


@pytest.fixture
def rule(client: Client) -> Iterator[Callable[[str], None]]:
    """rule(name): one principal gets the tag `open` masked so."""

    def put(name: str) -> None:
        policies = [{"rule": name, "maskedReaders": ["user:masked@example.com"]}]
        client.call("PUT", "/emulator/policies", {f"{TAGS}/open": {"dataPolicies": policies}})

    yield put
    client.call("PUT", "/emulator/policies", {})


@pytest.mark.parametrize(("name", "value"), RULES.items())
def test_a_masking_rule(
    emulator: Emulator, table: str, rule: Callable[[str], None], name: str, value: str | None
) -> None:
    rule(name)
    ((found,),) = emulator.client("user:masked@example.com").query(f"select open from {table}").rows
    assert found == value


def test_a_masking_rule_fits_its_column(
    emulator: Emulator, client: Client, dataset: str, rule: Callable[[str], None]
) -> None:
    tag = {"policyTags": {"names": [f"{TAGS}/open"]}}
    fields = [
        {"name": "n", "type": "INTEGER", **tag},
        {"name": "a", "type": "STRING", "mode": "REPEATED", **tag},
        {"name": "r", "type": "RECORD", "fields": [{"name": "x", "type": "STRING", **tag}]},
    ]
    resource = {"tableReference": {"tableId": "t"}, "schema": {"fields": fields}}
    client.call("POST", f"datasets/{dataset}/tables", resource)
    client.query(f"insert into {dataset}.t values (1, ['x'], struct('y'))")
    masked = emulator.client("user:masked@example.com")
    rule("EMAIL_MASK")
    with refused("invalid", "Masking rule EMAIL_MASK does not fit column n of type INTEGER"):
        masked.query(f"select n from {dataset}.t")
    with refused("invalid", "not emulated: masking rule EMAIL_MASK of a REPEATED column"):
        masked.query(f"select a from {dataset}.t")
    with refused("invalid", "not emulated: masking of a part of column r"):
        masked.query(f"select r.x from {dataset}.t")
    rule("DEFAULT_MASKING_VALUE")
    assert masked.query(f"select n, a from {dataset}.t").rows == [["0", []]]
