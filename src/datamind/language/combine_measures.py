"""Combinators that make measures, ranks, groups and orders."""

from __future__ import annotations

from dataclasses import replace

from datamind.language import names
from datamind.language.candidates import Candidate
from datamind.language.combine_ranks import alone, is_latest
from datamind.language.nodes import Node, may_be_number, of_code, span
from datamind.language.sketch import Cond, Measure, Mention
from datamind.language.spending import SOURCE as SPENT
from datamind.language.tables import keywords as K
from datamind.semantics.catalog import NUMERIC


def count(nodes: list[Node]) -> list[Node]:
    """`number of` [distinct] customers."""
    target: Mention = nodes[-1].payload
    target.role = "entity"
    distinct = bool(of_code(nodes, K.DISTINCT))
    inner = next((n.payload for n in nodes if n.code == K.AGGREGATE), None)
    if inner is not None and _is_time_kept(target):
        return aggregate([Node(K.AGGREGATE, nodes[0].first, nodes[0].last, inner), nodes[-1]])
    measure = Measure("count", target=target, distinct=distinct, first=nodes[0].first)
    measure.inner = inner if inner in ("avg", "max", "min", "median") else None
    return [span(nodes, "M", measure)]


def _is_time_kept(mention: Mention) -> bool:
    """Whether a column is called just so that counts time: `average number of` transit days."""
    best = mention.candidates[0]
    counts = bool({"seconds", "minutes", "hours", "days", "weeks"} & {*names.split(best.name)})
    return best.kind == "column" and best.type in NUMERIC and best.score >= 0.99 and counts


def conditional(nodes: list[Node]) -> list[Node]:
    """`number of` buy `transactions`: the condition is the measure's own, or, where there is but
    one measure, the question's."""
    conds = [n.payload for n in of_code(nodes, "P")]
    rest = [n for n in nodes if n.code != "P"]
    made = count(rest) if of_code(rest, K.COUNT) else aggregate(rest)
    measure: Measure = made[0].payload
    measure.where, measure.loose = conds, True
    return made


def count_noun(nodes: list[Node]) -> list[Node]:
    """restaurant `count`."""
    return count([nodes[1], nodes[0]])


def counts_apart(nodes: list[Node]) -> list[Node] | None:
    """`how many lack a phone and how many an address`: each number has its condition."""
    first, second = of_code(nodes, "M")
    conds = of_code(nodes, "P")
    counted = (first.payload, second.payload)
    if any(m.kind != "count" or m.where or m.target is None for m in counted):
        return None
    if counted[0].target.candidates != counted[1].target.candidates:
        return None
    for node, cond in zip((first, second), conds, strict=True):
        node.payload.where = [cond.payload]
    joint = next(n for n in nodes if n.code == K.AND)
    return [first, joint, second]


def counts(nodes: list[Node]) -> list[Node] | None:
    """`numbers of` papers `and` journals: a count of each."""
    if nodes[0].last - nodes[0].first < 2 or not nodes[0].payload:
        return None
    return [*count([nodes[0], nodes[1]]), *count([nodes[0], nodes[3]])]


def count_values(nodes: list[Node]) -> list[Node] | None:
    """how many `antibiotics`: rows that have the value; or those that the question is about."""
    conds = [n.payload for n in of_code(nodes, "P")]
    mention = rows_of_value(conds[0], nodes[-1])
    measure = Measure("count", target=mention, first=nodes[0].first)
    measure.where, measure.loose = conds, True
    return [Node("M", nodes[0].first, nodes[0].last, measure)]


def rows_of_value(cond: Cond, node: Node) -> Mention | None:
    """The rows that a value stands for: of the table that refers to it, or has it."""
    tables = {c.holder or c.table: c for c in _about(cond) if c.table}
    found = tuple(Candidate("table", t, t, min(0.9, c.score), c.source) for t, c in tables.items())
    return Mention(node.first, node.last, found, role="entity") if found else None


def sum_values(nodes: list[Node]) -> list[Node] | None:
    """how much was `refunded`: what the rows that have the value are worth."""
    conds = [n.payload for n in of_code(nodes, "P")]
    if nodes[0].payload != "sum" or any(c.kind != "value" for c in conds):
        return None
    made = count_values(nodes)
    if not made or made[0].payload.target is None:
        return None
    made[0].payload.kind, made[0].payload.function = "aggregate", "sum"
    return made


def _about(cond: Cond) -> tuple[Candidate, ...]:
    """What the condition is a condition on."""
    for mention in (cond.mention, *cond.mentions, cond.subject):
        if mention is not None:
            return mention.candidates
    return tuple(c for part in cond.parts for c in _about(part))


def lasting(nodes: list[Node]) -> list[Node] | None:
    """`length of` a stay, session `duration`: from its start to its end."""
    target: Mention = of_code(nodes, "c")[0].payload
    if not any(c.kind == "table" for c in target.candidates[:3]):
        return None
    target.role = "relation"
    measure = Measure("lasting", target=target, first=nodes[0].first)
    return [span(nodes, "M", measure)]


