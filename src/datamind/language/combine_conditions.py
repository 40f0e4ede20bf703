"""Combinators that make conditions: comparisons, values, periods, negation, alternatives."""

from __future__ import annotations

from dataclasses import replace

from datamind.language.candidates import Candidate
from datamind.language.linking import SURE
from datamind.language.nodes import Node, may_be_number, of_code, span
from datamind.language.sketch import TIMES, Cond, Mention
from datamind.language.tables import keywords as K
from datamind.language.units import Comparison, Percent
from datamind.semantics.catalog import NUMERIC


def keep_first(nodes: list[Node]) -> list[Node]:
    return nodes[:1]


def apposed(nodes: list[Node]) -> list[Node] | None:
    """Rome (FCO): the value in brackets is the exact one, the other only says what it is."""
    if nodes[0].code == "c" and not any(c.kind == "value" for c in nodes[0].payload.candidates):
        return None
    nodes[1].payload.before = nodes[0].first
    return [Node("v", nodes[0].first, nodes[1].last, nodes[1].payload)]


def sides(nodes: list[Node]) -> list[Node] | None:
    """online `versus` store: what may be a value of the other's column is one."""
    left, right = ({c.id for c in n.payload.candidates if c.kind == "value"} for n in nodes[::2])
    if nodes[1].payload != "vs" or not left & right or nodes[0].code == nodes[2].code == "v":
        return None
    return [replace(n, code="v") if n.code == "c" else n for n in nodes]


def bracketed(nodes: list[Node]) -> list[Node]:
    return [Node("v", nodes[0].first, nodes[0].last, nodes[0].payload)]


def comparison(nodes: list[Node]) -> list[Node]:
    """`more than` 5."""
    op, number = nodes[0].payload, nodes[-1].payload
    return [span(nodes, "p", Comparison(op, number))]


def between(nodes: list[Node]) -> list[Node]:
    """`between` 3 `and` 5."""
    low, high = (n.payload for n in of_code(nodes, "n"))
    return [span(nodes, "w", (low, high))]


def compare(nodes: list[Node]) -> list[Node] | None:
    """rating [of] `above 4`."""
    subject: Mention = nodes[0].payload
    best = subject.candidates[0]
    if nodes[-1].payload.times:  # so many rows, not so much of a number that one has
        kept = [c for c in subject.candidates if c.kind != "column" or c.type not in NUMERIC]
        subject.candidates = tuple(kept) or subject.candidates
        return count_compare([nodes[-1], nodes[0]])
    if not may_be_number(subject) or (best.kind == "table" and best.score > 0.9):
        return None
    subject.role = "number"
    subject.percent = isinstance(nodes[-1].payload.value, Percent)
    c: Comparison = nodes[-1].payload
    return [span(nodes, "P", Cond("compare", subject, c.op, (c.value,), first=nodes[0].first))]


def compare_own(nodes: list[Node]) -> list[Node] | None:
    """price `over 9000` before another noun, of which there may be so many: `guests with over 2`
    bags are no number."""
    best = nodes[0].payload.candidates[0]
    return compare(nodes) if best.kind == "column" and best.type in NUMERIC else None


def compare_range(nodes: list[Node]) -> list[Node]:
    """price [is] `between 3 and 5`."""
    subject: Mention = nodes[0].payload
    subject.role = "number"
    cond = Cond("compare", subject, "between", nodes[-1].payload, first=nodes[0].first)
    return [span(nodes, "P", cond)]


def count_compare(nodes: list[Node]) -> list[Node]:
    """`more than 2` [total] papers; or of a number column: `fewer than 100` people."""
    comparison = nodes[0].payload
    if not isinstance(comparison, Comparison):
        comparison = Comparison("=", comparison)
    subject: Mention = nodes[-1].payload
    subject.role = "relation"
    cond = Cond("related", subject, comparison.op, (comparison.value,), first=nodes[0].first)
    cond.match = TIMES if comparison.times else cond.match
    return [span(nodes, "P", cond)]


def count_range(nodes: list[Node]) -> list[Node] | None:
    """riders with `between 3 and 5 trips`."""
    subject: Mention = nodes[-1].payload
    if subject.candidates[0].kind not in ("table", "metric"):
        return None
    subject.role = "relation"
    cond = Cond("related", subject, "between", nodes[0].payload, first=nodes[0].first)
    return [span(nodes, "P", cond)]


