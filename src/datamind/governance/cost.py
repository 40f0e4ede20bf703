"""Refuses what can only burn time or memory: endless recursion, huge series, wild joins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from sqlglot import exp

from datamind.errors import SqlRejected

MAX_SERIES = 100_000
MAX_REPEAT = 10_000
MAX_APART = 3
MAX_SOURCES = 40
SERIES = (exp.GenerateSeries, exp.ExplodingGenerateSeries)
REPEATING = frozenset(
    {
        "repeat",
        "lpad",
        "rpad",
        "array_fill",
        "bar",
        "list_resize",
        "array_resize",
        "arrayresize",
        "arraywithconstant",
    }
)
DAY_OR_LONGER = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")


def check_series(node: exp.Expr) -> None:
    """Refuse a series or a repetition whose length is unbounded or huge."""
    if isinstance(node, SERIES):
        _check_length(node)
    elif isinstance(node, (exp.Repeat, exp.Pad)):
        times = node.args.get("times") or node.args.get("expression")
        _check_times(times)
    elif isinstance(node, exp.Anonymous) and str(node.this).lower() in REPEATING:
        _check_times(node.expressions[1] if len(node.expressions) > 1 else None)


def _check_times(times: exp.Expr | None) -> None:
    number = _number(times)
    if number is None or number > MAX_REPEAT:
        raise SqlRejected(f"A text may be repeated or padded up to {MAX_REPEAT:,}, by a number.")


def _check_length(node: exp.Expr) -> None:
    step = node.args.get("step")
    start, end = _number(node.args.get("start")), _number(node.args.get("end"))
    if start is not None and end is not None:
        by = 1.0 if step is None else _number(step)
        if by and abs(end - start) / abs(by) <= MAX_SERIES:
            return
    elif step is not None and ((_is_day_or_longer(step) and _is_near(node)) or _is_short(node)):
        return
    raise SqlRejected(
        f"A series needs plain numbers as bounds and at most {MAX_SERIES:,} steps,"
        " or dates with a step of a day or longer."
    )


def _is_day_or_longer(step: exp.Expr) -> bool:
    """Whether it is an interval, or a text cast to one, of plain days or longer."""
    if isinstance(step, exp.Interval):
        unit, number = step.args.get("unit"), _number(step.this)
        named = unit is not None and unit.name.upper().rstrip("S") in DAY_OR_LONGER
        return named and number is not None and number >= 1
    if isinstance(step, exp.Cast) and isinstance(step.this, exp.Literal):
        is_interval = step.to.this == exp.DType.INTERVAL or isinstance(step.to.this, exp.Interval)
        count, _, word = str(step.this.this).partition(" ")
        plain = count.isascii() and count.isdigit() and int(count) >= 1
        return is_interval and plain and word.upper().rstrip("S") in DAY_OR_LONGER
    return False


def _is_near(series: exp.Expr) -> bool:
    """Whether bounds that are written out are not too many days apart; what is computed from the
    clock or a column is in a person's lifetime."""
    start, end = series.args.get("start"), series.args.get("end")
    if not (_is_written(start) and _is_written(end)):
        return not (_is_written(start) or _is_written(end)) or bool(_moment(start) or _moment(end))
    first, last = _moment(start), _moment(end)
    return first is not None and last is not None and abs((last - first).days) <= MAX_SERIES


def _is_written(node: exp.Expr | None) -> bool:
    inner = node.this if isinstance(node, exp.Cast) else node
    return isinstance(inner, exp.Literal)


def _is_short(series: exp.Expr) -> bool:
    """Whether it goes by minutes or hours between two times that are written out, not too far."""
    step = series.args["step"]
    text = f"{step.this.this} {step.unit}" if isinstance(step, exp.Interval) else step.this
    text = text.this if isinstance(text, exp.Literal) else text
    count, _, word = str(text).partition(" ")
    length = {"HOUR": 3600, "MINUTE": 60}.get(word.upper().rstrip("S"))
    start, end = _moment(series.args.get("start")), _moment(series.args.get("end"))
    if (
        length is None
        or not (count.isascii() and count.isdigit())
        or not int(count)
        or start is None
        or end is None
    ):
        return False
    return (end - start).total_seconds() / (length * int(count)) <= MAX_SERIES


def _moment(node: exp.Expr | None) -> dt.datetime | None:
    """A time that is written out, with a cast or without."""
    inner = node.this if isinstance(node, exp.Cast) else node
    if not isinstance(inner, exp.Literal):
        return None
    try:
        return dt.datetime.fromisoformat(inner.this).replace(tzinfo=None)
    except ValueError:
        return None


def _number(node: exp.Expr | None) -> float | None:
    """The value of a literal number, with or without a sign; None of anything else."""
    sign = 1.0
    while isinstance(node, (exp.Neg, exp.Paren)):
        sign = -sign if isinstance(node, exp.Neg) else sign
        node = node.this
    if not isinstance(node, exp.Literal):
        return None
    try:
        return sign * float(node.this)
    except ValueError:
        return None


def check_recursion(body: exp.Union, name: str, key: Callable[[str], str]) -> None:
    """A recursive step has to end: by a condition, or by adding only rows that are new."""
    step = body.expression
    if not isinstance(step, exp.Select):
        raise SqlRejected("The step of a recursive query is one SELECT.")
    joins = step.args.get("joins") or ()
    conditional = step.args.get("where") is not None or any(
        j.args.get("on") is not None or j.args.get("using") for j in joins
    )
    reads_more = bool(joins) and body.args.get("distinct")
    if not conditional and not reads_more:
        raise SqlRejected(f"The recursion of {name} has no end: give its step a WHERE.")


def check_joins(tree: exp.Expr) -> None:
    """Refuse selects that multiply many sources with nothing that ties them together."""
    for select in tree.find_all(exp.Select):
        joins: Sequence[exp.Join] = select.args.get("joins") or ()
        if len(joins) > MAX_SOURCES:
            raise SqlRejected(f"A SELECT may join at most {MAX_SOURCES} tables.")
        if len(joins) > MAX_APART and _apart(select, joins) > MAX_APART:
            raise SqlRejected(
                f"More than {MAX_APART} tables are multiplied with each other:"
                " join them by columns."
            )


def _apart(select: exp.Select, joins: Sequence[exp.Join]) -> int:
    """How many groups of sources stand side by side without a condition between them."""
    clause = select.args.get("from_")
    items = ([clause.this] if clause is not None else []) + [j.this for j in joins]
    items = [item.this if isinstance(item, exp.Final) else item for item in items]
    group = {item.alias_or_name: item.alias_or_name for item in items}

    def leader(name: str) -> str:
        while group[name] != name:
            name = group[name]
        return name

    def tie(names: list[str]) -> None:
        for name in names[1:]:
            group[leader(name)] = leader(names[0])

    conditions = [j.args["on"] for j in joins if j.args.get("on") is not None]
    where = select.args.get("where")
    for condition in conditions + ([where.this] if where is not None else []):
        for part in condition.flatten() if isinstance(condition, exp.And) else (condition,):
            tie([c.table for c in part.find_all(exp.Column) if c.table in group])
    for join in joins:
        if join.args.get("using") or join.args.get("method") == "NATURAL":
            joined = join.this.this if isinstance(join.this, exp.Final) else join.this
            tie([items[0].alias_or_name, joined.alias_or_name])
    return len({leader(name) for name in group})
