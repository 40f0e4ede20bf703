"""Figures of a follow-up: another one, one more, the rows behind a number or their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from datamind.language.sketch import Measure, Mention, Output, Sketch
from datamind.semantics.catalog import NUMERIC

_ABOUT = 0.2  # what links no worse than this may be meant as well


def aggregated(sketch: Sketch, function: str, first: int) -> bool:
    """`the median instead`: of the column that the figure is made of."""
    figure = the_figure(sketch)
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


def counted(sketch: Sketch, first: int) -> bool:
    """`how many are there?`: of the things that were listed."""
    thing = _things(sketch.head)
    if thing is None or sketch.groups or any(r.count for r in sketch.ranks):
        return False
    if any(isinstance(o, Measure) for o in sketch.outputs):
        return False
    sketch.outputs = [Measure("count", target=thing, first=first)]
    sketch.order, sketch.ranks, sketch.head = [], [], None
    return True


def listed(sketch: Sketch) -> bool:
    """`list them`: the things that were counted; `show all` of those of which some were shown."""
    if any(r.count for r in sketch.ranks):
        keep_ranked(sketch)
        sketch.order = [replace(r, count=None, extreme=False) for r in sketch.ranks]
        sketch.ranks = []
        return True
    figure = the_figure(sketch)
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


def another(sketch: Sketch, payload: Output, *, adding: bool, joined: bool) -> bool:
    """Another figure, or one more; or another thing that is counted or listed."""
    if isinstance(payload, Mention) and not is_figure(payload):
        if (adding or joined) and sketch.head in sketch.outputs and _is_column(payload):
            sketch.outputs = [*sketch.outputs, payload]
            return True
        if (adding or joined) and sketch.groups and _is_column(payload):
            payload.role = "group"
            sketch.groups = [*sketch.groups, payload]
            return True
        if any(same(payload, m) for m in (sketch.head, *sketch.groups) if m):
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
    if adding or (joined and ranked):
        keep_ranked(sketch)
        if isinstance(payload, Mention) and (ranked or sketch.groups):
            payload.role = "measure"
            payload = Measure("either", target=payload, first=payload.first)
        sketch.outputs = [*sketch.outputs, payload]
        return True
    kept = [o for o in sketch.outputs if not (isinstance(o, Measure) or is_figure(o))]
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


def same(one: Mention, other: Mention) -> bool:
    """Whether both name one table, or may name one column."""
    first, second = one.candidates[0], other.candidates[0]
    if first.kind == second.kind == "column":
        return bool(_likely(one) & _likely(other))
    return first.kind == second.kind == "table" and first.id == second.id


def _likely(mention: Mention) -> set[str]:
    """What it names about as well as the best."""
    least = mention.candidates[0].score - _ABOUT
    return {c.id for c in mention.candidates if c.score >= least}


def _is_column(mention: Mention) -> bool:
    return bool(mention.candidates) and mention.candidates[0].kind == "column"


def keep_ranked(sketch: Sketch) -> None:
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


def all_at_once(sketch: Sketch) -> bool:
    """`in total?`: the figure of all groups at once; of a figure of all there is no more."""
    figures = [o for o in sketch.outputs if isinstance(o, Measure) or is_figure(o)]
    if not sketch.groups or not figures:
        return False
    sketch.outputs = [f if isinstance(f, Measure) else _measured(f) for f in figures]
    sketch.groups, sketch.order, sketch.head = [], [], None
    if sketch.over is not None and sketch.over.kind in ("share", "rank", "running"):
        sketch.over = None
    return True


def _measured(figure: Mention) -> Measure:
    figure.role = "measure"
    return Measure("either", target=figure, first=figure.first)


def without_column(sketch: Sketch, mention: Mention) -> bool:
    """`without the city`: what is shown or grouped by it, where more is."""
    columns = tuple(c for c in mention.candidates if c.kind != "value")
    if not columns or columns[0] is not mention.candidates[0]:
        return False
    named = replace(mention, candidates=columns)
    shown = [o for o in sketch.outputs if isinstance(o, Mention) and same(named, o)]
    groups = [g for g in sketch.groups if same(named, g)]
    left = [o for o in sketch.outputs if o not in shown]
    if not left or not (shown or groups):
        return False
    sketch.outputs, sketch.groups = left, [g for g in sketch.groups if g not in groups]
    sketch.head = None if sketch.head in shown else sketch.head
    return True


def the_figure(sketch: Sketch) -> Output | None:
    """The number that is shown, where it is one only."""
    figures = [o for o in sketch.outputs if isinstance(o, Measure) or is_figure(o)]
    return figures[0] if len(figures) == 1 else None


def told_of_each(sketch: Sketch) -> Output | None:
    """The number that is shown; of things by a group, how many each has."""
    only = sketch.outputs[0] if len(sketch.outputs) == 1 else None
    if sketch.groups and isinstance(only, Mention) and only.candidates[0].kind == "table":
        return Measure("count", target=table_of(only), first=only.first)
    return the_figure(sketch)


def table_of(mention: Mention) -> Mention:
    """The mention of a table as nothing else: no value that goes by the same name."""
    tables = tuple(c for c in mention.candidates if c.kind == "table")
    return replace(mention, candidates=tables or mention.candidates, role="relation")


def is_figure(mention: Mention) -> bool:
    """Whether it names a metric or a column of numbers."""
    best = mention.candidates[0] if mention.candidates else None
    if best is None or best.id.lower().endswith("_id"):
        return False  # `by end station`
    return best.kind == "metric" or (best.kind == "column" and best.type in NUMERIC)


def measures_in(outputs: Sequence[Output]) -> Iterator[Measure]:
    """The measures that are shown, and those they are made of."""
    for output in outputs:
        if isinstance(output, Measure):
            yield output
            yield from (side for side in (output.left, output.right) if side is not None)
