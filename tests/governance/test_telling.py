"""What a statement tells of the data to who does not see all of it, in its text and its names."""

from __future__ import annotations

import pytest

from datamind.governance.names import distinct
from datamind.governance.telling import neutral, tells_nothing
from datamind.records import Dialect, Lineage

SAYS_NOTHING: list[tuple[Dialect, str]] = [
    ("duckdb", "SELECT country, count(*) AS n FROM stores GROUP BY 1 ORDER BY 2 DESC LIMIT 50"),
    ("duckdb", "SELECT date_trunc('month', at) AS m, count(1) FROM t GROUP BY ALL OFFSET 20"),
    ("duckdb", "SELECT 100 * sum(a) / nullif(sum(b), 0) AS share FROM t"),
    ("duckdb", "SELECT max(at) + INTERVAL '1 month' AS next FROM t"),
    ("duckdb", "SELECT CAST(a AS DECIMAL(18, 2)), round(b, 2), coalesce(c, 0) FROM t"),
    ("duckdb", "SELECT sum(CASE WHEN a IS NULL THEN 1 ELSE 0 END) AS missing FROM t"),
    ("duckdb", "WITH s1 AS (SELECT id FROM t) SELECT x.id FROM s1 AS x JOIN t USING (id)"),
    ("duckdb", 'SELECT "First Name" FROM t'),
    ("postgres", "SELECT date_part('year', at), extract(month FROM at) FROM t"),
    ("postgres", "SELECT row_number() OVER (PARTITION BY a ORDER BY b) FROM t"),
    ("clickhouse", "SELECT toStartOfMonth(at) AS m, count() FROM t GROUP BY m LIMIT 5"),
]
SAYS_SOMETHING: list[tuple[Dialect, str]] = [
    ("duckdb", "SELECT count(*) FROM t WHERE name = 'Zimmermann'"),
    ("duckdb", "SELECT count(*) FROM t WHERE at >= DATE '2026-01-01'"),
    ("duckdb", "SELECT count(*) FROM t WHERE at::text LIKE '2026-01-01%'"),
    ("duckdb", "SELECT count(*) FROM t WHERE amount > 4711"),
    ("duckdb", "SELECT count(*) FROM t WHERE id = 1"),
    ("duckdb", "SELECT count(*) FROM t WHERE id BETWEEN 0 AND 100"),
    ("duckdb", "SELECT count(*) FROM t WHERE id > 1 * 100"),
    ("duckdb", "SELECT count(*) FROM t HAVING count(*) > 1"),
    ("duckdb", "SELECT count(*) FILTER (WHERE id = 1) FROM t"),
    ("duckdb", "SELECT CASE id WHEN 1 THEN 0 END FROM t"),
    ("duckdb", "SELECT count(*) FROM t JOIN u ON t.id = u.id + 1"),
    ("duckdb", "SELECT CAST('2026-01-01' AS DATE) AS d"),
    ("duckdb", "SELECT max(at) - INTERVAL '17 days' FROM t"),
    ("duckdb", "SELECT salary * 4711 FROM t"),
    ("duckdb", "SELECT count(*) FROM t WHERE segment = 'ALL'"),
    ("duckdb", "SELECT concat(a, 'HOUR') FROM t"),
    ("duckdb", "SELECT count(*) FROM t WHERE active = TRUE"),
    ("duckdb", "SELECT note -> '$.zimmermann' FROM t"),
    ("duckdb", 'SELECT count(*) AS "Zimmermann, Ana" FROM t'),
    ("duckdb", "SELECT count(*) AS born_19700101 FROM t"),
    ("duckdb", "SELECT x.n FROM (SELECT count(*) FROM t) AS x (n470811)"),
    ("duckdb", "SELECT count(*) FROM t -- Zimmermann"),
    ("duckdb", "SELECT /* Zimmermann */ count(*) FROM t"),
    ("duckdb", "SELECT * FROM (VALUES (4711)) v (n)"),
    ("duckdb", "SELECT [4711] FROM t"),
    ("duckdb", "SELECT substr(name, 3) FROM t"),
    ("duckdb", "SELECT {'Zimmermann, Ana': a} FROM t"),
    ("duckdb", "SELECT struct_pack(born19700101 := a) FROM t"),
    ("duckdb", "SELECT list_transform(a, born19700101 -> b) FROM t"),
    ("duckdb", "SELECT a FROM t ORDER BY a COLLATE zimmermann"),
    ("duckdb", "SELECT a[4711], string_agg(b, ', ') FROM t"),
    ("duckdb", "SELECT columns('zimm.*') FROM t"),
    ("postgres", "SELECT count(*) FROM t WHERE name = $$Zimmermann$$"),
    ("postgres", "SELECT count(*) FROM t WHERE name = E'Zimm\\x65rmann'"),
    ("clickhouse", "SELECT count() FROM t # Zimmermann"),
    ("clickhouse", "SELECT count() FROM t WHERE id = 0x1267"),
    ("duckdb", "no statement"),
    ("duckdb", "SELECT 'open"),
]


