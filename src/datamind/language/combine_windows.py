"""Combinators for windows: ranks, firsts within groups, averages of groups, above-average tests."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from datamind.language import against, biggest_change, risen
from datamind.language.calendar import Period, floor, move
from datamind.language.candidates import Candidate
from datamind.language.nodes import Node, may_be_number, of_code, span
from datamind.language.sketch import Cond, Measure, Mention, Output, Over, Rank, Sketch
from datamind.language.tables import keywords as K
from datamind.language.units import Top

# ---- before the patterns -----------------------------------------------------------------------

_GLUE = frozenset({K.OF, K.IN, K.WITH, K.AND, K.COMMA})
_FIRST = ("rose", "change", "running", "moving", "share", "rank", "compare", "verb")


def lift(nodes: list[Node], known: Over | None) -> tuple[list[Node], Over | None]:
    """The nodes without those that ask for a window, and what all of them ask for together."""
    if not any(n.code == K.WINDOW for n in nodes):
        return nodes, known
    kept: list[Node] = []
    glued = False
    for node in biggest_change.ranked(nodes):
        if node.code == K.WINDOW:
            known = _merged(known, node.payload)
            if node.payload.kind != "compare":
                while kept and kept[-1].code in _GLUE:
                    kept.pop()
            glued = True
        elif not (glued and node.code in (K.OF, K.IN)):
            kept.append(node)
            glued = False
    return kept, known


def _merged(known: Over | None, more: Over) -> Over:
    """`change` from here, `from the month before` from there: one window."""
    more = replace(more, kind={"since": "change", "changing": "change"}.get(more.kind, more.kind))
    if known is None:
        return more
    kind = min(known.kind, more.kind, key=_FIRST.index)
    if "verb" in (known.kind, more.kind) and (kind == "share" or (known.grain or more.grain)):
        kind = "verb"  # grew `in percent`, grew `against the year before`
    rows, scale = known.rows or more.rows, min(known.scale, more.scale)
    rate, inside = known.rate or more.rate, known.inside or more.inside
    falls, top = known.falls or more.falls, known.top or more.top
    return Over(kind, known.grain or more.grain, rows, rate, scale, inside, falls, top)


# ---- the patterns' actions ---------------------------------------------------------------------


def rank_of(nodes: list[Node]) -> list[Node]:
    """`rank` the stores `by` revenue [within each region]."""
    concepts = of_code(nodes, "c")
    place = next(n for n, node in enumerate(nodes) if node.code == K.BY)
    by = nodes[place + 1].payload
    if isinstance(by, Mention):
        by.role = "order"
    ranked = Node("K", nodes[0].first, nodes[0].last, Rank(by, True, first=nodes[0].first))
    made = [ranked, concepts[0]]
    if len(nodes) > place + 2:
        group: Mention = nodes[-1].payload
        group.role, group.each = "group", True
        made.append(Node("G", nodes[-1].first, nodes[-1].last, [group]))
    return made


def rank_near(nodes: list[Node]) -> list[Node]:
    """`rank` the stores `in Rome by` revenue: what narrows stands before the order."""
    at = next(n for n, node in enumerate(nodes) if node.code == "c")
    narrowing = [*of_code(nodes[:at], "P"), *nodes[at + 1 : -2]]
    return [*rank_of([nodes[0], nodes[at], *nodes[-2:]]), *narrowing]


def top_within(nodes: list[Node]) -> list[Node] | None:
    """`top 3` products `in each` category `by` price: the order stands at the end."""
    top = nodes[0].payload
    if not isinstance(top, Top):  # `the best product of each store by sales`
        way, hints = K.SUPERLATIVES[top]
        top = Top(1, way == "desc", hints)
    by: Mention = nodes[-1].payload
    if not (may_be_number(by) or any(c.kind == "table" for c in by.candidates[:2])):
        return None
    if by.candidates[0].kind == "grain":
        return None
    by.role = "order"
    rank = Rank(by, top.descending, top.count, top.hints, first=nodes[0].first)
    made = [Node("L", nodes[0].first, nodes[0].last, rank), nodes[1]]
    for node in of_code(nodes[2:-2], "cmP"):
        if node.code == "P":
            made.append(node)
            continue
        node.payload.role, node.payload.each = "group", True
        made.append(Node("G", node.first, node.last, [node.payload]))
    return made


_NESTING = frozenset({"count", "aggregate", "either"})


def per_each(nodes: list[Node]) -> list[Node] | None:
    """average number of orders `per customer`: an average over the customers' numbers."""
    measure: Measure = nodes[0].payload
    groups: list[Mention] = nodes[1].payload
    if measure.kind not in _NESTING or measure.per or not groups[0].each:
        return None
    if (
        not measure.inner
        and measure.function == "avg"
        and all(_is_rows(m) for m in (measure.target, groups[0]))
    ):
        measure.kind, measure.inner, measure.function = "count", "avg", ""
    if not measure.inner:
        return None
    measure.per = groups
    return nodes[:1]


