"""The lines to the metadata store: hung up on where it is given up, opened anew where its file was
replaced."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine


class Lines:
    """All connections of these engines, whose database is the file, if it is one."""

    def __init__(self, engines: Sequence[AsyncEngine], file: str | None) -> None:
        self._engines = engines
        self._file = file
        self._opened: int | None = None  # the inode of the file that is open
        self._connections: WeakSet[Any] = WeakSet()
        for engine in engines:
            event.listen(engine.sync_engine, "connect", self._connected)

    def are_right(self) -> bool:
        """Whether the file that is open is the one of that name: what is written into one that was
        taken away is lost."""
        if self._file is None or self._opened is None:
            return True
        with suppress(OSError):
            return os.stat(self._file).st_ino == self._opened
        return False

    def must_lead_somewhere(self) -> None:
        """OSError where the file is gone, of which SQLite would make an empty one."""
        if self._file is not None:
            os.stat(self._file)

    def hang_up(self) -> None:
        """Whoever waits for a server that says nothing more hears of it at once."""
        if self._file is not None:
            return
        for connection in list(self._connections):
            with suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)
        self.forget()

    def forget(self) -> None:
        """The next ones are opened anew; those in use end by themselves."""
        self._opened = None
        self._connections = WeakSet()
        for engine in self._engines:
            engine.sync_engine.dispose(close=False)

    def _connected(self, connection: Any, _record: object) -> None:
        self._connections.add(connection.driver_connection)
        if self._file is not None and self._opened is None:
            with suppress(OSError):
                self._opened = os.stat(self._file).st_ino
