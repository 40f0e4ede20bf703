"""Resolution: every mention gets one meaning, chosen together so that the meanings fit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from datamind.language import names
from datamind.language.candidates import MAX_CANDIDATES, Candidate
from datamind.language.graph import UNREACHABLE, Graph
from datamind.language.kinds import KEYS, role_words
from datamind.language.roles import WAYS
from datamind.language.scales import is_amount
from datamind.language.scope import MONEY, quantity_and_price
from datamind.language.sketch import Cond, Measure, Mention, Rank, Sketch
from datamind.language.tokens import lemma, stem
from datamind.semantics.catalog import TEMPORAL, Column, View

_RATES = frozenset("rate share percent percentage pct ratio margin".split())
BEAM = 16
KEPT = 5
JOIN = 0.22
OPTIONS = 6
EXACT = 0.99
SUMMED = 0.5  # what speaks for a metric by its very name, where groups are told of
UNREADY = 0.5  # what a metric costs that the compiler can't take
INEXACT = 0.7  # what a partial name costs where another thing has just that name
SAID_AGAIN = 0.6  # what it costs that the same words mean two amounts
SIZE = 0.004  # for each column: of two tables that fit alike, the one that says more


@dataclass(frozen=True, slots=True)
class Assignment:
    """A meaning for each mention (by identity), and what it cost in all."""

    chosen: dict[Mention, Candidate]
    tables: frozenset[str]
    cost: float


def mentions_of(sketch: Sketch) -> list[Mention]:
    """All mentions of the sketch, each once, in the question's order."""
    found: dict[int, Mention] = {}
    for mention in _walk(sketch):
        found.setdefault(id(mention), mention)
    return sorted(found.values(), key=lambda m: m.first)


def _walk(part: object) -> Iterator[Mention]:
    if isinstance(part, Mention):
        yield part
        for other in (part.owner, part.hint, *part.also):
            if other is not None:
                yield from _walk(other)
    elif isinstance(part, Measure):
        for item in (part.target, part.left, part.right, *part.mentions, *part.where, *part.per):
            yield from _walk(item)
    elif isinstance(part, Cond):
        for item in (part.subject, part.mention, part.measure, *part.mentions, *part.parts,
                     *part.within):  # fmt: skip
            yield from _walk(item)
    elif isinstance(part, Rank):
        yield from _walk(part.by)
    elif isinstance(part, Sketch):
        for piece in (*part.outputs, part.head, *part.groups, *part.conds, *part.related,
                     *part.ranks, *part.order):  # fmt: skip
            yield from _walk(piece)


def resolve(
    sketch: Sketch, view: View, graph: Graph, words: Sequence[str], width: int = 1
) -> list[Assignment]:
    """The best few assignments, cheapest first. `words` are the question's, in lower case."""
    mentions = mentions_of(sketch)
    options = {id(m): _options(m, view, graph, words) for m in mentions}
    order = sorted(
        (m for m in mentions if options[id(m)]),
        key=lambda m: (len({c.table for c, _ in options[id(m)]}), len(options[id(m)]), m.first),
    )
    beam = [Assignment({}, frozenset(), 0.0)]
    for mention in order:
        grown = [
            (_cost(state, mention, candidate, cost, view, graph), state, candidate)
            for state in beam
            for candidate, cost in options[id(mention)]
        ]
        grown.sort(key=lambda g: g[0])
        beam = [
            Assignment({**state.chosen, mention: candidate}, _with_table(state, candidate), cost)
            for cost, state, candidate in grown[: BEAM * width]
        ]
    return beam[: KEPT * width]


def _with_table(state: Assignment, candidate: Candidate) -> frozenset[str]:
    return state.tables | {candidate.table} if candidate.table else state.tables


def _cost(
    state: Assignment, mention: Mention, candidate: Candidate, cost: float, view: View, graph: Graph
) -> float:
    """What the assignment costs with one more meaning."""
    total = state.cost + cost
    if state.tables and candidate.table and candidate.table not in state.tables:
        nearest = min(graph.distance(candidate.table, t) for t in state.tables)
        total += 6.0 if nearest >= UNREACHABLE else JOIN * nearest
    for other, picked in state.chosen.items():
        total += _pair(mention, candidate, other, picked, view)
        total += _pair(other, picked, mention, candidate, view)
    return total


