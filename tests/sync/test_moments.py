"""What happens in the wrong moment: killed between two steps, emptied or renamed meanwhile."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from datamind.adapters.sync import bringing, running, source
from datamind.adapters.sync.running import run_sync
from datamind.adapters.sync.tables import Choices, State
from datamind.adapters.sync.wanted import Wanted
from tests.sync.conftest import Pair

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

MOVING = "CREATE TABLE t (id int PRIMARY KEY, v int, updated_at timestamptz DEFAULT now())"
HOURLY = {"public.t": Choices(reconcile_minutes=60)}
ALL = "SELECT id, v FROM public.t"


class Killed(BaseException):
    """As a kill, for whoever does not ask."""


def equal(pair: Pair, sql: str = ALL) -> bool:
    theirs, ours = pair.rows(sql)
    return theirs == ours


def state(pair: Pair) -> State:
    return pair.clickhouse.states()["public.t"]


def test_a_copy_that_was_killed_once_readers_were_on_it_is_taken_back(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    pair.execute(f"{MOVING}; INSERT INTO t VALUES (1, 10)")
    pair.one()
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(bringing.Bringing, "_live", killed)
        pair.one(again=True)
    pair.execute("INSERT INTO t VALUES (2, 20)")
    assert pair.one().equal and equal(pair)
    tables = pair.clickhouse.rows(
        "SELECT count() FROM system.tables WHERE database = 'datamind_sync' AND name LIKE 'public%'"
    )
    assert tables == [(1,)] and list(pair.clickhouse.states()) == ["public.t"]


def test_deletes_are_seen_in_the_time_that_was_chosen_though_nothing_is_written_since(
    pair: Pair,
) -> None:
    pair.execute(f"{MOVING}; INSERT INTO t VALUES (1, 10), (2, 20)")
    pair.one(choices=HOURLY)
    pair.execute("DELETE FROM t WHERE id = 1")
    assert pair.one(choices=HOURLY).equal is None  # not yet
    assert not equal(pair)
    an_hour_ago = state(pair).verified_at
    assert an_hour_ago is not None
    earlier = an_hour_ago - dt.timedelta(hours=1)
    pair.clickhouse.keep("public.t", replace(state(pair), verified_at=earlier))
    assert pair.one(choices=HOURLY).deleted == 1 and equal(pair)
    assert pair.one(choices=HOURLY).outcome == "unchanged"


def test_what_was_empty_at_first_is_read_as_soon_as_something_is_in_it(pair: Pair) -> None:
    pair.execute(MOVING)
    pair.one(choices=HOURLY)
    pair.execute("INSERT INTO t VALUES (1, 10, now() - interval '1 year')")
    assert pair.one(choices=HOURLY).equal and equal(pair)


def test_what_was_open_at_the_snapshot_is_read_the_next_time(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bringing, "OVERLAP_S", 0)
    pair.execute(f"{MOVING}; INSERT INTO t VALUES (1, 10)")
    with psycopg.connect(pair.postgres_url) as late:
        late.execute("INSERT INTO t VALUES (2, 20)")
        pair.execute("INSERT INTO t VALUES (3, 30)")
        pair.one(choices=HOURLY, progress=lambda *_: late.commit())
    assert not equal(pair)
    pair.execute("INSERT INTO t VALUES (4, 40)")
    pair.one(choices=HOURLY)
    assert equal(pair)


def test_rows_of_tables_that_inherit_are_rows_of_it(pair: Pair) -> None:
    pair.execute(f"{MOVING}; CREATE TABLE more () INHERITS (t); INSERT INTO more VALUES (1, 10)")
    pair.sync(tables=["public.t"])
    pair.execute("INSERT INTO more VALUES (2, 20)")
    (report,) = pair.sync(tables=["public.t"]).tables
    assert (report.outcome, report.equal) == ("updated", True) and equal(pair)


@pytest.mark.parametrize("how", ["TRUNCATE t; INSERT INTO t VALUES (7, 70)",
                                 "ALTER TABLE t ALTER v TYPE bigint"])  # fmt: skip
def test_a_table_that_is_emptied_or_rewritten_meanwhile_is_stopped_and_loses_nothing(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    pair.execute(f"{MOVING}; INSERT INTO t VALUES (1, 10), (2, 20)")
    pair.one()
    pair.execute("INSERT INTO t VALUES (3, 30)")
    synced = running._synced

    def emptied(*given: Any) -> Any:
        with psycopg.connect(pair.postgres_url) as other:
            other.execute(how.encode())
        return synced(*given)

    with monkeypatch.context() as patched:
        patched.setattr(running, "_synced", emptied)
        report = pair.one()
    assert (report.outcome, "emptied or rewritten" in report.reason) == ("stopped", True), report
    assert sorted(pair.clickhouse.rows(ALL)) == [(1, 10), (2, 20)]
    assert state(pair).status == "stopped"
    assert pair.one().equal and equal(pair)


def test_another_name_of_a_value_is_followed_though_no_row_was_written(pair: Pair) -> None:
    pair.execute(
        "DROP TYPE IF EXISTS step; CREATE TYPE step AS ENUM ('new', 'done');"
        "CREATE TABLE t (id int PRIMARY KEY, v step, w step[])"
    )
    pair.execute("INSERT INTO t VALUES (1, 'done', '{done}')")
    pair.one()
    pair.execute("ALTER TYPE step RENAME VALUE 'done' TO 'finished'")
    assert pair.one().equal and pair.clickhouse.rows(ALL) == [(1, "finished")]


@pytest.mark.parametrize(
    "change",
    ["RENAME COLUMN v TO w", "DROP COLUMN v", "ADD COLUMN w int DEFAULT 1",
     "ALTER COLUMN v TYPE bigint"],
)  # fmt: skip
def test_a_change_of_shape_is_seen_at_once(pair: Pair, change: str) -> None:
    pair.execute(MOVING)
    with source.opened(pair.postgres_url) as there:
        before = there.seen()["public.t"]
        assert there.seen()["public.t"] == before
        pair.execute(f"ALTER TABLE t {change}")
        after = there.seen()["public.t"]
    assert after.mark != before.mark and after.shape != before.shape


def test_what_row_security_hides_from_the_role_that_looks_is_told(pair: Pair) -> None:
    pair.execute(f"{MOVING}; DROP ROLE IF EXISTS looks; CREATE ROLE looks LOGIN")
    pair.execute("GRANT USAGE ON SCHEMA public TO looks; GRANT SELECT ON t TO looks")
    pair.execute("ALTER TABLE t ENABLE ROW LEVEL SECURITY")
    pair.one()  # by its owner
    url = psycopg.conninfo.make_conninfo(pair.postgres_url, user="looks")
    with source.opened(url) as there:
        assert there.seen()["public.t"].secured
    with source.opened(pair.postgres_url) as there:
        assert not there.seen()["public.t"].secured
    pair.execute("DROP OWNED BY looks; DROP ROLE looks")


def test_what_is_committed_late_is_waited_for_though_no_newer_transaction_came(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL counts what a session wrote some seconds after its commit."""
    waited: list[float] = []
    monkeypatch.setattr("datamind.adapters.sync.running.time.sleep", waited.append)
    wanted = Wanted(pair.postgres_url, pair.clickhouse_url, settle_s=11)
    pair.execute(f"{MOVING}; INSERT INTO t VALUES (1, 10)")
    with psycopg.connect(pair.postgres_url) as late:
        late.execute("INSERT INTO t VALUES (2, 20)")
        pair.execute("INSERT INTO t VALUES (3, 30)")
        run_sync(wanted)
        waited.clear()
        late.commit()
        run_sync(wanted)
    assert waited == [11]
