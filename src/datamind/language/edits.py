"""Edits: what the words of a follow-up say is put in the place of what was asked before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from datamind.language import combine_windows as windows
from datamind.language.calendar import Period, move
from datamind.language.candidates import Candidate
from datamind.language.nodes import Node, to_nodes
from datamind.language.patterns import combine
from datamind.language.sketch import Cond, Measure, Mention, Output, Rank, Sketch
from datamind.language.tables import keywords as K
from datamind.language.units import Unit
from datamind.semantics.catalog import NUMERIC

# `the best`, `the highest` and `the largest` are by whatever figure is shown.
_OF_ANY_FIGURE = frozenset({"rating", "height", "size"})
ADDING = frozenset({"add", "also", "too", "additionally", "well", "plus", "further"})
_IGNORED = frozenset({K.AND, K.ASK, K.COMMA, K.IN, K.OF, K.WITH, K.TO, K.SAME, K.OR, "D", "."})
JOINING = ADDING | {"meant", "mean", "instead", "rather", "change", "make"}
_WHOLE = frozenset({"total", "overall", "altogether"})
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


@dataclass(frozen=True, slots=True)
class Said:
    """How it is said: `also ...` adds, `and ...` joins what is ranked, `compared to ...` sets
    against."""

    adding: bool = False
    joined: bool = False
    against: bool = False


def edited(sketch: Sketch, units: Sequence[Unit], words: Sequence[str]) -> bool:
    """Change the sketch as the units say; False where they say what can't be placed."""
    if set(words) & _WHOLE and set(words) <= _WHOLE | {"and", "in", "all", "the", "?"}:
        return _altogether(sketch)
    nodes, over = windows.lift(to_nodes(units), sketch.over)
    said = Said(
        adding=bool(ADDING & set(words)),
        joined=words[:1] == ["and"] and "instead" not in words,
        against=any(n.code == K.TO and n.payload == "vs" for n in nodes),
    )
    changed = over is not sketch.over
    sketch.over = over
    nodes = combine(nodes)
    for node, after in pairwise(nodes):
        if node.code == after.code == "c" and _may_be_value(node.payload):
            node.payload.hint = after.payload  # `the store channel`
    for place, node in enumerate(nodes):
        if node.code == "n" and words[-1] in ("one", "ones") and node is nodes[-1]:
            continue  # `the cheapest one`
        if node.code in _IGNORED and not (node.code == K.ASK and len(nodes) == 1):
            continue
        before = nodes[place - 1].code if place else ""
        if before == K.ASK and nodes[place - 1].payload in ("which", "what"):
            before = "which"
        noun = before == "P" and nodes[place - 1].last == node.first and node.code == "c"
        if noun and not _is_figure(node.payload):
            continue  # `Swift bikes`
        if node.code == before == "c" and nodes[place - 1].payload.hint is node.payload:
            continue
        if not _apply(sketch, node, before, said):
            return False
        changed = True
    windows.settle(sketch)
    return changed


def _altogether(sketch: Sketch) -> bool:
    """`in total?`: the figure of all groups at once; of a figure of all there is no more."""
    figures = [o for o in sketch.outputs if isinstance(o, Measure) or _is_figure(o)]
    if not sketch.groups or not figures:
        return False
    sketch.outputs, sketch.groups, sketch.order, sketch.head = list(figures), [], [], None
    return True


def _apply(sketch: Sketch, node: Node, before: str, said: Said) -> bool:
    if node.code == K.COMPARE and node.payload == "=":
        return True  # `just`
    year = int(node.payload) if node.code == "n" and isinstance(node.payload, float) else 0
    if _FIRST_YEAR <= year <= _LAST_YEAR:
        whole = Period(dt.date(year, 1, 1), dt.date(year + 1, 1, 1), "year", year=year)
        _narrow(sketch, Cond("period", period=whole, first=node.first), said)
    elif node.code == "P":
        _narrow(sketch, node.payload, said)
    elif node.code == "G" or (node.code == "c" and before == K.BY):
        mentions: list[Mention] = node.payload if node.code == "G" else [node.payload]
        _group(sketch, mentions, adding=said.adding or said.joined)
    elif node.code == "L":
        _rank(sketch, node.payload)
    elif node.code == "O":
        return _order(sketch, node.payload)
    elif node.code == "c" and before == "which" and not _is_figure(node.payload):
        _group(sketch, [node.payload], adding=said.adding)  # `for which reasons?`
    elif node.code in ("M", "c"):
        return _show(sketch, node.payload, said)
    elif node.code == "p":
        return _bounded(sketch, node)
    elif node.code == K.AGGREGATE:
        return _aggregated(sketch, str(node.payload), node.first)
    elif node.code == K.COUNT:
        return _counted(sketch, node.first)
    elif node.code == K.ASK and node.payload == "list":
        return _listed(sketch)
    else:
        return False
    return True


