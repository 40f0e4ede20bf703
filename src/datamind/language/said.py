"""Window words: the units of a question that ask for a window, and the words around averages."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from typing import TYPE_CHECKING

from datamind.language.candidates import Candidate
from datamind.language.sketch import Over
from datamind.language.tables import windows as W
from datamind.language.tables.times import MONTHS, UNITS, WORD_NUMBERS
from datamind.language.telling import GRAINS, PER_GRAIN
from datamind.language.tokens import Token

if TYPE_CHECKING:
    from datamind.language.units import Unit

Made = tuple[str, int, int, object, float]  # what a unit is made of


def units_said(tokens: Sequence[Token], values: Container[str] = ()) -> Iterator[Made]:
    """The code, place, payload and gain of every unit that asks for a window or leads to one."""
    lower = [t.lower if t.kind != "quoted" else "\0" for t in tokens]
    words = set(lower)
    if words & W.ASKING:
        yield from _phrases(lower, words)
    if words & {"weekday", "weekdays", "weekend", "weekends", "week", "day", "year", "calendar"}:
        yield from _parts(lower)
    if words & {"average", "mean", "median"} and "than" in words:
        yield from _than_average(lower)
    yield from _asked(lower)
    yield from _firsts(lower)
    yield from _averaged_grains(lower, values)


def _joined(lower: Sequence[str]) -> tuple[str, dict[int, int], dict[int, int]]:
    """The words as one text, and which token starts and ends at which character."""
    starts, ends, at = {}, {}, 0
    for place, word in enumerate(lower):
        if word == "-":  # `3-month` is three months
            continue
        starts[at] = place
        at += len(word)
        ends[at] = place + 1
        at += 1
    return " ".join(w for w in lower if w != "-"), starts, ends


_CHANGING = tuple(
    "chang grow grew differ increas decreas drop ris rose fell fall declin jump gain dip".split()
)


def _phrases(lower: Sequence[str], words: set[str]) -> Iterator[Made]:
    text, starts, ends = _joined(lower)
    changing = any(w.startswith(_CHANGING) for w in words) or bool(W.BEFORE.search(text))
    for kind, pattern in W.PHRASES:
        if kind == "since" and not changing:
            continue
        for found in pattern.finditer(text):
            first, last = starts.get(found.start()), ends.get(found.end())
            if first is None or last is None:
                continue
            if kind == "compare" and first > 1:
                continue
            gain = 1.1 * (last - first) if last - first > 1 else 0.6
            yield "W", first, last, _over(kind, found), gain
            if kind == "rose":
                yield from _set_against(text, found.end(), starts, ends)


def _set_against(
    text: str, at: int, starts: dict[int, int], ends: dict[int, int]
) -> Iterator[Made]:
    """`more in May than in April`, `down on last year`: the later words lead to what was before."""
    found = W.BEFORE.search(text, at)
    first, last = (starts.get(found.start()), ends.get(found.end())) if found else (None, None)
    if first is not None and last is not None:
        yield "t", first, last, "vs", 1.2 * (last - first)


def _over(kind: str, found: re.Match[str]) -> Over:
    said = {k: v for k, v in found.groupdict().items() if v}
    grain = said.get("grain") or said.get("grain_") or W.SHORT.get(said.get("short", ""))
    count = said.get("count")
    rows = (int(count) if count.isdigit() else WORD_NUMBERS.get(count, 0)) if count else 0
    inside = kind == "change" and found.group().startswith("from ")
    falls = bool(W.FALLS.search(found.group()))
    return Over(kind, grain, rows, bool(W.RATE.search(found.group())), inside=inside, falls=falls)


def _parts(lower: Sequence[str]) -> Iterator[Made]:
    """`day of the week`, `hour of the day`: a part of a date to group by."""
    text, starts, ends = _joined(lower)
    for part, pattern in W.PARTS:
        for found in pattern.finditer(text):
            first, last = starts.get(found.start()), ends.get(found.end())
            if first is not None and last is not None:
                candidates = (Candidate("grain", part, "", 0.9, "grammar"),)
                code = "m" if part == "weekend" else "c"  # either side is a group of its own
                yield code, first, last, candidates, 1.1 * (last - first)


_MORE = {"more": ">", "higher": ">", "larger": ">", "greater": ">", "bigger": ">", "longer": ">",
         "better": ">", "fewer": "<", "less": "<", "lower": "<", "smaller": "<", "shorter": "<",
         "worse": "<"}  # fmt: skip
_ADJECTIVES = 4  # at most so many words between `more` and `than`


def _than_average(lower: Sequence[str]) -> Iterator[Made]:
    """`more` trips `than` the average: the comparison stands before what is compared."""
    for at, word in enumerate(lower):
        if word not in _MORE:
            continue
        than = next((n for n in range(at + 2, min(at + 2 + _ADJECTIVES, len(lower)))
                     if lower[n] == "than"), None)  # fmt: skip
        if than is not None and {"average", "mean", "median"} & set(lower[than + 1 : than + 5]):
            yield ">", at, at + 1, _MORE[word], 1.2
            yield " ", than, than + 1, "", 0.6


_OPENERS = frozenset({"in", "on", "at", "during", "for"})
_PRONOUNS = frozenset({"them", "these", "those"})
_RANKED = (("rank", "of"), ("ranking", "of"), ("ranks", "of"), ("rank",))


def _asked(lower: Sequence[str]) -> Iterator[Made]:
    """`in which` month, `how many of them`, `rank` the stores."""
    for at, word in enumerate(lower):
        after = lower[at + 1] if at + 1 < len(lower) else ""
        if word in _OPENERS and after in ("which", "what") and (at == 0 or lower[at - 1] == ","):
            yield "q", at, at + 2, "which", 1.3
        if word in _OPENERS and at == 0 and tuple(lower[1:3]) == ("how", "many"):
            yield " ", 0, 1, "", 0.6
        if lower[at : at + 3] == ["how", "many", "of"] and _PRONOUNS & {*lower[at + 3 : at + 4]}:
            yield "H", at, at + 4, "", 3.0
        for phrase in _RANKED:
            if tuple(lower[at : at + len(phrase)]) == phrase and (len(phrase) > 1 or at <= 1):
                yield "K", at, at + len(phrase), "", 0.6 * len(phrase)


_EACH = frozenset({"each", "every", "per"})


def _firsts(lower: Sequence[str]) -> Iterator[Made]:
    """the `first` order of each customer: the earliest within each, the `last` the latest."""
    for at, word in enumerate(lower):
        if word not in ("first", "last") or at + 1 >= len(lower):
            continue
        after = lower[at + 1]
        if after in UNITS or after.removesuffix("s") in UNITS or after.isdigit() or after == "name":
            continue
        if _EACH & set(lower[at + 2 : at + 7]):
            yield "S", at, at + 1, "earliest" if word == "first" else "latest", 0.55


_AVERAGES = frozenset({"average", "avg", "mean", "maximum", "max", "minimum", "min", "median",
                       "highest", "lowest", "typical", "total"})  # fmt: skip


def _averaged_grains(lower: Sequence[str], values: Container[str]) -> Iterator[Made]:
    """average `monthly` sales: a period, though `monthly` is a value of the data too."""
    for at in range(1, len(lower)):
        if lower[at] in PER_GRAIN and lower[at - 1] in _AVERAGES and lower[at] in values:
            grain = (Candidate("grain", GRAINS[lower[at]], "", 0.9, "grammar"),)
            yield "m", at, at + 1, grain, 0.9


_AGAINST = re.compile(r"previous|prior|preceding|over[- ](the[- ])?(month|year|week|quarter|day)")


def defined(text: str) -> Over | None:
    """What a definition like `change versus the previous month, in percent` asks for."""
    lower = text.lower()
    if not _AGAINST.search(lower):
        return None
    grain = re.search(r"(hour|day|week|month|quarter|year)", lower)
    if grain is None:
        return None
    divided = "/" in lower or "divide" in lower
    rate = bool(W.RATE.search(lower)) or divided
    whole = divided and not re.search(r"percent|pct|%|100", lower)
    return Over("change", grain.group(1), 0, rate, 1 if whole else 100)


_BEFORE_NOUNS = frozenset("""of per each every an average latest last first recent highest largest
    biggest smallest lowest""".split())  # fmt: skip


def is_noun(tokens: Sequence[Token], at: int) -> bool:
    """Whether `order` is a thing here, as in `the latest order`, and no command to sort."""
    return at > 0 and tokens[at - 1].lower in _BEFORE_NOUNS


def is_done(tokens: Sequence[Token], at: int) -> bool:
    """`have never been ordered`, `who ordered the most`: what was done, no order of the rows."""
    before = [t.lower for t in tokens[max(0, at - 2) : at]]
    after = [t.lower for t in tokens[at + 1 : at + 4]]
    if after[:1] in (["this"], ["last"], ["since"], ["during"]) or (
        after[:1] in (["in"], ["on"]) and any(w in MONTHS or w.isdigit() for w in after[1:3])
    ):
        return True  # `who ordered in May`
    if after[:1] == ["the"] and after[1:2] in (["most"], ["least"]):
        return not after[2:] or not after[2].isalpha() or after[2] in _SAID_OF
    return bool({"been", "was", "were", "ever", "never", "has", "have"} & set(before)) and (
        after[:1] != ["by"]
    )


_SAID_OF = frozenset("in last this during since of from over on".split())


def units(tokens: Sequence[Token], values: Container[str], make: type[Unit]) -> list[Unit]:
    """The same as units of the lexer; `values` are the words that the data holds."""
    return [make(*parts) for parts in units_said(tokens, values)]
