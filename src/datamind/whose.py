"""Whose work is done: the request's correlation id, and the user, wherever the work goes on."""

from __future__ import annotations

from contextvars import ContextVar

correlation: ContextVar[str | None] = ContextVar("correlation", default=None)
user: ContextVar[str | None] = ContextVar("user", default=None)
