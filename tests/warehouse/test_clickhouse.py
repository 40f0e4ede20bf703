"""ClickHouse as a warehouse: typed rows, read-only, stopped on the server, told plainly."""

from __future__ import annotations

import datetime as dt
import logging
import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from datamind import errors
from datamind.adapters.warehouse import open_warehouse
from datamind.adapters.warehouse.clickhouse import ClickHouseWarehouse
from datamind.adapters.warehouse.clickhouse_line import Address
from datamind.records import Governed, Scalar
from datamind.semantics.compiler.clickhouse import SETTINGS

from ..conftest import clickhouse_server
from .conftest import governed as any_governed

pytestmark = pytest.mark.slow
ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
MANY = "SELECT number AS id FROM numbers(9000) ORDER BY number"


def governed(sql: str, *parameters: Scalar, limit: int = 100) -> Governed:
    return any_governed(sql, *parameters, limit=limit, dialect="clickhouse")


def said(url: str, sql: str, **settings: str) -> str:
    """What the server itself answers to its administrator."""
    answer = httpx.post(url.replace("clickhouse", "http", 1), content=sql, params=settings)
    return answer.raise_for_status().text.strip()


def running(url: str) -> int:
    return int(said(url, "SELECT count() FROM system.processes")) - 1  # this one


@pytest.fixture(scope="module")
def sales(clickhouse_url: str) -> str:
    for statement in (
        "CREATE TABLE sales (id Int32, amount Decimal(10, 1)) ENGINE = MergeTree ORDER BY id",
        "INSERT INTO sales SELECT number + 1, (number + 1) * 1.5 FROM numbers(1000)",
    ):
        said(clickhouse_url, statement)
    return clickhouse_url


@pytest.fixture
def warehouse(sales: str) -> Iterator[ClickHouseWarehouse]:
    opened = open_warehouse(sales)
    assert isinstance(opened, ClickHouseWarehouse)
    yield opened
    opened.close()


def test_rows_come_typed_and_cut_at_the_limit(warehouse: ClickHouseWarehouse) -> None:
    sql = "SELECT id, amount FROM default.sales ORDER BY id"
    result = warehouse.run(governed(sql, limit=2), timeout_s=20)
    assert [(c.name, c.type) for c in result.columns] == [("id", "integer"), ("amount", "decimal")]
    assert result.rows == ((1, Decimal("1.5")), (2, Decimal("3.0")))
    assert result.truncated
    none = warehouse.run(governed(f"SELECT * FROM ({sql}) WHERE id < 0"), timeout_s=20)
    assert ([(c.name, c.type) for c in none.columns], none.rows) == (
        [("id", "integer"), ("amount", "decimal")], (),
    )  # fmt: skip


MOMENT = dt.datetime(2026, 2, 27, 23, tzinfo=dt.UTC)
TYPES: list[tuple[str, str, object]] = [
    ("toDateTime('2026-02-28 01:00:00', 'Europe/Athens')", "timestamp", MOMENT),
    ("toDateTime64('2026-02-28 01:00:00', 6, 'Europe/Athens')", "timestamp", MOMENT),
    ("toDateTime('2026-02-28 01:00:00')", "timestamp", MOMENT.replace(day=28, hour=1, tzinfo=None)),
    ("toDateTime64('1925-02-28 01:00:00.123456', 6)", "timestamp",
     MOMENT.replace(1925, 2, 28, 1, microsecond=123456, tzinfo=None)),
    ("toDate('2026-02-28')", "date", dt.date(2026, 2, 28)),
    ("toDate32('1925-02-28')", "date", dt.date(1925, 2, 28)),
    ("toTime64('10:11:12.5', 1)", "time", dt.time(10, 11, 12, 500000)),
    ("INTERVAL 3 DAY", "interval", dt.timedelta(days=3)),
    ("INTERVAL 2 MONTH", "interval", "2 months"),
    ("toDecimal128('12345678901234567890.0001', 4)", "decimal",
     Decimal("12345678901234567890.0001")),
    ("toUInt64(18446744073709551615)", "integer", 18446744073709551615),
    ("toInt128('-170141183460469231731687303715884105728')", "integer", -(2**127)),
    ("toFloat64(1) / 3", "float", 1 / 3),
    ("inf", "float", math.inf),
    ("true", "boolean", True),
    ("'naïve\n\t'", "text", "naïve\n\t"),
    ("toFixedString('ab', 4)", "text", "ab"),
    ("CAST('new' AS Enum8('new' = 1))", "text", "new"),
    ("CAST('x' AS LowCardinality(Nullable(String)))", "text", "x"),
    ("toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", "text",
     "61f0c404-5cb3-11e7-907b-a6006ad3dba0"),
    ("toIPv4('1.2.3.4')", "text", "1.2.3.4"),
    ("toIPv6('::1')", "text", "::1"),
    ("[1, NULL]", "other", "[1, null]"),
    ("[toDateTime('2026-02-28 01:00:00', 'Europe/Athens')]", "other",
     '["2026-02-27 23:00:00+00:00"]'),
    ("map('a', toDecimal32('1.5', 1))", "other", '{"a": "1.5"}'),
    ("(1, 'x')", "other", '[1, "x"]'),
    ("CAST((1, 'x') AS Tuple(a Int32, b String))", "other", '{"a": 1, "b": "x"}'),
    ("'{\"a\": {\"b\": [1, 2]}}'::JSON", "other", '{"a": {"b": [1, 2]}}'),
    ("CAST(NULL AS Nullable(Decimal(9, 2)))", "decimal", None),
    ("NULL", "text", None),
]  # fmt: skip


