"""Copies are equal to what they were copied from, whatever happened on the way."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from datamind.adapters.sync import source
from datamind.adapters.sync.running import run_sync
from datamind.adapters.sync.tables import Aggregate, Choices
from datamind.adapters.sync.target import opened
from datamind.adapters.sync.wanted import Wanted
from datamind.errors import Conflict
from tests.sync.conftest import Pair

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

EVERY_TYPE = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN share AS numeric(10, 3) CHECK (value >= 0);
CREATE TABLE everything (
    id bigint PRIMARY KEY, small smallint, t text, amount numeric(12, 2), free numeric,
    at timestamptz, local timestamp(3), d date, b boolean, u uuid, j jsonb,
    words text[] NOT NULL DEFAULT '{}', numbers int[], days date[] NOT NULL DEFAULT '{}',
    f8 double precision, f4 real, m mood, p share, bytes bytea, c char(5), ti time, iv interval
);
INSERT INTO everything (id) VALUES (2);
INSERT INTO everything (id, small, t, amount, free, at, local, d, b)
    VALUES (-9223372036854775808, 0, '', 0, 0, 'epoch', 'epoch', '2299-12-31', false);
INSERT INTO everything VALUES
    (1, -7, E'tab\\t line\\n back\\\\ quote'' "', 12.50, 1.0625, '2024-02-29 23:59:59.999999+02',
     '1969-12-31 23:59:59.5', '1900-01-01', true, gen_random_uuid(), '{"a": [1, null]}',
     ARRAY['a''b', 'c\\d"', NULL, E'e\\tf', '', 'é,[]'], '{1,NULL}', '{2024-01-01,NULL}',
     'NaN', '-0', 'ok', 0.125, '\\x00ff', 'ab', '10:00', '1 day')
"""


def test_every_type_is_kept(pair: Pair) -> None:
    pair.execute(EVERY_TYPE)
    report = pair.one()
    assert (report.outcome, report.rows, report.equal) == ("copied", 3, True)
    found = pair.clickhouse.rows(
        "SELECT t, toString(amount), toString(free), toUnixTimestamp64Micro(at), words, numbers,"
        " days, isNaN(f8), m, toString(p), bytes FROM public.everything WHERE id = 1"
    )
    assert found == [(
        "tab\t line\n back\\ quote' \"", "12.5", "1.0625", 1709243999999999,
        ["a'b", 'c\\d"', None, "e\tf", "", "é,[]"], "[1,null]", ["2024-01-01", None], 1, "ok",
        "0.125", "00ff",
    )]  # fmt: skip
    (empty,) = pair.clickhouse.rows("SELECT * FROM public.everything WHERE id = 2")
    assert [v for v in empty if v is not None] == [2, [], []]


def test_random_changes_and_three_kills_end_in_equality(pair: Pair) -> None:
    """Inserts, updates with and without a watermark, deletes and late commits, between syncs that
    are killed in their midst."""
    chance = random.Random(7)
    pair.execute(
        "CREATE TABLE lines (id int PRIMARY KEY, region text, amount numeric(10, 2) NOT NULL,"
        " updated_at timestamptz NOT NULL DEFAULT now());"
        "CREATE TABLE codes (code text, day date, n int, PRIMARY KEY (code, day));"
        "CREATE TABLE loose (a int, b text)"
    )
    pair.execute(
        "INSERT INTO lines SELECT i, 'r' || i % 9, i % 1000 FROM generate_series(1, 40000) i;"
        "INSERT INTO codes SELECT 'k' || i, date '2020-01-01' + i % 900, i"
        " FROM generate_series(1, 5000) i; INSERT INTO loose SELECT i % 5, 'x'"
        " FROM generate_series(1, 500) i; ANALYZE"
    )
    with psycopg.connect(pair.postgres_url) as late:
        for round_ in range(3):
            late.execute(
                "UPDATE lines SET amount = -1, updated_at = now() - interval '1 hour'"
                " WHERE id %% 4001 = %s", (round_,)
            )  # fmt: skip
            assert killed_after(pair, 4000) == -signal.SIGKILL
            late.commit()
            late.execute("SELECT pg_stat_force_next_flush()")
            late.commit()
            change(pair, chance)
    assert pair.sync(rows_a_range=500).ok
    assert_equal(pair)
    for _ in range(3):
        change(pair, chance)
        report = pair.sync(rows_a_range=500)
        assert [t.reason for t in report.tables if t.outcome == "stopped"] == []
        assert_equal(pair)


