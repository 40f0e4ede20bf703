"""The metadata store on PostgreSQL: how to connect, and connections that never wait for ever."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from psycopg import AsyncConnection, OperationalError
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout

from datamind.settings.store import PoolSettings

IDLE_S = 600  # a transaction that nobody goes on with holds others up
GRACE_S = 2.0  # between the server's limit and ours
LOST_S = 10  # a network that takes no packets is told after this
RV = TypeVar("RV")
# What waiting does not mend; of connections that are refused libpq tells no SQLSTATE.
REFUSALS = (
    (r'FATAL: +database ".*" does not exist', "has no such database"),
    (r"FATAL: +permission denied for database", "does not let this user into the database"),
    (r"FATAL: +no pg_hba\.conf entry", "does not let this user in from here"),
    (r'FATAL: +role ".*" (?:does not exist|is not permitted)', "refuses this user"),
    (r"FATAL: +.*authentication failed|no password supplied", "refuses this user or password"),
)


def refusal(text: str) -> str | None:
    """What the server refuses by this error of connecting; None for all that may pass."""
    return next((said for form, said in REFUSALS if re.search(form, text)), None)


def connect_args(pool: PoolSettings) -> dict[str, Any]:
    """What libpq and the session are told: limits on connecting, statements, locks, silence."""
    limit = int(pool.statement_s * 1000)
    options = {
        "statement_timeout": limit, "lock_timeout": limit,
        "idle_in_transaction_session_timeout": IDLE_S * 1000,
    }  # fmt: skip
    return {
        "connect_timeout": pool.connect_s, "application_name": "datamind",
        "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        "keepalives_idle": LOST_S, "keepalives_interval": LOST_S // 2, "keepalives_count": 2,
        "tcp_user_timeout": LOST_S * 1000,
    }  # fmt: skip


def async_connect_args(pool: PoolSettings) -> dict[str, Any]:
    """The same, and a limit of our own: a server that hangs keeps to none of its own."""

    class Bounded(AsyncConnection[Any]):
        """A connection that is given up where the server answers nothing in time."""

        async def wait(
            self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None
        ) -> RV:
            try:
                return await super().wait(gen, interval, timeout or pool.statement_s + GRACE_S)
            except _WaitTimeout:
                self.pgconn.finish()
                raise OperationalError("the server does not answer") from None

    return {**connect_args(pool), "async_creator_fn": Bounded.connect}
