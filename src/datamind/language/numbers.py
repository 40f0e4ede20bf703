"""Numbers: figures, ordinals and tops of a question as units."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from datamind.language.dates import WORD_NUMBERS, clock
from datamind.language.tables import keywords as K
from datamind.language.tokens import Token
from datamind.language.units import Comparison, Percent, Top, Unit


def numbers(tokens: list[Token]) -> Iterator[Unit]:
    """Units for every number, in figures or in words."""
    yield from _percentiles(tokens)
    for at, _token in enumerate(tokens):
        value = _number_at(tokens, at)
        if value is None:
            continue
        if (
            re.fullmatch(r"(?:19|20)\d\d", tokens[at].lower)
            and at
            and tokens[at - 1].lower in _DATING
        ):
            continue  # `in 2026` is a year, never the row of that number
        last, value = _scaled(tokens, at, value)
        percent = tokens[at].lower.endswith(("%", "percent")) or (
            last < len(tokens) and tokens[last].lower in ("%", "percent", "pct")
        )
        value = Percent(value) if percent and isinstance(value, float) else value
        yield Unit("N" if _is_ordinal(tokens[at]) else "n", at, last, value, 0.6 * (last - at))
        yield from _tops(tokens, at, value)
        yield from _split_or_more(tokens, at, last, value)
        yield from _times(tokens, at, last, value)
        yield from _only(tokens, at, last, value)
        tail = tuple(t.lower for t in tokens[last : last + 2])
        for words, op in _OR_MORE:
            if tail[: len(words)] == words:
                yield Unit("p", at, last + len(words), Comparison(op, value), 1.5)


_DATING = frozenset({"in", "since", "during"})


def _percentiles(tokens: list[Token]) -> Iterator[Unit]:
    """`p90`, `the 95th percentile of`: an aggregate like the median."""
    for at, token in enumerate(tokens):
        short = re.fullmatch(r"p(\d{1,2})|(\d{1,2})(?:st|nd|rd|th)", token.lower)
        if short is None:
            continue
        last = at + 1
        if short[2]:
            if last >= len(tokens) or tokens[last].lemma != "percentile":
                continue
            last += 1
        last += last < len(tokens) and tokens[last].lower == "of"
        yield Unit(K.AGGREGATE, at, last, f"p{short[1] or short[2]}", 0.9 * (last - at))


def _is_ordinal(token: Token) -> bool:
    return token.lower in _ORDINALS or token.lower.endswith(("1st", "2nd", "3rd", "th"))


_ORDINALS = {
    "third": 3.0, "fourth": 4.0, "fifth": 5.0, "sixth": 6.0, "seventh": 7.0, "eighth": 8.0,
    "ninth": 9.0, "tenth": 10.0, "eleventh": 11.0, "twelfth": 12.0,
}  # fmt: skip

_OR_MORE = (
    (("or", "more"), ">="), (("or", "greater"), ">="), (("or", "higher"), ">="),
    (("or", "above"), ">="), (("or", "over"), ">="), (("and", "above"), ">="), (("+",), ">="),
    (("or", "less"), "<="), (("or", "fewer"), "<="), (("or", "lower"), "<="),
    (("or", "below"), "<="), (("or", "under"), "<="), (("and", "below"), "<="),
    (("or", "later"), ">="), (("or", "earlier"), "<="), (("and", "over"), ">="),
)  # fmt: skip


_MORE = {("or", "more"): ">=", ("or", "fewer"): "<=", ("or", "less"): "<="}
_NOUN = 3  # at most so many words stand between a number and `or more`


def _split_or_more(
    tokens: list[Token], at: int, last: int, value: float | dt.time
) -> Iterator[Unit]:
    """`seven awards or more`: the noun stands between the number and what compares it."""
    for end in range(last + 1, min(last + 1 + _NOUN, len(tokens) - 1)):
        if any(t.kind != "word" for t in tokens[last:end]):
            return
        op = _MORE.get((tokens[end].lower, tokens[end + 1].lower))
        if op is not None:
            yield Unit("p", at, last, Comparison(op, value), 0.9)
            yield Unit(" ", end, end + 2, "", 1.2)
            return


def _only(tokens: list[Token], at: int, last: int, value: float | dt.time) -> Iterator[Unit]:
    """bought `only one` ticket: so many and no more; `list only 5` asks for so many."""
    before = [t.lower for t in tokens[max(0, at - 3) : at]]
    whole = isinstance(value, float) and not isinstance(value, Percent) and 0 < value < _MANY
    noun = last < len(tokens) and tokens[last].kind == "word" and tokens[last].lower not in K.STOP
    done = len(before) > 2 and before[-2] not in _ASKING and tokens[at - 2].kind == "word"
    if whole and noun and done and before[-1] in ("only", "just"):
        yield Unit("p", at - 1, last, Comparison("=", value), 0.75 * (last - at + 1))


_MANY = 100
_ASKING = frozenset(p.split()[-1] for p, _ in K.CODES[K.ASK]) | K.STOP - {"have", "has", "had"}
_TIMES = {"once": 1.0, "twice": 2.0}


def _times(tokens: list[Token], at: int, last: int, value: float | dt.time) -> Iterator[Unit]:
    """admitted `more than five times`: what the verb says is counted."""
    if last < len(tokens) and tokens[last].lower == "times" and isinstance(value, float):
        for first, op in _compared(tokens, at):
            yield Unit("p", first, last + 1, Comparison(op, value, True), 0.75 * (last + 1 - first))


def how_often(tokens: list[Token]) -> Iterator[Unit]:
    """`more than once`, `at least twice`."""
    for at, token in enumerate(tokens):
        for first, op in _compared(tokens, at) if token.lower in _TIMES else ():
            if first < at:
                made = Comparison(op, _TIMES[token.lower], True)
                yield Unit("p", first, at + 1, made, 0.75 * (at + 1 - first))


def factors(tokens: list[Token]) -> Iterator[Unit]:
    """`150% of` the average, `twice` the median: what it is multiplied by."""
    said = [t.lower for t in tokens]
    for at in range(len(said) if _MEANS & set(said) else 0):
        found = _FACTOR.match(" ".join(said[at : at + 7]))
        if found is None:
            continue
        value = _MULTIPLES.get(found["word"]) or _number_at(tokens, at)
        if isinstance(value, float):
            last = at + len(found["factor"].split())
            scale = 100 if found["percent"] else 1
            yield Unit("k", at, last, value / scale, 1.5 * (last - at))


def nth(tokens: list[Token]) -> Iterator[Unit]:
    """`second highest`, `3rd most expensive`: the superlative, and at which place (ordering.py)."""
    for at, token in enumerate(tokens):
        for last in range(min(at + 4, len(tokens)), at + 1, -1) if token.lower in PLACES else ():
            phrase = " ".join(t.lower for t in tokens[at + 1 : last])
            if phrase in K.SUPERLATIVES:
                yield Unit(K.SUPERLATIVE, at, last, phrase, 1.2 * (last - at))
                break


PLACES = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5}


def multiples(tokens: list[Token]) -> Iterator[Unit]:
    """priced above `twice the` cost: by what the other is multiplied."""
    for at, token in enumerate(tokens):
        before = [t.lower for t in tokens[max(0, at - 2) : at]]
        last = at + 1
        value: float | dt.time | None = _MULTIPLES.get(token.lower)
        if value is None and last < len(tokens) and tokens[last].lower == "times":
            value, last = _number_at(tokens, at), at + 2
        first = last
        if not isinstance(value, float) or before[-1:] == ["a"] or not _BOUNDS & set(before):
            continue
        while last < len(tokens) and tokens[last].lower in _WHOSE:
            last += 1
        own = not _MEANS & {t.lower for t in tokens[last : last + 4]}  # of an average: factors
        if own and last > first and last < len(tokens) and tokens[last].kind == "word":
            yield Unit("k", at, last, value, 1.5 * (last - at))


_BOUNDS = frozenset("than least most above over below under exceeds exceed exceeding".split())
_WHOSE = frozenset("the its their his her our of".split())
_MEANS = frozenset({"average", "avg", "mean", "median"})
_MULTIPLES = {"twice": 2.0, "double": 2.0, "triple": 3.0, "half": 0.5}
_FACTOR = re.compile(
    r"(?P<factor>(?P<word>[\w.]+)(?P<percent> ?(?:%|percent))?(?: times| of)*)"
    r"(?: the| our| its| their)* (?:overall )?(?:average|avg|mean|median)\b"
)


def _compared(tokens: list[Token], at: int) -> Iterator[tuple[int, str]]:
    """Where the words begin that compare the number at this place, and how."""
    yield at, "="
    for phrase, op in K.CODES[K.COMPARE]:
        words = phrase.split()
        first = at - len(words)
        if first >= 0 and [t.lower for t in tokens[first:at]] == words:
            yield first, op


_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9}


def _scaled(tokens: list[Token], at: int, value: float | dt.time) -> tuple[int, float | dt.time]:
    """`a hundred thousand`, `2 million`: the scale words that follow are taken in."""
    last = at + 1
    while last < len(tokens) and tokens[last].lower in _SCALES and isinstance(value, float):
        value *= _SCALES[tokens[last].lower]
        last += 1
    return last, value


def _number_at(tokens: list[Token], at: int) -> float | dt.time | None:
    token = tokens[at]
    if token.kind == "number":
        return token.value
    if token.kind != "word":
        return None
    time = clock(token.text)
    if time is not None:
        return time
    if token.lower in _SCALES:
        return _SCALES[token.lower]
    if token.lower in _ORDINALS:
        return _ORDINALS[token.lower]
    value = WORD_NUMBERS.get(token.lower)
    return float(value) if value is not None and token.lower != "second" else None


def _tops(tokens: list[Token], at: int, value: float | dt.time) -> Iterator[Unit]:
    """`top 5`, `first 3`, `latest 3`, `5 most expensive`: a limit, and with most the order."""
    if isinstance(value, dt.time) or value != int(value) or value < 1:
        return
    before = tokens[at - 1].lower if at else ""
    if before in ("first", "last"):
        top = Top(int(value), True, ("date",) if before == "last" else ())
        yield Unit(K.TOP, at - 1, at + 1, top, 1.4)
    for length in range(1, min(2, at) + 1):
        phrase = " ".join(t.lower for t in tokens[at - length : at])
        if phrase in K.SUPERLATIVES and before not in ("most", "least"):  # `at least 5`
            way, hints = K.SUPERLATIVES[phrase]
            told = () if before in ("best", "worst") else hints  # `best 5` may be by anything
            top = Top(int(value), way == "desc", told)
            yield Unit(K.TOP, at - length, at + 1, top, 0.4 + length)
    for length in range(min(2, len(tokens) - at - 1), 0, -1):
        phrase = " ".join(t.lower for t in tokens[at + 1 : at + 1 + length])
        if phrase in K.SUPERLATIVES:
            way, hints = K.SUPERLATIVES[phrase]
            yield Unit(
                K.TOP,
                at,
                at + 1 + length,
                Top(int(value), way == "desc", hints),
                1.7 if length == 1 else 2.7,  # more than `best` and `selling` apart
            )


_AMOUNTS = frozenset("a an the average avg mean half $ € £ budget".split())


def is_amount(tokens: list[Token], at: int) -> bool:
    """Whether what something may be over follows: a number, an average."""
    if at >= len(tokens):
        return False
    found = tokens[at]
    return found.kind == "number" or found.lower in _AMOUNTS or found.lower in WORD_NUMBERS