def change(pair: Pair, chance: random.Random) -> None:
    low = chance.randrange(35000)
    added = (
        f"INSERT INTO lines SELECT i, 'new', 1 FROM generate_series({50000 + low}, {50050 + low}) i"
        " ON CONFLICT DO NOTHING"
    )
    for sql in (
        added,
        f"DELETE FROM lines WHERE id BETWEEN {low} AND {low + chance.randrange(300)}",
        f"DELETE FROM lines WHERE id % {chance.randrange(900, 2000)} = 1",
        f"UPDATE lines SET amount = {chance.randrange(99)} WHERE id % {low + 700} = 3",
        f"UPDATE lines SET region = NULL, updated_at = now() WHERE id % {low + 500} = 5",
        f"DELETE FROM codes WHERE n % {chance.randrange(50, 99)} = 0",
        f"UPDATE codes SET day = day + 1000 WHERE n % {chance.randrange(50, 99)} = 1",
        "INSERT INTO loose VALUES (1, NULL), (1, NULL)",
    ):
        pair.execute(sql)


def assert_equal(pair: Pair) -> None:
    for sql in (
        "SELECT id, region, cast(amount AS int), count(*) FROM public.lines GROUP BY 1, 2, 3",
        "SELECT code, cast(day AS varchar), n, count(*) FROM public.codes GROUP BY 1, 2, 3",
        "SELECT a, b, count(*) FROM public.loose GROUP BY 1, 2",
    ):
        theirs, ours = pair.rows(sql)
        assert theirs == ours


def test_rows_are_told_of_tables_that_were_never_analyzed(pair: Pair) -> None:
    """The few are counted, the many estimated."""
    pair.execute("CREATE TABLE empty (id int PRIMARY KEY)")
    pair.execute("CREATE TABLE few AS SELECT generate_series(1, 7) AS id")
    pair.execute("CREATE TABLE many AS SELECT generate_series(1, 50000) AS id, 'x' AS t")
    pair.execute("CREATE MATERIALIZED VIEW unfilled AS SELECT * FROM many WITH NO DATA")
    pair.execute("CREATE TABLE parted (id int) PARTITION BY RANGE (id)")
    pair.execute("CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (100)")
    pair.execute("INSERT INTO parted SELECT generate_series(1, 99)")
    with source.opened(pair.postgres_url) as made:
        rows = {t.name: t.rows for t in made.tables()}
    assert 20_000 < rows.pop("many") < 125_000
    assert rows == {"empty": 0, "few": 7, "unfilled": 0, "parted": 99}


def killed_after(pair: Pair, rows: int) -> int:
    """A sync of its own process, slowed down, and killed once so many more rows are there; how it
    ended."""
    before = stored(pair)
    script = (
        "import sys, time; from datamind.adapters.sync.running import run_sync;"
        "from datamind.adapters.sync.wanted import Wanted;"
        "run_sync(Wanted(*sys.argv[1:], rows_a_range=100, settle_s=0,"
        " progress=lambda *_: time.sleep(0.1)))"
    )
    words = [sys.executable, "-c", script, pair.postgres_url, pair.clickhouse_url]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and stored(pair) < before + rows:
            time.sleep(0.01)
        process.kill()
        return process.wait()


def stored(pair: Pair) -> int:
    found = pair.clickhouse.rows(
        "SELECT coalesce(sum(rows), 0) FROM system.parts WHERE active"
        " AND database = 'datamind_sync' AND table LIKE 'public_lines%'"
    )
    return int(found[0][0])


DRIFTS: tuple[tuple[str, str, str], ...] = (
    ("ADD COLUMN extra int DEFAULT 5", "updated", "extra was added"),
    ("RENAME COLUMN name TO title", "updated", "name is called title"),
    ("DROP COLUMN day", "updated", "day is no more"),
    ("ALTER COLUMN n TYPE bigint", "updated", "n became bigint"),
    ("ALTER COLUMN amount TYPE numeric(20, 2)", "updated", "amount became"),
    ("ALTER COLUMN amount TYPE numeric(20, 4)", "copied", "the type of amount"),
    ("ALTER COLUMN n TYPE text", "copied", "the type of n"),
    ("ALTER COLUMN id TYPE bigint", "copied", "the type of id"),
    ("DROP CONSTRAINT t_pkey", "copied", "its key is another one"),
)


