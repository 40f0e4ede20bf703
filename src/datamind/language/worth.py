"""Worth: `orders over $500`, `invoices worth more than 1,000 euros`: what rows come to; `bikes that
cost more than 900`: their price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datamind.language import kept
from datamind.language.index import Index, normal
from datamind.language.scope import money_column
from datamind.language.sketch import Cond
from datamind.language.tables import keywords as K
from datamind.language.tokens import Token
from datamind.language.units import Unit

_ROLLED_UP = frozenset("average avg mean median total sum typical usual".split())
_LONGEST = 4  # words of a value
_GAIN = 1.2  # for each word: more than for the words one by one
_CURRENCIES = frozenset("dollar dollars usd $ euro euros eur € pound pounds gbp £ bucks".split())
_WORTH = frozenset("worth of for that which are were was with totalling totaling valued at".split())
_COSTS = frozenset({"cost", "costs", "costing", "priced"})
_PHRASES = tuple((tuple(p.split()), op) for p, op in K.CODES[K.COMPARE] if op in "<=>=")


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """Conditions on what the rows named before are worth, where the number is one of money."""
    for at, token in enumerate(tokens):
        if token.kind != "number" or token.value is None:
            continue
        last = at + 1
        told = token.text[:1] in _CURRENCIES or token.text[-1:] in _CURRENCIES
        if not told:
            told = last < len(tokens) and tokens[last].lower in _CURRENCIES
            last += told
        words, op = max(
            ((w, o) for w, o in _PHRASES if _ends_with(tokens[:at], w)),
            key=lambda found: len(found[0]), default=((), ""),
        )  # fmt: skip
        first = at - len(words)
        costs = first > 1 and tokens[first - 1].lower in _COSTS  # what is asked for it
        told = told or costs
        while first > 1 and tokens[first - 1].lower in (_WORTH | _COSTS if costs else _WORTH):
            first -= 1
        table = kept.named_table(index, tokens[first - 1], tokens[:first]) if first else None
        if table is None and first:
            table = _narrowed(index, tokens[:first])
        if not told or not op or table is None:
            continue
        column = money_column(index.view.table(table))
        if column is not None:
            about = kept.mention_of(column, first, last)
            cond = Cond("compare", about, op, (token.value,), first=first)
            yield Unit("P", first, last, cond, _GAIN * (last - first))


def _narrowed(index: Index, before: Sequence[Token]) -> str | None:
    """The only table that is named, where a value of its rows or a year ends the words: `orders`
    from Rome, `orders` in 2025."""
    said = list(before)
    if _ROLLED_UP & {t.lower for t in said}:
        return None  # the average of them may be meant
    year = said[-1].kind == "number" and [t.lower for t in said[-2:-1]] in (["in"], ["from"])
    if not year and len(said) > 1 and _is_kind(index, said[-1]):
        said.pop()  # the toys category
    stretches = (" ".join(t.lower for t in said[-n:]) for n in range(1, _LONGEST + 1))
    if not year and not any(normal(words) in index.values for words in stretches):
        return None
    named = (kept.named_table(index, t, before[: n + 1]) for n, t in enumerate(before))
    tables = {table for table in named if table is not None}
    return tables.pop() if len(tables) == 1 else None


def _is_kind(index: Index, token: Token) -> bool:
    """Whether the word is the name of a text column."""
    found = (index.items[p.item] for p in index.postings.get(token.lemma, ()))
    return any(
        i.kind == "column" and i.core == (token.lemma,) and index.view.column(i.id).type == "text"
        for i in found
    )


def _ends_with(tokens: Sequence[Token], words: tuple[str, ...]) -> bool:
    return tuple(t.lower for t in tokens[-len(words) :]) == words
