"""What is said vaguely: `busiest day`, `our top 10 customers`, `the fastest growing category`.

What such a question goes by is not said. It is never answered by a guess: each way to say it in
full is read, and those that can be answered are asked back as choices.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from datamind.language.scope import dates_of, is_personal, is_technical, money_column
from datamind.records import Choice, Interpretation, Refusal
from datamind.semantics.catalog import Column, Table, View
from datamind.semantics.describe import describe
from datamind.semantics.wording import spoken

_MOST = 3  # choices
_TRIED = 6  # ways to say it in full
_TOP = 10  # so many of a kind, where the number is not said
_LEAD = (
    r"^(?:(?:what|which|who|when)(?:'s| is| are| was| were)? |(?:show|list|give|tell)(?: me)? )?"
    r"(?:the |our |my |all )*"
)
_TIME = r"((?: (?:in|of|during|for|since|last|this)(?! the (?:day|week))\b[^?,]*)?)"
_BUSY = re.compile(
    rf"{_LEAD}(busiest|quietest|slowest|best|worst|strongest|weakest)"
    r" (hour of the day|time of (?:the )?day|hour|day of the week"
    rf"|weekday|day|week|month|quarter|year){_TIME}(?: for us)?[ ?.]*$"
)
_BUSY_PLACE = re.compile(rf"{_LEAD}(busiest|quietest) (\w+){_TIME}[ ?.]*$")
_BEST = re.compile(
    rf"{_LEAD}(best|top|worst)( \d+)? ((?!\w+(?:ed|ing) )\w+(?: \w+)?s){_TIME}[ ?.]*$"
)
_GREW = re.compile(
    r"^(?:which|what) (\w+(?: \w+)?) (?:has |have |is |are )?(?:grew|grown|growing|grows)"
    r" (?:the )?(?:fastest|most|quickest)[ ?.]*$"
)
_GROWING = re.compile(rf"{_LEAD}(?:fastest|quickest)[ -]growing (\w+(?: \w+)?)[ ?.]*$")
_COUNTED = ("busiest", "quietest", "slowest")
_MOSTLY = ("busiest", "best", "strongest")
_HOURS = ("hour", "time")
NOT_SAID = Refusal("not_understood", "What this is to go by was not said.")


@dataclass(frozen=True, slots=True)
class Vague:
    """The ways to say a question in full; `surely` where its own words say no figure at all."""

    ways: tuple[str, ...]
    surely: bool


def heard(text: str, view: View, today: dt.date) -> Vague | None:
    """The question said in full, in each way; None where it says itself what it goes by."""
    said = " ".join(text.lower().split())
    busy = _BUSY.search(said)
    if busy:
        counted = busy[1] in _COUNTED
        return Vague(tuple(islice(_of_times(busy, view, counted), _TRIED)), counted)
    place = _BUSY_PLACE.search(said)
    if place:
        how = "highest" if place[1] == "busiest" else "lowest"
        ways = (
            f"which {place[2]}{place[3]} had the {how} number of {rows}" for rows in _counted(view)
        )
        return Vague(tuple(islice(ways, _TRIED)), False)
    best = _BEST.search(said)
    if best:
        least = "bottom" if best[1] == "worst" else "top"
        lead = f"{least}{best[2] or f' {_TOP}'} {best[3]}{best[4]} by "
        return Vague(tuple(lead + f for f in islice(_figures(view), _TRIED)), False)
    grew = _GREW.search(said) or _GROWING.search(said)
    if grew:
        years = f"from {today.year - 2} to {today.year - 1}"
        ways = (
            f"which {grew[1]} had the biggest percentage increase in {f} {years}"
            for f in islice(_figures(view), _TRIED)
        )
        return Vague(tuple(ways), False)
    return None


def asked_back(vague: Vague, read: Callable[[str], Interpretation], view: View) -> Interpretation:
    """What the question may go by, each as a choice."""
    choices: dict[str, Choice] = {}
    found = []
    for way in vague.ways:
        heard = read(way)
        if heard.status != "answered" or heard.drill is not None:
            continue
        label = describe(heard.candidates[0].plan, view)
        if label not in choices:
            choices[label] = Choice(label, heard.candidates[0].plan)
            found.append(heard.candidates[0])
        if len(choices) == _MOST:
            break
    return Interpretation(
        "clarify" if choices else "refused", tuple(found), 0.5, choices=tuple(choices.values()),
        refusal=NOT_SAID,
    )  # fmt: skip


def _of_times(said: re.Match[str], view: View, counted: bool) -> Iterator[str]:
    """The time with the most rows, or with the best figures."""
    how = "highest" if said[1] in _MOSTLY else "lowest"
    hours = said[2].startswith(_HOURS)
    grain = "hour of the day" if hours else said[2]
    if not counted:
        yield from (f"which {grain}{said[3]} had the {how} {f}" for f in _figures(view))
        return
    for table in _events(view):
        if not hours or any(c.type == "timestamp" for c in _dates(table)):
            yield f"which {grain}{said[3]} had the {how} number of {_rows(table, view)}"


def _counted(view: View) -> Iterator[str]:
    return (_rows(table, view) for table in _events(view))


def _figures(view: View) -> Iterator[str]:
    """What things are told apart by: the first sum of money, the numbers of what happened."""
    money = [m for m in view.metrics if m.kind == "simple" and m.aggregation == "sum" and m.unit]
    yield from (m.label or m.name for m in money[:1])
    for table in _events(view):
        yield f"number of {_rows(table, view)}"
        column = None if money else money_column(table)
        if column is not None:
            yield f"total {' '.join(column.name.split('_'))}"


def _events(view: View) -> list[Table]:
    """Tables of what happened: they have a date, and belong to something; the longest first."""
    belonging = {r.table for r in view.relationships}
    found = [t for t in view.tables if t.id in belonging and _dates(t)]
    return sorted(found, key=lambda t: -(t.rows or 0))


def _dates(table: Table) -> list[Column]:
    return [c for c in dates_of(table) if not is_personal(c) and not is_technical(c)]


def _rows(table: Table, view: View) -> str:
    return spoken(table.name, table.id.removesuffix(table.name), view.by_id)
