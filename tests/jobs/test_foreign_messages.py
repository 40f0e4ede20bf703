"""What is in the queue and is no job ends no worker."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from datamind.adapters.jobs.celery import TASK
from datamind.adapters.jobs.transport import DEAD, MOST_BYTES, is_ours
from datamind.settings.redis import RedisSettings

from .conftest import by_celery

OURS: dict[str, Any] = {
    "body": base64.b64encode(json.dumps([["job-1"], {}, {}]).encode()).decode(),
    "content-encoding": "utf-8",
    "content-type": "application/json",
    "headers": {"task": TASK, "id": "a", "eta": None, "timelimit": [None, None], "lang": "py"},
    "properties": {
        "delivery_tag": "b", "body_encoding": "base64", "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": "jobs"},
    },
}  # fmt: skip


def but(**parts: Any) -> bytes:
    """Our message with other parts; None leaves one out."""
    return json.dumps({k: v for k, v in {**OURS, **parts}.items() if v is not None}).encode()


FOREIGN = {
    "no JSON": b"nonsense",
    "no text": b"\xff\xfe\x00",
    "empty": b"",
    "nested too deeply": b"[" * 10_000,
    "no message": b'{"a": 1}',
    "a list": b"[1, 2]",
    "null": b"null",
    "no headers": but(headers=None),
    "headers of another kind": but(headers=[1]),
    "another task": but(headers={"task": "os.system", "id": "a"}),
    "no id": but(headers={"task": TASK}),
    "a moment that is none": but(headers={"task": TASK, "id": "a", "eta": "soon"}),
    "a time limit that is none": but(headers={"task": TASK, "id": "a", "timelimit": 7}),
    "no place": but(properties={**OURS["properties"], "delivery_info": 1}),
    "a body in no code": but(body="é"),
    "pickled": but(**{"content-type": "application/x-python-serialize"}),
    "far too large": but(more="x" * MOST_BYTES),
}


@pytest.mark.parametrize("message", FOREIGN.values(), ids=FOREIGN)
def test_what_is_no_message_of_ours_is_known(message: bytes) -> None:
    assert is_ours(but()) and not is_ours(message)


@pytest.mark.slow
def test_a_worker_goes_on_past_them(tmp_path: Path, redis_url: str) -> None:
    async def work() -> None:
        space = RedisSettings(redis_url).namespace
        async with by_celery(tmp_path, redis_url) as made:
            with Redis.from_url(redis_url) as redis:
                # One whose job is none: it is tried, and told to the log.
                odd = but(body=base64.b64encode(b"[[], {}, {}]").decode())
                redis.rpush(f"{space}:jobs", *FOREIGN.values(), odd)
                job = await made.ask("note")
                assert (await made.until(job.id)).status == "succeeded"
                async with asyncio.timeout(30):
                    while redis.llen(f"{space}:jobs"):
                        await asyncio.sleep(0.1)
                kept = redis.lrange(f"{space}:{DEAD}", 0, -1)
            assert {len(k) <= MOST_BYTES for k in kept} == {True}
            assert len(kept) == len(FOREIGN) and b"nonsense" in kept
            assert made.processes[0].poll() is None

    asyncio.run(work())
    log = "".join(file.read_text() for file in tmp_path.glob("worker*.log"))
    assert log.count("that is no job") == len(FOREIGN)
    assert "nonsense" not in log and "os.system" not in log
