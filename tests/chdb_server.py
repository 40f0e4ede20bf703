"""ClickHouse's engine (chdb) behind as much of its HTTP interface as our tests ask for."""

from __future__ import annotations

import sys
import tempfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb import session


class Handler(BaseHTTPRequestHandler):
    """POST a statement; settings stand in the URL, an error's text comes with status 500."""

    engine: session.Session

    def do_POST(self) -> None:
        """Run it."""
        settings = dict(parse_qsl(urlsplit(self.path).query))
        form = settings.pop("default_format", "TabSeparated")
        sql = self.rfile.read(int(self.headers["Content-Length"])).decode()
        try:
            for name, value in settings.items():
                self._query(f"SET {name} = '{value}'")
            told, status = self._query(sql, form), 200
        except Exception as fault:
            told, status = str(fault), 500
        body = told.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _query(self, sql: str, form: str = "TabSeparated") -> str:
        # The embedded engine keeps settings for ever, a server only for the request.
        if sql.startswith("SET readonly") and self.server.readonly:  # type: ignore[attr-defined]
            return ""
        self.server.readonly |= sql.startswith("SET readonly")  # type: ignore[attr-defined]
        return str(self.engine.query(sql, form))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve at a free port, printed first."""
    with tempfile.TemporaryDirectory() as folder, HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.readonly = False  # type: ignore[attr-defined]
        Handler.engine = session.Session(folder)
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
