"""Legends: what the codes in a column mean, told by its description or by general usage."""

from __future__ import annotations

import re
from collections.abc import Iterator

from datamind.language import names
from datamind.semantics.catalog import Column, View

_ENTRY = re.compile(
    r"^\W*(?P<code>[^=:()]{1,40}?)['\"]?\s*(?:=|:|\bstands for\b|\bmeans?\b|\brepresents?\b"
    r"|\bdenotes?\b|\bis\b|\bfor\b|\s-\s)\s*['\"]?(?P<text>[^()=]{2,80}?)['\"]?\s*(?:\(.*)?$",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"(?P<code>[\w+-]{1,30})['\"]?\s*\((?P<text>[^()]{2,60})\)")
_LEAD = re.compile(r"^[\w /'-]{0,40}:\s*(?=['\"]?[\w+-]{1,20}['\"]?\s*(?:=|:|\())")
_SEXES = {
    "female": "female woman women girl lady f", "male": "male man men boy gentleman m",
    "f": "female woman women girl lady", "m": "male man men boy gentleman",
    "w": "female woman women", "woman": "female women", "man": "male men",
}  # fmt: skip
_SEX_WORDS = frozenset({"sex", "gender", "gndr"})
MAX_CODES = 30


def legend(column: Column, view: View) -> Iterator[tuple[str, str]]:
    """What is said for a value of the column, and the value as it is stored."""
    stored = {v.strip().lower(): v for v, _ in view.values(column.id)}
    if column.type == "integer" and (column.distinct or 0) <= MAX_CODES:
        stored |= {str(n): str(n) for n in range(-1, 100)}
    if not stored or len(stored) > 400:
        return
    for code, text in _entries(column.description):
        value = stored.get(code.strip(" '\"`").lower())
        if value is not None and text.lower() != value.lower():
            yield text, value
    if _SEX_WORDS & set(names.words_of(column.name)) and len(stored) <= 6:
        for value in stored.values():
            for word in _SEXES.get(value.strip().lower(), "").split():
                yield word, value


def _entries(description: str) -> Iterator[tuple[str, str]]:
    """Codes with their meanings: `A = active, C = closed`; `PRIV (private banking)`."""
    if not description:
        return
    for found in _BRACKETED.finditer(description):
        yield found["code"], found["text"].strip()
    text = _LEAD.sub("", description)
    for piece in re.split(r";|\n" if ";" in text else r",|;|\n|\bor\b|\band\b", text):
        entry = _ENTRY.match(piece.strip())
        if entry is not None:
            yield entry["code"], entry["text"].strip()
            first = entry["text"].split(",")[0].strip()
            if first != entry["text"].strip():
                yield entry["code"], first