def count_some(nodes: list[Node]) -> list[Node] | None:
    """`at least ten` closed `orders`: so many related rows that are themselves so."""
    if not any(c.kind == "table" for c in nodes[-1].payload.candidates[:3]):
        return None
    made = count_compare([nodes[0], nodes[-1]])
    made[0].payload.within = [n.payload for n in nodes[1:-1]]
    return [span(nodes, "P", made[0].payload)]


def count_of_some(nodes: list[Node]) -> list[Node] | None:
    """`at least ten` losses: so many rows that have the value."""
    subject = having_value([n.payload for n in nodes[1:]], nodes)
    if subject is None:
        return None
    comparison: Comparison = nodes[0].payload
    cond = Cond("related", subject, comparison.op, (comparison.value,), first=nodes[0].first)
    cond.within = [n.payload for n in nodes[1:]]
    return [span(nodes, "P", cond)]


def having_value(conds: list[Cond], nodes: list[Node]) -> Mention | None:
    """The tables that the conditions are on, as what is counted; None for other conditions."""
    if any(c.kind not in ("value", "given") for c in conds):
        return None
    found = [c for m in (conds[0].mention, *conds[0].mentions) if m is not None
             for c in m.candidates]  # fmt: skip
    tables = {c.holder or c.table: c for c in found if c.table}
    made = tuple(Candidate("table", t, t, min(0.9, c.score), c.source) for t, c in tables.items())
    return Mention(nodes[-1].first, nodes[-1].last, made, role="relation") if made else None


def part_of(nodes: list[Node]) -> list[Node] | None:
    """sold `more than 60% of` the seats: a number against a part of another."""
    comparison: Comparison = of_code(nodes, "p")[0].payload
    subject, whole = nodes[0].payload, nodes[-1].payload
    if not isinstance(comparison.value, Percent) or not may_be_number(whole):
        return None
    subject.role = whole.role = "number"
    cond = Cond("part", subject, comparison.op, (comparison.value,), whole, first=nodes[0].first)
    return [span(nodes, "P", cond)]


_YEARS = range(1990, 2101)


def among(nodes: list[Node]) -> list[Node] | None:
    """semester 1 `or` 2; paper id 2; guests gave 5 is no key of theirs."""
    subject: Mention = nodes[0].payload
    if subject.candidates[0].kind == "table" and nodes[1].first > nodes[0].last and len(nodes) < 3:
        return None
    said = [n.payload for n in of_code(nodes, "n")]
    best = subject.candidates[0]
    yearly = best.kind != "column" or best.type in ("decimal", "float")
    if yearly and all(n in _YEARS for n in said):
        return None  # `orders 2026` are those of a year
    subject.role = "number"
    if any(c.kind == "table" and c.score >= SURE for c in subject.candidates):  # `order 42`
        subject.candidates = tuple(
            c for c in subject.candidates
            if c.kind != "column" or c.whole or c.type not in ("decimal", "float")
        )  # fmt: skip
    numbers = tuple(n.payload for n in of_code(nodes, "n"))
    return [span(nodes, "P", Cond("among", subject, "=", numbers, first=nodes[0].first))]


def of_size(nodes: list[Node]) -> list[Node] | None:
    """a duration `of 60` months: the column has this value."""
    best = nodes[0].payload.candidates[0]
    if best.kind != "column" or best.type not in NUMERIC:
        return None
    unit = [n for n in nodes[3:] if n.payload.candidates[0].kind == "grain"]
    return [*(among([nodes[0], nodes[2]]) or ()), *([] if unit else nodes[3:])]


def columns(nodes: list[Node]) -> list[Node]:
    """amount `greater than` cost; than twice the cost."""
    left, right = (n.payload for n in of_code(nodes, "c"))
    left.role = right.role = "number"
    op = of_code(nodes, K.COMPARE)[0].payload
    times = tuple(n.payload for n in of_code(nodes, "k"))
    cond = Cond("columns", left, op, times, mention=right, first=nodes[0].first)
    return [span(nodes, "P", cond)]


