"""The answer: in words, as a chart and rows, with its SQL and how far it is to be trusted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from datamind.ui.charts import height_of, options_of
from datamind.ui.client import JSON, Trouble
from datamind.ui.download import download_buttons
from datamind.ui.figures import places_of, unit_of, written
from datamind.ui.flag import flag_button
from datamind.ui.pieces import box, button, chip, hint_line, icon, named, text, trouble_box
from datamind.ui.sessions import Person
from datamind.ui.sql import sql_panel
from datamind.ui.table import result_table
from datamind.ui.understood import stages_list, understood
from datamind.ui.words import CHARTS, STATUSES, TRUST, counted, duration, spoken

# question, the plan of the reading that was chosen, and what that reading is called
Ask = Callable[[str, JSON | None, str], Awaitable[None]]
RunSql = Callable[[str, str | None], Awaitable[None]]
# error codes that only say that a person stopped it
BY_HAND = "SQL that a person wrote: no plan stands behind it. Read it before use."
STOPPED = "query_cancelled"


@dataclass(frozen=True, slots=True)
class Acts:
    """What can be done from an answer: ask further, and run its SQL changed."""

    ask: Ask
    run: RunSql


def show_answer(answer: JSON, person: Person, acts: Acts, *, flagged: bool = False) -> None:
    """The answer of any status, in the place that is open."""
    # SQL that was run has no status: it is answered, or there is no answer.
    match answer.get("status", "answered"):
        case "answered":
            _answered(answer, person, acts)
        case "clarify":
            _clarify(answer, acts)
        case _:
            _turned_down(answer, acts)
    _end(answer, person, flagged=flagged)


def status_line(query: JSON) -> None:
    """How a query of the history ended that was not answered."""
    label, symbol, tone = STATUSES[query["status"]]
    with box("div", f"notice tone-{tone}"):
        icon(symbol, "notice-icon")
        text("p", query["message"] or f"{label}.", "notice-title")


def show_trouble(told: Trouble, again: Any) -> None:
    """No answer: stopped by its asker, or a problem."""
    if told.code == STOPPED:
        with box("div", "notice tone-quiet"):
            icon("stop_circle", "notice-icon")
            with box("div", "notice-body"):
                text("p", "Stopped.", "notice-title")
                button("Ask again", again, icon="refresh")
        return
    trouble_box(told, again=again if told.status >= 429 else None)


def _answered(answer: JSON, person: Person, acts: Acts) -> None:
    with box("div", "badges"):
        trust_chip(answer)
        if answer.get("origin") != "person":
            score = answer["confidence_score"]
            chip(
                f"{score:.0%} sure", icon="speed",
                tip="How likely it is that the question was understood as you meant it.",
            )  # fmt: skip
        if answer.get("warehouse"):
            version = answer.get("data_version") or "unknown"
            chip(
                answer["warehouse"], icon="storage",
                tip=f"Version of the data: {version}; read {_when(answer)}." + _routed(answer),
            )  # fmt: skip
        chip(duration(answer["execution_time_ms"]), icon="timer", tip="From question to answer.")
    _result(answer)
    _details(answer, acts)
    _choices("Did you mean something else?", answer, acts)
    if asked := answer.get("follow_ups") or []:
        text("p", "Ask next", "mini-title")
        _ask_buttons(asked, acts)


def _when(answer: JSON) -> str:
    return (
        str(answer.get("as_of") or answer.get("generated_at", ""))[:16].replace("T", " ") + " UTC"
    )


def trust_chip(answer: JSON) -> None:
    """How far the answer is to be trusted: by its level, or because a person wrote its SQL."""
    level = answer.get("trust")
    if answer.get("origin") == "person":
        chip("Written by hand", icon="edit_note", tip=BY_HAND, tone="trust-generated")
    elif level in TRUST:
        label, symbol, tip = TRUST[level]
        chip(label, icon=symbol, tip=tip, tone=f"trust-{level}")


def _result(answer: JSON) -> None:
    columns, rows = answer["columns"], answer["results"]
    chart = answer.get("chart") or {"kind": "table"}
    if chart["kind"] == "number" and len(rows) == 1 and len(columns) == 1:
        _number(columns[0], rows[0][columns[0]["name"]])
        _warned(answer)
        return
    if answer["summary"]:
        text("p", answer["summary"], "summary")
    _warned(answer)  # before the figures that it is about, which may fill the screen
    options = options_of(chart, columns, rows)
    if options is not None:
        with box("figure", "chart-box"):
            drawn = ui.echart(options, renderer="svg").classes("chart")
            drawn.style(f"height: {height_of(options)}px")
            ys = ", ".join(spoken(y) for y in chart["y"])
            label = f"{CHARTS[chart['kind']]}: {ys} by {spoken(chart['x']).lower()}."
            named(drawn, f"{label} The rows below hold the same figures.", role="img")
    if rows:
        result_table(columns, rows, total=answer["rows_returned"])


def _warned(answer: JSON) -> None:
    for warning in answer.get("warnings") or []:
        with box("div", "notice tone-note"):
            icon("info", "notice-icon")
            text("p", warning, "notice-body")


def _number(column: JSON, value: Any) -> None:
    unit = unit_of(column)
    with box("div", "big"):
        text("p", written(value, column, places_of([value])), "big-number")
        label = spoken(column["name"]) + (f" · {unit}" if unit else "")
        text("p", label + (" · masked" if column.get("masked") else ""), "muted")


def _details(answer: JSON, acts: Acts) -> None:
    with box("div", "details"):
        if answer.get("plan") or (answer.get("interpretation") or {}).get("links"):
            with box("details", "more"), _inside("How it was understood", "psychology"):
                understood(answer)
        if answer.get("sql"):

            async def run(sql: str) -> None:
                await acts.run(sql, answer["query_id"])

            with box("details", "more"), _inside("SQL", "code"):
                sql_panel(answer["sql"], run)
        if answer.get("stages"):
            with box("details", "more"), _inside("How it was made", "route"):
                stages_list(answer["stages"])


def _inside(title: str, symbol: str) -> Any:
    with box("summary"):
        icon(symbol)
        text("span", title)
    return box("div", "more-body")


def _end(answer: JSON, person: Person, *, flagged: bool) -> None:
    answered = answer.get("status", "answered") == "answered"
    with box("div", "actions end"):
        rows = counted(answer["rows_returned"], "row") if answered else ""
        text("span", rows, "small muted")
        with box("div", "actions"):
            said = chip("Flagged", icon="flag", tone="note")
            said.set_visibility(flagged)
            if answered and answer["rows_returned"] and answer["query_id"]:
                download_buttons(person, answer["query_id"])
            flag_button(
                person, answer["query_id"], answer.get("sql"), lambda: said.set_visibility(True)
            )


def _ask_buttons(questions: list[str], acts: Acts) -> None:
    with box("div", "suggested"):
        for question in questions:
            button(question, _asking(question, acts), icon="subdirectory_arrow_right")


def _asking(
    question: str, acts: Acts, plan: JSON | None = None, label: str = ""
) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        await acts.ask(question, plan, label)

    return ask


def _choices(title: str, answer: JSON, acts: Acts) -> None:
    choices = answer.get("alternatives") or []
    if not choices:
        return
    text("p", title, "mini-title")
    with box("div", "suggested"):
        for choice in choices:
            again = _asking(answer["question"], acts, choice["plan"], choice["label"])
            button(choice["label"], again, icon="alt_route")


def _clarify(answer: JSON, acts: Acts) -> None:
    with box("div", "notice tone-note"):
        icon("alt_route", "notice-icon")
        with box("div", "notice-body"):
            text("p", answer["summary"] or "What do you mean?", "notice-title")
            hint_line(answer.get("hint"))
    _choices("Choose what you mean", answer, acts)
    _understood_so_far(answer)


def _turned_down(answer: JSON, acts: Acts) -> None:
    refusal = answer.get("refusal") or {}
    _, symbol, tone = STATUSES.get(answer["status"], STATUSES["error"])
    with box("div", f"notice tone-{tone}"):
        icon(symbol, "notice-icon")
        with box("div", "notice-body"):
            text("p", refusal.get("reason") or answer["summary"], "notice-title")
            if refusal.get("missing"):
                with text("p", "Not found in the data: ", "notice-hint"):
                    for word in refusal["missing"]:
                        text("mark", word, "word word-missing")
            hint_line(answer.get("hint"), answer["status"])
    if refusal.get("nearest"):
        text("p", "You could ask instead", "mini-title")
        _ask_buttons(refusal["nearest"], acts)
    _choices("Or did you mean", answer, acts)
    _understood_so_far(answer)


def _understood_so_far(answer: JSON) -> None:
    if (answer.get("interpretation") or {}).get("links"):
        with box("details", "more"), _inside("How it was understood", "psychology"):
            understood(answer)


def _routed(answer: dict[str, Any]) -> str:
    """Why that warehouse was asked, where there are two."""
    return f" Asked because {answer['routed']}." if answer.get("routed") else ""
