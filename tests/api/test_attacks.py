"""What a review by an attacker's eyes found; each of these held once it was mended."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from pathlib import Path
from typing import Any

import pytest

from datamind.adapters.audit import store
from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.store import AuditStore
from datamind.adapters.audit.verify import verify
from datamind.api.secrets import FILE, secrets_of
from datamind.errors import BadInput, Unavailable
from datamind.migrations import upgrade
from datamind.pipeline.interpret import MAX_EVIDENCE
from datamind.records import AuditEvent
from datamind.rooms.addresses import forwarded_ip
from datamind.rooms.audit.service import mask_email
from datamind.settings import LoginSettings, Settings, load

from .conftest import PASSWORD, RUNAWAY, Api, Run, running, settings_of


async def new(api: Api, name: str, role: str = "analyst") -> tuple[str, dict[str, str]]:
    """The id of a new user with the usual password, and what to sign in with."""
    body = {"email": f"{name}@example.com", "name": name, "role": role, "password": PASSWORD}
    made = await api.call("POST", "/users", body, role="admin")
    assert made.status_code == 201, made.text
    return made.json()["id"], {"email": body["email"], "password": PASSWORD}


async def bearer(api: Api, who: dict[str, str]) -> dict[str, str]:
    tokens = (await api.client.post("/api/v1/auth/login", json=who)).json()
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def test_masking_takes_no_longer_for_a_long_word_than_for_a_long_text() -> None:
    started = time.perf_counter()
    assert mask_email("a" * 200_000) == "a" * 200_000
    assert mask_email("to ann.lee@example.com!") == "to a***@example.com!"
    assert time.perf_counter() - started < 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "body"),
    [("deactivate", None), ("assign-role", {"role": "viewer"}), ("", {"reset_password": True})],
)
def test_a_sign_in_under_way_does_not_outrun_an_admin(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any] | None
) -> None:
    """While a password is hashed the user is deactivated, demoted, or gets another password."""

    async def raced() -> tuple[int, int]:
        name = f"racer-{path or 'reset'}"
        user, who = await new(api, name)
        real = api.parts.passwords.matches
        hashed, go = asyncio.Event(), asyncio.Event()

        async def slow(password: str, kept: str | None) -> bool:
            right = await real(password, kept)
            hashed.set()
            await go.wait()
            return right

        admin = await api.headers("admin")
        monkeypatch.setattr(api.parts.passwords, "matches", slow)
        task = asyncio.create_task(api.client.post("/api/v1/auth/login", json=who))
        await hashed.wait()
        method = "PATCH" if not path else "POST"
        url = f"/api/v1/users/{user}/{path}".rstrip("/")
        changed = await api.client.request(method, url, json=body, headers=admin)
        assert changed.status_code == 200
        go.set()
        answer = await task
        monkeypatch.undo()
        if answer.status_code != 200:
            return answer.status_code, 0
        header = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        asked = await api.client.post("/api/v1/sql/ask", json={"question": "x"}, headers=header)
        return 200, asked.status_code

    assert run(raced()) == ((200, 403) if path == "assign-role" else (401, 0))


@pytest.mark.slow
def test_who_is_deactivated_is_stopped_in_the_middle(api: Api, run: Run) -> None:
    async def stopped() -> tuple[int, int]:
        user, who = await new(api, "runner")
        header = await bearer(api, who)
        opened = (
            await api.client.post(
                "/api/v1/sql/ask?stream=true", json={"question": "how many orders"}, headers=header
            )
        ).json()
        task = asyncio.create_task(
            api.client.post("/api/v1/sql/execute", json={"sql": RUNAWAY}, headers=header)
        )
        while not len(api.parts.running):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        await api.call("POST", f"/users/{user}/deactivate", role="admin")
        ran = await asyncio.wait_for(task, 5)
        heard = await api.client.get(
            f"/api/v1/sql/stream/{opened['stream_id']}",
            headers={"X-Stream-Ticket": opened["ticket"]},
        )
        api.client.cookies.clear()
        return ran.status_code, heard.status_code

    assert run(stopped()) == (409, 404)


@pytest.mark.slow
def test_one_address_does_not_lock_out_another(run: Run, shop: Path, tmp_path: Path) -> None:
    async def tried() -> list[int]:
        settings = settings_of(
            tmp_path, login=LoginSettings(failures=3), trusted_proxies=("127.0.0.0/8",)
        )
        async with running(settings, shop) as api:

            async def sign_in(ip: str, password: str) -> int:
                body = {"email": "viewer@example.com", "password": password}
                headers = {"X-Forwarded-For": ip}
                answer = await api.client.post("/api/v1/auth/login", json=body, headers=headers)
                api.clock.forward(seconds=1)
                return answer.status_code

            found = [await sign_in("9.9.9.9", "wrong") for _ in range(4)]
            found.append(await sign_in("9.9.9.9", PASSWORD))
            found.append(await sign_in("8.8.8.8", PASSWORD))
            assert "login_limit" in {record["event_type"] for record in api.audited()}
            return found

    assert run(tried()) == [401, 401, 401, 429, 429, 200]


@pytest.mark.slow
def test_signing_in_holds_nothing_that_others_need(run: Run, shop: Path, tmp_path: Path) -> None:
    async def waited() -> float:
        async with running(settings_of(tmp_path), shop) as api:
            headers = await api.headers()

            async def forever(password: str, kept: str | None) -> bool:
                await asyncio.sleep(60)
                return False

            api.parts.passwords.matches = forever  # type: ignore[method-assign]
            body = {"email": "x@example.com", "password": "x"}
            tasks = [
                asyncio.create_task(api.client.post("/api/v1/auth/login", json=body))
                for _ in range(40)
            ]
            await asyncio.sleep(0.3)
            started = time.perf_counter()
            assert (await api.client.get("/api/v1/auth/me", headers=headers)).status_code == 200
            await api.app.state.watch.look()
            assert api.app.state.watch.health.mode == "FULL_OPERATIONAL"
            for task in tasks:
                task.cancel()
            return time.perf_counter() - started

    assert run(waited()) < 10


def test_an_idempotency_key_is_for_one_flag_however_fast_it_comes(api: Api, run: Run) -> None:
    async def flagged() -> tuple[set[int], set[str], int]:
        one, other = [await api.ask("how many orders are there") for _ in range(2)]
        headers = {**await api.headers(), "Idempotency-Key": "same"}
        body = {"query_id": one["query_id"], "rating": 1}

        async def send(body: dict[str, Any]) -> Any:
            return await api.client.post("/api/v1/feedback/flag", json=body, headers=headers)

        answers = await asyncio.gather(*(send(body) for _ in range(8)))
        wrong = await send({**body, "query_id": other["query_id"]})
        kept = (await api.call("GET", f"/queries/{other['query_id']}")).json()
        assert kept["flagged"] is False
        ids = {a.json()["feedback_id"] for a in answers}
        return {a.status_code for a in answers}, ids, wrong.status_code

    codes, ids, wrong = run(flagged())
    assert (codes, len(ids), wrong) == ({201}, 1, 409)


@pytest.mark.parametrize(
    ("forwarded", "found"),
    [
        ("9.9.9.9,203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1%" + "x" * 300, "127.0.0.1"),
        ('fe80::1%eth0"<x>', "127.0.0.1"),
    ],
)
def test_what_proxies_say_is_an_address_or_nothing(forwarded: str, found: str) -> None:
    assert forwarded_ip("127.0.0.1", forwarded, ("127.0.0.0/8",)) == found


@pytest.mark.slow
def test_the_last_of_several_lines_counts(run: Run, shop: Path, tmp_path: Path) -> None:
    async def noted() -> str:
        async with running(settings_of(tmp_path, trusted_proxies=("127.0.0.0/8",)), shop) as api:
            lines = [("X-Forwarded-For", "9.9.9.9"), ("X-Forwarded-For", "203.0.113.7")]
            body = {"email": "viewer@example.com", "password": PASSWORD}
            await api.client.post("/api/v1/auth/login", json=body, headers=lines)
            return str(api.audited()[-1]["ip_address"])

    assert run(noted()) == "203.0.113.7"


def test_what_is_denied_or_refused_is_in_the_audit(api: Api, run: Run) -> None:
    before = len(api.audited())
    run(api.call("GET", "/users", role="viewer"))
    run(api.call("POST", "/sql/execute", {"sql": "SELECT 1"}, role="viewer"))
    run(api.call("POST", "/sql/validate", {"sql": "DROP TABLE orders"}))
    found = [
        (r["event_type"], r["user_id"], r["status"])
        for r in api.audited()[before:]
        if r["event_type"] != "login"
    ]
    assert found == [
        ("access_denied", "usr-viewer", "blocked"), ("access_denied", "usr-viewer", "blocked"),
        ("sql_validate", "usr-analyst", "blocked"),
    ]  # fmt: skip


def test_a_password_typed_into_the_wrong_field_is_not_kept(api: Api, run: Run) -> None:
    body = {"email": "mys3cretpassw0rd!", "password": "x"}
    run(api.client.post("/api/v1/auth/login", json=body))
    assert api.audited()[-1]["details"] == {"email": "not an address"}


def test_a_fault_of_ours_has_its_id_and_headers_and_is_counted(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret value 4711")

    headers = run(api.headers())
    monkeypatch.setattr("datamind.rooms.catalog.service.tables", broken)
    answer = run(api.client.get("/api/v1/catalog/tables", headers=headers))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["X-Correlation-ID"] == answer.json()["correlation_id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "4711" not in answer.text
    metrics = run(api.client.get("/metrics")).text
    assert 'endpoint="/api/v1/catalog/tables",method="GET",status="500"' in metrics


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/queries?since=0001-01-01T00:00:00", {}),
        ("/queries?since=0001-01-01T00:00:00%2B14:00", {}),
        ("/queries?until=9999-12-31T23:59:59-14:00", {}),
        ("/queries?q=a%00b", {}),
        ("/queries/a%00b", {}),
        ("/users/a%00b", {}),
        ("/queries?cursor=WyIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwgIlx1ZDgwMCJd", {}),
        ("/queries", {"Content-Length": "0" * 5000}),
        ("/queries", {"Origin": "http://["}),
    ],
)
def test_odd_input_is_no_fault_of_ours(
    api: Api, run: Run, path: str, headers: dict[str, str]
) -> None:
    answer = run(api.call("GET", path, role="admin", headers=headers))
    assert answer.status_code in (200, 403, 404, 413, 422), answer.text


@pytest.mark.slow
def test_a_query_that_waits_for_its_place_is_called_off_too(api: Api, run: Run) -> None:
    async def called_off() -> list[int]:
        tasks = [
            asyncio.create_task(api.call("POST", "/sql/execute", {"sql": RUNAWAY}))
            for _ in range(3)
        ]
        while len(api.parts.running) < 3:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        for query in reversed(list(api.parts.running._runs)):
            await api.call("POST", f"/sql/{query}/cancel")
        return [(await asyncio.wait_for(task, 5)).status_code for task in tasks]

    assert run(called_off()) == [409, 409, 409]


def test_an_answer_stands_where_the_history_is_down(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: object) -> None:
        raise Unavailable("The metadata store is down or can't be written.")

    monkeypatch.setattr("datamind.rooms.questions.history.keep", down)
    made = run(api.ask("how many orders are there"))
    assert made["results"] == [{"number_of_orders": 3000}]
    assert "could not be kept" in made["warnings"][-1]


def test_what_waits_for_a_listener_holds_only_what_is_used(api: Api, run: Run) -> None:
    for context, status in (({"junk": "x" * 100_000}, 422), ({"definitions": "x" * 100_000}, 202)):
        body = {"question": "x", "context": context}
        made = run(api.call("POST", "/sql/ask?stream=true", body))
        assert made.status_code == status
    waiting = run(api.parts.streams.take(made.json()["stream_id"], made.json()["ticket"]))
    assert len(waiting.wanted.context.definitions) == MAX_EVIDENCE + 1
    api.client.cookies.clear()


# ---- faults at start ---------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["nonsense", "mysql://u@h/d", "oracle://u@h/d", "sqlite+x:///y"])
def test_an_address_of_no_store_is_told(url: str) -> None:
    with pytest.raises(BadInput, match="DATABASE_URL"):
        upgrade(url)


def test_a_damaged_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"no database at all, but long enough to be one" * 50)
    with pytest.raises(Unavailable, match="can't be opened"):
        upgrade(f"sqlite+aiosqlite:///{tmp_path}/store.db")


def test_an_audit_log_of_which_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    places = AuditPlaces.of(tmp_path)
    places.database.write_bytes(b"no database at all, but long enough to be one" * 50)
    AuditStore(places, b"k").close()  # the file carries on
    places.file.unlink()
    places.file.mkdir()
    with pytest.raises(Unavailable, match="audit log"):
        AuditStore(places, b"k")


def test_an_audit_record_that_can_not_be_written_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = AuditPlaces.of(tmp_path)
    log = AuditStore(places, b"k")
    event = AuditEvent(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "x", "api", "success")
    odd = AuditEvent(event.timestamp, "\ud800", "api", "success")
    log.submit(odd).result(5)
    with monkeypatch.context() as patched:
        patched.setattr(store, "linked", lambda *_: object())
        with pytest.raises(Unavailable):
            log.submit(event).result(5)
    log.submit(event).result(5)
    log.close()
    told = verify(places, b"k")
    assert (told.records, told.faults) == (2, ())


@pytest.mark.parametrize("name", ["DATAMIND_QUEUE", "DATAMIND_PORT", "DATAMIND_ENGINE_WORKERS"])
def test_half_a_process_is_none(name: str) -> None:
    with pytest.raises(BadInput, match="whole number"):
        load({name: "0.5"})


@pytest.mark.parametrize("origin", ["*", "bi.example.com", "https://bi.example.com/page"])
def test_an_origin_is_a_scheme_and_a_host(origin: str) -> None:
    with pytest.raises(BadInput, match="CORS_ORIGINS"):
        load({"CORS_ORIGINS": origin})


def test_secrets_are_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(BadInput, match="can't be written"):
        secrets_of(Settings(home=tmp_path))
    monkeypatch.undo()
    assert not (tmp_path / FILE).exists()
    assert secrets_of(Settings(home=tmp_path))
