"""Figures that are asked for: two of them, of which a plan tells one, are not answered by it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.semantics import plan as P

_BETWEEN = frozenset({"and", ",", "&", "plus"})
_OTHER = frozenset(
    "by per each every of with without who that which whose than from to between vs versus".split()
)


def heed_two_figures(plan: P.Query, said: Sequence[str], ctx: Context) -> None:
    """`Revenue and orders in 2025`: no revenue alone, and none of each order."""
    if list(pairwise(said)).count(("how", "many")) > 1 and is_one_number(plan):
        raise Unbuildable("two numbers were asked")
    groups = [s for s in plan.steps if isinstance(s, P.Group)]
    if len(groups) != 1 or len(groups[0].measures) != 1 or {"by", "per", "each"} & set(said):
        return
    mentions = sorted(ctx.chosen.items(), key=lambda pair: pair[0].first)
    for (one, meant), (other, too) in pairwise(mentions):
        between = set(said[one.last : other.first])
        apart = _BETWEEN & between and not _OTHER & between
        if apart and _is_figure(meant, ctx) and too.kind in ("table", "metric"):
            raise Unbuildable("two figures were asked")


def _is_figure(meant: Candidate, ctx: Context) -> bool:
    if meant.kind == "column":
        column = ctx.scope.view.column(meant.id)
        return column.is_number and column.additivity == "sum"
    return meant.kind == "metric"


def is_one_number(plan: P.Query) -> bool:
    """Whether the answer is a single figure: of all rows, and one of them."""
    groups = [s for s in plan.steps if isinstance(s, P.Group)]
    return len(groups) == 1 and not groups[0].keys and len(groups[0].measures) == 1
