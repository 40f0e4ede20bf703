"""Streams: an ask whose stages are sent as they end, as server-sent events.

The question comes by POST, the stream is fetched by GET with a one-time ticket: no question and
no token ever stands in a URL. The ask starts when somebody listens, and ends when they leave.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from datamind.errors import DataMindError
from datamind.pipeline.wire import as_bytes
from datamind.records import Answer, StageReport
from datamind.rooms.parts import Parts
from datamind.rooms.problems import problem
from datamind.rooms.questions.asking import ask
from datamind.rooms.questions.waiting import Waiting

Event = dict[str, str]


async def events(parts: Parts, taken: Waiting, path: str) -> AsyncIterator[Event]:
    """`accepted`, then each `stage`, then the `answer` or a `problem`."""
    heard: asyncio.Queue[StageReport | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def hear(report: StageReport | None) -> None:
        loop.call_soon_threadsafe(heard.put_nowait, report)

    caller = taken.caller
    yield _event("accepted", {"query_id": taken.query_id, "correlation_id": caller.correlation_id})
    task: asyncio.Task[Answer] = parts.running.start(
        ask(parts, caller, taken.wanted, query_id=taken.query_id, on_stage=hear)
    )
    task.add_done_callback(lambda _: hear(None))
    try:
        while (report := await heard.get()) is not None:
            yield _event(
                "stage",
                {
                    "stage": report.stage,
                    "elapsed_ms": report.elapsed_ms,
                    "detail": report.detail,
                },
            )
        try:
            answer = await task
        except DataMindError as fault:
            told = problem(fault, instance=path, correlation_id=caller.correlation_id)
            yield _event("problem", told.model_dump(exclude_none=True))
            return
        body = await loop.run_in_executor(parts.threads, as_bytes, answer)
        yield {"event": "answer", "data": body.decode()}
    finally:
        task.cancel()  # nothing to do where it has ended


def _event(name: str, data: dict[str, Any]) -> Event:
    return {"event": name, "data": json.dumps(data, ensure_ascii=False)}
