"""The combinators: a table of patterns over unit codes, applied in order until none fits.

Each unit of a question has a one-letter code (tables/keywords.py lists the keywords' codes; c is a
concept, v a value, n a number, p a comparison with its number, d a period, m a per-period word,
u an unknown word). A pattern is a regular expression over the codes; its function turns the units
that it matched into fewer. Codes that come out: M a measure, P a condition, G a group, L a rank
with a limit, O an order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from datamind.language.lexer import Comparison, Top, Unit
from datamind.language.linking import Candidate
from datamind.language.sketch import Cond, Measure, Mention, Rank
from datamind.language.tables import keywords as K


@dataclass(slots=True)
class Node:
    """A unit, or what units were combined into."""

    code: str
    first: int
    last: int
    payload: Any


Action = Callable[[list[Node]], list[Node] | None]


def to_nodes(units: Sequence[Unit]) -> list[Node]:
    """Units as nodes; links become mentions."""
    out = []
    for unit in units:
        payload: Any = unit.payload
        code = unit.code
        if code in "cvmz":
            payload = Mention(unit.first, unit.last, tuple(unit.payload))  # type: ignore[arg-type]
            if code == "c" and _is_value(payload):
                code = "v"
        out.append(Node(code, unit.first, unit.last, payload))
    return out


def _is_value(mention: Mention) -> bool:
    """Whether its best reading is a value of a column."""
    return mention.candidates[0].kind in ("value", "text", "weekday")


def _numeric(mention: Mention) -> bool:
    return any(c.kind in ("column", "metric") and c.score >= 0.55 for c in mention.candidates)


def _span(nodes: Sequence[Node], code: str, payload: Any) -> Node:
    return Node(code, nodes[0].first, nodes[-1].last, payload)


def _of(nodes: Sequence[Node], codes: str) -> list[Node]:
    return [n for n in nodes if n.code in codes]


# ---- conditions --------------------------------------------------------------------------------


def _apposed(nodes: list[Node]) -> list[Node] | None:
    """Rome (FCO): the value in brackets is the exact one, the other only says what it is."""
    if nodes[0].code == "c" and not any(c.kind == "value" for c in nodes[0].payload.candidates):
        return None
    nodes[1].payload.before = nodes[0].first
    return [Node("v", nodes[0].first, nodes[1].last, nodes[1].payload)]


def _bracketed(nodes: list[Node]) -> list[Node]:
    return [Node("v", nodes[0].first, nodes[0].last, nodes[0].payload)]


def _comparison(nodes: list[Node]) -> list[Node]:
    """`more than` 5."""
    op, number = nodes[0].payload, nodes[-1].payload
    return [_span(nodes, "p", Comparison(op, number))]


def _between(nodes: list[Node]) -> list[Node]:
    """`between` 3 `and` 5."""
    low, high = (n.payload for n in _of(nodes, "n"))
    return [_span(nodes, "w", (low, high))]


def _compare(nodes: list[Node]) -> list[Node] | None:
    """rating [of] `above 4`."""
    subject: Mention = nodes[0].payload
    if not _numeric(subject):
        return None
    subject.role = "number"
    c: Comparison = nodes[-1].payload
    return [_span(nodes, "P", Cond("compare", subject, c.op, (c.value,), first=nodes[0].first))]


def _compare_range(nodes: list[Node]) -> list[Node]:
    """price [is] `between 3 and 5`."""
    subject: Mention = nodes[0].payload
    subject.role = "number"
    cond = Cond("compare", subject, "between", nodes[-1].payload, first=nodes[0].first)
    return [_span(nodes, "P", cond)]


def _count_compare(nodes: list[Node]) -> list[Node]:
    """`more than 2` [total] papers; or of a number column: `fewer than 100` people."""
    comparison = nodes[0].payload
    if isinstance(comparison, float):
        comparison = Comparison("=", comparison)
    subject: Mention = nodes[-1].payload
    subject.role = "relation"
    cond = Cond("related", subject, comparison.op, (comparison.value,), first=nodes[0].first)
    return [_span(nodes, "P", cond)]


def _among(nodes: list[Node]) -> list[Node]:
    """semester 1 `or` 2; paper id 2."""
    subject: Mention = nodes[0].payload
    subject.role = "number"
    numbers = tuple(n.payload for n in _of(nodes, "n"))
    return [_span(nodes, "P", Cond("among", subject, "=", numbers, first=nodes[0].first))]


def _columns(nodes: list[Node]) -> list[Node]:
    """amount `greater than` cost."""
    left, right = (n.payload for n in _of(nodes, "c"))
    left.role = right.role = "number"
    op = _of(nodes, K.COMPARE)[0].payload
    return [_span(nodes, "P", Cond("columns", left, op, mention=right, first=nodes[0].first))]


def _average(nodes: list[Node]) -> list[Node] | None:
    """price `above` [the] average [price]."""
    concepts = _of(nodes, "c")
    if not concepts or _of(nodes, K.AGGREGATE)[0].payload not in ("avg", "median"):
        return None
    subject: Mention = concepts[0].payload
    subject.role = "number"
    cond = Cond("average", subject, _of(nodes, K.COMPARE)[0].payload, first=nodes[0].first)
    cond.match = _of(nodes, K.AGGREGATE)[0].payload
    return [_span(nodes, "P", cond)]


_FREE = (Candidate("text", "", "", 0.6, "grammar", ""),)


def _text(nodes: list[Node]) -> list[Node]:
    """name `starts with` J; journal `named` 'nature'."""
    subject = nodes[0].payload if nodes[0].code == "c" else None
    last = nodes[-1]
    value: Mention = last.payload if last.code == "v" else Mention(last.first, last.last, _FREE)
    value.role = "value"
    match = _of(nodes, K.TEXT)[0].payload
    if subject is not None:
        subject.role = "text"
    kind = "value" if match == "equals" and last.code == "v" else "text"
    value.hint = subject
    cond = Cond(kind, subject, mention=value, match=match, first=nodes[0].first)
    return [_span(nodes, "P", cond)]


def _text_in(nodes: list[Node]) -> list[Node] | None:
    """'Ford' `in` their make name."""
    value, subject = nodes[0].payload, nodes[-1].payload
    if value.candidates[-1].kind != "text":
        return None
    subject.role, value.role = "text", "value"
    cond = Cond("text", subject, mention=value, match="contains", first=nodes[0].first)
    return [_span(nodes, "P", cond)]


def _hinted_after(nodes: list[Node]) -> list[Node] | None:
    """Italian cuisine: the concept after a value is the value's own column."""
    value, hint = nodes[0].payload, nodes[1].payload
    columns = {c.id for c in value.candidates}
    if nodes[1].first != nodes[0].last or not any(c.id in columns for c in hint.candidates[:4]):
        return None
    value.role, value.hint, hint.role = "value", hint, "relation"
    cond = Cond("value", mention=value, first=nodes[0].first)
    return [_span(nodes, "P", cond)]


