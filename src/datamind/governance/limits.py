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
# What a SELECT may give (PostgreSQL's own limit), and what any list of columns may name.
MAX_COLUMNS = 1_664
MAX_SOURCES = 40
MAX_QUERIES = 400
MAX_BRANCHES = 1_000
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

# Lists of a clause, up to the next clause at their level, and those in brackets of their own.
CLAUSES: dict[TokenType, tuple[int, str]] = {
    TokenType.FROM: (MAX_SOURCES, f"A SELECT may join at most {MAX_SOURCES} tables."),
    **dict.fromkeys(
        (TokenType.SELECT, TokenType.GROUP_BY, TokenType.ORDER_BY, TokenType.PARTITION_BY,
         TokenType.GROUPING_SETS, TokenType.CUBE, TokenType.ROLLUP, TokenType.USING),
        (MAX_COLUMNS, f"A list of columns names at most {MAX_COLUMNS:,}."),
    ),
}  # fmt: skip
IN_BRACKETS = frozenset(
    {TokenType.GROUPING_SETS, TokenType.CUBE, TokenType.ROLLUP, TokenType.USING}
)
OTHER_CLAUSES = frozenset(
    {
        TokenType.WHERE,
        TokenType.HAVING,
        TokenType.QUALIFY,
        TokenType.WINDOW,
        TokenType.LIMIT,
        TokenType.OFFSET,
        TokenType.VALUES,
        TokenType.UNION,
        TokenType.EXCEPT,
        TokenType.INTERSECT,
    }
)

WITHOUT_CONDITION = frozenset({TokenType.CROSS, TokenType.NATURAL})

JOINED = (TokenType.JOIN, TokenType.FROM)

LINKS = frozenset(
    {
        (TokenType.R_BRACKET, TokenType.L_BRACKET),
        (TokenType.R_BRACKET, TokenType.DOT),
        (TokenType.R_PAREN, TokenType.DOT),
    }
)


def tokens_within_limits(sql: str, dialect: Dialect) -> list[Token]:
    """The statement's tokens; SqlRejected where it is too large, too deep or not text."""
    if len(sql) > MAX_BYTES or _size(sql) > MAX_BYTES:
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
    _check_lists(tokens)
    _check_often(tokens, TokenType.SELECT, MAX_QUERIES, "queries")
    _check_often(tokens, TokenType.WHEN, MAX_BRANCHES, "branches of CASE")
    return tokens


def _size(sql: str) -> int:
    """The length in bytes; half of a surrogate pair, which JSON may hold, is no text."""
    try:
        return len(sql.encode())
    except UnicodeEncodeError:
        raise SqlRejected("The statement holds half a character: it is not valid UTF-8.") from None


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


def _check_lists(tokens: list[Token]) -> None:
    """Refuse more tables and columns than a SELECT may have, before any of them is looked up."""
    clauses: list[TokenType | None] = [None]  # the one that is open at each level of brackets
    lengths = [1]
    before: TokenType | None = None
    for token in tokens:
        kind = token.token_type
        clause = clauses[-1]
        if kind in OPENING:
            clauses.append(before if before in IN_BRACKETS else None)
            lengths.append(1)
        elif kind in CLOSING and len(clauses) > 1:
            clauses.pop()
            lengths.pop()
        elif kind in OTHER_CLAUSES:
            clauses[-1] = None
        elif kind in CLAUSES and kind not in IN_BRACKETS:
            clauses[-1], lengths[-1] = kind, 1
        elif clause and (kind == TokenType.COMMA or (kind, clause) == JOINED):
            lengths[-1] += 1
            most, message = CLAUSES[clause]
            if lengths[-1] > most:
                raise SqlRejected(message)
        before = kind


def _check_often(tokens: list[Token], kind: TokenType, most: int, what: str) -> None:
    if sum(token.token_type == kind for token in tokens) > most:
        raise SqlRejected(f"The statement has more than {most:,} {what}.")