_OWN = 0.5


def _pair(a: Mention, x: Candidate, b: Mention, y: Candidate, view: View) -> float:
    """What two meanings cost together, where `b` says something about `a`."""
    if a.owner is b and x.kind == "column":
        return -0.25 if x.table == y.table else 0.7
    if b.summed and x.kind == "value" and y.kind == "metric" and y.score >= EXACT:
        counted = view.metrics_by_name[y.id].table == x.table
        return -0.4 if counted else 0.0  # `urgent tickets last week`, where tickets are counted
    if a.context is b and x.kind in ("column", "value") and y.kind == "table":
        if len(a.candidates) > MAX_CANDIDATES and x.table != y.table:
            return 0.9  # `show the name` is not another thing's
        return -0.4 if x.table == y.table else 0.15
    if x.kind == "column" and y.kind == "value" and x.table != y.table:
        held = {c.table if c.kind == "column" else "" for c in a.candidates}
        alone = a.context is None and a.first < b.first
        if alone and len(held) > 2 and y.table in held and "" not in held:
            return 0.4  # `names of the senior trainers`: theirs
        shown = view.table(y.table).display
        own = [c for c in a.candidates
               if c.table == y.table and c.score > _OWN and c.name not in shown]  # fmt: skip
        if a.role == "attribute" and own and y.name in shown:
            return 1.1  # what one of them costs: its own cost
    if a.hint is b and x.kind == "value":
        if x.id == y.id or (y.kind == "table" and x.table == y.table):
            named = y.kind == "table" and x.name in view.table(y.table).display
            return -0.45 if named or x.id == y.id else -0.2
        return 0.5
    if x.kind == y.kind == "column" and a.first > b.first:
        if x.id == y.id:
            return -0.12
        if a.candidates == b.candidates and _adds_up(x, view) and _adds_up(y, view):
            return SAID_AGAIN
    return 0.0


def _adds_up(candidate: Candidate, view: View) -> bool:
    return view.column(candidate.id).additivity == "sum"


def _options(
    mention: Mention, view: View, graph: Graph, words: Sequence[str]
) -> list[tuple[Candidate, float]]:
    """Candidates that can play the mention's role, with their costs."""
    out = []
    exact = {
        c.kind for c in mention.candidates
        if (c.score >= EXACT and c.source == "name") or (c.kind == "table" and c.whole)
    }  # fmt: skip
    for candidate in mention.candidates:
        penalty = _penalty(mention, candidate, view)
        if penalty is not None:
            penalty += _way(mention, candidate, words) if candidate.kind == "value" else 0.0
            penalty += _unsaid_key(mention, candidate, graph, words)
            counted = mention.role in ("entity", "measure")
            penalty += _inexact(candidate, exact, counted=counted)
            if candidate.kind == "metric" and view.metrics_by_name[candidate.id].kind == "other":
                penalty += UNREADY
            penalty += _doing(mention, candidate, words, view)
            penalty += _traded(mention, candidate, words, view)
            if mention.summed and candidate.kind == "metric" and candidate.score >= EXACT:
                penalty -= SUMMED
            penalty -= (
                SIZE * min(len(view.table(candidate.table).columns), 20) if candidate.table else 0
            )
            out.append((candidate, 1.6 * (1.0 - candidate.score) + penalty))
    out.sort(key=lambda o: (round(o[1], 6), o[0].kind, o[0].id))
    if len(out) > MAX_CANDIDATES:  # a `name`, which everything has
        return out
    return out[:OPTIONS] if mention.role != "attribute" else out[: OPTIONS + 3]


def _way(mention: Mention, candidate: Candidate, words: Sequence[str]) -> float:
    """`from` Rome `to` Paris: columns of the same way are likelier, of the other unlikely."""
    first = mention.before if mention.before >= 0 else mention.first
    near = [w for w in words[max(0, first - 2) : first] if w in WAYS]
    if not near:
        return 0.0
    column = set(names.split(candidate.name))
    if column & WAYS[near[-1]]:
        return -0.35
    others = frozenset().union(*(ways for way, ways in WAYS.items() if way != near[-1]))
    return 0.5 if column & others else 0.0


