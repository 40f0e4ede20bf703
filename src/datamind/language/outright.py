"""Outright: frames whose meaning a plan has to show, whatever its words: running totals, the days
between events, states said of a noun, those that have something."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from datamind.language import names
from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.kept import named_table
from datamind.language.sketch import Mention
from datamind.language.tokens import is_participle, tokenize
from datamind.semantics import plan as P

_RUNNING = re.compile(
    r"(?<!\S)(?:running|cumulative|cumulated|accumulated) (?:totals?|sums?)(?!\S)"
)
_APART = re.compile(
    r"(?<!\S)(?:days|weeks|months|hours|minutes|time|gap|interval) between (?!\d)(?!now(?!\S))"
)
_TOTALS = frozenset({"running", "cumulative", "cumulated", "accumulated"})
_WITH = frozenset({"with", "having"})
_RANKED = (["most"], ["least"])
_SURE = 0.95
_LONGEST = 2  # words of a state and its noun


def heed_outright(nodes: Sequence[object], said: Sequence[str], ctx: Context) -> None:
    """Unbuildable, where the plan shows nothing of what was said."""
    text = " ".join(said)
    running = any(isinstance(n, P.WindowCall) for n in nodes) or _named(_TOTALS, ctx)
    if _RUNNING.search(text) and not running:
        raise Unbuildable("a running total was asked for")
    apart = any(isinstance(n, P.DateDiff) for n in nodes) or _named({"between"}, ctx)
    if _APART.search(text) and not apart:
        raise Unbuildable("the time between was asked for")
    for mention, found in ctx.chosen.items():
        if _is_of_another(mention, found, nodes, said, ctx):
            raise Unbuildable("a state of something else")
        if _is_no_state(mention, found, nodes, said, ctx):
            raise Unbuildable("what was done to them, not how much")
        if _is_lesser(mention, found, ctx):
            raise Unbuildable("the rows that are called so, not a value of others")
        if _is_passed_over(mention, found, said, ctx):
            raise Unbuildable("those that have it were asked for")


def _named(words: Collection[str], ctx: Context) -> bool:
    """Whether something meant is called by one of the words."""
    return any(
        set(words) & set(names.words_of(c.id.rpartition(".")[2])) for c in ctx.chosen.values()
    )


def _is_of_another(
    m: Mention, found: Candidate, nodes: Sequence[object], said: Sequence[str], ctx: Context
) -> bool:
    """`active branches`, `branches that are active`, by a mark of what they sell; what they refer
    to or refers to them may have it, where that narrows them."""
    if found.kind != "column" or ctx.scope.view.column(found.id).type != "boolean":
        return False
    after = said[m.last : m.last + 1] in ([], ["?"], ["."])
    start = m.first
    while after and start and said[start - 1] in ("is", "are", "that", "which", "who", "currently"):
        start -= 1
    for other in ctx.chosen:
        beside = other.first == m.last or (after and start < m.first and other.last == start)
        tables = {c.table for c in other.candidates if c.kind == "table" and c.score >= _SURE}
        if beside and tables:
            owned = ctx.scope.graph.owned
            near = any(found.table in owned(t) or t in owned(found.table) for t in tables)
            own = found.table in tables
            return not near or not (own or _tested(found, nodes))
    return False


def _is_no_state(
    m: Mention, found: Candidate, nodes: Sequence[object], said: Sequence[str], ctx: Context
) -> bool:
    """`discounted trips`, where discounts are shown: those that were, not what it came to."""
    tokens = tokenize(" ".join(said[m.first : m.last]))
    if len(tokens) > _LONGEST or not is_participle(tokens[0]):
        return False
    noun = len(tokens) > 1 and named_table(ctx.index, tokens[-1], tokens) is not None
    if not noun and not any(
        o.first == m.last and any(c.kind == "table" and c.score >= _SURE for c in o.candidates)
        for o in ctx.chosen
    ):
        return False
    if found.kind == "metric":
        counts = "count" in (ctx.scope.view.metrics_by_name[found.id].aggregation or "")
        return not counts and said[m.first] not in names.words_of(found.id)
    if found.kind != "column" or said[m.first] in names.words_of(found.id.rpartition(".")[2]):
        return False
    return said[m.first - 1 : m.first] not in _RANKED and not _tested(found, nodes)


def _tested(found: Candidate, nodes: Sequence[object]) -> bool:
    """Whether a condition is on the column."""
    tests = (n for n in nodes if isinstance(n, P.Compare | P.IsNull | P.Truth | P.Between))
    of = (n.left if isinstance(n, P.Compare) else n.of for n in tests)
    name = found.id.rpartition(".")[2]
    return any(isinstance(c, P.Column) and c.name == name for c in of)


def _is_passed_over(m: Mention, found: Candidate, said: Sequence[str], ctx: Context) -> bool:
    """`trips with tip`, where the tip changed nothing."""
    if not m.first or said[m.first - 1] not in _WITH or found.kind != "column":
        return False
    return bool(ctx.idle) and m.role == "relation" and not ctx.scope.view.column(found.id).is_date


def _is_lesser(m: Mention, found: Candidate, ctx: Context) -> bool:
    """`repairs by hour`, of tickets about a repair, which nothing else speaks of."""
    if found.kind != "value" or m.last != m.first + 1:
        return False
    full = any(
        c.kind == "table" and c.score >= _SURE and c.source == "name" and c.table != found.table
        for c in m.candidates
    )
    return full and not any(
        c.table == found.table for other, c in ctx.chosen.items() if other is not m
    )
