"""Edits: what the words of a follow-up say is put in the place of what was asked before."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from datamind.language import combine_windows as windows
from datamind.language.calendar import Period
from datamind.language.candidates import Candidate
from datamind.language.edit_conditions import keep_to, narrow, without_own
from datamind.language.edit_figures import (
    aggregated,
    another,
    counted,
    is_figure,
    listed,
    same,
    table_of,
    the_figure,
    told_of_each,
)
from datamind.language.nodes import Node, to_nodes
from datamind.language.patterns import combine
from datamind.language.scope import display
from datamind.language.sketch import Cond, Measure, Mention, Rank, Sketch
from datamind.language.tables import keywords as K
from datamind.language.units import Unit
from datamind.semantics.catalog import View

# `the best`, `the highest` and `the largest` are by whatever figure is shown.
_OF_ANY_FIGURE = frozenset({"rating", "height", "size", "speed", "strength"})
_SPEEDS = frozenset({"slowest", "fastest", "quickest"})
_TIMES = frozenset(
    "time times duration days day hours hour minutes minute seconds second delay latency".split()
)
ADDING = frozenset({"add", "also", "too", "additionally", "well", "plus", "further"})
_IGNORED = frozenset({K.AND, K.ASK, K.COMMA, K.IN, K.OF, K.WITH, K.TO, K.SAME, K.OR, "D", "."})
JOINING = ADDING | {"meant", "mean", "instead", "rather", "change", "make"}
_WITH = frozenset({"with", "include", "including"})
_ONLY = frozenset({"only", "just", "with", "without"})
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


@dataclass(frozen=True, slots=True)
class Said:
    """How it is said: `also ...` adds, `and ...` joins what is ranked, `compared to ...` sets
    against, `for ... only` limits; and the place of its first word."""

    adding: bool = False
    joined: bool = False
    against: bool = False
    limits: bool = False
    instead: bool = False
    since: int = 0


def edited(sketch: Sketch, units: Sequence[Unit], words: Sequence[str], view: View) -> bool:
    """Change the sketch as the units say; False where they say what can't be placed."""
    nodes, over = windows.lift(to_nodes(units), sketch.over)
    said = Said(
        adding=bool(ADDING & set(words)) or words[0] in _WITH,
        joined=words[:1] == ["and"] and "instead" not in words,
        against=any(n.code == K.TO and n.payload == "vs" for n in nodes),
        instead="instead" in words,
        limits=words[0] in ("for", "in", "only"),
        since=units[0].first if units else 0,
    )
    changed = over is not sketch.over
    sketch.over = over
    nodes = combine(nodes)
    for node, after in pairwise(n for n in nodes if n.code not in _IGNORED):
        if node.code == after.code == "c" and _may_be_value(node.payload):
            node.payload.hint = after.payload  # `the store channel`
        if node.code == "P" and after.code == "c":
            keep_to(node.payload, after.payload)
        elif node.code == "c" and after.code == "P":
            keep_to(after.payload, node.payload)
    for place, node in enumerate(nodes):
        if node.code == "n" and words[-1] in ("one", "ones") and node is nodes[-1]:
            continue  # `the cheapest one`
        flagged = node.code == K.NOT and [n.code for n in nodes[place + 1 :]] == ["c"]
        if flagged and _is_flag(nodes[place + 1].payload):
            continue
        if node.code in _IGNORED and not (node.code == K.ASK and len(nodes) == 1):
            continue
        before = nodes[place - 1].code if place else ""
        if before == K.ASK and nodes[place - 1].payload in ("which", "what"):
            before = "which"
        noun = before == "P" and nodes[place - 1].last == node.first and node.code == "c"
        if noun and not is_figure(node.payload):
            continue  # `Swift bikes`
        if _limits(nodes, place, words):
            if not _is_told_apart(sketch, node.payload):
                sketch.related.append(table_of(node.payload))
            continue
        if (
            node.code == "c"
            and before in ("L", K.SUPERLATIVE)
            and _is_told_apart(sketch, node.payload)
        ):
            continue  # `the weakest quarter` of quarters
        if node.code == before == "c" and nodes[place - 1].payload.hint is node.payload:
            continue
        if not _apply(sketch, node, before, said, view):
            return False
        changed = True
    if changed and _SPEEDS & set(words):
        _by_time(sketch)
    windows.settle(sketch)
    return changed


