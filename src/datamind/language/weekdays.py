"""Weekdays and weekends as conditions: whatever a calendar says of them, a date tells it itself."""

from __future__ import annotations

from collections.abc import Sequence

from datamind.language.context import Context, Unbuildable
from datamind.language.periods import date_expr
from datamind.semantics import plan as P

_ASKS_WHETHER = frozenset({"do", "does", "did", "is", "are", "was", "were", "has", "have"})
_PARTS = frozenset({"share", "percentage", "proportion", "portion", "fraction"})


def weekday(day: str, at: int, ctx: Context) -> P.Predicate:
    """The rows of a day of the week, of weekends or of working days; said at this place."""
    before, after = ctx.lemmas[max(0, at - 2) : at], ctx.lemmas[at + 1 : at + 2]
    counted = before[-1:] == ("many",) or before == ("number", "of")
    if before[-1:] in (("per",), ("each",), ("every",)) or (counted and ctx.words[at][-1] == "s"):
        raise Unbuildable("each of them, or how many there were, was asked for")
    if {"whether", "if"} & set(ctx.lemmas[:at]) or _PARTS & set(after):
        raise Unbuildable("the other days were asked for, too")
    part = P.DatePart("weekday", date_expr(ctx, None, at))
    if day == "weekend":
        return P.OneOf(part, (P.Value(6), P.Value(7)))
    if day == "weekday":
        return P.Compare("<=", part, P.Value(5))
    return P.Compare("=", part, P.Value(int(day)))


def heed_weekdays(nodes: Sequence[object], ctx: Context) -> None:
    """Unbuildable, where days of both kinds are asked for and a row would have to be of both."""
    tests = [n for n in nodes if _part(n) is not None]
    if tests and ctx.words and ctx.words[0].lower() in _ASKS_WHETHER:
        raise Unbuildable("the other days were to be compared")
    for node in nodes:
        items = [i for i in node.items if _part(i) is not None] if isinstance(node, P.And) else []
        if len(items) > 1:
            raise Unbuildable("no day is on a weekend and not on one")


def _part(node: object) -> P.DatePart | None:
    """The weekday that a condition tests."""
    tested = (
        node.of if isinstance(node, P.OneOf) else node.left if isinstance(node, P.Compare) else None
    )
    return tested if isinstance(tested, P.DatePart) and tested.part == "weekday" else None
