"""A network between two parts that can be cut: a TCP relay on this machine."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

Cut = Literal["refused", "reset", "black hole"]
CHUNK = 65_536
RST = struct.pack("ii", 1, 0)  # closed so, a socket sends a reset


class Link:
    """Passes what comes to its port on to another port of this machine, until it is cut.

    `refused`: nobody listens and what was open ends; `reset`: whoever connects is thrown out;
    `black hole`: connections stand, and nothing ever comes through.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self._cut: Cut | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._flows = threading.Event()
        self._flows.set()
        self._listener: socket.socket | None = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    def cut(self, how: Cut) -> None:
        """From now on nothing passes."""
        self._cut = how
        if how == "black hole":
            self._flows.clear()
            return
        if how == "refused":
            self._stop_listening()
        self._drop()

    def mend(self) -> None:
        """It passes again; what was held up is thrown out, as a router would that came back."""
        was, self._cut = self._cut, None
        if was == "black hole":
            self._drop()
            self._flows.set()
        if self._listener is None:
            self._listener = self._listen(self.port)

    def end(self) -> None:
        """For ever."""
        self._ended.set()
        self._flows.set()
        self._stop_listening()
        self._drop()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _stop_listening(self) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # ends the wait in accept
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while not self._ended.is_set():
                near, _ = listener.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        self._flows.wait()
        if self._cut == "reset":
            _throw_out(near)
            return
        far = socket.socket()
        try:
            far.connect(("127.0.0.1", self.target))
        except OSError:
            _throw_out(near)
            return
        with self._lock:
            self._open |= {near, far}
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(CHUNK):
                self._flows.wait()
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _drop(self) -> None:
        with self._lock:
            dropped, self._open = self._open, set()
        for end in dropped:
            _throw_out(end)


def _throw_out(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
        end.shutdown(socket.SHUT_RD)  # ends the wait of whoever reads it
    end.close()


@contextmanager
def link_to(port: int) -> Iterator[Link]:
    """A link to that port of this machine."""
    link = Link(port)
    try:
        yield link
    finally:
        link.end()
