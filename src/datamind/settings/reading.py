"""Reads single settings: each is right, or BadInput says what it should be."""

from __future__ import annotations

import calendar
import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from datamind.errors import BadInput

MOST = 1_000_000_000
MOST_DAYS = 36_500
T = TypeVar("T", int, None)


def number(env: Mapping[str, str], name: str, default: float) -> float:
    """A number above 0."""
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        raise BadInput(f"{name} is {text!r}, which is no number.") from None
    if not 0 < value < MOST:  # NaN is neither
        raise BadInput(f"{name} has to be more than 0 and less than {MOST:,}.")
    return value


def words(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(w.strip() for w in env.get(name, "").split(",") if w.strip())


def origins(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Origins of pages, as `https://bi.example.com`."""
    found = words(env, name)
    for word in found:
        if not re.fullmatch(r"https?://[^/*\s]+", word):
            raise BadInput(f"{name} holds {word!r}.", hint="Write it as https://bi.example.com.")
    return found


def networks(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Networks, as `10.0.0.0/8`."""
    found = words(env, name)
    for word in found:
        try:
            ipaddress.ip_network(word, strict=False)
        except ValueError:
            raise BadInput(
                f"{name} holds {word!r}, which is no network.", hint="Write it as 10.0.0.0/8."
            ) from None
    return found


def yes(env: Mapping[str, str], name: str, default: bool) -> bool:
    """Whether it is said yes to."""
    return env.get(name, str(int(default))).strip().lower() not in ("", "0", "no", "false", "off")


def month(env: Mapping[str, str], name: str) -> int | None:
    """A month by name or number, if any."""
    text = env.get(name, "").strip().lower()
    if not text:
        return None
    names = [calendar.month_name[n].lower() for n in range(13)]
    number = int(text) if text.isdigit() else names.index(text) if text in names else 0
    if not 1 <= number <= 12:
        raise BadInput(f"{name} is {text!r}.", hint="Write a month, as April or 4.")
    return number


def one_of(env: Mapping[str, str], name: str, words: tuple[str, ...]) -> str:
    """One of the words, the first where nothing is said."""
    text = env.get(name, "").strip().lower() or words[0]
    if text not in words:
        raise BadInput(f"{name} is one of {', '.join(words)}.")
    return text


def limit(env: Mapping[str, str], name: str, default: str) -> str:
    """How often a thing may be done, as `60/minute`."""
    text = env.get(name) or default
    if not re.fullmatch(r"[1-9][0-9]{0,8}/(second|minute|hour|day)", text):
        raise BadInput(f"{name} is {text!r}.", hint="Write it as 60/minute.")
    return text


def path(env: Mapping[str, str], name: str) -> Path | None:
    """A file or folder, if any."""
    text = env.get(name)
    return Path(text).expanduser() if text else None


def whole(
    env: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int = MOST
) -> int:
    """A whole number."""
    if not least and env.get(name, "").strip() == "0":
        return 0
    value = number(env, name, default)
    if value > most:
        raise BadInput(f"{name} has to be {most:,} at most.")
    if value != int(value):
        raise BadInput(f"{name} is {value:g}, which is no whole number.")
    return int(value)


def days(env: Mapping[str, str], name: str, default: T) -> int | T:
    """Whole days, no more than the calendar has."""
    if not env.get(name):
        return default
    days = whole(env, name, 1)
    if days > MOST_DAYS:
        raise BadInput(f"{name} has to be at most {MOST_DAYS:,}.")
    return days
