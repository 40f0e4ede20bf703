"""The Users page, for admins: who there is, what they may do, and new passwords."""

from __future__ import annotations

from nicegui import ui
from starlette.requests import Request

from datamind.ui.client import JSON
from datamind.ui.frame import heading, page
from datamind.ui.pages.history import when
from datamind.ui.pieces import (
    box,
    button,
    chip,
    copy_button,
    dialog,
    empty,
    field,
    icon_button,
    minding,
    named,
    notify,
    text,
)
from datamind.ui.sessions import Person
from datamind.ui.words import ROLES, counted

PER_PAGE = 50
CHOICES = {role: name for role, (name, _) in ROLES.items()}


@page("/users", "Users", admins=True)
async def users(person: Person, request: Request) -> None:
    """All users, and what can be done with each."""
    heading("Users", "Who may sign in, and what they may do.")
    await _Users(person).load()


class _Users:
    """The list of users, and the dialogs that change it."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._cursor: str | None = None
        with box("div", "filters"):
            self._words = field("Search names and addresses", classes="grow")
            self._words.props("clearable debounce=250")
            button("Add user", self.add, kind="main", icon="person_add")
        self._total = text("p", "", "small muted")
        self._total.props["role"] = "status"
        with box("section", "card"):
            scroll = named(box("div", "scroll"), "Users", tabindex="0", role="region")
            with scroll, box("table", "grid"):
                with box("thead"), box("tr"):
                    for head in ("Name", "Role", "Status", "Last sign-in", "Actions"):
                        text("th", head).props["scope"] = "col"
                self._body = box("tbody")
            self._none = empty("person_search", "Nobody found", "Try another name or address.")
            self._said = box("div")
            self._more = button("Load more", self.more, icon="expand_more")
            for piece in (self._none, self._more):
                piece.set_visibility(False)  # until it is known
        self._words.on_value_change(self.load)

    async def load(self) -> None:
        """From the start, as the search says."""
        self._cursor = None
        await self._fetch(fresh=True)

    async def more(self) -> None:
        """The next page."""
        await self._fetch(fresh=False)

    async def _fetch(self, *, fresh: bool) -> None:
        words = (self._words.value or "").strip()[:200]
        self._said.clear()
        with minding(self._said, again=self.load if fresh else self.more):
            found = await self._person.get(
                "/users", q=words or None, limit=PER_PAGE, cursor=self._cursor
            )
            if fresh:
                self._body.clear()
            self._cursor = found["next_cursor"]
            self._more.set_visibility(self._cursor is not None)
            self._none.set_visibility(not found["total"])
            self._total.text = counted(found["total"], "user")
            with self._body:
                for user in found["items"]:
                    _Line(self._person, user)

    def add(self) -> None:
        """A dialog for a new user."""
        shown, sheet = dialog("Add user")
        with sheet:
            name = field("Name").props("maxlength=200 autofocus")
            email = field("E-mail address", kind="email").props("maxlength=254")
            role = _role_select("viewer")
            text("p", "A password is made, and shown to you once.", "small muted")
            said = box("div")

            async def create() -> None:
                said.clear()
                with minding(said):
                    body = {"name": name.value or "", "email": email.value or ""}
                    made = await self._person.post("/users", {**body, "role": role.value})
                    shown.close()
                    _tell_password(made)
                    await self.load()

            with box("div", "dialog-end"):
                button("Cancel", shown.close, kind="quiet")
                button("Add user", create, kind="main")
        shown.on("hide", shown.delete)
        shown.open()


class _Line:
    """One user; shown anew after each change."""

    def __init__(self, person: Person, user: JSON) -> None:
        self._person = person
        self._user = user
        self._row = box("tr")
        self._show()

    def _show(self) -> None:
        user = self._user
        self._row.clear()
        with self._row:
            with box("td"):
                text("div", user["name"], "line-title")
                text("div", user["email"], "small muted")
            text("td", CHOICES[user["role"]])
            with box("td"):
                chip(
                    "Active" if user["active"] else "Inactive",
                    tone="good" if user["active"] else "quiet",
                )
            last = user["last_login_at"]
            text("td", when(last) if last else "never", "muted nowrap")
            with box("td", "nowrap"):
                name = user["name"]
                icon_button("manage_accounts", f"Change the role of {name}", self._role)
                icon_button("password", f"New password for {name}", self._reset)
                if user["active"]:
                    icon_button("person_off", f"Deactivate {name}", self._deactivate)
                else:
                    icon_button("person", f"Activate {name}", self._activate)

    async def _change(self, method: str, path: str, body: JSON, said: str) -> None:
        """One call about this user; its answer is what they are now."""
        with minding():
            now = await self._person.call(method, f"/users/{self._user['id']}{path}", body=body)
            self._user = now
            notify(said)  # first: drawing the row anew takes the button away that this came from
            self._show()

    async def _activate(self) -> None:
        await self._change("PATCH", "", {"active": True}, f"{self._user['name']} may sign in.")

    def _deactivate(self) -> None:
        name = self._user["name"]
        words = f"{name} is signed out everywhere, and can't sign in until activated again."
        self._sure(f"Deactivate {name}?", words, "Deactivate", "POST", "/deactivate", {})

    def _reset(self) -> None:
        words = "The old one stops working, and all sessions end."
        self._sure(
            f"New password for {self._user['name']}?", words, "Make a new password", "PATCH", "",
            {"reset_password": True},
        )  # fmt: skip

    def _sure(
        self, title: str, words: str, label: str, method: str, path: str, body: JSON
    ) -> None:  # fmt: skip
        shown, sheet = dialog(title)
        with sheet:
            text("p", words, "muted")
            said = box("div")

            async def go() -> None:
                said.clear()
                with minding(said):
                    now = await self._person.call(
                        method, f"/users/{self._user['id']}{path}", body=body
                    )
                    shown.close()
                    if now.get("password"):
                        _tell_password(now)
                    self._user = {**now, "password": None}
                    self._show()

            with box("div", "dialog-end"):
                button("Cancel", shown.close, kind="quiet")
                button(label, go, kind="danger" if path else "main")
        shown.on("hide", shown.delete)
        shown.open()

    def _role(self) -> None:
        shown, sheet = dialog(f"Role of {self._user['name']}")
        with sheet:
            role = _role_select(self._user["role"])
            for name, meaning in ROLES.values():
                text("p", f"{name}: {meaning}", "small muted")
            said = box("div")

            async def give() -> None:
                said.clear()
                with minding(said):
                    self._user = await self._person.post(
                        f"/users/{self._user['id']}/assign-role", {"role": role.value}
                    )
                    shown.close()
                    self._show()
                    notify("The role is changed.")

            with box("div", "dialog-end"):
                button("Cancel", shown.close, kind="quiet")
                button("Change role", give, kind="main")
        shown.on("hide", shown.delete)
        shown.open()


def _role_select(role: str) -> ui.select:
    made = ui.select(CHOICES, value=role, label="Role")
    return made.props("outlined dense options-dense").classes("field")


def _tell_password(user: JSON) -> None:
    """The password, once: nobody can look it up again."""
    shown, sheet = dialog(f"Password of {user['name']}")
    shown.props("persistent")
    with sheet:
        text("p", "Hand it over safely: it is shown this once.", "muted")
        with box("div", "secret"):
            text("span", user["password"])
            copy_button("Copy the password", user["password"])
        with box("div", "dialog-end"):
            button("Done", shown.close, kind="main")
    shown.on("hide", shown.delete)
    shown.open()