def test_each_type_becomes_a_plain_value(warehouse: ClickHouseWarehouse) -> None:
    sql = ", ".join(f"{sql} AS x{n}" for n, (sql, _, _) in enumerate(TYPES))
    result = warehouse.run(governed(f"SELECT {sql}"), timeout_s=20)
    found = [(c.type, v) for c, v in zip(result.columns, result.rows[0], strict=True)]
    assert found == [(kind, value) for _, kind, value in TYPES]
    (nan,) = warehouse.run(governed("SELECT nan AS x"), timeout_s=20).rows[0]
    assert isinstance(nan, float) and math.isnan(nan)


@pytest.mark.parametrize("value", ["o'hara", "a\\b\n\t{x: y}", "naïve", ""])
def test_parameters_are_bound_by_the_server(warehouse: ClickHouseWarehouse, value: str) -> None:
    sql = "SELECT concat({mask_key: String}, '!') AS x, '{y: Int8} %s' AS y"
    result = warehouse.run(governed(sql, value), timeout_s=20)
    assert result.rows == ((f"{value}!", "{y: Int8} %s"),)
    unnamed = warehouse.run(governed("SELECT 'a%' AS x WHERE 'ab' LIKE 'a%'", value), timeout_s=20)
    assert unnamed.rows == (("a%",),)


def test_a_statement_runs_under_the_settings_that_the_compiler_writes_for(
    warehouse: ClickHouseWarehouse,
) -> None:
    asked = ", ".join(f"toString(getSetting('{name}')) AS s_{name}" for name in SETTINGS)
    found = warehouse.run(governed(f"SELECT {asked}"), timeout_s=20).rows[0]
    told = {"true": "1"}
    assert [told.get(str(v), str(v)) for v in found] == list(SETTINGS.values())


def test_the_estimate_is_of_the_rows_that_are_read(warehouse: ClickHouseWarehouse) -> None:
    both = governed("SELECT count(*) FROM default.sales a JOIN default.sales b ON a.id = b.id")
    assert warehouse.estimate(both).rows == 2000
    assert warehouse.estimate(governed("SELECT 1")).rows is None
    plan = warehouse.plan(governed("SELECT amount FROM default.sales WHERE id = 7"))
    assert "ReadFromMergeTree (default.sales)" in plan
    assert "Granules: 1/1" in plan


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO default.sales VALUES (0, 0)",
        "ALTER TABLE default.sales DELETE WHERE 1",
        "TRUNCATE TABLE default.sales",
        "CREATE TABLE default.t (i Int8) ENGINE = Memory",
        "SELECT 1; DROP TABLE default.sales",
        "SET readonly = 0",
        "SELECT * FROM default.sales SETTINGS readonly = 0",
    ],
)
def test_nothing_is_written_whatever_is_asked(warehouse: ClickHouseWarehouse, sql: str) -> None:
    with pytest.raises(errors.WarehouseError):
        warehouse.run(governed(sql), timeout_s=20)
    count = warehouse.run(governed("SELECT count(*) FROM default.sales"), timeout_s=20)
    assert count.rows == ((1000,),)


