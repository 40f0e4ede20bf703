"""Whether Redis can be used as it is configured, for whoever sets it up."""

from __future__ import annotations

from contextlib import suppress

from datamind.adapters.redis.link import no_client
from datamind.errors import BadInput, Unavailable
from datamind.settings.redis import RedisSettings

REACH_S = 3.0


def reach(settings: RedisSettings) -> None:
    """Do once what servers do in it. BadInput where it refuses them, which waiting does not mend;
    Unavailable where it does not answer. Blocks."""
    try:
        from redis import Redis
        from redis.exceptions import (
            AuthenticationError,
            NoPermissionError,
            RedisError,
            ResponseError,
        )
    except ImportError:
        raise no_client() from None
    assert settings.url is not None
    limits = {"socket_timeout": REACH_S, "socket_connect_timeout": REACH_S}
    try:
        with Redis.from_url(settings.url, **limits) as client:
            client.ping()
            name = f"{settings.namespace}:start"
            client.set(name, b"", px=1)
            client.eval("return redis.call('GET', KEYS[1])", 1, name)
            client.publish(name, b"")
            client.info("memory")
    except AuthenticationError:
        raise BadInput(
            f"Redis at {settings.shown} refuses this user or password.",
            hint="REDIS_URL=redis://:password@host:6379/0",
        ) from None
    except NoPermissionError:
        raise BadInput(
            f"Redis at {settings.shown} does not let this user do what servers do.",
            hint=f"ACL SETUSER … ~{settings.namespace}:* &{settings.namespace}:* +@all -@dangerous"
            " +info",
        ) from None
    except (RedisError, OSError) as fault:
        if isinstance(fault, ResponseError) and "DB index" in str(fault):
            raise BadInput(
                f"Redis at {settings.shown} has no database of that number.",
                hint="The last part of REDIS_URL is a number that it has, as a rule from 0 to 15.",
            ) from None
        raise Unavailable(
            f"No Redis answers at {settings.shown}.",
            hint="Is it up, and are host, port and number of the database right?",
        ) from None


def must_not_refuse(settings: RedisSettings) -> None:
    """BadInput where Redis is there and refuses us; one that is away may come later. Blocks."""
    if settings.url is not None:
        with suppress(Unavailable):
            reach(settings)