def _hinted(nodes: list[Node]) -> list[Node] | None:
    """[the] city [of] Rome; domain 'X'; the concept says what kind of value it is."""
    hint, value = nodes[0].payload, nodes[-1].payload
    if nodes[-1].first - nodes[0].last > 1:
        return None
    value.role, value.hint, hint.role = "value", hint, "relation"
    cond = Cond("value", mention=value, first=nodes[0].first)
    return [nodes[0], Node("P", nodes[-1].first, nodes[-1].last, cond)]


def _values(nodes: list[Node]) -> list[Node]:
    """A `or` B; A, B `and` C: several values of one column."""
    mentions = tuple(n.payload for n in _of(nodes, "v"))
    for mention in mentions:
        mention.role = "value"
    both = any(n.code == K.AND and n.payload == "both" for n in nodes)
    cond = Cond("value", mention=mentions[0], mentions=mentions, first=nodes[0].first)
    cond.match = "both" if both else "equals"
    return [_span(nodes, "P", cond)]


def _value(nodes: list[Node]) -> list[Node]:
    value: Mention = nodes[0].payload
    value.role = "value"
    return [_span(nodes, "P", Cond("value", mention=value, first=nodes[0].first))]


def _either_related(nodes: list[Node]) -> list[Node]:
    """with a project `or` exam: one of two related things or flags."""
    parts = []
    for node in _of(nodes, "c"):
        node.payload.role = "relation"
        parts.append(Cond("related", node.payload, first=node.first))
    return [_span(nodes, "P", Cond("any", parts=tuple(parts), first=nodes[0].first))]


def _split_flag(nodes: list[Node]) -> list[Node]:
    """how many have an exam `and how many do not`: grouped by whether they do."""
    nodes[0].payload.role = "group"
    return [_span(nodes, "G", [nodes[0].payload])]


