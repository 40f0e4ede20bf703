"""What strangers do with bare connections: heads and bodies that are too large, or too slow."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from datamind.api import bodies, connections
from datamind.api.bodies import Bodies
from datamind.errors import BodyTooSlow, DataMindError, Overloaded, TooManyRequests

HEAD = b"GET / HTTP/1.1\r\nHost: here\r\n"
MOST = 1000  # few enough that what is sent is read at once, and no answer gets lost
LARGE = b"x" * (MOST + 1)
OK, LARGE_HEAD, SLOW = b"HTTP/1.1 204", b"HTTP/1.1 431", b"HTTP/1.1 408"
Talk = Callable[..., bytes]


@pytest.fixture(scope="module")
def talk() -> Iterator[Talk]:
    """Sends pieces to a server that answers 204, a moment apart, and gives what it answered until
    it hung up or was asked to."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(
        app, http=connections.Connection, port=0, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]

    async def said(*pieces: bytes, wait_s: float) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = b""
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            async with asyncio.timeout(wait_s):
                while part := await reader.read(1 << 16):
                    answer += part
        except (TimeoutError, ConnectionError):
            pass
        writer.close()
        return answer

    yield lambda *pieces, wait_s=0.2: asyncio.run(said(*pieces, wait_s=wait_s))
    server.should_exit = True
    thread.join(10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pieces", "answers"),
    [
        ((HEAD, b"\r\n"), [OK]),
        ((HEAD + b"\r\n" + HEAD + b"\r\n",), [OK, OK]),  # sent at once
        ((HEAD + b"A: " + b"x" * 900 + b"\r\n\r\n",), [OK]),
        ((HEAD + b"A: " + LARGE + b"\r\n\r\n",), [LARGE_HEAD]),
        ((HEAD + b"A: ", LARGE), [LARGE_HEAD]),  # and no end
        ((HEAD + b"A: b\r\n" * 600 + b"\r\n",), [LARGE_HEAD]),
        ((b"GET /" + LARGE + b" HTTP/1.1\r\n\r\n",), [LARGE_HEAD]),
        ((HEAD + b"\r\n", HEAD + b"A: " + LARGE), [OK, LARGE_HEAD]),
        ((HEAD + b"Content-Length: 200000\r\n\r\n" + b"y" * 200_000, HEAD + b"\r\n"), [OK, OK]),
        ((b"nonsense\r\n\r\n",), [b"HTTP/1.1 400"]),
    ],
)
def test_the_head_of_a_request_has_a_bound(
    talk: Talk, pieces: tuple[bytes, ...], answers: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_HEAD", MOST)
    found = talk(*pieces)
    assert [line[:12] for line in found.splitlines() if line.startswith(b"HTTP/1.1")] == answers


@pytest.mark.parametrize("sent", [(), (HEAD,), (HEAD + b"\r\n", HEAD)])
def test_a_head_that_does_not_come_is_not_waited_for(
    talk: Talk, sent: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.1)
    assert SLOW in talk(*sent, wait_s=10)


def request(*parts: bytes, ends: bool = True) -> Receive:
    """A client that sends these parts, then nothing more."""
    waiting = [
        {"type": "http.request", "body": p, "more_body": not ends or i < len(parts) - 1}
        for i, p in enumerate(parts)
    ]

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return receive


def test_a_body_has_to_be_whole_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_S", 0.05)

    async def read(receive: Receive, times: int) -> Any:
        with Bodies().of(receive, "1.2.3.4") as body:
            for _ in range(times):
                await body()

    with pytest.raises(BodyTooSlow):
        asyncio.run(read(request(b"{", ends=False), 2))

    async def listens() -> None:  # a whole body, then the wait for the client to go away
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await read(request(b"{", b"}"), 3)

    asyncio.run(listens())


@pytest.mark.parametrize(("each", "comes"), [(0, False), (1, False), (400, True)])
def test_a_body_has_to_come_fast_enough(
    each: int, comes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many bytes every 20 ms, at a rate of 1,000 a second and 0.1 s to begin in."""
    monkeypatch.setattr(bodies, "FIRST_S", 0.1)
    monkeypatch.setattr(bodies, "RATE", 1_000)

    async def drips() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x" * each, "more_body": True}

    async def read() -> int:
        with Bodies().of(drips, "1.2.3.4") as body:
            return sum([len((await body())["body"]) for _ in range(20)])

    if comes:
        assert asyncio.run(read()) == 8_000
    else:
        with pytest.raises(BodyTooSlow):
            asyncio.run(read())


def test_bodies_that_are_not_whole_hold_a_part_of_the_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of however many addresses they are, and though nothing of them came yet; what comes whole
    is taken meanwhile."""
    monkeypatch.setattr(bodies, "PROMPT_S", 0.02)
    monkeypatch.setattr(bodies, "FIRST_S", 0.2)

    async def one(receive: Receive, address: str) -> object:
        try:
            with open_bodies.of(receive, address) as body:
                return (await body())["body"]
        except DataMindError as fault:
            return type(fault)

    async def ask() -> list[object]:
        silent = [one(request(ends=False), f"1.1.1.{n}") for n in range(5)]
        whole = [one(request(b"{}"), "2.2.2.2") for _ in range(3)]
        return await asyncio.gather(*silent, *whole)

    open_bodies = Bodies(most=2)
    for _ in range(2):  # the second time all places are free again
        assert Counter(asyncio.run(ask())) == {BodyTooSlow: 2, Overloaded: 3, b"{}": 3}


def test_one_address_sends_few_bodies_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "UNFINISHED", 2)

    async def all_of(addresses: list[str], receive: Callable[[], Receive]) -> Counter[type]:
        found, open_bodies = Counter[type](), Bodies()

        async def one(address: str) -> None:
            try:
                with open_bodies.of(receive(), address) as body:
                    await body()
                    await asyncio.sleep(0.05)
                found[type(None)] += 1
            except DataMindError as fault:
                found[type(fault)] += 1

        for _ in range(2):  # the second time all places are free again
            await asyncio.gather(*map(one, addresses))
        assert not open_bodies._unfinished
        return found

    slow, whole = (lambda: request(b"{", ends=False)), (lambda: request(b"{}"))
    found = asyncio.run(all_of(["1.1.1.1"] * 5 + ["2.2.2.2"] * 2, slow))
    assert found == {type(None): 8, TooManyRequests: 6}
    assert asyncio.run(all_of(["1.1.1.1"] * 5, whole)) == {type(None): 10}
