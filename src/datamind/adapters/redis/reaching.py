"""Whether Redis can be used as it is configured, for whoever sets it up."""

from __future__ import annotations

from datamind.adapters.redis.link import no_client
from datamind.errors import Unavailable
from datamind.settings.redis import RedisSettings

REACH_S = 3.0


def reach(settings: RedisSettings) -> None:
    """Ask it once; Unavailable says what does not fit. Blocks."""
    try:
        from redis import Redis
        from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
    except ImportError:
        raise no_client() from None
    assert settings.url is not None
    limits = {"socket_timeout": REACH_S, "socket_connect_timeout": REACH_S}
    try:
        with Redis.from_url(settings.url, **limits) as client:
            client.ping()
    except (AuthenticationError, NoPermissionError):
        raise Unavailable(
            f"Redis at {settings.shown} refuses this user or password.",
            hint="REDIS_URL=redis://:password@host:6379/0",
        ) from None
    except (RedisError, OSError):
        raise Unavailable(
            f"No Redis answers at {settings.shown}.",
            hint="Is it up, and are host, port and number of the database right?",
        ) from None
