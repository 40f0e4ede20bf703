"""Dates: every form of period that a question may name, against a fixed day."""

from __future__ import annotations

import datetime as dt

import pytest

from datamind.language.dates import clock, find_periods
from datamind.language.tokens import tokenize

TODAY = dt.date(2025, 6, 18)  # a Wednesday


# What is said, the first day, and the day after the last; "" is an open end.
PERIODS = [
    ("in 2024, March to August", "2024-03-01", "2024-09-01"),
    ("for 2024 (Jan-Jun)", "2024-01-01", "2024-07-01"),
    ("in 2024 from May to July", "2024-05-01", "2024-08-01"),
    ("Jan thru Apr", "2025-01-01", "2025-05-01"),
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
    ("previous 3 months", "2025-03-18", "2025-06-19"),
    ("in the preceding quarter", "2025-01-01", "2025-04-01"),
    ("last 2 full months", "2025-04-01", "2025-06-01"),
    ("last 3 complete calendar weeks", "2025-05-26", "2025-06-16"),
    ("past 24 hours", "2025-06-17", "2025-06-19"),
    ("past 48 hours", "2025-06-16", "2025-06-19"),
    ("the last couple of weeks", "2025-06-04", "2025-06-19"),
    ("trailing 12 months", "2024-06-18", "2025-06-19"),
    ("past half year", "2024-12-18", "2025-06-19"),
    ("last decade", "2010-01-01", "2020-01-01"),
    ("this decade", "2020-01-01", "2030-01-01"),
    ("last century", "1901-01-01", "2001-01-01"),
    ("a week ago", "2025-06-09", "2025-06-16"),
    ("a year ago", "2024-01-01", "2025-01-01"),
    ("6 months back", "2024-12-01", "2025-01-01"),
    ("more than 3 months ago", "", "2025-03-18"),
    ("at least 2 years ago", "", "2023-06-18"),
    ("less than 3 days ago", "2025-06-15", "2025-06-19"),
    ("within the last 7 days", "2025-06-11", "2025-06-19"),
    ("in the last 5 years", "2020-06-18", "2025-06-19"),
    ("over the coming 3 months", "2025-06-18", "2025-09-18"),
    ("next Friday", "2025-06-27", "2025-06-28"),
    ("this Friday", "2025-06-20", "2025-06-21"),
    ("last weekend", "2025-06-14", "2025-06-16"),
    ("this weekend", "2025-06-21", "2025-06-23"),
    ("next weekend", "2025-06-28", "2025-06-30"),
    ("last March", "2025-03-01", "2025-04-01"),
    ("last June", "2024-06-01", "2024-07-01"),
    ("last December", "2024-12-01", "2025-01-01"),
    ("next March", "2026-03-01", "2026-04-01"),
    ("this March", "2025-03-01", "2025-04-01"),
    ("March last year", "2024-03-01", "2024-04-01"),
    ("Q2 of last year", "2024-04-01", "2024-07-01"),
    ("Q2 last year", "2024-04-01", "2024-07-01"),
    ("first quarter of last year", "2024-01-01", "2024-04-01"),
    ("last summer", "2024-06-01", "2024-09-01"),
    ("summer 2023", "2023-06-01", "2023-09-01"),
    ("winter of 2023", "2023-12-01", "2024-03-01"),
    ("spring of last year", "2024-03-01", "2024-06-01"),
    ("week of March 5, 2024", "2024-03-04", "2024-03-11"),
    ("the week starting March 4, 2024", "2024-03-04", "2024-03-11"),
    ("week ending 10 March 2024", "2024-03-04", "2024-03-11"),
    ("week 12 of 2024", "2024-03-18", "2024-03-25"),
    ("weekend of March 9, 2024", "2024-03-09", "2024-03-11"),
    ("this week so far", "2025-06-16", "2025-06-19"),
    ("so far this year", "2025-01-01", "2025-06-19"),
    ("this month to date", "2025-06-01", "2025-06-19"),
    ("mtd", "2025-06-01", "2025-06-19"),
    ("qtd", "2025-04-01", "2025-06-19"),
    ("wtd", "2025-06-16", "2025-06-19"),
    ("since the beginning of the year", "2025-01-01", ""),
    ("since the start of 2024", "2024-01-01", ""),
    ("by the end of 2024", "", "2025-01-01"),
    ("until the end of last month", "", "2025-06-01"),
    ("by March 2024", "", "2024-04-01"),
    ("up to March 2024", "", "2024-04-01"),
    ("prior to 2020", "", "2020-01-01"),
    ("no later than 5 March 2024", "", "2024-03-06"),
    ("on or before 2024-03-05", "", "2024-03-06"),
    ("not before 2020", "2020-01-01", ""),
    ("later than 2020", "2021-01-01", ""),
    ("earlier than 2020", "", "2020-01-01"),
    ("more recent than 2020", "2021-01-01", ""),
    ("2020 or later", "2020-01-01", ""),
    ("2020 onwards", "2020-01-01", ""),
    ("from 2020 onwards", "2020-01-01", ""),
    ("from 2020 on", "2020-01-01", ""),
    ("from 2020", "2020-01-01", "2021-01-01"),
    ("from March 2024", "2024-03-01", "2024-04-01"),
    ("from 2024-03-05", "2024-03-05", ""),
    ("from March 5", "2025-03-05", ""),
    ("from yesterday", "2025-06-17", "2025-06-18"),
    ("from the last 30 days", "2025-05-19", "2025-06-19"),
    ("starting from March 2024", "2024-03-01", ""),
    ("since March 2024 until June 2024", "2024-03-01", "2024-07-01"),
    ("after 2019 and before 2022", "2020-01-01", "2022-01-01"),
    ("after 2019 but before 2022", "2020-01-01", "2022-01-01"),
    ("starting January 2024 and ending March 2024", "2024-01-01", "2024-04-01"),
    ("from 2024-01-01 until now", "2024-01-01", "2025-06-19"),
    ("from January until today", "2025-01-01", "2025-06-19"),
    ("from November to February", "2024-11-01", "2025-03-01"),
    ("from November to February 2024", "2023-11-01", "2024-03-01"),
    ("between May and August", "2025-05-01", "2025-09-01"),
    ("between 5 and 10 March 2024", "2024-03-05", "2024-03-11"),
    ("March 5-10, 2024", "2024-03-05", "2024-03-11"),
    ("March 5 to 10, 2024", "2024-03-05", "2024-03-11"),
    ("March 5 to March 10, 2024", "2024-03-05", "2024-03-11"),
    ("5-10 March 2024", "2024-03-05", "2024-03-11"),
    ("from 5 to 10 March 2024", "2024-03-05", "2024-03-11"),
    ("between March 5 and March 10", "2025-03-05", "2025-03-11"),
    ("Q1 to Q3 2024", "2024-01-01", "2024-10-01"),
    ("2024 Q3", "2024-07-01", "2024-10-01"),
    ("2024Q3", "2024-07-01", "2024-10-01"),
    ("Q3-2024", "2024-07-01", "2024-10-01"),
    ("2024-Q3", "2024-07-01", "2024-10-01"),
    ("second half of 2023", "2023-07-01", "2024-01-01"),
    ("first half of this year", "2025-01-01", "2025-07-01"),
    ("first half of March 2024", "2024-03-01", "2024-03-16"),
    ("last month of 2024", "2024-12-01", "2025-01-01"),
    ("first six months of 2024", "2024-01-01", "2024-07-01"),
    ("last three months of 2023", "2023-10-01", "2024-01-01"),
    ("the first week of March 2024", "2024-03-01", "2024-03-08"),
    ("last week of March 2024", "2024-03-25", "2024-04-01"),
    ("last day of 2023", "2023-12-31", "2024-01-01"),
    ("first day of May 2020", "2020-05-01", "2020-05-02"),
    ("second quarter", "2025-04-01", "2025-07-01"),
    ("the last quarter of 2023", "2023-10-01", "2024-01-01"),
    ("the 90s", "1990-01-01", "2000-01-01"),
    ("the '80s", "1980-01-01", "1990-01-01"),
    ("in the 2000s", "2000-01-01", "2010-01-01"),
    ("in the 1800s", "1800-01-01", "1900-01-01"),
    ("the nineties", "1990-01-01", "2000-01-01"),
    ("19th century", "1801-01-01", "1901-01-01"),
    ("the twenty-first century", "2001-01-01", "2101-01-01"),
    ("nineteenth century", "1801-01-01", "1901-01-01"),
    ("second half of the 19th century", "1851-01-01", "1901-01-01"),
    ("1st of May 2020", "2020-05-01", "2020-05-02"),
    ("first of May", "2025-05-01", "2025-05-02"),
    ("on the 1st of May, 2020", "2020-05-01", "2020-05-02"),
    ("13/05/2024", "2024-05-13", "2024-05-14"),
    ("05/25/2024", "2024-05-25", "2024-05-26"),
    ("5.3.2020", "2020-03-05", "2020-03-06"),
    ("4/4/2020", "2020-04-04", "2020-04-05"),
    ("1998/2/3", "1998-02-03", "1998-02-04"),
    ("1998-2-3", "1998-02-03", "1998-02-04"),
    ("1998.2.3", "1998-02-03", "1998-02-04"),
    ("2024-03", "2024-03-01", "2024-04-01"),
    ("2010-11", "2010-11-01", "2010-12-01"),
    ("'2024-03-05'", "2024-03-05", "2024-03-06"),
    ("Monday, March 4, 2024", "2024-03-04", "2024-03-05"),
    ("in 1850", "1850-01-01", "1851-01-01"),
    ("since 1789", "1789-01-01", ""),
    ("born before 1900", "", "1900-01-01"),
    ("year 1850", "1850-01-01", "1851-01-01"),
    ("2020 orders", "2020-01-01", "2021-01-01"),
    ("3 months before March 2024", "2023-12-01", "2024-03-01"),
    ("the 30 days after 2024-01-05", "2024-01-06", "2024-02-05"),
    ("year before last", "2023-01-01", "2024-01-01"),
    ("the week before last", "2025-06-02", "2025-06-09"),
    ("in early 2024", "2024-01-01", "2024-05-01"),
    ("between 2019 and 2021 (both inclusive)", "2019-01-01", "2022-01-01"),
    ("between 2019 and 2021 exclusive", "2020-01-01", "2021-01-01"),
    ("compared to 2019", "2019-01-01", "2020-01-01"),
    ("orders in june", "2025-06-01", "2025-07-01"),
    ("by 2020", "", "2021-01-01"),
    ("through 2019", "", "2020-01-01"),
    ("in the year of 2020", "2020-01-01", "2021-01-01"),
    ("the month of March 2024", "2024-03-01", "2024-04-01"),
    ("years 2019 to 2021", "2019-01-01", "2022-01-01"),
    ("two days from now", "2025-06-20", "2025-06-21"),
    ("2020s", "2020-01-01", "2030-01-01"),
    ("top 5 May orders", "2025-05-01", "2025-06-01"),
    ("since 3 weeks ago", "2025-05-26", ""),
    ("orders placed today", "2025-06-18", "2025-06-19"),
    ("first 3 days of January", "2025-01-01", "2025-01-04"),
    ("throughout 2021", "2021-01-01", "2022-01-01"),
    ("during 2021", "2021-01-01", "2022-01-01"),
    ("within 2021", "2021-01-01", "2022-01-01"),
    ("in mid-2021", "2021-05-01", "2021-09-01"),
    ("after Q1 2024", "2024-04-01", ""),
    ("first 10 orders of 2024", "2024-01-01", "2025-01-01"),
    ("day after tomorrow", "2025-06-20", "2025-06-21"),
    ("until yesterday", "", "2025-06-18"),
    ("before today", "", "2025-06-18"),
    ("orders since yesterday", "2025-06-17", ""),
    ("from last Monday to last Friday", "2025-06-09", "2025-06-14"),
    ("between last Monday and yesterday", "2025-06-16", "2025-06-18"),
    ("March 2023 - June 2023", "2023-03-01", "2023-07-01"),
    ("2023-01-01 to 2023-06-30", "2023-01-01", "2023-07-01"),
    ("Jan-Mar 2024", "2024-01-01", "2024-04-01"),
    ("Jan 2024 - Mar 2024", "2024-01-01", "2024-04-01"),
    ("Sept 2023", "2023-09-01", "2023-10-01"),
    ("Sep. 2023", "2023-09-01", "2023-10-01"),
    ("Dec. 25, 2023", "2023-12-25", "2023-12-26"),
    ("December 25", "2024-12-25", "2024-12-26"),
    ("25 December", "2024-12-25", "2024-12-26"),
    ("Christmas 2023", "2023-01-01", "2024-01-01"),
    ("late 1990s", "1996-09-01", "2000-01-01"),
    ("Q1-Q3 2024", "2024-01-01", "2024-10-01"),
    ("early 19th century", "1801-01-01", "1834-05-01"),
    ("sales for 2020", "2020-01-01", "2021-01-01"),
    ("in the last 12 months of 2023", "2023-01-01", "2024-01-01"),
    ("the first 2 weeks of last month", "2025-05-01", "2025-05-15"),
    ("for the last week", "2025-06-09", "2025-06-16"),
    ("orders by May 2024", "", "2024-06-01"),
    ("sales of May", "2025-05-01", "2025-06-01"),
    ("since last Friday", "2025-06-13", ""),
    ("on 3rd March", "2025-03-03", "2025-03-04"),
    ("March the 5th, 2024", "2024-03-05", "2024-03-06"),
    ("mid 2021", "2021-05-01", "2021-09-01"),
    ("between 2024-01-01 10:00 and 2024-02-01", "2024-01-01 10:00:00", "2024-02-02"),
    ("over a year ago", "", "2024-06-18"),
    ("in the first quarter of 2024", "2024-01-01", "2024-04-01"),
]
NOTHING = [
    "in the last 0 days", "",
    "a 3-day pass", "may I see them", "1,999 orders", "five trips", "May I see the orders?",
    "march in line", "customers named April Smith", "last 5 orders", "last day of employment",
    "the last visit", "last name", "on the last day of each month", "next of kin", "this is fine",
    "by month", "from 9am to 5pm", "5th", "10 days", "in 10 days", "12 months", "last season",
    "from Monday to Friday", "it may be", "on Sunday", "year over year", "1850 orders",
    "month by month", "past due invoices", "second place", "first class",
    "the second visit", "24 hours", "quarter past five", "next door",
]  # fmt: skip
NOT_A_DAY = [
    "31 February 2024", "Feb 29 2023", "29 February 2023", "2024-13-40", "2024/02/30",
    "30.02.2024", "02-30-2024", "31/13/2024",
]  # fmt: skip
EITHER_DAY = ["03/05/2024", "5/3/2020", "10-12-2020", "since 03/05/2024"]
FISCAL = [
    "in fiscal year 2024", "Q3 FY24", "last fiscal year", "second quarter of fiscal year 2024",
    "this financial year", "FY 2024",
]  # fmt: skip