def test_only_sealed_statements_of_its_dialect_run(warehouse: ClickHouseWarehouse) -> None:
    forged = Governed("SELECT 1", (), "clickhouse", "test", "no seal", ())
    for ask in (warehouse.estimate, lambda g: warehouse.run(g, timeout_s=5)):
        with pytest.raises(errors.DataMindError):
            ask(forged)
    with pytest.raises(errors.QueryFailed):
        warehouse.run(any_governed("SELECT 1"), timeout_s=5)


def test_a_runaway_query_is_stopped_on_the_server(
    warehouse: ClickHouseWarehouse, sales: str
) -> None:
    warehouse.run(governed("SELECT 1"), timeout_s=20)
    with pytest.raises(errors.QueryTimeout):
        warehouse.run(governed(ENDLESS), timeout_s=0.3)
    assert gone(sales)
    assert warehouse.run(governed("SELECT 1"), timeout_s=20).rows == ((1,),)


def gone(url: str) -> bool:
    """Whether nothing runs there any more, soon."""
    for _ in range(100):
        if running(url) == 0:
            return True
        time.sleep(0.1)
    return False


def test_a_query_that_is_called_off_is_stopped_on_the_server(
    warehouse: ClickHouseWarehouse, sales: str
) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(errors.QueryCancelled):
        warehouse.run(governed(ENDLESS), timeout_s=60, stop=stop)
    assert gone(sales)
    with pytest.raises(errors.QueryCancelled):
        warehouse.run(governed("SELECT 1"), timeout_s=5, stop=stop)
    assert warehouse.run(governed("SELECT 1"), timeout_s=20).rows == ((1,),)


FAULTS: list[tuple[str, type[errors.WarehouseError]]] = [
    ("SELECT toInt32('kwqzt-secret')", errors.QueryFailed),
    ("SELECT intDiv(1, 0)", errors.QueryFailed),
    ("SELECT throwIf(1, 'kwqzt-secret')", errors.QueryFailed),
    ("SELECT kwqzt", errors.QueryFailed),
    ("SELEC 1", errors.QueryFailed),
    ("SELECT * FROM default.kwqzt", errors.QueryFailed),
    ("SELECT sumState(1)", errors.QueryFailed),
    ("SELECT (SELECT number FROM numbers(2))", errors.QueryFailed),
    ("SELECT groupArray(number) FROM numbers(3000000000)", errors.ResultTooLarge),
]


@pytest.mark.parametrize(("sql", "kind"), FAULTS)
def test_the_servers_own_words_are_not_repeated(
    warehouse: ClickHouseWarehouse, sql: str, kind: type[errors.WarehouseError],
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr("datamind.adapters.warehouse.clickhouse_settings.MEMORY", "200000000")
    with caplog.at_level(logging.DEBUG), pytest.raises(kind) as caught:
        warehouse.run(governed(sql, "kwqzt-key"), timeout_s=60)
    assert "kwqzt" not in str(caught.value) + str(caught.value.__cause__) + caplog.text


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("clickhouse://ann:s3cr3t@127.0.0.1:1/db", "No ClickHouse answers"),
        ("clickhouse://ann:s3cr3t@nowhere.invalid/db", "No ClickHouse answers"),
        ("clickhouse://ann:s3cr3t@{there}/default", "did not accept the user"),
        ("clickhouse://{there}/no_such_db", "There is no database"),
    ],
)
def test_why_there_is_no_connection_is_told_without_secrets(
    sales: str, url: str, message: str
) -> None:
    warehouse = open_warehouse(url.format(there=sales.partition("//")[2]))
    with pytest.raises(errors.WarehouseError, match=message) as caught:
        warehouse.run(governed("SELECT 1"), timeout_s=5)
    assert "s3cr3t" not in f"{caught.value} {warehouse.name} {warehouse.session}"
    warehouse.close()


