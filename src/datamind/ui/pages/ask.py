"""The Ask page: a question box, what it suggests, and the conversation."""

from __future__ import annotations

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from datamind.ui.asking import BUSY, Thread, viewer_card
from datamind.ui.client import JSON, Trouble
from datamind.ui.frame import page
from datamind.ui.pieces import (
    box,
    button,
    icon,
    icon_button,
    link_button,
    minding,
    named,
    notify,
    text,
)
from datamind.ui.sessions import Ended, Person
from datamind.ui.words import spoken

# What is in the field now: its own events may be late, or out of order while the page connects.
FIELD = "document.querySelector('#question').value"
MOST_SUGGESTIONS = 6
MOST_EXAMPLES = 6
KINDS = {"metric": "Metric", "table": "Table", "column": "Column", "value": "Value"}


@page("/", "Ask")
async def ask(person: Person, request: Request) -> None:
    """Ask, where one may."""
    if not person.may_ask:
        text("h1", "Ask your data", "hidden-title")
        viewer_card()
        with box("div", "actions centered"):
            link_button("Open the Catalog", "/catalog", kind="main", icon="menu_book")
            link_button("Open the History", "/history", icon="history")
        return
    examples = (await person.get("/public/demo/questions"))["questions"][:MOST_EXAMPLES]
    await _Ask(person, examples).start(request)


class _Ask:
    """The page's parts, and what they do to each other."""

    def __init__(self, person: Person, examples: list[str]) -> None:
        self.person = person
        with box("div", "ask") as self.root:
            self.hero = box("div", "hero")
            with self.hero:
                text("h1", "Ask your data")
                text("p", "In plain English. Each answer shows how it came about.", "lead")
            self.thread = Thread(person, self._turned)
            self.box = QuestionBox(person, self.thread)
            self.examples = box("div", "examples")
            with self.examples:
                _examples(examples, self.thread)

    def _turned(self, has_turns: bool) -> None:
        self.root.classes(add="has-turns") if has_turns else self.root.classes(remove="has-turns")
        self.hero.set_visibility(not has_turns)
        self.examples.set_visibility(not has_turns)
        self.box.renew.set_visibility(has_turns)

    async def start(self, request: Request) -> None:
        """What the address asks for: a query again, or to begin with a table or metric."""
        asked = request.query_params
        if "about" in asked:
            self.box.input.value = f"How many {spoken(asked['about']).lower()} are there?"
        elif "metric" in asked:
            self.box.input.value = f"What is the {spoken(asked['metric']).lower()}?"
        elif "c" in asked:
            with minding(self.thread.place):
                await self.thread.restore(asked["c"][:64])
        elif "again" in asked:
            with minding(self.thread.place):
                earlier = await self.person.get(f"/queries/{asked['again']}")
                # Once the browser is there to see the stages.
                ui.timer(0.01, lambda: self._again(earlier), once=True)

    async def _again(self, earlier: JSON) -> None:
        if earlier["kind"] == "execute" and earlier.get("sql"):
            await self.thread.run(earlier["sql"], None)
        else:
            await self.thread.ask(earlier["question"])


