"""Celery's transport over Redis, past which only messages of ours come.

kombu reads each message without a doubt, and a worker ends with one that it can't read. Whoever
shares the Redis can put anything into the queue: what is no job is kept beside it for a person to
look at, and the worker goes on.
"""

from __future__ import annotations

import logging
from typing import Any, Literal

from kombu.transport import redis
from pydantic import BaseModel, Field, ValidationError
from redis import RedisError

log = logging.getLogger(__name__)

DEAD = "jobs.dead"  # a list in Redis, the newest first
MOST_DEAD = 100
MOST_BYTES = 64 * 1024  # a message of ours has less than 1 kB


class _Delivery(BaseModel):
    exchange: str
    routing_key: str


class _Properties(BaseModel):
    delivery_tag: str
    delivery_info: _Delivery
    body_encoding: Literal["base64"]


class _Headers(BaseModel):
    task: Literal["datamind.run_job"]
    id: str
    eta: None = None
    expires: None = None
    group: None = None
    retries: Literal[0] = 0
    timelimit: tuple[None, None] = (None, None)


class _Message(BaseModel):
    body: str = Field(pattern=r"^[A-Za-z0-9+/=]+$")
    content_type: Literal["application/json"] = Field(alias="content-type")
    content_encoding: Literal["utf-8"] = Field(alias="content-encoding")
    headers: _Headers
    properties: _Properties


def is_ours(message: bytes) -> bool:
    """Whether a worker can take it."""
    try:
        return len(message) <= MOST_BYTES and bool(_Message.model_validate_json(message))
    except ValidationError:
        return False


class Channel(redis.Channel):
    """Takes what is not ours out of the way: to kombu it is as if nothing had come."""

    def _create_client(self, asynchronous: bool = False) -> Any:
        client = super()._create_client(asynchronous)  # type: ignore[no-untyped-call] # kombu's
        client.set_response_callback("BRPOP", self._taken)
        return client

    def _taken(self, answer: list[bytes] | None, **_: object) -> tuple[bytes, bytes] | None:
        if not answer:
            return None
        queue, message = answer
        if is_ours(message):
            return queue, message
        log.error("a message of %s bytes that is no job was taken out of the queue", len(message))
        try:
            with self.conn_or_acquire() as client:
                client.lpush(DEAD, message[:MOST_BYTES])
                client.ltrim(DEAD, 0, MOST_DEAD - 1)
        except RedisError:  # the next reading finds out that Redis is away
            log.warning("a message that is no job could not be kept")
        return None


class Transport(redis.Transport):
    """Redis' with our channel."""

    Channel = Channel
