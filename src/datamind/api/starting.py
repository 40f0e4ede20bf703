"""How a server starts: a line for each part, and what is answered until those that are down are
there."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.responses import Response

from datamind.errors import DataMindError, Unavailable, WarehouseError
from datamind.rooms.system.modes import Standing

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)  # told whatever else is

AGAIN_S = 3.0
# What may be there later; all else is wrong until somebody mends it, and ends the start.
PASSING = (Unavailable, WarehouseError)


@dataclass
class Part:
    """A part that is being opened; `goes_without` says what is not there of it, and what serves
    meanwhile."""

    goes_without: tuple[DataMindError, str] | None = None


@dataclass
class Starting:
    """Tells the log how the start goes; `missing` is what keeps it waiting, and `lacks` the part
    that it is about."""

    waits: bool = False
    missing: DataMindError | None = None
    lacks: str = ""
    _said: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def part(self, name: str) -> AsyncIterator[Part]:
        """The part is opened in here."""
        started, part = time.perf_counter(), Part()
        try:
            yield part
        except DataMindError as fault:
            self.lacks = name
            self._tell(f"{name} … not there: {fault.message} {fault.hint}", logging.ERROR)
            raise
        if part.goes_without is not None:
            missing, meanwhile = part.goes_without
            self._tell(f"{name} … not there: {missing.message} {meanwhile}", logging.ERROR)
            return
        took = round(1000 * (time.perf_counter() - started))
        self._tell(f"{name} … ready ({took} ms)", logging.INFO)

    def done(self, standing: Standing, score: int) -> None:
        """All is open."""
        self.missing = None
        self._said.clear()
        because = f" ({standing.because})" if standing.down else ""
        self._tell(
            f"DataMind is ready. Mode: {standing.mode}{because}, Health: {score}", logging.INFO
        )

    async def waited(self, fault: DataMindError) -> None:
        """Before the next try."""
        self.missing = fault
        await asyncio.sleep(AGAIN_S)

    def _tell(self, line: str, level: int) -> None:
        key = line.partition("(")[0]
        if key not in self._said:  # not again at each try
            self._said.add(key)
            log.log(level, "%s", line)


def say(line: str) -> None:
    """Tell of the server as a whole, whatever level is logged."""
    log.info("%s", line)


def answered(path: str, starting: Starting, now: dt.datetime) -> Response:
    """What a server says that waits for a part: that it lives, and what it waits for. Where that
    should be is for those who read the log."""
    if path == "/health/live":
        return _json({"status": "ok"})
    if path == "/health":
        mode = {"status": "down", "operational_mode": "EMERGENCY", "health_score": 0}
        return _json({**mode, "timestamp": now.isoformat()})
    raise Unavailable(
        f"DataMind can't start yet: it waits for the {starting.lacks}.", retry_after_s=5,
        hint="It starts by itself when that is there; its log says what is wrong.",
    )  # fmt: skip


def _json(body: dict[str, object]) -> Response:
    return Response(json.dumps(body), media_type="application/json")