def _is_rows(target: Mention | None) -> bool:
    """Whether a table's own rows are meant: the average `visits` per customer are counted."""
    best = target.candidates[0] if target else None
    return best is not None and best.kind == "table" and best.score > 0.99


def on_average(nodes: list[Node]) -> list[Node] | None:
    """number of visits `per day on average`."""
    measure: Measure = nodes[0].payload
    if measure.kind not in _NESTING or measure.per:
        return None
    group = nodes[1].payload
    measure.per = group if isinstance(group, list) else [group]
    for mention in measure.per:
        mention.role = "group"
    measure.inner = nodes[-1].payload
    return nodes[:1]


def per_day(nodes: list[Node]) -> list[Node]:
    """`average monthly` sales: added up for each month, then averaged. `Total monthly` ones are
    added up for each month."""
    grain: Mention = nodes[1].payload
    grain.role, grain.each = "group", True
    payload = nodes[2].payload
    if nodes[0].payload == "sum":
        if isinstance(payload, Mention):
            payload.role = "measure"
            payload = Measure("aggregate", "sum", payload, first=nodes[2].first)
        by = Node("G", nodes[1].first, nodes[1].last, [grain])
        return [span([nodes[0], nodes[2]], "M", payload), by]
    if isinstance(payload, Mention):
        payload.role = "measure"
        payload = Measure("either", target=payload, first=nodes[2].first)
    if payload.kind not in _NESTING:
        return nodes[2:]
    payload.inner, payload.per = nodes[0].payload, [grain]
    return [span(nodes, "M", payload)]


def periods(nodes: list[Node]) -> list[Node] | None:
    """2023 `and` 2024; 2023 `vs` 2024: either, side by side where they are set against."""
    both = nodes[0].code == K.AND and nodes[0].payload == "both"
    if nodes[0].code == K.AND and not both:
        return None
    said = [n.payload for n in of_code(nodes, "d")]
    joined = {n.payload for n in of_code(nodes, K.TO)}
    ordered = len(said) == 2 and None not in (said[0].low, said[1].high)
    back = ordered and said[0].low >= said[1].high  # `June 2024 to June 2023` sets them against
    if len(said) == 2 and joined == {""} and said[1].high is not None and not back:
        whole = Period(said[0].low, said[1].high, said[1].grain)
        return [span(nodes, "P", Cond("period", period=whole, first=nodes[0].first))]
    parts = tuple(Cond("period", period=n.payload, first=n.first) for n in of_code(nodes, "d"))
    cond = Cond("any", parts=parts, first=nodes[0].first)
    against = {"vs", "with"} & {n.payload for n in of_code(nodes, K.TO + K.WITH)}
    cond.match = "both" if both else "versus" if against or back else "equals"
    return [span(nodes, "P", cond)]


def versus(nodes: list[Node]) -> list[Node] | None:
    """on electric bikes `versus` classic bikes: two values side by side."""
    to = of_code(nodes, K.TO)
    if to and not any(n.payload == "vs" for n in to):
        return None
    conds = [n.payload for n in of_code(nodes, "P")]
    if any(c.kind != "value" or c.negated or c.mentions for c in conds):
        return None
    mentions = tuple(c.mention for c in conds)
    if len(mentions) < 2 or (not to and not _one_column(*mentions)):
        return None
    cond = Cond("value", mention=mentions[0], mentions=mentions, match="versus")
    cond.first = nodes[0].first
    return [span(nodes, "P", cond)]


