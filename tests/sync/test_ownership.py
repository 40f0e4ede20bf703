"""Nothing in ClickHouse is replaced or dropped but what is known to be a copy of this database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from datamind.adapters.sync.job import report_record
from datamind.adapters.sync.running import plan_sync, remove, run_sync
from datamind.adapters.sync.tables import Aggregate, State, SyncReport
from datamind.adapters.sync.wanted import Unfound, Wanted
from datamind.errors import SyncFailed
from tests.sync.conftest import Pair

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

TWO = (
    "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);"
    "CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u VALUES (1)"
)
FOREIGN = {
    "table": "CREATE TABLE public.t ENGINE = MergeTree ORDER BY tuple() AS SELECT 7 AS x",
    "view": "CREATE VIEW public.t AS SELECT 7 AS x",
}


def outcomes(report: SyncReport) -> dict[str, str]:
    return {table.table: table.outcome for table in report.tables}


def bases(pair: Pair) -> list[str]:
    found = pair.clickhouse.rows("SHOW TABLES FROM datamind_sync")
    return sorted(name for (name,) in found if name != "state")


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_no_sync_made_stops_its_table_alone_and_stays(pair: Pair, kind: str) -> None:
    pair.execute(TWO)
    pair.clickhouse.run("CREATE DATABASE IF NOT EXISTS public")
    pair.clickhouse.run(FOREIGN[kind])
    planned, _ = pair.plan().tables
    assert (planned.stops, planned.plan) == (True, None)
    assert planned.why == f"ClickHouse has a {kind} public.t that no sync made."
    assert "skip: true" in planned.hint
    stopped, synced = pair.sync().tables
    assert (stopped.outcome, stopped.reason, stopped.hint) == ("stopped", planned.why, planned.hint)
    assert synced.equal and list(pair.clickhouse.states()) == ["public.u"]
    assert pair.clickhouse.rows("SELECT x FROM public.t") == [(7,)]
    pair.clickhouse.run("DROP TABLE public.t")
    assert pair.sync().ok


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_took_the_place_of_our_view_stays_too(pair: Pair, kind: str) -> None:
    """Whether it came between two syncs or in the midst of one, and when all copies go."""

    def taken(*_: object) -> None:
        pair.clickhouse.run("DROP TABLE IF EXISTS public.t")
        pair.clickhouse.run(FOREIGN[kind])

    pair.execute(TWO)
    pair.sync()
    (report,) = pair.sync(tables=["public.t"], again=True, progress=taken).tables
    assert report.outcome == "stopped" and "no sync made" in report.reason
    pair.execute("INSERT INTO t VALUES (2)")
    assert outcomes(pair.sync()) == {"public.t": "stopped", "public.u": "unchanged"}
    assert pair.clickhouse.states()["public.t"].status == "stopped"
    assert remove(pair.clickhouse_url) == ["public.t", "public.u"]
    assert bases(pair) == [] and pair.clickhouse.rows("SELECT x FROM public.t") == [(7,)]
    pair.clickhouse.run("DROP TABLE public.t")


def test_what_is_materialized_replaces_nothing_of_others(pair: Pair) -> None:
    pair.execute(TWO)
    pair.clickhouse.run("CREATE DATABASE IF NOT EXISTS aggregates")
    pair.clickhouse.run(FOREIGN["table"].replace("public.t", "aggregates.theirs"))
    made = [Aggregate("theirs", "SELECT count() AS n FROM public.t")]
    for ask in (pair.plan, pair.sync):
        with pytest.raises(SyncFailed, match=r"aggregates\.theirs that no sync made"):
            ask(aggregates=made)
    assert pair.clickhouse.rows("SELECT x FROM aggregates.theirs") == [(7,)]
    pair.clickhouse.run("DROP DATABASE aggregates")


def test_two_databases_share_a_clickhouse_and_leave_each_others_copies_alone(
    pair: Pair, new_postgres_url: str
) -> None:
    pair.execute(TWO)
    pair.sync()
    with psycopg.connect(new_postgres_url) as other:
        other.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (9)")
        other.execute("CREATE TABLE theirs (id int PRIMARY KEY)")
    theirs = Wanted(new_postgres_url, pair.clickhouse_url, settle_s=0)
    plan = plan_sync(theirs)
    assert [(p.table.id, p.stops) for p in plan.tables] == [
        ("public.t", True), ("public.theirs", False)
    ]  # fmt: skip
    assert plan.unfound == ()
    report = run_sync(theirs)
    assert outcomes(report) == {"public.t": "stopped", "public.theirs": "copied"}
    assert "as a copy of another database" in report.tables[0].reason
    assert "--take-over" in report.tables[0].hint
    assert outcomes(pair.sync()) == {"public.t": "unchanged", "public.u": "unchanged"}
    assert pair.clickhouse.rows("SELECT id FROM public.t") == [(1,)]
    assert outcomes(run_sync(replace(theirs, take_over=True)))["public.t"] == "updated"
    assert pair.clickhouse.rows("SELECT id FROM public.t") == [(9,)]
    assert outcomes(pair.sync()) == {"public.t": "stopped", "public.u": "unchanged"}


def test_a_role_that_sees_fewer_tables_drops_what_is_gone_and_nothing_that_it_may_not_read(
    pair: Pair,
) -> None:
    pair.execute(f"{TWO}; CREATE TABLE gone (id int PRIMARY KEY)")
    pair.sync()
    pair.execute("DROP ROLE IF EXISTS few; CREATE ROLE few LOGIN; DROP TABLE gone")
    pair.execute("GRANT USAGE ON SCHEMA public TO few; GRANT SELECT ON t TO few")
    url = make_conninfo(pair.postgres_url, user="few")
    wanted = Wanted(url, pair.clickhouse_url, settle_s=0)
    assert plan_sync(wanted).unfound == (
        Unfound("public.gone", "it is no more in PostgreSQL", dropped=True),
        Unfound("public.u", "this role may not read it any more"),
    )
    report = run_sync(wanted)
    record: Any = report_record(report)
    told = {table["table"]: (table["outcome"], table["reason"]) for table in record["tables"]}
    assert told == {
        "public.t": ("unchanged", ""),
        "public.gone": ("dropped", "it is no more in PostgreSQL"),
        "public.u": (
            "left out", "this role may not read it any more: its copy stays as it is"
        ),
    }  # fmt: skip
    assert report.ok and pair.clickhouse.rows("SHOW TABLES FROM public") == [("t",), ("u",)]
    assert outcomes(pair.sync()) == {"public.t": "unchanged", "public.u": "unchanged"}
    pair.execute("DROP OWNED BY few; DROP ROLE few")


def test_a_copy_of_an_earlier_version_is_adopted_when_it_is_synced_and_never_dropped(
    pair: Pair,
) -> None:
    """Its state does not say of which database it is."""
    pair.execute(TWO)
    pair.sync()
    for name, state in pair.clickhouse.states().items():
        pair.clickhouse.keep(name, replace(state, source=""))
    pair.execute("DROP TABLE u")
    report = pair.sync()
    assert outcomes(report) == {"public.t": "updated", "public.u": "left out"}
    assert "not known whether it is a copy of this database" in report.tables[1].reason
    assert pair.clickhouse.rows("SELECT id FROM public.u") == [(1,)]
    states = pair.clickhouse.states()
    assert states["public.t"].source and not states["public.u"].source


def test_what_killed_syncs_left_is_cleared_away_and_nothing_else(pair: Pair) -> None:
    pair.execute(TWO)
    pair.sync()
    mine = [state.base for state in pair.clickhouse.states().values()]
    theirs = State("public.x", "live", "public_x__5_1", 1, 5, (), (), None, source="9/9/other")
    pair.clickhouse.keep("public.x", theirs)
    left = ["public_t__1_1", "public_t__1_1__stage", f"{mine[0]}__stage"]
    kept = [theirs.base, f"{theirs.base}__stage", "read__1_1", "aggregate_of__1_1", "notes"]
    for name in (*left, *kept):
        pair.clickhouse.run(f"CREATE TABLE datamind_sync.{name} (x Int8) ENGINE = Memory")
    pair.clickhouse.run("CREATE VIEW public.reader AS SELECT x FROM datamind_sync.read__1_1")
    assert pair.sync().ok
    assert bases(pair) == sorted([*mine, *kept])
    pair.clickhouse.run("DROP VIEW public.reader")
    for name in kept:
        pair.clickhouse.run(f"DROP TABLE datamind_sync.{name}")
