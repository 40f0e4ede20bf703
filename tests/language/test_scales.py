"""Scales: what is kept in cents or seconds, in the unit that a question names."""

from __future__ import annotations

import pytest

from datamind.language.scales import divisor, renamed
from datamind.semantics.catalog import Column
from datamind.semantics.scales import after


@pytest.mark.parametrize(
    ("column", "unit", "question", "by", "name"),
    [
        ("price_cents", None, "total price in dollar", 100, "price_dollars"),
        ("price_cents", None, "total price in euro", 100, "price_euros"),
        ("price_cents", None, "total price", None, "price_cents"),
        ("call_seconds", None, "how many minute of call", 60, "call_minutes"),
        ("call_seconds", None, "call per minute", None, "call_seconds"),
        ("weight", "kg", "weight in tonne", 1000, "weight_tonnes"),
        ("weight", None, "weight in tonne", None, "weight"),
        ("min", None, "min in hour", None, "min"),
    ],
)
def test_a_figure_is_told_in_the_unit_that_was_asked_for(
    column: str, unit: str | None, question: str, by: int | None, name: str
) -> None:
    kept, lemmas = Column("t", column, "integer", unit=unit), question.split()
    assert (divisor(kept, lemmas), renamed(kept, lemmas)) == (by, name)


@pytest.mark.parametrize(
    ("unit", "by", "told"),
    [("seconds", 60, "minutes"), ("cents", 100, None), ("kg", 1000, "tonnes"),
     ("seconds", 7, "seconds"), ("items", 60, "items"), (None, 60, None)],
)  # fmt: skip
def test_what_is_divided_by_so_many_is_of_the_larger_unit(
    unit: str | None, by: int, told: str | None
) -> None:
    assert after(unit, by) == told
