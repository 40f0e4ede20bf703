"""SQL: shown with its words coloured, copied, edited and run."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from nicegui import ui

from datamind.ui.pieces import box, button, copy_button, named, text

RunSql = Callable[[str], Awaitable[None]]
# Coloured for the eye only: what runs is parsed by the guard.
TOKEN = re.compile(
    r"(?P<c>--[^\n]*)|(?P<s>'(?:[^']|'')*')|(?P<n>\b\d+(?:\.\d+)?\b)|(?P<k>\b(?:"
    "SELECT|DISTINCT|FROM|WHERE|GROUP|ORDER|BY|HAVING|LIMIT|JOIN|LEFT|RIGHT|FULL|INNER|OUTER|CROSS"
    "|ON|USING|AS|AND|OR|NOT|IN|IS|NULL|LIKE|BETWEEN|EXISTS|CASE|WHEN|THEN|ELSE|END|WITH|UNION|ALL"
    "|OVER|PARTITION|ROWS|DESC|ASC|NULLS|FIRST|LAST|CAST|DATE|TIMESTAMP|INTERVAL|TRUE|FALSE"
    r")\b)",
    re.IGNORECASE,
)


CLAUSE = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|[()]|\s+(?P<clause>"
    r"(?:FROM|WHERE|GROUP BY|HAVING|ORDER BY|LIMIT|UNION"
    r"|(?:LEFT |RIGHT |FULL |INNER |CROSS )?(?:OUTER )?JOIN|(?P<sub>AND))\b)",
    re.IGNORECASE,
)


def in_lines(sql: str) -> str:
    """SQL of one line with each of its outer clauses on a line; nothing but spaces is changed."""
    if "\n" in sql.strip():
        return sql.strip()
    depth = 0

    def broken(found: re.Match[str]) -> str:
        nonlocal depth
        clause = found["clause"]
        if clause is None:
            depth += {"(": 1, ")": -1}.get(found[0], 0)
            return found[0]
        return f"\n{'  ' if found['sub'] else ''}{clause}" if depth == 0 else found[0]

    return CLAUSE.sub(broken, sql.strip())


def sql_block(sql: str) -> None:
    """SQL to read: each token is an element of text."""
    with named(box("pre", "sql"), "SQL", tabindex="0", role="region"), box("code"):
        at, sql = 0, in_lines(sql)
        for found in TOKEN.finditer(sql):
            if found.start() > at:
                text("span", sql[at : found.start()])
            text("span", found.group(), f"t-{found.lastgroup}")
            at = found.end()
        if at < len(sql):
            text("span", sql[at:])


def sql_panel(sql: str, run: RunSql | None) -> None:
    """SQL with a copy button and, for those who may, a field to change and run it."""
    shown = box("div", "sql-panel")
    with shown:
        sql_block(sql)
        with box("div", "actions"):
            copy_button("Copy the SQL", in_lines(sql))
            if run is not None:
                button("Edit and run", lambda: _edit(shown, sql, run), icon="edit")


def _edit(place: ui.element, sql: str, run: RunSql) -> None:
    place.clear()

    async def go() -> None:
        await run(editor.value or "")

    with place:
        editor = ui.textarea(label="SQL to run", value=in_lines(sql))
        editor.props("outlined autogrow spellcheck=false autofocus").classes("field sql-editor")
        text("p", "It is governed afresh: you see only what you may.", "small muted")
        with box("div", "actions"):
            button("Run", go, kind="main", icon="play_arrow")
            button("Cancel", lambda: _close(place, sql, run), kind="quiet")


def _close(place: ui.element, sql: str, run: RunSql) -> None:
    place.clear()
    with place:
        sql_panel(sql, run)