def average_lasting(nodes: list[Node]) -> list[Node]:
    """`how long` ... `on average`: of what the question is about."""
    function = of_code(nodes, K.AGGREGATE)[0].payload
    measure = Measure("lasting", first=nodes[0].first)
    measure.inner = function
    return [span(nodes, "M", measure)]


def how_usually(nodes: list[Node]) -> list[Node] | None:
    """`how tall` are the women `on average`: the average comes at the end."""
    asked, of = nodes[0].payload, nodes[1]
    best = of.payload.candidates[0]
    if asked != "how" or best.kind != "column" or best.type not in NUMERIC:
        return None
    return [*aggregate([nodes[-1], of]), *nodes[2:-1]]


def spent_by(nodes: list[Node]) -> list[Node] | None:
    """`how much did` customers from Rome `spend`, the Rome shops `take`; what the `average`
    customer `spends`."""
    function, what = nodes[0].payload, nodes[-1]
    who = [n for n in nodes[1:-1] if n.code in "cP"]
    best = what.payload.candidates[0]
    taken = best.kind == "metric" and nodes[0].last - nodes[0].first > 1 and function == "sum"
    if (best.source != SPENT and not taken) or function not in ("sum", "avg"):
        return None
    things = [n.payload.candidates[0].kind for n in who if n.code == "c"]
    if taken and "table" not in things:
        return None
    what.payload.role = "measure"
    measure = Measure("either", target=what.payload, first=nodes[0].first)
    if function == "avg":
        if len(who) != 1:
            return None
        who[0].payload.role, who[0].payload.each = "group", True
        measure.inner, measure.per, who = "avg", [who[0].payload], []
    return [Node("M", nodes[0].first, nodes[0].last, measure), *who]


def how_many(nodes: list[Node]) -> list[Node] | None:
    """customers with more than 2 orders, `and how many` they had: what was spoken of, counted;
    `and how much` is what the rank is by."""
    if nodes[0].code == K.AGGREGATE and nodes[0].payload != "sum":
        return None
    function = "count" if nodes[0].code == K.COUNT else "sum"
    return [span(nodes, "M", Measure("count", function, first=nodes[0].first, again=True))]


_OF_ROWS = ("lasting", "duration", "difference", "given", "age")


def average_after(nodes: list[Node]) -> list[Node] | None:
    """the time it takes `on average`: an aggregate of a row's own measure."""
    measure: Measure = nodes[0].payload
    if measure.kind not in _OF_ROWS or measure.inner:
        return None
    measure.inner = nodes[1].payload
    return nodes[:1]


def length(nodes: list[Node]) -> list[Node]:
    """`length of` the name, where no column is called length."""
    nodes[1].payload.function = "length"
    return [nodes[1]]


def aggregate(nodes: list[Node]) -> list[Node]:
    """`average` rating; `sum of` the amounts."""
    target: Mention = nodes[-1].payload
    target.role = "measure"
    function = nodes[0].payload
    distinct = bool(of_code(nodes, K.DISTINCT))
    measure = Measure("aggregate", function, target, distinct, first=nodes[0].first)
    return [span(nodes, "M", measure)]


def aggregates(nodes: list[Node]) -> list[Node]:
    """`median and average` price: one measure for each."""
    target = nodes[-1]
    made = []
    for node in of_code(nodes, K.AGGREGATE):
        own = replace(target.payload)  # each has a role of its own
        made += aggregate([node, Node("c", target.first, target.last, own)])
    return made


def superlative_measure(nodes: list[Node]) -> list[Node] | None:
    """what is the `highest` price: a maximum, where no entity was asked for."""
    target: Mention = nodes[-1].payload
    asked = nodes[0].payload if nodes[0].code == K.ASK else "what"
    if target.candidates[0].kind != "column" or asked == "which":
        return None
    superlative = of_code(nodes, K.SUPERLATIVE)[0]
    best = target.candidates[0].score
    things = [c for c in target.candidates[:4] if c.score >= best and (
        c.kind == "table" or c.type == "text")]  # fmt: skip
    if things and K.SUPERLATIVES[superlative.payload][1]:
        return None  # the most expensive `item`: what compares is said
    if is_latest(superlative, target):
        before = [n for n in nodes[:-1] if n is not superlative]
        return [*before, *alone([superlative]), nodes[-1]]
    target.role = "measure"
    way, _ = K.SUPERLATIVES[superlative.payload]
    function = "max" if way == "desc" else "min"
    measure = Measure("aggregate", function, target, first=superlative.first)
    for period in of_code(nodes, "m"):  # `the highest monthly sales`: added up by month first
        period.payload.role = "group"
        measure.kind, measure.inner, measure.per = "either", function, [period.payload]
    made = Node("M", superlative.first, nodes[-1].last, measure)
    return [made] if nodes[0] is superlative else [nodes[0], made]


