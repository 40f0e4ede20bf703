"""The environment that settings are read from: the process's own, and a file .env behind it.

Decrypted values live in this module's memory only: they are never put into the environment, which
child processes inherit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from datamind.settings import dotenv, encrypted

_SECRET = re.compile(
    r"(^|_)(SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|DSN|API_KEY|ENCRYPTION_KEY|MASK_KEY|WEBHOOKS?)(_|$)"
)
_URL = re.compile(r"(^|_)(URL|URI|ENDPOINT)(_|$)")
_NOT_SECRET = re.compile(r"_(FILE|DAYS|MINUTES|SECONDS|MAX_DAYS|S)$")
_taken: dict[str, str] = {}  # what was taken out of the environment


class Asked(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.names: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.names.add(name)
        return super().get(name, default)

    @property
    def shown(self) -> tuple[tuple[str, str | None], ...]:
        """What was asked for, with the values as people may see them; None where nothing is set."""
        found = ((name, super(Asked, self).get(name)) for name in sorted(self.names))
        return tuple((name, masked(name, value) if value else None) for name, value in found)


def current() -> dict[str, str]:
    """What is set: by the environment, or else by the file."""
    env = {**_taken, **os.environ}
    path = dotenv.find(env)
    if path is None:
        return env
    return {**encrypted.opened(dotenv.read(path).values, env), **env}


def file_of(env: Mapping[str, str]) -> Path | None:
    """The file .env that is read, if any."""
    return dotenv.find({**_taken, **env})


def is_secret(name: str, value: str = "") -> bool:
    """Whether the value is to be seen by nobody: by its name, or as an address with a password."""
    if _NOT_SECRET.search(name):
        return False
    if _SECRET.search(name):
        return True
    return bool(_URL.search(name)) and _has_password(value)


def _has_password(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return True
    return parts.password is not None or bool(parts.query and "password" in parts.query)


def masked(name: str, value: str) -> str:
    """The value as people may see it: of an address all but who and with what password."""
    if not is_secret(name, value):
        return value
    if _SECRET.search(name) or not _URL.search(name):
        return "***"
    try:
        parts = urlsplit(value)
        place = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "***"
    return f"{parts.scheme}://***@{place}{parts.path}"


def hide(known: Iterable[str]) -> None:
    """Take the secrets among these out of the process's environment, for processes that it starts
    would inherit them; what reads settings in here still finds them."""
    for name in known:
        value = os.environ.get(name)
        if value is not None and is_secret(name, value):
            _taken[name] = os.environ.pop(name)
