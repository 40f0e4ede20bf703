"""What a statement may cost: the guard itself until it refuses, or the engine if it does not."""

from __future__ import annotations

import cProfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
import yaml

from datamind import errors
from datamind.governance import check, govern
from datamind.governance.limits import MAX_BRANCHES, MAX_COLUMNS, MAX_QUERIES, MAX_SOURCES
from datamind.records import Dialect, Draft, Governed, Optimized
from datamind.semantics.catalog import Catalog, Column, Table, View

SCHEMA: dict[Dialect, str] = {"duckdb": "main", "postgres": "public", "clickhouse": "default"}
WIDE = 20


@cache
def view(dialect: Dialect) -> View:
    columns = tuple(Column("t", f"c{n}", "text") for n in range(WIDE - 1))
    table = Table("t", SCHEMA[dialect], "t", (Column("t", "n", "integer"), *columns))
    return View(Catalog("1", dialect, SCHEMA[dialect], (table,)))


def guarded(sql: str, dialect: Dialect = "duckdb") -> Governed:
    seen = view(dialect)
    checked = check(Draft(sql, dialect, "here", "generated", "person"), seen)
    return govern(Optimized(checked, checked.sql), seen, row_limit=10)


def calls(sql: str, dialect: Dialect = "duckdb") -> int:
    """How many functions run until the statement is bound or refused."""
    profile = cProfile.Profile()
    with suppress(errors.SqlRejected):
        profile.runcall(guarded, sql, dialect)
    return sum(entry.callcount for entry in profile.getstats())


def stars(levels: int, each: int) -> str:
    """Every level reads all columns of the one before so many times."""
    shown = ", ".join("*" * each)
    ctes = [f"q{n} AS (SELECT {shown} FROM {f'q{n - 1}' if n else 't'})" for n in range(levels)]
    return f"WITH {', '.join(ctes)} SELECT 1 FROM q{levels - 1}"


def times(text: str, count: int, between: str = ", ") -> str:
    return between.join(text.replace("#", str(n)) for n in range(count))


NEARLY_ALL = f"* EXCLUDE ({', '.join(f'c{n}' for n in range(WIDE - 1))})"
DEEP = "SELECT 1 FROM {} WHERE EXISTS ("
REFUSED_EARLY = {
    "stars of stars": stars(5, 9),
    "stars of one query": stars(2, 60),
    "stars": f"SELECT {times('*', 3_000)} FROM t",
    "stars that leave nearly all out": f"SELECT {times(NEARLY_ALL, 600)} FROM t",
    "names by pattern": "SELECT " + times("COLUMNS('^n')", 1_000) + " FROM t",
    "long sums of COLUMNS": f"SELECT {times('COLUMNS(*)', 900, ' + ')} FROM t",
    "columns": f"SELECT {times('n', MAX_COLUMNS + 1)} FROM t",
    "orders": f"SELECT n FROM t ORDER BY {times('n', 8_000)}",
    "groups": f"SELECT n FROM t GROUP BY {times('n', 8_000)}",
    "grouping sets": f"SELECT count(*) FROM t GROUP BY GROUPING SETS ({times('(n)', 4_000)})",
    "names of USING": f"SELECT 1 FROM t a JOIN t b USING ({times('n', 9_000)})",
    "tables": f"SELECT 1 FROM {times('t a#', 2_000)}",
    "joins": f"SELECT 1 FROM t {times('JOIN t a# ON true', 2_000, ' ')}",
    "tables out of sight of a word": f"SELECT 1 FROM (((t))), {times('t a#', MAX_SOURCES)}",
    "tables around": times(DEEP.format(times("t a#", 39)), 8, "") + "SELECT 1" + ")" * 8,
    "queries": f"SELECT {times('(SELECT min(n) FROM t b WHERE b.n < t.n)', 800, ' + ')} FROM t",
    "queries that begin with FROM": f"SELECT {times('(FROM t)', 900, ' + ')}",
    "CTEs": "WITH q0 AS (SELECT 1 AS n), "
    + times("q# AS (SELECT n FROM q0)", MAX_QUERIES)
    + " SELECT n FROM q9",
    "branches": f"SELECT CASE {times('WHEN n = # THEN #', MAX_BRANCHES + 1, ' ')} END FROM t",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED_EARLY)
