"""Secrets of an installation: taken from the environment, else made once and kept in a file."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from datamind.errors import BadInput
from datamind.settings import Settings

LEAST_BYTES = 32
FILE = "secrets.json"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The key of access tokens, and that of the audit's chain."""

    jwt: str
    audit: bytes


def secrets_of(settings: Settings) -> Secrets:
    """The secrets; in production BadInput where JWT_SECRET is missing or weak."""
    given = settings.server.jwt_secret
    if given is not None and not _is_strong(given):
        raise BadInput(
            "JWT_SECRET is too weak.", hint=f"Use {LEAST_BYTES} random bytes: openssl rand -hex 32"
        )
    if given is None and settings.server.production:
        raise BadInput(
            "JWT_SECRET is missing, and this is production.",
            hint="Set it to the output of: openssl rand -hex 32",
        )
    kept = _kept(settings.home / FILE)
    return replace(kept, jwt=given) if given is not None else kept


def _is_strong(secret: str) -> bool:
    return len(secret.encode()) >= LEAST_BYTES and len(set(secret)) >= 10


def _kept(path: Path) -> Secrets:
    """What the file holds; made where it is missing, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = {"jwt": secrets.token_hex(32), "audit": secrets.token_hex(32)}
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    except OSError:
        raise BadInput(
            f"The folder {path.parent} can't be written.",
            hint="Set DATAMIND_HOME to a folder that may be written to.",
        ) from None
    else:
        with os.fdopen(handle, "w") as file:
            json.dump(made, file)
    try:
        found = json.loads(path.read_text("utf-8"))
        return Secrets(jwt=str(found["jwt"]), audit=bytes.fromhex(found["audit"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise BadInput(
            f"The file {path} is damaged.",
            hint="Restore it from a backup: without it the audit's chain can't be checked.",
        ) from None