def _order(sketch: Sketch, order: list[Rank]) -> bool:
    """By what is said; else as it was, the other way round, or by the figure that is shown."""
    if len(order) == 1 and order[0].by is None:
        known = next((r.by for r in (*sketch.order, *sketch.ranks) if r.by is not None), None)
        figure = _figure(sketch)
        by = known or (Measure("either", target=figure) if isinstance(figure, Mention) else figure)
        if by is None:
            return False
        order = [replace(order[0], by=by)]
    sketch.order = list(order)
    return True


def _figure(sketch: Sketch) -> Output | None:
    """The number that is shown, where it is one only."""
    figures = [o for o in sketch.outputs if isinstance(o, Measure) or _is_figure(o)]
    return figures[0] if len(figures) == 1 else None


def _bounded(sketch: Sketch, node: Node) -> bool:
    """`only those above 1000`: of the groups, by the figure that each has."""
    told = node.payload
    for place, cond in enumerate(sketch.conds):
        if cond.kind in ("related", "measure") and len(cond.numbers) == 1:  # `more than 20`
            sketch.conds[place] = replace(cond, op=told.op, numbers=(told.value,))
            return True
    figure = _figure(sketch) or next((r.by for r in sketch.ranks if r.by is not None), None)
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


def _aggregated(sketch: Sketch, function: str, first: int) -> bool:
    """`the median instead`: of the column that the figure is made of."""
    figure = _figure(sketch)
    if isinstance(figure, Measure):
        if figure.kind not in ("aggregate", "either") or figure.target is None:
            return False
        made = replace(figure, kind="aggregate", function=function)
    elif figure is not None:
        made = Measure("aggregate", function, target=figure, first=first)
    else:
        return False
    sketch.outputs = [made if o is figure else o for o in sketch.outputs]
    return True


def _things(mention: Mention | None) -> Mention | None:
    """The mention as one of the rows of a table; None where it names none."""
    tables = tuple(c for c in mention.candidates if c.kind == "table") if mention else ()
    return replace(mention, candidates=tables, role="entity") if mention and tables else None


def _counted(sketch: Sketch, first: int) -> bool:
    """`how many are there?`: of the things that were listed."""
    thing = _things(sketch.head)
    if thing is None or sketch.groups or any(r.count for r in sketch.ranks):
        return False
    if any(isinstance(o, Measure) for o in sketch.outputs):
        return False
    sketch.outputs = [Measure("count", target=thing, first=first)]
    sketch.order, sketch.ranks, sketch.head = [], [], None
    return True


def _listed(sketch: Sketch) -> bool:
    """`list them`: the things that were counted; `show all` of those of which some were shown."""
    if any(r.count for r in sketch.ranks):
        _keep_ranked(sketch)
        sketch.order = [replace(r, count=None, extreme=False) for r in sketch.ranks]
        sketch.ranks = []
        return True
    figure = _figure(sketch)
    counted = isinstance(figure, Measure) and figure.kind == "count"
    thing = _things(figure.target if isinstance(figure, Measure) else figure)
    if thing is None:
        return False
    if isinstance(figure, Measure):
        if not counted:
            return False
        sketch.conds = [*sketch.conds, *figure.where]
    sketch.outputs, sketch.head, sketch.groups, sketch.order = [thing], thing, [], []
    return True


