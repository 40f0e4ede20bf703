"""Combinators that make ranks and orders: superlatives, tops, what is the most common."""

from __future__ import annotations

from datamind.language.combine_conditions import having_value
from datamind.language.linking import SURE
from datamind.language.nodes import Node, may_be_number, of_code, span
from datamind.language.sketch import Measure, Mention, Rank
from datamind.language.tables import keywords as K
from datamind.language.units import Top
from datamind.semantics.catalog import NUMERIC


def so_many(nodes: list[Node]) -> list[Node]:
    """which `3` coupons ... the most: a limit."""
    rank = Rank(None, True, int(nodes[0].payload), first=nodes[0].first)
    return [Node("L", nodes[0].first, nodes[0].last, rank)]


def so_many_of(nodes: list[Node]) -> list[Node] | None:
    """the `three` youngest, where the evidence says what that is: a limit of its own."""
    rank: Rank = nodes[1].payload
    if not rank.extreme or rank.count != 1:
        return None
    rank.count, rank.extreme = int(nodes[0].payload), False
    return nodes[1:]


_COMMON = frozenset({"most common", "most frequent", "most frequently", "least common", "rarest",
                     "most often", "most commonly"})  # fmt: skip


# What is told by what was sold or happened, not by the thing itself.
_TOLD_BY_EVENTS = frozenset({"popularity", "sale", "profit"})


def commonest(nodes: list[Node]) -> list[Node] | None:
    """the `most common` fault; the `most frequently` ordered product: counted, not compared."""
    way, hints = K.SUPERLATIVES[nodes[0].payload]
    last = nodes[-1].payload.candidates[0]
    if hints[:1] and hints[0] in _TOLD_BY_EVENTS and last.kind == "column" and last.type == "text":
        return [*alone(nodes[:1]), nodes[-1]] if len(nodes) == 2 else None
    if len(nodes) == 3:
        event, target = nodes[1], nodes[2]
        if nodes[0].payload not in _COMMON and not _is_event(event):
            return None
        event.payload.role = "relation"
        by = Measure("count", target=event.payload, first=event.first)
    else:
        target = nodes[1]
        best = target.payload.candidates[0]
        if nodes[0].payload not in _COMMON or best.kind != "column" or best.type != "text":
            return None
        by = Measure("count", target=None, first=nodes[0].first)
    rank = Rank(by, way == "desc", 1, extreme=True, first=nodes[0].first)
    return [Node("L", nodes[0].first, target.first, rank), target]


def _is_event(node: Node) -> bool:
    """Whether it is a participle that names a table: `prescribed`, `ordered`."""
    best = node.payload.candidates[0]
    return node.last == node.first + 1 and best.kind == "table" and 0.6 < best.score < 0.9


_THINGS = ("table", "value", "grain")


def superlative_by(nodes: list[Node]) -> list[Node] | None:
    """the `biggest` project `by` budget: the order stands after `by`."""
    way, hints = K.SUPERLATIVES[nodes[0].payload]
    head, by = nodes[1].payload, nodes[3].payload
    if hints and isinstance(by, Mention) and _is_kind(by) and nodes[2].code == K.BY:
        return _one_of_each(nodes)
    best = head.candidates[0].score
    named = head.candidates[0].type == "text" and isinstance(by, Mention) and _is_amount(by)
    if not named and all(c.kind not in _THINGS or c.score < best for c in head.candidates[:4]):
        return None
    if isinstance(by, Mention) and by.candidates[0].kind == "table":
        by.role = "entity"
        by = Measure("count", target=by, first=nodes[3].first)
    elif isinstance(by, Mention):
        if not may_be_number(by):
            return None
        by.role = "order"
    rank = Rank(by, way == "desc", 1, hints, extreme=True, first=nodes[0].first)
    return [Node("L", nodes[0].first, nodes[0].last, rank), nodes[1]]


def _is_kind(mention: Mention) -> bool:
    """Whether it is a text or a yes or no, of which none has more than another."""
    best = mention.candidates[0]
    return best.kind == "column" and best.type in ("text", "boolean")


def _one_of_each(nodes: list[Node]) -> list[Node]:
    """the `oldest` rider `by` plan: the oldest in each."""
    group: Mention = nodes[3].payload
    group.role, group.each = "group", True
    return [*alone(nodes[:1]), nodes[1], span(nodes[2:], "G", [group])]


_BETTER = frozenset({"best", "worst", "busiest", "biggest", "top"})


def superlative_for(nodes: list[Node]) -> list[Node] | None:
    """the `best` month `for` sales: what it is best for is what tells."""
    head = nodes[1].payload.candidates[0]
    number = head.kind == "column" and head.type != "text"
    if nodes[0].payload not in _BETTER or nodes[2].payload != "for" or number:
        return None
    return superlative_by(nodes)


def _is_amount(mention: Mention) -> bool:
    best = mention.candidates[0]
    return best.kind == "metric" or (best.kind == "column" and best.type in NUMERIC)


