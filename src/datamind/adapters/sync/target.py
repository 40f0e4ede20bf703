"""The ClickHouse side of the sync: its own connection, which writes, and the state kept there."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from datamind.adapters.sync.ddl import HOME
from datamind.adapters.sync.tables import SKIP, Relation, Shortcut, State
from datamind.adapters.warehouse import redact
from datamind.adapters.warehouse.clickhouse import driver
from datamind.adapters.warehouse.clickhouse_line import HINT, Address
from datamind.errors import BadInput, SyncFailed, WarehouseError, WarehouseNotFound

CONNECT_S = 10
ANSWER_S = 3600  # a merge of a large table is waited for
STATE = f"{HOME}.state"
_STATE = f"""
CREATE TABLE IF NOT EXISTS {STATE} (name String, seq UInt64, state String)
ENGINE = ReplacingMergeTree(seq) ORDER BY name
"""
_VALUE = f"Correct the rows that hold it, give the column another type, or {SKIP}."
_USER = "Look at the user and the password in the ClickHouse URL."
_ROOM = "Give ClickHouse more of it, then sync again: what was copied is not read twice."
# What ClickHouse's codes mean for a sync, and what helps; others are told by their number.
REFUSED = {
    27: ("a value does not fit its column's type", _VALUE),
    38: ("a date is out of the range that ClickHouse has", _VALUE),
    41: ("a moment is out of the range that ClickHouse has", _VALUE),
    53: ("a value does not fit its column's type", _VALUE),
    69: ("a number is out of the range of its type", _VALUE),
    130: ("an array has more than one dimension", _VALUE),
    193: ("the user or the password was not accepted", _USER),
    194: ("the user or the password was not accepted", _USER),
    241: ("it has too little memory", _ROOM),
    243: ("its disk is full", _ROOM),
    407: ("a decimal is out of the range of its type", _VALUE),
    497: (
        "the user may not do this",
        "Grant it what the sync needs: docs/clickhouse-migration.md lists it under Rights.",
    ),
    516: ("the user or the password was not accepted", _USER),
}
OTHERWISE = "ClickHouse's own log says more about it."


class Target:
    """A connection to ClickHouse that may write; `name` is how people know the database, `url`
    where it is, without the password."""

    def __init__(self, client: Any, name: str, url: str) -> None:
        self._client = client
        self.name = name
        self._url = url

    def run(self, sql: str, settings: Mapping[str, Any] | None = None) -> None:
        """One statement of ours."""
        with _in_our_words(self._url):
            self._client.command(sql, settings=dict(settings or {}), use_database=False)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of one statement of ours, as JSON writes them."""
        with _in_our_words(self._url):
            found = self._client.raw_query(
                sql, fmt="JSONCompactEachRow", use_database=False,
                settings={"output_format_json_quote_64bit_integers": 0},
            )  # fmt: skip
        return [tuple(json.loads(line)) for line in found.decode().splitlines()]

    def insert(self, table: str, columns: str, block: bytes) -> None:
        """Rows as COPY writes them."""
        with _in_our_words(self._url):
            self._client.raw_insert(
                f"{table} ({columns})", insert_block=block, fmt="TabSeparated",
            )  # fmt: skip

    def prepare(self) -> None:
        """The database of our own tables."""
        self.run(f"CREATE DATABASE IF NOT EXISTS {HOME}")
        self.run(_STATE)

    def relations(self) -> list[Relation]:
        """All tables and views, but for ClickHouse's own."""
        found = self._texts(
            "SELECT database, name, engine, as_select FROM system.tables WHERE database NOT IN"
            " ('', 'system', 'information_schema', 'INFORMATION_SCHEMA')"
        )
        return [Relation(*row) for row in found]

    def shortcuts(self, base: str) -> dict[str, str]:
        """Those that a table of ours has: PROJECTION or INDEX, by name."""
        of = f"WHERE database = '{HOME}' AND table = '{base}'"
        found = self._texts(
            f"SELECT name, 'PROJECTION' FROM system.projections {of} UNION ALL"
            f" SELECT name, 'INDEX' FROM system.data_skipping_indices {of} AND type != 'minmax'"
        )
        return {str(name): str(kind) for name, kind in found}

    def readers(self, of: str, since_s: float) -> int:
        """How many queries run that name the table and began so long ago or earlier."""
        named = of.replace("\\", "\\\\").replace("'", "\\'")
        found = self.rows(
            f"SELECT count() FROM system.processes WHERE query_id != queryID()"
            f" AND elapsed >= {since_s:.3f} AND position(query, '{named}') > 0"
        )
        return int(found[0][0])

    def states(self) -> dict[str, State]:
        """What is known of each table, by name; nothing where nothing was synced yet."""
        listed = f"SELECT name FROM system.tables WHERE database = '{HOME}' AND name = 'state'"
        if not self._texts(listed):
            return {}
        found = self._texts(f"SELECT name, state FROM {STATE} FINAL")
        return {name: _read(text) for name, text in found if text}

    def _texts(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of texts, read without any setting, which a user that only reads may not change."""
        with _in_our_words(self._url):
            found = self._client.raw_query(sql, fmt="JSONCompactEachRow", use_database=False)
        return [tuple(json.loads(line)) for line in found.decode().splitlines()]

    def keep(self, name: str, state: State | None) -> None:
        """Remember it, in place of what was known before."""
        text = _written(state) if state is not None else ""
        with _in_our_words(self._url):
            self._client.command(
                f"INSERT INTO {STATE} SELECT {{name:String}}, 1 + (SELECT coalesce(max(seq), 0)"
                f" FROM {STATE}), {{text:String}}",
                parameters={"name": name, "text": text}, use_database=False,
            )  # fmt: skip


@contextmanager
def opened(url: str, *, answer_s: float = ANSWER_S) -> Iterator[Target]:
    """A connection for `clickhouse://user:password@host:port`, `?secure=true` for TLS; each answer
    is waited for so long."""
    connect, address, shown = driver().get_client, Address.of(url), redact(url)
    parts = urlsplit(url)
    if parts.scheme not in ("clickhouse", "clickhouses") or not parts.hostname:
        raise BadInput("The ClickHouse URL can't be read.", hint=HINT)
    with _in_our_words(shown):
        client = connect(
            host=address.host, port=address.port, secure=address.secure,
            interface="https" if address.secure else "http", username=address.user,
            password=address.password, verify=address.verify, ca_cert=address.ca_cert,
            connect_timeout=min(CONNECT_S, answer_s), send_receive_timeout=answer_s,
            autogenerate_session_id=False, client_name="datamind sync",
        )  # fmt: skip
    try:
        yield Target(client, f"ClickHouse on {address.host}:{address.port}", shown)
    finally:
        client.close()


@contextmanager
def _in_our_words(url: str) -> Iterator[None]:
    """What ClickHouse says may hold values: its code is told, its words are not."""
    from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

    try:
        yield
    except ClickHouseError as fault:
        code = getattr(fault, "code", None)
        if code is None and isinstance(fault, OperationalError):
            raise WarehouseNotFound(f"No ClickHouse answers at {url}.") from None
        said, hint = REFUSED.get(code or 0, (f"error {code}", OTHERWISE))
        columns = re.findall(r"name: (c\d+),", str(fault))  # those it got through, and the last
        where = f" (column {columns[-1]})" if columns else ""
        raise SyncFailed(f"ClickHouse did not take it: {said}{where}.", hint=hint) from None
    except OSError:
        raise WarehouseError(f"The connection to {url} was lost.") from None


def _written(state: State) -> str:
    document = {name: getattr(state, name) for name in state.__dataclass_fields__}
    return json.dumps(document, default=_plain, separators=(",", ":"))


def _plain(value: Any) -> Any:
    return asdict(value) if isinstance(value, Shortcut) else value.isoformat()


def _read(text: str) -> State:
    document = json.loads(text)
    for name in ("synced_at", "verified_at"):
        if document[name]:
            document[name] = dt.datetime.fromisoformat(document[name])
    document["columns"] = tuple(tuple(c) for c in document["columns"])
    document["identity"] = tuple(document["identity"])
    document["shortcuts"] = tuple(
        Shortcut(**{**p, "columns": tuple(p["columns"]), "measures": tuple(p["measures"])})
        for p in document.get("shortcuts", ())
    )
    return State(**document)