def _rank(sketch: Sketch, rank: Rank) -> None:
    """So many of those there were, by what ranked them, or by the figure that is shown."""
    known = next((r for r in sketch.ranks if r.by is not None), None)
    if rank.hints and rank.hints[0] not in _OF_ANY_FIGURE:
        known = None  # `the most expensive one` is not by the figure of before
    elif rank.by is None and known is not None:
        rank = replace(known, count=rank.count, descending=rank.descending, extreme=False)
    elif rank.by is None and sketch.groups:
        figure = next((o for o in sketch.outputs if isinstance(o, Measure) or _is_figure(o)), None)
        if isinstance(figure, Mention):
            figure.role = "order"
        rank = replace(rank, by=figure)
        for group in sketch.groups:
            group.role = "entity"
        shown = [o for o in sketch.outputs if o not in sketch.groups and o is not figure]
        if isinstance(figure, Measure):
            shown = [*shown, figure]
        sketch.outputs = [*sketch.groups, *shown]
        sketch.head, sketch.groups = sketch.groups[0], []
    sketch.ranks, sketch.order = [rank], []


def _narrow(sketch: Sketch, cond: Cond, said: Said) -> None:
    """A condition takes the place of one on the same thing, else it is one more; a period that is
    set against another stands beside it."""
    about = set(_columns(cond))
    before = [c for c in sketch.conds if c.kind == "period" and _replaces(cond, c, about)]
    if len(before) == 1:
        cond = _in_its_year(cond, before[0])
    if said.against and cond.kind == "period" and len(before) == 1:
        both = Cond("any", parts=(before[0], cond), match="versus", first=cond.first)
        sketch.conds = [both if c is before[0] else c for c in sketch.conds]
        return
    kept = [c for c in sketch.conds if not _replaces(cond, c, about)]
    for measure in _measures(sketch.outputs):
        measure.where = [c for c in measure.where if not _replaces(cond, c, about)]
    sketch.conds = [*kept, cond]


def _in_its_year(cond: Cond, before: Cond) -> Cond:
    """`and June?` after May 2023 is June of that year, which was said."""
    new, old = cond.period, before.period
    if new is None or old is None or new.low is None or new.high is None or old.low is None:
        return cond
    assumed = f" is that of {new.low.year}"
    years = old.low.year - new.low.year
    if not new.note.endswith(assumed) or old.note or old.high is None or years == 0:
        return cond
    if move(old.high, "day", -1).year != old.low.year:
        return cond
    note = f"{new.note.removesuffix(assumed)} is that of {old.low.year}"
    low, high = move(new.low, "year", years), move(new.high, "year", years)
    return replace(cond, period=replace(new, low=low, high=high, note=note))


def _replaces(new: Cond, old: Cond, about: set[str]) -> bool:
    if new.kind == "period" and old.kind == "period":
        return new.subject is None or old.subject is None or bool(about & set(_columns(old)))
    if "period" in (new.kind, old.kind) or new.negated:
        return False
    return bool(about & set(_columns(old)))


def _columns(cond: Cond) -> Iterator[str]:
    for mention in (cond.subject, cond.mention, *cond.mentions):
        if mention is not None:
            yield from (c.id for c in _best(mention) if c.kind in ("column", "value"))
    for part in cond.parts:
        yield from _columns(part)


def _best(mention: Mention) -> Sequence[Candidate]:
    return mention.candidates[:2]


def _measures(outputs: Sequence[Output]) -> Iterator[Measure]:
    for output in outputs:
        if isinstance(output, Measure):
            yield output
            yield from (side for side in (output.left, output.right) if side is not None)


def _group(sketch: Sketch, mentions: list[Mention], *, adding: bool) -> None:
    if len(mentions) == 1 and _is_figure(mentions[0]) and any(r.count for r in sketch.ranks):
        mentions[0].role = "measure"  # `top 10 by revenue`, `by quantity instead`
        by = Measure("either", target=mentions[0], first=mentions[0].first)
        sketch.ranks = [replace(r, by=by) for r in sketch.ranks if r.count]
        return
    for mention in mentions:
        mention.role = "group"
    shown = [o for o in sketch.outputs if isinstance(o, Measure) or _is_figure(o)]
    if shown and not adding:  # what was shown beside the figure were the groups of before
        sketch.outputs = list(shown)
        sketch.head = None
    sketch.groups = [*(sketch.groups if adding else ()), *mentions]
    sketch.ranks = [r for r in sketch.ranks if isinstance(r.by, Measure)]
    sketch.order = []