def hinted_after(nodes: list[Node]) -> list[Node] | None:
    """Italian cuisine: the concept after a value is the value's own column."""
    value, hint = nodes[0].payload, nodes[1].payload
    columns = {c.id for c in value.candidates if c.kind in ("value", "text")}
    if nodes[1].first != nodes[0].last or not any(c.id in columns for c in hint.candidates[:4]):
        return None
    if _is_of_rows(hint, columns):
        return None
    value.role, value.hint, hint.role = "value", hint, "relation"
    cond = Cond("value", mention=value, first=nodes[0].first)
    return [span(nodes, "P", cond)]


_WELL_NAMED = 0.8  # how well a column has to be named to be what a value before it is of


def _is_of_rows(hint: Mention, columns: set[str]) -> bool:
    """`tent products`: the rows that a value is of, not the column that is described by them."""
    best = hint.candidates[0]
    own = [c for c in hint.candidates if c.id in columns]
    named = best.kind == "table" and best.score >= 0.95
    return named and all(c.table == best.table and c.score < _WELL_NAMED for c in own)


def assigned(nodes: list[Node]) -> list[Node] | None:
    """status `=` 'open', as definitions write it."""
    op = nodes[1].payload
    if op not in ("=", "!="):
        return None
    hint, value = nodes[0].payload, nodes[-1].payload
    value.role, value.hint, hint.role = "value", hint, "text"
    cond = Cond("value", mention=value, negated=op == "!=", first=nodes[0].first)
    return [span(nodes, "P", cond)]


def hinted(nodes: list[Node]) -> list[Node] | None:
    """[the] city [of] Rome; domain 'X'; the concept says what kind of value it is."""
    hint, value = nodes[0].payload, nodes[-1].payload
    if nodes[-1].first - nodes[0].last > 1 or _kinds(hint) == "metric":
        return None
    if len(nodes) > 2 and nodes[1].code == K.OF and not _holds(hint, value):
        return None  # the client name of `open` matters
    value.role, value.hint, hint.role = "value", hint, "relation"
    cond = Cond("value", mention=value, first=nodes[0].first)
    return [nodes[0], Node("P", nodes[-1].first, nodes[-1].last, cond)]


_SURE = 0.99  # all words of a name were said


def _kinds(hint: Mention) -> str:
    """What all its likely meanings are; empty where they are of several kinds."""
    kinds = {c.kind for c in hint.candidates if c.score >= _SURE}
    return kinds.pop() if len(kinds) == 1 else ""


def without_some(nodes: list[Node]) -> list[Node] | None:
    """`with no` open claims: no claim that is open; `not open claims` are claims that are not."""
    subject: Mention = nodes[-1].payload
    if nodes[0].payload != "no" or not any(c.kind == "table" for c in subject.candidates[:3]):
        return None
    made = without([nodes[0], nodes[-1]])
    made[0].payload.within = [one_value([n])[0].payload for n in of_code(nodes, "v")]
    return [span(nodes, "P", made[0].payload)]


def denied_hinted(nodes: list[Node]) -> list[Node] | None:
    """`excluding` status cancelled: not that value; `never had` a claim accepted: no such claim."""
    value = nodes[-1]
    hint = next(n for n in reversed(nodes[:-1]) if n.code == "c")
    things = [c for c in hint.payload.candidates[:3] if c.kind == "table" and c.score > 0.9]
    if nodes[0].payload == "no" and things and value.first > hint.last:
        return [without([nodes[0], hint])[0], value]  # those `without` a claim are open
    if nodes[0].payload == "no" and hint.payload.candidates[0].kind == "table":
        made = without([nodes[0], hint])
        made[0].payload.within = [one_value([value])[0].payload]
        return [span(nodes, "P", made[0].payload)]
    made = hinted([hint, value]) or []
    if not made:
        return None
    made[-1].payload.negated = True
    return [Node("P", nodes[0].first, nodes[-1].last, made[-1].payload)]


def _holds(hint: Mention, value: Mention) -> bool:
    """Whether what is named may be what the value is one of: its column, its table."""
    columns = {c.id for c in value.candidates} | {c.table for c in value.candidates}
    texts = any(c.kind == "text" for c in value.candidates)
    return texts or any(c.id in columns for c in hint.candidates[:4])


