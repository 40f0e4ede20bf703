"""Ratios: cut out of a clause before all else, since each side has conditions of its own."""

from __future__ import annotations

import re

from datamind.language import differences
from datamind.language.combine_measures import rows_of_value
from datamind.language.nodes import Node
from datamind.language.patterns import combine
from datamind.language.sketch import TOLD, Cond, Measure, Mention
from datamind.language.tables import keywords as K
from datamind.language.units import Comparison, Percent

_LAST = 10_000  # behind every word


def cut_ratios(nodes: list[Node]) -> list[Node]:
    """Ratios are cut out first, since each side has conditions of its own.

    `ratio of A to B`, `share of A among B`, `percentage of A that P`, `percentage of each
    G's A that P`.
    """
    nodes = differences.cut_difference(nodes)
    at = next((i for i, n in enumerate(nodes) if n.code == K.RATIO), None)
    if at is None:
        return nodes
    kind, inner, lead, rest = _opened(nodes, at)
    each = _of_each(rest, kind)
    end = _end_of_ratio(rest[each:], kind)
    inside, after = rest[each : each + end], rest[each + end :]
    if each:  # `of each depot's customers have agreed to calls`: the `to` divides nothing
        inside = [n for n in inside if n.code != K.TO]
    if _is_part_ahead(lead, inside, kind):
        inside, lead = [*inside, *(n for n in lead if n.code in "v&|P")], []
    beyond = _beyond_group(inside, after, kind)
    inside, after = [*inside, *after[2:beyond]], [*after[:2], *after[beyond:]]
    body, limit, more = _limit(lead, inside, kind)
    cut = _middle(body, kind)
    kind, _, much = kind.partition(" ")
    measure = Measure(kind, much or "count", first=nodes[at].first, inner=inner)
    outer = _divided(measure, body, cut, grouped=each > 0)
    last = body[-1].last if body else nodes[at].last
    node = Node("M", nodes[at].first, last, measure)
    if limit is not None:
        node = Node("P", nodes[at].first, last, _limited(measure, limit))
    return [*lead, node, *outer, *more, *rest[:each], *after]


def _opened(nodes: list[Node], at: int) -> tuple[str, str | None, list[Node], list[Node]]:
    """The kind of the ratio at this place, what is made of those of many rows, and the nodes
    before it and after it, in the order of `share of A among B`."""
    lead, inner, kind = nodes[:at], None, nodes[at].payload
    if kind == "average":
        kind, inner = "ratio", "avg"
    while lead and lead[-1].code in "Af":
        node = lead.pop()
        inner = node.payload if node.code == K.AGGREGATE else inner
    rest = nodes[at + 1 :]
    joined = [n.code for n in lead[-1:]] == [K.IN] and nodes[at].first - lead[-1].last <= 1
    if kind in ("percent", "share") and joined:  # `fees as a percentage of sales`
        kind, lead = f"{kind} of whole", lead[:-1]
    if kind.endswith(" of whole"):  # `A as a percentage of B`
        kind = kind.split()[0]
        lead = lead[1:] if lead and lead[0].code == K.ORDER else lead  # `sort our kinds by A …`
        asked = _before_measure(lead)
        rest = [*lead[asked:], Node(K.TO, nodes[at].first, nodes[at].last, ""), *rest]
        lead = lead[:asked]
    told = _OF_GROUP.match("".join(n.code for n in rest))
    if kind in ("percent", "share") and told:  # `of each kind in sales`: sales of each
        rest = [*rest[3 : told.end()], *rest[:2], *rest[told.end() :]]
    return kind, inner, lead, rest


