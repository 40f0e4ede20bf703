"""Ages: `over 65`, `riders under 30`, `average age`, where the data keeps when people were born."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence

from datamind.language import kept, names
from datamind.language.calendar import move
from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.index import Index
from datamind.language.scope import year_columns
from datamind.language.sketch import Cond, Measure, Mention
from datamind.language.tokens import Token, joined, stretches
from datamind.language.units import Unit
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column

_BIRTH = frozenset({"birth", "birthday", "birthdate", "born", "dob"})
_AGED = r"(?:aged|age|ages|of age)"
_N, _M = r"(?P<n>\d{1,3})", r"(?P<m>\d{1,3})"
_OLD = r"(?: years?(?: old| of age)?)?"
_OVER, _UNDER = r"(?:over|older|above|more|up)", r"(?:under|younger|below|less)"
_FORMS: tuple[tuple[str, str], ...] = (
    ("between", rf"{_AGED}(?: of)?(?: between)? {_N} (?:to|and|-) {_M}{_OLD}"),
    ("between", rf"between {_N} and {_M} years old"),
    (">=", rf"{_AGED} {_N} (?:and|or) {_OVER}"),
    ("<=", rf"{_AGED} {_N} (?:and|or) {_UNDER}"),
    (">=", rf"{_N} years (?:old )?(?:or|and) (?:older|over|above)"),
    (">=", rf"(?:at least|no younger than) {_N} years old"),
    ("<=", rf"(?:at most|no older than) {_N} years old"),
    (">", rf"(?:{_AGED} )?(?:older than|over the age of|above the age of) {_N}{_OLD}"),
    ("<", rf"(?:{_AGED} )?(?:younger than|under the age of|below the age of) {_N}{_OLD}"),
    (">", rf"{_AGED} (?:over|above|more than|greater than) {_N}{_OLD}"),
    ("<", rf"{_AGED} (?:under|below|less than) {_N}{_OLD}"),
    (">", rf"(?:over|above|more than) {_N} years (?:old|of age)"),
    ("<", rf"(?:under|below|less than) {_N} years (?:old|of age)"),
    ("=", rf"{_N} years old"),
    ("=", rf"aged {_N}"),
)
# Of people alone, right after them: `how many riders are under 30?`
_BARE = r"(?:(?:who|that) )?(?:(?:are|is|were) )?"
_ENDING = r"(?! (?:or|and|to|%|percent|\w+s\b))"
_PEOPLE: tuple[tuple[str, str], ...] = (
    (">", rf"{_BARE}(?:over|above) {_N}{_ENDING}"),
    ("<", rf"{_BARE}(?:under|below) {_N}{_ENDING}"),
    ("between", rf"{_BARE}between {_N} and {_M}(?= ?[?.,]|$| (?:in|from|by|with|who)(?!\S))"),
)
AGE = "age"  # of a date of birth: what it is grouped by
_BY_AGE = re.compile(
    r"(?<!\S)(?:by|per|for each|for every) (?:(?:the )?(?P<one>\w+?)(?: ?'s)? )?age"
    r"(?: of (?:the |our |each )?(?P<other>\w+))?(?= ?(?:[?.,]|in|for|this|last|during|since|and"
    r"|sorted|ordered|from)(?!\S)|$)"
)
_TODAY = r"(?: (?:as of )?(?:today|now))?"
PEOPLE = tuple((op, re.compile(rf"(?<!\S){text}(?!\S)")) for op, text in _PEOPLE)
FORMS = tuple((op, re.compile(rf"(?<!\S){text}{_TODAY}(?!\S)")) for op, text in _FORMS)


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """Conditions on ages, and `age` itself, where births are kept and ages are not."""
    if not any(t.lower in _SAID or t.lower in _LIMITS for t in tokens):
        return
    born, kept = _births(index), _kept(index)
    if not born and not kept:
        return
    said = joined(tokens)
    for op, form in FORMS:
        for found, first, last in stretches(said, form):
            if _of_people(index, tokens[:first], born):
                numbers = tuple(float(n) for n in found.groups())
                about = Mention(first, last, born or kept, role="date" if born else "number")
                cond = Cond("age" if born else "compare", about, op, numbers, first=first)
                yield Unit("P", first, last, cond, 1.1 * (last - first))
    for op, form in PEOPLE if born else ():
        for found, first, last in stretches(said, form):
            if first and _are_people(index, tokens[:first], born):
                about = Mention(first, last, born, role="date")
                numbers = tuple(float(n) for n in found.groups())
                cond = Cond("age", about, op, numbers, first=first)
                yield Unit("P", first, last, cond, 1.1 * (last - first))
    for found, first, last in stretches(said, _BY_AGE) if born else ():
        whose = found["one"] or found["other"]
        at = next((n for n in range(first, last) if tokens[n].lower == whose), None)
        named = tokens[:first] if at is None else tokens[: at + 1]
        if not _orders(tokens, first) and (_of_people if at is None else _are_people)(
            index, named, born
        ):
            about = Mention(first, last, born, role="group", grain=AGE, each=True)
            yield Unit("G", first, last, [about], 1.1 * (last - first))
    for at, token in enumerate(tokens) if born else ():
        by = at > 0 and tokens[at - 1].lower in ("by", "per") and not _orders(tokens, at - 1)
        if token.lower in ("age", "ages") and not by and not _in_groups(tokens[at + 1 : at + 2]):
            about = Mention(at, at + 1, born, role="date")
            yield Unit("M", at, at + 1, Measure("age", mentions=(about,), first=at), 0.85)


def _of_people(index: Index, before: Sequence[Token], born: tuple[Candidate, ...]) -> bool:
    """Whether what was named last are those whose births are kept: a ticket is older otherwise."""
    named = (kept.named_table(index, t, before) for t in reversed(before))
    table = next((found for found in named if found is not None), None)
    return not born or table is None or table in {c.table for c in born}


def _orders(tokens: Sequence[Token], by: int) -> bool:
    """`sorted by age`, `list the riders by age`: in what order, not how many of each."""
    before = tokens[by - 1].lower if by else ""
    return before in ("sorted", "ordered", "ranked", "sort", "order", "rank") or (
        tokens[0].lower in ("list", "sort", "order", "rank")
    )


def _are_people(index: Index, before: Sequence[Token], born: tuple[Candidate, ...]) -> bool:
    """Whether the word right before names those whose births are kept."""
    table = kept.named_table(index, before[-1], before)
    return table is not None and table in {c.table for c in born}


def _in_groups(after: Sequence[Token]) -> bool:
    """`age group`, `age bracket`: ages in ranges that nothing here tells."""
    return any(t.lemma in ("group", "bracket", "band", "range", "class", "bucket") for t in after)


_LIMITS = frozenset({"over", "above", "under", "below", "between"})
_SAID = frozenset({"age", "ages", "aged", "older", "younger", "old"})


def _births(index: Index) -> tuple[Candidate, ...]:
    """The columns that hold births; none where ages are kept as they are."""
    columns = [c for t in index.view.tables for c in t.columns]
    if any("age" in names.words_of(c.name) and c.is_number for c in columns):
        return ()
    return tuple(
        Candidate("column", c.id, c.table, 0.95, "name", type=c.type)
        for c in columns if c.is_date and _BIRTH & set(names.words_of(c.name))
    )  # fmt: skip


def _kept(index: Index) -> tuple[Candidate, ...]:
    """The columns that hold ages as they are."""
    return tuple(
        Candidate("column", c.id, c.table, 0.95, "name", type=c.type)
        for t in index.view.tables for c in t.columns
        if c.is_number and "age" in names.words_of(c.name)
    )  # fmt: skip


def years(column: Column, ctx: Context) -> P.Expr:
    """Whole years of age today: those between the years, less one before this year's birthday."""
    born, today = ctx.expr(column), ctx.today
    whole = P.Arithmetic("-", P.Value(today.year), P.DatePart("year", born))
    day = P.Arithmetic(
        "+", P.Arithmetic("*", P.DatePart("month", born), P.Value(100)), P.DatePart("day", born)
    )
    ahead = P.Compare(">", day, P.Value(100 * today.month + today.day))
    return P.Arithmetic("-", whole, P.Case((P.When(ahead, P.Value(1)),), P.Value(0)))


