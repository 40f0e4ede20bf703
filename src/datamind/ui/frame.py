"""The frame of every live page: who may see it, its header, and the menu of its person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from nicegui import Client, context, ui
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from datamind.ui import assets
from datamind.ui.account import password_dialog
from datamind.ui.client import STANDING_S, Trouble
from datamind.ui.doors import pages_of, sign_in_url
from datamind.ui.pieces import (
    box,
    icon,
    icon_button,
    link,
    link_button,
    named,
    notify,
    text,
    trouble_box,
)
from datamind.ui.sessions import Ended, Person
from datamind.ui.words import ROLES, for_people

Builder = Callable[[Person, Request], Awaitable[None]]
STATE = "/system"  # where admins see why, and take a mode back
# (path, what it is called, its icon, whether it is for admins only)
PLACES = (
    ("/", "Ask", "chat_bubble_outline", False),
    ("/history", "History", "history", False),
    ("/catalog", "Catalog", "menu_book", False),
    ("/users", "Users", "group", True),
    (STATE, "System", "monitor_heart", True),
)
# What there is below System: (path, what it is called)
OPERATIONS = (
    (STATE, "State"),
    ("/jobs", "Jobs"),
    ("/dbt", "dbt"),
    ("/backups", "Backups"),
    ("/audit", "Audit"),
    ("/config", "Configuration"),
)
LOOK_S = 5.0  # between looks at how the system is
# mode: what can be done in it all the same
MEANWHILE = {
    "READ_ONLY": "Nothing can be changed meanwhile. The catalog can be read. This goes away by"
    " itself when all works again.",
    "EMERGENCY": "Nothing else works meanwhile. This goes away by itself when it does again.",
}


def page(path: str, title: str, *, admins: bool = False) -> Callable[[Builder], Builder]:
    """Serve what the builder makes at this path, for those who are signed in."""

    def serve(build: Builder) -> Builder:
        @ui.page(path, title=f"{title} · DataMind", response_timeout=20.0)
        async def shown(request: Request) -> Response | None:
            person = pages_of(request).person(request)
            where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            if person is None:
                return _stranger(request, where)
            ui.add_head_html(assets.head() + assets.script("app.js"))
            ui.context.client.on_exception(_broke)
            try:
                with suppress(Trouble):  # as they were known
                    await person.look_again()
                content, banner = _frame(person, path)
                _banners[ui.context.client] = banner
                await banner.look()
                ui.timer(LOOK_S, banner.look, immediate=False)
                with content:
                    if admins and not person.is_admin:
                        ui.context.client.status_code = 403
                        _not_allowed()
                    else:
                        await build(person, request)
            except Ended:
                return RedirectResponse(sign_in_url(where, ended=True), 303)
            except Trouble as told:
                ui.context.client.status_code = told.status
                with content:
                    trouble_box(told, again=ui.navigate.reload if told.status >= 429 else None)
                if told.status == 503:
                    await banner.wait(ui.navigate.reload)
            return None

        return build

    return serve


def _broke() -> None:
    """A fault of ours in an action; the log has it."""
    notify("Something went wrong on this page. Reload it, and try again.", good=False)


def _stranger(request: Request, where: str) -> Response:
    """To the sign-in page; whoever followed a link from elsewhere first comes again from here,
    for browsers send our cookie (SameSite=Strict) only then."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        return HTMLResponse('<!doctype html><meta http-equiv="refresh" content="0">')
    ended = pages_of(request).cookie in request.cookies
    return RedirectResponse(sign_in_url(where, ended=ended), 303)


def _frame(person: Person, path: str) -> Any:
    banner = box("div", "banner")
    content = box("div", "page")
    with ui.header(wrap=False).classes("bar"):
        ui.skip_link("Skip to content", target=content)  # first, for it skips what follows
        home = box("a", "home")
        home.props["href"] = "/"
        with named(home, "DataMind, to Ask"):
            ui.html(assets.LOGO, sanitize=False)
            text("span", "DataMind", "home-name")
        with named(box("nav", "places"), "Main"):
            for target, label, symbol, admins in PLACES:
                if not admins or person.is_admin:
                    _place(target, label, symbol, current=_is_at(path, target))
        with box("div", "bar-end"):
            dark = icon_button("contrast", "Switch between light and dark")
            dark.on("click", js_handler="() => datamind.toggleTheme()")
            _menu(person)
    return content, Banner(person, banner, path)


