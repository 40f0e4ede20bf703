"""Secrets of an installation: taken from the environment, else made once and kept in a file."""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from datamind.errors import AuditKeyMissing, BadInput
from datamind.settings import Settings

LEAST_BYTES = 32
FILE = "secrets.json"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The key of access tokens, that of the audit's chain, and, where one is given, that of masks.

    The first and the last are the same on all servers of an installation, the second is each one's
    own.
    """

    jwt: str
    audit: bytes
    mask_key: str | None = None

    @property
    def masks(self) -> str:
        """The key that hashes of masked values are made with; where none is given another use of
        the audit's key."""
        if self.mask_key is not None:
            return hmac.new(self.mask_key.encode(), b"masks", "sha256").hexdigest()
        return hmac.new(self.audit, b"masks", "sha256").hexdigest()


def secrets_of(settings: Settings) -> Secrets:
    """The secrets; BadInput for weak ones, and in production where JWT_SECRET is missing."""
    _restored(settings)
    given, masks = settings.server.jwt_secret, settings.server.mask_key
    for name, secret in (("JWT_SECRET", given), ("MASK_KEY", masks)):
        if secret is not None and not _is_strong(secret):
            raise BadInput(
                f"{name} is too weak.", hint=f"Use {LEAST_BYTES} random bytes: openssl rand -hex 32"
            )
    if given is None and settings.server.production:
        raise BadInput(
            "JWT_SECRET is missing, and this is production.",
            hint="Set it to the output of: openssl rand -hex 32",
        )
    kept = replace(_kept(settings.home / FILE), mask_key=masks)
    return replace(kept, jwt=given) if given is not None else kept


def audit_key_of(settings: Settings) -> bytes:
    """The key of the audit's chain, for who only reads: AuditKeyMissing where there is none, and
    none is made, for no record would fit it."""
    _restored(settings)
    path = settings.home / FILE
    if not path.exists():
        raise AuditKeyMissing(f"The audit log's key is missing: there is no {path}.")
    return read_secrets(path).audit


def _restored(settings: Settings) -> None:
    """A restore that was stopped is finished before its secrets are read."""
    from datamind.backup.restoring import finish  # it reads secrets, too

    finish(settings)


def _is_strong(secret: str) -> bool:
    return len(secret.encode()) >= LEAST_BYTES and len(set(secret)) >= 10


def _kept(path: Path) -> Secrets:
    """What the file holds; made where it is missing, readable by its owner only."""
    made = {"jwt": secrets.token_hex(32), "audit": secrets.token_hex(32)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _put(path, json.dumps(made))
    except OSError:
        raise BadInput(
            f"The folder {path.parent} can't be written.",
            hint="Make room, or set DATAMIND_HOME to a folder that may be written to.",
        ) from None
    return read_secrets(path)


def read_secrets(path: Path) -> Secrets:
    """What is in such a file; BadInput where it is damaged."""
    try:
        found = json.loads(path.read_text("utf-8"))
        kept = Secrets(jwt=str(found["jwt"]), audit=bytes.fromhex(found["audit"]))
        if not (_is_strong(kept.jwt) and len(kept.audit) >= LEAST_BYTES):
            raise ValueError
        return kept
    except (OSError, ValueError, KeyError, TypeError):
        raise BadInput(
            f"The file {path} is damaged.",
            hint="Restore it from a backup: without it the audit's chain can't be checked.",
        ) from None


def _put(path: Path, text: str) -> None:
    """Whole or not at all, and only where there is none yet."""
    handle, beside = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
    finally:
        Path(beside).unlink(missing_ok=True)
