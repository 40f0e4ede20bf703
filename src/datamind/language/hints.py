"""Hints: what a definition says, brought from SQL or from prose to the words of a question."""

from __future__ import annotations

import re

from datamind.language.names import split

_NUMBER = r"-?[\d.,]+%?"
_SIGNS = str.maketrans({"≥": ">=", "≤": "<=", "≠": "!=", "×": "*", "÷": "/", "–": "-"})
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}

# Arithmetic in prose, in the order in which it is looked for.
_PROSE: tuple[tuple[str, str], ...] = (
    (r"\bdivid(?:e|ing) (?P<a>.+?) by (?P<b>.+)$", r"(\g<a>) / (\g<b>)"),
    (r"\bsubtract(?:ing)? (?P<a>.+?) from (?P<b>.+)$", r"(\g<b>) - (\g<a>)"),
    (r"\bmultiply(?:ing)? (?P<a>.+?) by (?P<b>.+)$", r"(\g<a>) * (\g<b>)"),
    (r"\badd(?:ing)? (?P<a>.+?) (?:to|and) (?P<b>.+)$", r"(\g<a>) + (\g<b>)"),
    (r"\s+divided by\s+", " / "),
    (r"\s+(?:multiplied by|times)\s+(?=[\d(])", " * "),
    (r"\s+minus\s+", " - "),
    (r"\s+plus\s+", " + "),
)  # fmt: skip
_THEN = re.compile(
    r"^(?P<inner>.+)\s*(?:,|\band\b|\bthen\b)[,\s]*(?:and\s+)?(?:then\s+)?(?P<verb>multipl|divid)"
    r"(?:y|ying|e|ing|ied|ed)(?: it| that| the result)? by\s+(?P<by>[^,]+)$",
    re.IGNORECASE,
)
_THOSE = re.compile(
    r"^(?:(?:those|(?:the )?ones|people|(?:the )?records|(?:the )?rows|anyone|any|cases)\s+)?"
    r"(?:where|when|whose|that have|having|if|with|which have|who have)\s+",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r",\s*(?:where|which|in which|focusing|assessing|considering|expressed|for|ensuring)\b"
    r"[^<>=/*]*$",
    re.IGNORECASE,
)
_LOOSE_END = re.compile(r"(?:[\s,]|\band\b|\bthen\b)+$", re.IGNORECASE)
_DATES: tuple[tuple[str, str], ...] = (
    (r"strftime\(\s*'%Y'\s*,\s*([\w.` ]+?)\s*\)\s*=\s*'?(\d{4})'?", r"\1 in \2"),
    (r"(?:year|extract\(\s*year\s+from)\s*\(?\s*([\w.` ]+?)\s*\)\s*=\s*'?(\d{4})'?", r"\1 in \2"),
    (r"substr(?:ing)?\(\s*([\w.` ]+?)\s*,\s*1\s*,\s*4\s*\)\s*=\s*'?(\d{4})'?", r"\1 in \2"),
    (r"(\b[\w.]+|`[^`]+`)\s+like\s+'(\d{4})%'", r"\1 in \2"),
    (r"(\b[\w.]+|`[^`]+`)\s+like\s+'(\d{4}-\d{2})%'", r"\1 in \2"),
)  # fmt: skip
_BETWEEN = re.compile(
    rf"(?P<low>{_NUMBER}|'[\d-]+')\s*(?P<a><=?|>=?)\s*(?P<name>`[^`]+`|[A-Za-z][\w .]*?)\s*"
    rf"(?P<b><=?|>=?)\s*(?P<high>{_NUMBER}|'[\d-]+')"
)
_HUMPS = re.compile(
    r"'[^']*'|(?P<name>\b[A-Za-z]*[a-z][A-Z]\w*)(?=\s*(?:[-+*/<>=!),]|(?:is|like|in|between|IS|LIKE"
    r"|IN|BETWEEN)\b|$))"
)
_QUOTED_NAME = re.compile(
    r"`(?P<tick>[^`]+)`|\"(?P<double>[^\"]+)\"(?=\s*(?:[-+*/<>=!),]|$))|\[(?P<box>[^\]\d][^\]]*)\]"
)


def plain(text: str) -> str:
    """The definition with signs, prose arithmetic and chained tests in one form each."""
    text = " ".join(text.translate(_SIGNS).replace("==", "=").split()).strip(" .,;")
    text = _ASIDE.sub("", _THOSE.sub("", text))
    text = _BETWEEN.sub(_two_tests, text)
    return _arithmetic(re.sub(r"^use the formula\s+(?:of\s+)?", "", text, flags=re.IGNORECASE))


def spoken(text: str) -> str:
    """A definition with years and identifiers as the words that a question would use."""
    for pattern, instead in _DATES:
        text = re.sub(pattern, instead, text, flags=re.IGNORECASE)
    text = _QUOTED_NAME.sub(_words, text)
    return _HUMPS.sub(lambda found: _words(found) if found["name"] else found.group(), text)


def _two_tests(found: re.Match[str]) -> str:
    """`10 < x < 20` is `x > 10 and x < 20`."""
    name = found["name"].strip()
    return f"{name} {_FLIPPED[found['a']]} {found['low']} and {name} {found['b']} {found['high']}"


def _arithmetic(text: str) -> str:
    """Divide A by B, A minus B and the like as signs."""
    then = _THEN.match(text)
    if then:
        sign = "*" if then["verb"].lower() == "multipl" else "/"
        last = then["by"] if re.fullmatch(r"[\d.]+", then["by"]) else f"({then['by']})"
        return f"({_arithmetic(_LOOSE_END.sub('', then['inner']))}) {sign} {last}"
    for pattern, instead in _PROSE:
        text = re.sub(pattern, instead, text, flags=re.IGNORECASE)
    return text


def _words(found: re.Match[str]) -> str:
    """A quoted identifier as the words that a question would use."""
    name = next(group for group in found.groups() if group)
    return " ".join(split(name)) or name
