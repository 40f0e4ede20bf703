"""PostgreSQL's own parser reads each statement too: both must see the same tables and functions."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from datamind.errors import BadInput, SqlRejected
from datamind.governance.limits import ONLY_READS
from datamind.governance.names import Names
from datamind.governance.shape import FUNCTIONS, unknown_function

# The messages of libpg_query's tree that a query may hold; others are refused unseen.
MESSAGES = frozenset(
    """
    ParseResult RawStmt SelectStmt WithClause CommonTableExpr ResTarget ColumnRef String A_Const
    Integer Float Boolean BitString A_Star A_Expr BoolExpr NullTest BooleanTest FuncCall TypeCast
    TypeName SubLink RangeVar Alias RangeSubselect RangeFunction JoinExpr CaseExpr CaseWhen
    CoalesceExpr MinMaxExpr SortBy WindowDef A_ArrayExpr A_Indirection A_Indices List RowExpr
    GroupingSet GroupingFunc SQLValueFunction ParamRef CollateClause Node
    """.split()
)
VALUES_OF_THE_CLOCK = frozenset(range(1, 10))  # SQLValueFunction: CURRENT_DATE to LOCALTIMESTAMP(n)
NAMES = Names("postgres")


def agree(sql: str, tree: exp.Query) -> None:
    """Refuse what PostgreSQL reads otherwise than we do."""
    messages = list(_messages(_parsed(sql)))
    tables: Counter[tuple[str, str]] = Counter()
    for message in messages:
        kind = type(message).__name__
        if kind not in MESSAGES:
            raise SqlRejected(ONLY_READS if kind.endswith("Stmt") else _differently())
        if kind == "RangeVar":
            if message.catalogname:
                raise SqlRejected(_differently())
            tables[message.schemaname, message.relname] += 1
        elif kind == "FuncCall":
            _check_function(message)
        elif kind == "SelectStmt":
            if message.locking_clause or message.HasField("into_clause"):
                raise SqlRejected(ONLY_READS)
        elif kind == "SQLValueFunction" and message.op not in VALUES_OF_THE_CLOCK:
            raise SqlRejected("Who is connected, and to what, is not told.")
    if tables != _tables(tree):
        raise SqlRejected(_differently())


def _parsed(sql: str) -> Any:
    try:
        # By name, since its stubs are not valid for mypy.
        postgast: Any = importlib.import_module("postgast")
    except ImportError:
        raise BadInput(
            "Statements for PostgreSQL need its parser, which is not installed.",
            hint="Install it with: pip install 'datamind[postgres]'",
        ) from None
    try:
        return postgast.parse(sql)
    except Exception:  # noqa: BLE001 (a syntax error, or a tree too deep to hand over)
        raise SqlRejected("PostgreSQL could not read the statement.") from None


def _messages(root: Any) -> Iterator[Any]:
    """Every message of the tree; its `Node` wrappers are opened."""
    waiting = [root]
    while waiting:
        message = waiting.pop()
        which = message.WhichOneof("node") if type(message).__name__ == "Node" else None
        if which is not None:
            waiting.append(getattr(message, which))
            continue
        yield message
        for field, value in message.ListFields():
            if field.message_type is not None:
                waiting.extend([value] if hasattr(value, "ListFields") else value)


def _check_function(call: Any) -> None:
    names = [part.string.sval for part in call.funcname]
    # Words of the grammar (EXTRACT, AT TIME ZONE) become functions of pg_catalog by themselves.
    if len(names) == 2 and names[0] == "pg_catalog":
        names = names[1:]
    if len(names) != 1 or names[0] not in FUNCTIONS["postgres"]:
        raise unknown_function(".".join(names))


def _tables(tree: exp.Query) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier):
            schema = table.args.get("db")
            found[NAMES.written(schema) if schema else "", NAMES.written(table.this)] += 1
    return found


def _differently() -> str:
    return "PostgreSQL reads this statement differently than it looks: write it more plainly."
