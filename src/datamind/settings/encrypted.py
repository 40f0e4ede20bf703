"""Values that stand encrypted in .env, by Fernet; the key is kept outside the file."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datamind.errors import BadInput

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

PREFIX = "enc:"
KEY, KEY_FILE = "ENCRYPTION_KEY", "ENCRYPTION_KEY_FILE"
_HINT = f"Set {KEY}, or {KEY_FILE}, to the key that the file was encrypted with."


def new_key() -> str:
    """A fresh key."""
    import secrets

    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def key_file(env: Mapping[str, str]) -> Path | None:
    """The file of the key, if it is in one and not in the environment itself."""
    named = env.get(KEY_FILE)
    return Path(named).expanduser() if named and not env.get(KEY) else None


def keys_of(env: Mapping[str, str]) -> tuple[str, ...]:
    """The keys, newest first: of the environment, parted by commas, or of the file, one a line."""
    path = key_file(env)
    if path is None:
        text = env.get(KEY, "")
    else:
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise BadInput(f"{KEY_FILE} can't be read.", hint=_HINT) from None
    keys = tuple(text.replace(",", " ").split())
    if not all(map(is_key, keys)):
        raise BadInput(
            f"{KEY} is no key of Fernet (32 random bytes in base64).",
            hint="Make one with: datamind config key",
        )
    return keys


def is_key(text: str) -> bool:
    """Whether it is a key."""
    try:
        return len(base64.urlsafe_b64decode(text.encode())) == 32
    except (binascii.Error, ValueError):
        return False


def fernet(keys: Sequence[str]) -> MultiFernet:
    """What encrypts with the first key and decrypts with any."""
    try:
        from cryptography.fernet import Fernet, MultiFernet
    except ImportError:
        raise BadInput(
            "Encrypted values need the package cryptography.",
            hint="pip install 'datamind[server]'",
        ) from None
    if not keys:
        raise BadInput(f"There is no {KEY}.", hint=_HINT)
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(value: str, keys: Sequence[str]) -> str:
    """The value as it stands in the file."""
    return PREFIX + fernet(keys).encrypt(value.encode()).decode()


def decrypt(name: str, value: str, keys: Sequence[str]) -> str:
    """The value as it was, encrypted or not; BadInput where no key fits."""
    if not value.startswith(PREFIX):
        return value
    from cryptography.fernet import InvalidToken

    try:
        return fernet(keys).decrypt(value.removeprefix(PREFIX).strip().encode()).decode()
    except (InvalidToken, UnicodeError):
        raise BadInput(
            f"{name} can't be decrypted: it was encrypted with another key, or changed.", hint=_HINT
        ) from None


def opened(values: Mapping[str, str], env: Mapping[str, str]) -> dict[str, str]:
    """All values of the file, decrypted; those that the environment has itself are left out."""
    wanted = {name: value for name, value in values.items() if name not in env}
    if not any(value.startswith(PREFIX) for value in wanted.values()):
        return wanted
    keys = keys_of({**values, **env})
    if values.get(KEY):
        raise BadInput(
            f"{KEY} stands in the same file as what it encrypts.",
            hint=f"Move it to a file elsewhere, and name that in {KEY_FILE}.",
        )
    return {name: decrypt(name, value, keys) for name, value in wanted.items()}
