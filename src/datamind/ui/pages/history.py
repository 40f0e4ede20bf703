"""The History page: what was asked, how it went, and one query in full."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

from nicegui import ui
from starlette.requests import Request

from datamind.ui.answer import trust_chip
from datamind.ui.client import JSON, Trouble
from datamind.ui.flag import RATINGS, flag_button
from datamind.ui.frame import heading, page
from datamind.ui.pieces import (
    box,
    button,
    chip,
    empty,
    field,
    icon,
    link,
    link_button,
    minding,
    named,
    text,
)
from datamind.ui.sessions import Person
from datamind.ui.sql import sql_panel
from datamind.ui.understood import stages_list, understood
from datamind.ui.words import STATUSES, counted, duration, hint_for_people

PER_PAGE = 25
MOST_PEOPLE = 200
MOST_FLAGS = 50
ANY = "any"
KINDS = {"ask": "Question", "generate": "SQL only", "execute": "SQL"}


@page("/history", "History")
async def history(person: Person, request: Request) -> None:
    """One's own queries, newest first; admins see everybody's."""
    heading("History", "Everybody's questions, newest first." if person.is_admin else "")
    await _History(person, await people_of(person), dict(request.query_params)).load()


class _History:
    """The list, and what it is narrowed to."""

    def __init__(self, person: Person, people: dict[str, str], wanted: dict[str, str]) -> None:
        self._person = person
        self._people = people
        self._cursor: str | None = None
        self._asked = 0
        with box("div", "filters"):
            self._words = field("Search questions", wanted.get("q", "")[:200], classes="grow")
            self._words.props("clearable debounce=250")
            statuses = {ANY: "Any status", **{k: v[0] for k, v in STATUSES.items()}}
            status = wanted.get("status", ANY)
            self._status = ui.select(
                statuses, value=status if status in statuses else ANY, label="Status"
            )
            self._status.props("outlined dense options-dense").classes("field short")
            self._flagged = ui.checkbox("Flagged only", value="flagged" in wanted)
        self._total = text("p", "", "small muted")
        self._total.props["role"] = "status"
        with box("section", "card list"):
            self._list = box("div", "list")
            self._said = box("div")
            self._more = button("Load more", self.more, icon="expand_more")
            self._more.set_visibility(False)
        for control in (self._words, self._status, self._flagged):
            control.on_value_change(self._narrowed)

    async def _narrowed(self) -> None:
        """Keep what is asked for in the address, for the way back."""
        kept = {
            "q": self._words.value, "flagged": self._flagged.value and "1",
            "status": self._status.value if self._status.value != ANY else "",
        }  # fmt: skip
        query = urlencode({name: value for name, value in kept.items() if value})
        ui.run_javascript(f"history.replaceState(history.state, '', '?{query}')")
        await self.load()

    async def load(self) -> None:
        """From the start, as the filters say."""
        self._cursor = None
        self._asked += 1
        await self._fetch(fresh=True)

    async def more(self) -> None:
        """The next page."""
        self._more.props("loading")
        await self._fetch(fresh=False)
        self._more.props(remove="loading")

    async def _fetch(self, *, fresh: bool) -> None:
        mine = self._asked
        self._said.clear()
        with minding(self._said, again=self.load if fresh else self.more):
            found = await self._person.get(
                "/queries", q=(self._words.value or "").strip()[:200] or None, limit=PER_PAGE,
                status=None if self._status.value == ANY else self._status.value,
                flagged=True if self._flagged.value else None, cursor=self._cursor,
            )  # fmt: skip
            if mine != self._asked:
                return
            if fresh:
                self._list.clear()
            self._cursor = found["next_cursor"]
            self._more.set_visibility(self._cursor is not None)
            self._total.text = counted(found["total"], "query", "queries")
            with self._list:
                for query in found["items"]:
                    _line(query, self._people.get(query["user_id"] or "", ""))
                if not found["total"]:
                    self._nothing()

    def _nothing(self) -> None:
        narrowed = bool(
            self._words.value or self._flagged.value or self._status.value != ANY
        )  # fmt: skip
        if narrowed:
            empty("search_off", "Nothing matches", "Try other words or another status.")
            return
        if not self._person.may_ask:
            empty("history", "No questions", "Only what one asked oneself is shown, and viewers"
                  " don't ask. An admin can make you an analyst.")  # fmt: skip
            return
        with empty("history", "No questions yet", "What you ask is kept here.").classes("first"):
            link_button("Ask a question", "/", kind="main")


def _line(query: JSON, who: str) -> None:
    label, symbol, tone = STATUSES[query["status"]]
    line = box("a", "line")
    line.props["href"] = f"/history/{query['id']}"
    with line:
        with box("span", "line-main"):
            if query["statement"]:
                text("code", " ".join(query["statement"].split()), "line-title name")
            else:
                text("span", query["question"], "line-title")
            words = [when(query["created_at"]), who, KINDS[query["kind"]]]
            text("span", " · ".join(w for w in words if w), "small muted")
        with box("span", "line-end"):
            if query["flagged"]:
                chip("Flagged", icon="flag", tone="note")
            if query["status"] == "answered":
                text("span", counted(query["rows_returned"], "row"), "small muted nowrap")
            chip(label, icon=symbol, tone=tone)


def when(moment: str) -> str:
    """A moment as people read it."""
    read = dt.datetime.fromisoformat(moment).astimezone(dt.UTC)
    return f"{read:%-d %b %Y, %H:%M} UTC"


async def people_of(person: Person) -> dict[str, str]:
    """Who is who, for those who may know: as it was known last, where it can't be told now."""
    if not person.is_admin:
        return {}
    try:
        found = await person.get("/users", limit=MOST_PEOPLE)
    except Trouble:
        return person.session.people
    person.session.people = {user["id"]: user["name"] for user in found["items"]}
    return person.session.people


