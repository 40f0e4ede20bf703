"""The plain form of a governed statement: what it does, with no value in it.

For logs and traces of operators. It is made of the tokens, and default-deny: literals become `?`,
names that are none of the catalog's become `n1`, `n2`, and what is not known is left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Set
from dataclasses import dataclass

from sqlglot import Dialect as SqlDialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

MOST = 20_000  # characters of a statement that are shown
HIDDEN = "?"
LISTS = re.compile(r"\?(?: , \?)+")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
KEYWORD = re.compile(rf"{WORD.pattern}(?: {WORD.pattern})*")  # GROUP BY is one
PUNCTUATION = re.compile(r"[()\[\]{},.;:*/+\-=<>!|&%^~@#$]+")
# Words that the engine writes itself: functions, types, units. Names stand in quotes.
ENGINE_WORD = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
TYPES = frozenset(("LINESTRING", "MULTILINESTRING", "FIXEDSTRING"))
LITERALS = frozenset(
    kind for kind in TokenType
    if kind.name == "NUMBER" or (kind.name.endswith("STRING") and kind.name not in TYPES)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlainForm:
    """The text, a fingerprint that statements have in common which differ in values alone, and the
    words that the text holds, in small letters."""

    text: str
    fingerprint: str
    words: frozenset[str]


def plain_form(sql: str, dialect: str, names: Set[str]) -> PlainForm:
    """The statement's form; `names` are those of the catalog's tables and columns."""
    try:
        tokens = SqlDialect.get_or_raise(dialect).tokenize(sql)
    except SqlglotError:
        tokens = []
    called: dict[str, str] = {}
    said: list[str] = []
    for at, token in enumerate(tokens):
        following = tokens[at + 1].token_type if at + 1 < len(tokens) else None
        said.append(_word(token.token_type, token.text, following, names, called))
    text = LISTS.sub(HIDDEN, " ".join(said))
    digest = hashlib.sha256(f"{dialect} {text}".encode()).hexdigest()[:16]
    return PlainForm(text[:MOST], digest, frozenset(w.lower() for w in WORD.findall(text)))


def _word(
    kind: TokenType, text: str, following: TokenType | None, names: Set[str],
    called: dict[str, str],
) -> str:  # fmt: skip
    if kind == TokenType.IDENTIFIER or (kind == TokenType.VAR and not _is_engines(text, following)):
        if text in names:
            return f'"{text}"'
        return called.setdefault(text, f"n{len(called) + 1}")
    if kind in LITERALS:
        return HIDDEN
    if KEYWORD.fullmatch(text):
        return text.upper()
    return text if PUNCTUATION.fullmatch(text) else HIDDEN


def _is_engines(text: str, following: TokenType | None) -> bool:
    return following == TokenType.L_PAREN or ENGINE_WORD.fullmatch(text) is not None
