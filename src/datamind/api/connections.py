"""HTTP connections as uvicorn speaks them, with bounds for the head of a request.

uvicorn and its parser take heads of any size, and gather one header piece by piece in quadratic
time: a single line of 100 MB stops the event loop for seconds. The head also has to come in time,
so that silent connections don't stay for ever.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MOST_HEAD = 64 * 1024  # address and headers; browsers and proxies keep below 32 kB
HEAD_S = 30.0


class Connection(HttpToolsProtocol):
    """A connection whose next request's head has to be small, and whole in time."""

    _head = 0
    _in_head = True
    _status = 400
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Of a piece that ends the head, the parser has told us the size.
        if self._in_head and not self.transport.is_closing():
            self._head += len(data)
            if self._head > MOST_HEAD:
                self._end(431, "Request header fields are too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head, self._in_head = 0, True
        if self._late is None:
            self._wait()

    def on_url(self, url: bytes) -> None:
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._grow(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._wait_no_more()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Also called where a callback of the parser raised, as for heads that are too large."""
        if self._status != 400:
            msg = "Request header fields are too large."
        self._end(self._status, msg)

    def _grow(self, size: int) -> None:
        self._head += size
        if self._head > MOST_HEAD:
            self._status = 431
            raise ValueError("the head is too large")

    def _wait(self) -> None:
        self._late = self.loop.call_later(HEAD_S, self._end, 408, "The request came too slowly.")

    def _wait_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _end(self, status: int, said: str) -> None:
        """Say so and hang up."""
        body = said.encode()
        self.transport.write(
            STATUS_LINE[status] + b"content-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body)
        )
        self.transport.close()
