"""Rows that are each looked for by themselves: in both years, of either kind, and which count.

`Customers who ordered in both years`: one order in each, no order in both. `Who bought both tea and
coffee in May`: the month is that of either purchase. `Who ordered in May, leaving out cancelled
orders`: an order that was cancelled is no order; whoever has one may still have another.
"""

from __future__ import annotations

from dataclasses import replace

from datamind.language.apart import (
    apart,
    counted_within,
    deed_of,
    of_the_rows,
    share_no_day,
    thing_of,
)
from datamind.language.beyond import within_counts
from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.kinds import is_party
from datamind.language.relations import SURE
from datamind.language.sketch import Cond, Measure, Mention, Output, Sketch

_LEAVING = frozenset(
    """leave leaving ignore ignoring exclude excluding disregard disregarding counting count skip
    omit omitting aside""".split()
)
_RELATIVE = frozenset({"that", "which", "were", "was", "are"})
_NONE = frozenset({"never", "no", "none", "nobody", "without"})


def of_their_own(sketch: Sketch, ctx: Context) -> Sketch:
    """The sketch, with what is said of related rows asked of these."""
    sketch = within_counts(counted_within(apart(of_the_rows(sketch, ctx), ctx), ctx), ctx)
    sketch = _none_then(_of_the_thing(sketch, ctx), ctx)
    return _left_out(_beside_both(_in_each(sketch, ctx), ctx), ctx)


def _of_the_thing(sketch: Sketch, ctx: Context) -> Sketch:
    """`orders without a payment are open`: it is the orders that are open, not what they lack.
    Accounts without a show are accounts, no rows that refer to one."""
    thing = thing_of(sketch)
    head = ctx.chosen.get(thing) if thing is not None else None
    lacks = any(c.kind == "related" and c.negated for c in sketch.conds)
    if lacks and thing is not None and head is not None and head.id in ctx.scope.graph.references:
        named = {c.table for c in thing.candidates if c.kind == "table" and c.score >= SURE}
        if ctx.scope.graph.references[head.id].to_table in named:
            raise Unbuildable("what lacks them is the thing, not what refers to it")
    conds: list[Cond] = []
    for cond in sketch.conds:
        lacking = cond.kind == "related" and cond.negated and not cond.numbers
        own = [
            c for c in cond.within
            if lacking and c.kind == "value" and _table(c.mention, ctx) == ctx.scope.home
            and _table(cond.subject, ctx) != ctx.scope.home
        ]  # fmt: skip
        rest = [c for c in cond.within if c not in own]
        conds += [replace(cond, within=rest), *own] if own else [cond]
    return replace(sketch, conds=conds)


def _none_then(sketch: Sketch, ctx: Context) -> Sketch:
    """`depots that collected nothing in April`: no row of theirs is of then; that some row is of
    another time says nothing."""
    home, owned = ctx.scope.view.table(ctx.scope.home), ctx.scope.graph.owned(ctx.scope.home)
    named = [m for m in _shown_or_related(sketch) if _table(m, ctx) not in (None, *owned)]
    if not home.primary_key or named or sketch.groups:
        return sketch
    conds: list[Cond] = []
    for cond in sketch.conds:
        deed = cond.subject if cond.kind == "period" else cond.mention
        table = _table(deed, ctx)
        then = [c for c in sketch.conds if c.kind == "period" and c.subject is None
                and not c.negated and c.first > cond.first]  # fmt: skip
        if cond.kind == "value" and (len(then) != 1 or {*_LEAVING} & set(ctx.lemmas)):
            table = None
        if not cond.negated or cond.kind not in ("period", "value") or deed is None or (
            table is None or table in owned
        ):  # fmt: skip
            conds.append(cond)
            continue
        rows = Mention(deed.first, deed.last, (), role="relation")
        ctx.chosen[rows] = Candidate("table", table, table, SURE, "name")
        within = [replace(cond, negated=False), *(then if cond.kind == "value" else ())]
        conds.append(Cond("related", rows, negated=True, within=within, first=cond.first))
    held = [w for c in conds if c.kind == "related" for w in c.within]
    return replace(sketch, conds=[c for c in conds if not any(c is w for w in held)])


