"""Pages: lists come a page at a time, newest first, with a cursor for the next one."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import BadInput

FIRST_YEAR, LAST_YEAR = 1900, 2999


class Page(BaseModel):
    """What every list answers: how many there are in all, and where the next page starts."""

    total: int
    next_cursor: str | None = None


async def page_of(
    session: AsyncSession, found: Select[Any], moment: Any, key: Any, *, limit: int,
    cursor: str | None,
) -> tuple[list[Any], int, str | None]:  # fmt: skip
    """Rows of a page, newest first by (`moment`, `key`); how many in all; the next cursor."""
    total = await session.scalar(select(func.count()).select_from(found.subquery()))
    if cursor is not None:
        found = found.where(tuple_(moment, key) < tuple_(*_read(cursor)))
    rows = list(await session.scalars(found.order_by(moment.desc(), key.desc()).limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    last = _write(getattr(rows[-1], moment.key), getattr(rows[-1], key.key)) if more else None
    return rows, total or 0, last


def moment(given: dt.datetime) -> dt.datetime:
    """The moment in UTC, which is meant without a zone; near the calendar's ends there is none."""
    if not FIRST_YEAR <= given.year <= LAST_YEAR:
        raise BadInput(f"A moment lies in the years {FIRST_YEAR} to {LAST_YEAR}.")
    return given.astimezone(dt.UTC) if given.tzinfo else given.replace(tzinfo=dt.UTC)


def _write(at: dt.datetime, key: str) -> str:
    text = json.dumps([at.isoformat(), key])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read(cursor: str) -> tuple[dt.datetime, str]:
    try:
        moment, key = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        read = dt.datetime.fromisoformat(moment)
        if read.tzinfo is None or not isinstance(key, str) or "\0" in key:
            raise ValueError
        key.encode()
        return read.astimezone(dt.UTC), key
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError):
        raise BadInput("The cursor is none of ours.", hint="Take `next_cursor` as it is.") from None