def _one_column(first: Mention, second: Mention) -> bool:
    """Whether both may be values of one column: `how many are open and how many are resolved`."""
    return bool({c.id for c in first.candidates} & {c.id for c in second.candidates})


def of_them(nodes: list[Node]) -> list[Node]:
    """`how many of them` were late: of what was counted before."""
    conds = [n.payload for n in of_code(nodes, "P")]
    return [span(nodes, "M", Measure("count", where=conds, first=nodes[0].first))]


# ---- after the patterns ------------------------------------------------------------------------


_TIMED = frozenset({"change", "running", "moving"})


def settle(sketch: Sketch) -> None:
    """What windows need of the whole sketch: periods to go by, wholes to be shares of."""
    _of_them(sketch)
    biggest_change.by_group(sketch)
    _two_periods(sketch)
    risen.settle(sketch)
    over = sketch.over
    if over is not None and over.kind == "verb" and (over.grain or _asks_how(sketch)):
        over = sketch.over = replace(over, kind="change")
    against.settle(sketch)
    biggest_change.rank_figures(sketch, over)
    _shares(sketch)
    _side_by_side(sketch)
    over = sketch.over
    if over is not None and over.kind == "verb":
        over = sketch.over = _grown(sketch, over)
        sketch.unused += over is None  # what grew or fell was asked
    grain = over.grain if over is not None and over.kind in _TIMED else None
    grain = grain or _running_by(sketch)
    if grain and not any(_is_time(m) for m in sketch.groups):
        sketch.groups.append(grain_mention(grain))


_FINER = {"year": "month", "quarter": "month", "month": "day", "week": "day"}


def _running_by(sketch: Sketch) -> str | None:
    """`running total of fares this month`: day by day, where nothing says by what."""
    over = sketch.over
    if over is None or over.kind != "running" or any(map(_is_time, sketch.groups)):
        return None
    grains = {c.period.grain for c in sketch.conds if c.period is not None}
    return _FINER.get(grains.pop()) if len(grains) == 1 else None


def _asks_how(sketch: Sketch) -> bool:
    """`how did sales grow in each country from 2023 to 2024`."""
    return sketch.opener in ("how", "what") and any(map(against.sides, sketch.conds))


def _grown(sketch: Sketch, over: Over) -> Over | None:
    """`how much did sales grow from 2023 to 2024` asks for a change; `growing sales` does not."""
    periods = [c.period for c in sketch.conds if c.period is not None]
    spans = any(p.low and p.high and move(p.low, p.grain, 1) < p.high for p in periods)
    return replace(over, kind="change") if spans and not sketch.groups else None


def grain_mention(grain: str) -> Mention:
    """A group by a period that no word of its own names."""
    return Mention(0, 1, (Candidate("grain", grain, "", 0.9, "grammar"),), role="group")


def _is_time(mention: Mention) -> bool:
    best = mention.candidates[0]
    return best.kind == "grain" or best.type in ("date", "timestamp")


def _of_them(sketch: Sketch) -> None:
    counts = [o for o in sketch.outputs if isinstance(o, Measure) and o.kind == "count"]
    for before, count in pairwise(counts):
        if count.target is None and count.where and not count.loose:
            count.target = before.target


def _two_periods(sketch: Sketch) -> None:
    """`the rate in 2024, and what is it in 2025`: no day is in both; they stand side by side."""
    said = [c for c in sketch.conds if c.kind == "period" and c.subject is None and not c.negated]
    whole = [c for c in said if c.period and c.period.low and c.period.high]
    if len(said) != 2 or len(whole) != 2 or not sketch.outputs or sketch.ranks:
        return
    first, second = sorted(whole, key=lambda c: (c.period.low, c.period.high))  # type: ignore[union-attr]
    if first.period.high > second.period.low:  # type: ignore[union-attr, operator]
        return
    cond = Cond("any", parts=(said[0], said[1]), match="versus", first=said[0].first)
    if _shared_grain(cond) is None and not any(map(_is_time, sketch.groups)):
        sketch.unused += 1  # neither one figure nor one of each
    sketch.conds = [c for c in sketch.conds if c not in said] + [cond]


