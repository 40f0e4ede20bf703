"""Contests: `Which brings in more revenue, online or app?` is read as `revenue, online vs app`.

Two or more values of one column are said with `or`, and a word compares them: the figures of all
are the answer, the one that is ahead first. What is faster is told by the column that keeps how
long it takes, what is more popular by the number of rows. Where nothing is left that could be
compared, the words stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datamind.language.index import Index, normal, synonyms
from datamind.language.kept import columns, only
from datamind.language.names import words_of
from datamind.language.tokens import Kind, Token, lemma

_ASKING = frozenset({"which", "who", "what", "where"})
_HELPING = frozenset("is are was were do does did has have had can".split())
_MORE = frozenset(
    "more higher better bigger larger greater most highest best biggest largest".split()
)
_LESS = frozenset("less fewer lower smaller worse least fewest lowest smallest worst".split())
_LONG, _SHORT = frozenset({"longer", "slower"}), frozenset({"shorter", "faster", "quicker"})
_AHEAD = _MORE | _LONG
_COMPARING = _MORE | _LESS | _LONG | _SHORT
_LEADING = frozenset("in from at on with by for the a an our of".split())
_EMPTY = _LEADING | _HELPING | frozenset("we they one ones us two these them there get".split())
_TAKING = frozenset("take takes took taking work works worked run runs usually on average".split())
_USED = frozenset("used common popular frequent frequently often usual chosen".split())
_LONGEST = 5  # words of a value


@dataclass(frozen=True, slots=True)
class _Sides:
    """Where the values stand, their columns, and the words of each."""

    first: int
    last: int
    columns: frozenset[str]
    values: tuple[Sequence[Token], ...]


def read(tokens: Sequence[Token], index: Index) -> list[Token]:
    """The tokens, with who is ahead of whom said as both of their figures."""
    tokens = _either(tokens, index)
    words = [t.lower for t in tokens]
    if "or" not in words or "than" in words or not _COMPARING & set(words):
        return list(tokens)
    sides = _sides(tokens, words.index("or"), index)
    if sides is None:
        return list(tokens)
    rest, tail = _asked(tokens, sides)
    compared = [t for t in rest if t.lower in _COMPARING]
    figure = _figure(rest, compared[0], sides, index) if len(compared) == 1 else []
    if not figure:
        return list(tokens)
    where = tokens[sides.first]
    out = [*figure, _word(",", where)]
    for at, value in enumerate(sides.values):
        out += [_word("vs", where), *value] if at else value
    order = "highest first" if compared[0].lower in _AHEAD else "lowest first"
    return [*out, *tail, _word(",", where), *_words(order, where)]


def _either(tokens: Sequence[Token], index: Index) -> Sequence[Token]:
    """`Is` the ferry `faster than` the bus: which of both is, the ferry `or` the bus."""
    words = [t.lower for t in tokens]
    if words.count("than") != 1 or "or" in words or words[0] not in _HELPING:
        return tokens
    than = words.index("than")
    last, _, one = _after(tokens, 1, index)
    end, _, other = _after(tokens, than + 1, index)
    between = tokens[last:than]
    if not one & other or sum(t.lower in _LONG | _SHORT for t in between) != 1:
        return tokens  # `more` may be of anything: it is for the differences
    first = tokens[0]
    mark, either = _word(",", first), _word("or", tokens[than])
    sides = [*tokens[1:last], either, *tokens[than + 1 : end]]
    return [_word("which", first), *between, mark, *sides, *tokens[end:]]


def _asked(tokens: Sequence[Token], sides: _Sides) -> tuple[list[Token], list[Token]]:
    """What is compared, if it is asked who is ahead, and what is said behind the values."""
    before, after = list(tokens[: sides.first]), list(tokens[sides.last :])
    said = [t.lower for t in before if t.kind == "word"]
    if not before:  # `gold or silver members, who ...`
        comma = next((n for n, t in enumerate(after[:3]) if t.text == ","), len(after))
        asks = bool(after[comma + 1 :]) and after[comma + 1].lower in _ASKING
        return (_plain(after[comma + 1 :]), after[:comma]) if asks else ([], [])
    if said and said[0] in _HELPING and before[0].kind == "word":
        behind = any(t.lower in _COMPARING for t in before)
        return (_plain(before), _plain(after)) if behind else (_plain(before + after), [])
    comma = next((n for n, t in enumerate(before) if t.text in (",", ":", "-", "?")), 0)
    if said[:1] == ["between"] or not said or said[0] not in _ASKING or not comma:
        return [], []
    noun = before[comma + 1 :]  # `who pays more, members from Turku or Oulu?`
    if any(t.kind == "mark" for t in noun):
        return [], []  # one more side, which is no value
    return _plain(before[:comma]), [*_plain(after), *_plain(noun)]


def _plain(tokens: Sequence[Token]) -> list[Token]:
    return [t for t in tokens if t.kind != "mark"]


def _figure(rest: Sequence[Token], compared: Token, sides: _Sides, index: Index) -> list[Token]:
    """What the sides are compared by; nothing where that is not said."""
    own = {w for c in sides.columns for w in index.column_words.get(c, ())}
    left = list(rest)
    if left[0].lower in _ASKING | _HELPING:
        noun = left.pop(0).lower in ("which", "what")
        while noun and left and left[0].lemma in own:
            left.pop(0)
    at = left.index(compared)
    begin = at
    while begin and left[begin - 1].lower in ("the", "a", "much"):
        begin -= 1
    left[begin : at + 1] = []
    said = {t.lower for t in left} - _EMPTY
    tables = {c.rpartition(".")[0] for c in sides.columns}
    if said <= _TAKING and compared.lower in _LONG | _SHORT:
        found = only([c for c in columns(index) if c.table in tables])
        return _words(f"average {' '.join(words_of(found.name))}", compared) if found else []
    if said and said <= _USED and len(tables) == 1:
        return _words(f"number of {tables.pop().rpartition('.')[2]}", compared)
    if not said or compared.lower in ("slower", "faster", "quicker"):
        return []
    while left[0].lower in ("of", "the", "these", "those", "them", "two"):
        left.pop(0)
    return [t for t in left if t.lower not in ("we", "do", "does", "did", "have", "has", "had")]


def _sides(tokens: Sequence[Token], at: int, index: Index) -> _Sides | None:
    """The values around the `or`, where they are of one column."""
    last, right, columns = _after(tokens, at + 1, index)
    values: list[Sequence[Token]] = [right]
    end = at
    while columns:
        first, left, held = _before(tokens, end, index)
        if not held & columns:
            break
        columns &= held
        values.insert(0, left)
        at = first
        if not first or tokens[first - 1].text != ",":
            break
        end = first - 1
    if len(values) < 2 or not columns:
        return None
    return _Sides(at, last, columns, tuple(values))


def _after(
    tokens: Sequence[Token], at: int, index: Index
) -> tuple[int, Sequence[Token], frozenset[str]]:
    """The value that begins here, with where it ends and the columns that hold it."""
    while at < len(tokens) and tokens[at].lower in _LEADING:
        at += 1
    for last in range(min(len(tokens), at + _LONGEST), at, -1):
        value, columns = _held(tokens[at:last], index)
        if columns:
            return last, value, columns
    return at, (), frozenset()


def _before(
    tokens: Sequence[Token], end: int, index: Index
) -> tuple[int, Sequence[Token], frozenset[str]]:
    """The value that ends here, with where it begins and the columns that hold it."""
    for first in range(max(0, end - _LONGEST), end):
        value, columns = _held(tokens[first:end], index)
        if columns:
            start = first
            while start and tokens[start - 1].lower in _LEADING:
                start -= 1
            return start, value, columns
    return end, (), frozenset()


def _held(tokens: Sequence[Token], index: Index) -> tuple[Sequence[Token], frozenset[str]]:
    """The words as a value, in the singular or as they are, or one that means the same, with the
    columns that hold it."""
    if any(t.kind == "mark" for t in (tokens[0], tokens[-1])):
        return tokens, frozenset()
    said = {normal(" ".join(t.lower for t in tokens)), normal(" ".join(t.lemma for t in tokens))}
    columns = frozenset(column for text in said for column, _ in index.values.get(text, ()))
    if columns or len(tokens) > 1:
        return tokens, columns
    alike = sorted(w for w in synonyms().get(tokens[0].lemma, ()) if w in index.values)
    meant = [_word(w, tokens[0]) for w in alike[:1]]
    return meant, frozenset(column for t in meant for column, _ in index.values[t.lower])


def _words(text: str, place: Token) -> list[Token]:
    return [_word(w, place) for w in text.split()]


def _word(text: str, place: Token) -> Token:
    kind: Kind = "mark" if text == "," else "word"
    return Token(text, text, lemma(text), kind, place.start, place.end)