def _is_figure(mention: Mention) -> bool:
    best = mention.candidates[0] if mention.candidates else None
    return best is not None and (
        best.kind == "metric" or (best.kind == "column" and best.type in NUMERIC)
    )


def _show(sketch: Sketch, payload: Output, said: Said) -> bool:
    """Another figure, or one more; or another thing that is counted or listed."""
    if isinstance(payload, Mention) and not _is_figure(payload):
        if (said.adding or said.joined) and sketch.head in sketch.outputs and _is_column(payload):
            sketch.outputs = [*sketch.outputs, payload]
            return True
        if (said.adding or said.joined) and sketch.groups and _is_column(payload):
            payload.role = "group"
            sketch.groups = [*sketch.groups, payload]
            return True
        if any(_same(payload, m) for m in (sketch.head, *sketch.groups) if m):
            return True  # `only stores in France`
        if payload.hint is not None or payload.candidates[0].kind == "value":
            payload.role = "relation"
            sketch.related.append(payload)
            return True
        return _turned(sketch, payload)
    if isinstance(payload, Mention) and payload.candidates[0].source == "fuzzy":
        return False  # a name that the data does not hold
    _free_periods(sketch, payload)
    ranked = any(r.count for r in sketch.ranks)
    if said.adding or (said.joined and ranked):
        _keep_ranked(sketch)
        if isinstance(payload, Mention) and (ranked or sketch.groups):
            payload.role = "measure"
            payload = Measure("either", target=payload, first=payload.first)
        sketch.outputs = [*sketch.outputs, payload]
        return True
    kept = [o for o in sketch.outputs if not (isinstance(o, Measure) or _is_figure(o))]
    sketch.outputs = [*kept, payload]
    sketch.head = sketch.head if sketch.head in kept else None
    sketch.ranks = [replace(r, by=None) for r in sketch.ranks if r.count]
    sketch.order = []
    return True


def _free_periods(sketch: Sketch, figure: Output) -> None:
    """A period that was said of a date is of another figure's own date where that is of other
    rows: tickets that were opened in May, and how many sessions."""
    target = figure.target if isinstance(figure, Measure) else figure
    homes = {c.table for c in target.candidates if c.table} if target is not None else set()
    for place, cond in enumerate(sketch.conds):
        dates = {c.table for c in cond.subject.candidates if c.table} if cond.subject else set()
        if cond.kind == "period" and homes and dates and not homes & dates:
            sketch.conds[place] = replace(cond, subject=None)


def _same(one: Mention, other: Mention) -> bool:
    """Whether both name one table, or may name one column."""
    first, second = one.candidates[0], other.candidates[0]
    if first.kind == second.kind == "column":
        return bool({c.id for c in one.candidates} & {c.id for c in other.candidates})
    return first.kind == second.kind == "table" and first.id == second.id


def _may_be_value(mention: Mention) -> bool:
    return any(c.kind == "value" for c in mention.candidates)


def _is_column(mention: Mention) -> bool:
    return bool(mention.candidates) and mention.candidates[0].kind == "column"


def _keep_ranked(sketch: Sketch) -> None:
    """What ranks them is shown as before, also when more is shown beside it."""
    for rank in sketch.ranks:
        if rank.by is not None and rank.by not in sketch.outputs:
            sketch.outputs = [*sketch.outputs, rank.by]


def _turned(sketch: Sketch, thing: Mention) -> bool:
    """`and customers?` after a count of orders counts customers, after a list of them lists."""
    only = sketch.outputs[0] if len(sketch.outputs) == 1 else None
    if not (thing.candidates and thing.candidates[0].kind == "table") or sketch.ranks:
        return False
    if isinstance(only, Measure) and only.kind == "count" and only.target is not None:
        sketch.outputs = [replace(only, target=thing, first=thing.first)]
    elif isinstance(only, Mention) and only is sketch.head and not sketch.groups:
        thing.role = "entity"
        sketch.outputs, sketch.head = [thing], thing
    else:
        return False
    return True
