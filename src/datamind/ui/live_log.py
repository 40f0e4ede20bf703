"""A log as it comes: its last lines are in the browser, and none of it stays on the server."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable

from nicegui import ui

from datamind.ui.client import JSON, Event, Trouble, trouble
from datamind.ui.pieces import box, leave, named, text, trouble_box
from datamind.ui.sessions import Ended, Person

MOST_LINES = 500
LONGEST = 2_000
SHOW_S = 0.3  # between what is sent to the browser
AGAIN_S = 2.0  # a stream that ended before the log did is asked for again after so long
OVER = frozenset(("end", "problem"))
# Colours of terminals, other control characters, and marks that turn the direction of what follows.
_UNSEEN = re.compile(
    "\x1b\\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def plain_line(line: str) -> str:
    """The line as it may be shown: without control characters, and not without end."""
    seen = _UNSEEN.sub("", line)
    return seen if len(seen) <= LONGEST else f"{seen[:LONGEST]} …"


class LiveLog:
    """Follows the log at `path`, of which there are so many `lines` by now; `on_state` hears of
    each change of its job, `on_end` how it ended."""

    def __init__(
        self, person: Person, path: str, lines: int, *, on_state: Callable[[JSON], None],
        on_end: Callable[[JSON], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._person = person
        self._path = path
        self._after = max(0, lines - MOST_LINES)
        self._on_state, self._on_end = on_state, on_end
        self._waiting: deque[str] = deque(maxlen=MOST_LINES)
        with box("section", "card"):
            text("h2", "Log")
            if self._after:
                text("p", f"The last {MOST_LINES} of {lines:,} lines.", "small muted")
            self._place = named(box("div", "log"), "Log", role="log", tabindex="0", aria_live="off")
            self._said = box("div", "said")
        self._client = ui.context.client
        self._showing = ui.timer(SHOW_S, self._show, immediate=False)
        ui.timer(0, self._follow, once=True)  # it ends with the page

    async def _follow(self) -> None:
        self._said.clear()
        try:
            while not await self._heard():
                await asyncio.sleep(AGAIN_S)
        except Ended:
            leave()
        except Trouble as told:
            with self._said:
                trouble_box(told, again=self._follow)

    async def _heard(self) -> bool:
        """Whether it was heard to its end."""
        async with self._person.follow(self._path, self._after) as events:
            async for event in events:
                await self._take(event)
                if event.name == "end":
                    return True
        return False

    async def _take(self, event: Event) -> None:
        match event.name:
            case "line":
                self._after = event.data["seq"]
                self._waiting.append(plain_line(event.data["line"]))
            case "state":
                self._on_state(event.data)
            case "problem":
                raise trouble(event.data)
            case "end":
                self._showing.cancel()
                self._show()
                await self._on_end(event.data)

    def _show(self) -> None:
        if self._waiting:
            lines = json.dumps(list(self._waiting))
            self._waiting.clear()
            self._client.run_javascript(f'datamind.log("c{self._place.id}", {lines}, {MOST_LINES})')
