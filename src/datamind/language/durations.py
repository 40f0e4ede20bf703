"""Durations: `days between booking and the visit`, `time to close a claim`: the two dates meant.

The words on either side of a duration are seldom the names of columns: a noun or verb stands for
the moment at which something happened. So all pairs of dates are compared with the words, those of
one table first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from datamind.language import names
from datamind.language.candidates import Candidate
from datamind.language.context import Unbuildable
from datamind.language.index import Index, synonyms
from datamind.language.periods import ends_of, moments_of
from datamind.language.scope import is_technical
from datamind.language.sketch import Measure, Mention
from datamind.language.tables.durations import DURATIONS, GENERAL, MOMENTS, ON_AVERAGE, RANKED
from datamind.language.tables.keywords import STOP, SUPERLATIVES
from datamind.language.tables.moments import ENDS, STARTS
from datamind.language.tokens import Token, joined, lemma, stem
from datamind.language.units import Unit
from datamind.semantics.catalog import Column

GAIN = 1.15  # for each word: more than its words linked one by one
ENOUGH = 0.5  # what the words of a side have to say of its date
FUNCTIONS = {"average": "avg", "mean": "avg", "avg": "avg", "typical": "avg", "median": "median",
              "longest": "max", "maximum": "max", "max": "max", "shortest": "min",
              "minimum": "min", "min": "min"}  # fmt: skip
_RANKING = frozenset({"longest", "shortest", "highest", "lowest"})
_SINGLE = frozenset({"first", "last", "latest", "earliest", "next", "previous", "second"})
_FIRST = re.compile(r"(?:\w+ ){0,4}?(?:very )?first (?P<what>\w+)")
_CHANGED = frozenset({"minus", "plus", "times"})
_EMPTY = frozenset(
    """date dates time times at on day dt ts timestamp datetime the moment coming comes come came
    being getting be get gets got been is are was were key id sk fk""".split()
)


@dataclass(frozen=True, slots=True)
class _Side:
    """The stems of one side's words, and the kinds of moments that they stand for."""

    words: frozenset[str]
    stems: frozenset[str]
    moments: frozenset[str]


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The measure of time between two dates that the question asks for, if it does."""
    text, starts, ends = joined(tokens)
    found = _found(index, tokens, text, starts, ends)
    if found is not None:
        measure, last = found
        yield Unit("M", measure.first, last, measure, GAIN * (last - measure.first))
        yield from on_average(text, starts, ends)


def of_words(index: Index, tokens: Sequence[Token]) -> Measure | None:
    """The measure that a definition is: `hours from opening to closing`."""
    found = _found(index, tokens, *joined(tokens))
    if found is not None and tokens[0].lower in FUNCTIONS:
        found[0].inner = found[0].inner or FUNCTIONS[tokens[0].lower]
    return found[0] if found is not None else None


def _found(
    index: Index, tokens: Sequence[Token], text: str, starts: dict[int, int], ends: dict[int, int]
) -> tuple[Measure, int] | None:
    """The first measure that a phrase asks for and two dates answer, and where its words end."""
    if not _asking([t.lower for t in tokens]):
        return None
    for number, pattern in enumerate(DURATIONS):
        for found in pattern.finditer(text):
            if not number and _is_kept(found["end"], index):
                continue  # a column has it: the delivery_days
            first, last = starts.get(found.start()), ends.get(found.end())
            pair = (
                _pair(found, found["end"], text, index) if number else _event(found["end"], index)
            )
            firsts = _FIRST.fullmatch(found["end"]) if number and pair is None else None
            pair = _pair(found, firsts["what"], text, index, first=True) if firsts else pair
            if pair is None and firsts is None and number and (verb := _verb_alone(found)):
                pair = _pair(found, verb, text, index)
                last = ends.get(found.start("end") + len(verb))
            if first is None or last is None or pair is None:
                continue
            unit = found["unit"] or found.groupdict().get("unit_")
            if number and not found.groupdict().get("start") and not unit and _keeps(pair, index):
                continue
            measure = Measure("duration", mentions=tuple(_mention(c, first, last) for c in pair))
            measure.first, measure.unit = first, (unit or "").rstrip("s")
            usually = ON_AVERAGE.search(text) or GENERAL.search(text)
            usual = found["function"] or ("average" if usually else None)
            if usual in _RANKING and RANKED.search(text[: found.start()]):
                usual, measure.first = None, first + 1  # the one `with the longest`
            measure.inner = FUNCTIONS[usual] if usual else None
            if firsts is not None:
                measure.per = [_each(pair[0], first, last)]
            if firsts is None or measure.inner:
                return measure, last
    return None


def _verb_alone(found: re.Match[str]) -> str:
    """`to fix`, where what is fixed is said in words that may be a filter: the `electric bikes`."""
    begun, verb = found.groupdict().get("start"), str(found["end"].split()[0])
    after = begun is not None and found.start("start") > found.start("end")
    return "" if after or verb == found["end"] else verb


def _asking(lower: Sequence[str]) -> bool:
    said = {w.rstrip("s") for w in lower}
    return bool(said & _LENGTHS and (said & _SIDES or said & {"time", "delay", "lag"}))


_KEPT = frozenset("time duration minute hour day second week month year length delay lag".split())


def _is_kept(what: str, index: Index) -> bool:
    """Whether some column holds how long it takes."""
    said = {stem(w) for w in what.split()}
    numbers = (c for t in index.view.tables for c in t.columns if c.is_number)
    return any(said <= set(map(stem, words)) and _KEPT & set(words)
               for words in (names.words_of(c.name) for c in numbers))  # fmt: skip


def _keeps(pair: tuple[Column, Column], index: Index) -> bool:
    """Whether a column beside the dates holds the time up to the second: the resolution_hours."""
    ended = names.stems_of(pair[1].name) - _EMPTY
    return any(
        c.is_number and ended & set(map(stem, words)) and _KEPT & set(words)
        for c in index.view.table(pair[1].table).columns
        for words in [names.words_of(c.name)]
    )


_SIDES = frozenset({"between", "to", "until", "till", "before", "from"})
_LENGTHS = frozenset(
    """day hour minute second week month year time long duration delay gap lag interval longest
    shortest""".split()
)


def way_first(phrase: str, tokens: Sequence[Token]) -> str:
    """How `longest first` orders: what is oldest by its date, and the fastest takes least time."""
    timed = bool(_LENGTHS & {t.lower.rstrip("s") for t in tokens})
    if phrase in ("oldest", "earliest") or (timed and phrase == "fastest"):
        return "asc"
    return "desc" if timed and phrase == "slowest" else SUPERLATIVES[phrase][0]


def on_average(text: str, starts: dict[int, int], ends: dict[int, int]) -> Iterator[Unit]:
    """The words that said which aggregate is wanted, where they stand apart."""
    for found in ON_AVERAGE.finditer(text):
        first, last = starts.get(found.start()), ends.get(found.end())
        if first is not None and last is not None:
            yield Unit(" ", first, last, "", 1.2 * (last - first))


def _mention(column: Column, first: int, last: int) -> Mention:
    kind = column.type if column.is_date else "date"  # that of the day it refers to
    link = Candidate("column", column.id, column.table, 0.95, "name", type=kind)
    return Mention(first, last, (link,), role="date")


def _side(words: str) -> _Side:
    said = frozenset(words.split()) - _EMPTY
    stems = {stem(w) for w in said}
    moments = frozenset(k for k, ws in MOMENTS.items() if {stem(w) for w in ws.split()} & stems)
    return _Side(said, frozenset(stems), moments)


def _each(column: Column, first: int, last: int) -> Mention:
    """Whoever has the date: from it to the first of what they did."""
    link = Candidate("table", column.table, column.table, 0.95, "name")
    return Mention(first, last, (link,), role="group", each=True)


def _pair(
    found: re.Match[str], ended: str, text: str, index: Index, *, first: bool = False
) -> tuple[Column, Column] | None:
    """The dates at which what is said starts and ends; None where the words don't tell. `ended` is
    what is said of the second, if `first` that of the first of several, which refer to what the
    other date is of."""
    groups = found.groupdict()
    begun, which = groups.get("start") or "", {stem(groups.get("which") or "")}
    words = {*begun.split(), *ended.split()}
    if _CHANGED & words or any(w.isdigit() for w in words):
        return None
    start, end = _side(begun), _side(f"{ended} {groups.get('what') or ''}")
    said = {stem(w) for w in text.split()}
    dates = [c for t in index.view.tables for c in moments_of(t, index.view)]
    closing = [(c, f) for c in dates if (f := _fits(c, end, index)) >= ENOUGH]
    near = {c.table for c, _ in closing}
    opening = [
        (c, f) for c in dates if begun or c.table in near
        if (f := _fits(c, start, index) if begun else _opens(c, index)) >= ENOUGH * bool(begun)
    ]  # fmt: skip
    best: tuple[float, Column, Column] | None = None
    for last, closes in closing:
        for one, opens in opening:
            if one.id == last.id or (one.table != last.table and not begun):
                continue
            if first and not index.refers(last.table, one.table):
                continue
            named = said & {stem(w) for w in index.table_words.get(last.table, ())}
            apart = one.table == last.table and not _same_moment(one, last)
            score = closes + opens + 0.6 * apart + 0.3 * bool(named)
            score -= 0.3 * (first and bool(ENDS & set(names.words_of(last.name))))
            score += 0.2 * sum(bool(which & names.stems_of(c.name)) for c in (one, last))
            if best is None or score > best[0]:
                best = (score, one, last)
    if best is None or _narrowed(words, best[1:], index):
        return None
    if (_SINGLE & words) - {w for c in best[1:] for w in names.words_of(c.name)}:
        return None  # the first of several: not the time between two dates
    return best[1], best[2]


def dates_between(
    found: re.Match[str], text: str, index: Index
) -> Callable[[int, int], tuple[Mention, Mention]] | None:
    """The dates of one row that `start` and `end` of a match tell, as mentions at a place."""
    pair = _pair(found, found["end"], text, index)
    if pair is None or pair[0].table != pair[1].table:
        return None
    one, other = pair
    return lambda first, last: (_mention(one, first, last), _mention(other, first, last))


def _same_moment(one: Column, other: Column) -> bool:
    """`ordered at` and `order date`: one moment, told twice."""
    kinds = [
        {k for k, ws in MOMENTS.items() if set(names.words_of(c.name)) & set(ws.split())}
        for c in (one, other)
    ]
    return bool(kinds[0]) and kinds[0] == kinds[1]


def _event(what: str, index: Index) -> tuple[Column, Column] | None:
    """`response time`: from the start of a row to the moment of that name; `repair time`: how long
    a repair lasts."""
    said = {stem(w) for w in what.split()}
    for table in index.view.tables:
        noun = {stem(w) for w in index.table_words.get(table.id, ())}
        try:
            start, end = ends_of(table, index.view)
        except Unbuildable:
            start, end = None, None
        if start is not None and end is not None and said <= noun:
            return start, end
        dates = moments_of(table, index.view)
        named = [c for c in dates if said <= names.stems_of(c.name)]
        begun = [c for c in dates if c not in named and _opens(c, index) > 0]
        if len(named) == 1 and begun:
            return max(begun, key=lambda c: _opens(c, index)), named[0]
    return None


def _narrowed(words: set[str], pair: tuple[Column, Column], index: Index) -> bool:
    """Whether a word says which are meant: the `successful` payment's date is of some only."""
    known = {stem(w) for ws in MOMENTS.values() for w in ws.split()} | _EMPTY
    tables = {c.table for c in pair}
    tables |= {r.to_table for r in index.view.relationships if r.table in tables}
    nouns = {stem(w) for t in tables for w in index.table_words.get(t, ())}
    own = {w for c in pair for w in names.words_of(c.name)}
    known |= nouns | {stem(w) for w in own}
    return not all(
        w in STOP
        or stem(w) in known
        or any(_calls(w, t, index) for t in tables)
        or nouns & set(map(stem, synonyms().get(w, ())))
        or any(names.abbreviates(short, w) for short in own)
        for w in words
    )