def _is_unsaid_amount(mention: Mention, candidate: Candidate, words: Sequence[str]) -> bool:
    """Whether it is an amount whose noun was not said: `units` for the unit cost."""
    parts = [w for w in names.words_of(candidate.name) if w not in KEYS]
    said = {stem(w) for w in words[mention.first : mention.last]}
    if parts[-1:] == ["amount"] and all(c.kind != "table" for c in mention.candidates):
        return False  # the most `margin`, of which there is nothing to count
    return len(parts) > 1 and parts[-1] in MONEY and stem(parts[-1]) not in said


def _inexact(candidate: Candidate, exact: Collection[str], *, counted: bool) -> float:
    """What a partial name costs where something of these kinds has just that name."""
    if exact and candidate.source == "synonym":
        return INEXACT
    if candidate.whole and candidate.kind == "table":
        return 0.0
    least = 0.95 if candidate.kind in exact else 0.8 if candidate.kind == "metric" else 0.0
    if candidate.kind == "column" and "table" in exact and counted and not candidate.within:
        least = 0.9  # activations are no is_active
    other = candidate.kind == "table" and "table" in exact and candidate.score < 0.6
    return 2 * INEXACT if other else INEXACT if exact and candidate.score < least else 0.0


def _doing(mention: Mention, candidate: Candidate, words: Sequence[str], view: View) -> float:
    """`accounts opened` are accounts, not their opening dates, where they are counted or ranked."""
    many = mention.role == "order" and words[mention.first - 1] in ("most", "fewest", "least")
    if candidate.kind == "metric" and many and candidate.score < EXACT:
        return 2.0 if view.metrics_by_name[candidate.id].kind == "ratio" else 0.0
    if candidate.kind != "column":
        return 0.0
    dated = candidate.type in ("date", "timestamp")
    many = many and words[mention.first - 1] != "least"
    if many and (dated or _is_unsaid_amount(mention, candidate, words)):
        return 2.0  # times are not many, nor are costs where units are meant
    if (
        mention.role in ("order", "measure", "attribute")
        and words[mention.last - 1] == "units"
        and (_is_unsaid_amount(mention, candidate, words))
    ):
        return 0.8  # `by units` is not by the unit cost
    if mention.last - mention.first < 2:
        return 0.0
    if dated and mention.each and words[mention.last - 1] != "date":
        return 0.8
    if mention.role not in ("order", "entity", "measure", "group"):
        return 0.0
    return 0.5 if words[mention.last - 1].endswith(("ed", "born")) else 0.0


_TRADED = frozenset({"sold", "sell", "sells", "bought", "buy", "purchased", "shipped"})


def _traded(mention: Mention, candidate: Candidate, words: Sequence[str], view: View) -> float:
    """`sold the most units`: those of what was traded at a price, not those in stock."""
    if candidate.kind == "column" and words[mention.last - 1] in _TRADED:
        return 2.0 if _SPACE & set(names.words_of(candidate.name)) else 0.0
    near = {
        *words[max(0, mention.first - 4) : mention.first],
        *words[mention.last : mention.last + 1],
    }
    if candidate.kind != "column" or words[mention.last - 1] not in _UNITS or not near & _TRADED:
        return 0.0
    pair = quantity_and_price(view.table(candidate.table))
    return -0.4 if pair is not None and pair[0].id == candidate.id else 0.4


_SPACE = frozenset({"area", "size", "floor", "space", "capacity"})  # never what was sold
_UNITS = frozenset({"unit", "units", "pieces", "items", "quantity"})