def _in_each(sketch: Sketch, ctx: Context) -> Sketch:
    """`in both 2023 and 2024`, `in 2023 and 2024 but not in 2025`: rows in the one, and others in
    the other."""
    several = [c for c in sketch.conds if c.kind == "any" and c.match != "versus"
               and all(p.kind == "period" and not p.negated for p in c.parts)]  # fmt: skip
    if len(several) != 1:
        return sketch
    said = several[0]
    without = [
        c for c in sketch.conds if c.kind == "period" and c.subject is None and c.negated
        and all(share_no_day(p.period, c.period) for p in said.parts)
    ]  # fmt: skip
    if said.match != "both" and not without:
        return sketch
    thing, deed = thing_of(sketch), deed_of(sketch, ctx)
    head = ctx.chosen.get(thing) if thing is not None else None
    if head is None or head.kind != "table" or deed is None:
        if without or _counts_things(sketch, head, ctx):
            raise Unbuildable("no row is in both periods")
        return sketch
    had = [Cond("related", deed, within=[part], first=part.first) for part in said.parts]
    had += [
        Cond("related", deed, negated=True, within=[replace(c, negated=False)], first=c.first)
        for c in without
    ]
    others = [c for c in sketch.conds if c is not said and c not in without]
    related = [m for m in sketch.related if m is not deed]
    return replace(sketch, conds=[*others, *had], related=related)


def _counts_things(sketch: Sketch, head: Candidate | None, ctx: Context) -> bool:
    """Whether people or distinct things are told of; sums and what happened may be of both."""
    counted = any(isinstance(o, Measure) and o.kind == "count" for o in sketch.outputs)
    if head is None or head.kind == "metric":
        metric = ctx.scope.view.metrics_by_name[head.id] if head is not None else None
        return metric is not None and str(metric.aggregation) != "sum"
    if head.kind == "column":
        return counted
    return bool(head.table) and is_party(ctx.scope.view.table(head.table))


def _beside_both(sketch: Sketch, ctx: Context) -> Sketch:
    """`bought both tea and coffee in May`: what else is said of such rows is said of each."""
    both = next((c for c in sketch.conds if _of_several(c)), None)
    owned = ctx.scope.graph.owned(ctx.scope.home)
    if both is None or any(_table(m, ctx) in owned for m in _named(both)):
        return sketch
    thing = thing_of(sketch)
    head = ctx.chosen.get(thing) if thing is not None else None
    if head is not None and head.kind == "metric" and _counts_things(sketch, head, ctx):
        raise Unbuildable("who did both, not what both were of")
    dated = bool(sketch.related)
    moved = [
        c for c in sketch.conds if c is not both and (
            (c.kind == "value" and c.mention is not None
             and _table(c.mention, ctx) not in owned and not _none_of(c, ctx))
            or (c.kind == "period" and c.subject is None and not c.negated
                and (dated or c.first > both.first))
        )
    ]  # fmt: skip
    conds = [c for c in sketch.conds if c not in moved and c is not both]
    conds.append(replace(both, within=[*both.within, *moved]))
    leads = ctx.scope.graph.owned  # `both tea and coffee purchases`: such are looked for anyway
    related = [
        m for m in sketch.related
        if (of := _table(m, ctx)) is None or of in owned or ctx.chosen[m].kind != "table"
        or not any(_table(v, ctx) in leads(of) for v in _named(both))
    ]  # fmt: skip
    return replace(sketch, conds=conds, related=related)


def _of_several(cond: Cond) -> bool:
    """Whether it is of several rows by its nature: `both tea and coffee`, `all three kinds`."""
    return cond.match == "every" or (cond.match == "both" and len(cond.mentions) > 1)


def _named(cond: Cond) -> list[Mention]:
    return [*cond.mentions, *([cond.subject] if cond.subject is not None else [])]


