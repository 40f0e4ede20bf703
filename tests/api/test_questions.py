"""Asking over HTTP: streams, calling off, history, and what the audit keeps of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.store import AuditStore
from datamind.adapters.audit.verify import verify
from datamind.errors import Unavailable, WarehouseError
from datamind.records import AuditEvent

from .conftest import RUNAWAY, Api, Run, running, settings_of

QUESTION = "How many orders are there by status?"


async def streamed(api: Api, body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """All events of an ask."""
    opened = await api.call("POST", "/sql/ask?stream=true", body)
    assert opened.status_code == 202, opened.text
    made = opened.json()
    heard = await api.client.get(
        f"/api/v1/sql/stream/{made['stream_id']}", headers={"X-Stream-Ticket": made["ticket"]}
    )
    assert heard.headers["Content-Type"].startswith("text/event-stream")
    return events(heard.text)


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


# ---- streams -----------------------------------------------------------------------------------


def test_each_stage_is_sent_and_then_the_answer(api: Api, run: Run) -> None:
    found = run(streamed(api, {"question": QUESTION}))
    assert [name for name, _ in found] == ["accepted", *["stage"] * 7, "answer"]
    assert [data["stage"] for name, data in found if name == "stage"] == (
        "interpret generate validate optimize sanitize execute explain".split()
    )
    accepted, answer = found[0][1], found[-1][1]
    assert accepted["query_id"] == answer["query_id"]
    assert answer["rows_returned"] == 3
    assert run(api.call("GET", f"/queries/{answer['query_id']}")).status_code == 200


def test_a_fault_is_sent_as_a_problem(api: Api, run: Run) -> None:
    name, data = run(streamed(api, {"question": "?!"}))[-1]
    assert (name, data["code"], data["status"]) == ("problem", "empty_question", 422)


def test_a_ticket_is_good_once_and_for_its_stream_only(api: Api, run: Run) -> None:
    def opened() -> dict[str, str]:
        return run(api.call("POST", "/sql/ask?stream=true", {"question": QUESTION})).json()  # type: ignore[no-any-return]

    def heard(stream: str, **headers: str) -> int:
        api.client.cookies.clear()
        return run(api.client.get(f"/api/v1/sql/stream/{stream}", headers=headers)).status_code  # type: ignore[no-any-return]

    one, other = opened(), opened()
    assert heard(one["stream_id"]) == 404
    assert heard(one["stream_id"], **{"X-Stream-Ticket": other["ticket"]}) == 404
    assert heard(one["stream_id"], **{"X-Stream-Ticket": "x"}) == 404
    assert heard(one["stream_id"], **{"X-Stream-Ticket": one["ticket"]}) == 200
    assert heard(one["stream_id"], **{"X-Stream-Ticket": one["ticket"]}) == 404
    assert heard("str-none", **{"X-Stream-Ticket": one["ticket"]}) == 404
    cookie = {"Cookie": f"stream_ticket={other['ticket']}"}
    assert heard(other["stream_id"], **cookie) == 200


def test_the_browsers_cookie_is_for_its_stream_alone(api: Api, run: Run) -> None:
    answer = run(api.call("POST", "/sql/ask?stream=true", {"question": QUESTION}))
    cookie = answer.headers["Set-Cookie"]
    assert f"Path=/api/v1/sql/stream/{answer.json()['stream_id']};" in cookie
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    api.client.cookies.clear()


def test_one_person_may_not_open_streams_without_end(api: Api, run: Run) -> None:
    async def many() -> list[int]:
        headers = await api.headers("admin")
        body = {"question": QUESTION}
        return [
            (
                await api.client.post("/api/v1/sql/ask?stream=true", json=body, headers=headers)
            ).status_code
            for _ in range(22)
        ]

    found = run(many())
    assert found[:20] == [202] * 20 and found[-1] == 429
    api.client.cookies.clear()


# ---- calling off -------------------------------------------------------------------------------


async def ran_away(api: Api, stop: Callable[[str], Any]) -> Any:
    """The answer to a statement that runs for long, `stop` being called with its id."""
    task = asyncio.create_task(api.call("POST", "/sql/execute", {"sql": RUNAWAY}))
    for _ in range(500):
        await asyncio.sleep(0.01)
        if api.parts.running._runs:
            break
    await asyncio.sleep(0.2)
    (query,) = api.parts.running._runs
    stopped = await stop(query)
    return stopped, await asyncio.wait_for(task, 5)


def test_a_query_is_called_off_by_its_asker(api: Api, run: Run) -> None:
    stopped, answer = run(ran_away(api, lambda q: api.call("POST", f"/sql/{q}/cancel")))
    assert stopped.json()["cancelled"] is True
    assert (answer.status_code, answer.json()["code"]) == (409, "query_cancelled")
    assert len(api.parts.running) == 0
    kept = run(api.call("GET", f"/queries/{stopped.json()['query_id']}")).json()
    assert (kept["status"], kept["error_code"]) == ("cancelled", "query_cancelled")
    again = run(api.call("POST", f"/sql/{kept['id']}/cancel"))
    assert again.json() == {"query_id": kept["id"], "cancelled": False}


@pytest.mark.slow
def test_nobody_else_may_call_it_off_but_an_admin(api: Api, run: Run, shop: Path) -> None:
    async def by_others(query: str) -> Any:
        viewer = await api.call("POST", f"/sql/{query}/cancel", role="viewer")
        body = {"email": "eve@example.com", "name": "Eve", "role": "analyst"}
        made = (await api.call("POST", "/users", body, role="admin")).json()
        login = {"email": "eve@example.com", "password": made["password"]}
        tokens = (await api.client.post("/api/v1/auth/login", json=login)).json()
        eve = await api.client.post(
            f"/api/v1/sql/{query}/cancel",
            headers={"Authorization": f"Bearer {tokens['access_token']}"},
        )
        running = len(api.parts.running)
        admin = await api.call("POST", f"/sql/{query}/cancel", role="admin")
        return viewer.status_code, eve.status_code, running, admin.json()["cancelled"]

    stopped, answer = run(ran_away(api, by_others))
    assert stopped == (403, 404, 1, True)
    assert answer.status_code == 409


def test_a_query_that_does_not_exist_is_not_found(api: Api, run: Run) -> None:
    assert run(api.call("POST", "/sql/qry-none/cancel")).status_code == 404


def test_a_question_may_lean_on_the_one_before_in_its_conversation(api: Api, run: Run) -> None:
    first = run(api.ask(QUESTION, conversation_id="leaning"))
    api.clock.forward(seconds=1)
    then = run(api.ask("only the top 2", conversation_id="leaning"))
    assert (len(first["results"]), len(then["results"])) == (3, 2)
    assert f"follows on from: {QUESTION}" in then["interpretation"]["assumptions"]
    alone = run(api.call("POST", "/sql/ask", {"question": "only the top 2"})).json()
    assert alone["status"] != "answered"


# ---- history -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_history_has_all_that_was_asked_however_it_went(api: Api, run: Run) -> None:
    conversation = {"conversation_id": "talk-1"}
    for body in (
        {"question": QUESTION}, {"question": "how many unicorns are there"}, {"question": " "},
        {"question": QUESTION, "execute": False},
    ):  # fmt: skip
        api.clock.forward(seconds=1)
        run(api.call("POST", "/sql/ask", {**body, **conversation}))
    page = run(api.call("GET", "/queries?conversation_id=talk-1")).json()
    told = [(q["kind"], q["status"], q["rows_returned"]) for q in reversed(page["items"])]
    assert told == [("ask", "answered", 3), ("ask", "refused", 0), ("ask", "error", 0),
                    ("ask", "answered", 0)]  # fmt: skip
    assert page["total"] == 4


def test_the_history_holds_no_row_of_the_data(api: Api, run: Run) -> None:
    made = run(api.ask("list stores"))
    assert "Store 7" in str(made["results"])
    kept = run(api.call("GET", f"/queries/{made['query_id']}")).json()
    assert kept["columns"] and kept["sql"] == made["sql"]
    held = b"".join(f.read_bytes() for f in api.parts.settings.home.glob("*.db*"))
    assert b"Store 7" not in held


@pytest.mark.slow
def test_pages_follow_each_other_without_gap_or_repetition(api: Api, run: Run) -> None:
    for number in range(5):
        api.clock.forward(seconds=1)
        run(api.ask(f"How many orders are there? {number}", conversation_id="pages"))
    seen: list[str] = []
    cursor = ""
    while True:
        path = f"/queries?conversation_id=pages&limit=2{cursor}"
        page = run(api.call("GET", path)).json()
        assert page["total"] == 5
        seen += [q["question"][-1] for q in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == list("43210")


@pytest.mark.parametrize("cursor", ["x", "WzEsMl0=", "W10=", "é", "bnVsbA=="])
def test_a_cursor_of_somebodys_own_making_is_bad_input(api: Api, run: Run, cursor: str) -> None:
    answer = run(api.call("GET", "/queries", params={"cursor": cursor}))
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")


def test_the_history_is_searched_and_filtered(api: Api, run: Run) -> None:
    run(api.ask("How many stores are there in 100% France_?"))
    run(api.ask("What is the weather like tomorrow?"))
    for words, found in (("100% fra", 1), ("100_", 0), ("STORES", 1)):
        page = run(api.call("GET", "/queries", params={"q": words, "limit": 1})).json()
        assert bool(page["items"]) is bool(found), words
    refused = run(api.call("GET", "/queries?status=refused")).json()["items"]
    assert {q["status"] for q in refused} == {"refused"}
    until = (api.clock() - dt.timedelta(days=400)).isoformat()
    assert run(api.call("GET", "/queries", params={"until": until})).json()["total"] == 0


def test_people_see_their_own_history_and_admins_all(api: Api, run: Run) -> None:
    made = run(api.ask(QUESTION))
    path = f"/queries/{made['query_id']}"
    assert run(api.call("GET", path, role="viewer")).status_code == 404
    assert run(api.call("GET", "/queries", role="viewer")).json()["items"] == []
    own, admins = run(api.call("GET", path)).json(), run(api.call("GET", path, role="admin")).json()
    assert own["governed_sql"] is None
    assert "LIMIT" in admins["governed_sql"]
    path = f"/queries?user_id={own['user_id']}"
    everyone = run(api.call("GET", path, role="admin")).json()["items"]
    assert {q["user_id"] for q in everyone} == {"usr-analyst"}
    assert own["user_id"] == "usr-analyst"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "question"),
    [
        (lambda sql: sql, QUESTION),
        (lambda sql: f"{sql} ", f"Edited SQL of: {QUESTION}"),
        (lambda sql: "SELECT count(*) AS badges FROM badges", f"Edited SQL of: {QUESTION}"),
    ],
)
def test_edited_sql_answers_its_question_no_more(
    api: Api, run: Run, edit: Callable[[str], str], question: str
) -> None:
    made = run(api.ask(QUESTION))
    query, told = made["query_id"], []
    for _ in range(2):  # what was edited twice is told once
        body = {"sql": edit(made["sql"]), "query_id": query}
        query = run(api.call("POST", "/sql/execute", body)).json()["query_id"]
        kept = run(api.call("GET", f"/queries/{query}")).json()
        told.append((kept["question"], kept["plan"] is not None))
    assert told[0] == (question, question == QUESTION)
    assert [t[0] for t in told] == [question] * 2
    run(api.call("POST", f"/queries/{query}/share", {"everybody": True}))
    assert run(api.call("GET", f"/queries/{query}", role="viewer")).json()["question"] == question
    file = run(api.call("GET", f"/queries/{query}/export?format=csv")).headers
    assert ("edited-sql-of" in file["Content-Disposition"]) is (question != QUESTION)


def test_who_asks_for_anothers_history_is_told_that_admins_see_it(api: Api, run: Run) -> None:
    for path in ("/queries", "/auth/keys"):
        for user, status in (("usr-analyst", 200), ("usr-admin", 403), ("usr-nobody", 403)):
            answer = run(api.call("GET", f"{path}?user_id={user}"))
            assert answer.status_code == status, path
        assert answer.json()["detail"] == "Only admins see what is somebody else's."
        assert "Leave `user_id` out" in answer.json()["hint"]


# ---- feedback ----------------------------------------------------------------------------------


def test_the_same_flag_sent_again_is_kept_once(api: Api, run: Run) -> None:
    query = run(api.ask(QUESTION))["query_id"]
    body = {"query_id": query, "rating": 1, "comment": "twice"}
    made = [
        run(api.call("POST", "/feedback/flag", body, headers={"Idempotency-Key": "k-1"})).json()
        for _ in range(2)
    ]
    assert made[0]["feedback_id"] == made[1]["feedback_id"]
    assert run(api.call("GET", f"/feedback?query_id={query}")).json()["total"] == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [({"rating": 0}, 422), ({"rating": 6}, 422), ({"query_id": "qry-none"}, 404),
     ({"comment": "x" * 4001}, 422), ({"comment": "a\0b"}, 422)],
)  # fmt: skip
def test_a_flag_that_can_not_be_kept_is_told(
    api: Api, run: Run, change: dict[str, Any], status: int
) -> None:
    query = run(api.ask(QUESTION))["query_id"]
    body = {"query_id": query, "rating": 1, "comment": "", **change}
    assert run(api.call("POST", "/feedback/flag", body)).status_code == status


def test_what_another_asked_can_not_be_flagged(api: Api, run: Run) -> None:
    query = run(api.call("POST", "/sql/ask", {"question": QUESTION}, role="admin")).json()
    body = {"query_id": query["query_id"], "rating": 1}
    assert run(api.call("POST", "/feedback/flag", body)).status_code == 404


# ---- checking ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT status, count(*) FROM orders GROUP BY 1", None),
        ("SELECT 1; SELECT 2", "sql_rejected"),
        ("DELETE FROM orders", "sql_rejected"),
        ("SELECT * FROM read_csv('/etc/passwd')", "sql_rejected"),
        ("SELECT * FROM nothing", "unknown_table"),
        ("SELECT nothing FROM orders", "unknown_column"),
        ("", "sql_rejected"),
    ],
)
def test_sql_is_checked_without_being_run(api: Api, run: Run, sql: str, code: str | None) -> None:
    made = run(api.call("POST", "/sql/validate", {"sql": sql})).json()
    assert (made["valid"], made["code"]) == (code is None, code)
    assert made["relations"] == (["orders"] if code is None else [])


# ---- the audit ---------------------------------------------------------------------------------


def test_each_query_leaves_an_intent_before_and_an_outcome_after(api: Api, run: Run) -> None:
    before = len(api.audited())
    made = run(api.ask(QUESTION))
    found = [r for r in api.audited()[before:] if r["event_type"].startswith("query_")]
    assert [(r["event_type"], r["status"]) for r in found] == [
        ("query_execution", "intent"), ("query_ask", "success")
    ]  # fmt: skip
    intent, outcome = (r["details"] for r in found)
    assert intent["query"] == outcome["query"] == made["query_id"]
    assert intent["sql"] == made["sql"] and "LIMIT" in intent["governed_sql"]
    assert intent["relations"] == ["orders"]
    assert intent["columns"] == ["orders.status"]
    assert [name.partition("@")[2] for name in intent["policies"]] == ["1"]
    assert found[0]["session_id"].startswith("ses-")
    assert outcome["rows"] == 3
    assert found[0]["user_id"] == "usr-analyst"
    assert found[0]["user_email"] == "a***@example.com"
    assert found[0]["correlation_id"] == made["correlation_id"]


def test_what_the_guard_refuses_is_audited_as_blocked(api: Api, run: Run) -> None:
    run(api.call("POST", "/sql/execute", {"sql": "DROP TABLE orders"}))
    last = api.audited()[-1]
    assert (last["event_type"], last["status"]) == ("query_execute", "blocked")
    assert last["details"]["sql"] == "DROP TABLE orders"


@pytest.mark.slow
def test_nothing_runs_that_can_not_be_audited(
    run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is held by somebody else, and the file is on a full disk: really so."""
    places = AuditPlaces.of(tmp_path)
    ran: list[object] = []

    async def asked() -> list[tuple[int, str | None, str]]:
        async with running(settings_of(tmp_path, cache_mb=0), shop) as api:
            real = api.parts.warehouse.run

            def counted(*words: Any, **more: Any) -> Any:
                ran.append(words)
                return real(*words, **more)

            monkeypatch.setattr(api.parts.warehouse, "run", counted)
            headers = await api.headers()

            async def ask() -> tuple[int, str | None, str]:
                body = {"question": QUESTION}
                answer = await api.call("POST", "/sql/ask", body, role=None, headers=headers)
                await api.app.state.watch.look()
                health = api.app.state.watch.report(whole=True)
                component = health.components["audit"]
                metrics = (await api.client.get("/metrics")).text
                for copy in ("database", "file"):
                    up = 0.0 if copy in component["not_written"] else 1.0
                    assert f'audit_copy_up{{copy="{copy}"}} {up}' in metrics
                return answer.status_code, answer.json().get("code"), component["status"]

            found = [await ask()]
            with closing(sqlite3.connect(places.database, isolation_level=None)) as db:
                db.execute("BEGIN EXCLUSIVE")
                found.append(await ask())
                aside = places.file.with_suffix(".kept")
                places.file.rename(aside)
                places.file.symlink_to("/dev/full")
                found.append(await ask())
                assert (await api.client.get("/health/ready")).status_code == 503
                db.execute("ROLLBACK")
            places.file.unlink()
            aside.rename(places.file)
            for _ in range(200):  # it is tried again every two seconds
                await api.app.state.watch.look()
                if api.app.state.watch.audit == "healthy":
                    break
                await asyncio.sleep(0.05)
            found.append(await ask())
            return found

    assert run(asked()) == [
        (200, None, "healthy"), (200, None, "degraded"), (503, "unavailable", "down"),
        (200, None, "healthy"),
    ]  # fmt: skip
    assert len(ran) == 3
    secrets = json.loads((tmp_path / "secrets.json").read_text())
    assert verify(places, bytes.fromhex(secrets["audit"])).faults == ()


