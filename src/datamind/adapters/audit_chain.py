"""The audit's chain: each record carries the HMAC of itself and of the one before."""

from __future__ import annotations

import hashlib
import hmac

FIRST = "0" * 64  # what the first record is chained to


def chained(key: bytes, seq: int, before: str, record: str) -> str:
    """The HMAC-SHA256 of a record, its place and the one before it, in hexadecimal digits."""
    return hmac.new(key, f"{seq}\n{before}\n{record}".encode(), hashlib.sha256).hexdigest()
