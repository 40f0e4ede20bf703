"""All of a few: who bought in `all three channels`, and the list that says which they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from datamind.language.candidates import Candidate
from datamind.language.linking import Linker
from datamind.language.sketch import Cond, Mention
from datamind.language.tables.keywords import AND
from datamind.language.tables.times import WORD_NUMBERS
from datamind.language.tokens import Token, joined
from datamind.language.units import Unit

_N = r"two|three|four|five|six|seven|eight|nine|ten|\d{1,2}"
_ALL = re.compile(
    rf"(?<!\S)(?:all|each|every one) (?:of )?(?:the |our |its |their )?(?:(?P<n>{_N}) )?"
    rf"(?:of (?:the |our )?)?(?P<noun>[a-z]+)(?: (?P<more>[a-z]+))?(?P<list> [(:])?(?!\S)"
)
_SURE = 0.85  # what a name must score to be the column that is meant
_GAIN = 1.1  # for each word: more than for its words one by one


def units(linker: Linker, tokens: list[Token]) -> Iterator[Unit]:
    """`all three channels` as a condition on how many a thing has; before a list of its values,
    as the `both` of so many."""
    if not any(t.lower in ("all", "each", "every") for t in tokens):
        return
    text, starts, ends = joined(tokens)
    for found in _ALL.finditer(text):
        first, end = starts[found.start()], ends[found.end()]
        noun = starts[found.start("noun")]
        if not (first and tokens[first - 1].kind == "word"):
            continue  # `in all`, `used all`; not `all three` at the start
        for last in dict.fromkeys((noun + 1, end - bool(found["list"]))):
            opened = found["list"] is not None and last == end - 1
            yield from _told(linker, first, noun, last, found["n"], opened)


def _told(
    linker: Linker, first: int, noun: int, last: int, number: str | None, opened: bool
) -> Iterator[Unit]:
    columns = _columns(linker, noun, last)
    listed = last + opened
    if columns and _lists(linker, listed, {c.id for c in columns}):
        yield Unit(AND, first, listed, "both", _GAIN * (listed - first))
    elif number and not opened:
        many = float(WORD_NUMBERS.get(number, 0) or number)
        meant = tuple(c for c in columns if linker.index.view.column(c.id).distinct == many)
        if meant:
            about = Mention(first, last, meant, role="relation")
            cond = Cond("related", about, "=", (many,), match="every", first=first)
            yield Unit("P", first, last, cond, _GAIN * (last - first))


def _columns(linker: Linker, first: int, last: int) -> list[Candidate]:
    """The columns of text that go by these words."""
    return [
        c for c in linker.concepts(first, last)
        if c.kind == "column" and c.score >= _SURE and c.type == "text"
    ]  # fmt: skip


def _lists(linker: Linker, at: int, columns: set[str]) -> bool:
    """Whether a value of one of these columns comes next."""
    if at >= len(linker.tokens):
        return False
    ahead = linker.values(at, at + 1) or (
        linker.values(at, at + 2) if at + 2 <= len(linker.tokens) else []
    )
    return any(c.id in columns for c in ahead)