def test_the_chain_of_the_audit_holds_over_restarts_and_writers(tmp_path: Path, run: Run) -> None:
    places, key = AuditPlaces.of(tmp_path), b"k" * 32
    event = AuditEvent(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "login", "api", "success")
    one, other = AuditStore(places, key), AuditStore(places, key)

    async def write() -> None:
        await asyncio.gather(*(log.append(event) for log in (one, other) for _ in range(40)))

    run(write())
    one.close()
    other.close()
    again = AuditStore(places, key)
    again.submit(event).result()
    again.close()
    told = verify(places, key)
    assert (told.records, told.faults) == (81, ())
    with pytest.raises(Unavailable):
        again.submit(event).result()


def test_who_stops_waiting_for_the_audit_stops_nobody_else(tmp_path: Path, run: Run) -> None:
    places, key = AuditPlaces.of(tmp_path), b"k" * 32
    log = AuditStore(places, key)
    event = AuditEvent(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "login", "api", "success")

    async def write() -> None:
        for _ in range(50):
            tasks = [asyncio.create_task(log.append(event)) for _ in range(3)]
            await asyncio.sleep(0)
            tasks[0].cancel()
            await asyncio.wait_for(asyncio.gather(*tasks[1:]), 5)

    run(write())
    log.close()
    told = verify(places, key)
    assert (told.records, told.faults) == (150, ())


