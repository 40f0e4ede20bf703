"""Older things: `bikes older than 3 years` are from so long ago; only people have birthdays."""

from __future__ import annotations

import re
from collections.abc import Sequence

from datamind.language import kept, names
from datamind.language.index import Index
from datamind.language.paraphrase import applied
from datamind.language.tokens import Token

_SO_LONG = (
    r"((?:(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|\d+) )years?)(?! (?:old|ago))"
)
_FORMS = tuple(
    (
        re.compile(rf"(?<!\S)(?:that are |which are )?{way} than {_SO_LONG}(?!\S)"),
        f"from {meant} than {{1}} ago",
    )
    for way, meant in (("older", "more"), ("newer", "less"), ("younger", "less"))
)  # fmt: skip
_BORN = frozenset({"birth", "birthday", "birthdate", "born", "dob", "age"})


def read(tokens: Sequence[Token], index: Index) -> list[Token]:
    """The tokens with the age of things said as the time that they are from."""
    words = [t.lower for t in tokens]
    at = next((n for n, w in enumerate(words) if w in ("older", "newer", "younger")), 0)
    named = [t for n in range(at) if (t := kept.named_table(index, tokens[n], tokens[:at]))]
    if not named or words[at + 1 : at + 2] != ["than"]:
        return list(tokens)
    columns = index.view.table(named[-1]).columns
    dates = [c for c in columns if c.is_date]
    if not dates or any(_BORN & set(names.words_of(c.name)) for c in columns):
        return list(tokens)
    said = list(tokens)
    for form, meant in _FORMS:
        said = applied(said, form, meant, index)
    return said