def _divided(measure: Measure, body: list[Node], cut: int | None, *, grouped: bool) -> list[Node]:
    """Gives the measure its sides, the second one from the place of the cut on, and gives back what
    is of neither."""
    kind = measure.kind
    left = body[:cut] if cut is not None else body
    right = body[cut + 1 :] if cut is not None else []
    if kind in (*differences.KINDS, "ratio"):
        differences.as_values(left, right)
    if kind in differences.KINDS:
        left = differences.after_noun(left)
    part, leftover = side(left)
    measure.left = part
    if grouped:
        _as_condition(part)
    if not right:
        outer = [*leftover, *_scope(part, left)]
        if [c.kind for c in part.where] == ["related"]:
            part.where[0].match = TOLD  # `share of orders with a return`
        return outer
    measure.right, more = side(right)
    _as_condition(part)
    _share_noun(part, measure.right)
    if kind in differences.KINDS or measure.function == differences.TIMES:
        differences.same_figure(part, measure.right)
    whole, apart = body[cut or 0].payload == "all", _clause_apart(measure, right)
    return [*leftover, *more, *_shared(measure, whole=whole, apart=apart)]


_OF_GROUP = re.compile(f"{K.GROUP}c{K.IN}{K.AGGREGATE}?c(?!{K.WITH})")
_LIMIT = re.compile(r"[fir]?(?:>i?n|p)")


def _limit(
    lead: list[Node], inside: list[Node], kind: str
) -> tuple[list[Node], Comparison | None, list[Node]]:
    """`shops that have a share of late orders above 10%`: what is counted, the comparison that the
    share of each has to stand, and what follows it."""
    found = _LIMIT.search("".join(n.code for n in inside))
    asked = [n.code for n in lead[-2:]] == ["c", K.WITH]
    if kind not in ("percent", "share") or found is None or not asked:
        return inside, None, []
    compared = [n for n in inside[found.start() : found.end()] if n.code in "p>n"]
    last = compared[-1].payload
    made = last if isinstance(last, Comparison) else Comparison(compared[0].payload, last)
    return inside[: found.start()], made, inside[found.end() :]


def _limited(measure: Measure, limit: Comparison) -> Cond:
    """The condition on each one's share; `10%` of a share are 0.1."""
    value = limit.value
    if measure.kind == "share" and isinstance(value, Percent):
        value = float(value) / 100
    cond = Cond("measure", op=limit.op, numbers=(value,), first=measure.first)
    cond.measure = measure
    return cond


def _before_measure(lead: list[Node]) -> int:
    """Where what is set against a whole begins: after the question word, after `brands by`, after
    `the highest`."""
    ahead = (K.ASK, K.BY, K.ORDER, K.SUPERLATIVE)
    return next((at + 1 for at in range(len(lead) - 2, -1, -1) if lead[at].code in ahead), 0)


_TESTS = frozenset("vPp>w0BX~")  # what begins, or is, a condition


def _of_each(rest: list[Node], kind: str) -> int:
    """How many nodes of `percentage of each depot's parcels that P` are a group at its front."""
    if kind not in ("percent", "share") or [n.code for n in rest[:2]] != [K.GROUP, "c"]:
        return 0
    body = rest[2:][: _end_of_ratio(rest[2:], kind)]
    if any(n.code == K.TO and n.payload for n in body):
        return 0
    return 2 if any(map(_is_tested, body)) else 0


def _is_part_ahead(lead: list[Node], inside: list[Node], kind: str) -> bool:
    """`Rome and Oslo together, share of sales`: what stands before is the part."""
    if kind not in ("percent", "share") or not any(n.code in "vP" for n in lead):
        return False
    plain = all(n.code in "v&|P,AiW" for n in lead)
    return plain and not any(_is_tested(n) or n.code in (K.TO, K.WITH) for n in inside)


def _beyond_group(inside: list[Node], after: list[Node], kind: str) -> int:
    """Where what `of the orders in each city were late` tests ends: the group stands between, and
    what is said of the whole is the part that is asked for."""
    if kind not in ("percent", "share") or [n.code for n in after[:2]] != [K.GROUP, "c"]:
        return 2
    if any(map(_is_tested, inside)) or any(n.code == K.TO for n in inside):
        return 2
    said = after[2:]
    joined = said[:1] and said[0].first == after[1].last and said[0].payload != "has"
    if joined and said[0].code in (K.IN, K.OF, K.WITH) and [n.code for n in said[1:2]] != ["d"]:
        return 2  # `each region in Spain`
    end = _end_of_ratio(said, kind)
    end = next((i for i, n in enumerate(said[:end]) if n.code in (K.COMMA, ".", K.ASK)), end)
    tested = said[:end]
    told = any(_is_tested(n) or n.code == K.WITH for n in tested)
    return 2 + end if told and not any(n.code == K.TO for n in tested) else 2


