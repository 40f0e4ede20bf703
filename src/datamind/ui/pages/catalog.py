"""The Catalog page: the tables and metrics that there are to ask about, and one table in full."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request

from datamind.ui.client import JSON
from datamind.ui.figures import unit_of
from datamind.ui.frame import heading, page
from datamind.ui.pieces import (
    box,
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
from datamind.ui.words import counted, spoken

MOST_HITS = 30
KINDS = {"table": "Table", "column": "Column", "metric": "Metric", "value": "Value"}


@page("/catalog", "Catalog")
async def catalog(person: Person, request: Request) -> None:
    """Search, all tables, and all metrics."""
    heading("Catalog", "The tables and metrics that you can ask about.")
    tables = await person.get("/catalog/tables")
    metrics = await person.get("/catalog/metrics")
    search = field("Search tables, columns, metrics and values").props("clearable debounce=200")
    found = box("section", "card list")
    found.set_visibility(False)
    with box("div", "columns") as all_of_it:
        _tables(tables["items"])
        _metrics(metrics["items"], person)

    async def find() -> None:
        words = (search.value or "").strip()
        found.set_visibility(bool(words))
        all_of_it.set_visibility(not words)
        if not words:
            return
        with minding(found):
            hits = await person.get("/catalog/search", q=words[:200], limit=MOST_HITS)
            if words == (search.value or "").strip():
                found.clear()
                with found:
                    _hits(hits["items"], person)

    search.on_value_change(find)


def _tables(tables: list[JSON]) -> None:
    with named(box("section", "card"), "Tables"):
        text("h2", "Tables")
        if not tables:
            empty("table_chart", "No tables", "Nothing is open to you yet: ask an admin.")
        with box("div", "list"):
            for table in tables:
                line = box("a", "line")
                line.props["href"] = f"/catalog/{quote(table['name'], safe='')}"
                with line:
                    with box("span", "line-main"):
                        text("code", table["name"], "name")
                        text("span", table["description"], "small muted")
                    rows = "" if table["rows"] is None else counted(table["rows"], "row")
                    text("span", rows, "small muted nowrap")


def _metrics(metrics: list[JSON], person: Person) -> None:
    with named(box("section", "card"), "Metrics"):
        text("h2", "Metrics")
        if not metrics:
            empty("functions", "No metrics", "None are defined yet.")
        for metric in metrics:
            _metric(metric, person)


def _metric(metric: JSON, person: Person) -> None:
    with box("div", "metric"):
        with box("div", "metric-head"):
            if person.may_ask:
                link(metric["label"], f"/?metric={quote(metric['name'])}")
            else:
                text("span", metric["label"], "line-title")
            if unit := unit_of(metric):
                chip(unit)
        text("p", metric["description"], "small muted")


def _hits(items: list[JSON], person: Person) -> None:
    if not items:
        empty("search_off", "Nothing found", "Try another word, or a part of it.")
    for item in items:
        kind, name = item["kind"], str(item["id"])
        line = box("a", "line") if kind != "metric" or person.may_ask else box("div", "line")
        if kind != "metric":
            table = name.split(" = ", 1)[0]
            table = table if kind == "table" else table.rsplit(".", 1)[0]
            line.props["href"] = f"/catalog/{quote(table, safe='')}"
        elif person.may_ask:
            line.props["href"] = f"/?metric={quote(name)}"
        with line:
            with box("span", "line-main"):
                text("code", name, "name")
                text("span", item["text"], "small muted")
            chip(KINDS.get(kind, str(kind)))


@page("/catalog/{name}", "Table")
async def table_page(person: Person, request: Request) -> None:
    """One table in full."""
    table = await person.get(f"/catalog/tables/{quote(request.path_params['name'], safe='')}")
    with box("p", "crumb"):
        link("← Catalog", "/catalog")
    heading(table["name"], table["description"])
    with box("div", "badges"):
        if table["rows"] is not None:
            chip(counted(table["rows"], "row"), icon="table_rows")
        chip(counted(table["columns"], "column"), icon="view_column")
        if table["is_view"]:
            chip("View")
        for synonym in table["synonyms"]:
            chip(f"also: {synonym}")
    for warning in table["quality"]:
        with box("div", "notice tone-note"):
            icon("warning_amber", "notice-icon")
            text("p", warning, "notice-body")
    if person.may_ask:
        with box("div", "actions"):
            link_button(
                "Ask about this", f"/?about={quote(_asked_as(table))}", kind="main",
                icon="chat_bubble_outline",
            )  # fmt: skip
    _columns(table)
    _references(table["references"])
    if table["metrics"]:
        _metrics(table["metrics"], person)


def _asked_as(table: JSON) -> str:
    """What the table's rows are called in a question."""
    return spoken(table["name"]).lower()


def _columns(table: JSON) -> None:
    keys = set(table["primary_key"])
    with box("section", "card"):
        text("h2", "Columns")
        scroll = named(box("div", "scroll"), "Columns", tabindex="0", role="region")
        with scroll, box("table", "grid"):
            with box("thead"), box("tr"):
                for head in ("Name", "Type", "Meaning", "Unit", "Examples"):
                    text("th", head).props["scope"] = "col"
            with box("tbody"):
                for column in table["fields"]:
                    _column(column, keys)


def _column(column: JSON, keys: set[str]) -> None:
    with box("tr"):
        with box("td", "nowrap"):
            text("code", column["name"])
            if column["name"] in keys:
                text("span", " ")
                chip("key", icon="key")
        text("td", column["type"], "muted")
        with box("td"):
            text("span", column["description"])
            if column["synonyms"]:
                text("span", f" Also: {', '.join(column['synonyms'])}.", "muted")
        text("td", unit_of(column), "muted")
        text("td", ", ".join(str(e) for e in column["examples"]), "muted")


def _references(references: list[JSON]) -> None:
    if not references:
        return
    with box("section", "card"):
        text("h2", "References")
        with box("ul", "plain-list"):
            for reference in references:
                with box("li"):
                    text("code", ", ".join(reference["columns"]))
                    text("span", " → ")
                    link(reference["to_table"], f"/catalog/{quote(reference['to_table'], safe='')}")
                    text("span", f" ({', '.join(reference['to_columns'])})", "muted")
