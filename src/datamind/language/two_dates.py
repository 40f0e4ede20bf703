"""Two things that happened to one row: `reported but not fixed`, `opened and closed in May`, where
each verb tells of a date of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.dates import Found
from datamind.language.durations import ENOUGH, fits
from datamind.language.linking import Linker
from datamind.language.periods import moments_of
from datamind.language.sketch import Cond, Mention
from datamind.language.tables.irregular import VERBS
from datamind.language.tokens import Token, joined, stretches
from datamind.language.units import Unit
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column, Table

_GAIN = 1.3
_BEEN = r"(?:(?:that|which|who) )?(?:(?:were|was|are|is|have|has|had|got|being) )*(?:been )?"
_FORM = re.compile(
    rf"(?<!\S){_BEEN}(?P<one>\w+)(?P<on> (?:up|in|out|off))?"
    r" (?:but|and|yet|,)(?: (?:but|yet|then|also|later|still|were|was|are|is|have|has|had|been))*"
    r"(?P<not> (?:not|n't|never|not yet|never yet))?(?: (?:yet|been|got|so far|also|ever))*"
    r" (?P<other>\w+)(?: (?:up|in|out|off)(?= (?:in|on|during|yet|last|this)\b| ?[,.?!]|$))?"
    r"(?: (?:yet|so far|again))?(?!\S)"
)


def units(linker: Linker, tokens: Sequence[Token], periods: Sequence[Found]) -> Iterator[Unit]:
    """A condition on each of the two dates of what was named last before them."""
    if not {"and", "but", "yet"} & {t.lower for t in tokens}:
        return
    for found, first, last in stretches(joined(tokens), _FORM):
        one, other = found["one"], found["other"]
        if not (first and _is_done(one) and _is_done(other)):
            continue
        pair = _pair(linker, tokens[:first], one, other)
        period = next((f for f in periods if last <= f.first <= last + 1), None)
        if pair is None or not (period or found["not"]):
            continue
        yield from _both(pair, period, bool(found["not"]), first, last)


def _is_done(word: str) -> bool:
    return word in VERBS or (word.endswith("ed") and not word.endswith("eed"))


def _both(
    pair: tuple[Column, Column], period: Found | None, denied: bool, first: int, last: int
) -> Iterator[Unit]:
    """The unit of the first thing, and that of the second; a period is of both, or of the first
    where the second did not happen."""
    one, other = pair
    end = period.last if period else last
    sure = one.null_fraction or period
    middle = first + 1 if sure else first  # it happened to all of them
    if period:
        begun = Cond("period", _mention(one, first, middle), period=period.period, first=first)
    else:
        begun = Cond("null", _mention(one, first, middle), negated=True, first=first)
    done = Cond("null", _mention(other, middle, end), first=middle)
    if not denied and period:
        about = _mention(other, middle, end)
        done = Cond("period", about, period=period.period, first=middle)
    if sure:
        yield Unit("P", first, middle, begun, _GAIN)
    yield Unit("P", middle, end, done, _GAIN * (end - middle))


def _mention(column: Column, first: int, last: int) -> Mention:
    link = Candidate("column", column.id, column.table, 0.95, "name", type=column.type)
    return Mention(first, last, (link,), role="date")


def _pair(
    linker: Linker, before: Sequence[Token], one: str, other: str
) -> tuple[Column, Column] | None:
    """The dates of the two verbs: of what was named last, or of the one thing that refers to it."""
    view = linker.index.view
    named = _named(linker, before)
    if named is None:
        return None
    own = _dates(view.table(named), one, other, linker, ENOUGH)
    if own is not None:
        return own
    about = {r.table for r in view.relationships if r.to_table == named and r.table != named}
    pairs = [p for t in sorted(about) if (p := _dates(view.table(t), one, other, linker, 1.0))]
    return pairs[0] if len(pairs) == 1 else None


def _named(linker: Linker, before: Sequence[Token]) -> str | None:
    for at in range(len(before) - 1, -1, -1):
        for first in (max(0, at - 1), at):
            found = linker.concepts(first, at + 1)
            tables = [c for c in found if c.kind == "table"]
            if tables and tables[0].score >= found[0].score - 0.1:
                return tables[0].id
    return None


def _dates(
    table: Table, one: str, other: str, linker: Linker, least: float
) -> tuple[Column, Column] | None:
    dates = [c for c in moments_of(table, linker.index.view) if c.is_date]
    begun, done = (_best(dates, verb, linker, least) for verb in (one, other))
    return (begun, done) if begun and done and begun.id != done.id else None


def _best(dates: Sequence[Column], verb: str, linker: Linker, least: float) -> Column | None:
    """The date that the verb tells of better than of any other; by its name, where it is a value
    of the data, too."""
    least = 1.0 if verb in linker.index.values else least
    told = sorted(((fits(c, verb, linker.index), c.id, c) for c in dates), reverse=True)
    if not told or told[0][0] < least or (len(told) > 1 and told[1][0] == told[0][0]):
        return None
    return told[0][2]


_ONE = (["a"], ["an"], ["any"])


def heed_both(nodes: Sequence[object], ctx: Context) -> None:
    """Unbuildable, where one of two things that happened was passed over."""
    said = [w.lower() for w in ctx.words]
    if not {"and", "but", "yet"} & set(said):
        return
    tables = {n.alias: n.table for n in nodes if isinstance(n, P.Source | P.Join)}
    shown = {f"{tables.get(n.alias)}.{n.name}" for n in nodes if isinstance(n, P.Column)}
    shown |= {*tables.values(), *(n.name for n in nodes if isinstance(n, P.Metric))}
    view = ctx.scope.view
    shown |= {m.name for m in view.metrics if m.table in tables.values()}
    named = (view.column(c.id) for c in ctx.chosen.values() if c.kind == "column")
    shown |= {c.id for c in named if c.is_date and not c.null_fraction}  # true of all of them
    linked = {at for m, c in ctx.chosen.items() if c.id in shown for at in range(m.first, m.last)}
    tokens = [Token(w, w, w, "word", 0, 0) for w in said]
    for found, _, last in stretches(joined(tokens), _FORM):
        verbs = {found["one"], found["other"]}
        told = {w for n in linked if n < last for w in said[n].split()} & verbs
        if said[last : last + 1] in _ONE and last + 1 in linked:
            told.add(found["other"])  # `placed an order`: the order tells it
        either = "but" in found[0] or bool(told)
        if all(map(_is_done, verbs)) and either and told < verbs:
            raise Unbuildable("one of two things that happened was passed over")
