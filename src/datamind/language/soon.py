"""What was done soon after something else: `riders who took a trip within 30 days of joining`.

The one date is of what was done, the other of whoever did it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import cast

from datamind.language import durations
from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.index import Index
from datamind.language.periods import date_of
from datamind.language.scope import dates_of, is_personal
from datamind.language.sketch import TOLD, Cond, Mention
from datamind.language.tables.times import WORD_NUMBERS
from datamind.language.tokens import Token, joined, stretches
from datamind.language.units import Unit
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column

KIND = "soon"
_GAIN = 1.3
_SOON = re.compile(
    r"(?<!\S)(?P<done>\w+(?:ed|ade|ook|ad|ent|id)|bought|had)"
    r"(?: (?:something|anything|an?|any|their|the|one|at least one|his|her|its))?"
    r"(?: (?P<what>(?!within|not)\w+))?(?: from us| with us)?"
    r" (?:within|not more than|no more than|at most) (?P<n>\d+|an?|\w+)"
    r" (?P<unit>hour|day|week|month|year)s? (?:of|after|from|since)"
    r"(?: (?:their|the|its|his|her|being|was|were|they))? (?P<start>\w+(?: (?:up|in|on|date|day))?)"
    r"(?= (?:in|by|per|for|and|on|who|that)\b| ?[,.?!]|$)"
)


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The condition that such rows are there."""
    for found, first, last in stretches(joined(tokens), _SOON):
        number = _number(found["n"])
        pair = _dates(index, f"{found['done']} {found['what'] or ''}", found["start"])
        if pair is None or number is None:
            continue
        begun, done = (_mention(c, first, last) for c in pair)
        rows = Candidate("table", pair[1].table, pair[1].table, 0.95, "name")
        cond = Cond("related", Mention(first, last, (rows,), role="relation"), match=TOLD)
        cond.first = first
        within = Cond(KIND, done, "<=", (number,), begun, first=first, unit=found["unit"])
        cond.within = [within]
        yield Unit("P", first, last, cond, _GAIN * (last - first))


def _number(word: str) -> float | None:
    if word in ("a", "an"):
        return 1.0
    if word.isdigit():
        return float(word)
    return float(WORD_NUMBERS[word]) if word in WORD_NUMBERS else None


def _mention(column: Column, first: int, last: int) -> Mention:
    link = Candidate("column", column.id, column.table, 0.95, "name", type=column.type)
    return Mention(first, last, (link,), role="date")


def _dates(index: Index, done: str, begun: str) -> tuple[Column, Column] | None:
    """The date of whoever did it, and the date of what was done."""
    dates = [c for t in index.view.tables for c in dates_of(t) if not is_personal(c)]
    ends = [(durations.fits(c, done, index), c) for c in dates]
    opens = [(durations.fits(c, begun, index), c) for c in dates]
    pairs = [
        (one + other, start.table == end.table, start, end)
        for one, start in opens for other, end in ends
        if min(one, other) >= durations.ENOUGH and start.id != end.id
        and (start.table == end.table or index.refers(end.table, start.table))
    ]  # fmt: skip
    best = max(pairs, key=lambda p: p[:2], default=None)
    return best[2:] if best is not None and not best[1] else None  # of one row, it is no other's


def not_later(cond: Cond, ctx: Context) -> P.Predicate:
    """The one date is so long after the other at most."""
    if cond.subject is None or cond.mention is None:
        raise Unbuildable("two dates are needed")
    end, start = date_of(cond.subject, ctx), date_of(cond.mention, ctx)
    limit = P.DateAdd(cast(P.Unit, cond.unit), int(cast(float, cond.numbers[0])), start)
    return P.Compare("<=", end, limit)
