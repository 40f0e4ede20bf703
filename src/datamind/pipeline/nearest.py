"""Nearest: what can be asked instead of a question that was refused, in words that are understood.

It is about what the refused question names; where that is nothing, about the data's main figures.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from datamind.pipeline.follow_ups import MOST, asked_first, follow_ups, nouns
from datamind.records import Interpretation
from datamind.semantics import plan as P
from datamind.semantics.catalog import Metric, Table, View
from datamind.semantics.wording import singular, words

MOST_NOUNS = 8
MOST_THINGS = 3
_WORD = re.compile(r"\w+")
_FRAME = frozenset("how many number of are were there for the".split())


def nearest(
    question: str, read: Interpretation, view: View, today: dt.date | None = None
) -> tuple[str, ...]:
    """Up to four questions: of the best reading, else of what is named, else of the main things."""
    said = f" {' '.join(singular(w) for w in _WORD.findall(question.lower()))} "
    plans = [c.plan for c in read.candidates[:1]]
    plans += [_of(thing, view) for thing in _named(said, view)]
    each = [_next_to(plan, view, today) for plan in plans]
    if not any(each):
        each = [_next_to(_of(thing, view), view, today) for thing in _main(view)]
    most = max(map(len, each), default=0)
    turns = [found[n] for n in range(most) for found in each if n < len(found)]
    apart: dict[tuple[str, ...], str] = {_gist(question): ""}
    for proposed in turns:
        apart.setdefault(_gist(proposed), proposed)
    return tuple(apart.values())[1 : MOST + 1]


def _next_to(plan: P.Query, view: View, today: dt.date | None) -> tuple[str, ...]:
    """The plan's figure over time, and what would be asked after it; nothing where that is."""
    after = follow_ups(plan, view, today)
    return (*asked_first(plan, view), *after) if after else ()


def _gist(question: str) -> tuple[str, ...]:
    """The words that tell two questions apart."""
    return tuple(w for w in _WORD.findall(question.lower()) if w not in _FRAME)


def about(view: View) -> str:
    """What the data is about: the nouns of its largest tables."""
    tables = sorted(view.tables, key=lambda t: -(t.rows or 0))
    found = list(dict.fromkeys(nouns(table) for table in tables))
    more = f" and {len(found) - MOST_NOUNS} more" if len(found) > MOST_NOUNS else ""
    return f"The data is about {', '.join(found[:MOST_NOUNS])}{more}." if found else ""


def _of(thing: Metric | Table, view: View) -> P.Query:
    """The plan of a metric's figure, or of a table's rows."""
    if isinstance(thing, Metric):
        figure = P.Group((), (P.Named(thing.name, P.Metric(thing.name)),))
        return P.Query(P.Source(thing.table or "", "a"), (figure,))
    return P.Query(P.Source(thing.id, "a"), ())


def _main(view: View) -> list[Metric | Table]:
    """The first metrics, each of another table; where there are none, the largest tables."""
    metrics = [m for m in view.metrics if m.table in view.by_id]
    firsts = {m.table: m for m in reversed(metrics)}
    found = [m for m in metrics if firsts[m.table] is m][:MOST_THINGS]
    return [*found] or [*sorted(view.tables, key=lambda t: -(t.rows or 0))[:MOST_THINGS]]


def _named(said: str, view: View) -> Iterator[Metric | Table]:
    """The metrics whose names the question says, and the tables that none of them counts."""
    known: set[str] = set()
    for metric in view.metrics:
        names = (metric.label or words(metric.name), *metric.synonyms)
        if metric.table in view.by_id and any(_is_said(name, said) for name in names):
            known |= {name.lower() for name in names}
            yield metric
    for table in view.tables:
        if nouns(table) not in known and _is_said(nouns(table), said):
            yield table


def _is_said(name: str, said: str) -> bool:
    return f" {' '.join(singular(w) for w in name.lower().split())} " in said
