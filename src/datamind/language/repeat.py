"""Repeat customers: those who came more than once, by what people come for in this data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datamind.language import kept
from datamind.language.candidates import Candidate
from datamind.language.index import Index
from datamind.language.sketch import Cond, Mention
from datamind.language.tokens import Token
from datamind.language.units import Unit

_GAIN = 1.1  # for each word
_AGAIN = {("repeat",): ">", ("returning",): ">", ("recurring",): ">", ("repeated",): ">",
          ("one", "-", "time"): "=", ("one-time",): "=", ("one", "time"): "="}  # fmt: skip
# What people come for, the likeliest first.
_COMES_FOR = tuple(
    """order purchase booking reservation rental trip ride visit stay appointment session donation
    sale""".split()
)


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The condition on how often they came."""
    words = [t.lower for t in tokens]
    for at in range(len(tokens) - 1):
        for said, op in _AGAIN.items():
            last = at + len(said)
            known = any(w in index.values for w in (words[at], " ".join(said)))
            if tuple(words[at:last]) != said or last >= len(tokens) or known:
                continue
            people = kept.named_table(index, tokens[last], tokens)
            event = _event(index, people) if people in index.persons else None
            if event is not None:
                link = Candidate("table", event, event, 0.9, "grammar")
                about = Mention(at, last, (link,), role="relation")
                cond = Cond("related", about, op, (1.0,), first=at)
                yield Unit("P", at, last, cond, _GAIN * (last - at))


def _event(index: Index, people: str) -> str | None:
    """The table of what they come for."""
    refer = {r.table for r in index.view.relationships if r.to_table == people}
    for word in _COMES_FOR:
        found = {i.table for i in index.items if i.kind == "table" and tuple(i.core) == (word,)}
        if len(found & refer) == 1:
            return (found & refer).pop()
    return None
