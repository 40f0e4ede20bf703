"""Checks what a statement is made of: one query, of known nodes, clauses, types and functions."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from datamind.errors import SqlRejected
from datamind.governance.limits import ONLY_READS
from datamind.governance.tables import clickhouse, duckdb, postgres
from datamind.governance.tables.nodes import ARGUMENTS, JOIN_WORDS, NODES, TYPES
from datamind.records import Dialect

FUNCTIONS: dict[Dialect, frozenset[str]] = {
    "duckdb": duckdb.FUNCTIONS,
    "postgres": postgres.FUNCTIONS,
    "clickhouse": clickhouse.FUNCTIONS,
}
# Two words that the tokenizer takes for one.
PAIRS = frozenset({"group by", "order by", "partition by", "grouping sets"})
BEFORE_BRACKET: dict[Dialect, frozenset[str]] = {
    "duckdb": duckdb.FUNCTIONS | duckdb.WORDS | PAIRS,
    "postgres": postgres.FUNCTIONS | postgres.WORDS | PAIRS,
    "clickhouse": clickhouse.FUNCTIONS | clickhouse.WORDS | PAIRS,
}
# Functions whose name the parser just keeps; of other nodes the type says which function it is.
NAMED_BY_TEXT = (
    exp.Anonymous, exp.AnonymousAggFunc, exp.CombinedAggFunc, exp.ParameterizedAgg,
    exp.CombinedParameterizedAgg,
)  # fmt: skip
# What may stand as a bare word in a tree: no text may turn into a name that nobody looked up.
UNITS = frozenset(
    """
    NANOSECOND MICROSECOND MILLISECOND SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR DECADE CENTURY
    CENTURIE MILLENNIUM MILLENNIA EPOCH DOW DOY ISODOW ISOYEAR ERA JULIAN DAYOFWEEK DAYOFYEAR
    DAYOFMONTH WEEKDAY WEEKOFYEAR YEARWEEK TIMEZONE TIMEZONE_HOUR TIMEZONE_MINUTE BOTH LEADING
    TRAILING NFC NFD NFKC NFKD ALL TIES GROUP
    """.split()
) | {"CURRENT ROW", "NO OTHER"}
MAX_TREE_DEPTH = 400
PARAMETERS = (exp.Parameter, exp.Placeholder)
# The one parameter that our own text may have: the key of masks. No text shows it.
PARAMETER: dict[Dialect, exp.Expr] = {
    "postgres": exp.Parameter(this=exp.Literal.number(1)),
    "duckdb": exp.Placeholder(this="1"),
    "clickhouse": exp.Placeholder(this=exp.var("mask_key"), kind=exp.DataType.build("String")),
}
# Words that people know, for node types that are refused.
PLAIN_WORDS: dict[str, str] = {
    "Lock": "row locks",
    "Into": "SELECT INTO",
    "Command": "commands",
    "TableSample": "samples",
    "Pivot": "PIVOT",
    "PositionalColumn": "columns by position",
    "ObjectIdentifier": "names of database objects as values",
    "PseudoType": "names of database objects as values",
}


# What the parser and the generator raise for text and trees that they were not made for.
BROKEN = (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, LookupError)


def parse(sql: str, dialect: Dialect) -> exp.Query:
    """The one query in the text."""
    try:
        found = [tree for tree in sqlglot.parse(sql, dialect=dialect) if tree is not None]
    except BROKEN:
        raise SqlRejected("The statement could not be read as SQL.") from None
    if len(found) != 1:
        raise SqlRejected(ONLY_READS)
    tree = found[0]
    if not isinstance(tree, (exp.Select, exp.SetOperation, exp.Subquery)):
        raise SqlRejected(ONLY_READS)
    return tree


def text_of(node: exp.Expr, dialect: Dialect, *, identify: bool = False) -> str:
    """The tree as text, without comments."""
    try:
        return node.sql(dialect=dialect, identify=identify, comments=False)
    except BROKEN:
        raise SqlRejected("The statement could not be written down again.") from None


def check_shape(tree: exp.Query, dialect: Dialect, *, ours: bool = False) -> None:
    """Refuse every node, clause, type and function that is not on the lists; `ours` says that we
    wrote the text, which may then have the parameter that masks are made with."""
    waiting: list[tuple[exp.Expr, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_TREE_DEPTH:
            raise SqlRejected(f"The statement is nested more than {MAX_TREE_DEPTH} levels deep.")
        kind = type(node)
        if kind in PARAMETERS:
            if not ours or node.sql(dialect) != PARAMETER[dialect].sql(dialect):
                raise SqlRejected("A statement has no parameters: write its values.")
            continue
        if kind not in NODES:
            name = node.sql_name() if isinstance(node, exp.Func) else kind.__name__.upper()
            what = PLAIN_WORDS.get(kind.__name__, name)
            raise SqlRejected(f"Not allowed here: {what}.")
        known = ARGUMENTS.get(kind)
        if known is not None:
            for name, value in node.args.items():
                if name not in known and value not in (None, False, []):
                    raise SqlRejected(f"Not allowed in {kind.__name__.upper()}: {name.strip('_')}.")
        _check_special(node, dialect)
        waiting.extend((child, depth + 1) for child in node.iter_expressions())


def _check_special(node: exp.Expr, dialect: Dialect) -> None:
    if isinstance(node, NAMED_BY_TEXT):
        name = node.this
        if not isinstance(name, str) or name.lower() not in FUNCTIONS[dialect]:
            raise unknown_function(str(name))
    elif isinstance(node, exp.DataType):
        if node.this not in TYPES:
            raise SqlRejected("A type is not one of the usual ones.")
    elif isinstance(node, exp.Join):
        for part, words in JOIN_WORDS.items():
            if (node.args.get(part) or "") not in words:
                raise SqlRejected(f"Not allowed: a {node.args[part]} join.")
    elif isinstance(node, exp.Var) and not _is_word(node):
        raise SqlRejected(f"{node.name[:40]} means nothing here.")
    elif isinstance(node, exp.Dot) and not _is_element(node, dialect):
        raise SqlRejected("Not allowed here: methods, fields of rows and functions of a schema.")
    elif isinstance(node, exp.LimitOptions) and dialect == "duckdb" and node.args.get("with_ties"):
        raise SqlRejected("DuckDB has no WITH TIES: rank the rows.")  # it would be dropped


def _is_element(node: exp.Dot, dialect: Dialect) -> bool:
    """Whether it is ClickHouse's `tuple.1`."""
    at = node.expression
    return dialect == "clickhouse" and isinstance(at, exp.Literal) and at.this.isdigit()


