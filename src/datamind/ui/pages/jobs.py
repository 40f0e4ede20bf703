"""The Jobs page, for admins: what the system does in the background, and one job in full."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from nicegui import ui
from nicegui.element import Element
from starlette.requests import Request

from datamind.ui.client import JSON
from datamind.ui.frame import operations, page
from datamind.ui.fresh import Fresh, sure, tried
from datamind.ui.live_log import LiveLog, plain_line
from datamind.ui.pages.history import people_of, when
from datamind.ui.pieces import box, button, chip, empty, link, named, text
from datamind.ui.sessions import Person
from datamind.ui.words import counted

PER_PAGE, MOST = 50, 200
ANY = "any"
UNDER_WAY = ("queued", "running")
# status: (what it is called, its icon, its tone)
STATES = {
    "queued": ("Waiting", "schedule", "quiet"),
    "running": ("Running", "play_circle", "note"),
    "succeeded": ("Succeeded", "check_circle", "good"),
    "failed": ("Failed", "error", "bad"),
    "cancelled": ("Called off", "stop_circle", "quiet"),
    "dead": ("Given up", "dangerous", "bad"),
}
MOST_TEXT = 5_000  # of what a job was given, or made


@page("/jobs", "Jobs", admins=True)
async def jobs(person: Person, request: Request) -> None:
    """All jobs, newest first."""
    operations("/jobs", "Work in the background: builds, backups, imports.")
    status = request.query_params.get("status", ANY)
    await _Jobs(person, await people_of(person), status).fresh.look()


class _Jobs:
    """The list, which keeps itself fresh: rows that did not change are left alone."""

    def __init__(self, person: Person, people: dict[str, str], status: str) -> None:
        self._person = person
        self._people = people
        self._limit = PER_PAGE
        self._rows: dict[str, _Row] = {}
        with box("div", "filters"):
            states = {ANY: "Any state", **{name: told[0] for name, told in STATES.items()}}
            value = status if status in states else ANY
            self._status = ui.select(states, value=value, label="State")
            self._status.props("outlined dense options-dense").classes("field short")
        said = box("div", "said")
        self._dead = box("div", "said")
        self._total = named(text("p", "", "small muted"), "How many", role="status")
        with box("section", "card list"):
            self._list = box("div", "list")
            self._more = button("Show more", self._show_more, icon="expand_more")
            self._more.set_visibility(False)
        self._status.on_value_change(self._narrowed)
        self.fresh = Fresh(self._look, said)

    async def _narrowed(self) -> None:
        status = self._status.value
        query = "" if status == ANY else f"?status={status}"
        ui.run_javascript(f"history.replaceState(history.state, '', '/jobs{query}')")
        self._limit = PER_PAGE
        await self.fresh.look()

    async def _show_more(self) -> None:
        self._limit = MOST
        await self.fresh.look()

    async def _look(self) -> None:
        status = None if self._status.value == ANY else self._status.value
        found = await self._person.get("/system/jobs", status=status, limit=self._limit)
        dead = await self._person.get("/system/jobs", status="dead", limit=1)
        self._total.text = counted(found["total"], "job")
        self._more.set_visibility(self._limit < min(found["total"], MOST))
        self._dead.clear()
        if dead["total"] and status != "dead":
            with self._dead, box("p", "notice tone-bad"):
                text("span", f"{counted(dead['total'], 'job')} given up. ")
                link("Look at them", "/jobs?status=dead")
        if list(self._rows) != [job["id"] for job in found["items"]] or not self._rows:
            self._list.clear()
            with self._list:
                self._rows = {job["id"]: _Row(job["id"]) for job in found["items"]}
                if not self._rows:
                    empty("work_outline", "No jobs", "What is done in the background is here.")
        for job in found["items"]:
            self._rows[job["id"]].show(job, self._people)


class _Row:
    """One job in the list."""

    def __init__(self, job_id: str) -> None:
        self._place = box("a", "line")
        self._place.props["href"] = f"/jobs/{quote(job_id, safe='')}"
        self._shown: tuple[str, ...] = ()

    def show(self, job: JSON, people: dict[str, str]) -> None:
        """The job as it is now."""
        about = [when(job["created_at"]), who(job["owner"], people), progress_of(job)]
        words = (job["kind"], " · ".join(w for w in about if w), job["status"])
        if words != self._shown:
            self._shown = words
            self._place.clear()
            with self._place:
                with box("span", "line-main"):
                    text("span", called(job["kind"]), "line-title")
                    text("span", words[1], "small muted")
                state_chip(job["status"])


def called(kind: str) -> str:
    """A kind of job as people say it."""
    return kind.replace("_", " ").replace(".", " ").capitalize()


def who(owner: str, people: dict[str, str]) -> str:
    """Who asked for it; nobody did where the clock or a command was."""
    return people.get(owner, owner) or "the system"


def progress_of(job: JSON) -> str:
    """How far it is, and what went wrong."""
    if job["status"] in ("failed", "dead"):
        return plain_line(job["error_message"] or "")
    if job["status"] == "running":
        return f"{job['progress']:.0%} {plain_line(job['message'])}".strip()
    return ""


def state_chip(status: str) -> None:
    """A job's state."""
    label, symbol, tone = STATES[status]
    chip(label, icon=symbol, tone=tone)