def _by_time(sketch: Sketch) -> None:
    """The slowest take the longest: what they are ordered by, where that is a time."""
    for place, rank in enumerate(sketch.ranks):
        if _takes_time(rank):
            sketch.ranks[place] = replace(rank, descending=not rank.descending)
    for place, rank in enumerate(sketch.order):
        if _takes_time(rank):
            sketch.order[place] = replace(rank, descending=not rank.descending)


def _takes_time(rank: Rank) -> bool:
    by = rank.by.target if isinstance(rank.by, Measure) else rank.by
    best = by.candidates[0] if by is not None and by.candidates else None
    return best is not None and bool(_TIMES & set(re.split(r"[._]", best.id.lower())))


def _limits(nodes: Sequence[Node], place: int, words: Sequence[str]) -> bool:
    """`for customers in France`: those whose they are, no other thing to count or list."""
    node, after = nodes[place], [n for n in nodes[place + 1 :] if n.code not in _IGNORED]
    led = words[0] in _ONLY or (place > 0 and nodes[place - 1].code in (K.IN, K.OF))
    if node.code != "c" or not led or not after or after[0].code != "P":
        return False
    return bool(node.payload.candidates) and node.payload.candidates[0].kind == "table"


def _apply(sketch: Sketch, node: Node, before: str, said: Said, view: View) -> bool:
    if node.code == K.COMPARE and node.payload == "=":
        return True  # `just`
    year = int(node.payload) if node.code == "n" and isinstance(node.payload, float) else 0
    if _FIRST_YEAR <= year <= _LAST_YEAR:
        whole = Period(dt.date(year, 1, 1), dt.date(year + 1, 1, 1), "year", year=year)
        cond = Cond("period", period=whole, first=node.first)
        return narrow(sketch, cond, against=said.against)
    if node.code == "P":
        how = {"against": said.against, "joined": said.joined}
        return narrow(sketch, node.payload, **how, since=said.since)
    if node.code == "c" and before != K.BY and _is_flag(node.payload) and not said.adding:
        node.payload.role = "relation"  # `only the insured ones`
        flag = Cond("related", node.payload, negated=before == K.NOT, first=node.first)
        return narrow(sketch, flag, against=said.against)
    if node.code == "G" or (node.code == "c" and before == K.BY):
        mentions: list[Mention] = node.payload if node.code == "G" else [node.payload]
        _group(sketch, mentions, adding=said.adding or said.joined)
    elif node.code == "L":
        _rank(sketch, node.payload)
    elif node.code == "O":
        return _order(sketch, node.payload, view)
    elif node.code == "c" and before == "which" and not is_figure(node.payload):
        _group(sketch, [node.payload], adding=said.adding)  # `for which reasons?`
    elif said.limits and node.code in ("M", "c") and (node.code == "M" or is_figure(node.payload)):
        return False  # `for new customers only`: no other figure
    elif node.code in ("M", "c"):
        if not said.adding:
            without_own(sketch, node.payload, view)
        other = said.instead and sketch.groups and isinstance(node.payload, Mention)
        if other and not is_figure(node.payload) and node.payload.candidates[0].kind == "column":
            _group(sketch, [node.payload], adding=False)  # `topic instead`
            return True
        return another(sketch, node.payload, adding=said.adding, joined=said.joined)
    elif node.code == "p":
        return _bounded(sketch, node)
    elif node.code == K.AGGREGATE:
        return aggregated(sketch, str(node.payload), node.first)
    elif node.code == K.COUNT:
        return counted(sketch, node.first)
    elif node.code == K.ASK and node.payload == "list":
        return listed(sketch)
    else:
        return False
    return True


def _order(sketch: Sketch, order: list[Rank], view: View) -> bool:
    """By what is said; else as it was, the other way round, or by the figure that is shown."""
    if len(order) == 1 and order[0].by is None:
        known = next((r.by for r in (*sketch.order, *sketch.ranks) if r.by is not None), None)
        figure = told_of_each(sketch)
        by = known or (Measure("either", target=figure) if isinstance(figure, Mention) else figure)
        if by is None:
            return False
        order = [replace(order[0], by=by)]
    sketch.order = [replace(r, by=_named(r.by, sketch, view)) for r in order]
    return True


def _named(by: Mention | Measure | None, sketch: Sketch, view: View) -> Mention | Measure | None:
    """Things that are told apart are ordered by what names them."""
    if not isinstance(by, Mention) or not any(same(by, g) for g in sketch.groups):
        return by
    best = by.candidates[0]
    if best.kind != "table":
        return by
    column = display(view.table(best.id))[0]
    named = Candidate("column", column.id, best.id, best.score, best.source, type=column.type)
    return replace(by, candidates=(named,), role="order")