def _calls(word: str, table: str, index: Index) -> bool:
    """Whether the word is what the table is called, if in full or by a synonym of its own."""
    if any(names.abbreviates(noun, word) for noun in index.table_words.get(table, ())):
        return True
    items = (index.items[p.item] for p in index.postings.get(lemma(word), ()) if p.word >= 0)
    return any(i.kind == "table" and i.table == table and len(i.core) == 1 for i in items)


def fits(column: Column, words: str, index: Index) -> float:
    """How well a date fits what is said of it."""
    return _fits(column, _side(words), index)


def _fits(column: Column, side: _Side, index: Index) -> float:
    """How well a date fits the words: by its name, by what happens then, by its table."""
    words = set(names.words_of(column.name)) - _EMPTY
    own = {stem(w) for w in words}
    noun = {stem(w) for w in index.table_words.get(column.table, ())}
    short = any(names.abbreviates(o, w) for o in words if stem(o) not in noun for w in side.words)
    told = 1.0 if (own - noun) & side.stems or short else 0.0
    kinds = {k for k, ws in MOMENTS.items() if own & {stem(w) for w in ws.split()}}
    told = told or (0.7 + 0.15 * (side.moments <= kinds) if kinds & side.moments else 0.0)
    traded = MOMENTS["sold"].split()  # a purchase may be a sale, whatever else is called so
    called = {w for w in side.words if w not in traded and _calls(w, column.table, index)}
    nouns = {w for w in side.words if stem(w) in noun} | called
    about = 0.3 if nouns else 0.0
    if "sold" in side.moments and "sale" in noun and "order" not in side.stems:
        about = about or 0.1  # what was bought was sold; an order may have come to nothing
    dates = moments_of(index.view.table(column.table), index.view)
    begun = (c for c in dates if not ENDS & set(names.words_of(c.name)))
    main = next(begun, next(iter(dates), None))
    verbs = _side(" ".join(side.words - nouns)).moments
    if not told and about and main is not None and main.id == column.id and not verbs:
        told = 0.35  # `the appointment` is when it is
    return told + about - (0.1 if is_technical(column) else 0.0)


def _opens(column: Column, index: Index) -> float:
    """How likely a date is the one at which a row begins."""
    noun = {stem(w) for w in index.table_words.get(column.table, ())}
    words = {w for w in names.words_of(column.name) if stem(w) not in noun} - _EMPTY
    opening = words & STARTS
    return 0.6 * len(opening) / len(words) if opening else 0.0 if words & ENDS else 0.2