class Banner:
    """Says on each page what does not work now, by itself, and when it is back."""

    def __init__(self, person: Person, place: Any, path: str) -> None:
        self._person = person
        self._links = person.is_admin and path != STATE
        self._place = named(place, "State of the system", role="status")
        self._said = ""
        self._when_back: Callable[[], None] | None = None

    async def wait(self, when_back: Callable[[], None]) -> None:
        """The page could not be shown. What was said of the system may be two seconds old, and all
        may be well again at the next look: it has to be known now."""
        self._when_back = when_back
        await self.look(known_s=0.0)

    async def look(self, known_s: float = STANDING_S) -> None:
        """Say what has changed since the last look."""
        now = await self._person.api.standing(ip=self._person.ip, known_s=known_s)
        if now.detail == self._said:
            return
        back, self._said = bool(self._said), now.detail
        self._place.clear()
        with self._place:
            if now.detail:
                with box("div", "notice tone-note"):
                    icon("hourglass_top", "notice-icon")
                    with box("div", "notice-body"):
                        text("p", for_people(now.detail), "notice-title")
                        with text("p", MEANWHILE.get(now.mode, ""), "notice-hint"):
                            if self._links:
                                text("span", " ")
                                link("See why, and what can be done", STATE)
            elif back and self._when_back is not None:
                self._when_back()
            elif back:
                notify("All is back: questions are answered again.")


_banners: WeakKeyDictionary[Client, Banner] = WeakKeyDictionary()


def banner() -> Banner:
    """That of the page that is being made."""
    return _banners[context.client]


def _is_at(path: str, target: str) -> bool:
    if target == STATE:
        return any(path.startswith(below) for below, _ in OPERATIONS)
    return path == target or (target != "/" and path.startswith(target))


def _place(target: str, label: str, symbol: str, *, current: bool) -> None:
    made = box("a", "place")
    made.props["href"] = target
    if current:
        made.props["aria-current"] = "page"
    with made:
        icon(symbol)
        text("span", label)


def _menu(person: Person) -> None:
    initials = "".join(word[0] for word in person.name.split()[:2]).upper() or "?"
    change = password_dialog(person)
    opener = ui.button(color=None).props("flat round no-caps").classes("who")
    with named(opener, f"Account of {person.name}", aria_haspopup="true"):
        text("span", initials)
        with ui.menu().props("auto-close").classes("menu"):
            with box("div", "menu-who"):
                text("p", person.name, "menu-name")
                text("p", person.email, "muted small")
                text("p", ROLES.get(person.role, (person.role,))[0], "chip tone-quiet")
            ui.separator()
            with ui.item(on_click=change.open).classes("menu-item"):
                icon("password")
                text("span", "Change password")
            form = box("form", "menu-form")
            form.props["method"], form.props["action"] = "post", "/signout"
            with form, ui.element("button").classes("menu-item menu-submit") as leave:
                leave.props["type"] = "submit"
                icon("logout")
                text("span", "Sign out")


def _not_allowed() -> None:
    with box("section", "card narrow centered"):
        icon("lock", "empty-icon")
        text("h1", "Not allowed")
        text("p", "This page is for admins. Ask one of them if you need it.", "muted")
        link_button("Go to Ask", "/", kind="main")


def heading(title: str, words: str = "") -> None:
    """The page's own heading."""
    with box("div", "page-head"):
        text("h1", title)
        if words:
            text("p", words, "muted")


def operations(current: str, words: str = "") -> None:
    """The heading of a page for operators, and the way to the others of its kind."""
    heading("System", words)
    with named(box("nav", "tabs"), "System"):
        for target, label in OPERATIONS:
            made = link(label, target, "tab")
            if target == current:
                made.props["aria-current"] = "page"
