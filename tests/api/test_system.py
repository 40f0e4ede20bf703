"""Health by its rules, logs without secrets, settings with their bounds."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import psycopg
import pytest

from datamind.api.secrets import FILE, secrets_of
from datamind.errors import BadInput
from datamind.log import JsonLines, correlation
from datamind.rooms.system.health import health_of
from datamind.settings import ServerSettings, Settings, load

from .conftest import Run, running, settings_of

# metadata, warehouse, audit, llm, redis, vector_db (h, d or x for healthy, degraded, down) → score,
# mode
MODES = """
h h h h h h 100 FULL_OPERATIONAL
h h h d h h 85 LIMITED_AI
h h h x h h 70 LIMITED_AI
h h h h x h 85 FULL_OPERATIONAL
h h h h x x 70 LIMITED_AI
h h d h h h 100 FULL_OPERATIONAL
h h x h h h 100 READ_ONLY
d h h h h h 80 LIMITED_AI
h x h h h h 60 READ_ONLY
x h h h h h 60 READ_ONLY
x x h h h h 60 EMERGENCY
h h h x x h 55 READ_ONLY
x x x x x x 0 EMERGENCY
d d d x d d 35 EMERGENCY
"""
STATES = {"h": "healthy", "d": "degraded", "x": "down"}
PARTS = ("metadata", "warehouse", "audit", "llm", "redis", "vector_db")


@pytest.mark.parametrize("line", MODES.strip().splitlines())
def test_the_mode_is_the_worse_of_score_and_rules(line: str) -> None:
    *states, score, mode = line.split()
    found = health_of({p: STATES[s] for p, s in zip(PARTS, states, strict=True)})  # type: ignore[misc]
    assert (found.score, found.mode) == (int(score), mode)


def record(message: str, fault: BaseException | None = None, **extra: object) -> dict[str, object]:
    found = logging.makeLogRecord(
        {"msg": message, "levelname": "ERROR", "name": "datamind.x", **extra}
    )
    if fault is not None:
        found.exc_info = (type(fault), fault, fault.__traceback__)
    return json.loads(JsonLines().format(found))  # type: ignore[no-any-return]


def test_a_log_line_says_what_and_where_but_no_address_and_no_value() -> None:
    token = correlation.set("corr-1234")
    try:
        line = record(
            "mail to ann.lee@example.com failed", ValueError("4711 is Ann's"), query="q",
            to=["+49 30 1234567"],
        )  # fmt: skip
    finally:
        correlation.reset(token)
    assert line["message"] == "mail to [EMAIL_MASKED] failed"
    assert line["correlation_id"] == "corr-1234"
    assert line["details"] == {
        "query": "q", "to": ["[PHONE_MASKED]"], "exception": "ValueError",
    }  # fmt: skip
    assert set(line) == set(
        "timestamp level service component correlation_id user_id message details".split()
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATAMIND_ENV", "staging"), ("RATE_LIMIT_ASK", "many"), ("RATE_LIMIT_IP", "0/minute"),
        ("RATE_LIMIT_USER", "5/fortnight"), ("LOGIN_FAILURES", "0"),
        ("LOGIN_LOCK_MINUTES", "1.5"), ("API_KEY_DAYS", "soon"), ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "proxy"), ("DATAMIND_PORT", "http"), ("DATAMIND_QUEUE", "-1"),
    ],
)  # fmt: skip
def test_a_setting_that_does_not_fit_is_told(name: str, value: str) -> None:
    with pytest.raises(BadInput, match=name):
        load({name: value})


def test_settings_are_read_from_the_environment() -> None:
    found = load(
        {"TRUSTED_PROXIES": "10.0.0.0/8, ::1", "CORS_ORIGINS": "https://bi.example.com",
         "DATAMIND_UI": "0", "PUBLIC_DEMO": "yes", "RATE_LIMIT_ASK": "5/hour"}
    ).server  # fmt: skip
    assert found.trusted_proxies == ("10.0.0.0/8", "::1")
    assert (found.ui, found.public_demo, found.ask_limit) == (False, True, "5/hour")
    assert found.cors_origins == ("https://bi.example.com",)
    found = load({"LOGIN_FAILURES": "3", "LOGIN_LOCK_MINUTES": "60", "API_KEY_DAYS": "7"}).server
    assert (found.login.failures, found.login.lock_s, found.key_days) == (3, 3600, 7)


def test_secrets_are_made_once_and_kept_for_their_owner(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    made = secrets_of(settings)
    assert secrets_of(settings) == made
    assert len(made.jwt) >= 64 and len(made.audit) >= 32
    assert ((tmp_path / "home" / FILE).stat().st_mode & 0o777) == 0o600


@pytest.mark.parametrize("held", ["", "{", "[]", '{"jwt": "x"}', '{"jwt": "x", "audit": "zz"}'])
def test_a_damaged_file_of_secrets_is_told(tmp_path: Path, held: str) -> None:
    (tmp_path / FILE).write_text(held)
    with pytest.raises(BadInput, match="damaged"):
        secrets_of(Settings(home=tmp_path))


@pytest.mark.parametrize("secret", ["short", "a" * 64, "0123456789" * 3])
def test_a_weak_secret_is_refused_everywhere(tmp_path: Path, secret: str) -> None:
    server = ServerSettings(jwt_secret=secret)
    with pytest.raises(BadInput, match="JWT_SECRET is too weak"):
        secrets_of(Settings(home=tmp_path, server=server))


@pytest.mark.postgres
def test_a_warehouse_role_that_may_do_too_much_is_told_at_the_start(
    run: Run, tmp_path: Path, own_postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(own_postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS seen (id int PRIMARY KEY)")

    async def told() -> Any:
        async with running(settings_of(tmp_path), own_postgres_url) as api:
            headers = await api.headers("admin")
            health = (await api.client.get("/health", headers=headers)).json()
            return health["components"]["warehouse"]["may_also"]

    found = run(told())
    assert any(what.startswith("is a superuser") for what in found)
    assert any("the warehouse's role is a superuser" in r.getMessage() for r in caplog.records)
