"""Times said: the hours of something, and groups by time, have to be in the plan."""

from __future__ import annotations

import re
from collections.abc import Sequence

from datamind.language import names
from datamind.language.context import Context, Unbuildable
from datamind.semantics import plan as P

# `Revenue by hour`, `by method and month`.
_GRAIN = re.compile(
    r"\b(?:by|per) (?:the )?(?:(?:\w+ ){1,3}and )?(hour|day|week|month|quarter)\b"
    r"(?! of (?!(?:the )?(?:day|week|month|year)\b))"
)


def heed_times(nodes: Sequence[object], ctx: Context) -> None:
    """Unbuildable, where `opening hours` tell none, or what is told `by hour` has none."""
    if "hours" in ctx.words and not any(map(_tells_hours, nodes)):
        raise Unbuildable("the hours of something were asked for")
    grain = _GRAIN.search(" ".join(ctx.words).lower())
    if grain and not any(_tells_time(n, grain[1]) for n in nodes):
        raise Unbuildable("a figure for each time was asked for")


def _tells_time(node: object, grain: str) -> bool:
    if isinstance(node, P.Column):
        name = node.name.lower()
        told = f"{grain}s" not in name  # what takes so many hours is no hour
        rate = f"{grain}ly" in name or (grain == "day" and "daily" in name)
        return rate or (told and grain in names.words_of(node.name))
    return isinstance(node, P.DateTrunc | P.DatePart)


def _tells_hours(node: object) -> bool:
    if isinstance(node, P.Column):
        return "hours" in names.words_of(node.name)
    return isinstance(node, P.Group | P.DateTrunc | P.DatePart | P.DateDiff | P.Value)
