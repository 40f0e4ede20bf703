"""Scales: what is kept in cents or seconds, in the unit that a question names."""

from __future__ import annotations

import pytest

from datamind.language.scales import kept_in, renamed, scaled
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column
from datamind.semantics.scales import after, times


@pytest.mark.parametrize(
    ("column", "unit", "question", "by", "name"),
    [
        ("price_cents", None, "total price in dollar", "/ 100", "price_dollars"),
        ("price_cents", None, "total price in euro", "/ 100", "price_euros"),
        ("price_cents", None, "total price", "", "price_cents"),
        ("call_seconds", None, "how many minute of call", "/ 60", "call_minutes"),
        ("call_seconds", None, "call per minute", "", "call_seconds"),
        ("weight", "kg", "weight in tonne", "/ 1000", "weight_tonnes"),
        ("weight", "kg", "weight in gram", "* 1000", "weight_grams"),
        ("weight", "kg", "how many gram of it", "", "weight"),
        ("weight", None, "weight in tonne", "", "weight"),
        ("wait_days", None, "wait in hour", "* 24", "wait_hours"),
        ("wait_days", None, "wait in week", "/ 7", "wait_weeks"),
        ("wait_days", None, "wait in week 7", "", "wait_days"),
        ("iso_week", None, "week in day", "", "iso_week"),
        ("min", None, "min in hour", "", "min"),
    ],
)
def test_a_figure_is_told_in_the_unit_that_was_asked_for(
    column: str, unit: str | None, question: str, by: str, name: str
) -> None:
    kept, lemmas = kept_in(Column("t", column, "integer", unit=unit)), question.split()
    figure = P.Column("t", column)
    told = scaled(figure, kept, lemmas)
    if by:
        assert isinstance(told, P.Arithmetic) and isinstance(told.right, P.Value)
        assert f"{told.op} {told.right.value}" == by
    else:
        assert told is figure
    assert renamed(column, kept, lemmas) == name


@pytest.mark.parametrize(
    ("unit", "by", "told"),
    [("seconds", 60, "minutes"), ("cents", 100, None), ("kg", 1000, "tonnes"),
     ("seconds", 7, "seconds"), ("items", 60, "items"), (None, 60, None)],
)  # fmt: skip
def test_what_is_divided_by_so_many_is_of_the_larger_unit(
    unit: str | None, by: int, told: str | None
) -> None:
    assert after(unit, by) == told


@pytest.mark.parametrize(
    ("unit", "by", "told"),
    [("days", 24, "hours"), ("kg", 1000, "grams"), ("days", 5, "days"), (None, 24, None)],
)
def test_so_many_times_of_it_is_of_the_smaller_unit(
    unit: str | None, by: int, told: str | None
) -> None:
    assert times(unit, by) == told