def as_measure(node: Node) -> Measure:
    if node.code == "M":
        return node.payload  # type: ignore[no-any-return]
    mention: Mention = node.payload
    mention.role = "measure"
    return Measure("either", target=mention, first=node.first)


def difference(nodes: list[Node]) -> list[Node]:
    """`difference between` high `and` low; `days between` order date `and` ship date."""
    left, right = (n for n in nodes if n.code in "cM")
    if nodes[0].code == K.DURATION or left.code == right.code == "c":
        for node in (left, right):
            if node.code == "c":
                node.payload.role = "date" if nodes[0].code == K.DURATION else "measure"
        kind = "duration" if nodes[0].code == K.DURATION else "difference"
        mentions = tuple(n.payload for n in (left, right) if n.code == "c")
        if len(mentions) == 2:
            measure = Measure(kind, mentions=mentions, first=nodes[0].first)
            return [span(nodes, "M", measure)]
    measure = Measure(
        "difference", left=as_measure(left), right=as_measure(right), first=nodes[0].first
    )
    return [span(nodes, "M", measure)]


def aggregate_of(nodes: list[Node]) -> list[Node]:
    """`average` days between ...: an aggregate of a row's own measure."""
    measure: Measure = nodes[-1].payload
    if not measure.mentions and measure.kind != "lasting":
        if measure.kind in ("count", "aggregate", "either"):
            measure.inner = measure.inner or nodes[0].payload
        return [nodes[-1]]
    measure.function = nodes[0].payload
    measure.inner = nodes[0].payload
    return [span(nodes, "M", measure)]


def grain_of(nodes: list[Node]) -> list[Node] | None:
    """`month of` the order date: that date, by the month."""
    grain, date = nodes[0].payload.candidates[0], nodes[-1].payload
    if grain.kind != "grain" or not any(c.type in ("date", "timestamp") for c in date.candidates):
        return None
    kept = tuple(c for c in date.candidates if c.type in ("date", "timestamp"))
    return [span(nodes, "c", replace(date, candidates=kept, grain=grain.id))]


def group_of_some(nodes: list[Node]) -> list[Node] | None:
    """`for each` Ford `model`: by model, of the Fords alone."""
    conds = [n for n in nodes if n.code == "P"]
    if any(n.payload.kind not in ("value", "related", "given") for n in conds):
        return None
    return [*group([nodes[0], nodes[-1]]), *conds]


def group(nodes: list[Node]) -> list[Node]:
    """`for each` region `and` month; but `in each` region `and its` price shows the price."""
    end = next((at for at in range(2, len(nodes) - 1) if _is_shown(nodes[at], nodes[at + 1])), None)
    if end is not None and of_code(nodes, K.GROUP):
        return [*group(nodes[:end]), *nodes[end:]]
    mentions = [n.payload for n in of_code(nodes, "cm")]
    for mention in mentions:
        mention.role, mention.each = "group", nodes[0].code == K.GROUP
        mention.per, mention.part = nodes[0].payload == "per", nodes[0].payload == "part"
        best = mention.candidates[0]
        if best.kind == "table" and mention.each:  # `per shop` is no state that is called so
            mention.candidates = tuple(c for c in mention.candidates if c.kind != "value")
    return [span(nodes, "G", mentions)]


def _is_shown(joint: Node, following: Node) -> bool:
    """Whether what follows the `and` is told of each, and no group: amounts are none."""
    if joint.code != K.AND or following.code != "c":
        return False
    return joint.payload == "their" or following.payload.candidates[0].type in ("decimal", "float")


def per_so_many(nodes: list[Node]) -> list[Node] | None:
    """tickets `per 100 orders`: so many times the one for each of the other."""
    left: Measure = nodes[0].payload
    target: Mention = nodes[-1].payload
    if left.kind not in ("count", "aggregate", "either") or nodes[1].payload != "per":
        return None
    counted = any(c.kind == "table" for c in target.candidates[:2])
    target.role = "entity" if counted else "measure"
    right = Measure("count" if counted else "either", target=target, first=nodes[-1].first)
    times = Measure("number", value=float(nodes[2].payload), first=nodes[0].first)
    scaled = Measure("formula", "*", left=times, right=left, first=nodes[0].first)
    made = Measure("formula", "/", left=scaled, right=right, first=nodes[0].first)
    return [span(nodes, "M", made)]


def per_period(nodes: list[Node]) -> list[Node] | None:
    """`monthly` revenue: a number, added up for each period."""
    mention: Mention = nodes[1].payload
    if not may_be_number(mention):
        return None
    mention.role = "measure"
    measure = Measure("either", target=mention, first=nodes[1].first)
    return [*group(nodes[:1]), Node("M", nodes[1].first, nodes[1].last, measure)]


def distinct(nodes: list[Node]) -> list[Node]:
    nodes[-1].payload.distinct = True
    return [nodes[-1]]
