"""The Backups page, for admins: those of this machine, and one more; restoring is for its shell."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request

from datamind.ui.client import JSON
from datamind.ui.frame import operations, page
from datamind.ui.fresh import Fresh, tried
from datamind.ui.live_log import plain_line
from datamind.ui.pages.history import when
from datamind.ui.pages.jobs import UNDER_WAY, progress_of, state_chip
from datamind.ui.pieces import box, button, chip, copy_button, link, named, text
from datamind.ui.sessions import Person
from datamind.ui.words import counted


@page("/backups", "Backups", admins=True)
async def backups(person: Person, request: Request) -> None:
    """The list, making one, and how to go on from there."""
    operations("/backups", "All that this installation keeps, each in one file.")
    await _Backups(person).fresh.look()


class _Backups:
    """The list, which keeps itself fresh."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._shown: Any = None
        said = box("div", "said")
        with named(box("section", "card"), "The last one asked for"):
            text("h2", "The last one asked for")
            self._last = box("div", "list")
            with box("div", "actions"):
                self._make = button("Make a backup", self._ask, kind="main", icon="backup")
        with box("section", "card"):
            text("h2", "On this machine")
            self._total = text("p", "", "small muted")
            self._scroll = named(box("div", "scroll"), "Backups", tabindex="0", role="region")
            with self._scroll, box("table", "grid"):
                with box("thead"), box("tr"):
                    for head in ("Made", "Size", "Encrypted", "Holds", "File"):
                        text("th", head).props["scope"] = "col"
                self._body = box("tbody")
        with box("section", "card"):
            text("h2", "Verify and restore")
            text(
                "p", "On the machine itself, with servers and workers stopped to restore:", "muted"
            )
            for label, command in (
                ("Verify", "datamind backup verify FILE"),
                ("Prove", "datamind backup prove FILE"),
                ("Restore", "datamind backup restore FILE"),
            ):
                with box("div", "secret"):
                    text("code", command)
                    copy_button(f"Copy the command to {label.lower()}", command)
        self.fresh = Fresh(self._look, said)

    async def _look(self) -> None:
        found = await self._person.get("/system/backup")
        last = found["last"]
        state = last and (last["id"], last["status"], last["progress"], last["message"])
        shown = (state, [item["name"] for item in found["items"]])
        if shown == self._shown:
            return
        self._shown = shown
        self._make.set_enabled(not last or last["status"] not in UNDER_WAY)
        self._last.clear()
        self._body.clear()
        with self._last:
            if last:
                _draw_last(last)
            else:
                text("p", "None was asked for yet.", "line muted")
        most = "" if found["keep"] is None else f", {found['keep']:,} whole ones at most"
        kept = f"kept for {counted(found['keep_days'], 'day')}{most}"
        self._total.text = f"{counted(found['total'], 'backup')}, {kept}."
        self._scroll.set_visibility(bool(found["items"]))
        with self._body:
            for item in found["items"]:
                _draw(item)

    async def _ask(self) -> None:
        await tried(lambda: self._person.post("/system/backup"), "The backup is being made.")
        await self.fresh.look()


def _draw_last(job: JSON) -> None:
    with box("div", "line"):
        with box("span", "line-main"):
            link(when(job["created_at"]), f"/jobs/{quote(job['id'], safe='')}")
            made = plain_line(str((job["result"] or {}).get("name", "")))
            text("span", progress_of(job) or made, "small muted")
        state_chip(job["status"])


def _draw(item: JSON) -> None:
    with box("tr"):
        text("td", when(item["made_at"]), "nowrap")
        text("td", size(item["bytes"]), "nowrap")
        with box("td"):
            if item["encrypted"] is None:
                chip("Unknown", tone="bad", tip="The server may not read this file.")
            elif item["encrypted"]:
                chip("Encrypted", tone="good", icon="lock")
            else:
                chip("In plain", tone="note", tip="It holds no secrets: keep those elsewhere.")
        text("td", "What changed" if item["base"] else "All", "nowrap")
        with box("td"):
            text("code", item["name"])


def size(count: float) -> str:
    """So many bytes, as people read it."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
