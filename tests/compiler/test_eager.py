"""Where ClickHouse would join many rows they are added up before, where that is the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
import yaml

from datamind.semantics.catalog import Column, Table
from datamind.semantics.compiler.eager import added_up_first

CASES = yaml.safe_load((Path(__file__).parent / "eager.yaml").read_text())


def table(name: str, rows: int, /, **distinct: int | None) -> Table:
    columns = tuple(Column(name, c, "integer", distinct=n) for c, n in distinct.items())
    return Table(name, "m", name, columns, rows=rows)


TABLES = {
    ("m", one.name): one
    for one in (
        table(
            "sales", 9_000_000, brand=40, channel=3, day=700, amount=80_000, customer=None,
            note=None, grp=4,
        ),
        table("brands", 50, id=50, name=50, grp=4, size=9),
        table("groups", 4, id=4, name=4),
        table("customers", 2_000_000, id=2_000_000, name=1_900_000),
    )
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_large_tables_are_added_up_before_they_are_joined(case: dict[str, str]) -> None:
    tree = sqlglot.parse_one(case["sql"], read="clickhouse")
    added_up_first(tree, TABLES)
    wanted = sqlglot.parse_one(case.get("becomes", case["sql"]), read="clickhouse")
    assert tree.sql("clickhouse") == wanted.sql("clickhouse")
