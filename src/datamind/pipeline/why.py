"""Why: of the cuts of a change, the one whose members explain most of it, told in words.

A member is expected to change as the whole did. What it changed beyond that, as a part of all that
moved, is its excess; the dimension whose few largest members have the most excess is told. Where
none has much, the change is spread evenly, and that is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from datamind.pipeline.answers import completed, with_units
from datamind.pipeline.figures import number_of, places_of, shown, spoken
from datamind.pipeline.kept import Read
from datamind.pipeline.prepare import Prepared
from datamind.records import Answer, Chart, Drill, Result, ResultColumn, Scalar
from datamind.semantics.catalog import View

MOST_MEMBERS = 1_000  # rows of a cut: of one with more, not all is known, and it is not told
MOST_NAMED = 3
EACH_MORE = 0.05  # excess that one more member has to add, to be worth naming
LEAST_EXCESS = 0.10  # of all that moved; less than that is spread evenly
NEARLY_BALANCED = 0.25  # a change that is less than this of all that moved
LEAST_SHARE = 0.05
MEASURED = frozenset({"before", "after", "change", "mix_effect", "rate_effect"})
_MOVES = {"down": ("fell", "fall"), "up": ("rose", "rise")}


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows of one reading of a drill; of the whole change, `name` is empty."""

    name: str
    prepared: Prepared
    read: Read
    unit: str | None = None

    @property
    def result(self) -> Result:
        """The rows with their units: what is made of the measure has its own."""
        made = with_units(self.read.result, self.prepared)
        return replace(made, columns=_measured(made.columns, self.unit))


def _measured(columns: tuple[ResultColumn, ...], unit: str | None) -> tuple[ResultColumn, ...]:
    return tuple(replace(c, unit=unit) if c.name in MEASURED else c for c in columns)


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of a dimension: its change or effect, and what would be its part of an even one."""

    label: str
    before: Scalar
    after: Scalar
    effect: float
    even: float
    part: float  # of the whole, before
    later: float = 0.0  # the same, after
    mix: float = 0.0


def told_why(
    answer: Answer, drill: Drill, whole: Cut, cuts: Sequence[Cut], view: View,
    now: dt.datetime, today: dt.date, *, limit: int, left_out: Sequence[str] = (),
) -> Answer:  # fmt: skip
    """The answer with the rows of the cut that explains most, and what it says."""
    before, after = _ends(drill, whole.result)
    members = {cut.name: _members(cut, drill, before, after) for cut in cuts}
    scored = sorted(
        ((_excess(members[c.name], _way(before, after)), -n) for n, c in enumerate(cuts)),
        reverse=True,
    )
    best = cuts[-scored[0][1]] if scored else whole
    done = completed(answer, best.prepared, best.read, view, now, today)
    summary = _change(drill, whole.result)
    if scored and before is not None and after is not None and before != after:
        excess, found = scored[0][0], members[best.name]
        summary += " " + (
            _credited(drill, best, found, whole.result) if excess >= LEAST_EXCESS
            else f"No dimension stands out: by {_named(best.name)} as by the others, the change is"
            " spread about evenly."
        )  # fmt: skip
    drawn = "share_of_change" if drill.method == "ratio" else "change"
    place = 1 + [c.name for c in cuts].index(best.name) if scored else 0
    looked = [f"looked at: {', '.join(_named(c.name) for c in cuts)}"] if cuts else []
    late = [f"not looked at: {', '.join(map(_named, left_out))}"]
    return replace(
        done,
        summary=summary,
        explanation=drill.told[place],
        assumptions=(*done.assumptions, *looked, *(late if left_out else ())),
        chart=Chart("bar", best.name, (drawn,)) if scored and len(done.rows) > 1 else done.chart,
        columns=_measured(done.columns, drill.unit),
        rows=done.rows[:limit],
        truncated=done.truncated or len(done.rows) > limit,
        follow_ups=(),
    )


def _ends(drill: Drill, whole: Result) -> tuple[float | None, float | None]:
    """What the measure was before and after, in all."""
    if not whole.rows:
        return None, None
    row = dict(zip((c.name for c in whole.columns), whole.rows[0], strict=True))
    before, after = number_of(row["before"]), number_of(row["after"])
    if drill.method == "sum" and (before is None) != (after is None):
        return before or 0.0, after or 0.0
    return before, after


def _way(before: float | None, after: float | None) -> int:
    return 1 if (after or 0) >= (before or 0) else -1


def _members(cut: Cut, drill: Drill, before: float | None, after: float | None) -> list[_Member]:
    """The members of a cut; none where its rows are not all there, or masked."""
    result = cut.result
    names = [c.name for c in result.columns]
    if result.truncated or result.columns[0].masked:
        return []
    rows = [dict(zip(names, row, strict=True)) for row in result.rows]
    make = _of_ratio if drill.method == "ratio" else _of_sum
    return make(rows, [_label(row[cut.name], cut, result) for row in rows], before, after)


Held = Mapping[str, Scalar]


def _of_sum(
    rows: Sequence[Held], labels: Sequence[str], before: float | None, after: float | None
) -> list[_Member]:
    """Each is expected to have grown as the whole did."""
    growth = ((after or 0) - before) / before if before else 0.0
    found: list[_Member] = []
    for row, label in zip(rows, labels, strict=True):
        was, change = number_of(row["before"]) or 0.0, number_of(row["change"])
        if change is not None:
            part = was / before if before else 0.0
            found.append(_Member(label, row["before"], row["after"], change, was * growth, part))
    return found


def _of_ratio(
    rows: Sequence[Held], labels: Sequence[str], before: float | None, after: float | None
) -> list[_Member]:
    """Each is expected to have its weight's part of what the rates did, and no mix."""
    told = ("weight_before", "weight_after", "mix_effect", "rate_effect")
    held = [[number_of(row[name]) or 0.0 for name in told] for row in rows]
    rates = sum(rate for *_, rate in held)
    return [
        _Member(label, row["before"], row["after"], mix + rate, was * rates, was, later, mix)
        for row, label, (was, later, mix, rate) in zip(rows, labels, held, strict=True)
    ]


