"""PostgreSQL as a warehouse: typed rows, read-only, stopped on the server, told plainly."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from datamind import errors
from datamind.adapters.warehouse import open_warehouse
from datamind.adapters.warehouse.postgres import PostgresWarehouse
from datamind.records import Governed, Scalar

from .conftest import governed as any_governed

MOMENT = dt.datetime(2026, 2, 27, 23, tzinfo=dt.UTC)
pytestmark = pytest.mark.postgres


def governed(sql: str, *parameters: Scalar, limit: int = 100) -> Governed:
    return any_governed(sql, *parameters, limit=limit, dialect="postgres")


@pytest.fixture
def warehouse(postgres_url: str) -> Iterator[PostgresWarehouse]:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("DROP TABLE IF EXISTS public.sales")
        admin.execute(
            "CREATE TABLE public.sales AS"
            " SELECT i AS id, i * 1.5 AS amount FROM generate_series(1, 1000) s(i)"
        )
    opened = open_warehouse(postgres_url)
    assert isinstance(opened, PostgresWarehouse)
    yield opened
    opened.close()
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("DROP TABLE public.sales")  # others ask this database too


def test_rows_come_typed_and_cut_at_the_limit(warehouse: PostgresWarehouse) -> None:
    sql = "SELECT id, amount FROM public.sales ORDER BY id"
    result = warehouse.run(governed(sql, limit=2), timeout_s=5)
    assert [(c.name, c.type) for c in result.columns] == [("id", "integer"), ("amount", "decimal")]
    assert result.rows == ((1, Decimal("1.5")), (2, Decimal("3.0")))
    assert result.truncated


@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        ("TIMESTAMPTZ '2026-02-28 01:00+02'", "timestamp", MOMENT),
        ("DATE '2026-02-28'", "date", dt.date(2026, 2, 28)),
        ("INTERVAL '3 days'", "interval", dt.timedelta(days=3)),
        ("true", "boolean", True),
        ("ARRAY[1, 2]", "other", "[1, 2]"),
        ("'{\"a\": 1}'::jsonb", "other", '{"a": 1}'),
        ("'{\"a\": 12345678901234567890.10}'::jsonb", "other", '{"a": 12345678901234567890.10}'),
        ("ARRAY['{\"a\": 1}'::json]", "other", '[{"a": 1}]'),
        ("ARRAY[1.10, NULL]::numeric[]", "other", '["1.10", null]'),
        ("ARRAY[TIMESTAMPTZ '2026-02-28 01:00+02']", "other", '["2026-02-27 23:00:00+00:00"]'),
        ("TIMESTAMP '2026-02-28 01:00'", "timestamp", MOMENT.replace(day=28, hour=1, tzinfo=None)),
        ("123456789012345678901234567890.123456789", "decimal",
         Decimal("123456789012345678901234567890.123456789")),
        ("'\\xAA'::bytea", "other", "aa"),
        ("NULL::numeric", "decimal", None),
    ],
)  # fmt: skip
def test_each_type_becomes_a_plain_value(
    warehouse: PostgresWarehouse, expression: str, kind: str, value: object
) -> None:
    result = warehouse.run(governed(f"SELECT {expression} AS x"), timeout_s=5)
    assert (result.columns[0].type, result.rows[0][0]) == (kind, value)


def test_parameters_are_bound_by_the_server(warehouse: PostgresWarehouse) -> None:
    result = warehouse.run(governed("SELECT $1::text || '!' AS x", "o'hara"), timeout_s=5)
    assert result.rows == (("o'hara!",),)


def test_the_estimate_is_the_plans(warehouse: PostgresWarehouse) -> None:
    with psycopg.connect(warehouse._url, autocommit=True) as admin:
        admin.execute("ANALYZE public.sales")
    sql = "SELECT count(*) FROM public.sales a, public.sales b"
    estimate = warehouse.estimate(governed(sql))
    assert estimate.rows is not None and estimate.rows >= 1e6


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM public.sales",
        "CREATE TABLE public.t (i int)",
        "COMMIT; DELETE FROM public.sales",
        "SET TRANSACTION READ WRITE",
    ],
)
def test_nothing_is_written_whatever_is_asked(warehouse: PostgresWarehouse, sql: str) -> None:
    with pytest.raises(errors.WarehouseError):
        warehouse.run(governed(sql), timeout_s=5)
    count = warehouse.run(governed("SELECT count(*) FROM public.sales"), timeout_s=5)
    assert count.rows == ((1000,),)


def test_unqualified_names_reach_built_in_things_only(warehouse: PostgresWarehouse) -> None:
    with pytest.raises(errors.QueryFailed):
        warehouse.run(governed("SELECT * FROM sales"), timeout_s=5)


def test_a_runaway_query_is_stopped_on_the_server(warehouse: PostgresWarehouse) -> None:
    started = time.monotonic()
    with pytest.raises(errors.QueryTimeout):
        warehouse.run(governed("SELECT pg_sleep(30) /* runaway */"), timeout_s=0.2)
    assert time.monotonic() - started < 10
    with psycopg.connect(warehouse._url) as admin:
        running = admin.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE query LIKE '%/* runaway */%' AND state = 'active' AND pid <> pg_backend_pid()"
        ).fetchone()
    assert running == (0,)
    assert warehouse.run(governed("SELECT 1"), timeout_s=5).rows == ((1,),)


def test_a_query_that_is_called_off_is_stopped_on_the_server(warehouse: PostgresWarehouse) -> None:
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    started = time.monotonic()
    with pytest.raises(errors.QueryCancelled):
        warehouse.run(governed("SELECT pg_sleep(30)"), timeout_s=20, stop=stop)
    assert time.monotonic() - started < 10
    assert warehouse.run(governed("SELECT 1"), timeout_s=5).rows == ((1,),)


def test_a_lost_connection_is_told_and_replaced(warehouse: PostgresWarehouse) -> None:
    warehouse.run(governed("SELECT 1"), timeout_s=5)
    (connection,) = warehouse._slots._all
    pid = connection.info.backend_pid
    with psycopg.connect(warehouse._url, autocommit=True) as admin:
        killer = threading.Timer(0.2, admin.execute, ["SELECT pg_terminate_backend(%s)", [pid]])
        killer.start()
        with pytest.raises(errors.WorkerLost):
            warehouse.run(governed("SELECT pg_sleep(20)"), timeout_s=20)
        killer.join()
    assert warehouse.run(governed("SELECT 1"), timeout_s=5).rows == ((1,),)


def test_a_connection_that_was_ended_while_idle_is_replaced_unseen(
    warehouse: PostgresWarehouse,
) -> None:
    warehouse.run(governed("SELECT 1"), timeout_s=5)
    (connection,) = warehouse._slots._all
    with psycopg.connect(warehouse._url, autocommit=True) as admin:
        pid = connection.info.backend_pid
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert warehouse.run(governed("SELECT 1"), timeout_s=5).rows == ((1,),)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'kwqzt-secret'::int",
        "SELECT 1 / 0",
        "SELECT nothing",
        "SELEC 1",
        "SELECT DATE 'infinity'",
    ],
)
def test_the_servers_own_words_are_not_repeated(warehouse: PostgresWarehouse, sql: str) -> None:
    with pytest.raises(errors.QueryFailed) as caught:
        warehouse.run(governed(sql), timeout_s=5)
    assert "kwqzt" not in str(caught.value) + str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("postgresql://ann:s3cr3t@127.0.0.1:1/db", errors.WarehouseNotFound),
        ("postgresql://ann:s3cr3t@nowhere.invalid:5432/db", errors.WarehouseNotFound),
    ],
)
def test_a_server_that_does_not_answer_is_not_found(
    url: str, kind: type[errors.WarehouseError]
) -> None:
    warehouse = open_warehouse(url)
    with pytest.raises(kind) as caught:
        warehouse.run(governed("SELECT 1"), timeout_s=5)
    told = f"{caught.value} {caught.value.__cause__} {warehouse.name}"
    assert "s3cr3t" not in told
    warehouse.close()


def test_a_database_that_is_not_there_is_not_found(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        present = connection.info.dbname
    warehouse = open_warehouse(postgres_url.replace(f"/{present}", "/no_such_db"))
    with pytest.raises(errors.WarehouseNotFound):
        warehouse.run(governed("SELECT 1"), timeout_s=5)


def test_closing_ends_the_connections(warehouse: PostgresWarehouse) -> None:
    warehouse.run(governed("SELECT 1"), timeout_s=5)
    (connection,) = warehouse._slots._all
    warehouse.close()
    warehouse.close()
    assert connection.closed
    with pytest.raises(errors.WarehouseError):
        warehouse.run(governed("SELECT 1"), timeout_s=5)


# ---- a batch at a time -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "sizes"),
    [(9000, [2000] * 4 + [1000]), (4500, [2000, 2000, 500]), (4000, [2000, 2000, 0]), (3, [3])],
)
def test_rows_come_a_batch_at_a_time_and_the_last_tells_of_more(
    warehouse: PostgresWarehouse, limit: int, sizes: list[int]
) -> None:
    # As the guard writes it: one row more than is given.
    sql = f"SELECT i AS id FROM generate_series(0, 8999) r(i) ORDER BY i LIMIT {limit + 1}"
    found = list(warehouse.batches(governed(sql, limit=limit), timeout_s=20))
    assert [len(part.rows) for part in found] == sizes
    assert [part.truncated for part in found] == [False] * (len(sizes) - 1) + [limit < 9000]
    assert [row[0] for part in found for row in part.rows] == list(range(limit))
    assert {part.columns[0].name for part in found} == {"id"}


@pytest.mark.slow
def test_a_large_result_streams_in_flat_memory(warehouse: PostgresWarehouse) -> None:
    import resource

    def read(rows: int) -> int:
        sql = f"SELECT i AS n, i::text AS t FROM generate_series(1, {rows}) AS r(i)"
        parts = warehouse.batches(governed(sql, limit=10**9), timeout_s=120)
        return sum(len(part.rows) for part in parts)

    assert read(200_000) == 200_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert read(1_000_000) == 1_000_000  # in whole it would be over 100 MB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 * 1024


def test_no_rows_are_one_batch_of_none(warehouse: PostgresWarehouse) -> None:
    (only,) = warehouse.batches(governed("SELECT 1 AS n WHERE false"), timeout_s=20)
    assert ([c.name for c in only.columns], only.rows, only.truncated) == (["n"], (), False)


def test_who_stops_reading_leaves_a_warehouse_that_answers(warehouse: PostgresWarehouse) -> None:
    many = governed("SELECT i AS id FROM generate_series(0, 8999) r(i)", limit=9000)
    for _ in range(2):
        reading = warehouse.batches(many, timeout_s=20)
        next(reading)
        reading.close()
    assert warehouse.run(governed("SELECT 7 AS n"), timeout_s=20).rows == ((7,),)


@pytest.mark.slow
def test_batches_end_when_they_are_called_off_or_late(warehouse: PostgresWarehouse) -> None:
    many, stop = (
        governed("SELECT i AS id FROM generate_series(0, 8999) r(i)", limit=9000),
        threading.Event(),
    )
    reading = warehouse.batches(many, timeout_s=20, stop=stop)
    next(reading)
    stop.set()
    with pytest.raises(errors.QueryCancelled):
        list(reading)
    assert warehouse.run(governed("SELECT 7 AS n"), timeout_s=20).rows == ((7,),)
    late = warehouse.batches(many, timeout_s=0.5)
    with pytest.raises(errors.QueryTimeout):  # on a busy machine the first batch may be late too
        next(late)
        time.sleep(0.7)
        list(late)
    assert warehouse.run(governed("SELECT 7 AS n"), timeout_s=20).rows == ((7,),)


def test_a_fault_of_the_statement_is_told_and_the_next_is_answered(
    warehouse: PostgresWarehouse,
) -> None:
    with pytest.raises(errors.QueryFailed):
        list(warehouse.batches(governed("SELECT nothing FROM public.sales"), timeout_s=20))
    assert warehouse.run(governed("SELECT 7 AS n"), timeout_s=20).rows == ((7,),)
