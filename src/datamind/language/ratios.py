"""Ratios: cut out of a clause before all else, since each side has conditions of its own."""

from __future__ import annotations

from datamind.language import differences
from datamind.language.nodes import Node
from datamind.language.patterns import combine
from datamind.language.sketch import TOLD, Cond, Measure, Mention
from datamind.language.tables import keywords as K


def cut_ratios(nodes: list[Node]) -> list[Node]:
    """Ratios are cut out first, since each side has conditions of its own.

    `ratio of A to B`, `share of A among B`, `percentage of A that P`, `percentage of each
    G's A that P`.
    """
    nodes = differences.cut_difference(nodes)
    at = next((i for i, n in enumerate(nodes) if n.code == K.RATIO), None)
    if at is None:
        return nodes
    lead = nodes[:at]
    inner = None
    kind = nodes[at].payload
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
    each = _of_each(rest, kind)
    end = _end_of_ratio(rest[each:], kind)
    inside, after = rest[each : each + end], rest[each + end :]
    if each:  # `of each depot's customers have agreed to calls`: the `to` divides nothing
        inside = [n for n in inside if n.code != K.TO]
    beyond = _beyond_group(inside, after, kind)
    inside, after = [*inside, *after[2:beyond]], [*after[:2], *after[beyond:]]
    body, tail = inside, [*rest[:each], *after]
    cut = _middle(body, kind)
    left = body[:cut] if cut is not None else body
    right = body[cut + 1 :] if cut is not None else []
    kind, _, much = kind.partition(" ")
    measure = Measure(kind, much or "count", first=nodes[at].first, inner=inner)
    if kind in differences.KINDS:
        differences.as_values(left, right)
        left = differences.after_noun(left)
    part, leftover = side(left)
    measure.left = part
    if each:
        _as_condition(part)
    outer: list[Node] = leftover if right else [*leftover, *_scope(part, left)]
    if not right and [c.kind for c in part.where] == ["related"]:
        part.where[0].match = TOLD  # `share of orders with a return`
    if right:
        measure.right, more = side(right)
        _as_condition(part)
        _share_noun(part, measure.right)
        if kind in differences.KINDS:
            differences.same_figure(part, measure.right)
        outer = [*outer, *more, *_shared(measure, whole=body[cut or 0].payload == "all")]
    node = Node("M", nodes[at].first, (body[-1].last if body else nodes[at].last), measure)
    return [*lead, node, *outer, *tail]


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
    if len(ahead) < len(rest):
        scope, rest = [*scope, *ahead], [c for c in rest if c not in ahead]
    joins = [
        n.first for before, n, after in zip(said, said[1:], said[2:], strict=False)
        if n.code in (K.AND, K.OR, K.COMMA) and (before.code, after.code) != ("v", "v")
    ]  # fmt: skip
    after = sorted(rest, key=lambda c: c.first)
    apart = len(after) > 1 and not any(after[-2].first < at < after[-1].first for at in joins)
    if apart and _is_clause(after[0], said):
        scope, rest = [*scope, *after[:-1]], after[-1:]
    part.where = rest
    return [_outside(c) for c in scope]


def _outside(cond: Cond) -> Node:
    """A condition of the whole; a thing that is only named joins its table in."""
    thing = cond.subject if cond.kind == "related" and not (cond.negated or cond.numbers) else None
    if thing is not None and not cond.within and thing.candidates[0].kind == "table":
        return Node("c", cond.first, cond.first + 1, thing)
    return Node("P", cond.first, cond.first + 1, cond)


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
    for node in made:
        if node.code == "M" and measure is None:
            measure = node.payload
        elif node.code == "c" and _is_flag(node.payload) and len(made) > 1:
            node.payload.role = "relation"
            conds.append(Cond("related", node.payload, first=node.first))
        elif node.code == "c" and measure is None:
            node.payload.role = "measure"
            measure = Measure("either", target=node.payload, first=node.first)
        elif node.code == "P":
            conds.append(node.payload)
        elif node.code == "c":
            node.payload.role = "relation"
            related.append(node.payload)
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


def _shared(measure: Measure, *, whole: bool) -> list[Node]:
    """Conditions that hold for both sides: of `out of all B that P`, all; else those at the end
    of the second side that have no counterpart in the first (`... below 4 in New York`)."""
    assert measure.left is not None and measure.right is not None
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
