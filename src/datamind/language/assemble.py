"""Assembly: combined units of a question, clause by clause, become a sketch of what it asks."""

from __future__ import annotations

from collections.abc import Sequence

from datamind.language import combine_windows as windows
from datamind.language import specs, top_share
from datamind.language.nodes import to_nodes
from datamind.language.patterns import combine
from datamind.language.ratios import cut_ratios
from datamind.language.sentence import Sentence, tested
from datamind.language.sketch import Measure, Mention, Rank, Sketch
from datamind.language.tables import keywords as K
from datamind.language.units import Unit


def assemble(units: Sequence[Unit]) -> Sketch:
    """The sketch of a question cut into units."""
    sketch = Sketch()
    sketch.unknown = [str(u.payload) for u in units if u.code == "u"]
    clauses = _clauses(units)
    for number, clause in enumerate(clauses):
        nodes, sketch.over = windows.lift(to_nodes(clause), sketch.over)
        nodes = cut_ratios(top_share.cut_top(nodes))
        if not nodes:
            continue
        if number and sketch.outputs and _asks(clause):
            specs.read_asked(sketch, combine(nodes))
        elif number and sketch.outputs and specs.is_bare(clause):
            specs.read(sketch, combine(nodes))
        else:
            asks = number == 0 or not sketch.outputs
            Sentence(sketch, combine(nodes), asks).read()
    _settle(sketch)
    windows.settle(sketch)
    return sketch


def _clauses(units: Sequence[Unit]) -> list[list[Unit]]:
    """Sentences; a new one starts after a full stop or question mark."""
    out: list[list[Unit]] = [[]]
    for unit in units:
        if unit.code == ".":
            out.append([])
        else:
            out[-1].append(unit)
    return [clause for clause in out if clause]


def _asks(clause: Sequence[Unit]) -> bool:
    """Whether a later sentence only says what to show: `Return the id and name.`"""
    lead = [u for u in clause if u.code not in ",&"]
    return bool(lead) and lead[0].code == K.ASK and str(lead[0].payload) == "list"


def _settle(sketch: Sketch) -> None:
    """What the parts say together: the head, bare tops and their order, superlatives of outputs."""
    mentions = [o for o in sketch.outputs if isinstance(o, Mention)]
    before = next((m for m in sketch.related if mentions and m.first < mentions[0].first), None)
    for mention in mentions:
        if mention.context is None and mention.owner is None:
            mention.context = before
    if sketch.head is None and mentions and not sketch.listed:
        sketch.head = mentions[0]
    if sketch.head is None and sketch.related and not sketch.outputs:
        sketch.head = sketch.related.pop(0)
        sketch.head.role = "entity"
        sketch.outputs.append(sketch.head)
    _merge_ranks(sketch)
    _count_again(sketch)
    bare = len(sketch.outputs) == 1 and not (sketch.ranks or sketch.order or sketch.related)
    kinds = {c.kind for c in sketch.conds}
    reported = not sketch.opener and "period" in kinds <= {"period", "value"}
    told = sketch.groups or (bare and (kinds <= {"period"} or reported))
    for mention in mentions if told and sketch.opener not in ("list", "which") else ():
        mention.summed = True
    _adopt(sketch)
    measured = [o for o in sketch.outputs if isinstance(o, Measure)]
    measured += [r.by for r in (*sketch.ranks, *sketch.order) if isinstance(r.by, Measure)]
    if len(measured) == 1 and measured[0].loose:
        sketch.conds.extend(measured[0].where)
        measured[0].where = []


def _count_again(sketch: Sketch) -> None:
    """`..., and how many`: of what there are more than two, or of what there is the most."""
    again = [o for o in sketch.outputs if isinstance(o, Measure) and o.again]
    counted = [c for c in sketch.conds if c.kind == "related" and c.numbers and not c.negated]
    for output in again:
        figures = [t for t in tested(sketch) if isinstance(t, Measure)]
        if len(figures) == 1:
            sketch.outputs[sketch.outputs.index(output)] = figures[0]
        elif counted:
            output.target, output.where = counted[0].subject, counted[0].within
        elif sketch.ranks:
            sketch.outputs.remove(output)  # what the rank is by is shown along
        elif output.function == "sum" and (told := _counted_before(output, sketch)) is not None:
            output.kind, output.target = "aggregate", told
        elif output.function == "sum":
            sketch.unused += 1


def _counted_before(total: Measure, sketch: Sketch) -> Mention | None:
    """`how many fines are unpaid, and what is their total`: what was counted."""
    counts = [o for o in sketch.outputs if isinstance(o, Measure) and o.kind == "count"]
    return counts[0].target if len(counts) == 2 and counts[1] is total else None


def _adopt(sketch: Sketch) -> None:
    """`among the accounts ..., how many have a loan?`: the count is of what was named before."""
    for output in sketch.outputs:
        if not isinstance(output, Measure) or output.kind != "count" or output.target is not None:
            continue
        if output.where and not output.loose:
            continue
        before = [m for m in sketch.related if m.first < output.first]
        if before:
            sketch.related.remove(before[0])
            before[0].role = "entity"
            output.target = before[0]


def _merge_ranks(sketch: Sketch) -> None:
    """`top 3 ... with the highest ...`: one rank, its number from one, its order from the other."""
    bare = [r for r in sketch.ranks if r.by is None and not (r.extreme and r.hints)]
    full = [r for r in sketch.ranks if r not in bare]
    merged: list[Rank] = []
    if bare and full:
        top = bare[0]
        if not top.extreme:
            full[0].count, full[0].extreme = top.count, False
        merged = full
    elif bare:
        top = bare[0]
        if sketch.order and sketch.order[0].by is not None:
            lead = sketch.order.pop(0)
            top.by, top.descending = lead.by, top.descending
        merged = [top]
    else:
        merged = full
    sketch.ranks = merged
