"""Alerts: opened once, ended by themselves, kept, told; and an admin's word on the mode."""

from __future__ import annotations

import asyncio
import datetime as dt
import hmac
import json
import smtplib
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import delete

from datamind.errors import BadInput, Unavailable, WarehouseNotFound
from datamind.rooms.system import overriding
from datamind.rooms.system.alerts import EVERY_S, Alerts, Condition
from datamind.rooms.system.conditions import Conditions
from datamind.rooms.system.models import Alert
from datamind.rooms.system.service import Watch
from datamind.semantics.catalog import QualityIssue
from datamind.settings import load
from datamind.settings.alerts import AlertSettings

from .conftest import Api, Run, running, settings_of

SECRET = "a secret of thirty letters, say"  # pragma: allowlist secret


class Hook(BaseHTTPRequestHandler):
    """A webhook's receiver, which first answers what it is told to."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server: Any = self.server
        status = server.answers.pop(0) if server.answers else 204
        if status == 204:
            server.got.append((dict(self.headers), body))
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *words: Any) -> None:
        """Nothing on the terminal."""


@contextmanager
def webhook(*answers: int) -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        server.got, server.answers = [], list(answers)  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()


class Post(socketserver.StreamRequestHandler):
    """As much of an SMTP server as a client needs (RFC 5321)."""

    def handle(self) -> None:
        server: Any = self.server
        self._say("220 here")
        while line := self.rfile.readline():
            word = line[:4].upper().strip()
            if word == b"DATA":
                self._say("354 go on")
                text = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    text += part
                server.got.append(text.decode())
                self._say("250 taken")
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[Any]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Post) as server:
        server.got = []  # type: ignore[attr-defined]
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


async def until(holds: Callable[[], Any], within_s: float = 20.0) -> Any:
    for _ in range(int(within_s / 0.02)):
        if found := holds():
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that")


def gone(*_: object, **__: object) -> Any:
    raise WarehouseNotFound("There is no database at shop.duckdb.")


@pytest.mark.slow
def test_a_part_that_fails_is_told_by_all_channels_kept_and_ended_by_itself(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    async def told() -> Any:
        with webhook(500) as hook, mail_server() as mail:  # the first try fails
            alerts = AlertSettings(
                webhook=f"http://127.0.0.1:{hook.server_address[1]}/x", webhook_secret=SECRET,
                smtp=f"smtp://127.0.0.1:{mail.server_address[1]}", recipients=("ops@example.com",),
            )  # fmt: skip
            settings = settings_of(tmp_path)
            async with running(_with(settings, alerts), shop) as api:
                assert (await api.call("GET", "/system/alerts", role="admin")).json()["total"] == 0
                api.parts.warehouse.ping = gone  # type: ignore[method-assign]
                await api.app.state.watch.look()
                await until(lambda: len(hook.got) == 2 and len(mail.got) == 2)
                opened = (await api.call("GET", "/system/alerts?state=open", role="admin")).json()
                answer = await api.call("POST", "/sql/execute", {"sql": "SELECT 1"})
                one = opened["items"][0]["id"]
                path = f"/system/alerts/{one}/acknowledge"
                seen = (await api.call("POST", path, role="admin")).json()
                del api.parts.warehouse.ping
                await api.app.state.watch.look()
                await api.app.state.watch.look()
                await until(lambda: len(hook.got) == 4 and len(mail.got) == 4)
                ended = (await api.call("GET", "/system/alerts?state=ended", role="admin")).json()
                changes = [r for r in api.audited() if r["event_type"] == "mode_change"]
                metrics = (await api.client.get("/metrics")).text
                return hook.got, mail.got, opened, ended, seen, answer, changes, metrics

    hooks, mails, opened, ended, seen, answer, changes, metrics = run(told())
    kinds = {"mode_change", "part_down"}
    assert {a["kind"] for a in opened["items"]} == kinds == {a["kind"] for a in ended["items"]}
    assert seen["acknowledged_by"] == "usr-admin" and seen["ended_at"] is None
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "5"
    for headers, body in hooks:
        signed = headers["X-DataMind-Timestamp"].encode() + b"." + body
        expected = hmac.new(SECRET.encode(), signed, "sha256").hexdigest()
        assert headers["X-DataMind-Signature"] == f"sha256={expected}"
    bodies = [json.loads(body) for _, body in hooks]
    assert [b["state"] for b in bodies] == ["opened"] * 2 + ["ended"] * 2
    assert "The warehouse is down." in {b["message"] for b in bodies}
    assert any("Subject: [DataMind] The warehouse is down." in m for m in mails)
    assert any("Subject: [DataMind] ended: The warehouse is down." in m for m in mails)
    told = [(c["details"]["before"], c["details"]["mode"]) for c in changes]
    assert told[-2:] == [
        ("FULL_OPERATIONAL", "READ_ONLY"), ("READ_ONLY", "FULL_OPERATIONAL"),
    ]  # fmt: skip
    assert 'operational_mode_changes_total{operational_mode="READ_ONLY"} 1.0' in metrics
    assert 'alerts_sent_total{channel="webhook",outcome="sent"} 4.0' in metrics


def _with(settings: Any, alerts: AlertSettings) -> Any:
    from dataclasses import replace

    return replace(settings, alerts=alerts)


def test_what_providers_say_is_opened_once_and_ended_when_they_say_it_no_more(
    api: Api, run: Run
) -> None:
    async def said() -> list[list[str]]:
        alerts, told = api.app.state.watch.alerts, []
        advice = [Condition("advice", "size", "The warehouse holds 600 GB: see the guide.")]
        for conditions in (advice, advice, []):
            alerts.hold(frozenset(("advice",)), conditions)
            await alerts.keep()
            page = await api.call("GET", "/system/alerts?kind=advice", role="admin")
            told.append(["ended" if a["ended_at"] else "open" for a in page.json()["items"]])
        return told

    assert run(said()) == [["open"], ["open"], ["ended"]]


def test_an_alert_that_is_open_is_kept_as_it_is_now_and_not_told_again(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def said() -> tuple[list[str], Any]:
        alerts, told = api.app.state.watch.alerts, []
        monkeypatch.setattr(alerts._sending, "put", lambda notice: told.append(notice.state))
        for tests in ("unique_id", "unique_id, not_null_id"):
            alerts.hold(frozenset(("advice",)), [Condition("advice", "orders", tests, "info")])
            await alerts.keep()
        page = await api.call("GET", "/system/alerts?kind=advice&state=open", role="admin")
        alerts.hold(frozenset(("advice",)), [])
        await alerts.keep()
        return told, page.json()["items"]

    told, (kept,) = run(said())
    assert told == ["opened", "ended"]
    assert kept["message"] == "unique_id, not_null_id"


def test_what_changes_all_the_time_pushes_nothing_else_out_of_what_waits(
    api: Api, run: Run
) -> None:
    async def waited() -> list[str]:
        alerts = Alerts(lambda: api.parts, cast(Any, SimpleNamespace(put=lambda notice: None)))
        kinds = frozenset(("advice",))
        for free in range(9, 4, -1):
            alerts.hold(kinds, [Condition("advice", "link", f"{free} MB are free.")])
        alerts.hold(kinds, [])
        return [f"{one.state} {one.message}" for one in alerts._unkept]

    assert run(waited()) == [
        "opened 9 MB are free.", "changed 5 MB are free.", "ended 5 MB are free.",
    ]  # fmt: skip


def test_what_another_server_ended_and_still_holds_here_is_opened_again(api: Api, run: Run) -> None:
    async def lived() -> list[str]:
        sending: Any = SimpleNamespace(put=lambda notice: None)
        here, other = (Alerts(lambda: api.parts, sending) for _ in range(2))
        kinds, held = frozenset(("advice",)), [Condition("advice", "link", "It is cut.")]
        for server, holds in ((here, held), (other, [])):
            await server.load()
            server.hold(kinds, holds)
            await server.keep()
        open_ones = [await count()]
        for _ in range(2):
            here._looked = -EVERY_S
            await here.look()
            await here.keep()
            open_ones.append(await count())
        here.hold(kinds, [])
        await here.keep()
        return [*open_ones, await count()]

    async def count() -> int:
        page = await api.call("GET", "/system/alerts?kind=advice&state=open", role="admin")
        return int(page.json()["total"])

    assert run(lived()) == [0, 1, 1, 0]


@pytest.mark.parametrize(("days", "open_after"), [(6, 2), (8, 1)])
def test_an_alert_of_a_server_that_is_gone_for_good_ends(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch, days: int, open_after: int
) -> None:
    async def lived() -> int:
        sending: Any = SimpleNamespace(put=lambda notice: None)
        long_ago = api.parts.now() - dt.timedelta(days=days)
        kinds = frozenset(("disk_nearly_full",))
        for host, now in (("gone", long_ago), ("here", long_ago), ("here", api.parts.now())):
            parts: Any = SimpleNamespace(
                now=lambda now=now: now, database=api.parts.database, modes=api.parts.modes,
                metrics=api.parts.metrics,
            )  # fmt: skip
            monkeypatch.setattr(Alerts, "_of_us", f" of {host}")
            server = Alerts(lambda parts=parts: parts, sending)
            await server.load()
            server.hold(kinds, [Condition("disk_nearly_full", "disk", "It is full.")])
            await server.keep()
        await server.look()
        page = await api.call("GET", "/system/alerts?kind=disk_nearly_full", role="admin")
        async with api.parts.database.unit() as session:
            await session.execute(delete(Alert).where(Alert.kind == "disk_nearly_full"))
        return sum(alert["ended_at"] is None for alert in page.json()["items"])

    assert run(lived()) == open_after


def test_an_admin_may_want_a_mode_for_a_while_and_what_is_down_outweighs_it(
    api: Api, run: Run
) -> None:
    async def wanted() -> list[Any]:
        found: list[Any] = []
        body = {"mode": "READ_ONLY", "reason": "The data are moved.", "minutes": 30}
        made = await api.call("POST", "/system/mode", body, role="admin")
        headers = await api.headers()
        ask = {"question": "how many orders are there"}

        async def asked() -> int:
            path = "/api/v1/sql/ask"
            return (await api.client.post(path, json=ask, headers=headers)).status_code

        found += [made.json()["mode"], made.json()["computed"], await asked()]
        api.clock.forward(minutes=31)
        await api.app.state.watch.look()
        headers = await api.headers()
        found.append(await asked())
        body = {"mode": "FULL_OPERATIONAL", "reason": "It has to work!"}
        await api.call("POST", "/system/mode", body, role="admin")
        api.parts.warehouse.ping = gone  # type: ignore[method-assign]
        await api.app.state.watch.look()
        found.append((await api.call("GET", "/system/mode", role="admin")).json()["mode"])
        del api.parts.warehouse.ping
        await api.app.state.watch.look()
        await api.app.state.watch.look()
        cleared = (await api.call("DELETE", "/system/mode", role="admin")).json()
        return [*found, cleared["mode"], cleared["override"]]

    assert run(wanted()) == [
        "READ_ONLY", "FULL_OPERATIONAL", 503, 200, "READ_ONLY", "FULL_OPERATIONAL", None,
    ]  # fmt: skip
    events = [r["event_type"] for r in api.audited()]
    assert {"mode_override", "mode_override_clear", "mode_change"} <= set(events)


def test_a_word_on_the_mode_is_in_the_store_before_it_holds(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else a look at the store in between takes it back, and all are told twice.
    def broken(*words: Any) -> None:
        raise Unavailable("Not yet.")

    async def kept() -> list[str | None]:
        found = []
        body = {"mode": "READ_ONLY", "reason": "The data are moved.", "minutes": 30}
        for method, more in (("POST", (body,)), ("DELETE", ())):
            await api.call(method, "/system/mode", *more, role="admin")
            async with api.parts.database.unit() as session:
                held = await overriding.read(session, api.parts.now())
            found.append(held.mode if held else None)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(api.app.state.watch, "want", broken)
        assert run(kept()) == ["READ_ONLY", None]


def test_who_meets_a_mode_that_an_admin_wants_is_told_until_when(api: Api, run: Run) -> None:
    async def told() -> list[Any]:
        body = {"mode": "READ_ONLY", "reason": "Hush!", "minutes": 30}
        await api.call("POST", "/system/mode", body, role="admin")
        headers, ask = await api.headers(), {"question": "how many orders are there"}
        met = (await api.client.post("/api/v1/sql/ask", json=ask, headers=headers)).json()
        await api.app.state.watch.alerts.keep()
        page = await api.call("GET", "/system/alerts?state=open", role="admin")
        await api.call("DELETE", "/system/mode", role="admin")
        (alert,) = page.json()["items"]
        return [met["detail"], met["hint"], alert["message"], alert["severity"]]

    until = f"{api.clock() + dt.timedelta(minutes=30):%Y-%m-%d %H:%M} UTC"
    assert run(told()) == [
        f"Query execution unavailable: an admin has set READ_ONLY until {until}.",
        "It comes back by itself then, or when an admin takes that back.",
        f"Mode READ_ONLY: an admin has set READ_ONLY until {until}.", "warning",
    ]  # fmt: skip


FULL = "FULL_OPERATIONAL"


def test_health_tells_a_mode_that_an_admin_wants(api: Api, run: Run) -> None:
    """The score is that of the parts, the status that of the whole; who balances asks `ready`."""

    async def told(mode: str | None) -> list[Any]:
        path, body = "/api/v1/system/mode", {"mode": mode, "reason": "Moving.", "minutes": 30}
        how, more = ("POST", {"json": body}) if mode else ("DELETE", {})
        said = await api.client.request(how, path, headers=admin, **more)
        assert said.status_code == 200, said.text
        stranger = await api.client.get("/health")
        whole = (await api.client.get("/health", headers=admin)).json()
        found = stranger.json()
        assert stranger.status_code == 200 and "mode_because" not in found
        assert (found["operational_mode"], found["health_score"]) == (mode or FULL, 100)
        probes = [await api.client.get(f"/health/{probe}") for probe in ("ready", "live")]
        return [found["status"], whole.get("mode_because"), *(p.status_code for p in probes)]

    admin = run(api.headers(role="admin"))
    until = f"{api.clock() + dt.timedelta(minutes=30):%Y-%m-%d %H:%M} UTC"
    for mode, status, ready in (
        ("LIMITED_AI", "degraded", 200), ("READ_ONLY", "degraded", 503), ("EMERGENCY", "down", 503),
    ):  # fmt: skip
        because = f"an admin has set {mode} until {until}"
        assert run(told(mode)) == [status, because, ready, 200]
    assert run(told(None)) == ["healthy", None, 200, 200]


def test_of_data_it_is_alerted_as_it_is_and_only_of_what_holds(api: Api, run: Run) -> None:
    later = (api.clock() + dt.timedelta(hours=1)).isoformat()
    issues = (
        QualityIssue("orders", "unique_id", "unique_id fail"),
        QualityIssue("orders", "raw.orders", "source is stale", kind="stale_source"),
        QualityIssue("sales", "unique_id", "unique_id fail", upstream="orders"),
        QualityIssue("sales", "sales", "stale", kind="stale"),
        QualityIssue("users", "users", "stale", kind="stale", holds_from=later),
        QualityIssue("items", "items", "not built", kind="not_built"),
    )
    bindings = SimpleNamespace(catalog=SimpleNamespace(quality=issues))
    parts: Any = SimpleNamespace(bindings=bindings, now=api.clock)
    found = run(Conditions(lambda: parts).quality())
    assert {c.subject: c.message for c in found} == {
        "orders": "Data quality tests failed for orders: unique_id.",
        "orders: age": "What orders is made of was not loaded in time.",
        "sales: age": "sales is older than it may be.",
        "items: age": "items could not be built: its rows are of before.",
    }


@pytest.mark.parametrize(
    "env",
    [
        {"ALERT_WEBHOOK_URL": "https://hooks.example.com/x"},
        {"ALERT_WEBHOOK_URL": "ftp://hooks.example.com/x", "ALERT_WEBHOOK_SECRET": SECRET},
        {"ALERT_SMTP_URL": "smtps://mail.example.com"},
        {"ALERT_EMAIL_TO": "ops@example.com"},
        {"ALERT_SMTP_URL": "http://mail.example.com", "ALERT_EMAIL_TO": "ops@example.com"},
    ],
)
def test_channels_that_are_half_set_up_are_told(env: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="ALERT_"):
        load(env)


def test_settings_show_no_secret() -> None:
    env = {"ALERT_WEBHOOK_URL": "https://h.example.com/T0KEN", "ALERT_WEBHOOK_SECRET": SECRET}
    assert "T0KEN" not in repr(load(env)) and SECRET not in repr(load(env))


def test_a_password_is_not_said_to_a_mail_server_in_the_clear(run: Run) -> None:
    from datamind.adapters.alerts.email import Mail

    with mail_server() as server:
        url = f"smtp://me:secret@127.0.0.1:{server.server_address[1]}"  # pragma: allowlist secret
        mail = Mail(url, ("ops@example.com",), "me@example.com")
        with pytest.raises(smtplib.SMTPNotSupportedError):
            mail._send(mail._written(_notice()))
        assert server.got == []


def _notice() -> Any:
    from datamind.records import Notice

    at = dt.datetime(2026, 3, 15, tzinfo=dt.UTC)
    return Notice("alr-1", "advice", "x", "info", "Look.", at, "opened", "FULL_OPERATIONAL")


@pytest.mark.parametrize("moment", ["_wake", "_news"])
def test_looking_ends_also_when_there_is_news_in_that_moment(
    run: Run, api: Api, moment: str
) -> None:
    async def ended() -> bool:
        watch = Watch(lambda: api.app.state.parts)
        watch._follow = _nothing  # type: ignore[method-assign]
        watch.look = _nothing  # type: ignore[method-assign]
        watch._tasks = [
            asyncio.create_task(watch._keep_looking()),
            asyncio.create_task(watch._keep_following()),
        ]
        await asyncio.sleep(0.05)
        getattr(watch, moment).set()
        await asyncio.sleep(0)  # what waits is done, and has not gone on yet
        await asyncio.wait_for(watch.end(), 5)
        return all(task.done() for task in watch._tasks)

    assert run(ended())


async def _nothing() -> None:
    pass
