"""Evidence: definitions and matching rules that come with a question; nothing else is obeyed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from datamind.language import plainly
from datamind.language.hints import plain
from datamind.language.restrictions import restricts
from datamind.language.tokens import lemma, tokenize


@dataclass(frozen=True, slots=True)
class Overlay:
    """What the evidence says: definitions by the phrase that they explain, whether text matches in
    part, `tests` of a column for a text that nothing names (`status = 'open'`), and the columns
    that say when something happened (`the year refers to paid_at`). `english` are definitions in
    plain English, `moments` what they say of that (`counted on the day on which it was paid`)."""

    definitions: dict[str, str] = field(default_factory=dict)
    wildcard: bool = False
    tests: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    english: dict[str, str] = field(default_factory=dict)
    moments: str = ""


_WILDCARD = re.compile(
    r"\bilike\b|\bwildcards?\b|partial match|case[- ]?insensitiv|\blike\b with", re.IGNORECASE
)
_EXACT = re.compile(r"\bexact", re.IGNORECASE)

# Verbs that define, between a phrase and what it means.
_VERB = (
    r"(?:refers?|referring|corresponds?|equates?) to|means(?: that)?|denotes?|stands? for"
    r"|represents?|indicates?|implies|signif(?:y|ies)|(?:is|are) (?:the same as|equivalent to)"
    r"|(?:is|are|can be) (?:defined|calculated|computed|determined|given|represented|indicated"
    r"|denoted|measured|found|identified|obtained|expressed|shown)(?: as| by| with| from| using"
    r"| via| through| when)+"
)
_DEFINES = re.compile(
    rf"^(?P<name>.{{1,90}}?)\s+(?:{_VERB})\s*[:,]?\s+(?P<text>.+)$", re.IGNORECASE | re.DOTALL
)
# `F stands for female`: a value as it is stored, where `C7 refers to pay` is a column.
_LITERAL = re.compile(r"^[A-Z0-9+-]{1,3}$")
_REFERS = re.compile(r"\brefers? to\b", re.IGNORECASE)
_IS_NAME = re.compile(
    r"^(?P<value>.{1,60}?)\s+(?:is|are)\s+(?:the |a )?names? of"
    r" (?:the |an? )?(?P<column>[\w ]{2,40})$",
    re.IGNORECASE,
)
_IS_TEST = re.compile(
    r"^(?P<name>[\w' -]{2,60}?)\s+(?:is|are|has|have)\s+"
    r"(?P<text>.*(?:[<>=≤≥]|\bbetween\b.+\band\b).*)$",
    re.IGNORECASE,
)
_TO = re.compile(
    r"^to (?:calculate|compute|determine|get|find|obtain|derive|measure|ascertain|assess)\s+"
    r"(?P<name>[^,]{2,80}),\s*(?P<text>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_METHOD = re.compile(
    r"^(?:divide|multiply|subtract|add|take|compute|calculate|use)\b", re.IGNORECASE
)
_ARITHMETIC = re.compile(
    r"[-+*/]|\b(?:sum|avg|count|max|min|divide|subtract|multiply)\s*\(", re.IGNORECASE
)
_CHAIN = re.compile(r"\s*(?<![<>!=])=(?!=)\s*")
_SHORT = re.compile(r"^(?P<short>[A-Z][A-Za-z]{1,9})\s*\((?P<long>[^)=]{3,60})\)$")
_LONG = re.compile(r"^(?P<long>[^(]{3,60}?)\s*\((?P<short>[A-Z][A-Za-z]{1,9})\)$")

_SAYS = re.compile(rf"\s(?:{_VERB})\s")
_ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|vs|etc|approx|no|incl)$", re.IGNORECASE)
_UNFINISHED = re.compile(
    r"(?:[-+*/=<>,(]|\b(?:to|means?|and|or|where|when|is|as|by|from|than|if))$", re.IGNORECASE
)

_TEST_SAYS = re.compile(rf"\s*(?:'[^']*'|\"[^\"]*\"|-?[\d.]+)\s+(?:{_VERB})\s")

_CLAUSE = re.compile(r"\b(?:and|or|where|join|from)\b", re.IGNORECASE)
_SHORT_AFTER = re.compile(r"(?P<text>.+?)\s*\((?P<short>[A-Z][A-Za-z]{1,9})\)", re.DOTALL)

# Where one statement ends and the next begins.
_ENDS = re.compile(
    r";|\n+|[.?!]\s+(?=[A-Z0-9`'\"(])|\.\s*$|(?P<soft>\.\s+(?=[a-z]))"
    r"|(?<=[\w)'\"`])\s+(?=(?:To [a-z]+ the|Always|When|Truncate|Note that|Weekend|If)\s)"
    r"|(?P<short>(?<=[\w)'\"`%])\s+(?=(?:(?:[A-Z][a-z]{0,2}){2,6}|Last \d+ \w+)(?: change)?"
    r"(?:\s+\([^)=]{3,60}\))?\s*=\s))"
    rf"|(?P<joint>,\s*(?:and\s+|where\s+)?|\s+and\s+)(?=[\w'\"` -]{{1,40}}?\s(?:{_VERB})\s)"
)
_LEAD = re.compile(
    r"^(?:[-*•]\s*|\d+[.)]\s+)?(?:(?:please\s+)?(?:note|recall|remember|assume)(?: that)?[:,]?\s+"
    r"|(?:where|here|and|but|so|in this (?:case|database|table)|hint|also)[,:]?\s+)*",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:the |an? |(?:the )?(?:term|phrase|word|value|column) )+", re.IGNORECASE)
_IN_TABLE = re.compile(r"\s+(?:in|from|of) (?:the )?(?:table \S+|\S+ table)$", re.IGNORECASE)


def read(evidence: str, question: str) -> Overlay:
    """The overlay of evidence, and of definitions inside the question itself."""
    definitions: dict[str, str] = {}
    said = _lemmas(question) if evidence else ""
    before: list[str] = []
    english: dict[str, str] = {}
    moments = ""
    for statement in _statements(evidence):
        if restricts(statement):  # what was defined just before it
            definitions.update({name: f"{definitions[name]}; {statement}" for name in before})
            continue
        made = dict(_defined(statement, said))
        told = None if made else plainly.read(statement, lambda name: _stands(name, said))
        if told is not None:
            english.setdefault(told.name, told.text)
            moments = f"{moments} {told.when}".strip()
        before = [name for name in made if name not in definitions] or before
        for name, text in made.items():
            definitions.setdefault(name, text)
    for statement in _statements(question) if _PLAINLY.search(question) else ():
        found = _DEFINES.match(statement)
        name = found["name"] if found and _PLAINLY.search(statement) else ""
        if found and name and len(name.split()) <= 5 and not _ASKING.search(name):
            definitions.setdefault(_name(found["name"]), plain(found["text"]))
    text = f"{evidence}\n{question}"
    wildcard = bool(_WILDCARD.search(text)) and not _EXACT.search(evidence)
    dates = tuple(next(filter(None, found)) for found in _DATES.findall(evidence))
    return Overlay(definitions, wildcard, tuple(_TEST.findall(evidence)), dates, english, moments)


_PERIOD = r"(?:the |a )?(?:year|quarter|month|week|day|date|period|time)s?"
_DATES = re.compile(
    rf"\b{_PERIOD} (?:refers? to|means?|is(?: that of)?|(?:is )?(?:taken )?from) (?:the )?`?"
    r"([\w.]+)"
    rf"|\buse (?:the )?`?([\w.]+)`? (?:for|as) {_PERIOD}\b"
    rf"|\b(?:whose|where|by|its) (?:the )?`?([\w.]+)`? (?:falls?|lies?|is|are) in {_PERIOD}\b",
    re.IGNORECASE,
)
_TEST = re.compile(r"(?:[\w.]+|`[^`]+`)\s*=\s*'[^']+'")

# A question explains its own words in these forms only.
_PLAINLY = re.compile(
    r"\b(?:refers? to|means|(?:is|are) (?:defined as|the same as))\b", re.IGNORECASE
)
_ASKING = re.compile(
    r"^(?:what|which|who|how|list|show|give|does|do|is|are|find)\b|\b(?:that|which|who|what)$",
    re.IGNORECASE,
)


def _statements(text: str) -> list[str]:
    """The text cut where a statement ends, brackets and quotes kept whole."""
    out: list[str] = []
    start = 0
    for found in _ENDS.finditer(text):
        if _goes_on(text[start : found.start()], found.lastgroup):
            continue
        out.append(text[start : found.start()])
        start = found.end()
    out.append(text[start:])
    stripped = (_LEAD.sub("", s.strip()).strip(" .?") for s in out)
    return [s for s in stripped if s]


def _goes_on(piece: str, mark: str | None) -> bool:
    """Whether the statement has not ended at what may be its end."""
    if _is_open(piece):
        return True
    if mark == "soft":
        return bool(_ABBREVIATED.search(piece)) or not (_SAYS.search(piece) or "=" in piece)
    if mark == "joint":
        return not _SAYS.search(piece) and not _ASKING.match(piece.strip())
    return mark == "short" and bool(_UNFINISHED.search(piece))


def _is_open(text: str) -> bool:
    """Whether a bracket or a quote has not been closed yet."""
    if text.count("(") > text.count(")") or text.count('"') % 2 or text.count("`") % 2:
        return True
    return bool(re.search(r"(?<!\w)'", re.sub(r"(?<!\w)'[^'\n]*'(?!\w)", "", text)))


_LEGEND = re.compile(
    r"^[`\"']?(?P<column>[A-Za-z][\w ]{1,40}?)[`\"']?\s*:\s*"
    r"(?P<codes>(?:(?:'[^']+'|-?\d+)\s*(?:=|means|for|is)\s*[^,;=]+(?:[,;]\s*|$)){2,})$"
)
_CODE = re.compile(r"(?P<code>'[^']+'|-?\d+)\s*(?:=|means|for|is)\s*(?P<text>[^,;=]+)")


def _defined(statement: str, said: str) -> Iterator[tuple[str, str]]:
    """Phrases that the statement explains, each with what it says of them."""
    if found := _LEGEND.match(statement):
        for entry in _CODE.finditer(found["codes"]):
            yield _name(entry["text"]), f"{found['column']} = {entry['code']}"
        return
    if found := _TO.match(statement):
        text = plain(found["text"])
        vague = re.match(r"use the formula where\b", found["text"], re.IGNORECASE)
        if _METHOD.match(found["text"]) and _ARITHMETIC.search(text) and not vague:
            yield from _pair(found["name"], text, said)
        return
    if found := _IS_NAME.match(statement):
        yield _named(found["value"].strip(), found["column"].strip(), said)
        return
    parts = _sides(statement)
    if len(parts) == 1 or _SAYS.search(parts[0]) or _TEST_SAYS.match(parts[1]):
        yield from _said(statement, said)
        return
    for name in parts[: 1 if len(parts) == 2 or not _stands(parts[1], said) else 2]:
        yield from _equal(name, parts[-1], said)


def _said(statement: str, said: str) -> Iterator[tuple[str, str]]:
    """`X refers to Y` and its kin, `X is 10 < y < 20`."""
    if found := _DEFINES.match(statement):
        name, text = found["name"], found["text"]
        if _LITERAL.match(name) and not _stands(name, said) and not _REFERS.search(statement):
            name = f"'{name}'"
        yield from _pair(name, text, said)
    elif found := _IS_TEST.match(statement):
        yield from _pair(found["name"], found["text"], said)


def _sides(statement: str) -> list[str]:
    """The sides of each `=` that stands outside brackets and quotes."""
    out, start = [], 0
    for found in _CHAIN.finditer(statement):
        if not _is_open(statement[: found.start()]):
            out.append(statement[start : found.start()])
            start = found.end()
    return [*out, statement[start:]]


def _equal(name: str, text: str, said: str) -> Iterator[tuple[str, str]]:
    """`X = text`: a definition, unless it is a bare test such as `sex = 'F'`."""
    literal = re.fullmatch(r"\s*(?:'[^']*'|\"[^\"]*\"|-?[\d.]+)\s*", text)
    test = _CLAUSE.search(name) or len(name.split()) > 9
    if test or (literal and not _stands(name, said)):
        return
    if short := _SHORT.match(name.strip()) or _LONG.match(name.strip()):
        yield from _both(short["short"], short["long"], text, said)
        return
    tail = _SHORT_AFTER.fullmatch(text.strip())
    if tail:
        yield from _both(tail["short"], name, tail["text"], said)
        return
    if _stands(text, said) and not _stands(name, said):
        name, text = text, name
    yield _name(name), plain(text)


def _both(short: str, long: str, text: str, said: str) -> Iterator[tuple[str, str]]:
    """An abbreviation, and its long form where the question uses that."""
    yield short, plain(text)
    if _stands(long, said):
        yield _name(long), plain(text)


def _pair(left: str, right: str, said: str) -> Iterator[tuple[str, str]]:
    """The side that stands in the question is the phrase; else the one that is no column."""
    swapped = _stands(right, said) and not _stands(left, said)
    if swapped or (_is_code(left) and not _stands(left, said) and not _is_code(right)):
        left, right = right, left
    if short := _LONG.match(left.strip()):
        yield from _both(short["short"], short["long"], right, said)
        return
    name = _name(left)
    if re.search(r"\w", name) and len(name.split()) <= 12:
        yield name, plain(_IN_TABLE.sub("", right))


def _named(value: str, column: str, said: str) -> tuple[str, str]:
    """`Rome is the name of city` is a value; `cname is the name of the customer` a column."""
    bare = value.strip("'\"` ")
    if bare == value and value[:1].islower() and not _stands(value, said):
        return f"name of {column}", plain(value)
    return bare, f"{column} = '{bare}'"


def _is_code(text: str) -> bool:
    """Whether it looks like a column, a literal or a test rather than like words."""
    text = text.strip()
    if re.search(r"[<>=≤≥]|(?<!\w)'[^']*'(?!\w)|^[\"`].*[\"`]$|\w\(", text):
        return True
    return " " not in text and bool(re.search(r"_|\d|[a-z][A-Z]|^[A-Z]{1,3}$", text))


def _name(text: str) -> str:
    text = _ARTICLE.sub("", text.strip())
    return re.sub(r"\s+", " ", text.strip(" '\"`“”‘’:,"))


def _lemmas(text: str) -> str:
    return f" {' '.join(t.lemma or lemma(t.lower) for t in tokenize(text))} "


def _stands(phrase: str, said: str) -> bool:
    """Whether the phrase stands in the question, in any form of its words."""
    words = _lemmas(_name(phrase)).strip()
    return bool(words) and f" {words} " in said


_TAIL = re.compile(
    r"\s*(?:,| where | who | which | that | for each | for recent| within | over a | over the "
    r"| in the | on or | since | during | by | with | in a | for a | based on | without "
    r"| focusing ).*$",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"\b(?:please )?(?:match|filter)(?:ing)? (?:all |the )?[\w_]+(?: [\w_]+)? "
    r"(?:using |with |are |is )*(?:an? )?"
    r"(?:exact(?:ly)?|case[- ]?(?:in)?sensitiv\w+|ilike|wildcards?)(?: match(?:es|ing)?)?\b\.?",
    re.IGNORECASE,
)
_JOINING = re.compile(
    r",?\s*(?:by doing|based on joining|by joining|using) [^.?!\n]*"
    r"\b(?:join|tables?)\b[^.?!,\n]*",
    re.IGNORECASE,
)


def expand(question: str, overlay: Overlay) -> str:
    """The question with matching rules taken out, and defined abbreviations spelt out where their
    definition is a plain noun."""
    question = _JOINING.sub("", _RULE.sub("", question))
    for name, text in overlay.definitions.items():
        if not re.fullmatch(r"[A-Z][A-Za-z]{1,9}", name) or name[1:].upper() != name[1:]:
            continue
        if re.search(r"[/*=<>]|\s-\s|[()]", text):
            continue
        short = _TAIL.sub("", text).strip().lower()
        if short and len(short.split()) <= 7:
            said = re.escape(name) if len(name) < 3 else rf"(?i:{re.escape(name)})"
            question = re.sub(rf"\b{said}\b", short, question)
    return question
