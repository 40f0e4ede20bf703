"""Refuses what can only burn time or memory: endless recursion, huge series, wild joins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from sqlglot import exp

from datamind.errors import SqlRejected
from datamind.governance.growth import MAX_SERIES, SERIES, check_growth, made, number, steps
from datamind.governance.limits import MAX_SOURCES

MAX_APART = 3
TOGETHER = (exp.DPipe, exp.Concat, exp.ConcatWs, exp.ArrayConcat)
DAY_OR_LONGER = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
SECONDS = {
    "SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400, "WEEK": 604_800, "MONTH": 2_592_000,
    "QUARTER": 7_776_000, "YEAR": 31_536_000,
}  # fmt: skip
LONGEST = 100 * SECONDS["YEAR"]
CLOCK = (exp.CurrentTimestamp, exp.CurrentDate, exp.Localtimestamp)
NOW = dt.datetime(2000, 1, 1)  # noqa: DTZ001 (stands for any moment)


def check_series(node: exp.Expr) -> bool:
    """Refuse a series or a repetition whose length is unbounded or huge; whether it is one."""
    if isinstance(node, SERIES):
        _check_length(node)
        return True
    return check_growth(node)


def _check_length(node: exp.Expr) -> None:
    step = node.args.get("step")
    count = steps(node)
    if count is not None:
        if count <= MAX_SERIES:
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
        unit, count = step.args.get("unit"), number(step.this)
        named = unit is not None and unit.name.upper().rstrip("S") in DAY_OR_LONGER
        return named and count is not None and count >= 1
    if isinstance(step, exp.Cast) and isinstance(step.this, exp.Literal):
        is_interval = step.to.this == exp.DType.INTERVAL or isinstance(step.to.this, exp.Interval)
        digits, _, word = str(step.this.this).partition(" ")
        plain = digits.isascii() and digits.isdigit() and len(digits) < 10 and int(digits) >= 1
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
    """Whether it goes by plain steps between two times that are written out, or two that are
    reckoned from now, not too far apart."""
    by = _seconds(series.args["step"])
    start, end = _instant(series.args.get("start")), _instant(series.args.get("end"))
    if not by or start is None or end is None or start[0] != end[0]:
        return False
    return (end[1] - start[1]).total_seconds() / by <= MAX_SERIES


def _instant(node: exp.Expr | None) -> tuple[bool, dt.datetime] | None:
    """A time, and whether it is reckoned from now, which stands as any one moment does."""
    away = dt.timedelta()
    while isinstance(node, (exp.Add, exp.Sub, exp.Paren, exp.TimestampTrunc)):
        if isinstance(node, (exp.Add, exp.Sub)):
            by = _seconds(node.expression)
            if by is None or by > LONGEST:
                return None
            away += dt.timedelta(seconds=by if isinstance(node, exp.Add) else -by)
        elif isinstance(node, exp.TimestampTrunc) and node.text("unit").upper() not in SECONDS:
            return None
        node = node.this
    is_now = isinstance(node, CLOCK)
    moment = NOW if is_now else _moment(node)
    try:
        return None if moment is None else (is_now, moment + away)
    except OverflowError:
        return None


def _seconds(node: exp.Expr) -> float | None:
    """The length of an interval, or of a text cast to one, with one plain count and unit."""
    inner = node.this
    unit = node.args.get("unit") if isinstance(node, exp.Interval) else None
    if not isinstance(node, (exp.Interval, exp.Cast)) or not isinstance(inner, exp.Literal):
        return None
    count, _, word = f"{inner.this} {unit.name if unit is not None else ''}".strip().partition(" ")
    length = SECONDS.get(word.upper().rstrip("S"))
    plain = count.isascii() and count.isdigit() and len(count) < 10
    return length * int(count) if plain and length is not None else None


def _moment(node: exp.Expr | None) -> dt.datetime | None:
    """A time that is written out, with a cast or without."""
    inner = node.this if isinstance(node, exp.Cast) else node
    if not isinstance(inner, exp.Literal):
        return None
    try:
        return dt.datetime.fromisoformat(inner.this).replace(tzinfo=None)
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
    if any(_doubles(shown, name, key) for shown in step.expressions):
        raise SqlRejected(f"The recursion of {name} makes a text longer by itself at each step.")
    reads_more = bool(joins) and body.args.get("distinct")
    if not conditional and not reads_more:
        raise SqlRejected(f"The recursion of {name} has no end: give its step a WHERE.")


def _doubles(shown: exp.Expr, name: str, key: Callable[[str], str]) -> bool:
    """Whether a text of the step before is put together with itself, repeated or replaced by more.

    What is called otherwise, or grows by way of another column, isn't seen.
    """
    for at in shown.walk():
        if isinstance(at, exp.Replace):
            old, new = at.args.get("expression"), at.args.get("replacement")
            if new is not None and made(new) > made(old or new) and at.this.find(exp.Column):
                return True
        if isinstance(at, (exp.Repeat, exp.RegexpReplace)) and at.this.find(exp.Column):
            return True
        if isinstance(at, TOGETHER) and not isinstance(at.parent, TOGETHER):
            columns = [key(c.name) for c in at.find_all(exp.Column) if not _is_other(c, name, key)]
            if len(columns) > len(set(columns)):
                return True
    return False


def _is_other(column: exp.Column, name: str, key: Callable[[str], str]) -> bool:
    return bool(column.table) and key(column.table) != key(name)


def check_joins(tree: exp.Expr) -> None:
    """Refuse selects that multiply many sources with nothing that ties them together."""
    for select in tree.find_all(exp.Select):
        joins: Sequence[exp.Join] = select.args.get("joins") or ()
        if len(joins) >= MAX_SOURCES:
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