@pytest.mark.parametrize(("text", "low", "high"), PERIODS)
def test_a_period_has_its_days(text: str, low: str, high: str) -> None:
    found = find_periods(tokenize(f"trips {text}"), TODAY)
    assert [(str(f.period.low or ""), str(f.period.high or "")) for f in found] == [(low, high)]


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_no_period_is_none(text: str) -> None:
    assert find_periods(tokenize(text), TODAY) == []


@pytest.mark.parametrize("text", NOT_A_DAY)
def test_a_day_that_no_calendar_has_is_not_taken_for_its_month_or_year(text: str) -> None:
    assert find_periods(tokenize(text), TODAY) == []


@pytest.mark.parametrize("text", EITHER_DAY)
def test_a_day_that_may_be_two_is_not_guessed(text: str) -> None:
    assert find_periods(tokenize(text), TODAY) == []


@pytest.mark.parametrize("text", FISCAL)
def test_a_fiscal_period_is_not_taken_for_one_of_the_calendar(text: str) -> None:
    assert find_periods(tokenize(text), TODAY) == []


@pytest.mark.parametrize("text", ["from 2022 to 2020", "between May 2024 and March 2024"])
def test_a_span_that_ends_before_it_begins_is_none(text: str) -> None:
    assert find_periods(tokenize(text), TODAY) == []


