"""Known secrets in every setting are found nowhere: not in what is answered, logged, printed or
kept, and not in the arguments or the environment of any process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from datamind.settings import encrypted
from datamind.settings.checking import known
from datamind.settings.environment import is_secret

from .conftest import PASSWORD
from .test_process import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CANARY = "canary0Zk7"
ADDRESSES = {
    "DATABASE_URL": "",  # else the parts of DB_… would not be read
    "WAREHOUSE_URL": "postgresql://ana:{}@127.0.0.1:1/sales",
    "CLICKHOUSE_URL": "clickhouse://ana:{}@127.0.0.1:1/sales",
    "REDIS_URL": "redis://:{}@127.0.0.1:1/0",
    "ALERT_WEBHOOK_URL": "https://127.0.0.1:1/hooks/{}",
    "ALERT_SMTP_URL": "smtp://ana:{}@127.0.0.1:1",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://ana:{}@127.0.0.1:1",
}


def secrets_of_all() -> dict[str, str]:
    """Each setting that may hold a secret, with one of its own."""
    found = {}
    for number, name in enumerate(sorted(known())):
        canary = f"{CANARY}{number:02d}abcdefghijklmnopqrstuvwx"
        if name in ADDRESSES:
            found[name] = ADDRESSES[name].format(canary)
        elif is_secret(name, f"x://u:{canary}@h") and name != "ENCRYPTION_KEY":
            is_address = not is_secret(name)
            found[name] = f"http://ana:{canary}@127.0.0.1:1/x" if is_address else canary
    assert {"JWT_SECRET", "API_TOKEN", "DB_PASSWORD", "OPENAI_API_KEY"} < set(found)
    return {name: value for name, value in found.items() if value}


@pytest.fixture(params=["environment", "file"])
def where(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def server(where: str, shop: Path, tmp_path: Path) -> Iterator[Server]:
    secrets = secrets_of_all()
    server = Server(tmp_path / "home", shop, ALERT_EMAIL_TO="ops@example.com")
    if where == "environment":
        server.env |= secrets
    else:
        key = encrypted.new_key()
        (tmp_path / "key").write_text(key)
        lines = [f"{name}={encrypted.encrypt(value, [key])}" for name, value in secrets.items()]
        file = tmp_path / "settings.env"
        file.write_text("\n".join(["# DataMind", f"ENCRYPTION_KEY_FILE={tmp_path}/key", *lines]))
        file.chmod(0o600)
        server.env["DATAMIND_ENV_FILE"] = str(file)
    words = ("users", "add", "ana@example.com", "--role", "admin", "--password-stdin")
    added = server.datamind(*words, stdin=PASSWORD)
    assert added.returncode == 0, added.stderr
    server.start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.end()


def answers_of(server: Server) -> str:
    """All that is answered, headers too, where things go well and where they don't."""
    headers = server.login()
    calls: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", "/health", None), ("GET", "/metrics", None), ("GET", "/openapi.json", None),
        ("GET", "/api/v1/system/config", None), ("GET", "/api/v1/auth/me", None),
        ("POST", "/api/v1/sql/ask", {"question": "how many orders are there"}),
        ("POST", "/api/v1/sql/execute", {"sql": "SELECT getenv('JWT_SECRET')"}),
        ("POST", "/api/v1/sql/execute", {"sql": "SELECT 1 / 0 FROM orders"}),
        ("GET", "/api/v1/security/audit-log", None), ("GET", "/api/v1/nothing", None),
        ("POST", "/api/v1/auth/login", {"email": 7}),
    ]  # fmt: skip
    said = []
    for sent in (headers, {"Authorization": "Bearer x"}, {}):
        for method, path, body in calls:
            answer = httpx.request(method, server.url + path, json=body, headers=sent, timeout=30)
            said.append(f"{answer.status_code} {answer.headers} {answer.text}")
    assert sum(text.startswith("200") for text in said) >= 8
    assert any("JWT_SECRET" in text and "***" in text for text in said)
    return "\n".join(said)


def processes_of(server: Server, *, itself: bool) -> str:
    assert server.process is not None
    found = []
    below = server.below()
    assert len(below) >= 2  # those that read questions, and those that query
    for pid in below | {server.process.pid}:
        with suppress(OSError):
            place = Path(f"/proc/{pid}")
            found.append((place / "cmdline").read_bytes())
            if itself or pid != server.process.pid:
                found.append((place / "environ").read_bytes())
    return b"\n".join(found).decode(errors="replace")


COMMANDS = ("config show --json", "doctor", "config check")
MORE = (
    "catalog show", "migrate --check", "audit verify", "users list", "ask x --json",
    "doctor --json", "serve --port {}",  # which is taken
)  # fmt: skip


def commands_of(server: Server, *commands: str) -> str:
    ran = {words: server.datamind(*words.format(server.port).split()) for words in commands}
    right = {"config show --json", "migrate --check", "audit verify", "users list"} & ran.keys()
    assert [ran[words].returncode for words in right] == [0] * len(right), ran
    return "\n".join(run.stdout + run.stderr for run in ran.values())


def kept_by(server: Server) -> str:
    files = [path for path in server.home.rglob("*") if path.is_file()]
    assert {"audit.log", "datamind.db"} <= {path.name for path in files}
    return "\n".join(path.read_bytes().decode(errors="replace") for path in files)


def test_no_secret_is_found_anywhere(server: Server, where: str) -> None:
    found = {
        "answers": answers_of(server),
        "processes": processes_of(server, itself=where == "file"),
        "commands": commands_of(server, *COMMANDS, *(MORE if where == "environment" else ())),
    }
    assert server.end() in (0, 130)
    found |= {"logs": server.said, "files": kept_by(server)}
    seen = {
        place: text[max(0, at - 200) : at + 60]
        for place, text in found.items()
        if (at := text.find(CANARY)) >= 0
    }
    assert not seen
    assert os.environ.get("JWT_SECRET") is None
