"""What servers tell each other through Redis: published to all that listen, kept by nobody."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from datamind import clock
from datamind.adapters.redis.link import RedisLink
from datamind.errors import DataMindError, Unavailable
from datamind.ports import Heard

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)
ANSWER_S = 2.0  # how long others may take to answer
PING_S = 2.0
AGAIN_S = 1.0
MOST_WAITING = 1_000


class RedisSignals:
    """Tells the other servers, and hears them. Nothing is told twice: whoever was away looks at the
    store when they are back (`on_gap`)."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._channel = link.name("signals")
        self._node = clock.new_id("node")
        self._hear: dict[str, Heard] = {}
        self._on_gap: list[Callable[[], Awaitable[None]]] = []
        self._answers: dict[str, asyncio.Queue[bool]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._listening: asyncio.Task[None] | None = None

    def hear(self, topic: str, heard: Heard) -> None:
        """`heard` is told what others say of the topic; True answers those who asked."""
        self._hear[topic] = heard

    def on_gap(self, look: Callable[[], Awaitable[None]]) -> None:
        """`look` is called whenever something may have been missed."""
        self._on_gap.append(look)

    def tell(self, topic: str, **said: str) -> None:
        """Tell the others, as soon as may be; where that fails the store tells them, later."""
        if len(self._tasks) < MOST_WAITING:
            self._start(self._publish({"topic": topic, "said": said}))

    async def ask(self, topic: str, **said: str) -> bool:
        """Whether any other says yes; Unavailable where they can't be asked."""
        number = clock.new_id("ask")
        answers = self._answers[number] = asyncio.Queue()
        try:
            heard = await self._publish({"topic": topic, "said": said, "ask": number}, must=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_S):
                    for _ in range(heard - 1):  # one of them is ourselves
                        if await answers.get():
                            return True
            return False
        finally:
            del self._answers[number]

    def start(self) -> None:
        """Listen from now on."""
        self._listening = asyncio.create_task(self._keep_listening())

    async def end(self) -> None:
        """Listen no more; what is to be told is told first, where that can be."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=AGAIN_S)
        tasks = [*self._tasks, *([self._listening] if self._listening else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _publish(self, message: Mapping[str, Any], *, must: bool = False) -> int:
        text = json.dumps({**message, "from": self._node}).encode()
        sealed = self._link.sealed(self._channel, text)
        try:
            return int(await self._link.do(lambda redis: redis.publish(self._channel, sealed)))
        except Unavailable:
            if must:
                raise
            log.warning("the other servers can't be told of %s", message.get("topic"))
            return 0

    async def _keep_listening(self) -> None:
        while True:
            with suppress(Unavailable):
                await self._listen()
            await asyncio.sleep(AGAIN_S)

    async def _listen(self) -> None:
        """Hear what is said, until the connection breaks or nothing, not even what we ask Redis
        itself, comes back in time."""
        from redis.asyncio import Redis

        # Its own client: a listener waits longer than any call may.
        url = self._link.settings.url or ""
        limit = 2 * PING_S
        client: Redis = Redis.from_url(url, socket_timeout=limit, socket_connect_timeout=limit)
        try:
            async with client.pubsub() as channel:
                await channel.subscribe(self._channel)
                missed = True
                while True:
                    async with asyncio.timeout(2 * PING_S):
                        message = await channel.get_message(timeout=PING_S)
                    if message is None:
                        await channel.ping()
                        async with asyncio.timeout(PING_S):
                            while (message := await channel.get_message(timeout=PING_S)) is None:
                                pass
                    if message["type"] == "subscribe" and missed:
                        missed = False
                        for look in self._on_gap:
                            self._start(look())
                    elif message["type"] == "message":
                        self._start(self._heard(message["data"]))
        except self._link.faults as fault:
            log.info("the other servers are not heard: %s", type(fault).__name__)
        finally:
            with suppress(*self._link.faults):
                await client.aclose()

    async def _heard(self, sealed: bytes) -> None:
        text = self._link.opened(self._channel, sealed)
        if text is None:
            log.warning("a message that no server of ours wrote was left alone")
            return
        message = json.loads(text)
        if message["from"] == self._node:
            return
        if "answers" in message:
            waiting = self._answers.get(message["answers"])
            if waiting is not None:
                waiting.put_nowait(message["yes"])
            return
        heard = self._hear.get(message["topic"])
        yes = heard is not None and await heard(message["said"])
        if "ask" in message:
            await self._publish({"answers": message["ask"], "yes": bool(yes)})

    def _start(self, work: Awaitable[Any]) -> None:
        async def done() -> None:
            try:
                await work
            except DataMindError as fault:
                log.warning("a signal came to nothing: %s", fault)

        task = asyncio.create_task(done())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