# ---- faults ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_warehouse_that_is_down_is_told_and_health_says_so(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    async def asked() -> Any:
        async with running(settings_of(tmp_path), shop) as api:

            def gone(*_: object, **__: object) -> Any:
                raise WarehouseError("Reading shop.duckdb failed.")

            api.parts.warehouse.run = gone  # type: ignore[method-assign]
            api.parts.warehouse.ping = gone  # type: ignore[method-assign]
            await api.app.state.watch.look()
            answer = await api.call("POST", "/sql/ask", {"question": QUESTION})
            generated = await api.call("POST", "/sql/generate", {"question": QUESTION})
            health = (await api.client.get("/health")).json()
            ready = await api.client.get("/health/ready")
            live = await api.client.get("/health/live")
            return answer, generated.status_code, health, ready, live.status_code

    answer, generated, health, ready, live = run(asked())
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.json()["detail"] == "Query execution unavailable: the warehouse is down."
    assert (generated, live) == (200, 200)
    assert (health["operational_mode"], health["status"]) == ("READ_ONLY", "degraded")
    assert (ready.status_code, ready.json()["detail"]) == (503, answer.json()["detail"])


@pytest.mark.slow
def test_a_fault_of_ours_is_told_without_its_words(run: Run, shop: Path, tmp_path: Path) -> None:
    async def asked() -> Any:
        async with running(settings_of(tmp_path), shop) as api:

            def broken(*_: object, **__: object) -> Any:
                raise RuntimeError("secret value 4711")

            api.parts.warehouse.run = broken  # type: ignore[method-assign]
            answer = await api.call("POST", "/sql/ask", {"question": QUESTION})
            history = await api.call("GET", "/queries")
            return answer, history.json()["items"][0]

    answer, kept = run(asked())
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "4711" not in answer.text and "4711" not in str(kept)
    assert kept["status"] == "error"


# ---- newer data --------------------------------------------------------------------------------


@pytest.mark.slow
def test_newer_data_is_asked_without_a_restart(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "live.duckdb"

    def build(cities: str) -> None:
        new = tmp_path / "new.duckdb"
        with duckdb.connect(str(new)) as db:
            db.execute(f"CREATE TABLE cities AS SELECT unnest({cities}) AS city")
        new.replace(path)

    async def asked() -> tuple[list[Any], list[bool]]:
        build("['Rome', 'Oslo']")
        async with running(settings_of(tmp_path / "home"), path) as api:
            look = api.app.state.following.look
            question = "How many cities are there in Lima?"
            answers = [await api.call("POST", "/sql/ask", {"question": question})]
            looked = [await look()]
            build("['Rome', 'Oslo', 'Lima']")
            looked += [await look(), await look(), await look()]
            answers.append(await api.call("POST", "/sql/ask", {"question": question}))
            path.write_bytes(b"broken")
            assert await look() is False
            with pytest.raises(WarehouseError):
                await look()
            return [a.json() for a in answers], looked

    (before, after), looked = run(asked())
    assert looked == [False, False, True, False]  # it has to hold still first
    assert before["status"] != "answered"
    assert list(after["results"][0].values()) == [1]