def _unsaid_key(
    mention: Mention, candidate: Candidate, graph: Graph, words: Sequence[str]
) -> float:
    """A noun means the thing, not its key: `salesperson` is hardly the salesperson_id; but the
    `owner` may be whom the owner_id refers to, and `orders` the order numbers where no table is
    of orders."""
    if candidate.kind != "column":
        return 0.0
    parts = names.words_of(candidate.name)
    said = {lemma(w) for w in words[mention.first : mention.last]}
    if not parts or parts[-1] not in KEYS or said & KEYS:
        return 0.0
    reference = graph.references.get(candidate.id)
    if reference is not None and reference.to_table in graph.calendars:
        if candidate.type in TEMPORAL:
            return 0.0  # the day it refers to
        return 0.8  # `orders` are no order_date_key
    if reference is not None:
        role = role_words(reference, graph.view.table(reference.to_table))
        return 0.0 if role & said else 0.6
    own = graph.view.table(candidate.table).primary_key
    named = any(c.kind == "table" for c in mention.candidates) or candidate.name in own
    return 0.6 if named or parts[-1] == "code" else 0.0


def _penalty(mention: Mention, candidate: Candidate, view: View) -> float | None:
    """How badly a candidate fits the role; None: not at all."""
    kind, role = candidate.kind, mention.role
    if mention.percent and _is_no_rate(candidate, view):
        return None  # a margin below 20 percent is the rate
    if role == "value":
        if kind == "value":
            table = view.table(candidate.table)
            name = candidate.name
            return -0.08 if name in table.display or name in table.primary_key else 0.0
        return {"text": 0.0, "weekday": 0.0}.get(kind)
    if kind in ("text", "weekday"):
        return None
    if kind == "metric":
        return {
            "measure": -0.2,
            "order": -0.1,
            "attribute": -0.1,
            "entity": 0.1,
            "number": 0.0,
        }.get(role)
    if kind == "grain":
        return {"group": 0.0, "attribute": 0.25, "date": 0.1, "relation": 0.4, "order": 0.2}.get(
            role
        )
    if kind == "table":
        named = -0.25 if candidate.score >= 0.99 else 0.0
        penalty = {"entity": 0.0, "relation": 0.1, "group": 0.1, "attribute": 0.0, "measure": 0.6,
                   "order": 0.3, "number": 0.7, "text": 0.3, "date": 0.8}.get(role)  # fmt: skip
        return None if penalty is None else penalty + named
    if candidate.source == "role":
        return 0.0
    if kind == "value":
        return {
            "relation": 0.15,
            "group": 0.2,
            "entity": 0.35,
            "attribute": 0.5,
            "measure": 0.6,
        }.get(role)
    if role == "date" and candidate.type in TEMPORAL:
        return 0.0
    column = view.column(candidate.id)
    if (
        role == "group"
        and candidate.source != "name"
        and column.additivity == "sum"
        and (column.is_number)
    ):
        return None  # nobody groups by an amount that is not even named
    return _column_penalty(role, column, view)


def _is_no_rate(candidate: Candidate, view: View) -> bool:
    """Whether it is an amount, or a metric that goes by another name than a rate, which no
    percentage can be compared with."""
    if candidate.kind == "metric":
        metric = view.metrics_by_name[candidate.id]
        rate = candidate.score >= EXACT or not _RATES.isdisjoint(metric.name.split("_"))
        return metric.aggregation == "sum" or not rate
    return candidate.kind == "column" and is_amount(view.column(candidate.id))


def _column_penalty(role: str, column: Column, view: View) -> float | None:
    numeric = column.is_number
    table = view.table(column.table)
    key = column.name in table.primary_key
    if role == "measure":
        if numeric and column.additivity != "none":
            return 0.0
        return 0.3 if numeric or column.is_date else 0.7
    if role == "number":
        return 0.0 if numeric or column.type in ("time", "interval") else 0.6
    if role == "date":
        if column.is_date:
            return 0.0
        return 0.05 if "year" in column.name.lower() else 0.7
    if role == "text":
        return 0.0 if column.type == "text" else 0.6
    if role == "entity":
        return 0.12 if key else 0.3
    if role == "group":
        return 0.12 if numeric and column.additivity != "none" else 0.02
    if role == "relation":
        return 0.15
    if role == "order":
        return 0.0 if numeric or column.is_date else 0.2
    return 0.0
