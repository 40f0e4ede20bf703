"""Rules bound to an asker: what the product gives the guard, beside what the suites hold it to."""

from __future__ import annotations

from typing import get_args

import pytest

from datamind.errors import UnknownTable
from datamind.governance.bound import Bindings, BoundRules
from datamind.governance.guard import check, govern
from datamind.governance.rules import Asker, Grant, Restriction, Rights, Rules, To
from datamind.records import Dialect, Draft, Governed, Optimized
from datamind.semantics.catalog import Catalog, Column, Table

ME = To(users=frozenset({"me"}))
KEY = "the key of masks"


def bound(dialect: Dialect, *rules: Grant | Restriction) -> BoundRules:
    schema = {"duckdb": "main", "postgres": "public", "clickhouse": "default"}[dialect]
    tables = tuple(
        Table(name, schema, name, (Column(name, "id", "integer"), Column(name, "mail", "text")))
        for name in ("people", "firms")
    )
    made = Rules(
        tuple(r for r in rules if isinstance(r, Grant)),
        tuple(r for r in rules if isinstance(r, Restriction)),
    )
    catalog = Catalog("v", dialect, schema, tables)
    return Bindings(catalog, dialect, KEY).of(Rights(Asker("me"), made))


def governed(dialect: Dialect, sql: str, *rules: Grant | Restriction) -> Governed:
    policy = bound(dialect, *rules)
    checked = check(Draft(sql, dialect, "", "generated", "person"), policy.view)
    return govern(Optimized(checked, checked.sql), policy.view, row_limit=10, policy=policy)


@pytest.mark.parametrize("dialect", get_args(Dialect))
def test_the_key_of_hashes_goes_beside_the_text(dialect: Dialect) -> None:
    mask = Restriction("people", ME, mask={"mail": "hash"})
    made = governed(dialect, "SELECT mail FROM people", Grant("*", ME), mask)
    assert made.parameters == (KEY,)
    assert KEY not in made.sql
    assert governed(dialect, "SELECT mail FROM firms", Grant("*", ME), mask).parameters == ()


def test_a_predicate_that_can_not_be_read_any_more_closes_its_table_alone() -> None:
    gone = Restriction("people", ME, "a_column_that_was_dropped = 1")
    assert "firms" in governed("duckdb", "SELECT id FROM firms", Grant("*", ME), gone).sql
    with pytest.raises(UnknownTable):
        governed("duckdb", "SELECT id FROM people", Grant("*", ME), gone)


SOME = Grant("people", ME, "id < 3")
NARROW = Grant("people", ME, columns=frozenset({"id"}))


@pytest.mark.parametrize(
    ("rules", "filtered"),
    [
        ((Grant("*", ME),), set()),
        ((SOME,), {"people"}),
        ((SOME, Grant("*", ME)), set()),
        ((SOME, NARROW), {"people"}),  # `mail` is seen in some rows only
        ((Grant("*", ME), NARROW), set()),
        ((NARROW,), set()),
        ((Grant("*", ME), Restriction("firms", ME, "id < 3")), {"firms"}),
    ],
)
def test_a_table_is_filtered_where_some_of_its_cells_are_not_seen(
    rules: tuple[Grant | Restriction, ...], filtered: set[str]
) -> None:
    assert bound("duckdb", *rules).view.filtered_tables == filtered
