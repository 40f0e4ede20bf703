"""Verbs that measure: `bikes that cost more than 500`, `parcels weighing over 5 kg`.

What they say of a thing is kept in a column of its own table: what it costs, how heavy it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datamind.language import names
from datamind.language.candidates import Candidate
from datamind.language.linking import Linker
from datamind.language.tables import keywords as K
from datamind.language.tokens import Token
from datamind.language.units import Unit
from datamind.semantics.catalog import Column, Table

_MONEY = ("price", "cost", "fare", "fee", "amount", "charge", "rate", "value")
# What each verb measures: words of the columns that keep it, the likeliest first.
_VERBS: dict[str, tuple[str, ...]] = {
    "cost": _MONEY, "costs": _MONEY, "costing": _MONEY, "priced": _MONEY,
    "weigh": ("weight",), "weighs": ("weight",), "weighing": ("weight",), "weighed": ("weight",),
}  # fmt: skip
_BETWEEN_THEM = frozenset("that which who did does do can".split())
_AMONG = frozenset({"between", "from", "at", "over", "under", "above", "below", "exactly"})
_FORMS = frozenset({"more", "less", "fewer", "at", "no", "the"})


def units(linker: Linker, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The column that keeps what the verb measures, where an amount follows; the unit after it."""
    for at, token in enumerate(tokens):
        hints = _VERBS.get(token.lower)
        if hints is None or not at or not _amount_follows(tokens, at + 1):
            continue
        noun = at - 1 - (tokens[at - 1].lower in _BETWEEN_THEM and at > 1)
        tables = [c.id for c in linker.concepts(noun, noun + 1) if c.kind == "table"]
        column = _kept(linker.index.view.table(tables[0]), hints) if tables else None
        if column is None:
            continue
        meant = Candidate("column", column.id, column.table, 1.0, "name", type=column.type)
        yield Unit("c", at, at + 1, (meant,), 1.0)
        for after in range(at + 2, min(at + 6, len(tokens))):
            if tokens[after].lemma in K.UNITS and tokens[after - 1].kind == "number":
                yield Unit(" ", after, after + 1, "", 0.9)


def _amount_follows(tokens: Sequence[Token], at: int) -> bool:
    following = [t.lower for t in tokens[at : at + 1]]
    return bool(following) and (following[0] in _FORMS or following[0] in _AMONG)


def _kept(table: Table, hints: Sequence[str]) -> Column | None:
    """The number of the table that goes by the first of these words that one does."""
    numbers = [c for c in table.columns if c.is_number and c.additivity != "none"]
    for hint in hints:
        found = [c for c in numbers if hint in names.words_of(c.name)]
        if found:
            return found[0]
    return None