def _is_tested(node: Node) -> bool:
    return node.code in _TESTS or (node.code == "c" and _is_flag(node.payload))


def _scope(part: Measure, said: list[Node]) -> list[Node]:
    """What the whole of a share is limited to: `of Q1's orders with a coupon`, the period; `of
    male members that live in Rome`, what stands before the noun; `of the orders that were shipped
    came back`, all but the last that is said of them."""
    periods = [c for c in part.where if c.kind == "period"]
    scope = periods if len(periods) < len(part.where) else []
    rest = [c for c in part.where if c not in scope]
    noun = part.target.first if part.target is not None else 0
    ahead = [c for c in rest if c.first < noun]
    if len(rest) > 1:  # `the accepted have a refund`: the value is the noun
        ahead += [c for c in rest if c.mention is not None and c.mention.first == noun]
    if len(ahead) < len(rest):
        scope, rest = [*scope, *ahead], [c for c in rest if c not in ahead]
    joins = [
        n.first for before, n, after in zip(said, said[1:], said[2:], strict=False)
        if n.code in (K.AND, K.OR, K.COMMA) and (before.code, after.code) != ("v", "v")
    ]  # fmt: skip
    after = sorted(rest, key=lambda c: c.first)
    after = [c for c in after[:-1] if not _is_named(c)] + after[-1:]  # `of the parcels that were`
    apart = len(after) > 1 and not any(after[-2].first < at < after[-1].first for at in joins)
    if apart and _is_clause(after[0], said):
        scope, rest = [*scope, *after[:-1]], [c for c in rest if c not in after[:-1]]
    part.where = rest
    return [_outside(c) for c in scope]


def _outside(cond: Cond) -> Node:
    """A condition of the whole; a thing that is only named joins its table in."""
    named = _is_named(cond)
    return Node("c" if named else "P", cond.first, cond.first + 1, cond.subject if named else cond)


def _is_named(cond: Cond) -> bool:
    """Whether a thing is only named, so that its rows are joined in."""
    plain = cond.kind == "related" and not (cond.negated or cond.numbers or cond.within)
    return plain and cond.subject is not None and cond.subject.candidates[0].kind == "table"


def _is_clause(cond: Cond, said: list[Node]) -> bool:
    """Whether a condition stands in a clause about the noun: `that were ...`, `from ...`."""
    before = [n.code for n in said if n.first < cond.first and n.code != K.NOT][-1:]
    return bool(before) and before[0] in (K.WITH, K.IN)


def _as_condition(left: Measure) -> None:
    """`open to closed shops`: a flag is no number where it is set against another."""
    if left.kind == "either" and left.target is not None and _is_flag(left.target):
        left.target.role = "relation"
        left.where = [Cond("related", left.target, first=left.first), *left.where]
        left.kind, left.target = "count", None


def _share_noun(left: Measure, right: Measure) -> None:
    """`female to male patients`: the noun that one side leaves out is the other's."""
    for one, other in ((left, right), (right, left)):
        if one.kind == "count" and one.target is None and one.where and other.target is not None:
            one.kind, one.function, one.target = other.kind, other.function, other.target


def _middle(body: list[Node], kind: str) -> int | None:
    """Where the second side of a ratio begins: the `to`, `out of`, or the `and` of `between`."""
    places = [i for i, n in enumerate(body) if n.code == K.TO]
    if kind == "percent":  # `the percentage of customers that have agreed to calls`
        places = [i for i in places if body[i].payload or not _follows_verb(body, i)]
    if places:
        return places[0]
    if kind == "ratio":
        places = [i for i, n in enumerate(body) if n.code == K.AND]
        return places[0] if places else None
    return None


def _follows_verb(body: list[Node], at: int) -> bool:
    """Whether what stands before is what a relative clause says, not a side of its own."""
    return any(n.code == K.WITH for n in body[:at])


