"""Tells how long a text or list a function makes of next to nothing, and refuses the huge ones."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from sqlglot import exp

from datamind.errors import SqlRejected
from datamind.governance.names import ascii_lower

MAX_SERIES = 100_000
SERIES = (exp.GenerateSeries, exp.ExplodingGenerateSeries)
MAX_REPEAT = 10_000
# Characters or elements of one value that is made of what is written out.
MAX_MADE = 1_000_000
# Where a function's arguments have the length of what it makes; `bar` has a length of its own.
LENGTHS: Mapping[str, int] = {
    "repeat": 1, "lpad": 1, "rpad": 1, "leftpadutf8": 1, "rightpadutf8": 1, "tofixedstring": 1,
    "array_fill": 1, "list_resize": 1, "array_resize": 1, "arrayresize": 1,
    "arraywithconstant": 0, "bar": 3,
}  # fmt: skip
REPLACING = frozenset({"replaceall", "replaceone", "replaceregexpall", "replaceregexpone"})
PLACED = "grouparrayinsertat"
PADDED_TYPES = frozenset({exp.DType.CHAR, exp.DType.NCHAR, exp.DType.FIXEDSTRING})
WRITTEN = (exp.Literal, exp.ByteString, exp.RawString, exp.National)
# `%` and its flags, width and precision; `{` and what is said of the value up to `}`.
SPECIFIER = re.compile(r"%[^A-Za-z%]*|\{[^}]*")
NAMED_BY_TEXT = (exp.Anonymous, exp.AnonymousAggFunc, exp.CombinedAggFunc)
PARAMETERIZED = (exp.ParameterizedAgg, exp.CombinedParameterizedAgg)
# What keeps a value as long as it was.
ARITHMETIC = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Paren, exp.If, exp.Case,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.And, exp.Or, exp.Not, exp.Greatest,
    exp.Least, exp.Abs, exp.Max, exp.Min, exp.Column, exp.Identifier, exp.Literal,
)  # fmt: skip
ARITHMETIC_BY_NAME = frozenset({"plus", "minus", "multiply", "divide", "max2", "min2"})


def check_growth(node: exp.Expr) -> bool:
    """Refuse a call that makes something huge; whether it makes more than it is given."""
    if isinstance(node, (exp.Repeat, exp.Pad)):
        _check_times(node.args.get("times") or node.args.get("expression"))
        return True
    if isinstance(node, exp.Format):
        _check_format(node.this)
    elif isinstance(node, exp.DataTypeParam):
        kind = node.parent
        if isinstance(kind, exp.DataType) and kind.this in PADDED_TYPES:
            _check_times(node.this)
    elif isinstance(node, PARAMETERIZED):
        _check_placed(node, node.args["params"], node.expressions[1:2])
    elif isinstance(node, NAMED_BY_TEXT):
        return _check_named(node, ascii_lower(str(node.this)))
    return isinstance(node, (exp.Replace, exp.RegexpReplace))


def _check_named(node: exp.Expr, name: str) -> bool:
    arguments = node.expressions
    if name == "printf":
        _check_format(arguments[0] if arguments else None)
    elif name == "range":  # ClickHouse's
        for bound in arguments:
            _check_bound(bound)
    elif name == "arrayfold":
        _check_fold(arguments[0] if arguments else None)
    elif name == "timeslots":
        _check_slots(arguments[1:])
    elif name in LENGTHS:
        at = LENGTHS[name]
        if len(arguments) > at or name != "bar":
            _check_times(arguments[at] if len(arguments) > at else None)
        return True
    else:
        _check_placed(node, arguments, [])
    return name in REPLACING


def check_made(node: exp.Expr) -> None:
    """Refuse an expression whose calls, one in the other, make a huge value."""
    if made(node) > MAX_MADE:
        raise SqlRejected(f"A value may be made {MAX_MADE:,} characters or elements long, no more.")


def made(node: exp.Expr) -> float:
    """About how long the value is, where a column's counts as one; queries in it are left out."""
    lengths: dict[int, float] = {}
    inner = list(node.walk(prune=lambda n: isinstance(n, exp.Query) and n is not node))
    for at in reversed(inner):  # what is in a node comes after it, so that this takes it first
        lengths[id(at)] = _length(at, lengths)
    return lengths[id(node)]


