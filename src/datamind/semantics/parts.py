"""Parts of a whole: which expressions and metrics are shares, of one or of a hundred."""

from __future__ import annotations

from collections.abc import Mapping

from datamind.language import names
from datamind.semantics import plan as P
from datamind.semantics.catalog import Metric

SHARE, PERCENT = "share", "percent"
_CALLED = frozenset({"rate", "share", "proportion", "fraction", "percentage", "percent", "pct"})


def of_division(expr: P.Arithmetic) -> str | None:
    """The unit of a quotient that is a part of a whole: of all rows, or of what it was before."""
    top, unit = expr.left, SHARE
    if isinstance(top, P.Arithmetic) and top.op == "*" and top.left == P.Value(100):
        top, unit = top.right, PERCENT
    return unit if _is_part(_bare(top), _bare(expr.right)) else None


def _bare(expr: P.Expr) -> P.Expr:
    """Without what stands in for nothing."""
    return _bare(expr.args[0]) if isinstance(expr, P.Call) and expr.name == "coalesce" else expr


def _is_part(top: P.Expr, whole: P.Expr) -> bool:
    match whole:
        case P.WindowCall(function="sum", order=()) if whole.arg == top:
            return True
        case P.Aggregate(function="count" | "sum", where=None) if isinstance(top, P.Aggregate):
            same = (top.function, top.arg, top.of, top.distinct)
            return top.where is not None and same == (
                whole.function, whole.arg, whole.of, whole.distinct,
            )  # fmt: skip
        case P.Metric(where=None) if isinstance(top, P.Metric):
            return top.where is not None and top.name == whole.name
    return isinstance(top, P.Arithmetic) and top.op == "-" and top.right == whole


def of_metric(metric: Metric, known: Mapping[str, Metric]) -> str | None:
    """The unit of a rate: of things of one kind over each other, and called so."""
    if not _CALLED & set(names.words_of(metric.name)):
        return None
    if metric.kind == "ratio":
        units = [known[n].unit if n in known else None
                 for n in (metric.numerator or "", metric.denominator or "")]  # fmt: skip
        return SHARE if units[0] == units[1] else None
    averaged = metric.kind == "simple" and metric.aggregation in ("avg", "average")
    return SHARE if averaged and metric.expression.lower().startswith("case ") else None
