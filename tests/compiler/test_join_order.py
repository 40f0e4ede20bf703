"""The largest table comes first where ClickHouse joins, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
import yaml

from datamind.semantics.catalog import Table
from datamind.semantics.compiler.join_order import largest_first

ROWS = {"products": 600, "brands": 9, "sales": 9_000_000, "lines": 50}
TABLES = {("m", name): Table(name, "m", name, (), rows=rows) for name, rows in ROWS.items()}
CASES = yaml.safe_load((Path(__file__).parent / "join_order.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_inner_joins_are_put_in_order(case: dict[str, str]) -> None:
    tree = sqlglot.parse_one(case["sql"], read="clickhouse")
    largest_first(tree, TABLES)
    assert tree.sql("clickhouse") == case.get("becomes", case["sql"])
