"""Combinators that make conditions on groups: what each of them adds up to, against a number."""

from __future__ import annotations

from datamind.language.candidates import Candidate
from datamind.language.nodes import Node, may_be_number, of_code, span
from datamind.language.sketch import Cond, Measure, Mention
from datamind.language.units import Percent
from datamind.semantics.catalog import NUMERIC


def of_groups(nodes: list[Node]) -> list[Node] | None:
    """an `average` salary `above` 45000: a condition on groups."""
    function = nodes[0].payload
    target: Mention = of_code(nodes, "c")[0].payload
    target.role = "measure"
    measure = Measure("aggregate", function, target, first=nodes[0].first)
    return _of(measure, nodes)


def of_amount(nodes: list[Node]) -> list[Node] | None:
    """brought in `more than 40 of revenue`: what each adds up to; a price above 5 in stock is the
    price's number."""
    first, amount = nodes[0], nodes[-1].payload
    if first.code == "c" and may_be_number(first.payload):
        return None
    comparison = of_code(nodes, "p")[0]
    if isinstance(comparison.payload.value, Percent):
        return None  # over 5 % of the revenue
    best: Candidate = amount.candidates[0]
    if best.kind != "metric" and not (best.kind == "column" and best.type in NUMERIC):
        return None
    amount.role = "measure"
    measure = Measure("either", target=amount, first=nodes[-1].first)
    made = _of(measure, [comparison])
    return [*([first] if first.code == "c" else []), *made]


def of_measure(nodes: list[Node]) -> list[Node]:
    """number of orders `over 5`: a condition on groups."""
    return _of(nodes[0].payload, nodes)


def on_average(nodes: list[Node]) -> list[Node] | None:
    """clerks that `answer within 4 hours on average`: a condition on the average of each."""
    cond: Cond = nodes[0].payload
    function = nodes[-1].payload
    plain = cond.kind == "compare" and not cond.negated and len(cond.numbers) == 1
    if not plain or cond.subject is None or function not in ("avg", "median"):
        return None
    cond.subject.role = "measure"
    made = Cond("measure", op=cond.op, numbers=cond.numbers, first=cond.first)
    made.measure = Measure("aggregate", function, cond.subject, first=cond.first)
    return [span(nodes, "P", made)]


def _of(measure: Measure, nodes: list[Node]) -> list[Node]:
    comparison = nodes[-1].payload
    cond = Cond("measure", op=comparison.op, numbers=(comparison.value,), first=nodes[0].first)
    cond.measure = measure
    return [span(nodes, "P", cond)]
