"""ClickHouse's engine (chdb) behind ClickHouse's HTTP interface, as far as clients can tell.

`chdb_server.py [FOLDER [PORT [USERS]]]` prints its port and serves until it is killed; the data
stay in the folder. USERS is JSON: `{name: {"password": "", "grants": ["GRANT SELECT ON d.*"],
"settings": {"readonly": "1"}, "changeable": ["max_execution_time"]}}`; without it, `default` may
do everything. Each request has an engine session of its own, so that settings end with it; HTTP
sessions keep theirs, but for the requests in them that are read-only. The engine knows one user:
others are roles of it.
"""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import re
import secrets
import socket
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import lz4.frame
from backports import zstd
from chdb.state.sqlitelike import Connection

ALL = {"default": {"grants": ["GRANT ALL ON *.* WITH GRANT OPTION"]}}
OURS = (
    "query", "database", "default_format", "session_id", "session_timeout", "session_check",
    "query_id", "user", "password", "quota_key", "role", "compress", "decompress", "buffer_size",
    "wait_end_of_query", "client_protocol_version", "stacktrace",
)  # fmt: skip
STATUS = {60: 404, 81: 404, 62: 400, 516: 403, 497: 403, 373: 500}
INSERT = re.compile(
    rb"(\s*INSERT\s+INTO\s+[^\s(]+\s*(?:\([^)]*\))?\s*(?:SETTINGS\s+[^\n]*?)?)"
    rb"\s*\bFORMAT\s+(\w+)[ \t;]*\r?\n?",
    re.IGNORECASE,
)
FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
READS = re.compile(r"(\s|\(|--[^\n]*\n|/\*.*?\*/)*(SELECT|WITH|FROM)\b", re.IGNORECASE | re.DOTALL)
KILLS = re.compile(r"\s*KILL\s+QUERY\b", re.IGNORECASE)
BLOCK = b"\x01\x00\x02\xff\xff\xff\xff\x00"  # stands before a block for newer clients
ZONE = re.compile(r"\bDateTime\('[^']*'\)")
PACKERS: dict[str, Callable[[], Any]] = {
    "zstd": lambda: zstd.ZstdCompressor(1),
    "gzip": lambda: zlib.compressobj(1, zlib.DEFLATED, 31),
}
UNPACKERS: dict[str, Callable[[bytes], bytes]] = {
    "lz4": lz4.frame.decompress,
    "zstd": zstd.decompress,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}


