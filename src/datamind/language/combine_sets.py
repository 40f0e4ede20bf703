"""Combinators for what has several of the same: both a tea and a coffee."""

from __future__ import annotations

from datamind.language.combine_conditions import without
from datamind.language.nodes import Node, span
from datamind.language.sketch import Cond, Mention


def both_values(nodes: list[Node]) -> list[Node] | None:
    """both a Ford model and a Fiat one: `both` values, the nouns between them being the same."""
    if nodes[0].payload != "both":
        return None
    parts: list[list[Node]] = [[]]
    for node in nodes[1:]:
        if node.code in ",&":
            parts.append([])
        elif node.code in "cvn":
            parts[-1].append(node)
    parts = [part for part in parts if part]
    mentions = [_as_value(part[0].payload) for part in parts if part[0].code in "cv"]
    values = [m for m in mentions if m is not None]
    if len(values) < 2 or len(values) < len(parts):
        return None
    last = parts[-1][-1]
    noun = last if last.code == "c" and len(parts[-1]) > 1 else None
    cond = Cond("value", mention=values[0], mentions=tuple(values), match="both")
    cond.first = nodes[0].first
    made = span(nodes[:-1] if noun is not None else nodes, "P", cond)
    return [made, noun] if noun is not None else [made]


def _as_value(mention: Mention) -> Mention | None:
    """The mention as that of a value, if it may be one."""
    kept = tuple(c for c in mention.candidates if c.kind == "value" and c.source == "value")
    if not kept:
        return None
    mention.candidates, mention.role = kept, "value"
    return mention


def without_flagged(nodes: list[Node]) -> list[Node] | None:
    """`without` a paid invoice, where a column says yes or no: no invoice that is paid."""
    what, of = nodes[-2].payload, nodes[-1].payload
    tables = {c.table for c in of.candidates[:3] if c.kind == "table"}
    least = what.candidates[0].score - 0.05
    flags = tuple(
        c for c in what.candidates
        if c.kind == "column" and c.type == "boolean" and c.score >= least and c.table in tables
    )  # fmt: skip
    if nodes[0].payload != "no" or not flags or nodes[-2].last != nodes[-1].first:
        return None
    what.candidates, what.role = flags, "relation"
    made = without([nodes[0], nodes[-1]])[0].payload
    made.within = [Cond("related", what, first=nodes[-2].first)]
    return [span(nodes, "P", made)]
