"""The dbt page, for admins: runs are asked for and followed, and what is wrong with the data."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from nicegui import ui
from starlette.requests import Request

from datamind.ui.client import JSON, Trouble
from datamind.ui.frame import operations, page
from datamind.ui.fresh import Fresh, sure
from datamind.ui.live_log import LiveLog, plain_line
from datamind.ui.pages.history import people_of, when
from datamind.ui.pages.jobs import facts_of, who
from datamind.ui.pieces import box, button, chip, field, link, minding, named, text
from datamind.ui.sessions import Person
from datamind.ui.words import counted

RUNS, WARNINGS, FAILED = 25, 50, 100
UNDER_WAY = ("queued", "running")
# command: (what it is called, what it does, whether it takes selectors)
COMMANDS = {
    "build": ("Build", "Build and test the models, and put them in use if all is well.", True),
    "run": ("Run", "Build the models without their tests, and put them in use.", True),
    "test": ("Test", "Test what is in use; answers warn of what fails.", True),
    "docs": ("Docs", "Make dbt's documentation of what is in use.", False),
    "sync": ("Sync", "Look how fresh the sources are, and read the artifacts again.", False),
}
STATES = {
    "queued": ("Waiting", "schedule", "quiet"),
    "running": ("Running", "play_circle", "note"),
    "success": ("Succeeded", "check_circle", "good"),
    "failed": ("Failed", "error", "bad"),
    "error": ("Broke", "error", "bad"),
    "cancelled": ("Called off", "stop_circle", "quiet"),
    "timed_out": ("Took too long", "timer_off", "bad"),
}


@page("/dbt", "dbt", admins=True)
async def dbt(person: Person, request: Request) -> None:
    """A run to ask for, open warnings, and the last runs."""
    operations("/dbt", "The models behind the answers, and how good their data are.")
    _start_form(person)
    await _Runs(person, await people_of(person)).fresh.look()


def _start_form(person: Person) -> None:
    with named(box("section", "card"), "Start a run"):
        text("h2", "Start a run")
        with box("div", "filters"):
            names = {name: told[0] for name, told in COMMANDS.items()}
            command = ui.select(names, value="build", label="Command")
            command.props("outlined dense options-dense").classes("field short")
            models = field("Models, by dbt's selectors; all if empty", classes="grow")
            exclude = field("Without", classes="grow")
            full = ui.checkbox("Full refresh")
        meaning = text("p", COMMANDS["build"][1], "small muted")
        said = box("div", "said")

        def chosen() -> None:
            _, words, selects = COMMANDS[command.value]
            meaning.text = words
            for control in (models, exclude, full):
                control.set_visibility(selects)

        async def start() -> None:
            said.clear()
            body: JSON = {}
            if COMMANDS[command.value][2]:
                body = {"models": (models.value or "").split(), "full_refresh": full.value,
                        "exclude": (exclude.value or "").split()}  # fmt: skip
            with minding(said):
                told = await person.post(f"/admin/dbt/{command.value}", body)
                ui.navigate.to(f"/dbt/{told['run_id']}")

        command.on_value_change(chosen)
        with box("div", "actions"):
            button("Start", start, kind="main", icon="play_arrow")


class _Runs:
    """What keeps itself fresh: warnings, and the last runs."""

    def __init__(self, person: Person, people: dict[str, str]) -> None:
        self._person = person
        self._people = people
        self._shown: Any = None
        said = box("div", "said")
        with named(box("section", "card"), "Quality of the data"):
            text("h2", "Quality of the data")
            self._warnings = box("div", "list")
        with named(box("section", "card"), "Last runs"):
            text("h2", "Last runs")
            self._list = box("div", "list")
        self.fresh = Fresh(self._look, said)

    async def _look(self) -> None:
        get = self._person.get
        alerts, runs = await asyncio.gather(
            get("/system/alerts", kind="data_quality", state="open", limit=WARNINGS),
            get("/admin/dbt/runs", limit=RUNS),
        )
        warnings = [(a["message"], when(a["opened_at"])) for a in alerts["items"]]
        lines = [self._line(run) for run in runs["items"]]
        if self._shown == (warnings, lines):
            return
        self._shown = (warnings, lines)
        for place in (self._warnings, self._list):
            place.clear()
        with self._warnings:
            for message, since in warnings:
                with box("div", "line"), box("span", "line-main"):
                    text("span", plain_line(message), "line-title")
                    text("span", f"since {since}", "small muted")
            if not warnings:
                text("p", "No warning is open.", "line muted")
        with self._list:
            for run_id, title, words, status in lines:
                _draw_line(run_id, title, words, status)
            if not lines:
                text("p", "None yet.", "line muted")

    def _line(self, run: JSON) -> tuple[str, str, str, str]:
        failed = ", ".join(f"{f['name']}: {failed_so(f)}" for f in run["failed"][:3])
        words = [when(run["created_at"]), who(run["requested_by"], self._people)]
        words += [plain_line(failed or run["message"])[:300]]
        return run["id"], asked_for(run), " · ".join(w for w in words if w), run["status"]


def _draw_line(run_id: str, title: str, words: str, status: str) -> None:
    made = box("a", "line")
    made.props["href"] = f"/dbt/{quote(run_id, safe='')}"
    with made:
        with box("span", "line-main"):
            text("span", title, "line-title")
            text("span", words, "small muted")
        _state_chip(status)


def asked_for(run: JSON) -> str:
    """A run as it was asked for."""
    label = COMMANDS.get(run["command"], (run["command"],))[0]
    wanted = run["selectors"]
    words = [label, *wanted.get("models", ())]
    if wanted.get("exclude"):
        words += ["without", *wanted["exclude"]]
    return " ".join(words) + (", full refresh" if wanted.get("full_refresh") else "")


def failed_so(node: JSON) -> str:
    """How a model or test failed, and why; older runs did not keep that."""
    rows = "" if node["rows"] is None else f", {counted(node['rows'], 'row')}"
    reason = f": {node['reason']}" if node.get("reason") else ""
    return plain_line(f"{node['kind']} {node['status']}{rows}{reason}")


def _state_chip(status: str) -> None:
    label, symbol, tone = STATES[status]
    chip(label, icon=symbol, tone=tone)


@page("/dbt/{run_id}", "dbt run", admins=True)
async def run_page(person: Person, request: Request) -> None:
    """One run: how it is, what failed in it, its log."""
    path = f"/admin/dbt/runs/{quote(request.path_params['run_id'], safe='')}"
    run = await _without_log(person, path)
    lines = await _lines(person, run["job_id"])
    operations("/dbt")
    with box("p", "crumb"):
        link("← dbt", "/dbt")
    text("h2", asked_for(run))
    shown = _Run(person, path, await people_of(person))
    shown.show(run)
    if lines is None:
        text("p", "The log of this run is no longer kept.", "muted")
    else:
        LiveLog(person, f"{path}/log", lines, on_state=shown.changed, on_end=shown.look)


async def _lines(person: Person, job_id: str) -> int | None:
    """How many lines the log has by now; None once it is gone."""
    try:
        job = await person.get(f"/system/jobs/{quote(job_id, safe='')}", after=10**9)
    except Trouble as told:
        if told.status != 404:
            raise
        return None
    return int(job["lines"])


async def _without_log(person: Person, path: str) -> JSON:
    return await person.get(path, after=10**9)


class _Run:
    """What is known of a run, and calling it off."""

    def __init__(self, person: Person, path: str, people: dict[str, str]) -> None:
        self._person = person
        self._path = path
        self._people = people
        self._state = named(box("div", "badges centre"), "State of the run", role="status")
        self._card = box("section", "card")

    def changed(self, job: JSON) -> None:
        """How far it is, as the log tells of its job; how it ended says the run itself."""
        if job["status"] in UNDER_WAY:
            self._tell(job["status"], f"{job['progress']:.0%} {plain_line(job['message'])}")

    def _tell(self, status: str, words: str) -> None:
        self._state.clear()
        with self._state:
            _state_chip(status)
            text("span", words, "muted")

    async def look(self, _: Any = None) -> None:
        """All of it anew."""
        self.show(await _without_log(self._person, self._path))

    def show(self, run: JSON) -> None:
        """The run as it is now."""
        self._tell(run["status"], plain_line(run["message"]))
        self._card.clear()
        with self._card:
            counts = ", ".join(f"{n:,} {name}" for name, n in run["counts"].items() if n)
            facts_of({
                "Asked for": when(run["created_at"]),
                "By": who(run["requested_by"], self._people),
                "Ended": when(run["ended_at"]) if run["ended_at"] else "",
                "Nodes": counts, "Version of the data": run["version"],
            })  # fmt: skip
            self._draw_failed(run["failed"])
            for warning in run["warnings"]:
                text("p", plain_line(warning), "notice tone-note")
            if run["status"] in UNDER_WAY:
                with box("div", "actions"):
                    button("Call it off", self._cancel, icon="stop")

    def _draw_failed(self, failed: list[JSON]) -> None:
        if not failed:
            return
        with named(box("div", "list"), "What failed", role="group"):
            text("h3", "What failed")
            for node in failed[:FAILED]:
                with box("div", "line"), box("span", "line-main"):
                    text("code", plain_line(node["name"]), "line-title name")
                    text("span", failed_so(node), "small muted")
            if len(failed) > FAILED:
                text("p", f"And {len(failed) - FAILED:,} more.", "line muted")

    def _cancel(self) -> None:
        async def cancel() -> None:
            await self._person.post(f"{self._path}/cancel")
            await self.look()

        words = "What is in use stays as it is."
        sure("Call the run off?", words, "Call it off", cancel, danger=True)
