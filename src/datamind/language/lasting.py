"""How long things take: `how long does a visit last?`, `average length of the rentals in days`.

A column that keeps it is meant where there is one, else the time from a row's start to its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datamind.language import kept
from datamind.language.candidates import Candidate
from datamind.language.context import Unbuildable
from datamind.language.durations import FUNCTIONS, on_average
from datamind.language.index import Index
from datamind.language.names import words_of
from datamind.language.periods import ends_of
from datamind.language.scales import kept_in
from datamind.language.sketch import Measure, Mention
from datamind.language.tables.durations import ON_AVERAGE
from datamind.language.tables.kept import BOTH_DAYS, HOW_LONG, HOW_LONG_EACH, LENGTH_OF
from datamind.language.tables.moments import ENDS, STARTS
from datamind.language.tokens import Token, joined
from datamind.language.units import Unit
from datamind.semantics.catalog import Column
from datamind.semantics.scales import PER

_GAIN = 1.2  # for each word: more than for its words one by one
_WAITING = frozenset({"we", "you", "they", "i", "people"})
_GROUPING = frozenset({"by", "per", "each", "every"})
_CLAUSE = frozenset(
    "for by per that which who whose in with at from on to where when and or during since".split()
)


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """What the question asks for of how long things take, and conditions on it."""
    yield from kept.units(index, tokens)
    words = {t.lower for t in tokens}
    if not words & {"how", "length", "duration", "time", "lifetime", "life"}:
        return
    text, starts, ends = joined(tokens)
    for found in HOW_LONG_EACH.finditer(text):
        first, last = starts[found.start()], ends[found.end()]
        column = kept.meant(index, tokens[:first], "take", "")
        if column is not None:
            said = kept.mention_of(column, first, last).candidates
            yield Unit("c", first, last, said, 0.9 * (last - first))
    yield from _how_long(index, tokens, text, starts, ends)
    for found in BOTH_DAYS.finditer(text):
        first, last = starts[found.start()], ends[found.end()]
        yield Unit(" ", first, last, "", _GAIN * (last - first))
    for found in LENGTH_OF.finditer(text):
        low, first = starts[found.start("what")], starts[found.start()]
        measure = lasting(index, _noun(tokens[low:]), FUNCTIONS[found["function"]], first, low)
        if measure is not None and not _is_metric(measure, index):
            measure.unit = (found["unit"] or "").rstrip("s")
            yield Unit("M", first, low, measure, _GAIN * (low - first))


def _is_metric(measure: Measure, index: Index) -> bool:
    """Whether a metric is of the column that is meant: it has a name, and a date, of its own."""
    meant = measure.target.candidates[0] if measure.target is not None else None
    return any(meant is not None and f"{m.table}.{m.expression}" == meant.id
               for m in index.view.metrics)  # fmt: skip


def _noun(tokens: Sequence[Token]) -> list[Token]:
    """The words up to where something is said of the thing."""
    end = next((n for n, t in enumerate(tokens) if t.lower in _CLAUSE or t.kind == "mark"), None)
    return list(tokens[:end])


def _how_long(
    index: Index, tokens: Sequence[Token], text: str, starts: dict[int, int], ends: dict[int, int]
) -> Iterator[Unit]:
    asked = HOW_LONG.search(text)
    if asked is None:
        return
    first, last = starts[asked.start()], ends[asked.end()]
    low, high = starts[asked.start("take")], ends[asked.end("take")]
    what, tail, after = tokens[last:low], asked["tail"] or "", tokens[low:]
    usual = asked["function"] or ("average" if asked["one"] or ON_AVERAGE.search(text) else "")
    if not usual and _GROUPING & {t.lower for t in (*what, *after)}:
        usual = "average"
    if not usual:
        return
    if {t.lower for t in what} <= _WAITING:
        what = after  # `how long do we wait for the suppliers`
    column = kept.meant(index, what, "take", tail) or kept.beside(index, what, tail)
    if column is None and tail:
        column = kept.only([c for c in kept.columns(index) if kept.told({tail}, c, index)])
    unit = (asked["unit"] or "").rstrip("s")
    if column is not None:
        if not _told_in(column, unit):
            return
        measure = _kept(column, FUNCTIONS[usual], first, last)
    elif tail:
        return
    else:
        found = lasting(index, what, FUNCTIONS[usual], first, last)
        if found is None:
            return
        measure = found
        measure.unit = unit if measure.kind == "lasting" else ""
    yield Unit("M", first, last, measure, _GAIN * (last - first))
    yield Unit(" ", low, high, "", _GAIN * (high - low))
    yield from on_average(text, starts, ends)


def _told_in(column: Column, unit: str) -> bool:
    """Whether what is kept can be told in the unit that was asked for, if one was."""
    held = kept_in(column)
    return not unit or held == unit or (held, unit) in PER


def _kept(column: Column, function: str, first: int, last: int) -> Measure:
    measure = Measure("aggregate", function=function, first=first)
    measure.target = kept.mention_of(column, first, last)
    measure.target.role = "measure"
    return measure


def lasting(
    index: Index, what: Sequence[Token], function: str, first: int, last: int
) -> Measure | None:
    """Of the thing named last: what is kept of it, or from its start to its end; of each row where
    no `function` is said."""
    named = (kept.named_table(index, t, what) for t in reversed(what))
    table = next((found for found in named if found is not None), None)
    if table is None:
        return None
    column = kept.only([c for c in kept.columns(index) if c.table == table])
    if column is not None:
        return _kept(column, function, first, last)
    try:
        start, end = ends_of(index.view.table(table), index.view)
    except Unbuildable:
        return None
    if not (STARTS & set(words_of(start.name)) or ENDS & set(words_of(end.name))):
        return None  # two dates of something, not that it begins and ends
    link = Candidate("table", table, table, 0.95, "name")
    measure = Measure("lasting", target=Mention(first, last, (link,), role="relation"), first=first)
    measure.inner = function or None
    return measure
