"""Totals that ClickHouse adds up before it joins, under policies: what one sees is added up."""

from __future__ import annotations

from collections import Counter
from unittest.mock import patch

import pytest
from engines import Run, fact_first, normal, same, statements
from hypothesis import HealthCheck, Phase, given, settings
from random_policies import ASKER, KEY, PLANS, Governed, governed_totals
from reference import evaluate
from sqlglot import exp

from datamind.errors import DataMindError, NotYet, PlanInvalid
from datamind.governance.bound import BoundRules
from datamind.governance.guard import check, govern
from datamind.records import Draft, Optimized
from datamind.records import Governed as Text
from datamind.semantics import plan as P
from datamind.semantics.compiler import compile_plan, eager

WORLDS = 20
ALWAYS, NEVER = {"LEAST_ROWS": 0, "FEWER": 0}, {"LEAST_ROWS": 10**9}
HIDDEN = ("unknown_table", "unknown_column")


def governed(query: P.Query, rules: BoundRules, bounds: dict[str, int]) -> tuple[str, Text]:
    """What the compiler writes for the asker, and what the guard makes of it."""
    with patch.multiple(eager, **bounds):
        sql = compile_plan(query, rules.view, "clickhouse").sql
    checked = check(Draft(sql, "clickhouse", "", "generated", "person"), rules.view)
    ready = Optimized(checked, checked.sql)
    return sql, govern(ready, rules.view, row_limit=10_000, policy=rules)


@pytest.mark.slow
def test_policies_hold_for_what_is_added_up_before_it_is_joined(clickhouse: Run) -> None:
    """The rows are those of the statement that joins first, and those of a plan over the rows and
    values that are left by hand."""
    seen: Counter[str] = Counter()

    @settings(max_examples=WORLDS, phases=[Phase.generate], suppress_health_check=[*HealthCheck])
    @given(case=governed_totals())
    def hold(case: tuple[Governed, list[tuple[P.Query, bool]]]) -> None:
        made, plans = case
        world = fact_first(made.world)
        key = exp.Literal.string(KEY)
        rules = BoundRules(made.rules, ASKER, world.view.catalog, "clickhouse", key)
        build = list(statements(world, "clickhouse"))
        for query, ordered in plans:
            texts = both_ways(query, rules, seen)
            while texts and build:
                clickhouse(build.pop(0))
            expected = evaluate(query, rules.view, made.seen) if texts else []
            for text in texts:
                found = clickhouse(text.sql)
                assert same(found, expected, ordered=ordered), (
                    f"\n{text.sql}\n{rules.rules}\nfound    {normal(found)}\n"
                    f"expected {normal(expected)}"
                )

    hold()
    print(dict(seen))
    # Enough of them are added up first, and meet a policy there, for this to say something.
    assert seen["early"] > WORLDS * PLANS / 5, seen
    assert min(seen[kind] for kind in KINDS) > seen["early"] / 8, seen


def both_ways(query: P.Query, rules: BoundRules, seen: Counter[str]) -> list[Text]:
    """The governed text that adds up first, and the one that joins first; none, where no policy
    is met by what is added up first."""
    try:
        sql, early = governed(query, rules, ALWAYS)
    except NotYet:
        return []
    except PlanInvalid as fault:
        assert "levels" in fault.message, fault
        return []
    except DataMindError as fault:
        assert fault.code in HIDDEN, fault
        seen["a hidden column"] += 1
        return []
    plain, late = governed(query, rules, NEVER)
    kinds = kinds_of(query, rules, early)
    seen.update(["late"] if sql == plain else ["early", *kinds])
    return [] if sql == plain or not kinds else [early, late]


KINDS = ("rows of the large table", "rows of a joined table", "by a query", "masks")


def kinds_of(query: P.Query, rules: BoundRules, text: Text) -> list[str]:
    """What policies do to the plan's tables."""
    assert isinstance(query.source, P.Source)
    bodies = {t: rules.body(rules.catalog.by_id[t]) for t in text.relations}
    where = {t: body.args["where"] for t, body in bodies.items() if body and body.args.get("where")}
    holds = (
        query.source.table in where,
        bool(where.keys() - {query.source.table}),
        any(one.find(exp.Select) for one in where.values()),
        not rules.view.masked_columns.isdisjoint(text.columns),
    )
    return [kind for kind, held in zip(KINDS, holds, strict=True) if held]
