"""Turns away statements too long or too deep to be worth reading, before any parser sees them."""

from __future__ import annotations

from itertools import pairwise

from sqlglot.dialects.dialect import Dialect as SqlDialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from datamind.errors import SqlRejected
from datamind.records import Dialect

MAX_BYTES = 256 * 1024
MAX_TOKENS = 20_000
MAX_DEPTH = 64
# Prefix operators and the like, one after another: each is a level of the parser's recursion.
MAX_RUN = 40
# Joins whose ON is still to come; the parser tries each nesting of them, 2^n in all.
MAX_OPEN_JOINS = 8

ONLY_READS = "This is not one statement that only reads."
FIRST = frozenset(
    {TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.L_PAREN, TokenType.TABLE}
)
OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE})
CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END})
OPERANDS = frozenset(
    {
        TokenType.VAR,
        TokenType.IDENTIFIER,
        TokenType.NUMBER,
        TokenType.STRING,
        TokenType.COMMA,
        TokenType.NULL,
        TokenType.TRUE,
        TokenType.FALSE,
        TokenType.STAR,
        TokenType.PARAMETER,
        TokenType.L_PAREN,
        TokenType.R_PAREN,
        TokenType.R_BRACKET,
    }
)

WITHOUT_CONDITION = frozenset({TokenType.CROSS, TokenType.NATURAL})

LINKS = frozenset(
    {
        (TokenType.R_BRACKET, TokenType.L_BRACKET),
        (TokenType.R_BRACKET, TokenType.DOT),
        (TokenType.R_PAREN, TokenType.DOT),
    }
)


def tokens_within_limits(sql: str, dialect: Dialect) -> list[Token]:
    """The statement's tokens; SqlRejected where it is too large, too deep or not text."""
    if len(sql) > MAX_BYTES or len(sql.encode("utf-8", "replace")) > MAX_BYTES:
        raise SqlRejected(f"The statement is longer than {MAX_BYTES // 1024} kB.")
    if any(mark < " " and mark not in "\t\n\r\f" for mark in sql):
        raise SqlRejected("The statement holds a control character.")
    _check_brackets(sql)
    try:
        tokens = SqlDialect.get_or_raise(dialect).tokenize(sql)
    except (SqlglotError, RecursionError):
        raise SqlRejected("The statement could not be read as SQL.") from None
    if not tokens:
        raise SqlRejected("There is no statement.")
    if len(tokens) > MAX_TOKENS:
        raise SqlRejected(f"The statement has more than {MAX_TOKENS:,} words.")
    _check_one_query(tokens)
    _check_numbers(sql, tokens)
    _check_depth(tokens)
    _check_joins(tokens)
    _check_chains(tokens)
    return tokens


def _check_one_query(tokens: list[Token]) -> None:
    """Refuse by the first word what can't be a query; parsers guess at commands, and log them."""
    end = len(tokens)
    while end and tokens[end - 1].token_type == TokenType.SEMICOLON:
        end -= 1
    if any(token.token_type == TokenType.SEMICOLON for token in tokens[:end]):
        raise SqlRejected(ONLY_READS)
    if tokens[0].token_type not in FIRST:
        word = tokens[0].text[:40]
        raise SqlRejected(f"A statement begins with SELECT or WITH, not with {word}.")


def _check_numbers(sql: str, tokens: list[Token]) -> None:
    """Refuse 1_000 and 0x1F: parsers read them otherwise than engines do."""
    for token, following in pairwise(tokens):
        glued = token.end + 1 == following.start and following.text[:1] == "_"
        if token.token_type == TokenType.NUMBER and glued:
            raise SqlRejected("A number is written with digits alone.")
    if any(sql[t.start : t.start + 2].lower() in ("0x", "0b", "0o") for t in tokens):
        raise SqlRejected("A number is written with digits alone.")


def _check_brackets(sql: str) -> None:
    """Refuse what is all brackets at the price of counting them; literals are judged later."""
    if sql.count("(") > MAX_TOKENS // 2 or sql.count("[") > MAX_TOKENS // 2:
        raise SqlRejected(f"The statement has more than {MAX_TOKENS:,} words.")


def _check_depth(tokens: list[Token]) -> None:
    depth = run = 0
    for token in tokens:
        kind = token.token_type
        if kind in OPENING:
            depth += 1
            if depth > MAX_DEPTH:
                raise SqlRejected(f"The statement is nested more than {MAX_DEPTH} levels deep.")
        elif kind in CLOSING:
            depth -= 1
        run = 0 if kind in OPERANDS else run + 1
        if run > MAX_RUN:
            raise SqlRejected(f"More than {MAX_RUN} operators stand one after another.")


def _check_joins(tokens: list[Token]) -> None:
    waiting = 0
    before = None
    for token in tokens:
        kind = token.token_type
        if kind == TokenType.JOIN and before not in WITHOUT_CONDITION:
            waiting += 1
            if waiting > MAX_OPEN_JOINS:
                raise SqlRejected(f"More than {MAX_OPEN_JOINS} joins wait for their ON.")
        elif kind in (TokenType.ON, TokenType.USING):
            waiting = max(0, waiting - 1)
        before = kind


def _check_chains(tokens: list[Token]) -> None:
    """Refuse `a[1][2].b()...`: the parser reads each link together with all before it."""
    kinds = [token.token_type for token in tokens]
    if sum(pair in LINKS for pair in pairwise(kinds)) > MAX_RUN:
        raise SqlRejected(f"More than {MAX_RUN} subscripts or methods stand one after another.")
