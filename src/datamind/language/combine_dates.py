"""Combinators that make conditions on dates: periods, one date against another, the time apart."""

from __future__ import annotations

from datamind.language.nodes import Node, of_code, span
from datamind.language.sketch import Cond, Mention
from datamind.language.tables import keywords as K


def _dated(mention: Mention) -> bool:
    """Whether it may name a date, if only by its table's."""
    return any(c.type in _DATES or c.kind == "table" for c in mention.candidates[:4])


_DATES = ("date", "timestamp")


def apart(nodes: list[Node]) -> list[Node] | None:
    """reported `more than 7` days `after` onset: the time between two dates, compared."""
    later, earlier = nodes[0].payload, nodes[3].payload
    comparison = nodes[1].payload
    if nodes[2].payload not in "<>" or not (_dated(later) and _dated(earlier)):
        return None
    later.role = earlier.role = "date"
    if nodes[2].payload == "<":
        later, earlier = earlier, later
    cond = Cond("apart", later, comparison.op, (comparison.value,), earlier, first=nodes[0].first)
    return [span(nodes, "P", cond)]


def two_dates(nodes: list[Node]) -> list[Node] | None:
    """delivered `after` the promised date: one date column against another."""
    left, right = nodes[0].payload, nodes[-1].payload
    if not all(any(c.type in _DATES for c in m.candidates) for m in (left, right)):
        return None
    left.role = right.role = "date"
    op = of_code(nodes, K.COMPARE)[0].payload
    return [span(nodes, "P", Cond("columns", left, op, mention=right, first=nodes[0].first))]


def period(nodes: list[Node]) -> list[Node]:
    """`in 2020`; `joined` last month: the words before may name the date."""
    subject = nodes[0].payload if nodes[0].code == "c" else None
    if subject is not None:
        subject.role = "date"
    cond = Cond("period", subject, period=nodes[-1].payload, first=nodes[-1].first)
    return [span(nodes, "P", cond)]


def period_after(nodes: list[Node]) -> list[Node] | None:
    """sale date `in 2020`: only for a concept that may be a date."""
    subject: Mention = nodes[0].payload
    best = subject.candidates[0]
    dated = best.type in ("date", "timestamp") or "year" in best.id.lower()
    if best.kind != "grain" and not (best.kind == "column" and dated):
        return None
    return period(nodes)


def best_in(nodes: list[Node]) -> list[Node] | None:
    """the best `month in 2020`: months are what is ranked."""
    if nodes[0].payload.candidates[0].kind != "grain":
        return None
    return [nodes[0], *period(nodes[-1:])]