@page("/history/{query_id}", "Query")
async def query_page(person: Person, request: Request) -> None:
    """One query in full."""
    query = await person.get(f"/queries/{request.path_params['query_id']}")
    people = await people_of(person)
    with box("p", "crumb"):
        link("← History", "/history")
    if query["kind"] == "execute":
        origin = f"Changed from the answer to: {query['question']}" if query["question"] else ""
        heading("SQL written by a person", origin)
    else:
        heading(query["question"])
    _status_row(query)
    with box("section", "card"):
        with box("dl", "facts"):
            facts = {
                "Asked": when(query["created_at"]), "By": people.get(query["user_id"] or "", ""),
                "Took": duration(query["elapsed_ms"]), "Rows": f"{query['rows_returned']:,}",
                "Data": query["warehouse"] or "", "Version of the data": query["data_version"],
                "Reference": query["correlation_id"],
            }  # fmt: skip
            for name, value in facts.items():
                if value:
                    with box("div"):
                        text("dt", name)
                        text("dd", str(value))
        if person.may_ask:
            label = "Run again" if query["kind"] == "execute" else "Ask again"
            with box("div", "actions"):
                link_button(label, f"/?again={query['id']}", kind="main", icon="refresh")
                flag_button(person, query["id"], query["sql"], ui.navigate.reload)
    await _feedback(person, query, people)
    _told(query)


async def _feedback(person: Person, query: JSON, people: dict[str, str]) -> None:
    """What was said of the answer, newest first."""
    if not query["flagged"]:
        return
    said = await person.get("/feedback", query_id=query["id"], limit=MOST_FLAGS)
    with named(box("section", "card"), "Flags"):
        text("h2", "Flags")
        for flag in said["items"]:
            with box("div", "flag"):
                who = people.get(flag["user_id"], "")
                words = (RATINGS[flag["rating"] - 1], who, when(flag["created_at"]))
                text("p", " · ".join(w for w in words if w), "mini-title")
                if flag["comment"]:
                    text("p", flag["comment"])
                if flag["corrected_sql"]:
                    text("p", "SQL as it should have been", "small muted")
                    sql_panel(flag["corrected_sql"], None)


def _status_row(query: JSON) -> None:
    label, symbol, tone = STATUSES[query["status"]]
    with box("div", "badges"):
        chip(label, icon=symbol, tone=tone)
        trust_chip(query)
        if query["status"] == "answered" and query["origin"] != "person":
            chip(f"{query['confidence']:.0%} sure", icon="speed")
        if query["flagged"]:
            chip("Flagged", icon="flag", tone="note")


def _told(query: JSON) -> None:
    if query["message"]:
        tone = STATUSES[query["status"]][2]
        with box("div", f"notice tone-{tone}"):
            icon("info", "notice-icon")
            with box("div", "notice-body"):
                text("p", query["message"], "notice-title")
                if words := hint_for_people("", query["error_code"] or ""):
                    text("p", words, "notice-hint")
    for warning in query["warnings"]:
        with box("div", "notice tone-note"):
            icon("info", "notice-icon")
            text("p", str(warning), "notice-body")
    if query["explanation"] or (query["interpretation"] or {}).get("links"):
        with box("section", "card"):
            text("h2", "How it was understood")
            understood(query)
    if query["sql"]:
        with box("section", "card"):
            text("h2", "SQL")
            sql_panel(query["sql"], None)
    if query["governed_sql"]:
        with box("section", "card"):
            text("h2", "SQL as it ran, policies applied")
            sql_panel(query["governed_sql"], None)
    if query["stages"]:
        with box("section", "card"):
            text("h2", "Stages")
            stages_list(query["stages"])