def _length(node: exp.Expr, lengths: Mapping[int, float]) -> float:
    if isinstance(node, exp.Literal):
        return max(1, len(node.this)) if node.is_string else 1
    if isinstance(node, SERIES):
        return steps(node) or MAX_SERIES
    inner = [lengths.get(id(child), 1) for child in node.iter_expressions()]
    whole = max(1, sum(inner))
    if isinstance(node, exp.Repeat):
        return inner[0] * abs(number(node.args.get("times")) or 1)
    if isinstance(node, exp.Pad):
        return max(inner[0], abs(number(node.args.get("expression")) or 1))
    if isinstance(node, (exp.Replace, exp.RegexpReplace)):
        return inner[0] * max(1, lengths.get(id(node.args.get("replacement")), 1))
    if not isinstance(node, exp.Anonymous):
        return whole
    name = ascii_lower(str(node.this))
    if name in REPLACING and len(inner) == 3:
        return inner[0] * inner[2]
    if name == "range":
        return max([1, *(abs(number(bound) or MAX_REPEAT) for bound in node.expressions)])
    times = number(node.expressions[LENGTHS[name]]) if LENGTHS.get(name, 9) < len(inner) else None
    return whole * max(1, abs(times)) if times is not None else whole


def steps(series: exp.Expr) -> float | None:
    """How many values a series of plain numbers has."""
    start, end = number(series.args.get("start")), number(series.args.get("end"))
    step = series.args.get("step")
    by = 1.0 if step is None else number(step)
    return abs(end - start) / abs(by) if start is not None and end is not None and by else None


def _check_times(times: exp.Expr | None) -> None:
    found = number(times)
    if found is None or abs(found) > MAX_REPEAT:
        raise SqlRejected(f"A text may be repeated or padded up to {MAX_REPEAT:,}, by a number.")


def _check_format(pattern: exp.Expr | None) -> None:
    if not isinstance(pattern, WRITTEN):
        raise SqlRejected("A format is written out as a text.")
    text = str(pattern.this)
    for mark in ("%%", "{{", "}}"):
        text = text.replace(mark, "")
    for specifier in SPECIFIER.findall(text):
        widths = [n.lstrip("0") for n in re.findall("[0-9]+", specifier)]
        dynamic = "*" in specifier or "{" in specifier[1:] or "\\" in specifier
        if dynamic or any(len(n) > 5 or int(n or 0) > MAX_REPEAT for n in widths):
            raise SqlRejected(f"A format's widths are numbers of up to {MAX_REPEAT:,}.")


def _check_bound(bound: exp.Expr) -> None:
    """A bound of ClickHouse's range: a small number, or reckoned from columns and dates."""
    found = number(bound)
    inner = list(bound.walk())
    numbers = [n for n in (number(at) for at in inner) if n is not None]
    known = found is not None or any(
        isinstance(at, (exp.Column, exp.Identifier)) or _is_far_apart(at) for at in inner
    )
    if not known or any(abs(n) > MAX_SERIES for n in numbers):
        raise SqlRejected(f"A range has at most {MAX_SERIES:,} numbers.")


def _is_far_apart(node: exp.Expr) -> bool:
    """Whether it counts what is between dates, in hours or longer."""
    unit = node.text("unit").upper() if isinstance(node, exp.DateDiff) else ""
    return unit in ("HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR")


def _check_slots(arguments: list[exp.Expr]) -> None:
    by = number(arguments[1]) if len(arguments) > 1 else 1800
    numbers = [number(at) or 0 for at in (arguments[0].walk() if arguments else ())]
    if not by or max(numbers, default=0) / by > MAX_SERIES:
        raise SqlRejected(f"timeSlots takes a plain size, and at most {MAX_SERIES:,} slots.")


def _check_placed(node: exp.Expr, values: list[exp.Expr], size: list[exp.Expr]) -> None:
    """groupArrayInsertAt makes an array as long as the place says."""
    if not ascii_lower(str(node.this)).startswith(PLACED):
        return
    lengths = [number(n) for n in size or values[1:2]]
    if not lengths or lengths[0] is None or lengths[0] > MAX_SERIES:
        raise SqlRejected(
            "groupArrayInsertAt takes a place or, as its second parameter,"
            f" a size that is a number of up to {MAX_SERIES:,}."
        )


def _check_fold(function: exp.Expr | None) -> None:
    """arrayFold hands on what it made: a text or list could double at each element."""
    body = function.this if isinstance(function, exp.Lambda) else None
    if body is None or not all(
        isinstance(node, ARITHMETIC) or _is_arithmetic(node) for node in body.walk()
    ):
        raise SqlRejected("arrayFold may only reckon with numbers.")


def _is_arithmetic(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).lower() in ARITHMETIC_BY_NAME


def number(node: exp.Expr | None) -> float | None:
    """The value of a literal number, with or without a sign; None of anything else."""
    sign = 1.0
    while isinstance(node, (exp.Neg, exp.Paren)):
        sign = -sign if isinstance(node, exp.Neg) else sign
        node = node.this
    if not isinstance(node, exp.Literal):
        return None
    try:
        found = sign * float(node.this)
    except ValueError:
        return None
    return None if math.isnan(found) else found
