"""The log of slow statements: what they do, how long it took and how the database ran them, with
no value of the data; and what stands in it, for admins."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from datamind.errors import DataMindError
from datamind.governance.plain_form import PlainForm, plain_form
from datamind.governance.plain_plan import plain_plan
from datamind.log import Threads, carried
from datamind.ports import Warehouse
from datamind.records import Ran
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Parts
from datamind.rooms.system.schemas import SlowQueriesOut, SlowQueryOut
from datamind.rotated import RotatedFile
from datamind.settings import Settings

log = logging.getLogger(__name__)

FILE_BYTES, FILES = 5 << 20, 2
MOST_WAITING = 50  # more are not kept: a database that is slow gets no more work for it
PLAN_AGAIN_S = 600.0
MOST_KNOWN = 1_000


def file_of(settings: Settings) -> RotatedFile:
    """Where slow statements are kept."""
    path: Path = settings.home / "logs" / "slow-queries.log"
    return RotatedFile(path, most=FILE_BYTES, kept=FILES)


class SlowLog:
    """Keeps statements that took `slow_ms` and more (0: none); the plan is asked for afterwards,
    by one thread, and for one form of a statement once in ten minutes."""

    def __init__(self, file: RotatedFile, *, slow_ms: int) -> None:
        self._file = file
        self.slow_ms = slow_ms
        self._threads = Threads(1, "slow-queries")
        self._waiting = 0
        self._planned: OrderedDict[str, float] = OrderedDict()

    def told(self, ran: Ran, warehouse: Warehouse, names: Set[str]) -> None:
        """A statement ended; it is kept where it was slow."""
        slow = 0 < self.slow_ms <= 1000 * ran.seconds
        if not slow or self._waiting >= MOST_WAITING:
            return
        self._waiting += 1
        try:
            self._threads.submit(self._keep, ran, warehouse, names)
        except RuntimeError:  # the server ends
            self._waiting -= 1

    def close(self) -> None:
        """What waits is kept, without its plan where that takes long."""
        self._threads.shutdown(wait=True)
        self._file.close()

    def _keep(self, ran: Ran, warehouse: Warehouse, names: Set[str]) -> None:
        try:
            governed = ran.governed
            form = plain_form(governed.sql, governed.dialect, names)
            line: dict[str, Any] = {
                "timestamp": dt.datetime.fromtimestamp(ran.began, dt.UTC).isoformat(),
                "fingerprint": form.fingerprint, "target": governed.target,
                "dialect": governed.dialect, "elapsed_ms": round(1000 * ran.seconds, 1),
                "rows": ran.rows, "code": ran.code, "sql": form.text,
                "plan": self._plan(ran, warehouse, form), **carried(),
            }  # fmt: skip
            self._file.append(json.dumps(line, ensure_ascii=False))
        except OSError:
            log.warning("a slow statement could not be kept")
        except Exception:
            log.exception("a slow statement could not be kept")
        finally:
            self._waiting -= 1

    def _plan(self, ran: Ran, warehouse: Warehouse, form: PlainForm) -> list[str]:
        """The plan, if it was not asked for a while ago."""
        now, last = time.monotonic(), self._planned.get(form.fingerprint)
        if last is not None and now - last < PLAN_AGAIN_S:
            return []
        self._planned[form.fingerprint] = now
        while len(self._planned) > MOST_KNOWN:
            self._planned.popitem(last=False)
        try:
            return list(plain_plan(warehouse.plan(ran.governed), form.words))
        except DataMindError as fault:
            log.info("a slow statement's plan could not be read: %s", fault.code)
            return []


async def top(parts: Parts, caller: Caller, *, limit: int) -> SlowQueriesOut:
    """The forms of statements that took most of the time, of those kept on this node."""
    need(caller, "admin")
    loop = asyncio.get_running_loop()
    items = await loop.run_in_executor(parts.threads, slowest, parts.settings, limit)
    return SlowQueriesOut(items=items, slow_ms=parts.settings.telemetry.slow_ms)


def slowest(settings: Settings, limit: int) -> list[SlowQueryOut]:
    """The same, of an installation; those that took most time in all come first."""
    forms: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in _lines(file_of(settings)):
        forms.setdefault((line["fingerprint"], line["target"]), []).append(line)
    found = [_summed(lines) for lines in forms.values()]
    return sorted(found, key=lambda form: -form.total_ms)[:limit]


def _summed(lines: list[dict[str, Any]]) -> SlowQueryOut:
    times = [line["elapsed_ms"] for line in lines]
    slowest = max(lines, key=lambda line: line["elapsed_ms"])
    planned = max((line for line in lines if line["plan"]), key=_when, default=None)
    return SlowQueryOut(
        fingerprint=slowest["fingerprint"], target=slowest["target"], dialect=slowest["dialect"],
        count=len(lines), total_ms=round(sum(times), 1), longest_ms=max(times),
        mean_ms=round(sum(times) / len(times), 1), rows=slowest["rows"],
        failed=sum(line["code"] is not None for line in lines),
        last_at=max(map(_when, lines)), sql=slowest["sql"],
        plan=planned["plan"] if planned else [], correlation_id=slowest.get("correlation_id"),
    )  # fmt: skip


def _when(line: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(line["timestamp"])


def _lines(file: RotatedFile) -> Iterator[dict[str, Any]]:
    for path in reversed(file.paths()):
        for text in path.read_text("utf-8", errors="replace").splitlines():
            try:
                yield json.loads(text)
            except ValueError:
                continue  # a line that a full disk cut short
