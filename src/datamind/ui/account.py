"""The account of whoever is signed in: a new password."""

from __future__ import annotations

from nicegui import ui

from datamind.ui.pieces import box, button, dialog, field, minding, notify, text
from datamind.ui.sessions import Person

SHORTEST = 12


def password_dialog(person: Person) -> ui.dialog:
    """The dialog to change one's own password in."""
    shown, sheet = dialog("Change password")
    with sheet:
        text("p", "All your other sessions end with it.", "muted small")
        old = field("Old password", kind="password").props("autocomplete=current-password")
        new = field("New password", kind="password").props("autocomplete=new-password")
        text("p", f"At least {SHORTEST} characters.", "small muted")
        said = box("div")

        async def change() -> None:
            said.clear()
            with minding(said):
                body = {"old_password": old.value or "", "new_password": new.value or ""}
                await person.call("POST", "/auth/password", body=body)
                old.value = new.value = ""
                shown.close()
                notify("Your password is changed.")

        with box("div", "dialog-end"):
            button("Cancel", shown.close, kind="quiet")
            button("Change password", change, kind="main")
        new.on("keydown.enter", change)
    return shown
