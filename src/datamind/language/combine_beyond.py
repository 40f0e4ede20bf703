"""Combinators of comparisons with an average: of all, of a kind, of the others like it."""

from __future__ import annotations

import re

from datamind.language import names
from datamind.language.combine_conditions import one_value
from datamind.language.kinds import KEYS
from datamind.language.nodes import Node, of_code
from datamind.language.sketch import Cond, Measure
from datamind.language.tables import keywords as K
from datamind.semantics.catalog import NUMERIC

# An average salary [per team] above | above the [2024] average [Sales] salary [per person]
# | of its department, of 2024, of Sales.
BEYOND = (
    r"(?:(?P<own>A)f?(?=c))?(?P<about>c)?(?:(?<=c)gc(?=[rf]*>))?[rf]*>(?P<factor>k)?f?(?P<said>c)?c?"
    r"(?:i?(?P<then>d))?Af?(?P<then_>d)?(?P<kind>v)?(?P<again>c(?!>))?(?P<per>gc)?"
    r"(?:[fir]+=?(?P<same>c(?!v))|f?(?P<when>d)|f(?P<kind_>v)c?)?(?:r=(?P<same_>c))?"
)


def beyond(nodes: list[Node]) -> list[Node] | None:
    """salary `above the average` of the department; `more` trips `than the average`."""
    found = re.fullmatch(BEYOND, "".join(n.code for n in nodes))
    average = of_code(nodes, K.AGGREGATE)[-1]
    function = average.payload
    if found is None or function not in ("avg", "median"):
        return None
    at = {k: nodes[found.start(k)] for k, v in found.groupdict().items() if v}
    kept: list[Node] = []
    about = at.get("about")
    subject = at.get("said")
    if about is not None:
        keyed = "again" in at and _is_number(at["again"]) and _is_key(about)
        if subject is None and _is_number(about) and not keyed:
            subject = about
        else:
            kept.append(about)
    if subject is None and "again" in at and _is_number(at["again"]):
        subject = at["again"]
    same = at.get("same_") or at.get("same")
    if subject is None and same is not None and _is_number(same):
        subject, same = same, None  # above the average `in revenue`
    cond = Cond("beyond", op=of_code(nodes, K.COMPARE)[0].payload, match=function)
    cond.first = of_code(nodes, K.COMPARE)[0].first
    if "factor" in at:
        cond.numbers = (at["factor"].payload,)
    if subject is not None:
        subject.payload.role = "measure"
        cond.measure = Measure("either", target=subject.payload, first=subject.first)
        if "own" in at:  # `an average rating above` that of all
            cond.measure.kind, cond.measure.function = "aggregate", at["own"].payload
    of = average.last - average.first > 1 or "Af" in "".join(n.code for n in nodes)
    if same is None and of and "again" in at and subject is not at["again"]:
        same = at["again"]  # `the average of` its kind
    peer = at["again"].payload.candidates[0] if "again" in at and not of else None
    if peer is not None and (peer.kind == "table" or peer.type == "text"):
        cond.each = peer.id  # `than the average customer`, `than the average region`
    if "own" in at and same is not None and same.payload.candidates[0].kind == "table":
        same = None  # `of all reviews`
    if same is not None:
        same.payload.role = "group"
        cond.mention = same.payload
    kind = at.get("kind") or at.get("kind_")
    if kind is not None:  # the average `Sales` salary, the average salary of `Sales`
        cond.within = [n.payload for n in one_value([kind])]
    made = [*kept, Node("P", cond.first, nodes[-1].last, cond)]
    made += [at[k] for k in ("then", "then_") if k in at]  # the period bounds both sides
    of = of or nodes[-2].code == K.OF
    if "when" in at and not of:  # the period bounds what is compared too
        return [*made, at["when"]]
    if "when" in at:
        cond.within.append(Cond("period", period=at["when"].payload, first=at["when"].first))
    return made


def _is_number(node: Node) -> bool:
    best = node.payload.candidates[0]
    return best.kind == "metric" or (best.kind == "column" and best.type in NUMERIC)


def _is_key(node: Node) -> bool:
    column = node.payload.candidates[0].id.rpartition(".")[2]
    return bool(KEYS & set(names.words_of(column)))
