"""Texts in a statement: those that were asked for, and those that may have come from the data."""

from __future__ import annotations

import re

from sqlglot.dialects.dialect import Dialect as SqlDialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from datamind.governance.shape import UNITS
from datamind.records import Dialect

# However it is written: plain, escaped, raw, between dollars.
TEXTS = frozenset(kind for kind in TokenType if kind.name.endswith("STRING"))
MOMENT = re.compile(r"\d{4}-\d\d(-\d\d)?([ T][\d:.+-]*)?")


def all_from(question: str, sql: str, dialect: Dialect) -> bool:
    """Whether each text in the statement is one of the question's own, or says nothing of any row:
    a date, a unit of time."""
    try:
        tokens = SqlDialect.get_or_raise(dialect).tokenize(sql)
    except SqlglotError:
        return False
    asked = question.casefold()
    return all(
        token.text.upper() in UNITS
        or MOMENT.fullmatch(token.text) is not None
        or token.text.strip("%").casefold() in asked
        for token in tokens
        if token.token_type in TEXTS
    )
