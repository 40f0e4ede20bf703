"""Units: what stretches of a question are cut into, each with its one-letter code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from datamind.language.calendar import Period
from datamind.language.candidates import Candidate

UNREAD = "?"  # the code of a definition that was not understood


class Percent(float):
    """A number that was said in percent."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator and the number it compares with: `at least 5`, `2 or more`; `times` says that it
    is how often something happened."""

    op: str
    value: float | dt.time
    times: bool = False


@dataclass(frozen=True, slots=True)
class Top:
    """`top 5`, `3 most`, `bottom 10`: how many, and which end."""

    count: int
    descending: bool
    hints: tuple[str, ...] = ()


Payload = str | float | tuple[Candidate, ...] | Period | Comparison | Top | dt.time | object


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of tokens, `first` up to `last`, with its code and what it means."""

    code: str
    first: int
    last: int
    payload: Payload
    gain: float = 0.0


def passed_over(units: Sequence[Unit], said: Sequence[str]) -> set[str]:
    """The words that no unit of the question took up."""
    taken = {at for u in units if u.code not in " u." for at in range(u.first, u.last)}
    return {w for at, w in enumerate(said) if at not in taken}
