"""Signals of a server that has no others beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from datamind.ports import Heard


class Alone:
    """There is nobody to tell, and nobody to hear."""

    def hear(self, topic: str, heard: Heard) -> None:
        """Nobody says anything."""

    def on_gap(self, look: Callable[[], Awaitable[None]]) -> None:
        """Nothing is missed."""

    def start(self) -> None:
        """Nothing to do."""

    def tell(self, topic: str, **said: str) -> None:
        """Nobody listens."""

    async def ask(self, topic: str, **said: str) -> bool:
        """Nobody answers."""
        return False
