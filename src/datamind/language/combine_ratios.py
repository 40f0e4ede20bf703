"""Combinators that set one figure against another."""

from __future__ import annotations

from datamind.language.nodes import Node, span
from datamind.language.sketch import Measure, Mention

_FIGURES = frozenset({"count", "aggregate", "either"})


def divided(nodes: list[Node]) -> list[Node] | None:
    """revenue `per square metre`: a figure divided by what a column adds up to."""
    figure = nodes[0].payload
    if isinstance(figure, Mention):
        figure.role = "measure"
        figure = Measure("either", target=figure, first=nodes[0].first)
    if figure.kind not in _FIGURES or figure.inner or figure.function in ("avg", "median"):
        return None
    by = Measure("aggregate", "sum", target=nodes[1].payload, first=nodes[1].first)
    made = Measure("ratio", left=figure, right=by, first=nodes[0].first)
    return [span(nodes, "M", made)]
