"""The biggest change: `the month with the biggest increase`, `which region grew the most`.

What is ranked is how a figure changed, and not the figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from datamind.language.nodes import Node
from datamind.language.sketch import Measure, Mention, Output, Over, Rank, Sketch
from datamind.language.tables import keywords as K
from datamind.language.units import Top

_CHANGES = frozenset({"change", "changing", "verb", "rose"})
_AFTER = frozenset({"most", "least", "fastest", "slowest", "strongest"})
_LITTLE = frozenset({"least", "slowest", "smallest", "lowest", "weakest", "fewest"})


def ranked(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with a superlative or a top that ranks changes taken into the change."""
    out = list(nodes)
    for place, node in enumerate(out):
        if node.code == K.WINDOW and node.payload.kind in _CHANGES:
            return _with_top(out, place)
    return out


def _with_top(nodes: list[Node], place: int) -> list[Node]:
    over: Over = nodes[place].payload
    codes = [n.code for n in nodes]
    before = place - 1
    after = next((n for n in range(place + 1, len(nodes)) if codes[n] == K.SUPERLATIVE), None)
    gone: list[int] = []
    little, count = False, 1
    if before >= 0 and codes[before] == K.SUPERLATIVE:
        gone, little = [before], str(nodes[before].payload) in _LITTLE
    elif before > 0 and codes[before - 1 : place] == [K.SUPERLATIVE, "c"]:  # `highest sales growth`
        gone, little = [before - 1], str(nodes[before - 1].payload) in _LITTLE
    elif (
        after is not None
        and str(nodes[after].payload) in _AFTER
        and (over.kind == "rose" or not _names(codes, after))  # `lost the most sales`
    ):
        gone, little = [after], str(nodes[after].payload) in _LITTLE
    elif (by := _by(codes, before)) is not None and K.TOP in codes[:by]:
        top: Top = nodes[codes.index(K.TOP)].payload
        gone, little, count = [codes.index(K.TOP), by], not top.descending, top.count
    if not gone:
        return nodes
    asked = next((n for n in range(1, place) if codes[n - 1 : n + 1] == [K.ASK, "n"]), None)
    if asked is not None and codes[asked + 1] == "c":  # `which 3 shops`
        gone, count = [*gone, asked], int(nodes[asked].payload)
    way = "asc" if over.falls != little else "desc"
    kind = "changing" if over.kind in ("verb", "rose") else over.kind
    nodes[place] = replace(nodes[place], payload=replace(over, kind=kind, top=way, rows=count))
    return [n for at, n in enumerate(nodes) if at not in gone]


def _by(codes: Sequence[str], before: int) -> int | None:
    """The place of the `by` of `top 3 regions by growth`, `by sales growth`."""
    at = before - 1 if before > 0 and codes[before] == "c" else before
    return at if at >= 0 and codes[at] == K.BY else None


def _names(codes: Sequence[str], at: int) -> bool:
    """Whether the superlative has a noun of its own: `the most orders`."""
    return at + 1 < len(codes) and codes[at + 1] in ("c", "M", K.COUNT, "v")


def by_group(sketch: Sketch) -> None:
    """`which region grew the most in sales`: the change is that of each region's sales."""
    over = sketch.over
    head = sketch.outputs[0] if sketch.outputs else None
    if over is None or not over.top or not isinstance(head, Mention) or sketch.groups:
        return
    figures: list[Output] = [*sketch.outputs[1:], *sketch.related]
    if not figures and sketch.head is not None and sketch.head is not head:
        figures, head.owner = [sketch.head], None  # `month of 2025` is not the revenue's
    if head.candidates[0].kind == "metric" or len(figures) != 1:
        return
    head.role, head.each = "group", True
    figure = figures[0]
    if isinstance(figure, Mention):
        figure.role = "measure"
        figure = Measure("either", target=figure, first=figure.first)
    sketch.groups, sketch.outputs, sketch.related = [head], [figure], []
    sketch.head = None


def rank_figures(sketch: Sketch, over: Over | None) -> None:
    """The groups of a change between two periods, in the order of the change."""
    last = sketch.outputs[-1] if sketch.outputs else None
    if over is None or not over.top or sketch.over is not None or not sketch.groups:
        return
    if isinstance(last, Measure) and last.label in ("change", "growth"):
        count = max(over.rows, 1)
        sketch.ranks.append(Rank(last, over.top == "desc", count, first=last.first))


def shown(sketch: Sketch) -> Sketch:
    """Of what is ranked by its change, the figure now and the change: what was before follows."""
    ranked = {id(r.by) for r in sketch.ranks}
    if not any(id(o) in ranked and isinstance(o, Measure) and o.label for o in sketch.outputs):
        return sketch
    kept = [o for o in sketch.outputs if not (isinstance(o, Measure) and o.label == "before")]
    return replace(sketch, outputs=kept)
