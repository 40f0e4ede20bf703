"""Each metric that dbt defines is what MetricFlow computes, and is used, as governed, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from datamind.adapters.dbt.build import Build
from datamind.evaluation.results import same_result
from datamind.pipeline.ask import ask
from datamind.pipeline.context import AskContext
from datamind.records import Answer, Identity, Question
from datamind.semantics import plan as P
from datamind.semantics.compiler import compile_plan
from datamind.semantics.walk import below

from .conftest import TODAY, Rows
from .test_metrics import CASES, both_facts

pytestmark = [pytest.mark.demo, pytest.mark.slow]
OF_ONE, OF_TWO = list(CASES["metrics"]), list(CASES["of_two_tables"])
# Metrics whose label is a table's name too; a count of its rows is the metric, said otherwise.
ASKED = {"refunds": "What are the total refunds?"} | {
    name: f"How many {said} were there?"
    for name, said in (("orders", "orders"), ("returns", "returns"), ("sessions", "sessions"),
                       ("tickets", "support tickets"), ("shipments", "shipments"))
}  # fmt: skip
MetricFlow = Callable[..., Rows]


@pytest.fixture(scope="session")
def compiler(demo: Build) -> Any:
    """MetricFlow, which says the SQL of the demo's metrics."""
    from metricflow.engine.metricflow_engine import MetricFlowEngine
    from metricflow.protocols.sql_client import SqlEngine
    from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
    from metricflow_semantics.model.dbt_manifest_parser import (
        parse_manifest_from_dbt_generated_manifest as parsed,
    )
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

    class Client:
        """All that MetricFlow asks of a connection to say its SQL."""

        sql_engine_type = SqlEngine.DUCKDB
        sql_plan_renderer = DuckDbSqlPlanRenderer()

    manifest = parsed((demo.artifacts / "semantic_manifest.json").read_text("utf-8"))
    return MetricFlowEngine(SemanticManifestLookup(manifest), Client())  # type: ignore[arg-type]


@pytest.fixture
def metricflow(compiler: Any, rows_of: Callable[[str], Rows]) -> MetricFlow:
    """MetricFlow's own rows for a metric, by these group-by names."""
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    def rows(metric: str, *group_by: str, where: list[str] | None = None) -> Rows:
        request = MetricFlowQueryRequest.create(
            metric_names=[metric], group_by_names=group_by, where_constraints=where
        )
        return rows_of(compiler.explain(request).sql_statement.sql)

    return rows


def asked(text: str, context: AskContext) -> Answer:
    return ask(Question(text, Identity("local"), TODAY), context)


def question(metric: str, context: AskContext) -> str:
    label = context.view.metrics_by_name[metric].label.lower()
    return ASKED.get(metric, f"What is the {label}?")


def metrics_of(answer: Answer) -> set[str]:
    return {n.name for n in below(answer.plan) if isinstance(n, P.Metric)}


@pytest.mark.parametrize("metric", [*OF_ONE, *OF_TWO])
def test_a_metric_that_the_question_names_is_used_and_is_what_metricflow_computes(
    metric: str, context: AskContext, metricflow: MetricFlow
) -> None:
    answer = asked(question(metric, context), context)
    assert answer.status == "answered", answer.summary
    assert metrics_of(answer) == ({metric} if metric not in ASKED or metric == "refunds" else set())
    assert answer.trust == "governed"
    assert same_result(metricflow(metric), answer.rows, extra=0)


@pytest.mark.parametrize("metric", OF_ONE)
def test_a_metric_by_month_is_what_metricflow_computes(
    metric: str, context: AskContext, rows_of: Callable[[str], Rows], metricflow: MetricFlow
) -> None:
    known = context.view.metrics_by_name[metric]
    assert known.table and known.time_column
    month = P.Named("month", P.DateTrunc("month", P.Column("t", known.time_column)))
    group = P.Group((month,), (P.Named("figure", P.Metric(metric)),))
    plan = P.Query(P.Source(known.table, "t"), (group,))
    ours = rows_of(compile_plan(plan, context.view, "duckdb").sql)
    assert len(ours) > 12
    # Where no row of a month passes the metric's filter we say 0, MetricFlow nothing.
    nothing = {month for month, figure in ours if not figure}
    theirs = [row for row in metricflow(metric, "metric_time__month") if row[1]]
    assert same_result(theirs, [row for row in ours if row[0] not in nothing], extra=0)


@pytest.mark.parametrize("metric", OF_TWO)
def test_a_metric_of_two_tables_by_category_is_what_metricflow_computes(
    metric: str, context: AskContext, rows_of: Callable[[str], Rows], metricflow: MetricFlow
) -> None:
    key = P.Named("category", P.Column("p", "category"))
    group = P.Group((key,), (P.Named("figure", P.Metric(metric)),))
    plan = P.Query(both_facts(context.view), (group,))
    ours = rows_of(compile_plan(plan, context.view, "duckdb").sql)
    assert same_result(metricflow(metric, "product__category"), ours, extra=0)


DAY = "{{ TimeDimension('metric_time', 'day') }}"


@pytest.mark.parametrize("metric", OF_TWO)
def test_a_metric_of_two_tables_takes_a_period_by_each_part_s_own_date(
    metric: str, context: AskContext, metricflow: MetricFlow
) -> None:
    label = context.view.metrics_by_name[metric].label.lower()
    answer = asked(f"What was the {label} in April 2026?", context)
    assert (answer.status, answer.trust) == ("answered", "governed")
    april = [f"{DAY} >= '2026-04-01'", f"{DAY} < '2026-05-01'"]
    assert same_result(metricflow(metric, where=april), answer.rows, extra=0)
