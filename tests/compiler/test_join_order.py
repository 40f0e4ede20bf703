"""The largest table comes first where ClickHouse joins, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
import yaml

from datamind.semantics.compiler.join_order import largest_first

SIZES = {("m", "products"): 600, ("m", "brands"): 9, ("m", "sales"): 9_000_000, ("m", "lines"): 50}
CASES = yaml.safe_load((Path(__file__).parent / "join_order.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_inner_joins_are_put_in_order(case: dict[str, str]) -> None:
    tree = sqlglot.parse_one(case["sql"], read="clickhouse")
    largest_first(tree, SIZES)
    assert tree.sql("clickhouse") == case.get("becomes", case["sql"])
