"""When two results are the same: as multisets of rows, whatever columns are called and ordered."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, permutations

Row = Sequence[object]
MAX_MAPPINGS = 500


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a number may be off: by so much, or by such a share of it."""

    absolute: float = 1e-9
    share: float = 1e-6


EXACT = Tolerance()


def plain(value: object) -> object:
    """A value in the one form that it is compared in: numbers as floats, moments as ISO text."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float | Decimal):
        number = float(value)
        return None if math.isnan(number) else number
    if isinstance(value, dt.timedelta):
        return value / dt.timedelta(days=1)
    if isinstance(value, dt.datetime):
        value = value.replace(tzinfo=None)
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return None if value is None else _text(str(value).strip())


def _text(text: str) -> str:
    """A month means its first day, a midnight its day."""
    if len(text) == 7 and text[4:5] == "-" and (text[:4] + text[5:]).isdigit():
        return text + "-01"
    return text.replace("T", " ").removesuffix(" 00:00:00") if text[:4].isdigit() else text


def same_value(one: object, other: object, tolerance: Tolerance = EXACT) -> bool:
    """Equal, numbers up to the tolerance, or one the other rounded to two decimals or more."""
    if isinstance(one, float) and isinstance(other, float):
        if math.isclose(one, other, rel_tol=tolerance.share, abs_tol=tolerance.absolute):
            return True
        places = min(_places(one), _places(other))
        return places >= 2 and abs(one - other) <= 0.5 * 10**-places + 1e-9
    if isinstance(one, float) != isinstance(other, float):
        number, text = (one, other) if isinstance(one, float) else (other, one)
        return isinstance(text, str) and _number(text) == number
    return one == other


def _places(number: float) -> int:
    text = repr(number)
    return 20 if "e" in text else len(text.partition(".")[2].rstrip("0"))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def same_result(
    gold: Sequence[Row], found: Sequence[Row], *, extra: int, order: Sequence[int] | None = None,
    tolerance: Tolerance = EXACT,
) -> bool:  # fmt: skip
    """Whether `found` has the rows of `gold`, with `extra` further columns at most.

    With `order` (positions of gold's sort columns; empty: all) the rows come in that order.
    """
    if len(gold) != len(found):
        return False
    if not gold:
        return True
    left, right = _columns(gold), _columns(found)
    if not len(left) <= len(right) <= len(left) + extra:
        return False
    for mapping in _mappings(left, right, tolerance):
        picked = [right[at] for at in mapping]
        rows = list(zip(*left, strict=True)), list(zip(*picked, strict=True))
        if not same_rows(*rows, tolerance):
            continue
        if order is None or _in_order(left, picked, order, tolerance):
            return True
    return False


def _columns(rows: Sequence[Row]) -> list[list[object]]:
    return [[plain(v) for v in column] for column in zip(*rows, strict=True)]


def _mappings(
    left: list[list[object]], right: list[list[object]], tolerance: Tolerance
) -> Iterator[tuple[int, ...]]:
    """Ways to give each column of `left` one of `right` with the same values."""
    choices = [
        [n for n, other in enumerate(right) if _same_column(c, other, tolerance)] for c in left
    ]
    found = 0
    waiting: list[tuple[int, ...]] = [()]
    while waiting and found < MAX_MAPPINGS:
        at = waiting.pop()
        if len(at) == len(left):
            found += 1
            yield at
        else:
            waiting += [(*at, n) for n in reversed(choices[len(at)]) if n not in at]


def _same_column(one: list[object], other: list[object], tolerance: Tolerance = EXACT) -> bool:
    return same_rows([(v,) for v in one], [(v,) for v in other], tolerance)


def same_rows(gold: Sequence[Row], found: Sequence[Row], tolerance: Tolerance = EXACT) -> bool:
    """Whether the rows are the same multiset. Equal texts are paired by their sorted numbers."""

    def key(row: Row) -> tuple[list[tuple[int, str]], list[float]]:
        # Texts first: a number that is a little off must not change who its row is paired with.
        texts = [(0 if v is None else 1 if isinstance(v, float) else 2, v) for v in row]
        numbers = [v for v in row if isinstance(v, float)]
        return [(kind, "" if kind < 2 else str(v)) for kind, v in texts], numbers

    def coarse(row: Row) -> tuple[object, ...]:
        return tuple("#" if isinstance(v, float) else v for v in row)

    if Counter(map(coarse, gold)) != Counter(map(coarse, found)):
        mixed = [[_number(v) if isinstance(v, str) else v for v in r] for r in (*gold, *found)]
        if any(v is None for r in mixed for v in r):
            return False
        gold, found = mixed[: len(gold)], mixed[len(gold) :]
    pairs = zip(sorted(gold, key=key), sorted(found, key=key), strict=True)
    return all(
        same_value(a, b, tolerance) for one, other in pairs for a, b in zip(one, other, strict=True)
    )


def _in_order(
    left: list[list[object]], picked: list[list[object]], order: Sequence[int],
    tolerance: Tolerance,
) -> bool:  # fmt: skip
    keys = order or range(len(left))
    return all(
        same_value(a, b, tolerance)
        for at in keys
        for a, b in zip(left[at], picked[at], strict=True)
    )


def another_cut(
    everything: Sequence[Row], gold: Sequence[Row], found: Sequence[Row], *,
    tied: Sequence[int], extra: int,
) -> bool:  # fmt: skip
    """Whether `found` is as good a cut of `everything` as `gold`: its sort columns are the same."""
    if len(found) != len(gold) or not gold:
        return False
    left, right = _columns(gold), _columns(found)
    if not len(left) <= len(right) <= len(left) + extra:
        return False
    rows = list(zip(*_columns(everything), strict=True))
    for mapping in islice(permutations(range(len(right)), len(left)), MAX_MAPPINGS):
        picked = [right[at] for at in mapping]
        if all(_same_column(left[at], picked[at]) for at in tied) and _take(
            zip(*picked, strict=True), list(rows)
        ):
            return True
    return False


def _take(wanted: Iterable[Row], pool: list[Row]) -> bool:
    """Remove each wanted row from the pool; False where one is not there."""
    for row in wanted:
        for at, other in enumerate(pool):
            if all(map(same_value, row, other)):
                del pool[at]
                break
        else:
            return False
    return True
