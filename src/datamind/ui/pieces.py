"""Small pieces that all pages are made of; whatever text they are given is shown as text."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nicegui import context, ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from datamind.ui.client import Trouble
from datamind.ui.doors import sign_in_url
from datamind.ui.sessions import Ended
from datamind.ui.words import SEE_CATALOG, SEE_TABLES, for_people, hint_for_people

log = logging.getLogger(__name__)
Action = Callable[[], Awaitable[None] | None]


def text(tag: str, words: str, classes: str = "") -> TextElement:
    """An element that holds words."""
    element = TextElement(tag=tag, text=words)
    element.classes(classes)
    return element


def box(tag: str = "div", classes: str = "") -> Element:
    """An element to put others in."""
    return Element(tag).classes(classes)


def named(element: Any, label: str, **attributes: str) -> Any:
    """The element with its name for those who don't see it, and further attributes."""
    element.props["aria-label"] = label
    for name, value in attributes.items():
        element.props[name.replace("_", "-")] = value
    return element


def icon(name: str, classes: str = "") -> Element:
    """A picture beside words; it says nothing itself."""
    element = ui.icon(name).classes(classes)
    element.props["aria-hidden"] = "true"
    return element


def button(label: str, action: Any = None, *, kind: str = "plain", icon: str = "") -> ui.button:
    """A button; `kind` is main, plain, quiet or danger."""
    made = (
        ui.button(on_click=action, color=None)
        .props("no-caps unelevated")
        .classes(f"btn btn-{kind}")
    )
    with made:
        if icon:
            ui.icon(icon).classes("btn-icon").props["aria-hidden"] = "true"
        text("span", label)
    return made


def icon_button(icon: str, label: str, action: Any = None) -> ui.button:
    """A button that is only a picture, with its name and a tooltip."""
    made = (
        ui.button(icon=icon, on_click=action, color=None)
        .props("flat round no-caps")
        .classes("icon-btn")
    )
    named(made, label)
    with made:
        ui.tooltip(label)
    return made


def link_button(label: str, target: str, *, kind: str = "plain", icon: str = "") -> Element:
    """A link that looks like a button."""
    made = Element("a").classes(f"btn btn-link btn-{kind}")
    made.props["href"] = target
    with made:
        if icon:
            ui.icon(icon).classes("btn-icon").props["aria-hidden"] = "true"
        text("span", label)
    return made


def link(label: str, target: str, classes: str = "link") -> Element:
    """A link in running text."""
    made = text("a", label, classes)
    made.props["href"] = target
    return made


def chip(label: str, *, tone: str = "quiet", icon: str = "", tip: str = "") -> Element:
    """A small word with a colour; what its tip says can be reached by keyboard too."""
    made = box("span", f"chip tone-{tone}")
    with made:
        if icon:
            ui.icon(icon).props["aria-hidden"] = "true"
        text("span", label)
        if tip:
            made.props["tabindex"] = "0"
            named(made, f"{label}: {tip}", role="note")
            ui.tooltip(tip).classes("tip")
    return made


def field(label: str, value: str = "", *, kind: str = "text", classes: str = "") -> ui.input:
    """A field to type into, with its label."""
    made = ui.input(label=label, value=value).props("outlined dense").classes(f"field {classes}")
    made.props["type"] = kind
    return made


def empty(icon_name: str, title: str, words: str = "") -> Element:
    """What is shown where there is nothing."""
    made = box("div", "empty")
    with made:
        icon(icon_name, "empty-icon")
        text("p", title, "empty-title")
        if words:
            text("p", words, "empty-text")
    return made


def trouble_box(told: Trouble, *, again: Any = None) -> Element:
    """What went wrong, what to do about it, and by what name an admin can find it."""
    waits = told.retry_after_s is not None or told.status in (429, 503)
    made = box("div", f"notice tone-{'note' if waits else 'bad'}")
    made.props["role"] = "alert"
    with made:
        icon("hourglass_top" if waits else "error_outline", "notice-icon")
        with box("div", "notice-body"):
            text("p", for_people(told.detail), "notice-title")
            hint_line(told.hint, told.code)
            if told.status >= 500 and told.correlation_id:
                text("p", f"Reference: {told.correlation_id}", "small muted")
            if again is not None:
                button("Try again", again, icon="refresh")
    return made


def hint_line(hint: str | None, code: str = "") -> None:
    """The hint in words that fit the pages, if there is one."""
    words = hint_for_people(hint, code)
    if words:
        with text("p", words, "notice-hint"):
            if words in (SEE_CATALOG, SEE_TABLES):
                text("span", " ")
                link("Open the Catalog", "/catalog")


def notify(words: str, *, good: bool = True) -> None:
    """Say something in passing."""
    ui.notify(
        words, classes="toast toast-good" if good else "toast toast-bad", position="bottom",
        timeout=4000 if good else 8000,
    )  # fmt: skip


@contextmanager
def minding(place: Element | None = None, *, again: Any = None) -> Iterator[None]:
    """Show troubles of the block in `place`, or in passing; a session that ended leads out."""
    try:
        yield
    except Ended:
        leave()
    except Trouble as told:
        if place is None:
            notify(
                f"{for_people(told.detail)} {hint_for_people(told.hint, told.code)}".strip(),
                good=False,
            )
        else:
            with place:
                trouble_box(told, again=again)


def leave() -> None:
    """To the sign-in page, and back here afterwards."""
    url = context.client.request.url
    ui.navigate.to(sign_in_url(url.path + (f"?{url.query}" if url.query else ""), ended=True))


def dialog(title: str, classes: str = "") -> tuple[ui.dialog, Element]:
    """A dialog, and where its content goes."""
    # On the page itself: the dialog that opens it may be gone before it.
    with context.client.content:
        made = ui.dialog()
    named(made, title)
    with made:
        sheet = box("div", f"dialog {classes}")
        with sheet:
            text("h2", title, "dialog-title")
    return made, sheet


def copy_button(label: str, content: str) -> ui.button:
    """Puts the content on the clipboard and says so."""

    def copied() -> None:
        ui.clipboard.write(content)
        notify("Copied.")

    return icon_button("content_copy", label, copied)
