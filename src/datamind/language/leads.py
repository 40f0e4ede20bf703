"""Leads: a first sentence that asks how, where or for what reasons, read as what its answer is by.

`How did our members find us? Show their number for each way` asks for members by how they found
us; alone it asks for their number by that. Only what a column answers (clauses.py) is read so.
"""

from __future__ import annotations

from collections.abc import Sequence

from datamind.language.candidates import PEOPLE
from datamind.language.clauses import Told, told
from datamind.language.index import Index
from datamind.language.tokens import Token, lemma, stem

_HELPING = frozenset("did do does have has had are were is was".split())
_REASONS = frozenset({"reason", "motive", "cause", "way"})
_AFTER_VERB = frozenset("us it them back our the their to about of from with for".split())
_THINGS = frozenset("thing good stuff item product merchandise article order".split())
_ADVERBS = frozenset("first usually mostly typically originally normally actually mainly".split())
_WHICH = frozenset("who that which whose".split())
_EACH = frozenset({"each", "every", "per"})
_COUNTED = frozenset({"count", "counts", "number", "numbers", "split", "breakdown"})
_BY = frozenset({"by", "per", "for", "each"})
_SO_MANY = frozenset(
    "and how many often much times each of for in them it are there did is".split()
)


def read(tokens: Sequence[Token], index: Index) -> list[Token]:
    """The tokens with such a first sentence said plainly."""
    asking, start = _opening(tokens)
    if not asking:
        return list(tokens)
    end = _end(tokens, start)
    found = [
        (t, at) for t in told(index)
        if t.asking == asking and (at := _verb(t, tokens, start, end))
        and _is_about(t, tokens[start:at], index)
    ]  # fmt: skip
    if not found or len({at for _, at in found}) > 1:
        return list(tokens)
    return _plain(tokens, (asking, start, found[0][1], end), found[0][0])


def _opening(tokens: Sequence[Token]) -> tuple[str, int]:
    """The asking word with which the question begins, and where what it asks of begins."""
    said = [t.lower for t in tokens[:4]]
    if len(said) < 4:
        return "", 0
    if said[0] in ("how", "where") and said[1] in _HELPING:
        return said[0], 2
    if said[0] in ("for", "in") and said[1] in ("what", "which") and tokens[2].lemma in _REASONS:
        start = 4 if said[3] in _HELPING else 3
        return ("how" if tokens[2].lemma == "way" else "why"), start
    return "", 0


def _end(tokens: Sequence[Token], start: int) -> int:
    """Where the first sentence ends: at a mark, or before `and how many`."""
    for at in range(start, len(tokens)):
        if tokens[at].kind == "mark" and tokens[at].text in ".?!":
            return at
        if tokens[at].lower == "how" and tokens[at - 1].lower in ("and", ","):
            return at - 1 - (tokens[at - 2].text == ",")
    return len(tokens)


def _verb(asked: Told, tokens: Sequence[Token], start: int, end: int) -> int:
    """The place of the last word that says what the column answers; 0 where not all is said."""
    places = [
        next((n for n in range(start + 1, end) if stem(tokens[n].lower) in needed), 0)
        for needed in asked.needed
    ]
    return max(places) if all(places) else 0


def _is_about(asked: Told, subject: Sequence[Token], index: Index) -> bool:
    """Whether what is asked of are the rows of the column's table, those that it refers to, or the
    people behind them."""
    said = {stem(t.lower) for t in subject if t.kind == "word"}
    table = asked.column.table
    if said & asked.known:
        return True
    if asked.asking == "where":  # where customers come from is no matter of their visits
        return False
    if any(
        said & {stem(w) for w in words} and index.refers(table, other)
        for other, words in index.table_words.items()
    ):
        return True
    people = {t.lower for t in subject} & PEOPLE
    return bool(people) and (asked.asking == "why" or table in index.persons)


def _plain(tokens: Sequence[Token], places: tuple[str, int, int, int], asked: Told) -> list[Token]:
    """The question without its first sentence, or that sentence as a count by what it asks."""
    asking, start, verb, end = places
    subject = [t for t in tokens[start:verb] if t.lower not in _ADVERBS]
    rest = list(tokens[verb + 1 : end])
    while rest and (rest[0].lower in _AFTER_VERB or rest[0].lemma in _THINGS):
        rest.pop(0)
    clause = [*_words(f"{asking} they", tokens[verb]), tokens[verb]]
    after = [t for t in tokens[end:] if t.kind != "mark" or t.text not in ".?!"]
    if not after or {t.lower for t in after if t.kind == "word"} <= _SO_MANY:
        if {t.lower for t in subject} & PEOPLE and asked.asking == "why":
            name = asked.column.table.rsplit(".", 1)[-1]
            subject = [
                Token(name, name.lower(), name.lower(), "word", tokens[0].start, tokens[0].end)
            ]
        by = _words("by", tokens[verb])
        return [*_words("number of", tokens[0]), *subject, *rest, *by, *clause]
    said = [t.lower for t in subject]
    narrowed = rest or set(said) & _WHICH or any(t.kind == "number" for t in subject)
    then = _with_clause(tokens[end + 1 :], clause)
    if narrowed and {t.lower for t in then[:1]} <= _COUNTED and {t.lower for t in then[1:2]} <= _BY:
        return [*_words("number of", tokens[0]), *subject, *rest, *then[1:]]
    return [*subject, *rest, tokens[end], *then] if narrowed else then


def _with_clause(tokens: Sequence[Token], clause: Sequence[Token]) -> list[Token]:
    """What is asked then, with the clause in the place of `each way`."""
    out: list[Token] = []
    at = 0
    while at < len(tokens):
        out.append(tokens[at])
        at += 1
        if (
            tokens[at - 1].lower in _EACH
            and at < len(tokens)
            and tokens[at].lemma in _REASONS | {"one"}
        ):
            out += clause
            at += 1
    return out


def _words(text: str, place: Token) -> list[Token]:
    """New words at the place of one that was said."""
    return [Token(w, w, lemma(w), "word", place.start, place.end) for w in text.split()]
