"""Top shares: `what share of revenue comes from our ten biggest customers`.

Each customer's revenue is added up and ranked; the first ten's part of all is the answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from datamind.language.context import Unbuildable
from datamind.language.nodes import Node
from datamind.language.sketch import Mention
from datamind.language.tables import keywords as K
from datamind.language.units import Top
from datamind.semantics import plan as P

CODE = "Z"
_FIRST = {"biggest": True, "largest": True, "best": True, "smallest": False}


@dataclass(frozen=True, slots=True)
class TopShare:
    """The part that the first `count` of `of` have in the sketch's figure."""

    of: Mention
    count: int
    descending: bool = True
    percent: bool = False


def cut_top(nodes: list[Node]) -> list[Node]:
    """The nodes with a top inside a share taken out and told apart."""
    ratio = next((i for i, n in enumerate(nodes) if n.code == K.RATIO), None)
    if ratio is None or nodes[ratio].payload not in ("share", "percent"):
        return nodes
    codes = "".join(n.code for n in nodes)
    found = re.compile(f"[{K.TOP}{K.SUPERLATIVE}]c").search(codes, ratio)
    at = found.start() if found is not None else 0
    top = nodes[at].payload if found is not None else None
    if top in _FIRST:  # `our biggest client`
        top = Top(1, _FIRST[top])
    if not isinstance(top, Top):
        return nodes
    of: Mention = nodes[at + 1].payload
    of.role, of.each = "group", True
    made = TopShare(of, top.count, top.descending, nodes[ratio].payload == "percent")
    before = nodes[ratio + 1 : at]
    while before and before[-1].code in (K.IN, K.WITH, K.OF, K.BY, "u"):
        before.pop()
    first, last = nodes[at].first, nodes[at + 1].last
    return [*nodes[:ratio], *before, Node(CODE, first, last, made), *nodes[at + 2 :]]


def part_of_all(top: TopShare, query: P.Query) -> P.Query:
    """The share, from the groups' figures."""
    group = next((s for s in query.steps if isinstance(s, P.Group)), None)
    if group is None or len(group.measures) != 1 or not isinstance(query.source, P.Source):
        raise Unbuildable("a share of one figure only")
    value = P.Field(group.measures[0].name)
    place = P.WindowCall("row_number", None, (), (P.Sort(value, top.descending),))
    kept = tuple(s for s in query.steps if isinstance(s, P.Filter | P.Group))
    ranked = P.Query(query.source, (*kept, P.Window((P.Named("place", place),))))
    first = P.Compare("<=", P.Field("place"), P.Value(top.count))
    share: P.Expr = P.Arithmetic(
        "/", P.Aggregate("sum", value, where=first), P.Aggregate("sum", value)
    )
    if top.percent:
        share = P.Arithmetic("*", P.Value(100), share)
    return P.Query(ranked, (P.Group((), (P.Named("percent" if top.percent else "share", share),)),))
