"""The Configuration page, for admins: what holds on this node, and what may be changed of it."""

from __future__ import annotations

from nicegui.element import Element
from starlette.requests import Request

from datamind.ui.client import JSON
from datamind.ui.frame import operations, page
from datamind.ui.pages.history import people_of, when
from datamind.ui.pieces import box, button, chip, dialog, field, minding, named, notify, text
from datamind.ui.sessions import Person

SOURCES = {"default": "as usual", "environment": "environment", "changed": "changed"}
# (title, words, heads) of what can be changed now, then of the others
TABLES = (
    (
        "To be changed now",
        "A change holds on all servers within seconds, and is audited.",
        ("Setting", "Holds", "From", "Takes", "Change"),
    ),
    (
        "Set at the start",
        "In the environment or .env, read again at the next start. What is as usual is left out.",
        ("Setting", "Value", "From"),
    ),
)


@page("/config", "Configuration", admins=True)
async def config(person: Person, request: Request) -> None:
    """All settings: those that can be changed while servers run, then the others."""
    operations("/config", "What holds on this node; secrets are never shown.")
    _Config(person, await people_of(person)).show(await person.get("/system/config"))


class _Config:
    """The settings as they were read last; a change is refused if others changed them since."""

    def __init__(self, person: Person, people: dict[str, str]) -> None:
        self._person = person
        self._people = people
        self._revision = 0
        self._bodies = [_table(*table) for table in TABLES]

    def show(self, told: JSON) -> None:
        """The settings as they are now."""
        self._revision = told["revision"]
        takes = [one for one in told["settings"] if one["takes"]]
        given = [one for one in told["settings"] if not one["takes"] and one["value"] is not None]
        for body, settings in zip(self._bodies, (takes, given), strict=True):
            body.clear()
            with body:
                for setting in settings:
                    self._draw(setting)

    def _draw(self, setting: JSON) -> None:
        with box("tr"):
            with box("td", "nowrap"):
                text("code", setting["name"])
            value = setting["holds"] if setting["takes"] else setting["value"]
            with box("td", "nowrap" if setting["takes"] else ""):
                text("span", "—" if value is None else str(value))
            with box("td"):
                tone = "note" if setting["source"] == "changed" else "quiet"
                chip(SOURCES[setting["source"]], tone=tone)
                if setting["changed_at"]:
                    words = (self._people.get(setting["changed_by"]), when(setting["changed_at"]))
                    text("div", ", ".join(w for w in words if w), "small muted")
            if setting["takes"]:
                text("td", takes_of(setting["takes"]), "small muted")
                with box("td", "nowrap"):
                    name = setting["name"]
                    made = button("Change", lambda: self._change(setting), icon="edit")
                    named(made, f"Change {name}")

    def _change(self, setting: JSON) -> None:
        name = setting["name"]
        shown, sheet = dialog(f"Change {name}")
        with sheet:
            value = field("Value", str(setting["holds"])).props("maxlength=40 autofocus")
            text("p", takes_of(setting["takes"]), "small muted")
            said = box("div")

            async def put(wanted: str | None) -> None:
                said.clear()
                with minding(said):
                    told = await self._person.call(
                        "PATCH", "/system/config", body={"settings": {name: wanted}},
                        headers={"If-Match": f'"{self._revision}"'},
                    )  # fmt: skip
                    notify("The setting is changed.")
                    shown.close()
                    self.show(told)

            with box("div", "dialog-end"):
                button("Leave it", shown.close, kind="quiet")
                if setting["source"] == "changed":
                    button("Take the change back", lambda: put(None))
                button("Change it", lambda: put(value.value or ""), kind="main")
        shown.on("hide", shown.delete)
        shown.open()


def _table(title: str, words: str, heads: tuple[str, ...]) -> Element:
    with box("section", "card"):
        text("h2", title)
        text("p", words, "small muted")
        scroll = named(box("div", "scroll"), title, tabindex="0", role="region")
        with scroll, box("table", "grid"):
            with box("thead"), box("tr"):
                for head in heads:
                    text("th", head).props["scope"] = "col"
            return box("tbody")


def takes_of(takes: JSON) -> str:
    """What a setting takes, as people read it."""
    bounds = f"{takes['least']:,g} to {takes['most']:,.0f} {takes['unit']}"
    return f"{bounds}, as 60/minute" if takes["kind"] == "rate" else bounds
