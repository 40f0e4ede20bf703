"""How soon one thing follows another: `shipped within two days of being ordered`, as a condition
on the time between two dates of a row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from datamind.language.durations import dates_between
from datamind.language.index import Index
from datamind.language.sketch import Cond
from datamind.language.tables.times import WORD_NUMBERS
from datamind.language.tokens import Token, joined
from datamind.language.units import Unit

_GAIN = 1.2  # for each word: more than for its words one by one
_OPS = {
    "<=": r"within|inside|in|at most|no more than|not more than|no later than",
    "<": r"less than|under|in under|in less than|fewer than",
    ">": r"more than|over|later than|longer than",
    ">=": r"at least",
}
_N = r"(?P<n>\d+(?:\.\d+)?|an?|" + "|".join(WORD_NUMBERS) + ")"
_FORMS = tuple(
    (op, re.compile(
        rf"(?<!\S)(?P<end>[a-z]+) (?:it |them |us |only )?(?:{words}) {_N}"
        r" (?P<unit>minutes?|hours?|days?|weeks?) (?:of|after|from)"
        r" (?:(?:being|having|been|the|its|their|they|it|we|was|were|had|get|got) )*"
        r"(?P<start>[a-z]+)(?!\S)"
    ))
    for op, words in _OPS.items()
)  # fmt: skip
_JOINING = frozenset({"of", "after", "from", "before", "prior", "ahead"})
_BEFORE = tuple(
    (op, re.compile(
        rf"(?<!\S)(?P<start>[a-z]+) (?:it |them |us |only )?(?:{words}) {_N}"
        r" (?P<unit>minutes?|hours?|days?|weeks?) (?:before|prior to|ahead of)"
        r" (?:(?:being|having|been|the|its|their|they|it|we|was|were|had|get|got|actually) )*"
        r"(?P<end>[a-z]+)(?!\S)"
    ))
    for op, words in _OPS.items()
)  # fmt: skip


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The conditions on the time between two dates that the question's words tell."""
    if not any(t.lower in _JOINING for t in tokens):
        return
    text, starts, ends = joined(tokens)
    for op, form in (*_FORMS, *_BEFORE):
        for found in form.finditer(text):
            first, last = starts.get(found.start()), ends.get(found.end())
            pair = dates_between(found, text, index)
            if first is None or last is None or pair is None:
                continue
            said = found["n"]
            number = 1.0 if said in ("a", "an") else float(WORD_NUMBERS.get(said, 0) or said)
            earlier, later = pair(first, last)
            cond = Cond("apart", later, op, (number,), earlier, first=first)
            cond.match, cond.unit = "unit", found["unit"].rstrip("s")
            yield Unit("P", first, last, cond, _GAIN * (last - first))
