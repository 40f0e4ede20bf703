"""Where the metadata store is, and how its connections are shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from datamind.errors import BadInput
from datamind.settings.reading import number, whole

DB_NAMES = ("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD")
MOST_CONNECTIONS = 1_000


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """The connections of one server to PostgreSQL; of SQLite only `wait_s` and `size` count.

    `size` are kept open, `overflow` more are opened where all are in use; who gets none within
    `wait_s` is turned away. A connection is replaced after `recycle_s`. To connect may take
    `connect_s`, a statement `statement_s`, after which it is cancelled there and given up here.
    """

    size: int = 10
    overflow: int = 20
    wait_s: float = 5.0
    recycle_s: int = 3_600
    connect_s: int = 5
    statement_s: float = 15.0


def pool(env: Mapping[str, str]) -> PoolSettings:
    """DB_POOL_SIZE and the others, which docs/server.md lists."""
    usual, most = PoolSettings(), MOST_CONNECTIONS
    return PoolSettings(
        size=whole(env, "DB_POOL_SIZE", usual.size, most=most),
        overflow=whole(env, "DB_POOL_OVERFLOW", usual.overflow, least=0, most=most),
        wait_s=number(env, "DB_POOL_WAIT_S", usual.wait_s),
        recycle_s=whole(env, "DB_POOL_RECYCLE_S", usual.recycle_s),
        connect_s=whole(env, "DB_CONNECT_TIMEOUT_S", usual.connect_s),
        statement_s=number(env, "DB_STATEMENT_TIMEOUT_S", usual.statement_s),
    )


def address(env: Mapping[str, str]) -> str | None:
    """DATABASE_URL, or the same put together of DB_HOST and the others; None where neither is."""
    url = env.get("DATABASE_URL")
    host, name = env.get("DB_HOST"), env.get("DB_NAME")
    if url or not host:
        return url or None
    if not name:
        raise BadInput("DB_NAME is missing.", hint="Set it beside DB_HOST.")
    port = whole(env, "DB_PORT", 5432, most=65_535)
    user, password = env.get("DB_USER", ""), env.get("DB_PASSWORD", "")
    who = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    if host.startswith("/"):  # the folder of a socket
        return f"postgresql+psycopg://{who}@/{quote(name, safe='')}?host={quote(host)}&port={port}"
    place = f"[{host}]" if ":" in host else host
    return f"postgresql+psycopg://{who}{'@' if who else ''}{place}:{port}/{quote(name, safe='')}"
