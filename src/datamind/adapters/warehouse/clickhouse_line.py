"""The line to a ClickHouse server: its address, single statements, and connections that can be
hung up while another thread waits on them."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from datamind.errors import BadInput

PORTS = {False: 8123, True: 8443}
YES = ("1", "true", "yes", "on")
HINT = "Write clickhouse://user:password@host:8123/database, or clickhouses:// for TLS."


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is and who asks it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    secure: bool
    verify: bool = True
    ca_cert: str | None = None

    @classmethod
    def of(cls, url: str) -> Address:
        """Read off the URL; `?secure=true`, `?verify=false` and `?ca_cert=FILE` are known."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise BadInput("The ClickHouse URL can't be read.", hint=HINT) from None
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        unknown = sorted(asked.keys() - {"secure", "verify", "ca_cert"})
        if unknown:
            raise BadInput(f"A ClickHouse URL knows no {unknown[0]}.", hint=HINT)
        secure = parts.scheme.lower() == "clickhouses" or asked.get("secure", "").lower() in YES
        return cls(
            host=parts.hostname or "localhost",
            port=port or PORTS[secure],
            user=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            database=unquote(parts.path.strip("/")) or "default",
            secure=secure,
            verify=asked.get("verify", "true").lower() in YES,
            ca_cert=asked.get("ca_cert"),
        )

    @property
    def name(self) -> str:
        """How people know it."""
        return f"{self.database} on {self.host}:{self.port}"

    @property
    def http(self) -> str:
        """The address of its HTTP interface."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}/"


class ServerError(Exception):
    """What the server did not do: ClickHouse's number of the error, None where none answered."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"ClickHouse's error {code}")
        self.code = code


class Line:
    """Connections of one client; once it was hung up it makes no other one."""

    def __init__(self, address: Address) -> None:
        self._socket: socket.socket | None = None
        self.is_down = False
        self.pool = _pool(self, address)

    def connected(self, made: socket.socket) -> None:
        """Remember what to hang up."""
        self._socket = made

    def hang_up(self) -> None:
        """End what waits on it. Only the line is shut, and its owner finds out: closing under its
        feet could free the descriptor for someone else."""
        self.is_down = True
        if self._socket is not None:
            with (
                suppress(OSError, ValueError),
                socket.socket(fileno=os.dup(self._socket.fileno())) as line,
            ):
                line.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Hang up, and keep nothing open."""
        self.hang_up()
        self.pool.clear()


def _pool(line: Line, address: Address) -> Any:
    from clickhouse_connect.driver.httputil import get_pool_manager_options
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.exceptions import NewConnectionError

    def watched(kind: type[HTTPConnection]) -> type[HTTPConnection]:
        class Watched(kind):  # type: ignore[misc, valid-type]
            def connect(self) -> None:
                if line.is_down:  # or the client would ask the same once more
                    raise NewConnectionError(self, "hung up")
                super().connect()
                line.connected(self.sock)

        return Watched

    class Plain(HTTPConnectionPool):
        ConnectionCls = watched(HTTPConnection)

    class Secure(HTTPSConnectionPool):
        ConnectionCls = watched(HTTPSConnection)  # type: ignore[assignment]

    options = get_pool_manager_options(verify=address.verify, ca_cert=address.ca_cert)
    pool = PoolManager(**options)
    pool.pool_classes_by_scheme = {"http": Plain, "https": Secure}
    return pool


def say(
    pool: Any, address: Address, sql: str, seconds: float,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> str:  # fmt: skip
    """One short statement over a connection of its own: its rows as TabSeparated."""
    from urllib3.exceptions import HTTPError

    headers = {"X-ClickHouse-User": address.user, "X-ClickHouse-Key": address.password}
    try:
        answer = pool.request(
            "POST", f"{address.http}?{urlencode(settings)}", body=sql.encode(), headers=headers,
            timeout=seconds, retries=1,
        )  # fmt: skip
    except HTTPError:
        raise ServerError(None) from None
    if answer.status >= 400:
        code = str(answer.headers.get("X-ClickHouse-Exception-Code", "0"))
        raise ServerError(int(code) if code.isdigit() else 0)
    return str(answer.data.decode())
