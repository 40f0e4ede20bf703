"""Downloading: the rows of an answer as a file, fetched in their reader's name."""

from __future__ import annotations

from nicegui import ui

from datamind.ui.pieces import box, button, minding, notify
from datamind.ui.sessions import Person
from datamind.ui.words import counted

FORMATS = {"csv": "CSV", "xlsx": "Excel"}


def download_buttons(person: Person, query_id: str) -> None:
    """A button for each format. The server of the pages fetches the file and hands it over: no
    address that holds a token ever reaches the browser."""
    said = box("div", "said")
    for format, label in FORMATS.items():
        _download_button(person, query_id, format, label, said)


def _download_button(
    person: Person, query_id: str, format: str, label: str, said: ui.element
) -> None:
    async def fetch() -> None:
        said.clear()
        with minding(said):
            file = await person.file(f"/queries/{query_id}/export", format=format)
            ui.download.content(file.body, file.name, file.media_type)
            if file.truncated:
                notify(f"There are more rows than the {counted(file.rows, 'row')} in the file.")

    button(f"Download {label}", fetch, kind="quiet", icon="download")
