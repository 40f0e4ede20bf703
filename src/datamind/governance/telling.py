"""What a statement tells of the data: its literals and comments, and the names of its columns.

Who does not see all that its writer saw is told of it what says nothing, and that alone: whatever
is not understood says something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as SqlDialect
from sqlglot.errors import SqlglotError

from datamind.errors import SqlRejected
from datamind.governance.limits import tokens_within_limits
from datamind.governance.names import distinct
from datamind.governance.shape import FUNCTIONS, NAMED_BY_TEXT, UNITS, parse
from datamind.governance.tables.nodes import NODES
from datamind.records import Dialect, Lineage

COMMENT = re.compile(r"--|/\*|#")  # in a text too: better held back than told
NAME = re.compile(r"(?!_)[^\W\d]+\d{0,2}")
CALL = re.compile(r"(\w+)\(")
# Whose words the parser keeps as they are, and which are none of a person's.
WORDED = (
    exp.Join, exp.SetOperation, exp.Window, exp.WindowSpec, exp.DataType, *NAMED_BY_TEXT,
)  # fmt: skip
USUAL = frozenset({"0", "1", "100"})
# Where the usual numbers shape a figure: in sums, shares, counts and rounding.
SHAPES = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Coalesce, exp.Nullif, exp.Count,
)  # fmt: skip
# What rows are chosen by: there any number may be one of the data.
CHOOSES = (exp.Predicate, exp.Connector, exp.Where, exp.Having, exp.Qualify, exp.Join)
GRAINS = (
    exp.DateTrunc, exp.TimestampTrunc, exp.DatetimeTrunc, exp.Extract, exp.DateDiff,
    exp.TimestampDiff, exp.DatetimeDiff,
)  # fmt: skip
GRAIN_CALLS = frozenset({"date_trunc", "date_part", "datepart", "date_diff", "datediff"})
ROWS = (exp.Limit, exp.Offset, exp.Fetch, exp.DataTypeParam)
MOST_PLACES = 99  # GROUP BY 2 names an output


@lru_cache(maxsize=2_048)
def tells_nothing(sql: str, question: str, dialect: Dialect) -> bool:
    """Whether no comment and no literal in the statement may come from the data: each is one of
    the question's own words, or such as any statement has."""
    if COMMENT.search(sql):
        return False
    try:
        tokens_within_limits(sql, dialect)
        tree = parse(sql, dialect)
    except SqlRejected:
        return False
    return all(_says_nothing(node, question.casefold()) for node in tree.walk())


def neutral(lineage: Iterable[Lineage], sql: str, dialect: Dialect) -> tuple[str, ...]:
    """What the columns are called for who may not be told the SQL: a name stays where it is the
    catalog's or a plain word that is no literal of the statement's; of a call its function does."""
    said = _literal_words(sql, dialect)
    return distinct(_neutral(line, number, said, dialect) for number, line in enumerate(lineage, 1))


def _neutral(line: Lineage, number: int, said: frozenset[str] | None, dialect: Dialect) -> str:
    name = line.output
    if len(line.sources) == 1 and line.sources[0].endswith(f".{name}"):
        return name
    if said is not None and NAME.fullmatch(name) and said.isdisjoint(_words(name)):
        return name
    call = CALL.match(name)
    if call is not None and call[1] in FUNCTIONS[dialect]:
        return call[1]
    return f"column_{number}"


def _literal_words(sql: str, dialect: Dialect) -> frozenset[str] | None:
    """The words of all that is no name or keyword; None where that can't be told."""
    try:
        tokens = SqlDialect.get_or_raise(dialect).tokenize(sql)
    except SqlglotError:
        return None
    texts = [t.text for t in tokens if t.token_type.name.endswith(("STRING", "NUMBER"))]
    texts += [comment for token in tokens for comment in token.comments]
    return frozenset(word for text in texts for word in _words(text))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _says_nothing(node: exp.Expr, asked: str) -> bool:
    if isinstance(node, exp.Literal):
        return _is_usual(node) or _stands_in(asked, node.name)
    if isinstance(node, exp.Identifier):
        # What names a column or table is the catalog's, or an alias that is looked at itself.
        refers = isinstance(node.parent, (exp.Column, exp.Table))
        return refers or NAME.fullmatch(node.name) is not None
    if isinstance(node, exp.Var):
        return node.name.upper() in UNITS
    if type(node) not in NODES or isinstance(node, exp.Boolean):
        return False
    return isinstance(node, WORDED) or not any(
        isinstance(value, str) for value in node.args.values()
    )


def _stands_in(asked: str, text: str) -> bool:
    """Whether the text stands in what was asked, which is told anyway, as whole words."""
    word = re.escape(text.strip("%").casefold())
    return bool(word) and re.search(rf"(?<!\w){word}(?!\w)", asked) is not None


def _is_usual(node: exp.Literal) -> bool:
    parent = node.parent
    if isinstance(parent, ROWS):
        return not node.is_string
    if isinstance(parent, exp.Interval):
        return node.name in USUAL
    if node.is_string:
        called = parent.name.lower() if isinstance(parent, exp.Anonymous) else ""
        return node.name.upper() in UNITS and (isinstance(parent, GRAINS) or called in GRAIN_CALLS)
    if isinstance(parent, (exp.Group, exp.Ordered)):
        return node.name.isdigit() and int(node.name) <= MOST_PLACES
    if isinstance(parent, exp.Round):
        return node.arg_key == "decimals" and len(node.name) == 1
    result = isinstance(parent, (exp.If, exp.Case)) and node.arg_key in ("true", "default")
    shapes = result or isinstance(parent, SHAPES)
    return shapes and node.name in USUAL and not _chooses(node)


def _chooses(node: exp.Expr) -> bool:
    """Whether rows, or the arms of a CASE, are chosen by what it stands in."""
    at = node
    while at.parent is not None:
        if isinstance(at.parent, CHOOSES) or (
            at.arg_key == "this" and isinstance(at.parent, exp.If)
        ):
            return True
        at = at.parent
    return False
