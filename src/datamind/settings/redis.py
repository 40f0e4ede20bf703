"""What is said of Redis, which several servers and their workers share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from datamind.errors import BadInput
from datamind.settings.reading import number

SCHEMES = ("redis", "rediss", "unix")


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """Where Redis is (`url`; None: there is none, and all stays in the process).

    No request waits for it longer than `timeout_s`. After a few failures in a row it is left alone
    for `rest_s`. All keys begin with `namespace`, so that installations may share a Redis.
    """

    url: str | None = field(default=None, repr=False)  # holds the password
    timeout_s: float = 0.1
    rest_s: float = 3.0
    namespace: str = "datamind"

    @property
    def shown(self) -> str | None:
        """The URL without user and password."""
        if self.url is None:
            return None
        found = urlsplit(self.url)
        return f"{found.scheme}://{found.netloc.rpartition('@')[2]}{found.path}"


def redis(env: Mapping[str, str]) -> RedisSettings:
    """REDIS_URL, REDIS_TIMEOUT_MS, REDIS_REST_S and REDIS_NAMESPACE."""
    usual = RedisSettings()
    url = env.get("REDIS_URL") or None
    if url is not None:
        try:
            found = urlsplit(url)
            # Where its client can't read the number of the database, it takes the first.
            numbered = (found.path.strip("/") or "0").isdecimal()
            known = found.scheme == "unix" or (
                found.scheme in SCHEMES and found.hostname and numbered
            )
            _ = found.port
        except ValueError:
            known = None
        if not known:  # its own text is not repeated: there may be a password in it
            raise BadInput(
                "REDIS_URL is no address of a Redis.",
                hint="Write it as redis://:password@host:6379/0, rediss:// for TLS.",
            )
    namespace = env.get("REDIS_NAMESPACE") or usual.namespace
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", namespace):
        raise BadInput("REDIS_NAMESPACE is letters, digits, - and _ alone, 40 at most.")
    return RedisSettings(
        url=url,
        timeout_s=number(env, "REDIS_TIMEOUT_MS", 1000 * usual.timeout_s) / 1000,
        rest_s=number(env, "REDIS_REST_S", usual.rest_s),
        namespace=namespace,
    )