@pytest.mark.parametrize(("change", "outcome", "told"), DRIFTS)
def test_a_table_that_changes_its_shape_is_followed(
    pair: Pair, change: str, outcome: str, told: str
) -> None:
    pair.execute(
        "CREATE TABLE t (id int CONSTRAINT t_pkey PRIMARY KEY, name text, n int, day date,"
        " amount numeric(10, 2)); INSERT INTO t SELECT i, 'n' || i, i, '2024-01-01', i"
        " FROM generate_series(1, 300) i"
    )
    pair.one()
    pair.execute(f"ALTER TABLE t {change}; UPDATE t SET amount = 7.5 WHERE id = 5")
    report = pair.one()
    assert (report.outcome, report.equal) == (outcome, True), report
    assert any(line.startswith(told) for line in report.drift), report.drift
    names = [c[0] for c in pair.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0"
        " AND NOT attisdropped ORDER BY attnum"
    )]  # fmt: skip
    assert [c[0] for c in pair.clickhouse.rows("DESCRIBE public.t")] == names
    again = pair.one(check=True)
    assert again.equal and not again.drift


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("numeric", "'NaN'", "NaN"),
        ("numeric(10, 2)", "'NaN'", "(column v)"),
        ("date", "'infinity'", "(column v)"),
        ("int[] NOT NULL", "'{{1},{2}}'", ": v"),
    ],
)
def test_what_clickhouse_can_not_hold_stops_its_table_alone(
    pair: Pair, column: str, value: str, why: str
) -> None:
    pair.execute(
        f"CREATE TABLE bad (id int PRIMARY KEY, v {column}); INSERT INTO bad VALUES (1, {value});"
        "CREATE TABLE good (id int PRIMARY KEY); INSERT INTO good VALUES (1)"
    )
    bad, good = pair.sync().tables
    assert bad.outcome == "stopped"
    assert why in bad.reason and "skip: true" in bad.hint
    assert (good.outcome, good.equal) == ("copied", True)


def test_a_table_that_is_left_out_by_choice_stops_no_sync(pair: Pair) -> None:
    """As the hint of one that stops has it; its copy is read no more."""
    pair.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    pair.one()
    report = pair.sync(choices={"public.t": Choices(skip=True)})
    assert report.ok and [t.outcome for t in report.tables] == ["left out"]
    assert pair.clickhouse.states()["public.t"].status == "stopped"


def test_a_value_that_outgrew_its_type_is_seen_and_copying_anew_mends_it(pair: Pair) -> None:
    pair.execute("CREATE TABLE t (id int PRIMARY KEY, v numeric); INSERT INTO t VALUES (1, 1.5)")
    pair.one()
    pair.execute("INSERT INTO t VALUES (2, 0.123456789)")
    stopped = pair.one()
    assert stopped.outcome == "stopped"
    assert "v" in stopped.reason and "--again" in stopped.hint
    assert pair.one(again=True).equal
    assert pair.clickhouse.rows("SELECT toString(v) FROM public.t ORDER BY id") == [
        ("1.5",), ("0.123456789",)
    ]  # fmt: skip


def test_readers_never_fail_and_see_each_row_once_while_tables_change_places(pair: Pair) -> None:
    pair.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TABLE loose (v int);"
        "INSERT INTO t SELECT i, 0 FROM generate_series(1, 2000) i;"
        "INSERT INTO loose SELECT 0 FROM generate_series(1, 2000) i"
    )
    pair.sync()
    done, faults, reads = threading.Event(), [], 0

    def read() -> None:
        nonlocal reads
        with opened(pair.clickhouse_url) as reader:
            while not done.is_set():
                for sql in (
                    "SELECT count(), uniqExact(id) FROM public.t",
                    "SELECT count(), 2000 FROM public.loose",
                ):
                    try:
                        found = reader.rows(sql)
                    except Exception as fault:
                        faults.append(repr(fault))
                    else:
                        reads += 1
                        if found != [(2000, 2000)]:
                            faults.append(repr((sql, found)))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(3):
        pair.execute(f"UPDATE t SET v = {turn}; UPDATE loose SET v = {turn}")
        assert pair.sync(rows_a_range=200, again=turn == 1).ok
    done.set()
    for reader in readers:
        reader.join()
    assert faults == [] and reads > 10


def test_two_syncs_at_once_are_refused(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "GONE_S", 0.2)
    pair.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    other: list[object] = []

    def meanwhile(*_: object) -> None:
        with pytest.raises(Conflict):
            pair.sync()
        other.append(True)

    assert pair.one(progress=meanwhile).equal
    assert other


