"""Summaries, charts and written values: nothing is said that the rows do not say."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamind.pipeline.charts import chart_of
from datamind.pipeline.figures import is_figure, places_of, shown, spoken, written
from datamind.pipeline.summaries import summary
from datamind.records import Chart, Result, ResultColumn, Scalar

TYPES = {"i": "integer", "d": "decimal", "f": "float", "t": "text", "b": "boolean",
         "D": "date", "T": "timestamp"}  # fmt: skip


def columns(text: str) -> tuple[ResultColumn, ...]:
    """`name:t amount:d:usd` as columns."""
    parts = [word.split(":") for word in text.split()]
    return tuple(ResultColumn(n, TYPES[k], rest[0] if rest else None) for n, k, *rest in parts)


def result(heads: str, *rows: tuple[Scalar, ...], truncated: bool = False) -> Result:
    return Result(columns(heads), rows, 1.0, truncated)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


MONTHS = [(day("2025-01-01"), 10), (day("2025-02-01"), 40), (day("2025-03-01"), 15)]
SUMMARIES: list[tuple[Result, str]] = [
    (result("n:i"), "No rows match the question."),
    (result("number_of_orders:i", (3000,)), "Number of orders: 3,000."),
    (result("number_of_fct_orders:i", (1,)), "Number of orders: 1."),
    (result("sum_amount:d:usd", (Decimal("-12.5"),)), "Total amount: -$12.50."),
    (result("avg_amount:d", (None,)), "Average amount: no value."),
    (result("share:f", (0.06471,)), "Share: 0.06471."),
    (result("wait:f:days", (1.0,)), "Wait: 1 day."),
    (result("wait:f:day", (4.5,)), "Wait: 4.50 days."),
    (result("weight:f:kg", (2,)), "Weight: 2 kg."),
    (result("rate:f:percent", (12.25,)), "Rate: 12.25 %."),
    (result("margin_rate:f:share", (0.0339,)), "Margin rate: 3.4 %."),
    (result("margin_rate:f:share", (0.00345,)), "Margin rate: 0.34 %."),
    (result("margin_rate:f:share", (1,)), "Margin rate: 100 %."),
    (result("sum_amount_usd:d:usd", (5,)), "Total amount: $5."),
    (result("avg_lead_time_days:f:days", (1.0,)), "Average lead time: 1 day."),
    (result("number_of_brand:i", (6,)), "Number of brands: 6."),
    (result("number_of_category:i", (2,)), "Number of categories: 2."),
    (result("number_of_order_status:i", (4,)), "Number of order statuses: 4."),
    (result("avg_sum_item_count:f", (4.5,)), "Average total item count: 4.50."),
    (result("lasting:f:day", (3.5,)), "Duration: 3.50 days."),
    (result("month:D n:i", (day("2026-04-01"), 5)), "2026-04: n 5."),
    (result("year:i n:i", (2026, 5)), "2026: n 5."),
    (result("visit_quarter:i n:i", (3, 5)), "Q3: n 5."),
    (
        result("kind:t tickets:i", ("a", 1), ("b", 3)),
        "2 rows. The highest number of tickets is 3 (b); the lowest is 1 (a).",
    ),
    (
        result("kind:t refunds:d:usd", ("a", 1), ("b", 3)),
        "2 rows. The highest refunds are $3 (b); the lowest is $1 (a).",
    ),
    (
        result("month:D rate:f:share", (day("2025-01-01"), 0.25), (day("2025-02-01"), 0.5)),
        "From 2025-01 to 2025-02, rate went from 25.0 % to 50.0 %.",
    ),
    (result("number_of_user_id:i", (4421,)), "Number of user ids: 4,421."),
    (
        result("revenue_now:d:usd revenue_before:d:usd growth:f:percent", (120, 100, 20.0)),
        "Revenue: $120 now, $100 before (+20.0 %).",
    ),
    (
        result("number_of_order_now:i number_of_order_before:i change:i", (5, 0, 5)),
        "Number of orders: 5 now, 0 before.",
    ),
    (
        result("month:D kind:t n:i", (day("2025-01-01"), "a", 1), (day("2025-02-01"), "a", 3)),
        "From 2025-01 to 2025-02, n went from 1 to 3 (+200 %).",
    ),
    (
        result("month:D kind:t n:i", (day("2025-01-01"), "a", 1), (day("2025-01-01"), "b", 3)),
        "2 rows. The highest n is 3 (b 2025-01); the lowest is 1 (a 2025-01).",
    ),
    (result("last_order:D", (day("2026-01-31"),)), "Last order: 2026-01-31."),
    (result("paid:b", (True,)), "Paid: yes."),
    (result("name:t", ("Ann\nLee",)), "Name: Ann Lee."),
    (result("name:t", ("x" * 90,)), f"Name: {'x' * 59}…."),
    (result("id:i name:t n:i", (1234, "Store 3", 2500)), "Store 3: n 2,500."),
    (result("id:i name:t", (1234, "Store 3")), "Store 3: id 1234."),
    (result("id:i n:i", (1234, 5)), "Id 1234, n 5."),
    (result("name:t", ("a",), ("b",)), "2 rows: a, b."),
    (result("name:t", ("a",), ("b",), ("c",), ("d",)), "4 rows: a, b, c, and more."),
    (result("id:i", (1,), (2,)), "2 rows: 1, 2."),
    (result("n:t", ("a",), ("b",), truncated=True), "The first 2 of more rows: a, b, and more."),
    (
        result("kind:t n:i", ("a", 1), ("b", 3)),
        "2 rows. The highest n is 3 (b); the lowest is 1 (a).",
    ),
    (
        result("kind:t n:i", ("a", 4), (None, 4), ("c", 4)),
        "3 rows, each with the same n: 4.",
    ),
    (
        result("kind:t n:i", ("a", 4), ("b", 4), ("c", 1), ("d", None)),
        "4 rows. The highest n is 4 (a and 1 more); the lowest is 1 (c).",
    ),
    (
        result("kind:t sum_x:i", ("a", 6), ("b", 2)),
        "2 rows. The highest total x is 6 (a), 75 % of their total, 8; the lowest is 2 (b).",
    ),
    (
        result("kind:t sum_x:i", *((f"k{n}", n) for n in range(1, 1001))),
        "1,000 rows. The highest total x is 1,000 (k1000); the lowest is 1 (k1).",
    ),
    (
        result("kind:t sum_x:i", ("a", 6), ("b", 2), truncated=True),
        "The first 2 of more rows. The highest total x is 6 (a); the lowest is 2 (b).",
    ),
    (
        result("kind:t sum_x:i", ("a", 6), ("b", -2)),
        "2 rows. The highest total x is 6 (a); the lowest is -2 (b).",
    ),
    (result("kind:t n:i", ("a", None), ("b", None)), "2 rows: a, b."),
    (
        result("n:i kind:i", (5, 1), (7, 2)),
        "2 rows. The highest kind is 2 (7); the lowest is 1 (5).",
    ),
    (
        result("month:D n:i", *MONTHS),
        "From 2025-01 to 2025-03, n went from 10 to 15 (+50 %). The peak was 40 in 2025-02.",
    ),
    (
        result("month:D n:i", *reversed(MONTHS[:2])),
        "From 2025-01 to 2025-02, n went from 10 to 40 (+300 %).",
    ),
    (
        result("day:D n:i", (day("2025-01-01"), 2), (day("2025-01-05"), 9), (day("2025-01-06"), 2)),
        "From 2025-01-01 to 2025-01-06, n began and ended at 2. The peak was 9 on 2025-01-05.",
    ),
    (
        result("year:D n:i", (day("2024-01-01"), 0), (day("2025-01-01"), 9)),
        "From 2024 to 2025, n went from 0 to 9.",
    ),
    (
        result("quarter:D x:f", (day("2024-10-01"), 0.5), (day("2025-01-01"), 0.25)),
        "From 2024-Q4 to 2025-Q1, x went from 0.5000 to 0.2500 (-50 %).",
    ),
    (
        result("year:i n:i", (2023, 10), (2024, 40), (2025, 15)),
        "From 2023 to 2025, n went from 10 to 15 (+50 %). The peak was 40 in 2024.",
    ),
    (
        result("month_of_year:i n:i", (2, 5), (12, 3)),
        "2 rows. The highest n is 5 (February); the lowest is 3 (December).",
    ),
    (
        result("k:t n:i rank:i", ("a", 7, 1), ("b", 3, 2)),
        "2 rows. The highest n is 7 (a); the lowest is 3 (b).",
    ),
    (
        result("is_weekend:b n:i", (False, 7), (True, 3)),
        "2 rows. The highest n is 7 (not weekend); the lowest is 3 (weekend).",
    ),
    (
        result("takes_part:b n:i", (False, 7), (None, 3)),
        "2 rows. The highest n is 7 (takes part: no); the lowest is 3 (takes part: no value).",
    ),
    (
        result("day:D n:i", (day("2025-01-01"), 1), (day("2025-01-01"), 2)),
        "2 rows. The highest n is 2 (2025-01-01); the lowest is 1 (2025-01-01).",
    ),
    (
        result("month:D n:i", *MONTHS, truncated=True),
        "The first 3 of more rows. The highest n is 40 (2025-02); the lowest is 10 (2025-01).",
    ),
    (result("x:f", (float("nan"),)), "X: nan."),
    (result("k:t x:f", ("a", float("inf")), ("b", 1.0)),
     "2 rows. The highest x is 1 (b); the lowest is 1 (b)."),
]  # fmt: skip


@pytest.mark.parametrize(("made", "said"), SUMMARIES, ids=[said for _, said in SUMMARIES])
def test_a_result_is_summed_up_like_this(made: Result, said: str) -> None:
    assert summary(made, {"sum_x"}) == said


@pytest.mark.parametrize(
    ("today", "said"),
    [
        ("2025-03-15", ("From 2025-01 to 2025-02, n went from 10 to 40 (+300 %)."
                       " 2025-03 is not over: 15 so far.")),
        ("2025-03-31", ("From 2025-01 to 2025-03, n went from 10 to 15 (+50 %)."
                       " The peak was 40 in 2025-02.")),
    ],
)  # fmt: skip
def test_a_month_that_is_not_over_is_compared_with_none(today: str, said: str) -> None:
    assert summary(result("month:D n:i", *MONTHS), (), day(today)) == said


PARTS = [
    ("month:D n:i", "2025-01-10", None, MONTHS, (
        "From 2025-02 to 2025-03, n went from 40 to 15 (-62 %)."
        " 2025-01 is counted from 2025-01-10 on: 10.")),
    ("month:D n:i", "2025-01-01", None, MONTHS, (
        "From 2025-01 to 2025-03, n went from 10 to 15 (+50 %). The peak was 40 in 2025-02.")),
    ("year:i n:i", None, "2025-06-01", [(2023, 10), (2024, 40), (2025, 15)], (
        "From 2023 to 2024, n went from 10 to 40 (+300 %). 2025 is not over: 15 so far.")),
    ("day:D n:i", None, "2025-01-03", [(day(f"2025-01-0{n}"), n) for n in (1, 2, 3)], (
        "From 2025-01-01 to 2025-01-02, n went from 1 to 2 (+100 %)."
        " 2025-01-03 is not over: 3 so far.")),
    ("month:D n:i", "2025-01-10", None, MONTHS[:2], (
        "2025-02: n 40. 2025-01 is counted from 2025-01-10 on: 10.")),
    ("year:i n:i", "2024-11-01", "2026-02-01", [(2024, 1), (2025, 9), (2026, 3)], (
        "2025: n 9. 2024 is counted from 2024-11-01 on: 1. 2026 is not over: 3 so far.")),
    ("month:D n:i", None, "2025-02-10", MONTHS[:2], (
        "2025-01: n 10. 2025-02 is not over: 40 so far.")),
]  # fmt: skip


@pytest.mark.parametrize(("heads", "since", "today", "rows", "said"), PARTS)
def test_a_period_that_is_not_whole_is_compared_with_none(
    heads: str, since: str | None, today: str | None, rows: list[Any], said: str
) -> None:
    days = [day(text) if text else None for text in (today, since)]
    assert summary(result(heads, *rows), (), *days) == said


CHARTS: list[tuple[Result, Chart]] = [
    (result("n:i", (1,)), Chart("number", y=("n",))),
    (result("k:t n:i", ("a", 1)), Chart("table")),
    (result("k:t", ("a",), ("b",)), Chart("table")),
    (result("k:t n:i", ("a", 1), ("b", 2)), Chart("bar", "k", ("n",))),
    (result("k:t n:i", ("a", 1), ("a", 2)), Chart("table")),
    (result("k:t x:f", ("a", 0.25), ("b", 0.75)), Chart("pie", "k", ("x",))),
    (result("id:i k:t n:i", (1, "a", 1), (2, "b", 2)), Chart("bar", "k", ("n",))),
    (result("k:t n:i", *((str(i), i) for i in range(50))), Chart("table")),
    (
        result("a:t b:t n:i", ("x", "p", 1), ("x", "q", 2), ("y", "p", 3), ("y", "q", 3)),
        Chart("bar", "a", ("n",), "b"),
    ),
    (result("month:D n:i", *MONTHS), Chart("line", "month", ("n",))),
    (
        result("month:D k:t n:i", *((d, k, n) for d, n in MONTHS for k in "ab")),
        Chart("line", "month", ("n",), "k"),
    ),
    (result("day:D id:i n:i", (day("2025-01-01"), 1, 1), (day("2025-01-01"), 2, 2)),
     Chart("table")),
    (result("year:i n:i", (2024, 1), (2025, 2)), Chart("bar", "year", ("n",))),
    (result("quarter:i n:i", (1, 1), (2, 2)), Chart("bar", "quarter", ("n",))),
    (result("paid:i n:i", (3, 1), (4, 2)), Chart("scatter", "paid", ("n",))),
    (result("user_id:i product_id:i", (3, 1), (4, 2)), Chart("table")),
]  # fmt: skip


@pytest.mark.parametrize(("made", "chart"), CHARTS)
def test_a_result_is_drawn_like_this(made: Result, chart: Chart) -> None:
    assert chart_of(made) == chart


@pytest.mark.parametrize(
    ("value", "head", "said"),
    [
        (12345, "n:i", "12,345"),
        (12345, "user_id:i", "12345"),
        (12345, "userId:i", "12345"),
        (2025, "year:i", "2025"),
        (2, "quarter:i", "Q2"),
        (20252, "quarter:i", "20252"),
        (11, "month_of_year:i", "November"),
        (11, "month:i", "11"),
        (12345, "paid:i", "12,345"),
        (Decimal("1234.5"), "n:d", "1,234.50"),
        (0.000123, "n:f", "0.0001230"),
        (10**30, "n:i", "1" + ",000" * 10),
        (10**400, "n:i", f"{10**400:,}"),
        (dt.datetime.fromisoformat("2025-01-01"), "at:T", "2025-01-01"),
        (dt.datetime.fromisoformat("2025-01-01 09:30"), "at:T", "2025-01-01 09:30"),
        (dt.datetime(2025, 1, 1, 9, 30, 5, tzinfo=dt.UTC), "at:T", "2025-01-01 09:30:05 UTC"),
        (day("2025-01-02"), "month:D", "2025-01-02"),
        (dt.time(9, 30), "at:t", "09:30:00"),
        ("", "name:t", "(blank)"),
        (None, "name:t", "no value"),
        (5, "size:i:sqm", "5 sqm"),
        ("5", "size:t:usd", "5"),
    ],
)
def test_a_value_is_written_as_people_read_it(value: Any, head: str, said: str) -> None:
    assert shown(value, columns(head)[0]) == said


def test_the_decimals_of_a_column_line_up() -> None:
    assert places_of([1, Decimal("2.00"), None]) == 0
    assert places_of([1, 2.5]) == 2
    assert places_of([0.5, 0.0625]) == 4
    assert places_of([]) == 0
    assert [written(v, None, 2) for v in (1, 2.5)] == ["1.00", "2.50"]


def test_names_are_said_as_words() -> None:
    assert spoken("sum_listPrice") == "total list price"
    assert spoken("sum") == "sum"
    assert spoken("_") == "_"
    assert not is_figure(columns("order_number:i")[0])
    assert is_figure(columns("id:d")[0])


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(allow_nan=False),
    st.text(max_size=5), st.dates(), st.datetimes(), st.timedeltas(),
)  # fmt: skip


@given(
    st.lists(st.tuples(SCALARS, SCALARS), max_size=5), st.sampled_from(sorted(TYPES)), st.booleans()
)
def test_any_rows_can_be_told_and_drawn(
    rows: list[tuple[Scalar, Scalar]], kind: str, truncated: bool
) -> None:
    made = result(f"a:t b:{kind}:usd", *rows, truncated=truncated)
    assert summary(made, {"b"}).endswith(".")
    assert chart_of(made).kind in ("number", "table", "line", "bar", "scatter", "pie")
