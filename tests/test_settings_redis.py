"""Settings of Redis: right, or refused without repeating what may hold a password."""

from __future__ import annotations

import pytest

from datamind.errors import BadInput
from datamind.settings import load


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("rediss://ana:s3cr3t@cache.example.com/2", "rediss://cache.example.com/2"),
        ("redis://localhost:6379", "redis://localhost:6379"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("", None),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str | None) -> None:
    made = load({"REDIS_URL": url}).redis
    assert made.shown == shown
    assert "s3cr3t" not in repr(made)


@pytest.mark.parametrize(
    "env",
    [
        {"REDIS_URL": "localhost:6379"},
        {"REDIS_URL": "redis://:s3cr3t@"},
        {"REDIS_URL": "redis://:s3cr3t@host:many"},
        {"REDIS_URL": "redis://:s3cr3t@host:6379/0x"},
        {"REDIS_NAMESPACE": "a b"},
        {"REDIS_TIMEOUT_MS": "0"},
    ],
)
def test_what_is_wrong_is_refused(env: dict[str, str]) -> None:
    with pytest.raises(BadInput) as refused:
        load(env)
    assert "s3cr3t" not in f"{refused.value}{refused.value.hint}"
