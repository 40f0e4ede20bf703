"""The one clock, and the one source of ids."""

from __future__ import annotations

import datetime as dt
import secrets


def now() -> dt.datetime:
    """This moment, in UTC."""
    return dt.datetime.now(dt.UTC)


def today() -> dt.date:
    """The day where this machine stands."""
    return dt.datetime.now().astimezone().date()


def new_id(prefix: str) -> str:
    """`qry-` and sixteen hex digits of chance."""
    return f"{prefix}-{secrets.token_hex(8)}"
