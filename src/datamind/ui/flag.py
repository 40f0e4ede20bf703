"""Flagging: saying what is wrong with an answer, or right."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from nicegui import ui

from datamind.ui.client import JSON
from datamind.ui.pieces import box, button, dialog, minding, named, notify, text
from datamind.ui.sessions import Person

RATINGS = ("Wrong", "Mostly wrong", "Partly right", "Mostly right", "Just right")


def flag_button(
    person: Person, query_id: str, sql: str | None, sent: Callable[[], object]
) -> None:  # fmt: skip
    """A button that opens the dialog; `sent` is called once the flag is kept."""
    button("Flag", lambda: _open(person, query_id, sql, sent), kind="quiet", icon="flag")


def _open(person: Person, query_id: str, sql: str | None, sent: Callable[[], object]) -> None:
    """Ask for a rating, a comment, and the SQL as it should have been."""
    shown, sheet = dialog("Flag this answer")
    # Sent again with the same key, it counts once.
    key = secrets.token_urlsafe(16)
    with sheet:
        text("p", "How right is it?", "mini-title")
        rating = ui.radio({i: f"{i} – {word}" for i, word in enumerate(RATINGS, 1)})
        named(rating.classes("ratings"), "How right is it?", role="radiogroup")
        comment = ui.textarea(label="What is wrong, or right?")
        comment.props("outlined autogrow maxlength=4000").classes("field")
        with box("details", "more"):
            text("summary", "Suggest the right SQL")
            fixed = ui.textarea(label="SQL", value=sql or "").props(
                "outlined autogrow spellcheck=false maxlength=65536"
            )
            fixed.classes("field sql-editor")
        said = box("div")

        async def send() -> None:
            said.clear()
            if rating.value is None:
                with said:
                    text("p", "Choose how right it is.", "fault").props["role"] = "alert"
                return
            better = (fixed.value or "").strip()
            body: JSON = {
                "query_id": query_id, "rating": rating.value, "comment": comment.value or "",
                "corrected_sql": better if better and better != (sql or "").strip() else None,
            }  # fmt: skip
            with minding(said):
                await person.call(
                    "POST", "/feedback/flag", body=body, headers={"Idempotency-Key": key}
                )
                notify("Thank you. An admin will look at it.")
                shown.close()
                sent()

        with box("div", "dialog-end"):
            button("Cancel", shown.close, kind="quiet")
            button("Send", send, kind="main")
    shown.on("hide", shown.delete)
    shown.open()
