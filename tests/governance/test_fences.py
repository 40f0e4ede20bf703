"""Fences on demand: what is fenced, and that what isn't shows the same and fails the same.

The property: hidden rows hold what makes a cast, a division or a logarithm fail, rows that may be
seen do not. A statement whose tables the guard leaves without a fence gives on a real engine what
it gives with all of them fenced. `DATAMIND_SEED` and `DATAMIND_CASES` repeat a run, or make a
longer one.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import httpx
import pytest
from sqlglot import exp

from datamind.errors import DataMindError
from datamind.governance import policy as seam
from datamind.governance.bound import BoundRules
from datamind.governance.fences import fenced
from datamind.governance.guard import check, govern, read
from datamind.governance.rules import Asker, Grant, Restriction, Rules, To
from datamind.records import Dialect, Draft, Optimized
from datamind.semantics.catalog import Catalog, Column, Table

from .fence_cases import DIALECTS, POLICIES, Statements, made_of

SEED = int(os.environ.get("DATAMIND_SEED", "20261126"))
CASES = int(os.environ.get("DATAMIND_CASES", "700"))
EVERYBODY = To(users=frozenset({"me"}))
Run = Callable[[str], str]


def catalog(dialect: Dialect) -> Catalog:
    types = DIALECTS[dialect].types
    tables = tuple(
        Table(
            name, DIALECTS[dialect].schema, name,
            tuple(Column(name, c, kind, types[kind]) for c, kind in columns),  # type: ignore[arg-type]
        )
        for name, columns in made_of.items()
    )  # fmt: skip
    return Catalog("fences", dialect, DIALECTS[dialect].schema, tables)


def bound(dialect: Dialect, rows: dict[str, str], mask: dict[str, Any] | None = None) -> BoundRules:
    """Everybody reads `keys` whole, and of each other table these rows."""
    grants = [Grant(name, EVERYBODY, rows.get(name)) for name in made_of]
    hides = [Restriction("t", EVERYBODY, mask=mask)] if mask else []
    rules = Rules(tuple(grants), tuple(hides))
    return BoundRules(rules, Asker("me"), catalog(dialect), dialect, exp.Literal.string("k"))


def kept_apart(sql: str, rules: BoundRules) -> str:
    """The tables that are fenced, by name."""
    tree, found = read(sql, rules.dialect, rules.view)
    bodies = {t.id: body for _, t in found.references if (body := rules.body(t)) is not None}
    return " ".join(sorted(fenced(tree, found.references, bodies, rules.dialect)))


CASES_OF: list[tuple[str, str]] = [
    # Nothing in a condition can fail.
    ("SELECT n FROM t WHERE k = 3", ""),
    ("SELECT n FROM t WHERE k > 1 AND (s = 'x' OR NOT n < 2.5) AND d IS NOT NULL", ""),
    ("SELECT n FROM t WHERE k IN (1, 2) AND n BETWEEN 1 AND 5 AND s LIKE 'a%'", ""),
    ("SELECT n FROM t WHERE d >= DATE '2026-01-01'", ""),
    ("SELECT t.n, u.n FROM t JOIN u ON t.k = u.k WHERE u.n > 3", ""),
    ("SELECT t.n FROM t LEFT JOIN u USING (k) WHERE u.n IS NULL", ""),
    ("SELECT n FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.k)", ""),
    ("SELECT n FROM t WHERE k IN (SELECT k FROM u)", ""),
    ("SELECT n FROM t WHERE n > (SELECT min(n) FROM u)", ""),
    ("SELECT n FROM t WHERE CASE WHEN n > 1 THEN n ELSE 0 END = 2", ""),
    # What follows the filter may fail: it sees no hidden row.
    ("SELECT CAST(s AS integer) FROM t", ""),
    ("SELECT sum(10 / (n - 3)) FROM t WHERE k > 1", ""),
    ("SELECT 10 / (n - 3) AS x, count(*) FROM t GROUP BY 1 HAVING count(*) > 2", ""),
    ("SELECT n FROM t ORDER BY CAST(s AS integer)", ""),
    ("SELECT y FROM (SELECT CAST(s AS integer) AS y FROM t) AS q", ""),
    ("SELECT row_number() OVER (ORDER BY 1 / n) FROM t", ""),
    ("SELECT k FROM t GROUP BY k HAVING sum(n) / count(*) > 2", ""),
    # A condition that may.
    ("SELECT n FROM t WHERE CAST(s AS integer) = 1", "t"),
    ("SELECT n FROM t WHERE k = 1 AND 10 / (n - 3) > 1", "t"),
    ("SELECT n + 1 FROM t WHERE n + 1 > 2", "t"),
    ("SELECT count(*) FILTER (WHERE 1 / n > 0) FROM t", "t"),
    ("SELECT t.n FROM t JOIN u ON t.k = u.k WHERE 1 / u.n > 0", "u"),
    ("SELECT t.n FROM t JOIN u ON t.k + 1 = u.k", "t u"),
    ("SELECT t.n FROM t JOIN u ON t.s = CAST(u.k AS varchar)", "t u"),
    ("SELECT k FROM t WHERE s > n", "t"),
    ("SELECT k FROM t WHERE s LIKE s", "t"),
    ("SELECT k FROM t WHERE n = 99999999999999999999999999999999999999999999", "t"),
    ("SELECT k FROM t WHERE EXTRACT(MONTH FROM d) = 3", ""),
    ("SELECT k FROM t WHERE EXTRACT(HOUR FROM d) IS NULL", "t"),
    # A query in a condition is run for rows of what is around it: all of it has to be total.
    ("SELECT k FROM t WHERE k > (SELECT count(1 / u.n) FROM u)", "t u"),
    ("SELECT k FROM t WHERE k > (SELECT count(t.n / u.n) FROM u)", "t u"),
    ("SELECT k FROM t WHERE EXISTS (SELECT 1 FROM u HAVING sum(u.k / t.n) > 1)", "t u"),
    ("SELECT k FROM t WHERE EXISTS (SELECT 1 / u.n FROM u WHERE u.k = t.k)", "t u"),
    ("SELECT k FROM t WHERE n IN (SELECT max(CAST(0 AS decimal(38, 38))) FROM u)", "t u"),
    ("SELECT k FROM t WHERE s IN (SELECT max(CAST('1' AS json)) FROM u)", "t u"),
    ("SELECT k FROM t WHERE n > (SELECT avg(n) FROM u WHERE u.k = t.k)", ""),
    ("SELECT k FROM t WHERE k IN (SELECT k FROM u GROUP BY k HAVING count(*) > 1)", ""),
    ("SELECT k FROM t JOIN u USING (k) WHERE t.n > 1 AND u.x < 2", ""),
    # What follows a filter, asked for by a condition further out.
    ("SELECT y FROM (SELECT CAST(s AS integer) AS y FROM t) AS q WHERE y > 1", "t"),
    ("WITH q AS (SELECT k, 1 / n AS y FROM t) SELECT u.n FROM u JOIN q ON u.k = q.y", "t u"),
    ("SELECT 1 / n AS x FROM t GROUP BY 1 / n HAVING 1 / n > 0", "t"),
    ("SELECT k FROM t WHERE n = (SELECT n FROM u)", "t u"),
    ("SELECT k FROM t WHERE 1 / 0 > 1", "t"),
    ("SELECT k FROM t JOIN u USING (k) WHERE EXISTS (SELECT 1 FROM keys WHERE keys.k = 1/n)", "*"),
]


@pytest.mark.parametrize(("sql", "tables"), CASES_OF)
@pytest.mark.parametrize("dialect", ["postgres", "duckdb"])
def test_a_table_is_kept_apart_from_conditions_that_may_fail(
    sql: str, tables: str, dialect: Dialect
) -> None:
    rules = bound(dialect, {"t": "g = 1", "u": "g = 1"})
    try:
        found = kept_apart(sql, rules)
    except DataMindError:
        assert tables == "*", "it names a column of two tables"
        return
    assert found == tables


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT n FROM t WHERE k = 3 AND s = 'x' AND d >= toDate('2026-01-01')", "t"),
        ("SELECT n FROM t WHERE k = 3 AND s = 'x' AND d >= '2026-01-01'", ""),
        ("SELECT n FROM t WHERE d >= CAST('2026-01-01' AS Date)", ""),
        ("SELECT sum(intDiv(10, n - 3)) FROM t WHERE k > 1", ""),
        ("SELECT sumIf(n, k > 1) FROM t", ""),
        ("SELECT n FROM t WHERE intDiv(10, n) > 1", "t"),
        ("SELECT intDiv(10, n) AS x FROM t WHERE x > 1", "t"),
        ("SELECT n FROM t PREWHERE toInt32(s) > 1", "t"),
        ("SELECT n FROM t PREWHERE (SELECT count() FROM t) WHERE k > 1", "t"),
    ],
)
def test_the_same_on_clickhouse(sql: str, tables: str) -> None:
    assert kept_apart(sql, bound("clickhouse", {"t": "g = 1"})) == tables


@pytest.mark.parametrize(
    "sql",
    [
        # ClickHouse takes it for the policy's own table.
        'WITH "default.keys" AS (SELECT toInt32(number) AS k FROM numbers(9)) SELECT k, s FROM t',
        # ... and `t.k` for a part of the alias.
        "SELECT CAST(s AS JSON) AS t FROM t WHERE t.k = 42",
        "WITH CAST('{}' AS JSON) AS t SELECT t.k FROM t",
    ],
)
def test_names_that_clickhouse_takes_for_others_are_refused(sql: str) -> None:
    with pytest.raises(DataMindError, match=r"alias|is a table here"):
        read(sql, "clickhouse", bound("clickhouse", {"t": "k IN (SELECT k FROM keys)"}).view)


@pytest.mark.parametrize(
    ("policy", "sql", "tables"),
    [
        # A policy that may fail itself is kept apart from whatever decides on which rows.
        ("10 / n > 1", "SELECT k FROM t WHERE k = 1", "t"),
        # One that asks another table is joined when the engine likes.
        ("k IN (SELECT k FROM keys)", "SELECT k FROM t WHERE k = 1", ""),
        ("k IN (SELECT k FROM keys)", "SELECT t.k FROM t, u WHERE 1 / u.n > 0", "t u"),
        ("k IN (SELECT k FROM keys)", "SELECT k FROM (SELECT 1 / n AS y, k FROM t) AS q", "t"),
        ("k IN (SELECT k FROM keys WHERE 1 / k > 0)", "SELECT k FROM t WHERE k = 1", "t"),
        (
            "k IN (SELECT k FROM keys)",
            "SELECT t.k FROM t, LATERAL (SELECT sum(1 / (t.n - 3)) AS y FROM keys) AS q",
            "t",
        ),
    ],
)
def test_what_the_policy_itself_asks_matters(policy: str, sql: str, tables: str) -> None:
    assert kept_apart(sql, bound("postgres", {"t": policy, "u": "g = 1"})) == tables


def test_a_mask_is_no_column_that_can_be_compared() -> None:
    rules = bound("postgres", {"t": "g = 1"}, {"n": "generalise"})
    assert kept_apart("SELECT k FROM t WHERE k > 1", rules) == ""
    assert kept_apart("SELECT k FROM t WHERE n > 1", rules) == "t"


@pytest.mark.parametrize(
    ("condition", "repeated"),
    [
        ("a.k = 5 AND 1 / a.n > 0", "t.k = 5"),
        ("a.k > 1 AND a.s LIKE 'x%' AND 1 / a.n > 0", "t.k > 1 AND t.s LIKE 'x%'"),
        ("(a.k = 1 OR NOT a.k IN (3, 4)) AND 1 / a.n > 0", "t.k = 1 OR NOT t.k IN (3, 4)"),
        ("a.k IS NULL AND 1 / a.n > 0", ""),  # true of the NULLs of an outer join
        ("COALESCE(a.k, 1) = 1 AND 1 / a.n > 0", ""),
        ("a.k = b.k AND 1 / a.n > 0", ""),
        ("b.k = 1 AND 1 / a.n > 0", ""),
        ("a.k + 1 = 3", ""),
    ],
)
def test_inside_a_fence_stand_the_askers_own_harmless_conditions(
    condition: str, repeated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = bound("postgres", {"t": "g = 1"})
    sql = f"SELECT a.k FROM t AS a LEFT JOIN keys AS b ON a.k = b.k WHERE {condition}"
    written, _, _ = texts(sql, rules, monkeypatch)
    inside = (
        written.partition('"t"."g" = 1')[2].lstrip(")").partition(" OFFSET 0")[0].replace('"', "")
    )
    assert inside == (f" AND ({repeated})" if repeated else "")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a.k FROM t AS a ASOF JOIN u AS b ON a.k >= b.k WHERE b.n = 4 AND 1 / b.n > 0",
        "SELECT a.k FROM keys AS a SEMI JOIN u AS b ON a.k = b.k WHERE a.k = 4 AND 1 / a.k > 0",
        "SELECT a.k FROM (keys AS a ASOF JOIN u AS b ON a.k >= b.k) WHERE b.n = 4 AND 1 / b.n > 0",
        """SELECT t.k FROM keys AS t WHERE EXISTS (
             SELECT 1 FROM (keys AS b SEMI JOIN t AS t ON b.k = t.k) WHERE t.k = 4 AND 1 / b.k > 0
           )""",
    ],
)
def test_a_join_that_picks_its_rows_takes_none(sql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = bound("duckdb", {"t": "g = 1", "u": "g = 1"})
    assert "= 4)" not in texts(sql, rules, monkeypatch)[1]


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        (
            "SELECT k FROM t AS a FINAL WHERE a.k = 1",
            'FROM "default"."t" AS "t" FINAL WHERE "t"."g" = 1) AS "a" WHERE',
        ),
        ("SELECT a.k FROM keys AS a FINAL", 'FROM "default"."keys" AS "a" FINAL'),
        ("SELECT argMax((n, s), k).1 AS v FROM t", 'tupleElement(argMax(("t"."n", "t"."s"), '),
    ],
)
def test_what_clickhouse_alone_writes_stays_where_it_belongs(
    sql: str, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert written in texts(sql, bound("clickhouse", {"t": "g = 1"}), monkeypatch)[0]


# ---- the property --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_duckdb() -> Iterator[Run]:
    import duckdb

    with duckdb.connect(":memory:") as connection:
        for statement in DIALECTS["duckdb"].schema_of(Random(SEED)):
            connection.execute(statement)

        def run(sql: str) -> str:
            try:
                return bag(connection.execute(sql).fetchall())
            except duckdb.Error as fault:
                return f"error: {type(fault).__name__}"

        yield run


@pytest.fixture(scope="module")
def on_postgres(own_postgres_url: str) -> Iterator[Run]:
    import psycopg

    with psycopg.connect(own_postgres_url, autocommit=True) as connection:
        for statement in DIALECTS["postgres"].schema_of(Random(SEED)):
            connection.execute(statement.encode())

        def run(sql: str) -> str:
            try:
                return bag(connection.execute(sql.encode()).fetchall())
            except psycopg.Error as fault:
                return f"error: {fault.sqlstate}"

        yield run
        connection.execute("DROP SCHEMA fences CASCADE")


@pytest.fixture(scope="module")
def on_clickhouse(clickhouse_url: str) -> Iterator[Run]:
    with httpx.Client(base_url=clickhouse_url.replace("clickhouse", "http", 1)) as client:

        def run(sql: str) -> str:
            answer = client.post(
                "/?allow_experimental_correlated_subqueries=1&use_query_condition_cache=0",
                content=sql.encode(),
            )
            if answer.status_code == 200:
                return bag(answer.text.splitlines())
            return f"error: {answer.text.partition('Code: ')[2][:4]}"

        for statement in DIALECTS["clickhouse"].schema_of(Random(SEED)):
            assert not run(statement).startswith("error"), statement
        yield run


def bag(rows: list[Any]) -> str:
    """Rows in no order, for comparing."""
    return str(sorted(map(repr, rows)))


def texts(sql: str, rules: BoundRules, patch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    """The governed text as it is, with every filtered table fenced, and with none."""

    def governed() -> str:
        checked = check(Draft(sql, rules.dialect, "", "generated", "person"), rules.view)
        ready = Optimized(checked, checked.sql)
        return govern(ready, rules.view, row_limit=10_000, policy=rules).sql

    plain = governed()
    with patch.context() as patched:
        patched.setattr(seam, "fenced", lambda tree, references, bodies, dialect: set(bodies))
        all_of_them = governed()
        patched.setattr(seam, "fenced", lambda *_: set())
        return plain, all_of_them, governed()


@pytest.mark.slow
@pytest.mark.parametrize(
    "dialect",
    ["duckdb", pytest.param("postgres", marks=pytest.mark.postgres), "clickhouse"],
)
def test_what_is_not_fenced_shows_and_tells_the_same(
    dialect: Dialect, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: Run = request.getfixturevalue(f"on_{dialect}")
    dice = Random(f"{SEED} {dialect}")
    print(f"DATAMIND_SEED={SEED} DATAMIND_CASES={CASES}")
    seen: Counter[str] = Counter()
    found: list[str] = []
    for number in range(CASES):
        if number % 25 == 0:
            rows = {
                name: dice.choice(POLICIES[dialect]).replace("{table}", name) for name in ("t", "u")
            }
            mask: dict[str, Any] = dice.choice(({}, {}, {"s": "hash"}, {"n": "generalise"}))
            rules = bound(dialect, rows, mask)
        sql, risky = Statements(dialect, dice).statement()
        try:
            plain, apart, bare = texts(sql, rules, monkeypatch)
        except DataMindError as fault:
            seen[f"refused: {fault.message[:40]}"] += 1
            continue
        here, there = run(plain), run(apart)
        seen["plain" if plain == bare else "fenced"] += 1
        seen["risky and plain"] += risky and plain == bare
        seen["error" if there.startswith("error") else "rows"] += 1
        seen["told without any fence"] += run(bare) != there
        if here != there:
            found.append(f"{rows} {mask}\n  {sql}\n  {plain}\n  {here[:200]}\n  {there[:200]}")
    print(dict(seen))
    assert not found, f"seed {SEED}: {len(found)} of {CASES}:\n" + "\n".join(found[:5])
    assert seen["rows"] > CASES * 0.6 and seen["risky and plain"] > CASES / 10, seen
    # It would have been noticed: left without fences, engines do tell.
    assert seen["told without any fence"] > 0, seen