class Refused(Exception):
    """What the server itself answers as ClickHouse would: its code and text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {text}")


class Server(ThreadingHTTPServer):
    """The engine's folder, who may use it, and the sessions that live."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder: Path, port: int, users: dict[str, dict[str, Any]]) -> None:
        self.users = users
        (folder / "users.xml").write_text(_users_xml(users))
        (folder / "config.xml").write_text(
            f"<clickhouse><users_config>{folder}/users.xml</users_config></clickhouse>"
        )
        self.place = f"{folder}/data?config-file={folder}/config.xml"
        self.keeper = Connection(self.place)  # the engine ends with its last session
        self.sessions: dict[str, tuple[Connection, threading.Lock]] = {}
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that went away."""


class Handler(BaseHTTPRequestHandler):
    """One client's line: a statement in the body, the rest in the URL."""

    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True  # as ClickHouse does

    def do_GET(self) -> None:
        """A ping, or a statement in the URL."""
        self.do_POST()

    def do_POST(self) -> None:
        """Run a statement; an error's code stands in a header, its text in the body."""
        self.began = False
        address = urlsplit(self.path)
        asked = dict(parse_qsl(address.query, keep_blank_values=True))
        body = self._body(asked)
        if address.path == "/ping" or not (body or asked.get("query")):
            return self._whole(b"Ok.\n")
        self.query_id = asked.get("query_id") or secrets.token_hex(16)
        try:
            with self._engine(asked) as engine:
                self._run(engine, asked, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        except Exception as fault:
            self._refuse(str(fault))

    def _body(self, asked: dict[str, str]) -> bytes:
        """What came with the request; the fields of a form join those of the URL."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b"".join(iter(self._chunk, b""))
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = UNPACKERS.get(self.headers.get("Content-Encoding", ""), bytes)(body)
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            form = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
            for part in form.walk():
                if name := part.get_param("name", header="content-disposition"):
                    asked[str(name)] = bytes(part.get_payload(decode=True) or b"").decode()  # type: ignore[arg-type]
            return b""
        return body

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    @contextmanager
    def _engine(self, asked: dict[str, str]) -> Iterator[Connection]:
        """An engine session with the request's user, database and settings."""
        user = self._user(asked)
        settings = {k: v for k, v in asked.items() if k not in OURS and not k.startswith("param_")}
        # Nothing but the end of it undoes a read-only session.
        session = None if "readonly" in settings else asked.get("session_id")
        engine, lock = self._session(session) if session else (Connection(self.server.place), None)
        if lock and not lock.acquire(blocking=False):
            raise Refused(373, "Session is locked by a concurrent client. (SESSION_IS_LOCKED)")
        try:
            if asked.get("database"):
                engine.query(f"USE `{asked['database']}`")
            engine.query(f"SET ROLE `{user}`")
            for part in self._in_order(user, settings):
                engine.query("SET " + ", ".join(f"`{n}` = {_text(v)}" for n, v in part.items()))
            yield engine
        finally:
            for name in settings if lock else ():
                with suppress(Exception):
                    engine.query(f"SET `{name}` = DEFAULT")
            lock.release() if lock else engine.close()

    def _in_order(self, user: str, settings: dict[str, str]) -> list[dict[str, str]]:
        """The user's settings after what may be changed in spite of them; `readonly` at the end
        of its kind."""
        known = self.server.users[user]
        free = {k: v for k, v in settings.items() if k in known.get("changeable", ())}
        rest = {k: v for k, v in settings.items() if k not in free}
        parts = ({"log_comment": self.query_id} | free, known.get("settings", {}), rest)
        return [{k: p[k] for k in sorted(p, key="readonly".__eq__)} for p in parts if p]

    def _session(self, name: str) -> tuple[Connection, threading.Lock]:
        made = (Connection(self.server.place), threading.Lock())
        return self.server.sessions.setdefault(name, made)

    def _user(self, asked: dict[str, str]) -> str:
        header = self.headers.get("Authorization", "")
        if header.startswith("Basic "):
            name, _, password = base64.b64decode(header[6:]).decode().partition(":")
        else:
            name = asked.get("user") or self.headers.get("X-ClickHouse-User") or "default"
            password = asked.get("password") or self.headers.get("X-ClickHouse-Key") or ""
        known = self.server.users.get(name)
        if known is None or known.get("password", "") != password:
            raise Refused(516, f"{name}: Authentication failed. (AUTHENTICATION_FAILED)")
        return name

    def _run(self, engine: Connection, asked: dict[str, str], body: bytes) -> None:
        statement = asked.get("query", "")
        whole = statement.encode() + b"\n" * bool(statement) + body
        if insert := INSERT.match(whole):
            with engine.send_insert(insert[1].decode(), insert[2].decode()) as writer:
                writer.append(whole[insert.end() :])
                self._whole(b"", written=writer.finish().rows_written)
            return
        sql = whole.decode()
        told = FORMAT.search(sql)
        form = told[1] if told else asked.get("default_format", "TabSeparated")
        params = {k[6:]: v for k, v in asked.items() if k.startswith("param_")} or None
        if KILLS.match(sql):  # the engine gives its own ids, so ours is a comment
            sql = re.sub(r"\bquery_id\b", "Settings['log_comment']", sql)
        # Streamed, the other forms lose what stands around their rows.
        if READS.match(sql) and form == "Native":
            self._stream(engine, sql, form, params, asked)
        else:
            block = engine.query(sql, form, params=params).bytes()
            self._whole(self._blocks(form, asked, {})(block), form)

    def _blocks(
        self, form: str, asked: dict[str, str], zoned: dict[bytes, bytes]
    ) -> Callable[[bytes], bytes]:
        """What makes the engine's blocks, which are those for old clients, new ones."""
        if form != "Native" or not asked.get("client_protocol_version"):
            return bytes
        return lambda block: BLOCK * bool(block) + _rezoned(block, zoned)

    def _stream(
        self, engine: Connection, sql: str, form: str, params: Any, asked: dict[str, str]
    ) -> None:
        """Blocks as they come; all at once where the client waits for the end."""
        told = FORMAT.search(sql)
        zoned = _zoned(engine, sql[: told.start()] if told else sql, params)
        made = self._blocks(form, asked, zoned)
        with self._until_gone(asked):
            chunks = engine.send_query(sql, form, params=params)
            blocks = (made(chunk.bytes()) for chunk in chunks)
            if asked.get("wait_end_of_query") == "1":
                body = b"".join(blocks) or engine.query(sql, form, params=params).bytes()
                return self._whole(body, form)
            try:  # of no rows the engine streams not even the frame that a format has
                first = next(blocks, b"") or engine.query(sql, form, params=params).bytes()
                self._begin(form, {"Transfer-Encoding": "chunked"})
                self.packer = packer = self._packer()
                for block in itertools.chain((first,), blocks):
                    self._send(packer.compress(block) if packer else block)
                self._send(packer.flush() if packer else b"")
                self.wfile.write(b"0\r\n\r\n")
            finally:
                chunks.close()

    @contextmanager
    def _until_gone(self, asked: dict[str, str]) -> Iterator[None]:
        """Kill what runs once the client hung up, where it wants that, as ClickHouse does."""
        wanted = asked.get("cancel_http_readonly_queries_on_client_close", "0") not in ("0", "")
        if not wanted or asked.get("readonly", "0") == "0":
            yield
            return
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.05):
                if not _still_there(self.connection):
                    kill = f"KILL QUERY WHERE Settings['log_comment'] = '{self.query_id}' ASYNC"
                    self.server.keeper.query(kill)
                    return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _packer(self) -> Any:
        if (kind := self._encoding()) is not None:
            return PACKERS[kind]()
        return None

    def _encoding(self) -> str | None:
        wanted = self.headers.get("Accept-Encoding", "")
        return next((kind for kind in PACKERS if kind in wanted), None)

    def _send(self, block: bytes) -> None:
        if block:
            self.wfile.write(f"{len(block):x}\r\n".encode() + block + b"\r\n")
            self.wfile.flush()

    def _whole(self, body: bytes, form: str = "", written: int = 0) -> None:
        packer = self._packer() if form else None
        if packer:
            body = packer.compress(body) + packer.flush()
        length = {"Content-Length": str(len(body))}
        self._begin(form, {**length, "X-ClickHouse-Summary": f'{{"written_rows":"{written}"}}'})
        self.wfile.write(body)

    def _begin(self, form: str, headers: dict[str, str]) -> None:
        self.send_response(200)
        self.began, self.tag = True, secrets.token_hex(8)
        if form and (encoding := self._encoding()):
            headers["Content-Encoding"] = encoding
        headers |= {
            "X-ClickHouse-Query-Id": getattr(self, "query_id", ""),
            "X-ClickHouse-Timezone": "UTC", "X-ClickHouse-Format": form or "TabSeparated",
            "X-ClickHouse-Exception-Tag": self.tag,
        }  # fmt: skip
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _refuse(self, text: str) -> None:
        """The error; in the midst of an answer as its last words."""
        if self.began:
            last = f"__exception__\r\n{self.tag}\r\n{text}\n{len(text)} {self.tag}"
            words = f"{last}\r\n__exception__\r\n".encode()
            packer, self.close_connection = self.packer, True
            self._send(packer.compress(words) + packer.flush() if packer else words)
            self.wfile.write(b"0\r\n\r\n")
            return
        found = re.search(r"Code: (\d+)", text)
        code = int(found[1]) if found else 1000
        body = f"{text} (version 26.9)\n".encode()
        self.send_response(STATUS.get(code, 500))
        self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _still_there(line: socket.socket) -> bool:
    try:
        return line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def _text(value: str) -> str:
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _zoned(engine: Connection, sql: str, params: Any) -> dict[bytes, bytes]:
    """What the heads of zoned columns become: to old clients, as which the engine takes all,
    ClickHouse does not tell the zones of DateTime."""
    asked = sql.rstrip(" ;\n")
    described = engine.query(f"DESCRIBE ({asked}\n)", "JSONCompact", params=params)
    columns = [(name, kind) for name, kind, *_ in json.loads(described.bytes())["data"]]
    return {
        _prefixed(name) + _prefixed(ZONE.sub("DateTime", kind)): _prefixed(name) + _prefixed(kind)
        for name, kind in columns
        if ZONE.search(kind)
    }