def _shares(sketch: Sketch) -> None:
    """`percentage of orders by status`: each group's part of all."""
    for place, output in enumerate(sketch.outputs):
        whole = _whole(output, sketch)
        if whole is not None:
            assert isinstance(output, Measure)
            sketch.outputs[place] = whole
            rate = output.kind == "percent" or (sketch.over is not None and sketch.over.rate)
            sketch.over = Over("share", rate=rate)
            return
    parts = [o for o in sketch.outputs if isinstance(o, Measure) and o.kind in _PARTS]
    if parts and sketch.over is not None and sketch.over.kind == "share":
        sketch.over = None  # `the return rate in percent` is no share of all return rates
        for part in parts:
            part.kind = "percent" if part.kind == "share" else part.kind


_PARTS = frozenset({"share", "percent", "ratio", "given"})


def _whole(output: Output, sketch: Sketch) -> Measure | None:
    """What each group has a share of; a period bounds the whole, for no group is one."""
    if not isinstance(output, Measure) or output.kind not in ("share", "percent"):
        return None
    left = output.left
    if output.right is not None or left is None or not sketch.groups:
        return None
    told = any(g.part for g in sketch.groups)  # `what share of paid invoices comes from each`
    if any(c.kind != "period" for c in left.where) and not told:
        return None
    sketch.conds += left.where
    left.where = []
    return left


def _side_by_side(sketch: Sketch) -> None:
    """`compare the sales of 2023 and 2024`: one row for each."""
    asked = sketch.over is not None and sketch.over.kind == "compare"
    if asked:
        _join_sides(sketch)
    told = (sketch.outputs, sketch.related, sketch.groups, sketch.ranks, sketch.conds[1:])
    if asked and not any(told) and all(_are_sides(c) for c in sketch.conds):
        sketch.outputs.append(Measure("count"))  # `compare Rome and Oslo`: how many of each
    for cond in sketch.conds:
        if cond.negated or not (asked or cond.match == "versus"):
            continue
        if cond.kind == "value" and len(cond.mentions) > 1:
            cond.match = "alike"
            if not any(_one_column(cond.mentions[0], g) for g in sketch.groups):
                sketch.groups.append(cond.mentions[0])
        elif (grain := _shared_grain(cond)) and not any(map(_is_time, sketch.groups)):
            sketch.groups.append(grain_mention(grain))


def _join_sides(sketch: Sketch) -> None:
    """`compare large parcels and small parcels`: their values stand side by side."""
    values = [c for c in sketch.conds if c.kind == "value" and not c.negated and not c.mentions]
    mentions = tuple(c.mention for c in values if c.mention is not None)
    if len(values) != 2 or not _one_column(*mentions):
        return
    made = Cond("value", mention=mentions[0], mentions=mentions, first=values[0].first)
    sketch.conds = [made, *(c for c in sketch.conds if c not in values)]
    nouns = [o for o in sketch.outputs if isinstance(o, Mention) and o.first == mentions[1].last]
    if len(sketch.outputs) > len(nouns):
        sketch.outputs = [o for o in sketch.outputs if o not in nouns]


def _are_sides(cond: Cond) -> bool:
    """Whether it tells values of one column apart."""
    return len(cond.mentions) > 1 and all(
        _one_column(one, other) for one, other in pairwise(cond.mentions)
    )


def _shared_grain(cond: Cond) -> str | None:
    """The unit that all periods of the condition were said in."""
    periods = [c.period for c in (cond, *cond.parts) if c.period is not None]
    grains = {p.grain for p in periods}
    if not periods:
        return None
    ahead = {p.ahead for p in periods}
    if len(ahead) > 1:  # a fiscal year against one of the calendar
        return None
    if len(grains) == 1:
        grain = grains.pop()
        return f"fiscal_year{ahead.pop():+d}" if grain == "year" and any(ahead) else grain
    for unit in ("year", "quarter", "month"):  # 2025, and 2026 up to now
        if all(p.low and p.high and floor(p.low, unit) == p.low and p.high <= move(p.low, unit, 1)
               for p in periods):  # fmt: skip
            return unit
    return None


def rank(sketch: Sketch, by: Rank) -> None:
    """Every row is ranked, none is left out."""
    sketch.over = Over("rank")
    sketch.ranks.append(by)