def _null(nodes: list[Node]) -> list[Node]:
    """phone `is missing`."""
    subject: Mention = _of(nodes, "c")[0].payload
    negated = _of(nodes, K.NULL)[0].payload == "notnull"
    subject.role = "attribute"
    return [_span(nodes, "P", Cond("null", subject, negated=negated, first=nodes[0].first))]


def _period(nodes: list[Node]) -> list[Node]:
    """`in 2020`; `joined` last month: the words before may name the date."""
    subject = nodes[0].payload if nodes[0].code == "c" else None
    if subject is not None:
        subject.role = "date"
    cond = Cond("period", subject, period=nodes[-1].payload, first=nodes[-1].first)
    return [_span(nodes, "P", cond)]


def _period_after(nodes: list[Node]) -> list[Node] | None:
    """sale date `in 2020`: only for a concept that may be a date."""
    subject: Mention = nodes[0].payload
    best = subject.candidates[0]
    if best.kind not in ("column", "grain"):
        return None
    return _period(nodes)


def _negate(nodes: list[Node]) -> list[Node]:
    """`not` in Texas; `no more than` is a comparison of its own."""
    cond: Cond = nodes[-1].payload
    cond.negated = not cond.negated
    return [_span(nodes, "P", cond)]


def _without(nodes: list[Node]) -> list[Node]:
    """`without` any orders; `not` part of any organisation."""
    subject: Mention = nodes[-1].payload
    subject.role = "relation"
    cond = Cond("related", subject, negated=True, first=nodes[0].first)
    return [_span(nodes, "P", cond)]


def _any(nodes: list[Node]) -> list[Node]:
    """A condition `or` another."""
    parts: list[Cond] = []
    for node in _of(nodes, "P"):
        parts.extend(node.payload.parts if node.payload.kind == "any" else (node.payload,))
    return [_span(nodes, "P", Cond("any", parts=tuple(parts), first=nodes[0].first))]


# ---- measures ----------------------------------------------------------------------------------


def _count(nodes: list[Node]) -> list[Node]:
    """`number of` [distinct] customers."""
    target: Mention = nodes[-1].payload
    target.role = "entity"
    distinct = bool(_of(nodes, K.DISTINCT))
    inner = next((n.payload for n in nodes if n.code == K.AGGREGATE), None)
    measure = Measure("count", target=target, distinct=distinct, first=nodes[0].first)
    measure.inner = inner if inner in ("avg", "max", "min", "median") else None
    return [_span(nodes, "M", measure)]


def _count_noun(nodes: list[Node]) -> list[Node]:
    """restaurant `count`."""
    return _count([nodes[1], nodes[0]])


def _counts(nodes: list[Node]) -> list[Node] | None:
    """`numbers of` papers `and` journals: a count of each."""
    if nodes[0].last - nodes[0].first < 2 or not nodes[0].payload:
        return None
    return [*_count([nodes[0], nodes[1]]), *_count([nodes[0], nodes[3]])]


def _length(nodes: list[Node]) -> list[Node]:
    """`length of` the name, where no column is called length."""
    nodes[1].payload.function = "length"
    return [nodes[1]]


def _aggregate(nodes: list[Node]) -> list[Node]:
    """`average` rating; `sum of` the amounts."""
    target: Mention = nodes[-1].payload
    target.role = "measure"
    function = nodes[0].payload
    distinct = bool(_of(nodes, K.DISTINCT))
    measure = Measure("aggregate", function, target, distinct, first=nodes[0].first)
    return [_span(nodes, "M", measure)]


def _superlative_measure(nodes: list[Node]) -> list[Node] | None:
    """what is the `highest` price: a maximum, where no entity was asked for."""
    target: Mention = nodes[-1].payload
    if not _numeric(target):
        return None
    target.role = "measure"
    way, _ = K.SUPERLATIVES[nodes[-2].payload]
    measure = Measure("aggregate", "max" if way == "desc" else "min", target, first=nodes[-2].first)
    return [*nodes[:-2], Node("M", nodes[-2].first, nodes[-1].last, measure)]


def _as_measure(node: Node) -> Measure:
    if node.code == "M":
        return node.payload  # type: ignore[no-any-return]
    mention: Mention = node.payload
    mention.role = "measure"
    return Measure("either", target=mention, first=node.first)


def _difference(nodes: list[Node]) -> list[Node]:
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
            return [_span(nodes, "M", measure)]
    measure = Measure("difference", left=_as_measure(left), right=_as_measure(right), first=nodes[0].first)
    return [_span(nodes, "M", measure)]