def _label(value: Scalar, cut: Cut, result: Result) -> str:
    """A member by its name."""
    if value is None:
        return f"no {_named(cut.name)}"
    if isinstance(value, bool):
        return "'yes'" if value else "'no'"
    return shown(value, result.columns[0])


def _named(dimension: str) -> str:
    """A dimension as a sentence names it: `first order`, of which one is or is not."""
    return spoken(dimension).removeprefix("is ")


def _moved(members: Sequence[_Member]) -> float:
    return sum(abs(m.effect) for m in members)


def _stands_out(members: Sequence[_Member], way: int) -> list[tuple[float, _Member]]:
    """The few members of most excess, and that."""
    moved = _moved(members)
    if not moved or len(members) < 2:
        return []
    excess = sorted(
        ((way * (m.effect - m.even) / moved, -n) for n, m in enumerate(members)), reverse=True
    )
    named = [(part, members[-n]) for part, n in excess[:MOST_NAMED]]
    return [pair for n, pair in enumerate(named) if pair[0] > (EACH_MORE if n else 0)]


def _excess(members: Sequence[_Member], way: int) -> float:
    """How much of what moved the few members that stand out explain beyond their size."""
    found = _stands_out(members, way)
    return sum(part for part, _ in found) - EACH_MORE * max(0, len(found) - 1)


def _change(drill: Drill, whole: Result) -> str:
    """`Revenue fell by 12.3 %, from $1,234 in April 2025 to $1,082 in May 2025.`"""
    name = spoken(drill.measure)
    name = f"{name[:1].upper()}{name[1:]}"
    before, after = _ends(drill, whole)
    column = next(c for c in whole.columns if c.name == "before")
    row = (
        dict(zip((c.name for c in whole.columns), whole.rows[0], strict=True)) if whole.rows else {}
    )
    places = places_of([row.get("before"), row.get("after")])
    low, high = (
        shown(row.get(side) if row.get(side) is not None else 0, column, places)
        for side in ("before", "after")
    )
    if before is None or after is None:
        there = [p for p, v in ((drill.before, before), (drill.after, after)) if v is None]
        return f"There is no {spoken(drill.measure)} for {' or '.join(there)}."
    if before == after:
        return f"{name} did not change from {drill.before} to {drill.after}: both times {low}."
    way = "up" if after > before else "down"
    verb = _MOVES[way][0]
    if drill.direction and drill.direction != way:
        verb = f"did not {_MOVES[drill.direction][1]} but {verb}"
    percent = f" by {abs(100 * (after - before) / before):,.1f} %" if before else ""
    if column.unit in ("share", "percent"):  # of a percentage, percent would be read as points
        percent = f" by {abs(after - before) * (100 if column.unit == 'share' else 1):,.1f} points"
    return f"{name} {verb}{percent}, from {low} in {drill.before} to {high} in {drill.after}."


def _credited(drill: Drill, cut: Cut, members: Sequence[_Member], whole: Result) -> str:
    """The members that explain most of it, each by its share of the change, and who went against
    it."""
    before, after = _ends(drill, whole)
    total = (after or 0) - (before or 0)
    way = _way(before, after)
    noun = _MOVES["up" if way > 0 else "down"][1]
    named = sorted((m for _, m in _stands_out(members, way)), key=lambda m: -way * m.effect)
    against = min(members, key=lambda m: way * m.effect)
    lead = f"By {_named(cut.name)}"
    if drill.method == "none":
        told = ", ".join(f"{m.label} ({_signed(m, cut)})" for m in named)
        return f"{lead}, what changed most beyond the whole is {told}; these do not add up."
    if abs(total) < NEARLY_BALANCED * _moved(members):
        told = ", ".join(f"{m.label} ({_signed(m, cut)})" for m in (*named, against))
        return f"{lead}, ups and downs nearly balance: {told}."
    first, *rest = named
    text = f"{lead}, {first.label} explains {_share(first, total)} of the {noun}"
    text += f" ({_signed(first, cut)})"
    if drill.method == "sum" and before:
        text += f"; it was {100 * first.part:.0f} % of the whole before"
    more = [f"{m.label} {_share(m, total)} ({_signed(m, cut)})" for m in rest]
    text += f". Next: {', '.join(more)}" if more else ""
    if drill.method == "ratio":
        mix = sum(m.mix for m in members)
        text += f". Shifts of weight between members make {100 * mix / total:.0f} % of the {noun}"
    if way * against.effect < -LEAST_SHARE * abs(total):
        text += f". Against it went {against.label} ({_signed(against, cut)})"
    return f"{text}."


def _share(member: _Member, total: float) -> str:
    return f"{100 * member.effect / total:.0f} %"


def _signed(member: _Member, cut: Cut) -> str:
    """A member's effect with its sign and unit; of ratios, what moved: its weight, or itself."""
    result = cut.result
    column = next(c for c in result.columns if c.name == "before")
    if any(c.name == "mix_effect" for c in result.columns):
        if abs(member.mix) > abs(member.effect) / 2:
            return f"its weight {100 * member.part:.0f} % → {100 * member.later:.0f} %"
        return f"{shown(member.before, column)} → {shown(member.after, column)}"
    places = places_of([member.before, member.after])
    change = member.effect if places else round(member.effect)
    sign = "+" if change > 0 else ""
    return f"{sign}{shown(change, column, places)}"
