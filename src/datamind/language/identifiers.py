"""Identifiers: the database's own names in a question, as `fct_orders.order_id`, kept whole."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container
from dataclasses import replace

from datamind.language.candidates import MAX_CANDIDATES, Candidate
from datamind.language.kinds import is_flag
from datamind.language.tokens import Token, tokenize
from datamind.semantics.catalog import View


def of_view(view: View) -> dict[str, list[Candidate]]:
    """What each name that no word is spelt like may mean, in lower case: `fct_orders`, `order_id`,
    `fct_orders.order_id`."""
    found: dict[str, list[Candidate]] = defaultdict(list)
    for table in view.tables:
        name = table.name.lower()
        if "_" in name:
            found[name].append(Candidate("table", table.id, table.id, 1.0, "name", literal=True))
        for column in table.columns:
            type_ = "boolean" if is_flag(column, view) else column.type
            made = Candidate("column", column.id, table.id, 1.0, "name", type=type_, literal=True)
            said = column.name.lower()
            found[f"{name}.{said}"].append(made)
            if "_" in said or _CAMEL.search(column.name):
                found[said].append(made)
    return {name: made[:MAX_CANDIDATES] for name, made in found.items()}


_CAMEL = re.compile(r"[a-z][A-Z]")
_IDENTIFIER = re.compile(r"(?<![\w.])[^\W\d]\w*(?:\.[^\W\d]\w*)?(?!\w|\.\w)")


def with_identifiers(text: str, known: Container[str]) -> list[Token]:
    """Tokens, where what is spelt as one of the database's own names stays whole."""
    out, at = [], 0
    for found in _IDENTIFIER.finditer(text):
        lower = found[0].lower()
        spelt = {"_", "."} & set(lower) or _CAMEL.search(found[0])
        if not spelt or lower not in known:
            continue
        out += _moved(tokenize(text[at : found.start()]), at)
        out.append(Token(found[0], lower, lower, "word", found.start(), found.end()))
        at = found.end()
    return out + _moved(tokenize(text[at:]), at)


def _moved(tokens: list[Token], by: int) -> list[Token]:
    return [replace(t, start=t.start + by, end=t.end + by) for t in tokens] if by else tokens