def side(nodes: list[Node]) -> tuple[Measure, list[Node]]:
    """One side of a ratio or formula: its measure with its conditions, and what did not fit in."""
    made = combine(nodes)
    measure: Measure | None = None
    leftover: list[Node] = []
    conds: list[Cond] = []
    related: list[Mention] = []
    before = ""
    for node in made:
        had = before == K.WITH and bool(conds)  # `the accepted have a refund`
        before = node.code
        if node.code == "M" and measure is None:
            measure = node.payload
        elif node.code == "c" and _is_flag(node.payload) and len(made) > 1:
            node.payload.role = "relation"
            conds.append(Cond("related", node.payload, first=node.first))
        elif node.code == "c" and measure is None and not had:
            node.payload.role = "measure"
            measure = Measure("either", target=node.payload, first=node.first)
        elif node.code == "P":
            conds.append(node.payload)
        elif node.code == "c":
            node.payload.role = "relation"
            related.append(node.payload)
            if had and measure is None and conds[0].kind == "value":
                rows = rows_of_value(conds[0], made[0])
                measure = Measure("count", target=rows, first=made[0].first)
        elif node.code in "GO":
            leftover.append(node)
    if measure is None:
        measure = Measure("count", first=nodes[0].first if nodes else 0)
    measure.where = [*measure.where, *conds]
    for mention in related:
        measure.where.append(Cond("related", mention, first=mention.first))
    return measure, leftover


def _is_flag(mention: Mention) -> bool:
    best = mention.candidates[0]
    return best.kind == "column" and best.type == "boolean"


def _end_of_ratio(rest: list[Node], kind: str) -> int:
    """Where the ratio ends: at a group or an order; `A per B` is a ratio's own middle."""
    divided = kind != "ratio" or any(n.code == K.TO for n in rest)
    for place, node in enumerate(rest):
        if node.code == K.GROUP and not divided and node.payload == "per" and place:
            node.code, divided = K.TO, True
        elif node.code in (K.GROUP, K.ORDER, K.DIRECTION):
            return place
    return len(rest)


def _clause_apart(measure: Measure, right: list[Node]) -> int:
    """Where what is said of both sides begins: a clause of its own, `..., for parcels by sea`; of
    what a figure is a share of, where it was, too: `refunds as a share of sales in Rome`."""
    assert measure.left is not None and measure.right is not None
    figure = measure.kind in ("percent", "share") and not measure.left.where
    noun = measure.right.target.last if measure.right.target is not None else _LAST
    for at, node in enumerate(right[:-1]):
        led = right[at + 1].code
        if node.code == K.COMMA and led in (K.IN, K.WITH):
            return node.first
        if figure and node.code == K.IN and led in "vP" and node.first >= noun:
            return node.first
    return _LAST


def _shared(measure: Measure, *, whole: bool, apart: int) -> list[Node]:
    """Conditions that hold for both sides: of `out of all B that P`, all; what is said `apart`,
    behind a comma; else those at the end of the second side that have no counterpart in the first
    (`... below 4 in New York`)."""
    assert measure.left is not None and measure.right is not None
    beyond = [c for c in measure.right.where if c.first > apart]
    if beyond and not whole:
        measure.right.where = [c for c in measure.right.where if c.first < apart]
        return [_outside(c) for c in beyond]
    if whole:
        shared, measure.right.where = measure.right.where, []
        return [Node("P", c.first, c.first + 1, c) for c in shared]
    kinds = {c.kind for c in measure.left.where}
    out = []
    if measure.right.where and not any(c.kind != "period" for c in measure.left.where):
        extra = [c for c in measure.right.where if c.kind == "period"]
        for cond in extra if "period" not in kinds else ():
            measure.right.where.remove(cond)
            out.append(Node("P", cond.first, cond.first + 1, cond))
    elif measure.left.where and measure.right.where:
        extra = [c for c in measure.right.where if c.kind not in kinds]
        if len(measure.right.where) > len(measure.left.where) and not extra:
            extra = measure.right.where[len(measure.left.where) :]
        for cond in extra:
            measure.right.where.remove(cond)
            out.append(Node("P", cond.first, cond.first + 1, cond))
    return out
