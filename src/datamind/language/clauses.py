"""Clauses that say what a column holds, as it is described or called: `revenue by where the order
was placed`, `members by how they found us`.

A column answers how, why, where or who where its description begins with that word, or where its
name ends in a noun for it: the payment method is how somebody pays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from datamind.language import names
from datamind.language.candidates import PEOPLE, Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.index import Index
from datamind.language.kinds import KEYS
from datamind.language.linking import Linker
from datamind.language.sketch import Cond, Mention
from datamind.language.tables.clauses import ACTS, NOUNS, SAME, WAYS
from datamind.language.tables.keywords import SOFT, STOP
from datamind.language.tokens import Token, is_participle, lemma, stem, tokenize
from datamind.language.units import Unit
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column, Table

_ASKING = frozenset({"where", "how", "who", "why", "when", "what"})
_BEFORE = frozenset({"by", "per", "on", "and", "of", "to", ",", "or", "each", "every", "the"})
_REACH = 8  # words that a clause has at most
_GAIN = 0.9
_SO_MUCH = frozenset("many much often long soon few little".split())
_FREELY = frozenset({"how", "why", "where"})  # asked in many ways, with other verbs too
_AFTER = frozenset({"us", "it", "them", "our", "the", "shop", "school", "company", "site", "store"})
_LEADING = frozenset({"to", "of", "about", "for", "from", "back", "with", "at", "by"})


@dataclass(frozen=True, slots=True)
class Told:
    """What a column answers: the asking word, and for each thing said the stems that say it."""

    column: Column
    asking: str
    needed: tuple[frozenset[str], ...]
    known: frozenset[str]  # stems that its table goes by: `they` stands for those


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """A column for each clause that says what it holds."""
    for at in range(1, len(tokens)):
        asking, start = _asked(tokens, at)
        if not asking or tokens[at - 1].lower not in _BEFORE:
            continue
        found = {
            t.column.id: (t.column, end) for t in told(index)
            if t.asking == asking and (end := _end(t, tokens, start))
        }  # fmt: skip
        if found:
            last = max(end for _, end in found.values())
            meant = tuple(
                Candidate("column", c.id, c.table, 0.95, "name", type=c.type)
                for c, end in found.values() if end == last
            )  # fmt: skip
            last = _with_ending(tokens, last)
            yield Unit("c", at, last, meant, _GAIN * (last - at))


def values(linker: Linker, tokens: Sequence[Token]) -> Iterator[Unit]:
    """`came to us through friends`: a value of the column that says how they came."""
    asked = [t for t in told(linker.index) if t.asking in _FREELY and len(t.needed) == 1]
    for at, token in enumerate(tokens):
        if token.kind != "word" or not is_participle(token):
            continue
        start = at + 1
        while start < min(at + 6, len(tokens)) and tokens[start].lower in _JOINING:
            start += 1
        if not _THROUGH & {t.lower for t in tokens[at + 1 : start]}:
            continue
        fitting = {t.column.id for t in asked if stem(token.lower) in t.needed[0]}
        for last in range(min(start + 3, len(tokens)), start, -1):
            meant = [v for v in linker.values(start, last) if v.id in fitting]
            if meant and meant[0].source == "value":
                mention = Mention(start, last, tuple(meant), role="value")
                cond = Cond("value", mention=mention, first=at)
                yield Unit("P", at, last, cond, _GAIN * (last - at))
                break


_THROUGH = frozenset("through via by over from because with due".split())
_JOINING = _THROUGH | frozenset("us to it of the a an our their on in thanks".split())


def _asked(tokens: Sequence[Token], at: int) -> tuple[str, int]:
    """The asking word here, or the noun that stands for it, and where its clause goes on."""
    word = tokens[at].lower
    after = tokens[at + 1].lower if at + 1 < len(tokens) else ""
    if word in _ASKING:
        return (word, at + 1) if after not in _SO_MUCH else ("", at)
    return NOUNS.get(tokens[at].lemma, ""), at + 1


def _with_ending(tokens: Sequence[Token], last: int) -> int:
    """The place after `us`, `to us`, `for it`, which belong to the clause."""
    at = last
    while at < len(tokens) and tokens[at].lower in _LEADING and at < last + 2:
        at += 1
    return at + 1 if at < len(tokens) and tokens[at].lower in ("us", "it", "them") else last


def told(index: Index) -> list[Told]:
    """What the columns of the view answer, by their descriptions and names; kept for the last."""
    known = _KNOWN.get(id(index))
    if known is None or known[0] is not index:
        made = [
            t for table in index.view.tables for column in table.columns
            if (t := _described(column, table, index) or _called(column, table, index))
        ]  # fmt: skip
        _KNOWN.clear()
        known = _KNOWN[id(index)] = (index, made)
    return known[1]


_KNOWN: dict[int, tuple[Index, list[Told]]] = {}


def _described(column: Column, table: Table, index: Index) -> Told | None:
    """What its description asks: `How it was paid`."""
    said = tokenize(column.description.split(".")[0].split(";")[0])
    if not said or said[0].lower not in _ASKING:
        return None
    known = _stems_of(table, index)
    roots = sorted(_content(said[1:]) - known)
    freely = said[0].lower in _FREELY
    needed = [_same(root) if freely else frozenset({root}) for root in roots]
    return Told(column, said[0].lower, tuple(needed), known) if needed else None


def _called(column: Column, table: Table, index: Index) -> Told | None:
    """What its name asks: a payment method how, a reason of returns why."""
    words = names.words_of(column.name)
    asking = WAYS.get(words[-1], "") if column.type == "text" else ""
    if not asking or KEYS & set(words):
        return None
    own = names.words_of(table.entity or table.name)
    about = [w for w in words[:-1] if w in ACTS] or [w for w in own[-1:] if w in ACTS]
    if not about or (len(words) > 1 and words[-2] not in ACTS):
        return None
    verbs = frozenset(stem(v) for v in ACTS[about[-1]].split()) | {stem(about[-1])}
    return Told(column, asking, (verbs,), _stems_of(table, index))


def _stems_of(table: Table, index: Index) -> frozenset[str]:
    """The stems of what its rows are called."""
    return frozenset(
        stem(w) for i in index.items if i.kind == "table" and i.table == table.id for w in i.core
    )


@lru_cache(maxsize=256)
def _same(root: str) -> frozenset[str]:
    groups = [frozenset(stem(w) for w in group.split()) for group in SAME]
    return frozenset({root}).union(*(g for g in groups if root in g))


def _end(asked: Told, tokens: Sequence[Token], start: int) -> int:
    """Where the clause ends that says all that the column answers, and no more; 0 for none."""
    left = list(asked.needed)
    wanted = frozenset().union(*left)
    for place in range(start, min(start + _REACH, len(tokens))):
        token = tokens[place]
        said = _content([token])
        if token.kind == "mark" or not said <= wanted | asked.known | _PERSONS:
            break
        left = [needed for needed in left if not needed & said]
        if not left and said:
            return place + 1
    return 0


_PERSONS = frozenset(stem(lemma(w)) for w in PEOPLE) | {"custom", "client", "memb", "user"}


def _content(tokens: Sequence[Token]) -> set[str]:
    return {
        stem(t.lower) for t in tokens
        if t.kind == "word" and t.lower not in STOP
        and (t.lower not in SOFT or t.lower in ("know", "find", "get"))
    }  # fmt: skip


def heed_clauses(nodes: Sequence[object], units: Sequence[Unit], ctx: Context) -> None:
    """Unbuildable, where the clause that tells how to group was not understood, or by how much
    something changed was asked and nothing is subtracted."""
    said = [w.lower() for w in ctx.words]
    meant = {u.first for u in units if u.code == "c"}
    for at, (by, word, after) in enumerate(zip(said, said[1:], [*said[2:], ""], strict=False)):
        if by != "by" or word not in _CLAUSES or at + 1 in meant:
            continue
        if after not in ("much", "many"):
            raise Unbuildable("by what it is grouped was said")
        if _GROWING & set(said) and not any(isinstance(n, P.Window | P.Arithmetic) for n in nodes):
            raise Unbuildable("by how much it changed was asked")


_GROWING = frozenset("grow grew grown increase increased rise risen rose fall fell fallen".split())
_CLAUSES = frozenset({"where", "how", "who", "why", "when"})
