"""Fiscal years: what is said of them, where one is set, and how rows are gathered by them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from datamind.errors import BadInput
from datamind.language.dates import find_periods
from datamind.language.engine import BuiltinPlanner
from datamind.language.fiscal import FiscalYear
from datamind.language.tokens import tokenize
from datamind.records import Identity, Question
from datamind.semantics.catalog import View
from datamind.semantics.compiler import compile_plan
from datamind.settings import load

TODAY = dt.date(2025, 6, 18)
APRIL, OCTOBER, JULY = FiscalYear(4), FiscalYear(10), FiscalYear(7, by_end=False)

# What is said, by whose year, the first day, and the day after the last; "" for no period.
PERIODS = [
    ("in fiscal year 2024", APRIL, "2023-04-01", "2024-04-01"),
    ("in fiscal year 2024", OCTOBER, "2023-10-01", "2024-10-01"),
    ("in fiscal year 2024", JULY, "2024-07-01", "2025-07-01"),
    ("in FY24", APRIL, "2023-04-01", "2024-04-01"),
    ("FY 2024", APRIL, "2023-04-01", "2024-04-01"),
    ("of financial year 2023/24", APRIL, "2023-04-01", "2024-04-01"),
    ("of financial year 2023/24", JULY, "2023-07-01", "2024-07-01"),
    ("of financial year 2023/25", APRIL, "", ""),
    ("this fiscal year", APRIL, "2025-04-01", "2026-04-01"),
    ("this fiscal year", OCTOBER, "2024-10-01", "2025-10-01"),
    ("last fiscal year", APRIL, "2024-04-01", "2025-04-01"),
    ("last fiscal year", JULY, "2023-07-01", "2024-07-01"),
    ("in the last two fiscal years", APRIL, "2023-04-01", "2025-04-01"),
    ("in the next fiscal year", APRIL, "2026-04-01", "2027-04-01"),
    ("fiscal year to date", APRIL, "2025-04-01", "2025-06-19"),
    ("FYTD", OCTOBER, "2024-10-01", "2025-06-19"),
    ("in Q3 FY24", APRIL, "2023-10-01", "2024-01-01"),
    ("in the second quarter of fiscal year 2024", APRIL, "2023-07-01", "2023-10-01"),
    ("in the last quarter of the last fiscal year", APRIL, "2025-01-01", "2025-04-01"),
    ("in the first half of FY24", OCTOBER, "2023-10-01", "2024-04-01"),
    ("H2 FY24", APRIL, "2023-10-01", "2024-04-01"),
    ("in fiscal Q1", APRIL, "2025-04-01", "2025-07-01"),
    ("in fiscal Q2", APRIL, "2024-07-01", "2024-10-01"),
    ("in fiscal Q2 2024", APRIL, "2023-07-01", "2023-10-01"),
    ("in FY24 Q2", APRIL, "2023-07-01", "2023-10-01"),
    ("in fiscal year 2024, Q4", JULY, "2025-04-01", "2025-07-01"),
    ("two fiscal years ago", APRIL, "2023-04-01", "2024-04-01"),
    ("this fiscal quarter", APRIL, "2025-04-01", "2025-07-01"),
    ("last fiscal quarter", OCTOBER, "2025-01-01", "2025-04-01"),
    ("since FY24", APRIL, "2023-04-01", ""),
    ("from FY23 to FY24", APRIL, "2022-04-01", "2024-04-01"),
    ("in Q3 2024", APRIL, "2024-07-01", "2024-10-01"),
    ("last year", APRIL, "2024-01-01", "2025-01-01"),
    ("by fiscal year", APRIL, "", ""),
    ("in fiscal year 2024", None, "", ""),
]


@pytest.mark.parametrize(("text", "fiscal", "low", "high"), PERIODS)
def test_a_fiscal_period_has_its_days(
    text: str, fiscal: FiscalYear | None, low: str, high: str
) -> None:
    found = find_periods(tokenize(f"trips {text}"), TODAY, fiscal)
    days = [(str(f.period.low or ""), str(f.period.high or "")) for f in found]
    assert days == ([(low, high)] if low else [])


@pytest.fixture(scope="module")
def bikes(database: Callable[[str], Any]) -> View:
    return View.open(database("bikes").catalog)


def sql(text: str, view: View, fiscal: FiscalYear | None) -> str:
    read = BuiltinPlanner(fiscal=fiscal).interpret(Question(text, Identity("x"), TODAY), view)
    if read.status != "answered":
        return ""
    return " ".join(compile_plan(read.candidates[0].plan, view, "duckdb").sql.split())


@pytest.mark.parametrize(
    ("text", "fiscal", "key"),
    [
        ("number of trips by fiscal year", APRIL, "+ INTERVAL '9' MONTH) AS fiscal_year"),
        ("number of trips by fiscal year", JULY, "- INTERVAL '6' MONTH) AS fiscal_year"),
        ("number of trips in FY24 versus FY25", APRIL, "+ INTERVAL '9' MONTH) AS fiscal_year"),
        ("number of trips by fiscal quarter", APRIL, "DATE_TRUNC('quarter', "),
    ],
)  # fmt: skip
def test_rows_are_gathered_by_fiscal_years(
    text: str, fiscal: FiscalYear, key: str, bikes: View
) -> None:
    assert key in sql(text, bikes, fiscal)
    assert sql(text, bikes, None) == ""


def test_a_fiscal_quarter_that_is_none_of_the_calendar_is_not_taken_for_one(bikes: View) -> None:
    assert sql("number of trips by fiscal quarter", bikes, FiscalYear(2)) == ""


@pytest.mark.parametrize(
    ("start", "named", "told"),
    [("April", "", (4, "end")), ("10", "start", (10, "start")), ("", "", (None, "end"))],
)
def test_it_is_set_by_the_environment(start: str, named: str, told: tuple[int | None, str]) -> None:
    made = load({"DATAMIND_FISCAL_YEAR_START": start, "DATAMIND_FISCAL_YEAR_NAMED": named})
    assert (made.fiscal_start, made.fiscal_named) == told


@pytest.mark.parametrize(
    ("name", "value"),
    [("DATAMIND_FISCAL_YEAR_START", "13"), ("DATAMIND_FISCAL_YEAR_START", "Aprl"),
     ("DATAMIND_FISCAL_YEAR_NAMED", "middle")],
)  # fmt: skip
def test_what_is_no_month_is_told(name: str, value: str) -> None:
    with pytest.raises(BadInput, match=name):
        load({name: value})
