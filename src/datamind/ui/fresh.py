"""What the pages of operators do alike: keep themselves fresh, and ask before they act."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import context, ui

from datamind.ui.client import Trouble
from datamind.ui.pieces import box, button, dialog, leave, minding, notify, text, trouble_box
from datamind.ui.sessions import Ended

EVERY_S = 10.0
SOON_S = 1.0
Act = Callable[[], Awaitable[Any]]


class Fresh:
    """Looks again and again while somebody sees the page, and at once when they come back to it;
    `place` tells where a look failed, and what was shown before stays."""

    def __init__(self, look: Act, place: Any, every_s: float = EVERY_S) -> None:
        self._look = look
        self._place = place
        self._page = context.slot.parent
        self._turn = asyncio.Lock()
        self._timer = ui.timer(every_s, self.look, immediate=False)
        ui.on("seen", self._seen)
        ui.run_javascript("datamind.seen()")

    async def look(self) -> None:
        """Look now, after a look that is under way."""
        async with self._turn:
            try:
                await self._look()
                self._place.clear()
            except Ended:
                leave()
            except Trouble as told:
                self._place.clear()
                with self._place:
                    trouble_box(told, again=self.look)

    async def look_twice(self) -> None:
        """Look now, and soon again: what was done is not kept and told everywhere at once."""
        await self.look()
        with self._page:  # the dialog that asked for it goes
            ui.timer(SOON_S, self.look, once=True)

    async def _seen(self, event: Any) -> None:
        away, self._timer.active = not self._timer.active, bool(event.args)
        if away and self._timer.active:
            await self.look()


def sure(title: str, words: str, label: str, act: Act, *, danger: bool = False) -> None:
    """Ask whether they mean it; what keeps it from being done is said in the dialog."""
    shown, sheet = dialog(title)
    with sheet:
        text("p", words, "muted")
        said = box("div")

        async def go() -> None:
            said.clear()
            with minding(said):
                await act()
                shown.close()

        with box("div", "dialog-end"):
            button("Leave it", shown.close, kind="quiet")
            button(label, go, kind="danger" if danger else "main")
    shown.on("hide", shown.delete)
    shown.open()


async def tried(act: Act, words: str) -> None:
    """Do it; that it was done, or why not, is said in passing."""
    with minding():
        await act()
        notify(words)