def test_what_is_too_much_is_refused_before_it_is_read_in_full(name: str) -> None:
    with pytest.raises(errors.SqlRejected):
        guarded(REFUSED_EARLY[name])
    # 10,000 columns of stars are some 100,000 calls; five levels of nine stars were 50 million.
    assert calls(REFUSED_EARLY[name]) < 250_000


ALLOWED = {
    "as many columns as PostgreSQL gives": f"SELECT {times('n', MAX_COLUMNS)} FROM t",
    "as many tables": f"SELECT 1 FROM t {times('JOIN t a# ON a#.n = t.n', MAX_SOURCES - 1, ' ')}",
    "long lists of values": f"SELECT n FROM t WHERE n IN ({times('#', 8_000)})",
    "rows of values": f"SELECT n FROM (VALUES {times('(#)', 4_000)}) AS v(n)",
    "many queries": times("SELECT n FROM t", 300, " UNION ALL "),
    "a star at each of many levels": stars(40, 1),
    "a window's columns": f"SELECT sum(n) OVER (PARTITION BY {times('n', 50)}) FROM t",
    "lists in lists": "SELECT n FROM t WHERE n IN (SELECT n FROM t WHERE n IN "
    f"({times('#', 3_000)})) ORDER BY n LIMIT 5",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_long_but_ordinary_is_allowed(name: str) -> None:
    assert guarded(ALLOWED[name]).sql


LISTS = [
    "SELECT {} FROM t", "SELECT n FROM t ORDER BY {}", "SELECT count(*) FROM t GROUP BY {}",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("sql", LISTS)
def test_work_grows_with_the_length(sql: str) -> None:
    short, long = (calls(sql.format(times("n", width))) for width in (200, 1_600))
    assert long < 12 * short  # in proportion it is 8 times


def test_what_stars_leave_out_and_rename_is_looked_up_once() -> None:
    everything = times("c#", WIDE - 1)
    assert guarded(f"SELECT * EXCLUDE ({everything}) FROM t").sql.startswith('SELECT "t"."n" FROM')
    swapped = guarded("SELECT * RENAME (c0 AS c1, c1 AS c0) FROM t").sql
    assert '"t"."c0" AS "c1", "t"."c1" AS "c0"' in swapped
    for twice in ("EXCLUDE (n, n)", "RENAME (n AS a, n AS b)"):
        with pytest.raises(errors.UnknownColumn):
            guarded(f"SELECT * {twice} FROM t")


@pytest.mark.parametrize("dialect", SCHEMA)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM {}", "SELECT 1 FROM t AS {}", "SELECT {} FROM t", "SELECT n AS {} FROM t",
        "WITH {} AS (SELECT 1) SELECT 1", "SELECT '{}'", 'SELECT n AS "{}" FROM t',
        "SELECT 1 -- {}",
    ],
)  # fmt: skip
def test_half_a_character_and_nul_are_no_text(sql: str, dialect: Dialect) -> None:
    for mark in ("\ud800", "a\udfffb", "\x00"):
        with pytest.raises(errors.SqlRejected):
            guarded(sql.format(mark), dialect)
    assert guarded("SELECT '\U0001f600 \ufffd' AS n", dialect).sql


COSTS = yaml.safe_load((Path(__file__).parent / "costs.yaml").read_text())


def cases(verdict: str) -> list[object]:
    return [
        pytest.param(dialect, case["sql"], id=f"{dialect}: {case['sql'][:80]!r}")
        for case in COSTS[verdict]
        for dialect in case["dialects"].split()
    ]


@pytest.mark.parametrize(("dialect", "sql"), cases("refuse"))
def test_what_can_only_burn_is_refused(dialect: Dialect, sql: str) -> None:
    with pytest.raises(errors.SqlRejected):
        guarded(sql, dialect)


@pytest.mark.parametrize(("dialect", "sql"), cases("allow"))
def test_what_analysts_write_is_allowed(dialect: Dialect, sql: str) -> None:
    assert guarded(sql, dialect).sql