def _aggregate_of(nodes: list[Node]) -> list[Node]:
    """`average` days between ...: an aggregate of a row's own measure."""
    measure: Measure = nodes[-1].payload
    measure.function = nodes[0].payload
    measure.inner = nodes[0].payload
    return [_span(nodes, "M", measure)]


# ---- ranks, groups, orders ---------------------------------------------------------------------


def _rank(nodes: list[Node]) -> list[Node]:
    """`highest` population; `most` orders; `highest` average rating."""
    way, hints = K.SUPERLATIVES[nodes[0].payload]
    by = nodes[-1].payload
    if isinstance(by, Mention):
        by.role = "order"
    rank = Rank(by, way == "desc", 1, hints, extreme=True, first=nodes[0].first)
    return [_span(nodes, "L", rank)]


def _group(nodes: list[Node]) -> list[Node]:
    """`for each` region `and` month."""
    mentions = [n.payload for n in _of(nodes, "cm")]
    for mention in mentions:
        mention.role = "group"
    return [_span(nodes, "G", mentions)]


def _order(nodes: list[Node]) -> list[Node]:
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
            descending = node.code == "M" and pending is None or pending == "desc"
            ranks.append(Rank(node.payload, descending, first=node.first))
        elif node.code == "L":
            ranks.append(Rank(node.payload.by, node.payload.descending, first=node.first))
    if not ranks:
        ranks.append(Rank(None, pending == "desc", first=nodes[0].first))
    return [_span(nodes, "O", ranks)]


def _top_by(nodes: list[Node]) -> list[Node]:
    """`top 5` cities `by` population: the order stands after `by`."""
    top: Top = nodes[0].payload
    by = nodes[-1].payload
    if isinstance(by, Mention):
        by.role = "order"
    rank = Rank(by, top.descending, top.count, top.hints, first=nodes[0].first)
    return [Node("L", nodes[0].first, nodes[0].last, rank), *nodes[1:-2]]


def _top(nodes: list[Node]) -> list[Node]:
    top: Top = nodes[0].payload
    rank = Rank(None, top.descending, top.count, top.hints, first=nodes[0].first)
    return [Node("L", nodes[0].first, nodes[0].last, rank)]


def _both_ends(nodes: list[Node]) -> list[Node]:
    """from the `best` rating `to the lowest`: an order."""
    way, _ = K.SUPERLATIVES[nodes[0].payload]
    nodes[1].payload.role = "order"
    return [_span(nodes, "O", [Rank(nodes[1].payload, way == "desc", first=nodes[0].first)])]


def _alone(nodes: list[Node]) -> list[Node]:
    """A superlative with nothing after it that it could compare: its hints decide."""
    way, hints = K.SUPERLATIVES[nodes[0].payload]
    rank = Rank(None, way == "desc", 1, hints, extreme=True, first=nodes[0].first)
    return [Node("L", nodes[0].first, nodes[0].last, rank)]


def _adjective(nodes: list[Node]) -> list[Node] | None:
    """`oldest` employee, `most expensive` car: the hints compare, the concept is the head."""
    _, hints = K.SUPERLATIVES[nodes[0].payload]
    mention: Mention = nodes[1].payload
    if not hints or mention.candidates[0].kind not in ("table", "value"):
        return None
    return [*_alone(nodes[:1]), nodes[1]]


def _distinct(nodes: list[Node]) -> list[Node]:
    nodes[-1].payload.distinct = True
    return [nodes[-1]]


