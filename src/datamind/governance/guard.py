"""The guard: a draft is checked against what its asker may see, bound, and checked again."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from datamind.errors import SqlRejected
from datamind.governance.cost import check_joins
from datamind.governance.covered import only_governed
from datamind.governance.limits import tokens_within_limits
from datamind.governance.names import distinct, relations
from datamind.governance.policy import Policy, VisibleColumns, apply, bodies_of
from datamind.governance.products import check_products
from datamind.governance.resolve import elements_by_function, resolve
from datamind.governance.scope import Resolution
from datamind.governance.seal import sealed
from datamind.governance.shape import (
    FUNCTIONS,
    PARAMETERS,
    check_aliases,
    check_calls,
    check_shape,
    parse,
    text_of,
)
from datamind.governance.volatile import is_volatile
from datamind.records import Checked, Dialect, Draft, Governed, Lineage, Optimized
from datamind.semantics.catalog import View

MAX_ROWS = 1_000_000


def check(draft: Draft, view: View) -> Checked:
    """The draft's one statement, with every name in it resolved in the asker's view."""
    tree, found = read(draft.sql, draft.dialect, view)
    sql = write(tree, draft.dialect)
    return Checked(
        draft=draft,
        sql=sql,
        relations=tuple(sorted({table.id for _, table in found.references})),
        columns=tuple(sorted(found.columns)),
    )


def govern(
    optimized: Optimized, view: View, *, row_limit: int, policy: Policy | None = None
) -> Governed:
    """The text that runs: policies applied, rows limited, and what was written checked again."""
    draft = optimized.checked.draft
    if not 0 < row_limit <= MAX_ROWS:
        raise SqlRejected(f"A row limit is between 1 and {MAX_ROWS:,}.")
    tree, found = read(optimized.sql, draft.dialect, view)
    policy = policy or VisibleColumns(view)
    bodies = bodies_of(policy, tree, found.references, draft.dialect)
    keyed = any(body.find(*PARAMETERS) for body in bodies.values())
    apply(bodies, found.references, draft.dialect)
    tree = limited(tree, row_limit + 1, [output.name for output in found.outputs], draft.dialect)
    sql = write(tree, draft.dialect)
    # Policies read what the asker may not: names are looked up in all there is, and then each
    # table is looked for where the policy has put it.
    whole, again = recheck(sql, draft.dialect, View(view.catalog))
    only_governed(found.references, again.references, view, bodies, draft.dialect)
    called = distinct(output.name for output in found.outputs)
    made = Governed(
        sql=sql,
        parameters=policy.parameters if keyed else (),
        dialect=draft.dialect,
        target=draft.target,
        fingerprint="",
        relations=tuple(sorted({table.id for _, table in again.references})),
        lineage=tuple(
            Lineage(
                output=name,
                sources=tuple(sorted(output.sources)),
                masked=bool(output.sources & view.masked_columns),
            )
            for name, output in zip(called, found.outputs, strict=True)
        ),
        row_limit=row_limit,
        columns=tuple(sorted(found.columns)),
        policies=tuple(sorted({p for _, table in found.references for p in policy.named(table)})),
        volatile=is_volatile(whole, sql, [table for _, table in again.references], draft.dialect),
    )
    return replace(made, fingerprint=sealed(made, view.fingerprint))


def read(
    sql: str, dialect: Dialect, view: View, *, ours: bool = False
) -> tuple[exp.Query, Resolution]:
    """Parse and check one statement; its names are written out in full."""
    if dialect not in FUNCTIONS:
        raise SqlRejected(f"Statements in {dialect} can't be checked yet.")
    tokens_within_limits(sql, dialect)
    tree = parse(sql, dialect)
    check_shape(tree, dialect, ours=ours)
    if dialect == "postgres":
        from datamind.governance.second_opinion import agree

        agree(sql, tree)
    if dialect == "clickhouse":
        check_aliases(tree)
        elements_by_function(tree)
    found = resolve(tree, relations(view, dialect))
    check_joins(tree)
    check_products(tree)
    return tree, found


def write(tree: exp.Query, dialect: Dialect) -> str:
    """The tree as text: all names quoted, no comments."""
    return text_of(tree, dialect, identify=True)


def recheck(sql: str, dialect: Dialect, view: View) -> tuple[exp.Query, Resolution]:
    """Check what was written as if a stranger had written it; it must come out unchanged."""
    check_calls(tokens_within_limits(sql, dialect), dialect)
    tree, found = read(sql, dialect, view, ours=True)
    if write(tree, dialect) != sql:
        raise SqlRejected("The statement does not stay the same when it is read again.")
    return tree, found


def limited(tree: exp.Query, most: int, names: list[str], dialect: Dialect) -> exp.Query:
    """The query with at most so many rows, whatever limit it has itself."""
    limit = tree.args.get("limit")
    if isinstance(limit, exp.Fetch):
        first = _whole_number(limit.args.get("count") or exp.Literal.number(1))
        if first is None:
            raise SqlRejected("FETCH FIRST takes a plain number.")
        limit.set("count", exp.Literal.number(min(first, most)))
        return tree
    groups = limit is not None and limit.expressions  # LIMIT n BY, which limits groups
    arms = names and dialect == "clickhouse" and isinstance(tree, exp.SetOperation)
    if groups or arms:  # a limit after the last arm of ClickHouse's UNION is that arm's own
        columns = [exp.column(name, "_q", quoted=True) for name in names]
        tree = exp.select(*columns).from_(tree.subquery(exp.to_identifier("_q", quoted=True)))
        limit = None
    wanted = most
    if limit is not None and not _is_all(limit):
        own = _whole_number(limit.expression)
        if own is None:
            raise SqlRejected("LIMIT takes a plain number.")
        wanted = min(own, most)
    tree.set("limit", exp.Limit(expression=exp.Literal.number(wanted)))
    return tree


def _is_all(limit: exp.Expr) -> bool:
    """Whether it is PostgreSQL's LIMIT ALL, which is none."""
    return isinstance(limit.expression, exp.Var) and limit.expression.name.upper() == "ALL"


def _whole_number(node: exp.Expr | None) -> int | None:
    if isinstance(node, exp.Literal) and not node.is_string and node.this.isdigit():
        return int(node.this)
    return None