def superlative_by_within(nodes: list[Node]) -> list[Node] | None:
    """the `best` month `of 2025 by` revenue: a condition stands before the order."""
    conds = [n for n in nodes if n.code == "P"]
    made = superlative_by([*nodes[:2], *nodes[-2:]])
    return [*made, *conds] if made and conds else None


def on_average(nodes: list[Node]) -> list[Node]:
    """the most expensive `on average`: what is compared is an average."""
    nodes[0].payload.function = nodes[1].payload
    return nodes[:1]


def usual(nodes: list[Node]) -> list[Node] | None:
    """the most expensive brand `on average`."""
    if nodes[0].payload.by is not None or not nodes[0].payload.hints:
        return None
    return [*on_average([nodes[0], nodes[2]]), nodes[1]]


def rank(nodes: list[Node]) -> list[Node]:
    """`highest` population; `most` orders; `highest` average rating."""
    way, hints = K.SUPERLATIVES[nodes[0].payload]
    by = nodes[-1].payload
    if isinstance(by, Mention) and is_latest(nodes[0], by):
        return [*alone(nodes[:1]), nodes[1]]
    if isinstance(by, Mention):
        by.role = "order"
    rank = Rank(by, way == "desc", 1, hints, extreme=True, first=nodes[0].first)
    return [span(nodes, "L", rank)]


def order(nodes: list[Node]) -> list[Node]:
    """`ordered by` the number of authors `descending`, name `ascending`."""
    ranks: list[Rank] = []
    pending: str | None = None
    for node in nodes:
        if node.code == K.DIRECTION:
            if ranks:
                ranks[-1].descending = node.payload == "desc"
            else:
                pending = node.payload
        elif node.code in "cM":
            if node.code == "c":
                node.payload.role = "order"
            descending = (node.code == "M" and pending is None) or pending == "desc"
            ranks.append(Rank(node.payload, descending, first=node.first))
        elif node.code == "L":
            ranks.append(Rank(node.payload.by, node.payload.descending, first=node.first))
    if not ranks:
        ranks.append(Rank(None, pending == "desc", first=nodes[0].first))
    return [span(nodes, "O", ranks)]


def sort_by(nodes: list[Node]) -> list[Node]:
    """`sort` the models `by` price: the order stands after `by`."""
    by = nodes[-1].payload
    if isinstance(by, Mention):
        by.role = "order"
    rank = Rank(by, nodes[-1].code == "M", first=nodes[0].first)
    return [*nodes[1:-2], span(nodes[-2:], "O", [rank])]


def top_by(nodes: list[Node]) -> list[Node]:
    """`top 5` cities `by` population: the order stands after `by`."""
    top: Top = nodes[0].payload
    by = nodes[-1].payload
    if isinstance(by, Mention):
        by.role = "order"
    rank = Rank(by, top.descending, top.count, top.hints, first=nodes[0].first)
    return [Node("L", nodes[0].first, nodes[0].last, rank), *nodes[1:-2]]


def top_figure(nodes: list[Node]) -> list[Node] | None:
    """`top 5` brands revenue: as people type it, without the `by`."""
    by = nodes[-1].payload
    counted = isinstance(by, Mention) and by.candidates[0].kind in ("metric", "table")
    if isinstance(by, Mention) and not counted and not _is_amount(by):
        return None
    return top_by([*nodes[:2], nodes[-1], nodes[-1]])


def top_near(nodes: list[Node]) -> list[Node] | None:
    """`top 5` brands in the Rome shops `by` units: what narrows stands before the order."""
    by = nodes[-1].payload
    counted = nodes[-1].code == "c" and by.candidates[0].kind in ("table", "metric")
    if nodes[-1].code == "c" and not counted and not _is_amount(by):
        return None  # the top 3 in Rome of each kind
    made = top_by([nodes[0], nodes[1], *nodes[-2:]])
    return [*made, *nodes[2:-2]]


def top(nodes: list[Node]) -> list[Node]:
    top: Top = nodes[0].payload
    rank = Rank(None, top.descending, top.count, top.hints, first=nodes[0].first)
    return [Node("L", nodes[0].first, nodes[0].last, rank)]


def from_to(nodes: list[Node]) -> list[Node]:
    """`from most to fewest`: an order."""
    way, hints = K.SUPERLATIVES[of_code(nodes, K.SUPERLATIVE)[0].payload]
    rank = Rank(
        None, way == "desc", hints=hints if hints[:1] == ("date",) else (), first=nodes[0].first
    )
    return [span(nodes, "O", [rank])]


def both_ends(nodes: list[Node]) -> list[Node]:
    """from the `best` rating `to the lowest`: an order."""
    if nodes[0].code == "L":
        known: Rank = nodes[0].payload
        return [span(nodes, "O", [Rank(known.by, known.descending, first=known.first)])]
    way, hints = K.SUPERLATIVES[nodes[0].payload]
    if nodes[1].payload.candidates[0].kind == "table" and hints:
        rank = Rank(None, way == "desc", hints=hints, first=nodes[0].first)
        return [span(nodes, "O", [rank])]
    nodes[1].payload.role = "order"
    return [span(nodes, "O", [Rank(nodes[1].payload, way == "desc", first=nodes[0].first)])]


