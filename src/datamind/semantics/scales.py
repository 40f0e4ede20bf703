"""Scales: units of money, time, weight and length, and how many of one make another."""

from __future__ import annotations

# The names of a unit in columns and questions.
CALLED = {
    "cent": "cent cents", "dollar": "dollar euro pound usd eur gbp chf franc",
    "millisecond": "millisecond ms msec", "second": "second sec", "minute": "minute min",
    "hour": "hour hr", "day": "day", "gram": "gram g", "kilogram": "kilogram kg kilo",
    "tonne": "tonne ton t", "meter": "meter metre m", "kilometer": "kilometer kilometre km",
    "centimeter": "centimeter centimetre cm",
}  # fmt: skip
NAMED = {word: unit for unit, words in CALLED.items() for word in words.split()}
# How many of the first make one of the second.
PER = {
    ("cent", "dollar"): 100, ("millisecond", "second"): 1000, ("millisecond", "minute"): 60_000,
    ("second", "minute"): 60, ("second", "hour"): 3600, ("minute", "hour"): 60,
    ("minute", "day"): 1440, ("hour", "day"): 24, ("gram", "kilogram"): 1000,
    ("kilogram", "tonne"): 1000, ("meter", "kilometer"): 1000, ("centimeter", "meter"): 100,
}  # fmt: skip


def after(unit: str | None, divisor: object) -> str | None:
    """The unit of so many of this one divided by a plain number: seconds by 60 are minutes."""
    kept = NAMED.get((unit or "").removesuffix("s"), "") or NAMED.get(unit or "", "")
    for (small, large), many in PER.items():
        if small == kept and many == divisor:
            return None if small == "cent" else f"{large}s"
    return unit
