"""Comparisons as the language engine builds them."""

from __future__ import annotations

from typing import Any, cast

from datamind.language.context import compared
from datamind.language.sketch import Cond
from datamind.semantics import plan as P


def test_between_two_numbers_is_two_comparisons() -> None:
    made = compared(
        Cond("compare", op="between", numbers=(5.0, 8.0)), P.Field("n"), cast(Any, None)
    )
    low = P.Compare(">=", P.Field("n"), P.Value(5))
    assert made == P.And((low, P.Compare("<=", P.Field("n"), P.Value(8))))
