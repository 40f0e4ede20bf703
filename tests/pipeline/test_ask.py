"""The stages in a row: units, order, retries, warnings, and follow-ups that can be answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from datamind.errors import AccessDenied, DataMindError, PlanInvalid
from datamind.pipeline.ask import ask, run_reading
from datamind.pipeline.context import AskContext
from datamind.pipeline.explain import additive, explain, explained
from datamind.pipeline.follow_ups import follow_ups, plural
from datamind.pipeline.generate import generate, in_order, trust_of
from datamind.records import (
    Answer,
    Candidate,
    Choice,
    Draft,
    Governed,
    Interpretation,
    Question,
    Refusal,
    Result,
    ResultColumn,
    StageReport,
)
from datamind.semantics import plan as P
from datamind.semantics import quality
from datamind.semantics.catalog import Metric, QualityIssue, View

from .conftest import question

SALES = P.Source("fct_sales", "s")
COUNT = P.Named("n", P.Aggregate("count"))
TOTAL = P.Named("total", P.Aggregate("sum", P.Column("s", "amount")))
CHANNEL = P.Named("channel", P.Column("s", "channel"))
DATE = P.Column("s", "sale_date")
MONTH = P.Named("month", P.DateTrunc("month", DATE))
GOOD = P.Query(SALES, (P.Group((CHANNEL,), (COUNT,)),))
ABSENT = P.Query(P.Source("nowhere", "n"), ())


@dataclass(frozen=True)
class Planned:
    """A planner with its readings ready."""

    interpretation: Interpretation

    def interpret(self, question: Question, view: View) -> Interpretation:
        return self.interpretation


def readings(*plans: P.Query) -> Planned:
    return Planned(Interpretation("answered", tuple(Candidate(p, 1.0) for p in plans), 0.9))


def asked_with(context: AskContext, planner: object) -> Answer:
    return ask(question("?x"), replace(context, planner=planner))  # type: ignore[arg-type]


# ---- stages ------------------------------------------------------------------------------------


def test_each_stage_is_reported_as_it_ends(context: AskContext) -> None:
    heard: list[StageReport] = []
    made = ask(question("How many employees are there?"), replace(context, on_stage=heard.append))
    names = "interpret generate validate optimize sanitize execute explain".split()
    assert [s.stage for s in made.stages] == names
    assert tuple(heard) == made.stages
    assert made.rows == ((80,),)
    assert made.elapsed_ms > 0
    assert made.query_id.startswith("qry-")


def test_a_reading_that_is_rejected_gives_way_to_the_next(context: AskContext) -> None:
    bad = P.Query(SALES, (P.Limit(-1),))
    made = asked_with(context, readings(bad, bad, GOOD))
    assert made.status == "answered"
    assert made.plan == GOOD
    assert [s.stage for s in made.stages].count("execute") == 1


def test_after_three_attempts_it_is_an_error(context: AskContext) -> None:
    bad = P.Query(SALES, (P.Limit(-1),))
    made = asked_with(context, readings(bad, bad, bad, GOOD))
    assert (made.status, made.error_code) == ("error", "plan_invalid")
    assert made.hint


def test_what_is_denied_is_not_tried_again(
    context: AskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def denied(*words: object, **_: object) -> Governed:
        tried.append(words)
        raise AccessDenied("Not for you.")

    monkeypatch.setattr("datamind.pipeline.prepare.sanitize", denied)
    made = asked_with(context, readings(GOOD, GOOD))
    assert (made.status, made.error_code, len(tried)) == ("forbidden", "access_denied", 1)


def test_a_table_that_is_not_there_is_an_error_and_told_as_such(context: AskContext) -> None:
    made = asked_with(context, readings(ABSENT))
    assert (made.status, made.error_code) == ("error", "unknown_table")


def test_no_reading_at_all_is_an_error(context: AskContext) -> None:
    assert asked_with(context, readings()).error_code == "sql_rejected"


def test_too_much_work_is_refused_before_it_starts(context: AskContext) -> None:
    made = ask(question("How many sales are there?"), replace(context, max_estimate=0.5))
    assert (made.status, made.error_code) == ("error", "too_large")
    assert "execute" not in [s.stage for s in made.stages]


def test_a_question_back_says_that_it_is_one(context: AskContext) -> None:
    choices = (Choice("by channel", GOOD), Choice("by region", GOOD))
    planner = Planned(Interpretation("clarify", (), 0.5, choices=choices))
    made = asked_with(context, planner)
    assert (made.status, made.choices) == ("clarify", choices)
    assert "several ways" in made.summary
    alone = Planned(Interpretation("clarify", (), 0.5, choices=choices[:1]))
    made = asked_with(context, alone)
    assert "several" not in made.summary
    assert made.summary and made.hint


@pytest.mark.parametrize("code", ["no_match", "write_request", "future", "another"])
def test_a_refusal_says_why_and_what_to_do(context: AskContext, code: str) -> None:
    refusal = Refusal(code, "Because.")
    made = asked_with(context, Planned(Interpretation("refused", (), 0.1, refusal=refusal)))
    assert (made.status, made.summary, made.error_code) == ("refused", "Because.", code)
    assert made.hint


def test_too_much_evidence_is_told(context: AskContext) -> None:
    made = ask(replace(question("How many sales?"), evidence="x" * 20_001), context)
    assert made.error_code == "question_too_long"
    assert "20,001" in made.summary


def test_the_row_limit_is_kept_and_told(context: AskContext) -> None:
    made = ask(question("list employees"), replace(context, row_limit=3))
    assert (len(made.rows), made.truncated) == (3, True)
    assert any("more rows than the 3" in w for w in made.warnings)


def test_no_rows_are_told_as_such(asked: Callable[[str], Answer]) -> None:
    made = asked("list employees with salary over 1000000")
    assert made.summary == "No rows match the question."
    assert any("No rows match" in w for w in made.warnings)


def test_a_sum_of_no_rows_is_told_as_such(asked: Callable[[str], Answer]) -> None:
    made = asked("total salary of employees with salary over 1000000")
    assert made.rows == ((None,),)
    assert any("No value" in w for w in made.warnings)


def test_a_reading_can_be_run_alone(context: AskContext) -> None:
    made = run_reading(Candidate(GOOD, 1.0), context)
    assert made.rows == (("shop", 1000), ("web", 1000))
    with pytest.raises(DataMindError):
        run_reading(Candidate(ABSENT, 1.0), context)


# ---- generate ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "order"),
    [
        (GOOD, [("n", True), ("channel", False)]),
        (
            P.Query(SALES, (P.Group((CHANNEL, MONTH), (COUNT, TOTAL)),)),
            [("month", False), ("channel", False)],
        ),
        (P.Query(SALES, (P.Group((P.Named("d", DATE),), (COUNT,)),)), [("d", False)]),
        (P.Query(SALES, (P.Group((CHANNEL,), ()),)), [("channel", False)]),
        (P.Query(SALES, (P.Group((), (COUNT,)),)), None),
        (P.Query(SALES, ()), None),
        (replace(GOOD, steps=(*GOOD.steps, P.Limit(1))), None),
    ],
)
def test_groups_that_nobody_ordered_come_in_an_order_that_makes_sense(
    view: View, plan: P.Query, order: list[tuple[str, bool]] | None
) -> None:
    made = in_order(plan, view)
    last = made.steps[-1] if made.steps else None
    if order is None:
        assert made == plan
    else:
        assert isinstance(last, P.Order)
        assert [(s.by, s.descending) for s in last.by] == [(P.Field(n), d) for n, d in order]


def test_an_order_that_was_asked_for_stays(view: View) -> None:
    asked = replace(GOOD, steps=(*GOOD.steps, P.Order((P.Sort(P.Field("n")),))))
    assert in_order(asked, view) == asked


def test_what_is_shown_last_stays_last(view: View) -> None:
    shown = P.Project((P.Named("channel", P.Field("channel")),))
    made = in_order(replace(GOOD, steps=(*GOOD.steps, shown)), view)
    assert [type(s) for s in made.steps] == [P.Group, P.Order, P.Project]
    once = in_order(replace(GOOD, steps=(*GOOD.steps, replace(shown, distinct=True))), view)
    assert [type(s) for s in once.steps] == [P.Group, P.Project]


AMOUNT, PRODUCT = P.Column("s", "amount"), P.Column("s", "product_id")
FIGURES = {
    "a metric": (P.Metric("revenue"), "governed"),
    "what the metric is made of": (P.Aggregate("sum", AMOUNT, "s"), "governed"),
    "the same, of distinct values": (P.Aggregate("sum", AMOUNT, "s", distinct=True), "derived"),
    "the same, of some rows": (P.Aggregate("sum", AMOUNT, where=P.IsNull(AMOUNT)), "derived"),
    "another aggregate": (P.Aggregate("avg", AMOUNT), "derived"),
    "another column": (P.Aggregate("sum", PRODUCT), "derived"),
    "rows that a metric counts": (P.Aggregate("count"), "governed"),
    "values that a metric counts": (P.Aggregate("count", PRODUCT, distinct=True), "governed"),
    "an aggregate of a formula": (
        P.Aggregate("sum", P.Arithmetic("*", AMOUNT, P.Value(2))), "derived"),
    "a filtered metric's": (P.Aggregate("max", AMOUNT), "derived"),
}  # fmt: skip


@pytest.mark.parametrize(("figure", "trust"), FIGURES.values(), ids=FIGURES)
def test_trust_is_governed_where_every_figure_is_a_metric(
    figure: P.Expr, trust: str, view: View
) -> None:
    defined = (
        ("revenue", "sum", "amount", ()),
        ("sales", "count", "sale_id", ()),
        ("products", "count_distinct", "product_id", ()),
        ("most", "max", "amount", ("amount > 1",)),
    )
    metrics = tuple(
        Metric(n, "simple", table="fct_sales", aggregation=a, expression=e, filters=f,
               relations=("fct_sales",))
        for n, a, e, f in defined
    )  # fmt: skip
    seen = View(replace(view.catalog, metrics=metrics))
    named = P.Named("m", figure)
    assert trust_of(P.Query(SALES, (P.Group((), (named,)),)), seen) == trust
    other = P.Named("n", P.Aggregate("min", AMOUNT))
    assert trust_of(P.Query(SALES, (P.Group((), (named, other)),)), seen) == "derived"
    assert trust_of(GOOD, view) == "derived"


def test_a_plan_that_does_not_fit_is_no_draft(view: View) -> None:
    with pytest.raises(PlanInvalid):
        bad = Candidate(P.Query(SALES, (P.Limit(-1),)), 1.0)
        generate(bad, view, dialect="duckdb", target="shop")


def with_metric(view: View) -> View:
    revenue = Metric(
        "revenue", "simple", "Revenue", table="fct_sales", aggregation="sum", expression="amount",
        unit="eur", relations=("fct_sales",),
    )  # fmt: skip
    return View(replace(view.catalog, metrics=(revenue,)))


def test_units_come_from_the_plan(context: AskContext) -> None:
    view = with_metric(context.view)
    plan = P.Query(SALES, (P.Group((), (P.Named("revenue", P.Metric("revenue")),)),))
    made = asked_with(replace(context, view=view), readings(plan))
    assert made.columns[0].unit == "eur"
    assert made.summary.startswith("Revenue: €")
    assert made.trust == "governed"


# ---- explain -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "steps", "adds_up"),
    [
        (COUNT, (), True),
        (TOTAL, (), True),
        (P.Named("n", P.Metric("revenue")), (), True),
        (P.Named("n", P.Metric("unknown")), (), False),
        (P.Named("n", P.Aggregate("avg", P.Column("s", "amount"))), (), False),
        (P.Named("n", P.Aggregate("count", P.Column("s", "channel"), distinct=True)), (), False),
        (COUNT, (P.Order((P.Sort(P.Field("n")),)),), True),
        (COUNT, (P.Limit(1),), False),
        (COUNT, (P.Filter(P.Compare(">", P.Field("n"), P.Value(1))),), False),
    ],
)
def test_shares_are_told_only_of_what_adds_up(
    view: View, measure: P.Named, steps: tuple[P.Step, ...], adds_up: bool
) -> None:
    seen = with_metric(view)
    known = P.Query(SALES, (P.Group((CHANNEL,), (COUNT,)),))
    draft = generate(Candidate(known, 1.0), seen, dialect="duckdb", target="shop")
    plan = P.Query(SALES, (P.Group((CHANNEL,), (measure,)), *steps))
    assert bool(additive(replace(draft, plan=plan), seen)) == adds_up
    assert not additive(replace(draft, plan=plan, warnings=("Groups overlap.",)), seen)


NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
AT = "2026-03-02T02:10:00+00:00"
OLD = "2026-02-27T02:10:00+00:00"
INCOMPLETE = "Results may be incomplete."
FAILED = "Data quality tests failed for"
SKU = "unique_sku, 3 rows, since 02:10 UTC."
ISSUES = [
    (
        QualityIssue("fct_sales", "unique_id", "", AT, 1200),
        f"{FAILED} fct_sales: unique_id, 1,200 rows, since 02:10 UTC. {INCOMPLETE}",
    ),
    (
        QualityIssue("fct_sales", "not_null_id", "", OLD, 1),
        f"{FAILED} fct_sales: not_null_id, 1 row, since 2026-02-27 02:10 UTC. {INCOMPLETE}",
    ),
    (
        QualityIssue("fct_sales", "unique_sku", "", AT, 3, upstream="dim_products"),
        f"{FAILED} dim_products, of which fct_sales is made: {SKU} {INCOMPLETE}",
    ),
    (  # who does not see the table is not told of it
        QualityIssue("fct_sales", "unique_secret_id", "", AT, 3, upstream="secret"),
        f"Data quality issues detected in what fct_sales is made of. {INCOMPLETE}",
    ),
    (
        QualityIssue("fct_sales", "fct_sales", "", OLD, kind="stale", holds_from=AT),
        "Stale data: fct_sales was built last at 2026-02-27 02:10 UTC.",
    ),
    (QualityIssue("fct_sales", "", "", OLD, kind="stale", holds_from="2026-03-02T09:31:00Z"), None),
    (
        QualityIssue("fct_sales", "shop.orders", "", OLD, kind="stale_source"),
        "Stale data: what fct_sales is made of was loaded last at 2026-02-27 02:10 UTC.",
    ),
    (
        QualityIssue("fct_sales", "fct_sales", "", AT, kind="not_built"),
        "fct_sales could not be built since 02:10 UTC: its rows are of before.",
    ),
    (QualityIssue("employees", "not_null_name", ""), None),  # it was not read
]


@pytest.mark.parametrize(("issue", "told"), ISSUES, ids=[str(n) for n in range(len(ISSUES))])
def test_what_is_wrong_with_the_data_is_told_with_the_tables_that_were_read(
    issue: QualityIssue, told: str | None, view: View
) -> None:
    seen = View(replace(view.catalog, quality=(issue, issue)))
    found = quality.warnings(seen.quality, ("fct_sales",), seen.by_id, NOW)
    assert found == ([told] if told else [])


def test_a_table_that_was_read_itself_is_not_told_of_as_upstream(view: View) -> None:
    issue = ISSUES[2][0]
    assert not quality.warnings([issue], ("fct_sales", "dim_products"), view.by_id, NOW)


def test_of_many_issues_the_first_are_told(view: View) -> None:
    issues = [QualityIssue("fct_sales", f"test_{n}", "", AT) for n in range(8)]
    *_, last = found = quality.warnings(issues, ("fct_sales",), view.by_id, NOW)
    assert (len(found), last) == (6, "There are 3 more data quality issues.")


# ---- follow-ups --------------------------------------------------------------------------------

QUESTIONS = [
    "How many sales are there?",
    "How many sales were there each month?",
    "How many products are there for each category?",
    "What is the average list price of products?",
    "How many employees are there for each department?",
    "total amount of sales by channel",
    "list employees",
]


@pytest.mark.slow
@pytest.mark.parametrize("text", QUESTIONS)
def test_each_follow_up_that_is_offered_can_be_answered(
    asked: Callable[[str], Answer], text: str
) -> None:
    made = asked(text)
    assert made.status == "answered"
    assert made.follow_ups
    assert text not in made.follow_ups
    for offered in made.follow_ups:
        next_one = asked(offered)
        assert next_one.status == "answered", offered
        assert next_one.rows, offered


def test_follow_ups_cut_by_categories_and_not_by_names(view: View) -> None:
    for plan in (
        P.Query(P.Source("employees", "e"), ()),
        P.Query(P.Source("dim_products", "p"), ()),
    ):
        offered = " ".join(follow_ups(plan, view))
        assert "each name" not in offered
        assert "each product name" not in offered
        assert " dim " not in offered


def test_a_plan_over_no_table_has_no_follow_ups(view: View) -> None:
    assert follow_ups(P.Query(GOOD, ()), view) == ()
    assert follow_ups(ABSENT, view) == ()


@pytest.mark.parametrize(
    ("one", "many"),
    [("order", "orders"), ("category", "categories"), ("day", "days"), ("box", "boxes"),
     ("branch", "branches"), ("class", "classes")],
)  # fmt: skip
def test_nouns_are_made_plural(one: str, many: str) -> None:
    assert plural(one) == many


def test_what_is_masked_for_the_asker_is_told(context: AskContext) -> None:
    made = ask(question("list employees"), context)
    assert made.plan is not None
    draft = generate(Candidate(made.plan, 1.0), context.view, dialect="duckdb", target="shop")
    governed = Governed(draft.sql, (), "duckdb", "shop", "open", ("employees",))
    columns = tuple(replace(c, masked=c.name == "name") for c in made.columns)
    told = explain(draft, governed, Result(columns, made.rows, 1.0), context.view, NOW)
    assert "Masked for you: name." in told.warnings


def test_sql_that_a_person_wrote_is_told_as_such(view: View) -> None:
    draft = Draft("SELECT 1 AS n", "duckdb", "shop", "derived", "person")
    governed = Governed(draft.sql, (), "duckdb", "shop", "open", ())
    result = Result((ResultColumn("n", "integer"),), ((1,),), 1.0)
    told = explain(draft, governed, result, view, NOW)
    assert (told.summary, explained(draft, view)) == ("N: 1.", "SQL written by a person.")
    assert told.follow_ups == ()