def test_the_lock_of_a_sync_that_was_killed_is_waited_for(pair: Pair) -> None:
    pair.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    with ExitStack() as killed:
        there = killed.enter_context(source.opened(pair.postgres_url))
        killed.enter_context(there.alone(pair.clickhouse.name))
        # As if it were busy at the moment when its client goes.
        ending = threading.Timer(0.7, there.connection.close)
        ending.start()
        assert pair.one().equal
        ending.join()


def test_a_copy_of_another_database_that_is_taken_over_is_compared_whole(pair: Pair) -> None:
    pair.execute("CREATE TABLE t (id int PRIMARY KEY, at timestamptz DEFAULT now(), x int)")
    pair.execute("INSERT INTO t VALUES (1, now(), 10), (2, now(), 20)")
    pair.sync()
    other = make_conninfo(pair.postgres_url, dbname="other_sales")
    pair.execute("DROP DATABASE IF EXISTS other_sales")
    pair.execute("CREATE DATABASE other_sales TEMPLATE template0")
    with psycopg.connect(other, autocommit=True) as theirs, source.opened(other) as there:
        theirs.execute("CREATE TABLE t (id int PRIMARY KEY, at timestamptz DEFAULT now(), x int)")
        theirs.execute("INSERT INTO t VALUES (1, now() - interval '9 days', 11)")
        (state,) = pair.clickhouse.states().values()
        assert state.source != there.identity()
        report = run_sync(Wanted(other, pair.clickhouse_url, settle_s=0, take_over=True))
        assert [t.equal for t in report.tables] == [True]
        (state,) = pair.clickhouse.states().values()
        assert state.source == there.identity()
    assert pair.clickhouse.rows("SELECT id, x FROM public.t") == [(1, 11)]
    pair.execute("DROP DATABASE other_sales")


def test_a_table_that_is_no_more_goes_and_all_can_be_taken_back(pair: Pair) -> None:
    pair.execute("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY)")
    pair.sync()
    pair.execute("DROP TABLE u")
    pair.sync()
    assert pair.clickhouse.rows("SHOW TABLES FROM public") == [("t",)]
    run = migrate(pair, "--remove", "--yes")
    assert json.loads(run.stdout) == {"status": "removed", "tables": ["public.t"]}
    assert pair.clickhouse.rows("SHOW TABLES FROM public") == []


def test_the_command_plans_copies_and_proves(pair: Pair) -> None:
    pair.execute(
        "CREATE TABLE t (id int PRIMARY KEY, d timestamptz, updated_at timestamptz);"
        "CREATE TABLE hidden (id int); INSERT INTO t SELECT i FROM generate_series(1, 100) i"
    )
    planned = json.loads(migrate(pair, "--plan").stdout)["tables"]
    assert [t["table"] for t in planned] == ["public.hidden", "public.t"]
    assert planned[1]["order_by"] == ["id"] and planned[1]["watermark"] == "updated_at"
    assert (
        pair.clickhouse.rows("SELECT name FROM datamind_sync.state FINAL WHERE state != ''") == []
    )
    done = json.loads(migrate(pair, "--tables", "public.t", "--yes").stdout)
    assert done["status"] == "equal" and done["tables"][0]["rows"] == 100
    none = migrate(pair, "--tables", "public.nothing", "--yes")
    assert none.returncode == 2 and json.loads(none.stdout)["error"]["code"] == "bad_input"


def migrate(pair: Pair, *words: str) -> subprocess.CompletedProcess[str]:
    ends = ("--from", pair.postgres_url, "--to", pair.clickhouse_url)
    command = [sys.executable, "-m", "datamind.cli", "migrate-warehouse", *ends, "--json", *words]
    env = {**os.environ, "CLICKHOUSE_SETTLE_SECONDS": "0"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def test_a_materialised_view_is_made_anew_of_what_was_synced(pair: Pair) -> None:
    wanted = [Aggregate("by_kind", "SELECT kind, count() AS n FROM public.t GROUP BY kind")]
    pair.execute("CREATE TABLE t (id int PRIMARY KEY, kind text); INSERT INTO t VALUES (1, 'a')")
    for rows in ([("a", 1)], [("a", 1), ("b", 1)]):
        pair.sync(aggregates=wanted)
        assert sorted(pair.clickhouse.rows("SELECT kind, n FROM aggregates.by_kind")) == rows
        pair.execute("INSERT INTO t VALUES (2, 'b') ON CONFLICT DO NOTHING")