def _bounded(sketch: Sketch, node: Node) -> bool:
    """`only those above 1000`: of the groups, by the figure that each has."""
    told = node.payload
    for place, cond in enumerate(sketch.conds):
        if cond.kind in ("related", "measure") and len(cond.numbers) == 1:  # `more than 20`
            sketch.conds[place] = replace(cond, op=told.op, numbers=(told.value,))
            return True
    figure = told_of_each(sketch) or next((r.by for r in sketch.ranks if r.by is not None), None)
    if figure is None:
        return False
    measure = Measure("either", target=figure) if isinstance(figure, Mention) else figure
    if isinstance(figure, Mention):
        measure.first = figure.first
    grouped = bool(sketch.groups or sketch.ranks)
    if not grouped:
        return False
    cond = Cond("measure", op=told.op, numbers=(told.value,), measure=measure, first=node.first)
    sketch.conds = [*sketch.conds, cond]
    return True


def _rank(sketch: Sketch, rank: Rank) -> None:
    """So many of those there were, by what ranked them, or by the figure that is shown."""
    if isinstance(rank.by, Mention) and _is_told_apart(sketch, rank.by):
        rank = replace(rank, by=None)  # `the busiest month` of months
    known = next((r for r in sketch.ranks if r.by is not None), None)
    if rank.hints and rank.hints[0] not in _OF_ANY_FIGURE:
        known = None  # `the most expensive one` is not by the figure of before
    elif rank.by is None and known is not None:
        rank = replace(known, count=rank.count, descending=rank.descending, extreme=False)
    elif rank.by is None and sketch.groups:
        figure = next((o for o in sketch.outputs if isinstance(o, Measure) or is_figure(o)), None)
        if figure is None and (figure := told_of_each(sketch)) is not None:
            sketch.outputs = []
        if isinstance(figure, Mention):
            figure.role = "order"
        rank = replace(rank, by=figure)
        for group in sketch.groups:
            group.role = "attribute" if _is_period(group) else "entity"
        shown = [o for o in sketch.outputs if o not in sketch.groups and o is not figure]
        if isinstance(figure, Measure):
            shown = [*shown, figure]
        sketch.outputs = [*sketch.groups, *shown]
        sketch.head, sketch.groups = sketch.groups[0], []
    sketch.ranks, sketch.order = [rank], []


def _group(sketch: Sketch, mentions: list[Mention], *, adding: bool) -> None:
    if len(mentions) == 1 and is_figure(mentions[0]) and any(r.count for r in sketch.ranks):
        mentions[0].role = "measure"  # `top 10 by revenue`, `by quantity instead`
        by = Measure("either", target=mentions[0], first=mentions[0].first)
        sketch.ranks = [replace(r, by=by) for r in sketch.ranks if r.count]
        return
    if (
        all(map(is_figure, mentions))
        and sketch.head in sketch.outputs
        and the_figure(sketch) is None
    ):
        sketch.order = [Rank(m, descending=False, first=m.first) for m in mentions]
        return  # `by size`, of a list
    for mention in mentions:
        mention.role = "group"
    shown = [o for o in sketch.outputs if isinstance(o, Measure) or is_figure(o)]
    if shown and not adding:  # what was shown beside the figure were the groups of before
        sketch.outputs = list(shown)
        sketch.head = None
    beside = [m for c in sketch.conds if c.match == "alike" for m in c.mentions]
    kept = [g for g in sketch.groups if adding or g in beside]
    sketch.groups = [*kept, *mentions]
    sketch.ranks = [r for r in sketch.ranks if isinstance(r.by, Measure)]
    sketch.order = []


def _is_told_apart(sketch: Sketch, mention: Mention) -> bool:
    """Whether what is shown is told for each of them."""
    shown = (sketch.head, *sketch.groups, *(o for o in sketch.outputs if isinstance(o, Mention)))
    grains = {c.id for c in mention.candidates if c.kind == "grain"}
    return any(
        same(mention, m) or grains & {c.id for c in m.candidates if c.kind == "grain"}
        for m in shown if m is not None
    )  # fmt: skip


def _is_period(group: Mention) -> bool:
    return group.candidates[0].kind == "grain"


def _is_flag(mention: Mention) -> bool:
    return bool(mention.candidates) and mention.candidates[0].type == "boolean"


def _may_be_value(mention: Mention) -> bool:
    return any(c.kind == "value" for c in mention.candidates)
