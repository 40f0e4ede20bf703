"""When two results are the same."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from datamind.evaluation.results import Row, another_cut, same_result

DAY = dt.date(2025, 3, 1)
SAME: dict[str, tuple[list[Row], list[Row]]] = {
    "rows in any order": ([(1, "a"), (2, "b")], [(2, "b"), (1, "a")]),
    "columns in any order": ([(1, "a"), (2, "b")], [("a", 1), ("b", 2)]),
    "a further column": ([("a",), ("b",)], [("a", 7), ("b", 8)]),
    "decimals and floats": ([(Decimal("1.50"),)], [(1.5,)]),
    "noise of addition": ([(0.1 + 0.2,)], [(0.3,)]),
    "rounded to two decimals": ([(2 / 3,)], [(0.67,)]),
    "midnight and its day": ([(DAY,)], [(dt.datetime(2025, 3, 1),)]),  # noqa: DTZ001
    "a day and its text": ([(DAY,)], [("2025-03-01",)]),
    "a month and its first day": ([("2025-03",)], [(DAY,)]),
    "an interval and its days": ([(dt.timedelta(days=3),)], [(3,)]),
    "a number and its text": ([("12",)], [(12,)]),
    "nulls": ([(None, 1)], [(None, 1)]),
    "none at all": ([], []),
}
DIFFERENT: dict[str, tuple[list[Row], list[Row]]] = {
    "a row more": ([(1,)], [(1,), (1,)]),
    "duplicates count": ([(1,), (1,), (2,)], [(1,), (2,), (2,)]),
    "values of a row swapped": ([(1, "a"), (2, "b")], [(1, "b"), (2, "a")]),
    "a column missing": ([(1, "a")], [(1,)]),
    "three columns more": ([(1,)], [(1, 2, 3, 4)]),
    "null is not zero": ([(None,)], [(0,)]),
    "rounded too far": ([(2 / 3,)], [(0.7,)]),
    "letters count": ([("Rome",)], [("rome",)]),
    "no rows for some": ([(1,)], []),
}


@pytest.mark.parametrize("case", SAME)
def test_same(case: str) -> None:
    assert same_result(*SAME[case], extra=2)


@pytest.mark.parametrize("case", DIFFERENT)
def test_different(case: str) -> None:
    assert not same_result(*DIFFERENT[case], extra=2)


def test_order_counts_by_the_sort_columns_only() -> None:
    gold: list[Row] = [("a", 1), ("b", 2), ("c", 2)]
    assert same_result(gold, [("a", 1), ("c", 2), ("b", 2)], extra=0, order=[1])
    assert not same_result(gold, [("b", 2), ("a", 1), ("c", 2)], extra=0, order=[1])


def test_another_cut_through_a_tie_is_as_good() -> None:
    everything: list[Row] = [("a", 3), ("b", 2), ("c", 2), ("d", 1)]
    gold = everything[:2]
    assert another_cut(everything, gold, [("c", 2), ("a", 3)], tied=[1], extra=0)
    assert not another_cut(everything, gold, [("a", 3), ("d", 1)], tied=[1], extra=0)
    assert not another_cut(everything, gold, [("a", 3), ("x", 2)], tied=[1], extra=0)
