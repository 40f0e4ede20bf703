"""The lexer: a question's tokens become units, the best covers by keywords, links and literals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from datamind.language import (
    differences,
    durations,
    fiscal,
    full_names,
    readers,
    soon,
    specs,
    two_dates,
)
from datamind.language.dates import Found, find_periods
from datamind.language.denials import denied
from datamind.language.happened import active, by_own_columns, gone
from datamind.language.index import GENERIC
from datamind.language.linking import MAX_WINDOW, Linker
from datamind.language.numbers import factors, how_often, is_amount, multiples, nth, numbers
from datamind.language.said import is_done, is_noun
from datamind.language.said import units as units_said
from datamind.language.sketch import Cond, Mention
from datamind.language.skips import follows, is_relating, skip
from datamind.language.tables import keywords as K
from datamind.language.telling import PER_GRAIN, is_asked, is_kind_of
from datamind.language.tokens import Token, is_participle
from datamind.language.units import Unit

KEPT_COVERS = 5
_WHOLE = 0.8  # how well a table fits the word `month`, where it is no figure of each month
ARC = 0.2  # what a link costs, so that one long link beats two short ones


@lru_cache(maxsize=1)
def _phrases() -> dict[str, list[tuple[tuple[str, ...], str, str]]]:
    """Keyword phrases by their first word."""
    out: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}
    for code, entries in K.CODES.items():
        for phrase, payload in entries:
            words = tuple(phrase.split())
            out.setdefault(words[0], []).append((words, code, payload))
    for phrase in K.SUPERLATIVES:
        words = tuple(phrase.split())
        out.setdefault(words[0], []).append((words, K.SUPERLATIVE, phrase))
    return out


@lru_cache(maxsize=1)
def _fillings() -> dict[str, list[tuple[str, ...]]]:
    """The phrases that say nothing, by their first word."""
    out: dict[str, list[tuple[str, ...]]] = {}
    for phrase in K.FILLERS:
        out.setdefault(phrase[0], []).append(phrase)
    return out


def covers(
    linker: Linker,
    today: dt.date,
    text_of: Sequence[Token],
    defined: Sequence[Unit] = (),
    width: int = 1,
) -> list[tuple[tuple[Unit, ...], float]]:
    """The best few ways to cut the tokens into units, with their gains.

    `defined` are units that definitions in the evidence add; `width` keeps so many times as many.
    """
    tokens = list(text_of)
    arcs: dict[int, list[Unit]] = {at: [] for at in range(len(tokens))}
    for unit in defined:
        arcs[unit.first].append(unit)
    for unit in _arcs(linker, tokens, today):
        arcs[unit.first].append(unit)
    best: list[list[tuple[float, tuple[Unit, ...]]]] = [[] for _ in range(len(tokens) + 1)]
    best[0] = [(0.0, ())]
    for at in range(len(tokens)):
        if not best[at]:
            continue
        best[at] = sorted(best[at], key=lambda e: -e[0])[: KEPT_COVERS * width]
        for gain, units in best[at]:
            for unit in arcs[at]:
                kept = units if unit.code == " " else (*units, unit)
                best[unit.last].append((gain + unit.gain, kept))
    seen: dict[str, tuple[tuple[Unit, ...], float]] = {}
    for gain, units in sorted(best[-1], key=lambda e: -e[0]):
        key = "".join(f"{u.code}{u.first}" for u in units)
        seen.setdefault(key, (by_own_columns(units, linker.index.view), gain))
    return list(seen.values())[: KEPT_COVERS * width]


# What has not ended: the word, and how surely it says so.
_OPEN = {"open": 0.6, "ongoing": 0.8, "unfinished": 0.8, "currently": 0.25, "current": 0.2,
         "still": 0.2}  # fmt: skip


def _arcs(linker: Linker, tokens: list[Token], today: dt.date) -> Iterator[Unit]:
    yield from _keywords(linker, tokens)
    yield from _firsts(linker, tokens)
    yield from specs.cuts(linker)
    yield from specs.shown_along(linker, tokens)
    yield from differences.units(tokens)
    yield from soon.units(linker.index, tokens)
    yield from differences.minus(linker, tokens)
    yield from _fillers(linker, tokens)
    yield from gone(tokens)
    yield from numbers(tokens)
    yield from how_often(tokens)
    yield from factors(tokens)
    yield from multiples(tokens)
    yield from nth(tokens)
    yield from units_said(tokens, linker.index.values, Unit)
    yield from readers.units(linker, tokens)
    yield from fiscal.units(tokens, linker.index.fiscal)
    periods = find_periods(tokens, today, linker.index.fiscal)
    for found in periods:
        yield from _period(found)
    yield from two_dates.units(linker, tokens, periods)
    sure = [(f.first, f.last) for f in periods if f.last > f.first + 1 and not f.period.unsure]
    for first in range(len(tokens)):
        yield skip(linker, tokens, first)
        following = tokens[first + 1].lower if first + 1 < len(tokens) else ""
        if (
            tokens[first].lower in _OPEN
            and following not in _OPEN
            and not linker.index.values.get(tokens[first].lower)
            and not (tokens[first].lower == "open" and is_asked(tokens, first))
        ):
            yield Unit("P", first, first + 1, Cond("open", first=first), _OPEN[tokens[first].lower])
        if tokens[first].lower == "active" and not linker.index.postings.get("active"):
            yield from active(linker.index, tokens, first)
        for last in range(first + 1, min(first + MAX_WINDOW, len(tokens)) + 1):
            if tokens[last - 1].kind == "mark" and tokens[last - 1].text not in (".", "-"):
                break
            if last > first + 1 and tokens[last - 1].lower in ("per", "each", "every"):
                continue  # `shipping costs per` month is no cost per parcel
            lone = last == first + 1 < len(tokens) and tokens[first].lower in ("first", "last")
            if lone and linker.matches[last] and tokens[last].lower not in ("and", "or"):
                continue  # the `last` parcel is no last day
            dated = any(low <= first and last <= high for low, high in sure)
            if dated and not any(v.source == "value" for v in linker.values(first, last)):
                continue  # `last` of `last year` is no last name
            if _is_done_by(linker, tokens, first, last):
                continue  # `which store opened` asks for the store, not for when it opened
            sells = tokens[first].lower == "selling"
            if (last > first + 1 or sells) and first and _ends_superlative(tokens, first):
                continue  # `selling products` after `best` are no products sold
            yield from _links(linker, tokens, first, last)


def _is_done_by(linker: Linker, tokens: list[Token], first: int, last: int) -> bool:
    """Whether it is a thing that is asked for, by its table, with what it did."""
    return (
        last == first + 2
        and first > 0
        and tokens[first - 1].lower in ("which", "what")
        and tokens[last - 1].lower.endswith("ed")
        and any(c.kind == "table" for c in linker.concepts(first, first + 1))
    )


def _ends_superlative(tokens: list[Token], at: int) -> bool:
    return f"{tokens[at - 1].lower} {tokens[at].lower}" in K.SUPERLATIVES


def _keywords(linker: Linker, tokens: list[Token]) -> Iterator[Unit]:
    phrases, values = _phrases(), linker.index.values
    for first, token in enumerate(tokens):
        if token.kind == "quoted":
            continue
        for words, code, payload in phrases.get(token.lower, ()):
            last = first + len(words)
            if last <= len(tokens) and all(
                tokens[first + k].lower == w for k, w in enumerate(words)
            ):
                if code == K.ASK and payload == "list" and not _opens(tokens, first):
                    continue
                if code == K.WITH and words[0] == "who" and _opens(tokens, first):
                    continue  # `, who are the two ...` asks
                if words[0] == "order" and is_noun(tokens, first):
                    continue
                if words in (("ordered",), ("sorted",)) and is_done(tokens, first):
                    continue
                if code == K.DISTINCT and first and tokens[first - 1].lower == "a":
                    continue  # `a different` one is another
                if code == K.NULL and words[-1] in values:
                    continue  # readings whose status is `missing`
                if (
                    words in (("over",), ("just",))
                    and code == K.COMPARE
                    and (not is_amount(tokens, last))
                ):
                    continue  # the sum over all orders, `just the names`
                if (
                    code == K.SUPERLATIVE
                    and words[0] == "most" != words[-1]
                    and words[-1] in values
                ):
                    continue  # the most `active` subscriptions
                if words == ("name",) and not _is_command(tokens, first):
                    continue
                if words == ("number",) and not follows(tokens, last, "of"):
                    continue  # a claim number counts nothing
                if words[0] == "numbers" and _is_column(linker, first - 1, first + 1):
                    continue  # nor do the claim numbers, where claims have them
                gain = 0.5 * len(words) + 0.08 * (len(words) - 1)
                meant = _code(code, tokens, first)
                if payload == "all" and _TOTAL & {t.lower for t in tokens[:first]}:
                    meant = K.IN  # the total across all warehouses is one
                yield Unit(meant, first, last, payload, gain)
                if meant != code and code == K.BY:
                    yield Unit(code, first, last, payload, gain - 0.1)


def _is_column(linker: Linker, first: int, last: int) -> bool:
    """Whether these words are the whole name of a column."""
    found = linker.concepts(first, last) if first >= 0 else ()
    return any(c.kind == "column" and c.source == "name" and c.score == 1.0 for c in found)


_TOTAL = frozenset({"total", "overall", "altogether", "sum"})


def _fillers(linker: Linker, tokens: list[Token]) -> Iterator[Unit]:
    """Phrases that say nothing; and `who`, which stands for people where no noun follows."""
    lower = [t.lower for t in tokens]
    for at, word in enumerate(lower):
        for phrase in _fillings().get(word, ()):
            if tuple(lower[at : at + len(phrase)]) == phrase:
                if phrase[:1] == ("as",) and follows(tokens, at + len(phrase), "of"):
                    percent = phrase[-1].startswith(("perc", "pct", "%"))
                    part = "percent" if percent else "share"
                    yield Unit(K.RATIO, at, at + len(phrase) + 1, f"{part} of whole", 2.5)
                    continue
                yield Unit(" ", at, at + len(phrase), "", 0.55 * len(phrase))
        if word == "who" and _opens(tokens, at):
            people = linker.people()
            if people:
                yield Unit("c", at, at + 1, tuple(people), 0.52)
            if people and at == 0 and lower[1:2] in (["has"], ["have"], ["had"]):
                yield Unit("c", at, at + 2, tuple(people), 1.2)


def _firsts(linker: Linker, tokens: list[Token]) -> Iterator[Unit]:
    """`longest first`, `largest department first`: an order."""
    for last, token in enumerate(tokens):
        if token.lower != "first" or _is_column(linker, last, min(last + 2, len(tokens))):
            continue  # the most common first name
        for first in range(max(0, last - 4), last):
            for end in range(first + 1, min(first + 3, last) + 1):
                phrase = " ".join(t.lower for t in tokens[first:end])
                if phrase in K.SUPERLATIVES and last - end <= 2:
                    way = durations.way_first(phrase, tokens)
                    yield Unit(K.DIRECTION, first, last + 1, way, 0.9 * (last + 1 - first))


def _opens(tokens: list[Token], at: int) -> bool:
    """Whether a verb of asking may stand here: at the start of a clause, or after `and`."""
    if at == 0:
        return True
    before = tokens[at - 1]
    return before.kind == "mark" or before.lower in ("and", "please", "also", "then", "you", "to")


def _is_command(tokens: list[Token], at: int) -> bool:
    """Whether `name` asks (`Name the ...`) and is no noun (`the id and name of`)."""
    following = tokens[at + 1].lower if at + 1 < len(tokens) else ""
    return at == 0 and following not in ("of", "and", ",", "or")


def _code(code: str, tokens: list[Token], at: int) -> str:
    """`by` and `to` after a verb (`made by`, `belong to`) relate; else they group and divide."""
    if code in (K.BY, K.TO) and at and is_participle(tokens[at - 1]):
        keyed = any(t.lemma in _GROUPING for t in tokens[at + 1 : at + 4])
        return code if code == K.BY and keyed else K.IN
    return code


# Nobody does something by a number: `sold by agent id` groups.
_GROUPING = frozenset(
    """id identifier number code month year quarter week day kind type category class status reason
    region country city channel method level segment""".split()
)


def _period(found: Found) -> Iterator[Unit]:
    gain = 0.85 * (found.last - found.first)
    if found.period.unsure:
        gain = 0.55
    yield Unit("d", found.first, found.last, found.period, gain)


def _links(linker: Linker, tokens: list[Token], first: int, last: int) -> Iterator[Unit]:
    candidates = linker.concepts(first, last)
    kind = first > 1 and is_kind_of(tokens, first - 2)
    values = [] if kind and candidates else linker.values(first, last)
    if last - first == 2:
        yield from full_names.units(linker, tokens, first)
    if last - first > 1 and is_participle(tokens[last - 1]) and _of_share(tokens, first):
        candidates = [c for c in candidates if c.kind != "metric"]  # visits, that converted
    if last - first > 1 and tokens[last - 1].lemma in ROW_KEYS:
        yield from _whose_key(linker, tokens, first, last)
    elif last - first == 1:
        yield from _negated(linker, tokens[first], first)
    if not candidates and not values:
        return
    if values and not candidates:
        worth = sum(_worth(tokens[at]) for at in range(first, last))
        if values[0].source == "value":
            worth = max(worth, last - first if last - first > 1 else 0.8)
        code = "z" if _in_brackets(tokens, first, last) else "v"
        yield Unit(code, first, last, tuple(values), worth * values[0].score - ARC)
        return
    if last - first == 1 and any(c.kind == "grain" for c in candidates):
        candidates = [c for c in candidates if c.kind != "table" or c.score >= _WHOLE]
    if values and last - first == 1 and is_participle(tokens[first]):  # `cancelled` is no rate
        candidates = [c for c in candidates if c.kind != "metric" or c.score > values[0].score]
    merged = tuple(sorted((*candidates, *values), key=lambda c: (-c.score, c.kind, c.id)))
    worth = sum(_worth(tokens[at]) for at in range(first, last))
    if last - first == 1 and _is_denied(tokens, first):
        worth = 1.0
    code = "c"
    if values and _in_brackets(tokens, first, last):
        code, merged = "z", tuple(values)
    if len(merged) == 1 and merged[0].kind == "weekday":
        code = "v"
    if tokens[first].lower in PER_GRAIN and last == first + 1 and merged[0].kind == "grain":
        code = "m"
    described = 0.5 if merged[0].source == "description" else 0.0
    if merged[0].literal and any(tokens[at].lower in K.STOP for at in range(first, last)):
        worth = max(worth, float(last - first))
    yield Unit(code, first, last, merged, worth * merged[0].score - ARC - described)


_SHARES = frozenset("share percentage percent proportion fraction %".split())


def _of_share(tokens: list[Token], at: int) -> bool:
    return at > 1 and tokens[at - 1].lower == "of" and tokens[at - 2].lower in _SHARES


def _is_denied(tokens: list[Token], at: int) -> bool:
    """`have never been ordered`: the verb is all that tells what there is none of."""
    before = tokens[at - 1].lower if at else ""
    ends = at + 1 == len(tokens) or tokens[at + 1].kind == "mark"
    return before in ("never", "been", "not") and ends and is_participle(tokens[at])


ROW_KEYS = frozenset({"id", "identifier"})


def _whose_key(linker: Linker, tokens: list[Token], first: int, last: int) -> Iterator[Unit]:
    """`agent id`, where agents are those who have a value: the key of who has it."""
    found = [c for c in linker.values(first, last - 1) if c.source == "value"]
    if found:
        roles = tuple(replace(c, source="role") for c in found)
        yield Unit("c", first, last, roles, 0.95 * (last - first) - ARC)


def _negated(linker: Linker, token: Token, at: int) -> Iterator[Unit]:
    """`uninsured`, `undelivered`: what the word denies is a column that is empty or says no."""
    found = denied(linker.index, token)
    if found:
        mention = Mention(at, at + 1, found, role="relation")
        yield Unit("P", at, at + 1, Cond("related", mention, negated=True, first=at), 0.8)


def _in_brackets(tokens: list[Token], first: int, last: int) -> bool:
    """Whether the span stands alone in brackets, as in `Rome (FCO)`."""
    before = first > 0 and tokens[first - 1].text == "("
    return before and last < len(tokens) and tokens[last].text == ")"


def _worth(token: Token) -> float:
    if token.kind == "quoted":
        return 2.0
    if token.lower in K.STOP:
        return 0.2
    if token.lower in K.SOFT:
        return 0.7
    if is_relating(token) and is_participle(token):
        return 0.35
    return 0.65 if token.lemma in GENERIC else 1.0
