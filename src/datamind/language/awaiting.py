"""What is still to happen to a row: `claims waiting to be settled`, `parcels awaiting delivery`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from datamind.language import names
from datamind.language.candidates import Candidate
from datamind.language.linking import Linker
from datamind.language.sketch import Cond, Mention
from datamind.language.tokens import Token, joined, stem, stretches
from datamind.language.units import Unit

_GAIN = 1.2  # for each word: more than for its words one by one
_FORM = re.compile(
    r"(?<!\S)(?:(?:that|which|who) )?(?:(?:are|is|were|was|have|has) )?(?:still )?"
    r"(?:waiting for(?: an?| the| their| its)?|waiting to be|awaiting(?: an?| the)?|yet to be"
    r"|still to be|pending) (?P<what>[a-z]+)(?= [,.?!;]| (?:in|at|by|per|for|of|from|and)(?!\S)|$)"
)


def units(linker: Linker, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The condition that the date on which it happens is still empty."""
    if not {"waiting", "awaiting", "yet", "still", "pending"} & {t.lower for t in tokens}:
        return
    for found, first, last in stretches(joined(tokens), _FORM):
        if not first or found["what"] in linker.index.values:
            continue
        dates = _dates(linker, first, stem(found["what"]))
        if len(dates) == 1:
            mention = Mention(first, last, (dates[0],), role="relation")
            cond = Cond("null", mention, first=first)
            yield Unit("P", first, last, cond, _GAIN * (last - first))


def _dates(linker: Linker, at: int, root: str) -> list[Candidate]:
    """The dates of what was named before that may be empty and are of what is to happen."""
    view = linker.index.view
    named = {c.id for n in range(at) for c in linker.concepts(n, n + 1)[:1] if c.kind == "table"}
    named |= {
        c.id for n in range(at - 1) for c in linker.concepts(n, n + 2)[:1] if c.kind == "table"
    }  # fmt: skip
    return [
        Candidate("column", c.id, c.table, 0.95, "name", type=c.type)
        for t in sorted(named) for c in view.table(t).columns
        if c.is_date and c.null_fraction and root in names.stems_of(c.name)
    ]  # fmt: skip
