"""Scales: units of money, time, weight and length, and how many of one make another."""

from __future__ import annotations

# The names of a unit in columns and questions.
CALLED = {
    "cent": "cent cents", "dollar": "dollar euro pound usd eur gbp chf franc",
    "millisecond": "millisecond ms msec", "second": "second sec", "minute": "minute min",
    "hour": "hour hr", "day": "day", "week": "week", "gram": "gram g",
    "kilogram": "kilogram kg kilo", "tonne": "tonne ton t", "meter": "meter metre m",
    "kilometer": "kilometer kilometre km", "centimeter": "centimeter centimetre cm",
}  # fmt: skip
NAMED = {word: unit for unit, words in CALLED.items() for word in words.split()}
# How many of the smallest of its kind each is.
_SIZES: tuple[dict[str, int], ...] = (
    {"cent": 1, "dollar": 100},
    {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000,
     "week": 604_800_000},
    {"gram": 1, "kilogram": 1000, "tonne": 1_000_000},
    {"centimeter": 1, "meter": 100, "kilometer": 100_000},
)  # fmt: skip
# How many of the first make one of the second.
PER = {
    (small, large): many // few
    for sizes in _SIZES
    for small, few in sizes.items()
    for large, many in sizes.items()
    if many > few
}


def called(unit: str | None) -> str:
    """The unit by the one name that stands for it; empty where it is none that is known."""
    return NAMED.get((unit or "").removesuffix("s"), "") or NAMED.get(unit or "", "")


def after(unit: str | None, divisor: object) -> str | None:
    """The unit of so many of this one divided by a plain number: seconds by 60 are minutes."""
    kept = called(unit)
    for (small, large), many in PER.items():
        if small == kept and many == divisor:
            return None if small == "cent" else f"{large}s"
    return unit


def times(unit: str | None, factor: object) -> str | None:
    """The unit of so many of this one times a plain number: days times 24 are hours."""
    kept = called(unit)
    for (small, large), many in PER.items():
        if large == kept and many == factor:
            return f"{small}s"
    return unit