@pytest.mark.parametrize(
    "today", [dt.date(2024, 2, 29), dt.date(2025, 1, 1), dt.date(2023, 12, 31)]
)
@pytest.mark.parametrize("text", [p[0] for p in PERIODS])
def test_a_period_never_ends_before_it_begins(text: str, today: dt.date) -> None:
    for found in find_periods(tokenize(text), today):
        low, high = found.period.low, found.period.high
        assert low is None or high is None or low.isoformat() < high.isoformat()


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1pm", dt.time(13)), ("12am", dt.time(0)), ("12 pm", dt.time(12)),
        ("13:30", dt.time(13, 30)), ("9:05:10 am", dt.time(9, 5, 10)),
        ("noon", dt.time(12)), ("midnight", dt.time(0)), ("5 o'clock", dt.time(5)),
        ("5 p.m.", dt.time(17)), ("12:15 am", dt.time(0, 15)), ("23:59:59", dt.time(23, 59, 59)),
        ("7", None), ("25:00", None), ("noonish", None), ("13pm", None), ("9:75", None),
    ],
)  # fmt: skip
def test_a_time_of_day_is_read(text: str, time: dt.time | None) -> None:
    assert clock(text) == time


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("Q1 and Q2 of 2024", [("2024-01-01", "2024-04-01"), ("2024-04-01", "2024-07-01")]),
        ("May, June 2024", [("2024-05-01", "2024-06-01"), ("2024-06-01", "2024-07-01")]),
        ("compare 2023 to 2024", [("2023-01-01", "2024-01-01"), ("2024-01-01", "2025-01-01")]),
        ("growth from 2023 to 2024", [("2023-01-01", "2024-01-01"), ("2024-01-01", "2025-01-01")]),
        (
            "difference between 2019 and 2020",
            [("2019-01-01", "2020-01-01"), ("2020-01-01", "2021-01-01")],
        ),
    ],
)
def test_two_periods_stay_two(text: str, spans: list[tuple[str, str]]) -> None:
    found = find_periods(tokenize(text), TODAY)
    assert [(str(f.period.low), str(f.period.high)) for f in found] == spans