class QuestionBox:
    """The field to ask in; below it what the catalog suggests for the word being typed."""

    def __init__(self, person: Person, thread: Thread) -> None:
        self._person = person
        self._thread = thread
        self._typed = 0
        with box("div", "dock"), box("form", "question-box") as form:
            named(form, "Ask a question", role="search")
            form.on("submit", js_handler="(e) => e.preventDefault()")
            self.input = ui.input(placeholder="What would you like to know?")
            self.input.props("borderless autofocus for=question autocomplete=off maxlength=4000")
            self.input.classes("question")
            named(
                self.input, "Your question", role="combobox", aria_autocomplete="list",
                aria_controls="suggestions", aria_expanded="false",
            )  # fmt: skip
            self.renew = icon_button("add_comment", "New conversation", self._restart)
            self.renew.set_visibility(False)
            ask = button("Ask", kind="main", icon="arrow_upward")
            named(ask.classes("ask-btn"), "Ask").on(
                "click", self._ask, js_handler=f"() => emit({FIELD})"
            )
            self.list = named(box("div", "suggestions"), "Suggestions", role="listbox")
            self.list.props["id"] = "suggestions"
            self.list.set_visibility(False)
        self.input.on("keydown.enter", self._ask, js_handler=f"() => emit({FIELD})")
        self.input.on("update:value", self._suggest, js_handler="() => datamind.afterTyping(emit)")
        self.input.on("keydown.esc", self._close)
        self.input.on("blur", self._close_soon)

    async def _ask(self, event: GenericEventArguments) -> None:
        question = str(event.args)
        if self._thread.busy:
            notify(BUSY, good=False)  # what was typed stays
        elif question.strip():
            self.input.value = ""
            self.input.run_method("updateValue")  # also where it was empty by what we knew
            self._close()
            await self._thread.ask(question)

    def _restart(self) -> None:
        self._thread.restart()
        self.input.run_method("focus")

    async def _suggest(self, event: GenericEventArguments) -> None:
        self._typed += 1
        mine, typed = self._typed, str(event.args)
        word = typed.rsplit(" ", 1)[-1].strip("?,.;")
        if len(word) < 2:
            self._close()
            return
        try:
            found = await self._person.get("/catalog/search", q=word[:200], limit=MOST_SUGGESTIONS)
        except (Trouble, Ended):  # a suggestion less is no trouble
            return
        if mine == self._typed:
            # What begins with the word comes before what is only related to it.
            items = sorted(found["items"], key=lambda i: not _said(i).startswith(word.lower()))
            self._open(typed, items)

    def _open(self, typed: str, items: list[JSON]) -> None:
        self.list.clear()
        with self.list:
            for number, item in enumerate(items):
                self._option(number, typed, item)
        self._show(bool(items))

    def _option(self, number: int, typed: str, item: JSON) -> None:
        said = _said(item)
        made = box("div", "suggestion")
        made.props["id"] = f"suggestion-{number}"
        made.props["role"], made.props["aria-selected"] = "option", "false"
        # Before the field loses its focus, and with it the list.
        made.on("mousedown", js_handler="(e) => e.preventDefault()")
        made.on("click", lambda: self._take(typed, said))
        with made:
            text("span", said, "suggestion-name")
            text("span", KINDS.get(str(item["kind"]), ""), "chip tone-quiet")
            text("span", item["text"], "suggestion-text")

    def _take(self, typed: str, said: str) -> None:
        before, space, _ = typed.rpartition(" ")
        self.input.value = f"{before}{space}{said} "
        self._typed += 1
        self._close()
        self.input.run_method("focus")

    async def _close_soon(self) -> None:
        self._close()

    def _close(self) -> None:
        self._typed += 1
        self._show(False)

    def _show(self, visible: bool) -> None:
        self.list.set_visibility(visible)
        self.input.props["aria-expanded"] = "true" if visible else "false"


def _said(item: JSON) -> str:
    """A thing of the catalog by the word that a question would use."""
    name = str(item["id"])
    if item["kind"] == "value":
        return name.rsplit(" = ", 1)[-1]
    return spoken(name.rsplit(".", 1)[-1]).lower()


def _examples(questions: list[str], thread: Thread) -> None:
    if not questions:
        with text("p", "", "muted centered"):
            text("span", "Not sure where to start? ")
            text("a", "Look through the catalog", "link").props["href"] = "/catalog"
        return
    text("h2", "For example", "mini-title")
    with box("div", "example-list"):
        for question in questions:
            _example(question, thread)


def _example(question: str, thread: Thread) -> Element:
    made = ui.button(on_click=lambda: thread.ask(question), color=None).props("no-caps unelevated")
    with made.classes("example"):
        text("span", question)
        icon("north_east")
    return made
