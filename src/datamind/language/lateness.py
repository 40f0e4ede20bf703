"""Late, on time, overdue: when a thing was done against when it was due, where its table has one
date of each and nothing in the data is called late: `parcels returned late`, `loans overdue`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from datamind.language import names
from datamind.language.candidates import Candidate
from datamind.language.context import Context
from datamind.language.index import Index
from datamind.language.kept import named_table
from datamind.language.scope import dates_of
from datamind.language.sketch import Cond, Mention
from datamind.language.tables.moments import ENDS
from datamind.language.tokens import Token, joined, stem, stretches
from datamind.language.units import Unit
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column, Table

KIND = "overdue"
_GAIN = 1.1
_DUE = frozenset(
    """due promise promised need needed expect expected schedule scheduled plan planned deadline
    target require required estimate estimated""".split()
)
_DONE = ENDS | frozenset("shipped sent paid arrived actual complete finish deliver return".split())
_KEPT = frozenset("late delayed overdue punctual delay lateness ontime".split())
_WHO = r"(?<!\S)(?:(?:that|which) )?"
_VERB = (
    r"(?:(?:was|were|got|have been|has been) )?"
    r"(?:(?P<verb>\w+(?<!e)ed|sent|paid|came|brought|given|done|went)(?: back| out)? )"
)
_END = (
    r"(?= (?:by|per|for|and|on|in|at|each|this|last|since|during|from|of|to|than)(?!\S)| ?[,.?!]|$)"
)
_FORMS = (
    (">", re.compile(rf"{_WHO}(?:{_VERB}|(?:was|were) )(?:too )?late{_END}")),
    ("<=", re.compile(rf"{_WHO}(?:{_VERB}|(?:was|were) )on time{_END}")),
    ("", re.compile(rf"{_WHO}(?:(?:is|are) )?(?:(?:still|now) )?(?:overdue|past due){_END}")),
)  # fmt: skip


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The condition on the two dates of what was named last before it."""
    words = {t.lower for t in tokens}
    if not words & {"late", "time", "overdue", "due"} or _KEPT & index.postings.keys():
        return
    if any(word in index.values for word in _KEPT):
        return
    said = joined(tokens)
    for op, form in _FORMS:
        for found, first, last in stretches(said, form):
            pair = _pair(index, tokens[:first], found.groupdict().get("verb") or "")
            if pair is not None:
                done, due = (_mention(c, first, last) for c in pair)
                cond = Cond("columns" if op else KIND, done, op, mention=due, first=first)
                yield Unit("P", first, last, cond, _GAIN * (last - first))


def overdue(cond: Cond, ctx: Context) -> P.Predicate:
    """It was due before today and is not done."""
    assert cond.subject is not None and cond.mention is not None
    done, due = ctx.column_of(cond.subject), ctx.column_of(cond.mention)
    past = P.Compare("<", ctx.expr(due), P.Value(ctx.today))
    return P.And((P.IsNull(ctx.expr(done)), past))


def _mention(column: Column, first: int, last: int) -> Mention:
    link = Candidate("column", column.id, column.table, 0.95, "name", type=column.type)
    return Mention(first, last, (link,), role="date")


def _pair(index: Index, before: Sequence[Token], verb: str) -> tuple[Column, Column] | None:
    """When a row was done, and when it was due: of the table named last, in full or in part."""
    tables = (named_table(index, t, before) for t in reversed(before))
    table = next((found for found in tables if found is not None), None)
    if table is not None and (dates := _dates(index.view.table(table), verb)) is not None:
        return dates
    said = {t.lemma for t in before}
    partly = [t for t in index.view.tables if index.table_words[t.id] & said]
    pairs = [pair for t in partly if t.id != table and (pair := _dates(t, verb)) is not None]
    return pairs[0] if table is None and len(pairs) == 1 else None


def _dates(table: Table, verb: str) -> tuple[Column, Column] | None:
    dates = dates_of(table)
    due = [c for c in dates if _DUE & set(names.split(c.name))]
    done = [c for c in dates if c not in due and c.null_fraction and _is_done(c)]
    done = [c for c in done if stem(verb) in map(stem, names.split(c.name))] or done
    return (done[0], due[0]) if len(done) == len(due) == 1 else None


def _is_done(column: Column) -> bool:
    return bool(_DONE & set(names.split(column.name)))