@pytest.mark.parametrize(("dialect", "sql"), SAYS_NOTHING)
def test_what_any_statement_may_hold_is_told(dialect: Dialect, sql: str) -> None:
    assert tells_nothing(sql, "", dialect)


@pytest.mark.parametrize(("dialect", "sql"), SAYS_SOMETHING)
def test_what_may_be_of_the_data_or_is_not_understood_is_not(dialect: Dialect, sql: str) -> None:
    assert not tells_nothing(sql, "", dialect)


@pytest.mark.parametrize(
    ("question", "sql", "told"),
    [
        ("How many stores are in spain?", "SELECT count(*) FROM t WHERE c = 'Spain'", True),
        ("Orders over 500?", "SELECT count(*) FROM t WHERE amount > 500", True),
        ("Who lives in spain?", "SELECT count(*) FROM t WHERE c = 'in'", True),
        ("Who lives in spain?", "SELECT count(*) FROM t WHERE c = 'pain'", False),  # no whole word
        ("Orders over 500?", "SELECT count(*) FROM t WHERE amount > 50", False),
        ("How many?", "SELECT count(*) FROM t WHERE c = ''", False),
    ],
)
def test_words_of_the_question_are_told_for_it_is(question: str, sql: str, told: bool) -> None:
    assert tells_nothing(sql, question, "duckdb") is told


@pytest.mark.parametrize(
    ("sql", "name", "sources", "shown"),
    [
        ("", "country", ("stores.country",), "country"),
        ("", "First Name", ("stores.First Name",), "First Name"),
        ("SELECT a AS n", "n", ("stores.a",), "n"),
        ("SELECT 'n' AS n", "n", (), "column_1"),
        ("SELECT 'Zimmermann'", "_zimmermann_", (), "column_1"),
        ("SELECT ana = 'Zimmermann' AS zimmermann_there", "zimmermann_there", (), "column_1"),
        ("SELECT 1 -- Zimmermann", "zimmermann", (), "column_1"),
        ("", "count(case when name = _x_ then 1 end)", ("t.name",), "count"),
        ("", "zimmermann(4711)", (), "column_1"),
        ("", "name = _x_", ("t.name",), "column_1"),
        ("", "Zimmermann, Ana", ("t.name",), "column_1"),
        ("", "born19700101", (), "column_1"),
        ("SELECT 'open", "n", (), "column_1"),
    ],
)
def test_names_are_neutral_for_who_is_not_told_the_statement(
    sql: str, name: str, sources: tuple[str, ...], shown: str
) -> None:
    assert neutral([Lineage(name, sources)], sql, "duckdb") == (shown,)


@pytest.mark.parametrize(
    ("names", "told_apart"),
    [
        (["a", "b"], ("a", "b")),
        (["a", "a", "a"], ("a", "a_2", "a_3")),
        (["a", "A"], ("a", "A_2")),
        (["a", "a", "a_2"], ("a", "a_3", "a_2")),
        (["a_2", "a", "a"], ("a_2", "a", "a_3")),
        (["", ""], ("", "_2")),
        ([], ()),
    ],
)
def test_names_that_come_twice_are_told_apart(
    names: list[str], told_apart: tuple[str, ...]
) -> None:
    assert distinct(names) == told_apart
