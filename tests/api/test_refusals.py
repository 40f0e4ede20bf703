"""What waiting does not mend ends a start at once: a store or a Redis that refuses us."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy.engine import make_url

from datamind.adapters.redis.reaching import must_not_refuse
from datamind.api.secrets import secrets_of
from datamind.api.shared import open_shared
from datamind.database.postgres import refusal
from datamind.errors import BadInput, Unavailable
from datamind.migrations import state
from datamind.settings import Settings
from datamind.settings.redis import RedisSettings

SECRET = "hunter2"  # pragma: allowlist secret


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('connection failed: FATAL:  password authentication failed for user "a"', "password"),
        ("connection failed: fe_sendauth: no password supplied", "password"),
        ('FATAL:  role "a" does not exist', "user"),
        ('FATAL:  role "a" is not permitted to log in', "user"),
        ('FATAL:  database "a" does not exist\nDETAIL:  x', "no such database"),
        ('FATAL:  permission denied for database "a"', "into the database"),
        ('FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "a", database "b"', "from here"),
        ("FATAL:  the database system is starting up", None),
        ("FATAL:  sorry, too many clients already", None),
        ('connection to server at "password", port 5432 failed: Connection refused', None),
        ("timeout expired", None),
    ],
)
def test_what_passes_is_told_from_what_does_not(said: str, told: str | None) -> None:
    found = refusal(said)
    assert found is None if told is None else told in (found or "")


@pytest.mark.postgres
@pytest.mark.slow
def test_a_store_that_refuses_us_is_not_waited_for(postgres_url: str) -> None:
    right = make_url(postgres_url)
    for wrong, told in (
        ({"database": "no_such"}, "has no such database"),
        ({"username": "nobody_of_that_name", "password": SECRET}, "refuses this user"),
    ):
        address = right.set(**wrong).render_as_string(hide_password=False)  # type: ignore[arg-type]
        with pytest.raises(BadInput, match=told) as found:
            state(address)
        assert SECRET not in f"{found.value}{found.value.hint}"
    with pytest.raises(Unavailable):
        state(right.set(host="127.0.0.1", port=1, query={}).render_as_string(hide_password=False))


@pytest.fixture
def guarded(redis_url: str) -> Iterator[str]:
    """A Redis with a password, and a user who may only ask whether it is there."""
    with Redis.from_url(redis_url) as admin:
        admin.config_set("requirepass", SECRET)
        admin.auth(SECRET)
        admin.acl_setuser("pings", enabled=True, passwords=[f"+{SECRET}"], commands=["+ping"])
        yield redis_url.removeprefix("redis://")
        admin.config_set("requirepass", "")


@pytest.mark.slow
def test_a_redis_that_refuses_us_is_not_waited_for(guarded: str, tmp_path: Path) -> None:
    for who, where, told in (
        ("", guarded, "refuses this user or password"),
        (":wrong@", guarded, "refuses this user or password"),
        (f"pings:{SECRET}@", guarded, "does not let this user do"),
        (f":{SECRET}@", f"{guarded[:-1]}99", "no database of that number"),
    ):
        settings = Settings(home=tmp_path, redis=RedisSettings(f"redis://{who}{where}"))

        async def start(settings: Settings = settings) -> None:
            async with open_shared(settings, secrets_of(settings)):
                raise AssertionError

        with pytest.raises(BadInput, match=told) as found:
            asyncio.run(start())
        assert SECRET not in f"{found.value}{found.value.hint}"
    must_not_refuse(RedisSettings(f"redis://:{SECRET}@{guarded}"))
    must_not_refuse(RedisSettings("redis://127.0.0.1:1/0"))  # away: it may come later
    must_not_refuse(RedisSettings())