def _is_word(node: exp.Var) -> bool:
    """Whether a bare word is one of the grammar: a unit of time, a frame's, a collation."""
    word = node.name.upper()
    collation = isinstance(node.parent, exp.Collate) and word.isidentifier()
    return collation or word in UNITS or word.removesuffix("S") in UNITS


def unknown_function(name: str) -> SqlRejected:
    """The same answer for a function that is forbidden and one that is not there."""
    shown = name if len(name) <= 40 else name[:40] + "..."
    return SqlRejected(f"The function {shown} is not one that may be used.")


def check_aliases(tree: exp.Query) -> None:
    """Refuse aliases that ClickHouse takes for something else: a CTE that is called like a table
    and its database, and an expression that is called like a source of columns."""
    sources = {source.alias_or_name for source in tree.find_all(exp.Table, exp.Subquery)}
    for node in tree.find_all(exp.TableAlias):
        if "." in node.name:
            raise SqlRejected("An alias of a query or table has no dot in it.")
    constants = (cte for cte in tree.find_all(exp.CTE) if cte.args.get("scalar"))
    for alias in (*tree.find_all(exp.Alias), *constants):
        if alias.alias in sources:
            raise SqlRejected(f"{alias.alias} is a table here: call the column otherwise.")


def check_calls(tokens: list[Token], dialect: Dialect) -> None:
    """Refuse a text in which an unlisted word stands before a bracket.

    For text that we wrote: all names in it are quoted, so a bare word there is what the engine
    takes for a function, a type or its grammar.
    """
    allowed = BEFORE_BRACKET[dialect]
    before: Token | None = None
    for token in tokens:
        if token.token_type == TokenType.L_PAREN and before is not None:
            word = before.text.lower()
            if (
                before.token_type not in (TokenType.IDENTIFIER, TokenType.STRING)
                and (word[:1].isalpha() or word[:1] == "_")
                and word not in allowed
            ):
                raise unknown_function(word)
        before = token
