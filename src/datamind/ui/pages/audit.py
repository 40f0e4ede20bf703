"""The Audit page, for admins: who did what, whether the log is whole, and a copy of it."""

from __future__ import annotations

import json
from typing import Any

from nicegui import ui
from starlette.requests import Request

from datamind.rooms.audit.events import EVENTS
from datamind.ui.client import JSON
from datamind.ui.frame import operations, page
from datamind.ui.live_log import plain_line
from datamind.ui.pages.history import people_of, when
from datamind.ui.pieces import box, button, chip, empty, field, minding, named, text
from datamind.ui.sessions import Person
from datamind.ui.words import counted

PER_PAGE, MOST_ROWS = 50, 300  # what is shown is kept for as long as the page is open
MOST_FAULTS, LONGEST = 20, 400
ANY = "any"
TONES = {"success": "good", "failed": "bad", "blocked": "bad"}
OUTCOMES = ("success", "failed", "blocked", "intent")


@page("/audit", "Audit", admins=True)
async def audit(person: Person, request: Request) -> None:
    """The latest events, narrowed as one likes."""
    operations("/audit", "Who did what. To look at this page is not noted, to verify or export is.")
    await _Audit(person, await people_of(person)).load()


class _Audit:
    """The list of events, and what it is narrowed to."""

    def __init__(self, person: Person, people: dict[str, str]) -> None:
        self._person = person
        self._people = people
        self._cursor: str | None = None
        self._asked = self._rows = 0
        with box("div", "filters"):
            self._words = field("Search all of a record", classes="grow")
            self._words.props("clearable debounce=300 maxlength=200")
            self._event = _select("Action", {ANY: "Any action", **{e: e for e in sorted(EVENTS)}})
            self._who = _select("Person", {ANY: "Anybody", **people})
            self._status = _select("Outcome", {ANY: "Any outcome", **{o: o for o in OUTCOMES}})
            self._since, self._until = (
                field(label, kind="date", classes="short").props("stack-label")
                for label in ("From (UTC)", "Before (UTC)")
            )
        with box("div", "actions"):
            button("Verify the chain", self._verify, icon="verified_user")
            button("Export as JSON Lines", self._export, icon="download")
        self._verdict = box("div", "said")
        self._verdict.props["role"] = "status"
        self._total = text("p", "", "small muted")
        self._total.props["role"] = "status"
        self._said = box("div", "said")
        with box("section", "card"):
            scroll = named(box("div", "scroll"), "Events", tabindex="0", role="region")
            with scroll, box("table", "grid"):
                with box("thead"), box("tr"):
                    for head in ("Time", "Action", "Person", "Outcome", "Details"):
                        text("th", head).props["scope"] = "col"
                self._body = box("tbody")
            self._none = empty("search_off", "Nothing matches", "Try fewer filters.")
            self._more = button("Load more", self.more, icon="expand_more")
            for piece in (self._none, self._more):
                piece.set_visibility(False)
        for control in (
            self._words, self._event, self._who, self._status, self._since, self._until
        ):  # fmt: skip
            control.on_value_change(self.load)

    def _wanted(self) -> JSON:
        chosen = {"user_id": self._who.value, "status": self._status.value,
                  "event_type": self._event.value}  # fmt: skip
        typed = {"q": self._words.value, "since": self._since.value, "until": self._until.value}
        wanted = {name: (value or "").strip() for name, value in typed.items()}
        wanted |= {name: value for name, value in chosen.items() if value != ANY}
        return {
            name: f"{value}T00:00:00Z" if name in ("since", "until") else value
            for name, value in wanted.items()
            if value
        }

    async def load(self) -> None:
        """From the newest, as the filters say."""
        self._cursor = None
        self._asked += 1
        await self._fetch(fresh=True)

    async def more(self) -> None:
        """The next page."""
        await self._fetch(fresh=False)

    async def _fetch(self, *, fresh: bool) -> None:
        mine, found = self._asked, None
        self._said.clear()
        with minding(self._said, again=self.load if fresh else self.more):
            found = await self._person.get(
                "/security/audit-log", **self._wanted(), limit=PER_PAGE, cursor=self._cursor
            )
        if mine != self._asked:
            return
        if fresh:
            self._empty()
        if found is not None:
            self._add(found)

    def _empty(self) -> None:
        """Show nothing: what was shown is not what is asked for now."""
        self._body.clear()
        self._rows, self._total.text = 0, ""
        for piece in (self._none, self._more):
            piece.set_visibility(False)

    def _add(self, found: JSON) -> None:
        self._cursor = found["next_cursor"]
        self._rows += len(found["items"])
        self._more.set_visibility(self._cursor is not None and self._rows < MOST_ROWS)
        self._none.set_visibility(not found["total"])
        self._total.text = counted(found["total"], "event") + (
            f"; those up to {found['sealed']:,} are sealed, and in an export."
            if found["sealed"] else "."
        )  # fmt: skip
        with self._body:
            for record in found["items"]:
                self._draw(record)

    def _draw(self, record: JSON) -> None:
        user = record["user_id"] or ""
        with box("tr"):
            text("td", when(record["timestamp"]), "nowrap")
            with box("td", "nowrap"):
                text("code", record["event_type"])
            with box("td"):
                text("div", self._people.get(user, record["user_email"] or user or "the system"))
                text("div", record["ip_address"] or "", "small muted")
            with box("td"):
                chip(record["status"], tone=TONES.get(record["status"], "quiet"))
            text("td", details_of(record["details"]), "small muted")

    async def _verify(self) -> None:
        self._verdict.clear()
        with minding(self._verdict, again=self._verify):
            told = await self._person.post("/security/audit-log/verify")
            with self._verdict, box("div", f"notice tone-{'good' if told['holds'] else 'bad'}"):
                for words in verdict_of(told):
                    text("p", words)

    async def _export(self) -> None:
        with minding():
            file = await self._person.file("/security/audit-log/export", **self._wanted())
            ui.download.content(file.body, file.name, file.media_type)


def _select(label: str, choices: dict[str, str]) -> ui.select:
    made = ui.select(choices, value=ANY, label=label)
    return made.props("outlined dense options-dense").classes("field short")


def details_of(details: Any) -> str:
    """What else is known of an event, as text, and not without end."""
    told = ", ".join(
        f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in (details or {}).items()
    )
    told = plain_line(told)
    return told if len(told) <= LONGEST else f"{told[:LONGEST]} …"


def verdict_of(told: JSON) -> list[str]:
    """What came of verifying the chain."""
    records = counted(told["records"], "record")
    if not told["holds"]:
        faults = told["faults"][:MOST_FAULTS]
        return [f"The log is not whole ({records} read).", *(plain_line(f) for f in faults)]
    return [f"The chain holds: {records}, vouched for up to {told['anchored']:,} by an anchor."]