def some_values(nodes: list[Node]) -> list[Node]:
    """A `or` B; A, B `and` C: several values of one column."""
    mentions = tuple(n.payload for n in of_code(nodes, "v"))
    for mention in mentions:
        mention.role = "value"
    both = any(n.code == K.AND and n.payload == "both" for n in nodes)
    cond = Cond("value", mention=mentions[0], mentions=mentions, first=nodes[0].first)
    either = any(n.code == K.OR for n in nodes)
    cond.match = "both" if both else "equals" if either else "listed"
    return [span(nodes, "P", cond)]


def each_value(nodes: list[Node]) -> list[Node]:
    """each `sales agent`: those who have the value are what is grouped by."""
    return [Node("c", nodes[0].first, nodes[0].last, nodes[0].payload)]


def one_value(nodes: list[Node]) -> list[Node]:
    value: Mention = nodes[0].payload
    value.role = "value"
    return [span(nodes, "P", Cond("value", mention=value, first=nodes[0].first))]


def either_related(nodes: list[Node]) -> list[Node]:
    """with a project `or` exam: one of two related things or flags."""
    parts = []
    for node in of_code(nodes, "c"):
        node.payload.role = "relation"
        parts.append(Cond("related", node.payload, first=node.first))
    return [span(nodes, "P", Cond("any", parts=tuple(parts), first=nodes[0].first))]


def numbered(nodes: list[Node]) -> list[Node] | None:
    """`fifth` floor: a number that names a row."""
    subject: Mention = nodes[1].payload
    if not may_be_number(subject):
        return None
    subject.role = "number"
    cond = Cond("among", subject, "=", (nodes[0].payload,), first=nodes[0].first)
    return [span(nodes, "P", cond)]


def numbered_before(nodes: list[Node]) -> list[Node] | None:
    """`priority 1` orders: a number that is one of the column's values."""
    best = nodes[0].payload.candidates[0]
    if best.kind != "column" or best.type not in NUMERIC or best.score < 0.9:
        return None
    return among(nodes)


def identified(nodes: list[Node]) -> list[Node] | None:
    """`patient 27606` first came: the row that has this key."""
    best = nodes[0].payload.candidates[0]
    if best.kind != "table" or nodes[1].first != nodes[0].last:
        return None
    return among(nodes)


def null_test(nodes: list[Node]) -> list[Node]:
    """phone `is missing`."""
    subject: Mention = of_code(nodes, "c")[0].payload
    negated = of_code(nodes, K.NULL)[0].payload == "notnull"
    subject.role = "attribute"
    return [span(nodes, "P", Cond("null", subject, negated=negated, first=nodes[0].first))]


def negate(nodes: list[Node]) -> list[Node] | None:
    """`not` in Texas; `no more than` is a comparison of its own. Of `not sold in May`, the month
    is not what is denied."""
    cond: Cond = nodes[-1].payload
    denies_all = nodes[0].payload == "no"  # sold `nothing` last week
    if cond.kind == "period" and (denies_all or nodes[0].last < nodes[1].first):
        return None
    cond.negated = not cond.negated
    return [span(nodes, "P", cond)]


def excluded(nodes: list[Node]) -> list[Node]:
    """void invoices `excluded`: not those."""
    cond: Cond = nodes[0].payload
    cond.negated = not cond.negated
    return [span(nodes, "P", cond)]


def without(nodes: list[Node]) -> list[Node]:
    """`without` any orders; `not` part of any organisation."""
    subject: Mention = nodes[-1].payload
    subject.role = "relation"
    cond = Cond("related", subject, negated=True, first=nodes[0].first)
    return [span(nodes, "P", cond)]


def without_either(nodes: list[Node]) -> list[Node] | None:
    """`without` a phone `or` an address: neither of them."""
    if nodes[0].payload != "no":
        return None
    return [made for n in of_code(nodes, "c") for made in without([nodes[0], n])]


def any_of(nodes: list[Node]) -> list[Node]:
    """A condition `or` another."""
    parts: list[Cond] = []
    for node in of_code(nodes, "P"):
        parts.extend(node.payload.parts if node.payload.kind == "any" else (node.payload,))
    return [span(nodes, "P", Cond("any", parts=tuple(parts), first=nodes[0].first))]
