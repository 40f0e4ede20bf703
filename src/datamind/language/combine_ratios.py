"""Combinators that set one figure against another."""

from __future__ import annotations

from datamind.language.differences import MINUS
from datamind.language.nodes import Node, may_be_number, of_code, span
from datamind.language.sketch import Measure, Mention
from datamind.language.tables import keywords as K

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


def divided_each(nodes: list[Node]) -> list[Node] | None:
    """revenue per store `per square metre`: the figure is divided, for each of them."""
    best = nodes[2].payload.candidates[0]
    made = divided([nodes[0], nodes[3]]) if best.kind == "table" or best.type == "text" else None
    return [*made, nodes[1], nodes[2]] if made is not None else None


def minus(nodes: list[Node]) -> list[Node] | None:
    """amount `minus` cost: one number less the other, of each row, or of what they add up to."""
    if of_code(nodes, K.DIFFERENCE)[0].payload != MINUS:
        return None
    pair: list[Mention] = [n.payload for n in of_code(nodes, "c")]
    if not all(map(may_be_number, pair)):
        return None
    for mention in pair:
        mention.role = "measure"
    measure = Measure("difference", mentions=tuple(pair), first=nodes[0].first)
    measure.inner = nodes[0].payload if nodes[0].code == K.AGGREGATE else None
    return [span(nodes, "M", measure)]
