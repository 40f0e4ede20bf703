"""Installations to back up."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.verify import verify as audit_verified
from datamind.api.secrets import audit_key_of
from datamind.commands.people import wanted, with_people
from datamind.rooms.auth.passwords import Passwords
from datamind.rooms.users import service as users
from datamind.settings import ServerSettings, Settings

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER = base64.urlsafe_b64encode(bytes(range(1, 33))).decode()
PASSWORD = "correct horse battery staple"  # pragma: allowlist secret


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ENCRYPTION_KEY", "ENCRYPTION_KEY_FILE", "DATAMIND_ENV_FILE", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path / "nowhere"))
    # Nobody signs in here: three people of each installation are not to take a second.
    monkeypatch.setitem(Passwords.__init__.__kwdefaults__, "rounds", 4)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def used(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """An installation with three people, an audit log and a catalog."""
    url = None if request.param == "sqlite" else request.getfixturevalue("new_postgres_url")
    settings = at(tmp_path / "home", url)
    for name in ("ann", "bob", "eve"):
        add(settings, name)
    (settings.home / "catalogs").mkdir()
    (settings.home / "catalogs" / "one.json").write_text("{}")
    yield settings


def at(home: Path, url: str | None = None) -> Settings:
    return Settings(home=home, server=ServerSettings(database_url=url))


def add(settings: Settings, name: str) -> None:
    new = wanted(f"{name}@example.com", name.title(), "analyst", PASSWORD)
    with_people(settings, lambda g, s, me: users.create(s, g, me, new))


def people(settings: Settings) -> set[str]:
    async def work(ground: Any, session: Any, me: Any) -> set[str]:
        found = [
            await users.by_email(session, f"{n}@example.com") for n in ("ann", "bob", "eve", "new")
        ]
        return {user.name for user in found if user is not None}

    return with_people(settings, work)


def holds(settings: Settings) -> bool:
    return not audit_verified(AuditPlaces.of(settings.home), audit_key_of(settings)).faults
