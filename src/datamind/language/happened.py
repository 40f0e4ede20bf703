"""What happened, by its verbs: `in May, how many parcels were delivered` goes by the delivery, and
`drivers who retired` by when they did, not by a state of something else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from datamind.language.candidates import Candidate
from datamind.language.index import Index
from datamind.language.sketch import Cond
from datamind.language.tables.irregular import VERBS
from datamind.language.tables.times import MONTHS, UNITS
from datamind.language.tokens import Token, joined, stem
from datamind.language.units import Unit
from datamind.semantics.catalog import Table, View

_WAS = frozenset(
    "was were been being got get gets is are has have had who that which we they".split()
)
_DID = frozenset("do does did".split())
_AFTER = frozenset("in on during since between before after by at , . ? and or from".split()) | {""}
_PASSED = frozenset("not never yet already also all actually ever n't".split())
_REACH = 5  # how far a verb stands from the `did` that asks for it


@lru_cache(maxsize=256)
def verbs(words: tuple[str, ...]) -> frozenset[str]:
    """The stems of the verbs that tell what happened: `were shipped`, `did they start`."""
    said = [w.lower() for w in words]
    found = set()
    for at, word in enumerate(said):
        after = said[at + 1] if at + 1 < len(said) else ""
        before = next((w for w in reversed(said[:at]) if w not in _PASSED), "")
        past = _is_past(word) and before and (before in _WAS or after in _AFTER)
        did = bool(_DID & set(said[max(0, at - _REACH) : at - 1]))
        then = said[at + 2] if at + 2 < len(said) else ""
        timed = after in ("yesterday", "today") or (after in ("last", "this") and then in UNITS)
        if past or (did and (after in _AFTER or timed) and word.isalpha()):
            found.add(stem(word))
    return frozenset(found)


def _is_past(word: str) -> bool:
    return word in VERBS or (word.endswith("ed") and not word.endswith("eed"))


_WHO = r"(?<!\S)(?:(?<=\S )(?:who|that|which) )?"
_GONE = re.compile(
    rf"{_WHO}(?:(?:has|have|had) )?(?:since |already )?(?:left|quit)"
    r" (?:us|(?:the|our) (?:company|firm|agency|business|team|practice|organisation|organization))"
    rf"(?!\S)|{_WHO}(?:has|have|had) (?:since |already )?left(?= [,.?!]| and |$)"
    rf"|{_WHO}(?:(?:are|is|were|was) )?no longer"
    r" (?:with us|here|employed|employed here|working here|working for us|on the payroll)(?!\S)"
)


def gone(tokens: Sequence[Token]) -> Iterator[Unit]:
    """`who have left the company`, `no longer employed`: something ended it."""
    words = {t.lemma for t in tokens}
    if not words & {"left", "leave", "quit", "longer"} or words & {*UNITS, *MONTHS}:
        return  # of a time it has to be the date that is in it
    if any(t.kind == "number" for t in tokens):
        return
    text, starts, ends = joined(tokens)
    for found in _GONE.finditer(text):
        first, last = starts[found.start()], ends[found.end()]
        cond = Cond("open", negated=True, first=first)
        yield Unit("P", first, last, cond, 1.1 * (last - first))


def active(index: Index, tokens: Sequence[Token], at: int) -> Iterator[Unit]:
    """`active`, where nothing is called so: not yet ended."""
    if "active" not in index.values and "inactive" not in index.values:
        still = tokens[at - 1].lower in ("still", "currently") if at else False
        first = at - 1 if still else at
        yield Unit("P", first, at + 1, Cond("open", first=first, match="own"), 0.7 * (1 + still))


def by_own_columns(units: tuple[Unit, ...], view: View) -> tuple[Unit, ...]:
    """What a thing did or has by a column of its own is no value of something that is not named:
    `drivers who retired`, where vans are retired, too."""
    named = {c.id for u in units if u.code == "c" for c in _found(u)[:1] if c.kind == "table"}
    out: list[Unit] = []
    doer: Table | None = None
    for unit in units:
        found = _found(unit)
        if doer is not None and found and found[0].kind == "value" and unit.last == unit.first + 1:
            values = [c for c in found if c.kind == "value" and c.score > _SURE]
            apart = doer.id, *(r.to_table for r in view.relationships if r.table == doer.id)
            if not {c.table for c in values} & {*apart, *named}:
                own = tuple(c for c in found if _says(c, doer, view))
                unit = replace(unit, payload=own) if own else unit
        elif found and found[0].kind in ("table", "column") and unit.code == "c":
            doer = view.table(found[0].table)
        out.append(unit)
    return tuple(out)


_SURE = 0.6


def _found(unit: Unit) -> tuple[Candidate, ...]:
    return unit.payload if unit.code in "cv" and isinstance(unit.payload, tuple) else ()


def _says(found: Candidate, doer: Table, view: View) -> bool:
    """Whether it is the date or the mark of what was said of the doer."""
    if found.kind != "column" or found.table != doer.id or found.source != "name":
        return False
    column = view.column(found.id)
    return column.type == "boolean" or (column.is_date and bool(column.null_fraction))
