"""The last look: a table anywhere but in its asker's body is found, whatever put it there."""

from __future__ import annotations

import pytest
from sqlglot import exp

from datamind.errors import SqlRejected
from datamind.governance.bound import BoundRules
from datamind.governance.covered import only_governed
from datamind.governance.guard import read, write
from datamind.governance.rules import Asker, Grant, Rules, To
from datamind.semantics.catalog import Catalog, Column, Table, View

TABLES = tuple(
    Table(name, "main", name, (Column(name, "id", "integer"), Column(name, "x", "integer")))
    for name in ("a", "b", "open")
)
CATALOG = Catalog("v", "duckdb", "main", TABLES)
ME = To(users=frozenset({"me"}))
RULES = Rules((Grant("a", ME, "x > 1"), Grant("b", ME, "x > 2"), Grant("open", ME)))
BOUND = BoundRules(RULES, Asker("me"), CATALOG, "duckdb", exp.Literal.string("k"))
BODIES = {t.id: body for t in TABLES if (body := BOUND.body(t)) is not None}
A, B = (write(body, "duckdb") for body in BODIES.values())


def looked_at(asked: str, text: str) -> None:
    """As the guard does, with `text` in place of what it wrote of `asked`."""
    before = read(asked, "duckdb", BOUND.view)[1].references
    again = read(text, "duckdb", View(CATALOG), ours=True)[1].references
    only_governed(before, again, BOUND.view, BODIES, "duckdb")


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("SELECT id FROM a", f"SELECT a.id FROM ({A}) AS a"),
        ("SELECT 1 FROM a, b", f"SELECT 1 FROM ({A}) AS a CROSS JOIN ({B}) AS b"),
        ("SELECT 1 FROM (a CROSS JOIN b)", f"SELECT 1 FROM (({A}) AS a CROSS JOIN ({B}) AS b)"),
        ("SELECT id FROM open", "SELECT open.id FROM main.open AS open"),
    ],
)
def test_what_stands_in_its_body_may_run(asked: str, text: str) -> None:
    looked_at(asked, text)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("SELECT id FROM a", "SELECT a.id FROM main.a AS a"),
        ("SELECT 1 FROM a, b", f"SELECT 1 FROM ({A}) AS a CROSS JOIN main.b AS b"),
        ("SELECT 1 FROM (a CROSS JOIN b)", f"SELECT 1 FROM (({A}) AS a CROSS JOIN main.b AS b)"),
        ("SELECT id FROM a", f"SELECT a.id FROM ({A.replace('1', '0')}) AS a"),
        (
            "SELECT id FROM a",
            f"SELECT a.id FROM ({A}) AS a WHERE EXISTS (SELECT 1 FROM main.b AS b)",
        ),
        ("SELECT id FROM a", f"SELECT a.id FROM ({A}) AS a CROSS JOIN ({A}) AS c"),
        ("SELECT id FROM open", "SELECT 1 AS id"),
    ],
)
def test_what_does_not_is_refused(asked: str, text: str) -> None:
    with pytest.raises(SqlRejected, match="past its policy"):
        looked_at(asked, text)
