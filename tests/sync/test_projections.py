"""Projections: ClickHouse takes them by itself, and the rows are the same with and without."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time

import pytest

from datamind.adapters.sync import showing, target
from datamind.adapters.sync.overrides import choices_of
from datamind.adapters.sync.tables import Choices, TableReport
from datamind.semantics.compiler.clickhouse import SETTINGS
from tests.sync.conftest import Pair

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

ROWS = 60_000
LINES = f"""
CREATE TABLE lines (
    id int PRIMARY KEY, channel text NOT NULL, region text, buyer int NOT NULL, day date NOT NULL,
    amount numeric(10, 2) NOT NULL
);
INSERT INTO lines SELECT i, 'c' || i % 7, CASE WHEN i % 5 > 0 THEN 'r' || i % 5 END,
    i * 7919 % 50000, date '2024-01-01' + i % 300, i % 997 FROM generate_series(1, {ROWS}) i;
ANALYZE
"""
CHOSEN = choices_of(
    {
        "materialized": {"by_channel": {
            "group_by": ["channel", "region", "day"],
            "measures": ["sum(amount)", "count(*)", "max(amount)"],
        }},
        "filtered_by": ["buyer"],
    },
    "public.lines",
)  # fmt: skip
# (what is asked, what serves it)
QUERIES = (
    ("SELECT channel, sum(amount), count(*) FROM public.lines GROUP BY channel", "by_channel"),
    (
        "SELECT region, max(amount) FROM public.lines WHERE channel = 'c3' GROUP BY region",
        "by_channel",
    ),
    (
        (
            "SELECT CASE WHEN count(*) > 0 THEN sum(amount) END AS total FROM public.lines"
            " WHERE channel = 'c3'"
        ),  # as a total without groups is asked for
        "by_channel",
    ),
    (
        (
            "SELECT date_trunc('month', day)::date AS month, sum(amount) FROM public.lines"
            " WHERE day >= '2024-03-01' GROUP BY 1"
        ),
        "by_channel",
    ),
    (
        (
            "SELECT channel, sum(amount) FROM (SELECT channel, amount FROM public.lines"
            " WHERE region = 'r2') AS l GROUP BY channel"
        ),  # as a row policy narrows it
        "by_channel",
    ),
    ("SELECT sum(amount), count(*) FROM public.lines WHERE buyer = 4711", "index_buyer"),
    ("SELECT count(DISTINCT buyer), sum(amount) FROM public.lines", ""),
)
CHANGES = (
    """
    INSERT INTO lines SELECT i + 500000, 'new', NULL, i, '2024-02-02', 5
        FROM generate_series(1, 500) i;
    UPDATE lines SET amount = amount + 1, channel = 'c0' WHERE id % 50 = 3;
    DELETE FROM lines WHERE id % 40 = 1
    """,
    "ALTER TABLE lines ALTER COLUMN amount TYPE numeric(20, 2)",
)


def synced(pair: Pair, choices: Choices = CHOSEN) -> TableReport:
    report = pair.one(choices={"public.lines": choices})
    assert (report.equal, report.reason) == (True, ""), report
    return report


def used(pair: Pair, sql: str) -> str:
    """The shortcut that ClickHouse says it takes in a session like ours."""
    ours = ", ".join(f"{name} = '{value}'" for name, value in SETTINGS.items())
    asked = f"EXPLAIN projections=1, indexes=1 {sql} SETTINGS {ours}"
    plan = "".join(str(r) for r in pair.clickhouse.rows(asked))
    return next((name for name in ("by_channel", "index_buyer") if f"{name}__" in plan), "")


def agreed(pair: Pair, *, served: bool = True) -> None:
    for sql, by in QUERIES:
        theirs, ours = (sorted([*map(str, row)] for row in rows) for rows in pair.rows(plain(sql)))
        assert theirs == ours, sql
        assert used(pair, sql) == (by if served else ""), sql


def plain(sql: str) -> str:
    """Numbers are written alike by both."""
    return re.sub(r"(sum|max)\((amount)\)", r"cast(\1(\2) AS bigint)", sql)


def test_clickhouse_takes_them_by_itself_and_the_rows_stay_the_same(pair: Pair) -> None:
    pair.execute(LINES)
    synced(pair)
    agreed(pair)
    for change in CHANGES:
        pair.execute(change)
        synced(pair)
        agreed(pair)
    refused = choices_of({"materialized": {"by_channel": False}, "filtered_by": []}, "public.lines")
    synced(pair, refused)
    agreed(pair, served=False)
    pair.execute("ALTER TABLE lines DROP COLUMN region")
    assert "which the table has not" in pair.one(choices={"public.lines": CHOSEN}).reason


def test_no_reader_sees_a_row_twice_while_rows_are_replaced(pair: Pair) -> None:
    pair.execute(LINES)
    synced(pair)
    counts = (
        "SELECT count(*) FROM public.lines WHERE channel >= ''",
        "SELECT count(*) FROM public.lines WHERE amount * 2 >= 0",
    )
    assert [used(pair, sql) for sql in counts] == ["by_channel", ""]
    seen: set[int] = set()
    ended = threading.Event()

    def read(sql: str) -> None:
        with target.opened(pair.clickhouse_url) as mine:
            while not ended.is_set():
                seen.add(mine.rows(sql)[0][0])

    readers = [threading.Thread(target=read, args=(sql,)) for sql in counts]
    for reader in readers:
        reader.start()
    for n in range(2):
        pair.execute(f"UPDATE lines SET amount = {n} WHERE id % {60 + n} = 0")
        synced(pair)
    ended.set()
    for reader in readers:
        reader.join()
    assert seen == {ROWS}


def test_a_reader_that_does_not_end_stops_the_table_and_is_not_lied_to(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.execute(LINES)
    synced(pair)
    monkeypatch.setattr(showing, "READERS_S", 0.5)
    monkeypatch.setattr(target.Target, "readers", lambda *_: 1)
    pair.execute("UPDATE lines SET amount = -1 WHERE id = 1")
    report = pair.one(choices={"public.lines": CHOSEN})
    assert report.outcome == "stopped" and "does not end" in report.reason
    monkeypatch.undo()
    synced(pair)
    agreed(pair)


def test_killed_at_any_moment_the_next_sync_mends_it(pair: Pair) -> None:
    pair.execute(LINES)
    synced(pair)
    script = (
        "import sys; from datamind.adapters.sync.running import run_sync;"
        "from datamind.adapters.sync.wanted import Wanted;"
        "from tests.sync.test_projections import CHOSEN;"
        "print('up', flush=True);"
        "run_sync(Wanted(*sys.argv[1:], settle_s=0, choices={'public.lines': CHOSEN}))"
    )
    for n, wait_s in enumerate((0.2, 0.6, 1.2)):
        pair.execute(f"UPDATE lines SET amount = {n} WHERE id % {70 + n} = 0")
        words = [sys.executable, "-c", script, pair.postgres_url, pair.clickhouse_url]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stdout.readline()
            time.sleep(wait_s)
            process.kill()
        assert pair.clickhouse.rows("SELECT count(*) FROM public.lines") == [(ROWS,)]
    synced(pair)
    agreed(pair)