def _left_out(sketch: Sketch, ctx: Context) -> Sketch:
    """`who ordered in May, leaving out cancelled orders`: the orders looked for are others."""
    if not any(c.kind == "value" and c.negated for c in sketch.conds):
        return sketch
    owned = ctx.scope.graph.owned
    conds, nouns = list(sketch.conds), set[Mention]()
    outputs = list(sketch.outputs)
    for cond in sketch.conds:
        of = _table(cond.mention, ctx)
        if cond.mention is None or of is None or of in owned(ctx.scope.home):
            continue
        if cond.kind != "value" or not cond.negated or not _is_left_out(cond, ctx):
            continue
        if sketch.conds == [cond]:
            conds += [Cond("related", m, first=m.first) for m in _deeds(sketch, of, ctx)]
            nouns |= set(_deeds(sketch, of, ctx))
        told = [*conds, *(c for o in outputs for c in _wheres(o))]
        looked_for = [c for c in told if c.kind == "related" and of in owned(_rows(c, ctx))]
        if looked_for:
            nouns |= {m for m in _shown_or_related(sketch) if m.first == cond.mention.last}
            conds = _within(looked_for, cond, [c for c in conds if c is not cond])
            outputs = [_measured_within(looked_for, cond, o) for o in outputs]
    related = [m for m in sketch.related if m not in nouns]
    outputs = [o for o in outputs if o not in nouns]
    return replace(sketch, conds=conds, related=related, outputs=outputs)


def _deeds(sketch: Sketch, table: str, ctx: Context) -> list[Mention]:
    """`riders with a trip that was not aborted`: what is only named is looked for, if nothing of
    it is shown."""
    shown = [o if isinstance(o, Mention) else o.target for o in sketch.outputs] + sketch.groups
    if sketch.ranks or sketch.order or table in {_table(m, ctx) for m in shown}:
        return []
    named = [(m, ctx.chosen[m]) for m in sketch.related if m in ctx.chosen]
    return [m for m, c in named if c.kind == "table" and c.table == table]


def _wheres(output: Output) -> list[Cond]:
    """The conditions of a figure, and of the first that it is made of: `what share ...`."""
    if not isinstance(output, Measure):
        return []
    return [*output.where, *(output.left.where if output.left is not None else ())]


def _within(looked_for: list[Cond], cond: Cond, conds: list[Cond]) -> list[Cond]:
    return [replace(c, within=[*c.within, cond]) if c in looked_for else c for c in conds]


def _measured_within(looked_for: list[Cond], cond: Cond, output: Output) -> Output:
    if not isinstance(output, Measure) or not set(_wheres(output)) & set(looked_for):
        return output
    left = output.left
    if left is not None:
        left = replace(left, where=_within(looked_for, cond, left.where))
    return replace(output, where=_within(looked_for, cond, output.where), left=left)


def _shown_or_related(sketch: Sketch) -> list[Mention]:
    return [*sketch.related, *(o for o in sketch.outputs if isinstance(o, Mention))]


def _rows(cond: Cond, ctx: Context) -> str:
    """The table of the related rows that are looked for: the first on the way to what is named."""
    table = _table(cond.subject, ctx) or ctx.scope.home
    scope = ctx.scope
    way = scope.graph.path({scope.home}, table, scope.mentioned, scope.words)
    return way[0][0].end if way is not None and way[0] else table


def _is_left_out(cond: Cond, ctx: Context) -> bool:
    """Whether rows are left out, or told of; `never cancelled` is said of what has them."""
    at = cond.mention.first if cond.mention is not None else cond.first
    before = {w.lower() for w in ctx.words[max(0, at - 4) : at]}
    return bool(before & (_LEAVING | _RELATIVE)) and not before & _NONE


def _none_of(cond: Cond, ctx: Context) -> bool:
    return cond.negated and not _is_left_out(cond, ctx)


def _table(mention: Mention | None, ctx: Context) -> str | None:
    found = ctx.chosen.get(mention) if mention is not None else None
    return found.table or None if found is not None else None