@page("/jobs/{job_id}", "Job", admins=True)
async def job_page(person: Person, request: Request) -> None:
    """One job: what it was given, how it is, its log."""
    path = f"/system/jobs/{quote(request.path_params['job_id'], safe='')}"
    job = await _without_log(person, path)
    operations("/jobs")
    with box("p", "crumb"):
        link("← Jobs", "/jobs")
    text("h2", called(job["kind"]))
    shown = _Job(person, path, await people_of(person))
    shown.show(job)
    LiveLog(person, f"{path}/log", job["lines"], on_state=shown.changed, on_end=shown.look)


async def _without_log(person: Person, path: str) -> JSON:
    """The job; its log comes otherwise."""
    return await person.get(path, after=10**9)


class _Job:
    """What is known of a job, and what can be done about it."""

    def __init__(self, person: Person, path: str, people: dict[str, str]) -> None:
        self._person = person
        self._path = path
        self._people = people
        self._state = named(box("div", "badges centre"), "State of the job", role="status")
        self._card = box("section", "card")
        self._shown: JSON = {}

    def changed(self, now: JSON) -> None:
        """Its state, as its log tells it."""
        self._state.clear()
        with self._state:
            state_chip(now["status"])
            if now["status"] == "running":
                text("span", f"{now['progress']:.0%} {plain_line(now['message'])}", "muted")

    async def look(self, _: Any = None) -> None:
        """All of it anew."""
        self.show(await _without_log(self._person, self._path))

    def show(self, job: JSON) -> None:
        """The job as it is now."""
        self.changed(job)
        if job == self._shown:
            return  # a button that is drawn anew loses who presses it at that moment
        self._shown = job
        self._card.clear()
        with self._card:
            facts_of({
                "Asked for": when(job["created_at"]), "By": who(job["owner"], self._people),
                "Began": when(job["started_at"]) if job["started_at"] else "",
                "Ended": when(job["ended_at"]) if job["ended_at"] else "",
                "Attempts": f"{job['attempts']} of {job['attempts_most']}",
                "Worker": job["worker"] or "", "Reference": job["correlation_id"],
            })  # fmt: skip
            if job["error_message"]:
                with box("div", "notice tone-bad"):
                    text("p", plain_line(job["error_message"]))
            for name, value in (("Given", job["payload"]), ("Result", job["result"])):
                if value:
                    text("h3", name)
                    json_block(value)
            with box("div", "actions"):
                if job["status"] in UNDER_WAY and not job["cancel_asked"]:
                    button("Call it off", self._cancel, icon="stop")
                elif job["status"] in UNDER_WAY:
                    text("p", "It is being called off.", "muted")
                elif job["status"] != "succeeded":
                    button("Do it again", self._retry, kind="main", icon="refresh")

    def _cancel(self) -> None:
        async def cancel() -> None:
            await self._person.post(f"{self._path}/cancel")
            await self.look()

        words = "What it has done so far is left as it is."
        sure("Call the job off?", words, "Call it off", cancel, danger=True)

    async def _retry(self) -> None:
        async def retry() -> None:
            await self._person.post(f"{self._path}/retry")
            ui.navigate.reload()  # to follow its log again

        await tried(retry, "The job waits to be done again.")


def facts_of(facts: dict[str, str]) -> None:
    """Facts by name; those that are empty are left out."""
    with box("dl", "facts"):
        for name, value in facts.items():
            if value:
                with box("div"):
                    text("dt", name)
                    text("dd", value)


def json_block(value: Any) -> Element:
    """JSON as text, not without end."""
    written = json.dumps(value, indent=2, ensure_ascii=False)
    shown = written if len(written) <= MOST_TEXT else f"{written[:MOST_TEXT]} …"
    made: Element = named(text("pre", shown, "sql"), "JSON", tabindex="0", role="region")
    return made