def test_a_killed_server_is_told_and_asked_again_once_it_is_back(tmp_path: Path) -> None:
    with clickhouse_server(tmp_path) as url:
        said(url, "CREATE TABLE kept (id Int32) ENGINE = MergeTree ORDER BY id")
        said(url, "INSERT INTO kept VALUES (7)")
        warehouse = open_warehouse(url)
        assert warehouse.run(governed("SELECT id FROM default.kept"), timeout_s=20).rows == ((7,),)
        kill = lambda: os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)  # noqa: E731
        threading.Timer(0.5, kill).start()
        with pytest.raises(errors.WarehouseError):
            warehouse.run(governed(ENDLESS), timeout_s=30)
    with pytest.raises(errors.WarehouseNotFound):
        warehouse.ping()
    assert warehouse.data_version() == ""
    with clickhouse_server(tmp_path, int(url.rpartition(":")[2])):
        assert warehouse.run(governed("SELECT id FROM default.kept"), timeout_s=20).rows == ((7,),)
    warehouse.close()


def test_a_server_that_never_answers_is_hung_up(sales: str) -> None:
    """Neither the time limit nor the kill gets through to it."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        warehouse = open_warehouse(f"clickhouse://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(errors.WarehouseError):
            warehouse.run(governed("SELECT 1"), timeout_s=1)
        assert time.monotonic() - started < 10
        warehouse.close()


def test_closing_ends_what_runs(warehouse: ClickHouseWarehouse, sales: str) -> None:
    threading.Timer(0.5, warehouse.close).start()
    with pytest.raises(errors.WarehouseError):
        warehouse.run(governed(ENDLESS), timeout_s=60)
    warehouse.close()
    assert gone(sales)
    with pytest.raises(errors.WarehouseError):
        warehouse.run(governed("SELECT 1"), timeout_s=5)


# ---- the version of the data -------------------------------------------------------------------


def test_the_version_changes_with_the_data_and_with_nothing_else(tmp_path: Path) -> None:
    with clickhouse_server(tmp_path) as url:
        warehouse = open_warehouse(url)
        said(url, "CREATE TABLE t (id Int32) ENGINE = MergeTree ORDER BY id")
        said(url, "CREATE VIEW v AS SELECT * FROM t")
        seen = [warehouse.data_version()]
        assert warehouse.run(governed("SELECT 1"), timeout_s=20).data_version == seen[0] != ""
        for change in (
            "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)", "DELETE FROM t WHERE id = 1",
            "CREATE OR REPLACE VIEW v AS SELECT id + 1 AS id FROM t",
        ):  # fmt: skip
            said(url, change)
            seen.append(warehouse.data_version())
        assert len(set(seen)) == len(seen)
        said(url, "CREATE VIEW far AS SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a Int8')")
        assert warehouse.data_version() == ""
        said(url, "DROP VIEW far")
        said(url, "CREATE TABLE m (id Int32) ENGINE = Memory")
        assert warehouse.data_version() == ""
        warehouse.close()


# ---- a batch at a time -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "sizes"),
    [(9000, [2000] * 4 + [1000]), (4500, [2000, 2000, 500]), (4000, [2000, 2000, 0]), (3, [3])],
)
def test_rows_come_a_batch_at_a_time_and_the_last_tells_of_more(
    warehouse: ClickHouseWarehouse, limit: int, sizes: list[int]
) -> None:
    sql = f"{MANY} LIMIT {limit + 1}"  # as the guard writes it: one row more than is given
    found = list(warehouse.batches(governed(sql, limit=limit), timeout_s=60))
    assert [len(part.rows) for part in found] == sizes
    assert [part.truncated for part in found] == [False] * (len(sizes) - 1) + [limit < 9000]
    assert [row[0] for part in found for row in part.rows] == list(range(limit))
    (none,) = warehouse.batches(governed("SELECT 1 AS n WHERE 0"), timeout_s=20)
    assert ([c.name for c in none.columns], none.rows, none.truncated) == (["n"], (), False)


def test_who_stops_reading_ends_the_query(warehouse: ClickHouseWarehouse, sales: str) -> None:
    endless = governed("SELECT number AS n FROM numbers(1000000000000)", limit=10**12)
    for _ in range(2):
        reading = warehouse.batches(endless, timeout_s=60)
        assert len(next(reading).rows) == 2000
        reading.close()
        assert gone(sales)
    assert warehouse.run(governed("SELECT 7 AS n"), timeout_s=20).rows == ((7,),)


def test_batches_end_when_they_are_called_off_or_late(
    warehouse: ClickHouseWarehouse, sales: str
) -> None:
    endless = governed("SELECT number AS n FROM numbers(1000000000000)", limit=10**12)
    stop = threading.Event()
    reading = warehouse.batches(endless, timeout_s=60, stop=stop)
    next(reading)
    stop.set()
    with pytest.raises(errors.QueryCancelled):
        list(reading)
    with pytest.raises(errors.QueryTimeout):
        for _ in warehouse.batches(endless, timeout_s=0.5):
            pass
    assert gone(sales)


def test_a_large_result_streams_in_flat_memory(warehouse: ClickHouseWarehouse) -> None:
    import resource

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

    def read(rows: int) -> int:
        sql = f"SELECT number AS n, toString(number) AS t FROM numbers({rows})"
        parts = warehouse.batches(governed(sql, limit=10**9), timeout_s=120)
        return sum(len(part.rows) for part in parts)

    assert read(300_000) == 300_000
    before = peak()
    assert read(1_500_000) == 1_500_000  # in whole it would be some 200 MB
    assert peak() - before < 40


def test_a_fault_in_the_midst_of_a_stream_is_told(warehouse: ClickHouseWarehouse) -> None:
    late = governed("SELECT throwIf(number = 5000000) FROM numbers(10000000)", limit=10**9)
    with pytest.raises(errors.QueryFailed, match="can't take"):
        list(warehouse.batches(late, timeout_s=60))
    assert warehouse.run(governed("SELECT 7 AS n"), timeout_s=20).rows == ((7,),)


# ---- a user of little power --------------------------------------------------------------------

READER: dict[str, Any] = {
    "default": {"grants": ["GRANT ALL ON *.* WITH GRANT OPTION"]},
    "reader": {
        "password": "s3cr3t", "grants": ["GRANT SELECT ON default.*"],
        "settings": {**SETTINGS, "readonly": "1"},
    },
    "halved": {"grants": ["GRANT SELECT ON default.*"], "settings": {"readonly": "1"}},
    "two": {"grants": ["GRANT SELECT ON default.*"], "settings": {"readonly": "2"}},
}  # fmt: skip


def test_a_read_only_user_is_asked_under_the_settings_of_its_profile(tmp_path: Path) -> None:
    with clickhouse_server(tmp_path, users=READER) as url:
        said(url, "CREATE TABLE t (id Int32) ENGINE = MergeTree ORDER BY id")
        said(url, "CREATE DATABASE other")
        said(url, "CREATE TABLE other.t (id Int32) ENGINE = MergeTree ORDER BY id")
        place = url.partition("//")[2]
        for who in ("reader:s3cr3t", "two"):
            warehouse = open_warehouse(f"clickhouse://{who}@{place}/default")
            asked = "SELECT getSetting('join_use_nulls') AS x, count() AS n FROM default.t"
            assert warehouse.run(governed(asked), timeout_s=20).rows == ((True, 0),)
            with pytest.raises(errors.QueryFailed, match="own user may not read"):
                warehouse.run(governed("SELECT * FROM other.t"), timeout_s=20)
            with pytest.raises(errors.QueryTimeout):  # though it may set no limit itself
                warehouse.run(governed(ENDLESS), timeout_s=1)
            assert gone(url)
            warehouse.close()
        halved = open_warehouse(f"clickhouse://halved@{place}/default")
        with pytest.raises(errors.WarehouseError, match="does not let its user set") as caught:
            halved.run(governed("SELECT 1"), timeout_s=20)
        assert "clickhouse.md" in str(caught.value.hint)


# ---- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "http", "rest"),
    [
        ("clickhouse://h", "http://h:8123/", ["default", "", "default"]),
        ("clickhouses://h/shop", "https://h:8443/", ["default", "", "shop"]),
        ("clickhouse://h:9/shop?secure=true", "https://h:9/", ["default", "", "shop"]),
        (
            "clickhouse://a%40b:p%2Fw@[::1]:9/s%20p",  # pragma: allowlist secret
            "http://[::1]:9/",
            ["a@b", "p/w", "s p"],
        ),
    ],
)
def test_an_address_is_read_off_a_url(url: str, http: str, rest: list[str]) -> None:
    made = Address.of(url)
    assert (made.http, [made.user, made.password, made.database]) == (http, rest)
    assert "p/w" not in repr(made)


@pytest.mark.parametrize("url", ["clickhouse://h:x/d", "clickhouse://h/d?nonsense=1"])
def test_what_no_address_is_is_refused(url: str) -> None:
    with pytest.raises(errors.BadInput):
        open_warehouse(url)
