"""Telling words: those of a phrase that any name does not already imply."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from datamind.language import names
from datamind.language.candidates import Candidate, function_words
from datamind.language.index import Index, Item
from datamind.language.names import words_of
from datamind.language.tables.keywords import STOP
from datamind.language.tables.times import WEEKDAYS
from datamind.language.tokens import Token, is_participle, lemma
from datamind.semantics.catalog import View

GRAINS = {
    "hour": "hour", "hourly": "hour", "day": "day", "daily": "day", "date": "day", "week": "week",
    "weekly": "week", "month": "month", "monthly": "month", "quarter": "quarter",
    "quarterly": "quarter", "year": "year", "yearly": "year", "annual": "year", "annually": "year",
}  # fmt: skip
PER_GRAIN = frozenset("""hourly daily weekly monthly quarterly yearly annual annually""".split())
# Words that may go with any column's name: the country `name`, the `value` of the rating.
ABSORBED = frozenset({"name", "value", "field"})
NUMBER, NUMBERED = frozenset({"number"}), frozenset({"phone", "mobile", "fax", "telephone"})
ADDRESS, ADDRESSED = frozenset({"address"}), frozenset({"email", "mail", "ip", "web", "url"})


WORTH = frozenset(
    """amount revenue value turnover income volume proceeds spend spending earning""".split()
)


def telling_of(content: Sequence[int], tokens: Sequence[Token]) -> list[int]:
    """The places of the words that any column's name does not already imply."""
    spare = ABSORBED | ADDRESS | NUMBER
    kept = content[1:] if is_kind_of(tokens, content[0]) else content
    return [at for at in kept if tokens[at].lemma not in spare] or list(content)


_KINDS = frozenset({"type", "kind", "sort"})


def is_kind_of(tokens: Sequence[Token], at: int) -> bool:
    """`type of` service: the services, unless something has both words in its name."""
    return tokens[at].lemma in _KINDS and at + 1 < len(tokens) and tokens[at + 1].lower == "of"


def is_other(item: Item, tokens: Sequence[Token], content: Sequence[int]) -> bool:
    """Whether the words mean something else than what is called so: `orders per customer` are a
    figure for each of another, and `which customers bought` asks who did, for no figure."""
    first, last = content[0], content[-1]
    if item.synonym and any(tokens[at].lower == "per" for at in range(first, last)):
        return True
    if item.kind == "metric" and _is_part(tokens, first, last):
        return True
    asked = item.kind == "metric" and first > 0 and tokens[first - 1].lower == "which"
    verb = last == first + 1 and is_participle(tokens[last])
    return asked and verb and tokens[first].lower != tokens[first].lemma


def is_of_another(item: Item, word: str, view: View) -> bool:
    """Whether a column is meant by another of its names, where one beside it is called so."""
    if item.kind != "column":
        return False
    named = [c for c in view.table(item.table).columns if word in words_of(c.name)]
    return bool(named) and item.id not in {c.id for c in named}


_PART = frozenset({"percentage", "percent", "share", "proportion", "fraction"})
_SAID_OF = frozenset("is are was were because due came come have had that which who".split())


def _is_part(tokens: Sequence[Token], first: int, last: int) -> bool:
    """`percentage of returns were late`: a part of the returns, not the figure of that name."""
    after = tokens[last + 1].lower if last + 1 < len(tokens) else ""
    if last < first + 2 or after not in _SAID_OF:
        return False
    return tokens[first].lemma in _PART and tokens[first + 1].lower == "of"


def grains(token: Token) -> list[Candidate]:
    """The grain of time or the days of the week that a word is."""
    out = []
    if token.lower in GRAINS or token.lemma in GRAINS:
        grain = GRAINS.get(token.lower) or GRAINS[token.lemma]
        out.append(Candidate("grain", grain, "", 0.8, "grammar"))
    if token.lower in WEEKDAYS or token.lemma in WEEKDAYS:
        day = WEEKDAYS.get(token.lower) or WEEKDAYS[token.lemma]
        out.append(Candidate("weekday", str(day), "", 0.7, "grammar"))
    if token.lemma in ("weekend", "weekday"):
        out.append(Candidate("weekday", token.lemma, "", 0.9, "grammar"))
    return out


_ALSO_ADJECTIVES = frozenset({"display", "report", "output", "check", "state"})
_BEFORE_ADJECTIVES = frozenset("which what the of our all by many in for from with a any".split())
# Before a verb they say that it asks what was done.
_DID, _WE = frozenset({"did", "do", "does"}), frozenset({"we", "they", "you", "i", "people"})


def is_adjective(tokens: Sequence[Token], at: int) -> bool:
    """`which display campaigns`: a verb of asking asks only where a request begins."""
    before = tokens[at - 1].lower if at else ""
    return tokens[at].lower in _ALSO_ADJECTIVES and before in _BEFORE_ADJECTIVES


def is_asked(tokens: Sequence[Token], at: int) -> bool:
    """`how many matters did we open`: what was done, no state."""
    before = [t.lower for t in tokens[max(0, at - 2) : at]]
    return len(before) == 2 and before[0] in _DID and before[1] in _WE


_NAMING = frozenset({"each", "per", "by", "every", "the", "their", "its", "or", ",", "of"})
_DO, _MAKE = frozenset({"do", "does", "did"}), frozenset({"make", "makes", "made"})


def is_light(tokens: Sequence[Token], at: int) -> bool:
    """`how many calls did they make`, `calls made`: a verb that says only that they were done, and
    names neither what is called `did` nor the make of a thing."""
    word = tokens[at].lower
    if word == "made":
        return True
    if at == 0 or word not in _DO | _MAKE or tokens[at - 1].lower in _NAMING:
        return word in _DO and at == 0
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    ends = after is None or after.kind != "word" or after.lower in STOP | function_words()
    asked = any(t.lower in _DO for t in tokens[max(0, at - 5) : at - 1])
    return word in _DO or (ends and asked)


def is_done_to(tokens: Sequence[Token]) -> bool:
    """`placed an order`: a deed, not the figure that is called `orders placed`."""
    return len(tokens) > 2 and is_participle(tokens[0]) and tokens[1].lower in ("a", "an", "any")


def rows_of(candidate: Candidate, tokens: Sequence[Token], content: Sequence[int],
            index: Index) -> Candidate:  # fmt: skip
    """`customer orders` are orders, not the customers that they refer to."""
    if candidate.kind != "column" or candidate.id not in index.referred or len(content) < 2:
        return candidate
    noun = tokens[content[-1]].lemma
    column = index.view.column(candidate.id)
    head = names.split(index.view.table(column.table).name)[-1]
    pairs = pairwise(content)
    owns = any(tokens[b].start > tokens[a].end + 1 for a, b in pairs)  # `which depot's parcels`
    if owns or noun not in (head, lemma(head)) or noun in index.column_words[column.id]:
        return candidate
    return Candidate("table", column.table, column.table, 0.97, "name")
