"""Done to: `repaired bikes`, `returned products by brand` are those with a repair, a return."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datamind.language import kept
from datamind.language.candidates import Candidate
from datamind.language.index import Index, synonyms
from datamind.language.sketch import TOLD, Cond, Mention
from datamind.language.tables import keywords as K
from datamind.language.tokens import Token, is_participle, stem
from datamind.language.units import Unit

_GAIN = 0.95  # less than what the two words may name together
# What leads up to a noun; `most frequently ordered products` are ranked by it.
_LEADS = frozenset("the our all many of number list show which what share percentage how".split())


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The condition that something of the kind happened to them."""
    for at, token in enumerate(tokens[:-1]):
        if not is_participle(token) or (at and tokens[at - 1].lower not in _LEADS):
            continue
        if token.lower in index.values or token.lower in K.STOP:
            continue
        noun = kept.named_table(index, tokens[at + 1], tokens)
        event = _event(index, token) if noun else None
        refers = event is not None and any(
            r.table == event and r.to_table == noun for r in index.view.relationships
        )
        if event is None or not refers or event == noun:
            continue
        link = Candidate("table", event, event, 0.9, "name")
        cond = Cond("related", Mention(at, at + 1, (link,), role="relation"), match=TOLD, first=at)
        yield Unit("P", at, at + 1, cond, _GAIN)


def _event(index: Index, token: Token) -> str | None:
    """The one table whose rows are what was done."""
    found = (index.items[p.item] for p in index.stems.get(stem(token.lower), ()) if p.word >= 0)
    tables = {i.table for i in found if i.kind == "table" and len(i.core) == 1}
    if not tables:  # `paid` by their payments
        alike = (p for w in synonyms().get(token.lower, ()) for p in index.postings.get(w, ()))
        items = (index.items[p.item] for p in alike if p.word >= 0)
        tables = {i.table for i in items if i.kind == "table" and len(i.core) == 1}
    return tables.pop() if len(tables) == 1 else None
