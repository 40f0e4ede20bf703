"""Each metric of the demo, compiled by us, gives the figures of SQL written by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from datamind.errors import NotYet
from datamind.evaluation.results import same_result
from datamind.pipeline.context import AskContext
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.compiler import compile_plan

from .conftest import Rows

pytestmark = [pytest.mark.demo, pytest.mark.slow]
CASES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("metrics.yaml").read_text("utf-8"))
FACTS = ("fct_sales", "fct_returns")


def source(view: View, fact: str, other: str) -> P.Source:
    """The fact's table with the other that it refers to."""
    if fact == other:
        return P.Source(fact, "t")
    edge = reference(view, fact, other)
    return P.Source(fact, "t", (P.Join("d", other, "t", edge, left=True),))


def both_facts(view: View) -> P.Source:
    """Products with their sales and returns: each is taken apart by the compiler."""
    joins = (
        P.Join(f"f{n}", fact, "p", reference(view, fact, "dim_products"), reverse=True, left=True)
        for n, fact in enumerate(FACTS)
    )
    return P.Source("dim_products", "p", tuple(joins))


def reference(view: View, table: str, other: str) -> str:
    return next(r.id for r in view.relationships if (r.table, r.to_table) == (table, other))


def compiled(metric: str, source: P.Source, view: View, key: P.Column | None = None) -> str:
    keys = (P.Named("key", key),) if key else ()
    group = P.Group(keys, (P.Named("figure", P.Metric(metric)),))
    return compile_plan(P.Query(source, (group,)), view, "duckdb").sql


def test_each_metric_has_its_case(context: AskContext) -> None:
    named = {*CASES["metrics"], *CASES["of_two_tables"], *CASES["not_yet"]}
    assert {m.name for m in context.view.metrics} == named
    assert len(named) >= 25


@pytest.mark.parametrize("name", CASES["metrics"])
def test_a_metric_is_what_its_sql_says(
    name: str, context: AskContext, rows_of: Callable[[str], Rows]
) -> None:
    case = CASES["metrics"][name]
    table = CASES["tables"][case["of"]]
    fact = table["rows"].split()[0]
    dimension, _, column = table["by"].rpartition(".")
    found = rows_of(compiled(name, P.Source(fact, "t"), context.view))
    assert same_result(rows_of(f"SELECT {case['is']} FROM {fact}"), found, extra=0)
    key = P.Column("t" if fact == dimension else "d", column)
    found = rows_of(compiled(name, source(context.view, fact, dimension), context.view, key))
    by_hand = f"SELECT {column}, {case['is']} FROM {table['rows']} GROUP BY {column}"
    assert same_result(rows_of(by_hand), found, extra=0)


@pytest.mark.parametrize("name", CASES["of_two_tables"])
def test_a_metric_of_two_tables_counts_neither_twice(
    name: str, context: AskContext, rows_of: Callable[[str], Rows]
) -> None:
    sql = compiled(name, both_facts(context.view), context.view, P.Column("p", "category"))
    assert same_result(rows_of(CASES["of_two_tables"][name]), rows_of(sql), extra=0)


@pytest.mark.parametrize("name", CASES["not_yet"])
def test_a_metric_that_is_not_compiled_yet_says_so(name: str, context: AskContext) -> None:
    with pytest.raises(NotYet, match=name):
        compiled(name, P.Source("fct_sales", "t"), context.view)
