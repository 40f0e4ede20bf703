"""Flagging: saying what is wrong with an answer, or right."""

from __future__ import annotations

import secrets
from typing import Any

from nicegui import ui

from datamind.ui.client import JSON
from datamind.ui.pieces import box, button, dialog, minding, named, notify, text
from datamind.ui.sessions import Person

RATINGS = ("Wrong", "Mostly wrong", "Partly right", "Mostly right", "Just right")


def open_flag_dialog(person: Person, query_id: str, sql: str | None, opener: Any) -> None:
    """Ask for a rating, a comment, and the SQL as it should have been."""
    shown, sheet = dialog("Flag this answer")
    # Sent again with the same key, it counts once.
    key = secrets.token_urlsafe(16)
    with sheet:
        text("p", "How right is it?", "mini-title")
        rating = ui.radio({i: f"{i} – {word}" for i, word in enumerate(RATINGS, 1)}, value=2)
        named(rating.classes("ratings"), "How right is it?", role="radiogroup")
        comment = ui.textarea(label="What is wrong?").props("outlined autogrow maxlength=4000")
        comment.classes("field")
        with box("details", "more"):
            text("summary", "Suggest the right SQL")
            fixed = ui.textarea(label="SQL", value=sql or "").props(
                "outlined autogrow spellcheck=false maxlength=65536"
            )
            fixed.classes("field sql-editor")
        said = box("div")

        async def send() -> None:
            said.clear()
            better = (fixed.value or "").strip()
            body: JSON = {
                "query_id": query_id, "rating": rating.value, "comment": comment.value or "",
                "corrected_sql": better if better and better != (sql or "").strip() else None,
            }  # fmt: skip
            with minding(said):
                await person.call(
                    "POST", "/feedback/flag", body=body, headers={"Idempotency-Key": key}
                )
                shown.close()
                opener.set_visibility(False)
                notify("Thank you. An admin will look at it.")

        with box("div", "dialog-end"):
            button("Cancel", shown.close, kind="quiet")
            button("Send", send, kind="main")
    shown.on("hide", shown.delete)
    shown.open()