def aged(cond: Cond, ctx: Context) -> P.Predicate:
    """The birth lies so far back: a test on the column alone, that an index can serve."""
    assert cond.subject is not None
    born = ctx.expr(ctx.column_of(cond.subject))

    def since(age: float) -> P.Value:
        """Whoever was born on this day or before is as old as that."""
        day = move(ctx.today, "year", -int(age))
        if day == dt.date.min:
            raise Unbuildable("nobody is as old as that")
        return P.Value(day)

    first, last = (float(str(n)) for n in (cond.numbers[0], cond.numbers[-1]))
    low = {"=": 0, ">=": 0, ">": 1, "between": 0}.get(cond.op)
    high = {"=": 1, "<=": 1, "<": 0, "between": 1}.get(cond.op)
    tests: list[P.Predicate] = []
    if low is not None:
        tests.append(P.Compare("<=", born, since(first + low)))
    if high is not None:
        tests.append(P.Compare(">", born, since(last + high)))
    return tests[0] if len(tests) == 1 else P.And(tuple(tests))


_OLDEST = 300  # of a number that tells an age, no calendar year


def years_since(column: Column, value: object, expr: P.Expr, ctx: Context) -> P.Expr:
    """`Older than 10 years`, of a column of calendar years: so long since the one it holds."""
    of_years = isinstance(value, float) and value <= _OLDEST and "year" in ctx.lemmas
    of_years = of_years and float(column.low or 0) > _OLDEST  # no years of experience
    if not of_years or column not in year_columns(ctx.scope.view.table(column.table)):
        return expr
    if not _SAID & {w.lower() for w in ctx.words}:
        raise Unbuildable("a year is no number of years")
    return P.Arithmetic("-", P.Value(ctx.today.year), expr)