def _rezoned(block: bytes, zoned: dict[bytes, bytes]) -> bytes:
    for head, better in zoned.items():
        block = block.replace(head, better)
    return block


def _prefixed(text: str) -> bytes:
    raw = text.encode()
    assert len(raw) < 128  # one byte says how long it is
    return bytes([len(raw)]) + raw


def _users_xml(users: dict[str, dict[str, Any]]) -> str:
    grants = {
        n: "".join(f"<query>{g}</query>" for g in user["grants"]) for n, user in users.items()
    }
    roles = "".join(f"<{name}><grants>{given}</grants></{name}>" for name, given in grants.items())
    mine = ", ".join(f"`{name}`" for name in users)
    return (
        f"<clickhouse><profiles><default/></profiles><roles>{roles}</roles><users><default>"
        "<password></password><networks><ip>::/0</ip></networks><profile>default</profile>"
        f"<quota>default</quota><grants><query>GRANT {mine}</query></grants></default></users>"
        "<quotas><default/></quotas></clickhouse>"
    )


def main(folder: str = "", port: str = "0", users: str = "") -> None:
    """Serve, the port printed first."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(folder or scratch)
        with Server(place, int(port), json.loads(users) if users else ALL) as server:
            print(server.server_address[1], flush=True)
            server.serve_forever()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