@pytest.mark.parametrize(
    ("text", "unsure"),
    [
        ("in 2020", False), ("since 2020", False), ("2020 or later", False), ("2020 orders", True),
        ("over 2020 units", True), ("up to 2000 orders", True), ("summer 2023", True),
        ("the 2010-11 season", True), ("2024-03", False),
    ],
)  # fmt: skip
def test_what_may_be_something_else_is_marked(text: str, unsure: bool) -> None:
    assert [f.period.unsure for f in find_periods(tokenize(text), TODAY)] == [unsure]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("in December", "December is that of 2024"),
        ("Q3", "Q3 is that of 2024"),
        ("March 5", "March 5 is that of 2025"),
        ("past 30 days", "the last 30 days: 2025-05-19 to today"),
        ("19th century", "the century is the years 1801 to 1900"),
        ("summer 2023", "summer is June to August"),
        ("early 2024", "early in the period is January 2024 to April 2024"),
        ("March 2024", ""),
        ("last month", ""),
    ],
)
def test_what_is_assumed_is_said(text: str, note: str) -> None:
    assert [f.period.note for f in find_periods(tokenize(text), TODAY)] == [note]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("orders before March 2024 by city", "before March 2024"),
        ("orders in the last 30 days by city", "the last 30 days"),
        ("orders between 2019 and 2021 by city", "between 2019 and 2021"),
        ("orders on the 5th of March 2024", "5th of March 2024"),
    ],
)
def test_a_period_covers_the_words_that_say_it(text: str, words: str) -> None:
    tokens = tokenize(text)
    (found,) = find_periods(tokens, TODAY)
    assert text[tokens[found.first].start : tokens[found.last - 1].end] == words
