"""Passwords: hashed with bcrypt off the event loop, a few at a time."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

import bcrypt

from datamind.errors import BadInput, Overloaded

ROUNDS = 12
SHORTEST, LONGEST = 12, 1_024
MOST_WAITING = 16
T = TypeVar("T")


class Passwords:
    """Hashes and checks passwords. `rounds` is bcrypt's cost, `at_once` how many are in work."""

    def __init__(self, *, rounds: int = ROUNDS, at_once: int = 2) -> None:
        self._rounds = rounds
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="bcrypt")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """The hash to keep; BadInput for a password that is too short or too long."""
        check_strength(password)
        return await self._work(self.hash_now, password)

    async def matches(self, password: str, kept: str | None) -> bool:
        """Whether it is the password; as slow where there is none to compare with."""
        return await self._work(self._matches, password, kept)

    def hash_now(self, password: str) -> str:
        """The hash, made in this thread."""
        return bcrypt.hashpw(_digest(password), bcrypt.gensalt(self._rounds)).decode()

    def close(self) -> None:
        """Take no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password: str, kept: str | None) -> bool:
        nobodys = self._nobodys  # made for whoever signs in first, known or not
        same = bcrypt.checkpw(_digest(password), (kept or nobodys).encode())
        return same and kept is not None

    @cached_property
    def _nobodys(self) -> str:
        return self.hash_now(secrets.token_hex(16))

    async def _work(self, work: Callable[..., T], *words: object) -> T:
        if self._waiting >= MOST_WAITING:
            raise Overloaded("Too many people are signing in at once.", retry_after_s=5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *words)
        finally:
            self._waiting -= 1


def check_strength(password: str) -> None:
    """BadInput where it is shorter or longer than allowed."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(
            f"A password has {SHORTEST} to {LONGEST:,} characters.",
            hint="Four or five words that nobody else would put together make a good one.",
        )


def new_password() -> str:
    """A random password of 120 bits that can be read out: four groups of letters and digits."""
    letters = base64.b32encode(secrets.token_bytes(15)).decode().lower()
    return "-".join(letters[i : i + 6] for i in range(0, 24, 6))


def _digest(password: str) -> bytes:
    """What bcrypt is given: it reads 72 bytes at most, and none after a zero byte."""
    return base64.b64encode(hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest())
