"""What is kept of how long things take: `parcels that took more than 5 days` of delivery_days."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from datamind.language.candidates import Candidate
from datamind.language.durations import FUNCTIONS
from datamind.language.index import Index, synonyms
from datamind.language.kinds import is_calendar
from datamind.language.scales import kept_in
from datamind.language.sketch import Cond, Measure, Mention
from datamind.language.tables.durations import MOMENTS
from datamind.language.tables.kept import (
    LASTING,
    LIMITS,
    LONGER,
    LONGEST_TO,
    TAKES_TO,
    TIMES_TO,
)
from datamind.language.tables.times import WORD_NUMBERS
from datamind.language.tokens import Token, joined, stem, stretches
from datamind.language.units import Unit
from datamind.semantics.catalog import Column

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_BEFORE_LAST = frozenset("the in over during for within these our from".split())
_VERBAL = frozenset("that which who to they it do does did not can may should must will".split())
_LENGTHS = frozenset("time long longer shorter longest shortest".split())
_GAIN = 1.2  # for each word: more than for its words one by one, and than for two dates


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """Conditions on columns that keep how long it took, and averages of them."""
    if not any(t.lower.rstrip("s") in (*_SECONDS, *_LENGTHS) for t in tokens):
        return
    said = joined(tokens)
    for op, form in LIMITS:
        for found, first, last in stretches(said, form):
            lead, tail = found["lead"], found["tail"] or ""
            before = tokens[first - 1].lower if first else ""
            if lead == "last" and (before in _BEFORE_LAST or (op == "=" and before not in _VERBAL)):
                continue  # `last 30 days` is when, not how long
            does = tail or ("" if lead in LASTING else lead)
            column = meant(index, tokens[:first], lead, tail) or beside(index, tokens[:first], does)
            kept = kept_in(column) if column is not None else None
            if column is None or kept is None:
                continue
            if not (lead in LASTING or " " in lead or lead == "underway"):
                first += 0 if told({lead}, column, index) else 1
            number = _number(found["n"]) * _SECONDS[found["unit"].rstrip("s")] / _SECONDS[kept]
            about = mention_of(column, first, last)
            cond = Cond("compare", about, op, (number,), first=first)
            yield Unit("P", first, last, cond, _GAIN * (last - first))
    for _, first, last in stretches(said, LONGER):
        column = meant(index, tokens[:first], "take", "") or beside(index, tokens[:first], "")
        if column is not None:
            yield Unit("c", first, last, mention_of(column, first, last).candidates, _GAIN)
    for found, first, last in stretches(said, TIMES_TO):
        column = only([c for c in columns(index) if told({found["tail"]}, c, index)])
        if column is None:
            continue
        yield _measure(column, FUNCTIONS[found["function"]], first, last)
    for form in (TAKES_TO, LONGEST_TO):
        yield from _taking(index, tokens, said, form)


def _taking(
    index: Index,
    tokens: Sequence[Token],
    said: tuple[str, dict[int, int], dict[int, int]],
    form: re.Pattern[str],
) -> Iterator[Unit]:
    """How long it takes to do something, to whatever that is done."""
    for found, first, last in stretches(said, form):
        thing = last + (last < len(tokens) and tokens[last].lower in _DETERMINERS)
        after = tokens[thing : thing + 1]
        named = named_table(index, after[0], after) if after else None
        able = [c for c in columns(index) if told({found["tail"]}, c, index)]
        column = only([c for c in able if c.table == named] or able)
        groups = found.groupdict()
        unit = (groups.get("unit") or "").rstrip("s")
        if column is None or (unit and kept_in(column) != unit):
            continue
        last = thing + 1 if named and named == column.table else last
        yield _measure(column, FUNCTIONS[groups.get("function") or "average"], first, last)


_DETERMINERS = frozenset("a an the our one each all these those".split())


def _measure(column: Column, function: str, first: int, last: int) -> Unit:
    measure = Measure("aggregate", function=function, first=first)
    measure.target = mention_of(column, first, last)
    measure.target.role = "measure"
    return Unit("M", first, last, measure, _GAIN * (last - first))


def _number(text: str) -> float:
    return 1.0 if text in ("a", "an") else float(WORD_NUMBERS.get(text, 0) or text)


def mention_of(column: Column, first: int, last: int) -> Mention:
    link = Candidate("column", column.id, column.table, 0.95, "name", type=column.type)
    return Mention(first, last, (link,), role="number")


def columns(index: Index) -> list[Column]:
    """The columns that keep a time taken."""
    return [c for t in index.view.tables for c in t.columns if kept_in(c) in _SECONDS]


def meant(index: Index, before: Sequence[Token], lead: str, tail: str) -> Column | None:
    """The column of what was named last that keeps how long it takes; None where that is not
    clear, or the words are of something else."""
    table = next(
        (found for t in reversed(before) if (found := named_table(index, t, before)) is not None),
        None,
    )
    kept = [c for c in columns(index) if c.table == table]
    said = [c for c in kept if told({lead, tail}, c, index)]
    if tail and not any(told({tail}, c, index) for c in kept):
        return None
    takes = lead in LASTING or " " in lead or lead == "underway"
    return only(said or (kept if takes else []))


def beside(index: Index, what: Sequence[Token], tail: str) -> Column | None:
    """The column of a table of which a column was named: of the carrier's shipments."""
    found = (index.items[p.item] for t in what for p in index.postings.get(t.lemma, ()))
    tables = {i.table for i in found if i.kind == "column" and len(i.core) == 1}
    kept = [c for c in columns(index) if c.table in tables]
    return only([c for c in kept if not tail or told({tail}, c, index)])


def only(found: list[Column]) -> Column | None:
    """The one that is meant; None where it might be several."""
    return found[0] if len(found) == 1 else None


def named_table(index: Index, token: Token, before: Sequence[Token]) -> str | None:
    """The table that the word names in full."""
    found = (index.items[p.item] for p in index.postings.get(token.lemma, ()) if p.word >= 0)
    said = {t.lemma for t in before}
    tables = {
        i.table for i in found
        if i.kind == "table" and set(i.core) <= said and not is_calendar(index.view.table(i.table))
    }  # fmt: skip
    return tables.pop() if len(tables) == 1 else None


def told(words: set[str], column: Column, index: Index) -> bool:
    """Whether one of the words is of the column's name or description, or of the same moment."""
    said = {stem(w) for w in words} | {stem(s) for w in words for s in synonyms().get(w, ())}
    own = {stem(w) for w in index.column_words.get(column.id, frozenset())}
    own -= {stem(w) for w in _SECONDS}
    roots = {stem(w) for w in words}
    kinds = [{stem(w) for w in said_of.split()} for said_of in MOMENTS.values()]
    return bool(said & own) or any(k & roots and k & own for k in kinds)
