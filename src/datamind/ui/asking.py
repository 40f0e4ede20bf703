"""Asking on the page: a thread of questions, each answered as its stages stream in."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nicegui import context, ui
from nicegui.element import Element

from datamind.ui.answer import Acts, show_answer, show_trouble, status_line
from datamind.ui.client import JSON, Trouble, trouble
from datamind.ui.pieces import box, button, icon, leave, named, notify, text
from datamind.ui.sessions import Ended, Person
from datamind.ui.sql import sql_block, sql_panel
from datamind.ui.words import STAGES, duration

BUSY = "One thing at a time: wait for the answer, or stop it."
SILENT = Trouble("unavailable", "The answer broke off.", hint="Try again.", status=503)
MOST_TURNS = 30  # earlier ones make room: a page holds no more rows than it can show


class Live:
    """The stages of an ask on its way, with a button that stops it."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._rows: dict[str, tuple[Element, Element]] = {}
        self.query_id: str | None = None
        self.task: asyncio.Task[object] | None = asyncio.current_task()
        self.place = box("div", "live")
        with self.place:
            with named(box("ol", "stages"), "Stages", role="list", aria_live="polite"):
                for number, (stage, name) in enumerate(STAGES):
                    with box("li", "stage" + ("" if number else " is-on")) as row:
                        text("span", name, "stage-name")
                        self._rows[stage] = (row, text("span", "", "stage-time"))
            self._stop = button("Stop", self.stop, icon="stop")

    def stage(self, told: JSON) -> None:
        """One stage ended; the next one is on."""
        names = [stage for stage, _ in STAGES]
        row, time = self._rows[told["stage"]]
        row.classes(add="is-done", remove="is-on")
        time.text = duration(told["elapsed_ms"])  # type: ignore[attr-defined]  # a TextElement
        after = names.index(told["stage"]) + 1
        if after < len(names):
            self._rows[names[after]][0].classes(add="is-on")

    async def stop(self) -> None:
        """Call the query off; the stream says how it ended."""
        self._stop.disable()
        try:
            if self.query_id is not None:
                await self._person.post(f"/sql/{self.query_id}/cancel")
        except (Trouble, Ended):
            if self.task is not None:
                self.task.cancel()


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands above an answer: the question, which reading was chosen, or the SQL."""

    title: str
    note: str = ""
    sql: str = ""
    whole: bool = False  # the SQL stands there to its end, and can be changed and run


class Thread:
    """A conversation: its turns one below the other, and what is being asked."""

    def __init__(self, person: Person, on_turn: Callable[[bool], None]) -> None:
        self._person = person
        self._on_turn = on_turn
        self._client = context.client
        self._conversation = _new_conversation()
        self._running: asyncio.Task[object] | None = None
        self._turns: list[Element] = []
        self.place = named(box("div", "thread"), "Conversation", role="region")
        self._client.on_delete(self._call_off)

    def restart(self) -> None:
        """A new conversation."""
        self._call_off()
        self._conversation = _new_conversation()
        self._turns.clear()
        self.place.clear()
        self._on_turn(False)
        self._client.run_javascript("datamind.talk(null)")

    async def restore(self, conversation: str) -> None:
        """An earlier conversation of this person. The history keeps no rows: an answer that the
        session has no more is asked for anew, where it is wanted."""
        found = await self._person.get(
            "/queries", conversation_id=conversation, user_id=self._person.id, limit=MOST_TURNS
        )
        if not found["items"]:
            return
        self._conversation = conversation
        for query in reversed(found["items"]):
            self._earlier(query)
        self._on_turn(True)

    def _earlier(self, query: JSON) -> None:
        """A turn of before: with its answer, where the session still has it; what was not answered
        with what was said then; else with a button that asks again."""
        by_hand = query["kind"] == "execute"
        place = self._open(_Head("Your SQL", sql=query["statement"]) if by_hand else
                           _Head(query["question"]))[1]  # fmt: skip
        kept = self._person.session.answers.get(query["id"])
        if kept is not None:
            with place:
                show_answer(kept, self._person, Acts(self.ask, self.run), flagged=query["flagged"])
            return

        async def answer(place: Element) -> JSON:
            kept = await self._person.get(f"/queries/{query['id']}")
            if by_hand:
                return await self._executed({"sql": kept["sql"]}, place)
            # A reading that was chosen has no words of the question linked to it.
            plan = None if kept["interpretation"].get("links") else kept["plan"]
            return await self._streamed({"question": kept["question"], "plan": plan}, place)

        async def show() -> None:
            if self._is_free():
                place.clear()
                await self._fill(place, answer, show)

        answered = query["status"] == "answered"
        with place:
            if not answered:
                status_line(query)
            with box("div", "actions"):
                button(
                    "Show the answer" if answered else "Try again", show,
                    icon="visibility" if answered else "refresh",
                )  # fmt: skip

    @property
    def busy(self) -> bool:
        """Whether something is being asked."""
        return self._running is not None

    def _is_free(self) -> bool:
        """Whether something may be asked now; says so where not."""
        if self.busy:
            notify(BUSY, good=False)
        return not self.busy

    async def ask(self, question: str, plan: JSON | None = None, label: str = "") -> None:
        """Ask, and show the stages and then the answer; one question at a time."""
        question = " ".join(question.split())
        if not question or not self._is_free():
            return
        body: JSON = {"question": question, "conversation_id": self._conversation, "plan": plan}

        async def answer(place: Element) -> JSON:
            return await self._streamed(body, place)

        await self._turn(_Head(question, note=label), answer)

    async def run(self, sql: str, query_id: str | None) -> None:
        """Run SQL that the person wrote."""
        if not sql.strip():
            notify("There is no SQL to run.", good=False)
            return
        if not self._is_free():
            return
        body = {"sql": sql, "query_id": query_id, "conversation_id": self._conversation}

        async def answer(place: Element) -> JSON:
            return await self._executed(body, place)

        await self._turn(_Head("Your SQL", sql=sql, whole=True), answer)

    async def _executed(self, body: JSON, place: Element) -> JSON:
        with place, box("div", "live"):
            ui.spinner(size="1.4em")
            text("p", "Running your SQL …", "muted")
            # The API calls a query off when whoever asked hangs up.
            button("Stop", self._hang_up, icon="stop")
        return await self._person.post("/sql/execute", body)

    async def _turn(self, head: _Head, answer: Callable[[Element], Awaitable[JSON]]) -> None:
        """One question or statement, from its head to its answer or trouble. What is tried again
        is the last that was asked: its turn goes to the end."""
        turn, place = self._open(head)

        async def fill() -> None:
            self._on_turn(True)
            await self._fill(place, answer, again)
            if not self._client.is_deleted:
                self._on_turn(True)
                self._client.run_javascript(f'datamind.show("#c{turn.id}")')

        async def again() -> None:
            if self._is_free():
                self._turns.append(self._turns.pop(self._turns.index(turn)))
                turn.move(self.place)
                place.clear()
                await fill()

        self._client.run_javascript(f'datamind.talk("{self._conversation}")')
        await fill()

    async def _fill(
        self, place: Element, answer: Callable[[Element], Awaitable[JSON]],
        again: Callable[[], Awaitable[None]],
    ) -> None:  # fmt: skip
        """The answer or the trouble, where the turn has its place for it."""
        self._running = asyncio.current_task()
        try:
            found = await answer(place)
        except Ended:
            leave()
        except Trouble as told:
            place.clear()
            with place:
                show_trouble(told, again)
        except asyncio.CancelledError:
            if self._client.is_deleted or self._running is None:
                raise
            place.clear()
            with place:
                show_trouble(Trouble("query_cancelled", "Stopped."), again)
        else:
            self._person.session.keep(found)
            place.clear()
            with place:
                show_answer(found, self._person, Acts(self.ask, self.run))
        finally:
            self._running = None

    def _open(self, head: _Head) -> tuple[Element, Element]:
        while len(self._turns) >= MOST_TURNS:
            self._turns.pop(0).delete()
        with self.place:
            turn = box("article", "card turn")
        self._turns.append(turn)
        with turn:
            text("h2", head.title, "asked")
            if head.note:
                text("p", f"Taken as: {head.note}", "small muted")
            if head.sql and head.whole:
                sql_panel(head.sql, self._changed)
            elif head.sql:
                sql_block(head.sql)
            place = box("div", "turn-body")
        self._client.run_javascript(f'datamind.show("#c{turn.id}")')
        return turn, place

    async def _changed(self, sql: str) -> None:
        await self.run(sql, None)

    async def _streamed(self, body: JSON, place: Element) -> JSON:
        with place:
            live = Live(self._person)
        opened = await self._person.post("/sql/ask", body, stream="true")
        stream = self._person.api.stream(
            opened["stream_id"], opened["ticket"], ip=self._person.ip
        )  # fmt: skip
        async with stream as events:
            async for event in events:
                match event.name:
                    case "accepted":
                        live.query_id = event.data["query_id"]
                    case "stage":
                        live.stage(event.data)
                    case "answer":
                        return event.data
                    case "problem":
                        raise trouble(event.data)
        raise SILENT

    def _hang_up(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def _call_off(self) -> None:
        task, self._running = self._running, None
        if task is not None:
            task.cancel()


def _new_conversation() -> str:
    return f"cnv-{secrets.token_hex(8)}"


def viewer_card() -> None:
    """For those who may look but not ask."""
    with box("section", "card narrow centered"):
        icon("visibility", "empty-icon")
        text("h2", "You can look around")
        text(
            "p",
            "Your role is viewer: the catalog and the history are open to you, asking is not."
            " An admin can make you an analyst.",
            "muted",
        )
