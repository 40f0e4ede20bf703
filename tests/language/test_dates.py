"""Dates: every form of period that a question may name, against a fixed day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from datamind.language.dates import clock, find_periods
from datamind.language.tokens import tokenize

TODAY = dt.date(2025, 6, 18)  # a Wednesday


def _wrong(reason: str, *values: Any) -> Any:
    return pytest.param(*values, marks=pytest.mark.xfail(reason=reason, strict=True))


# What is said, the first day, and the day after the last; "" is an open end.
PERIODS = [
    ("today", "2025-06-18", "2025-06-19"),
    ("yesterday", "2025-06-17", "2025-06-18"),
    ("tomorrow", "2025-06-19", "2025-06-20"),
    ("in 2024", "2024-01-01", "2025-01-01"),
    ("since 2020", "2020-01-01", ""),
    ("before 2020", "", "2020-01-01"),
    ("after 2020", "2021-01-01", ""),
    ("until 2020", "", "2021-01-01"),
    ("from 2019 to 2021", "2019-01-01", "2022-01-01"),
    ("between 2019 and 2021", "2019-01-01", "2022-01-01"),
    ("2023-2024", "2023-01-01", "2025-01-01"),
    ("in March 2024", "2024-03-01", "2024-04-01"),
    ("in march 2024", "2024-03-01", "2024-04-01"),
    ("Mar 2024", "2024-03-01", "2024-04-01"),
    ("in May", "2025-05-01", "2025-06-01"),
    ("in December", "2024-12-01", "2025-01-01"),
    ("since January", "2025-01-01", ""),
    ("after March 2024", "2024-04-01", ""),
    ("5 March 2024", "2024-03-05", "2024-03-06"),
    ("March 5, 2024", "2024-03-05", "2024-03-06"),
    ("March 5th", "2025-03-05", "2025-03-06"),
    ("the 5th of March 2024", "2024-03-05", "2024-03-06"),
    ("2024-03-05", "2024-03-05", "2024-03-06"),
    ("on or after 2024-03-05", "2024-03-05", ""),
    ("on or before March 5, 2024", "", "2024-03-06"),
    ("between 1 March 2024 and 30 June 2024", "2024-03-01", "2024-07-01"),
    ("between 2024-01-01 and 2024-03-31", "2024-01-01", "2024-04-01"),
    ("from March 2024 to June 2024", "2024-03-01", "2024-07-01"),
    ("Q2 2024", "2024-04-01", "2024-07-01"),
    ("third quarter of 2024", "2024-07-01", "2024-10-01"),
    ("H1 2024", "2024-01-01", "2024-07-01"),
    ("this week", "2025-06-16", "2025-06-23"),
    ("last week", "2025-06-09", "2025-06-16"),
    ("this month", "2025-06-01", "2025-07-01"),
    ("last month", "2025-05-01", "2025-06-01"),
    ("previous month", "2025-05-01", "2025-06-01"),
    ("next month", "2025-07-01", "2025-08-01"),
    ("this quarter", "2025-04-01", "2025-07-01"),
    ("this year", "2025-01-01", "2026-01-01"),
    ("last year", "2024-01-01", "2025-01-01"),
    ("before last year", "", "2024-01-01"),
    ("since last month", "2025-05-01", ""),
    ("past 30 days", "2025-05-19", "2025-06-19"),
    ("last 30 days", "2025-05-19", "2025-06-19"),
    ("last seven days", "2025-06-11", "2025-06-19"),
    ("last 3 months", "2025-03-18", "2025-06-19"),
    ("over the past two years", "2023-06-18", "2025-06-19"),
    ("last 2 weeks excluding the current week", "2025-06-02", "2025-06-16"),
    ("two days ago", "2025-06-16", "2025-06-17"),
    ("3 weeks ago", "2025-05-26", "2025-06-02"),
    ("year to date", "2025-01-01", "2025-06-19"),
    ("ytd", "2025-01-01", "2025-06-19"),
    ("month to date", "2025-06-01", "2025-06-19"),
    ("quarter to date", "2025-04-01", "2025-06-19"),
    ("next 2 weeks", "2025-06-18", "2025-07-02"),
    ("last quarter", "2025-01-01", "2025-04-01"),
    ("Q3", "2024-07-01", "2024-10-01"),
    ("in may 2024", "2024-05-01", "2024-06-01"),
    ("from January to March 2024", "2024-01-01", "2024-04-01"),
    ("first half of 2024", "2024-01-01", "2024-07-01"),
    ("in the 1990s", "1990-01-01", "2000-01-01"),
    ("2024/03/05", "2024-03-05", "2024-03-06"),
    ("through 2020", "", "2021-01-01"),
    ("the day before yesterday", "2025-06-16", "2025-06-17"),
    ("last Friday", "2025-06-13", "2025-06-14"),
]
KNOWN_WRONG = {
    "last quarter": "`last` is read as the ordinal: the fourth quarter",
    "Q3": "a bare month is the latest one begun, a bare quarter is this year's",
    "in may 2024": "a month in lower case that is a verb too, though a year follows",
    "from January to March 2024": "the year at the end does not reach the first month",
    "first half of 2024": "halves in words are the whole year",
    "in the 1990s": "a decade is its first year",
    "2024/03/05": "days with slashes are taken for their year",
    "through 2020": "`through` alone does not open the start",
    "the day before yesterday": "read as everything before yesterday",
    "last Friday": "no weekdays told from today",
}
NOTHING = ["", "a 3-day pass", "may I see them", "2024-13-40", "1,999 orders", "five trips"]
NOT_A_DAY = [
    _wrong("taken for the month", "31 February 2024"),
    _wrong("taken for the year", "Feb 29 2023"),
    _wrong("taken for the year", "03/05/2024"),
]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        _wrong(KNOWN_WRONG[text], text, low, high) if text in KNOWN_WRONG else (text, low, high)
        for text, low, high in PERIODS
    ],
)
def test_a_period_has_its_days(text: str, low: str, high: str) -> None:
    found = find_periods(tokenize(f"trips {text}"), TODAY)
    assert [(str(f.period.low or ""), str(f.period.high or "")) for f in found] == [(low, high)]


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_no_period_is_none(text: str) -> None:
    assert find_periods(tokenize(text), TODAY) == []


@pytest.mark.parametrize("text", NOT_A_DAY)
def test_a_day_that_is_not_understood_is_not_taken_for_its_month_or_year(text: str) -> None:
    assert find_periods(tokenize(text), TODAY) == []


@pytest.mark.parametrize(
    "today", [dt.date(2024, 2, 29), dt.date(2025, 1, 1), dt.date(2023, 12, 31)]
)
@pytest.mark.parametrize("text", [p[0] for p in PERIODS if p[0] not in KNOWN_WRONG])
def test_a_period_never_ends_before_it_begins(text: str, today: dt.date) -> None:
    for found in find_periods(tokenize(text), today):
        low, high = found.period.low, found.period.high
        assert low is None or high is None or low < high


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1pm", dt.time(13)), ("12am", dt.time(0)), ("12 pm", dt.time(12)),
        ("13:30", dt.time(13, 30)), ("9:05:10 am", dt.time(9, 5, 10)),
        ("7", None), ("25:00", None), ("noonish", None),
    ],
)  # fmt: skip
def test_a_time_of_day_is_read(text: str, time: dt.time | None) -> None:
    assert clock(text) == time