def _drop(nodes: list[Node]) -> list[Node]:
    return nodes[1:]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A combinator: the codes it fits, what it does with them, and an example."""

    codes: str
    action: Action
    example: str


C = "[cv]"
PATTERNS: tuple[Pattern, ...] = (
    Pattern(r"[cv]z", _apposed, "Rome (FCO)"),
    Pattern(r"z", _bracketed, "(FCO)"),
    Pattern(r">[iA]?n", _comparison, "more than 5"),
    Pattern(r"Bn[&t]n", _between, "between 3 and 5"),
    Pattern(r"c>f?Ac|c>f?A", _average, "price above the average price"),
    Pattern(r"c[rf]*w", _compare_range, "price between 3 and 5"),
    Pattern(r"c[rfb]*p(?!c)", _compare, "rating of at least 4"),
    Pattern(r"(?<![rb~])c[f]?p(?=c)", _compare, "cars with price over 9000 sorted"),
    Pattern(r"pAc|pDc|pc", _count_compare, "more than 2 papers"),
    Pattern(r"c>r?c", _columns, "amount greater than cost"),
    Pattern(r"cn(?:[,|&]+n)+|cn(?!c)|cr?=n", _among, "semesters 1 or 2"),
    Pattern(r"(?<=[rt])nc", _count_compare, "papers that have 1 keyphrase"),
    Pattern(r"cr?Xv|cr?Xn", _text, "name starts with J"),
    Pattern(r"Xv", _text, "named 'nature'"),
    Pattern(r"vic(?!v)", _text_in, "'Ford' in their make"),
    Pattern(r"&?v(?:[,|&]+v)+", _values, "Texas or Ohio"),
    Pattern(r"c[f=]?v", _hinted, "the city of Rome"),
    Pattern(r"vc", _hinted_after, "Italian cuisine"),
    Pattern(r"v", _value, "buy orders"),
    Pattern(r"(?<=[ri])c\|c|(?<=b)c\|c", _either_related, "with a project or exam"),
    Pattern(r"c&#r?~(?=$)", _split_flag, "have an exam and how many do not"),
    Pattern(r"c0|0c", _null, "phone is missing"),
    Pattern(r"c[ib]?d", _period_after, "sale date in 2020"),
    Pattern(r"d", _period, "in 2020"),
    Pattern(r"Dc", _distinct, "distinct customers"),
    Pattern(r"l[cv]", _length, "length of the name"),
    Pattern(r"c#(?![fDA]*c)", _count_noun, "restaurant count"),
    Pattern(r"#c&c(?![fcM])", _counts, "numbers of papers and journals"),
    Pattern(r"[A]?#f?D?[A]?c", _count, "number of distinct customers"),
    Pattern(r"A[fgD]?#?c", _aggregate, "average rating"),
    Pattern(r"U[cM](?:[&t,]+)[cM]", _difference, "days between order date and ship date"),
    Pattern(r"-[cM](?:[&t]+)[cM]", _difference, "difference between high and low"),
    Pattern(r"A[f]?M", _aggregate_of, "average difference between high and low"),
    Pattern(r"Sc[ti]S", _both_ends, "from the best rating to the lowest"),
    Pattern(r"SM", _rank, "highest average rating"),
    Pattern(r"(?<=q)Sc|^Sc", _adjective, "which are the oldest employees"),
    Pattern(r"^qSc(?=f)|^qSc(?=$)|^Sc(?=f)", _superlative_measure, "what is the highest price of"),
    Pattern(r"Sc", _rank, "most orders"),
    Pattern(r"S", _alone, "the oldest"),
    Pattern(r"~[rihfbt]*P", _negate, "not in Texas"),
    Pattern(r"~[rihfbtAD#]*c", _without, "without orders"),
    Pattern(r"P(?:c?\|+[rif]*P)+", _any, "in Texas or over 65"),
    Pattern(r"[gb]+[cm](?:[,&]+[cm](?![fM]))*", _group, "for each region and month"),
    Pattern(r"m", _group, "monthly"),
    Pattern(r"o[bgf]*[cML]?x?(?:[,&]+[cM]x?)*|xc?", _order, "ordered by name descending"),
    Pattern(r"Tc?b[cM]", _top_by, "top 5 cities by population"),
    Pattern(r"T", _top, "top 5"),
)  # fmt: skip


def combine(nodes: list[Node]) -> list[Node]:
    """The nodes after every pattern was applied wherever it fits, in the table's order."""
    for pattern in PATTERNS:
        at = 0
        compiled = _compiled(pattern.codes)
        while True:
            codes = "".join(n.code for n in nodes)
            found = compiled.search(codes, at)
            if found is None or found.end() == found.start():
                break
            made = pattern.action(nodes[found.start() : found.end()])
            if made is None:
                at = found.start() + 1
                continue
            nodes = [*nodes[: found.start()], *made, *nodes[found.end() :]]
            at = found.start() + len(made) if made else found.start()
    return nodes


_CACHE: dict[str, re.Pattern[str]] = {}


def _compiled(codes: str) -> re.Pattern[str]:
    if codes not in _CACHE:
        _CACHE[codes] = re.compile(codes)
    return _CACHE[codes]


def candidates_of(mention: Mention, *kinds: str) -> list[Candidate]:
    """The mention's candidates of these kinds."""
    return [c for c in mention.candidates if c.kind in kinds]