def is_latest(node: Node, what: Mention) -> bool:
    """`latest` status: the status of the latest row, for no status is late itself."""
    best = what.candidates[0]
    _, hints = K.SUPERLATIVES[node.payload]
    return hints[:1] == ("date",) and best.kind == "column" and best.type not in (
        "date", "timestamp", "time")  # fmt: skip


def alone(nodes: list[Node]) -> list[Node]:
    """A superlative with nothing after it that it could compare: its hints decide."""
    way, hints = K.SUPERLATIVES[nodes[0].payload]
    counted = nodes[0].payload in _COMMON and not hints
    by = Measure("count", first=nodes[0].first) if counted else None
    rank = Rank(by, way == "desc", 1, hints, extreme=True, first=nodes[0].first)
    return [Node("L", nodes[0].first, nodes[0].last, rank)]


def most_with(nodes: list[Node]) -> list[Node] | None:
    """the `most` strays: ranked by how many rows have the value."""
    way, hints = K.SUPERLATIVES[nodes[0].payload]
    target = having_value([nodes[1].payload], nodes)
    if hints or target is None or nodes[0].payload not in ("most", "fewest", "least"):
        return None
    target.role = "entity"
    by = Measure("count", target=target, where=[nodes[1].payload], first=nodes[1].first)
    rank = Rank(by, way == "desc", 1, hints, extreme=True, first=nodes[0].first)
    return [span(nodes, "L", rank)]


def done_most(nodes: list[Node]) -> list[Node] | None:
    """customers that `spent the most`, `ordered the most`: ranked by what the verb stands for."""
    way, hints = K.SUPERLATIVES[nodes[-1].payload]
    by: Mention = nodes[0].payload
    best = by.candidates[0]
    if hints or not (may_be_number(by) or best.kind == "table"):
        return None
    by.role = "order"
    rank = Rank(by, way == "desc", 1, hints, extreme=True, first=nodes[-1].first)
    return [span(nodes, "L", rank)]


def most_in(nodes: list[Node]) -> list[Node] | None:
    """shops that cost us `the most in repairs`: ranked by what that adds up to."""
    superlative, amount = of_code(nodes, K.SUPERLATIVE)[0], nodes[-1].payload
    way, hints = K.SUPERLATIVES[superlative.payload]
    if hints or not _is_amount(amount):
        return None
    amount.role = "measure"
    by = Measure("either", target=amount, first=nodes[-1].first)
    rank = Rank(by, way == "desc", 1, extreme=True, first=superlative.first)
    return [span(nodes, "L", rank)]


def used_most(nodes: list[Node]) -> list[Node] | None:
    """which method is used `the most`: counted."""
    what: Mention = nodes[0].payload
    best = what.candidates[0]
    way, hints = K.SUPERLATIVES[nodes[1].payload]
    if hints or best.kind != "column" or best.type != "text" or nodes[1].first == nodes[0].last:
        return None
    by = Measure("count", first=nodes[1].first)
    rank = Rank(by, way == "desc", 1, extreme=True, first=nodes[1].first)
    return [Node("L", nodes[1].first, nodes[1].last, rank), nodes[0]]


def most_some(nodes: list[Node]) -> list[Node] | None:
    """the `most` completed `orders`: ranked by how many there are of those."""
    way, hints = K.SUPERLATIVES[nodes[0].payload]
    target: Mention = nodes[-1].payload
    if hints or not any(c.kind == "table" for c in target.candidates[:3]):
        return None
    target.role = "entity"
    conds = [n.payload for n in of_code(nodes, "P")]
    by = Measure("count", target=target, where=conds, loose=True, first=nodes[1].first)
    rank = Rank(by, way == "desc", 1, hints, extreme=True, first=nodes[0].first)
    return [span(nodes, "L", rank)]


_OF_EACH = frozenset({"price", "cost", "rating", "score", "weight"})


def _is_text(mention: Mention) -> bool:
    best = mention.candidates[0]
    return best.kind == "column" and best.type == "text"


def adjective(nodes: list[Node]) -> list[Node] | None:
    """`oldest` employee, `most expensive` car: the hints compare, the concept is the head."""
    _, hints = K.SUPERLATIVES[nodes[0].payload]
    mention: Mention = nodes[1].payload
    best = mention.candidates[0].score
    things = [c for c in mention.candidates if c.kind in ("table", "value")]
    kind = bool(_OF_EACH & set(hints)) and _is_text(mention)
    if not hints or not (kind or any(c.score >= best for c in things)):
        return None
    if best >= SURE:  # people are no amount that they pay
        mention.candidates = tuple(
            c for c in mention.candidates if c.source != "synonym" or c.type not in NUMERIC
        )
    return [*alone(nodes[:1]), nodes[1]]
