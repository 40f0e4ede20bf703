"""The System page, for admins: how DataMind is and why, its mode, its alerts."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.element import Element
from starlette.requests import Request

from datamind.ui.client import JSON
from datamind.ui.frame import banner, operations, page
from datamind.ui.fresh import Fresh, sure, tried
from datamind.ui.pages.history import people_of, when
from datamind.ui.pieces import (
    box,
    button,
    chip,
    dialog,
    field,
    minding,
    named,
    notify,
    text,
)
from datamind.ui.sessions import Person

MOST_ALERTS, MOST_CHANGES = 50, 10
MODES = {
    "FULL_OPERATIONAL": "All works.",
    "LIMITED_AI": "All works, with the built-in engine in place of a model.",
    "READ_ONLY": "Nothing is changed and nothing is run on the warehouse.",
    "EMERGENCY": "Only admins who are signed in do anything, and only here.",
}
TONES = {"FULL_OPERATIONAL": "good", "EMERGENCY": "bad"}
STATES = {"healthy": "good", "degraded": "note", "down": "bad"}
SEVERITIES = {"info": "quiet", "warning": "note", "critical": "bad"}
# component of /health: what it is called
PARTS = {
    "database": "Metadata store",
    "warehouse": "Warehouse",
    "llm": "Language",
    "redis": "Cache",
    "vector_db": "Search index",
    "dbt": "dbt",
    "audit": "Audit log",
    "disk": "Disk",
    "circuits": "Circuits",
}


@page("/system", "System", admins=True)
async def system(person: Person, request: Request) -> None:
    """The state of the whole, of each part, what should be looked at, and how it came."""
    operations("/system", "How DataMind is. This page keeps itself fresh.")
    shown = _System(person, await people_of(person))
    await shown.fresh.look()


class _System:
    """What was seen last, and the dialogs that change the mode."""

    def __init__(self, person: Person, people: dict[str, str]) -> None:
        self._person = person
        self._people = people
        self._drawn: dict[str, Any] = {}
        self._banner = banner()
        said = box("div", "said")
        self._state = named(box("section", "card"), "State")
        with named(box("section", "card"), "Alerts"):
            text("h2", "Alerts")
            self._alerts = box("div", "list")
        with box("section", "card"):
            text("h2", "Parts")
            scroll = named(box("div", "scroll"), "Parts", tabindex="0", role="region")
            with scroll, box("table", "grid"):
                with box("thead"), box("tr"):
                    for head in ("Part", "State", "Details"):
                        text("th", head).props["scope"] = "col"
                self._parts = box("tbody")
        with named(box("section", "card"), "Changes of mode"):
            text("h2", "Changes of mode")
            self._changes = box("div", "list")
        self.fresh = Fresh(self._look, said)

    async def _look(self) -> None:
        """What the API says now; only what differs is drawn anew."""
        get = self._person.get
        health, mode, alerts, changes = await asyncio.gather(
            self._person.health(),
            get("/system/mode"),
            get("/system/alerts", state="open", limit=MOST_ALERTS),
            get("/system/alerts", kind="mode_change", limit=MOST_CHANGES),
        )
        state = (health["health_score"], mode, since_of(health, mode, changes["items"]))
        self._show("state", self._state, self._draw_state, state)
        self._show("alerts", self._alerts, self._draw_alerts, alerts["items"])
        self._show("parts", self._parts, _draw_parts, health["components"])
        self._show("changes", self._changes, _draw_changes, changes["items"])

    def _show(self, name: str, place: Element, draw: Callable[[Any], None], found: Any) -> None:
        if self._drawn.get(name) != found:
            self._drawn[name] = found
            place.clear()
            with place:
                draw(found)

    def _draw_state(self, state: tuple[int, JSON, str]) -> None:
        score, mode, since = state
        text("h2", "State")
        with box("div", "badges centre"):
            text("p", f"{score} of 100", "big-number")
            chip(mode["mode"], tone=TONES.get(mode["mode"], "note"))
        text("p", f"Since {when(since)}." if since else "Since a moment ago.", "muted")
        for words in reasons_of(mode, self._people):
            text("p", words)
        with box("div", "actions"):
            button("Set a mode", self._set, icon="tune")
            if mode["override"]:
                button("Take it back", self._take_back, icon="undo")

    def _draw_alerts(self, alerts: list[JSON]) -> None:
        if not alerts:
            text("p", "None: nothing needs to be looked at.", "line muted")
        for alert in alerts:
            with box("div", "line"):
                with box("span", "line-main"):
                    text("span", alert["message"], "line-title")
                    text("span", self._told_of(alert), "small muted")
                with box("span", "line-end"):
                    chip(alert["severity"].capitalize(), tone=SEVERITIES[alert["severity"]])
                    if alert["kept"] and not alert["acknowledged_at"]:
                        self._acknowledge_button(alert)

    def _told_of(self, alert: JSON) -> str:
        words = [alert["kind"].replace("_", " ").capitalize(), f"since {when(alert['opened_at'])}"]
        if alert["acknowledged_at"]:
            who = self._people.get(alert["acknowledged_by"])
            seen = f"seen by {who}," if who else "seen"
            words.append(f"{seen} {when(alert['acknowledged_at'])}")
        return " · ".join(words)

    def _acknowledge_button(self, alert: JSON) -> None:
        async def acknowledge() -> None:
            path = f"/system/alerts/{alert['id']}/acknowledge"
            await tried(lambda: self._person.post(path), "It is noted that you have seen it.")
            await self.fresh.look()

        named(button("Seen", acknowledge, icon="done"), f"Seen: {alert['message']}")

    def _set(self) -> None:
        shown, sheet = dialog("Set a mode")
        with sheet:
            mode = ui.select(list(MODES), value="READ_ONLY", label="Mode")
            mode.props("outlined dense options-dense").classes("field")
            meaning = text("p", MODES["READ_ONLY"], "small muted")
            mode.on_value_change(lambda event: meaning.set_text(MODES[event.value]))
            reason = field("Reason, which is kept in the audit log").props("maxlength=500")
            minutes = field("Minutes", "60").props("inputmode=numeric maxlength=6")
            text(
                "p", "Afterwards, and where a part is down, the parts say the mode.", "small muted"
            )
            said = box("div")

            async def set_to() -> None:
                said.clear()
                with minding(said):
                    body = {"mode": mode.value, "reason": reason.value, "minutes": minutes.value}
                    await self._person.post("/system/mode", body)
                    notify("The mode is set.")
                    shown.close()
                    await self._changed()

            with box("div", "dialog-end"):
                button("Leave it", shown.close, kind="quiet")
                button("Set the mode", set_to, kind="main")
        shown.on("hide", shown.delete)
        shown.open()

    def _take_back(self) -> None:
        async def clear() -> None:
            await self._person.call("DELETE", "/system/mode")
            notify("The parts say the mode again.")
            await self._changed()

        sure("Take the mode back?", "The parts alone say the mode again.", "Take it back", clear)

    async def _changed(self) -> None:
        """Another mode holds: here and at the top of the page at once, its alert a moment later."""
        await self._banner.look(known_s=0.0)
        await self.fresh.look_twice()


def since_of(health: JSON, mode: JSON, changes: list[JSON]) -> str:
    """Since when the mode holds: as the last change has it, else since the server was started;
    empty while the change is so new that it is not kept yet."""
    last = changes[0] if changes else None
    if last is not None and last["ended_at"] is None:
        return str(last["opened_at"]) if last["subject"] == mode["mode"] else ""
    if mode["mode"] != "FULL_OPERATIONAL":
        return ""
    if last is not None:
        return str(last["ended_at"])
    now = dt.datetime.fromisoformat(health["timestamp"])
    return (now - dt.timedelta(seconds=health["uptime_seconds"])).isoformat()


def reasons_of(mode: JSON, people: dict[str, str]) -> list[str]:
    """Why this mode holds, a sentence each."""
    told = []
    if down := mode["down"]:
        names = " and ".join(down)
        told.append(f"{names[:1].upper()}{names[1:]} {'is' if len(down) == 1 else 'are'} down.")
    if wanted := mode["override"]:
        who, until = people.get(wanted["by"], "An admin"), when(wanted["until"])
        told.append(f"{who} has set {wanted['mode']} until {until}: {wanted['reason']}")
        if mode["computed"] != mode["mode"]:
            told.append(f"By its parts it would be {mode['computed']}.")
    return told or ["This follows from the state of its parts."]


def _draw_parts(components: JSON) -> None:
    for part, told in components.items():
        with box("tr"):
            text("td", PARTS.get(part, part))
            with box("td"):
                status = told.get("status")
                if part == "circuits":
                    status = "healthy" if set(told.values()) <= {"closed"} else "degraded"
                if status:
                    chip(status.capitalize(), tone=STATES[status])
            text("td", " · ".join(details_of(part, told)), "muted")


def details_of(part: str, told: JSON) -> list[str]:
    """What is known of a part besides its state."""
    if part == "circuits":
        found = [f"{name}: {state}" for name, state in told.items() if state != "closed"]
        return found or ["all closed"]
    if part == "disk":
        return ["unknown" if told["free_mb"] is None else f"{told['free_mb']:,} MB free"]
    if part == "audit":
        return [f"{copy} not written: {why}" for copy, why in told["not_written"].items()]
    words = [told.get("name") or told.get("provider") or told.get("kind") or ""]
    if told.get("latency_ms") is not None:
        words.append(f"answers in {told['latency_ms']:,.0f} ms")
    if told.get("cache_hit_rate") is not None:
        words.append(f"{told['cache_hit_rate']:.0%} of reads kept")
    if pool := told.get("connection_pool"):
        words.append(f"{pool['active']} of {pool['size']} connections in use")
    if told.get("clickhouse"):
        words.append(f"{told['clickhouse']['name']} beside it is {told['clickhouse']['status']}")
    if part == "dbt":
        words.append(f"last run {when(told['last_run'])}" if told["last_run"] else "no run yet")
        words += [f"failing: {', '.join(told['failing'])}"] if told["failing"] else []
        words += [f"stale: {', '.join(told['stale'])}"] if told["stale"] else []
    return [word for word in words if word]


def _draw_changes(changes: list[JSON]) -> None:
    if not changes:
        text("p", "None: the mode has been FULL_OPERATIONAL all the time.", "line muted")
    for change in changes:
        ended = f"to {when(change['ended_at'])}" if change["ended_at"] else "and still"
        with box("div", "line"):
            with box("span", "line-main"):
                text("span", change["message"], "line-title")
                text("span", f"from {when(change['opened_at'])} {ended}", "small muted")
            chip(change["subject"], tone=SEVERITIES[change["severity"]])
