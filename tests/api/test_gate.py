"""What every request passes: ids, origins, sizes, limits, headers, the commit before the answer."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import SessionTransaction

from datamind.api.bodies import MOST_BYTES
from datamind.rooms.addresses import forwarded_ip

from .conftest import PASSWORD, Api, Run, running, settings_of


def test_a_correlation_id_is_made_or_taken_over(api: Api, run: Run) -> None:
    made = run(api.client.get("/health/live")).headers["X-Correlation-ID"]
    assert made.startswith("corr-")
    own = {"X-Correlation-ID": "my-request.0001"}
    assert run(api.client.get("/health/live", headers=own)).headers["X-Correlation-ID"] == (
        "my-request.0001"
    )
    made = run(api.call("POST", "/sql/ask", {"question": "how many orders"}, headers=own)).json()
    assert made["correlation_id"] == "my-request.0001"
    assert api.audited()[-1]["correlation_id"] == "my-request.0001"


@pytest.mark.parametrize("given", ["short", "x" * 65, "a b c d e f", "<script>alert(1)", ""])
def test_an_ill_formed_correlation_id_is_not_taken_over(api: Api, run: Run, given: str) -> None:
    answer = run(api.client.get("/health/live", headers={"X-Correlation-ID": given}))
    assert answer.headers["X-Correlation-ID"].startswith("corr-")


@pytest.mark.parametrize("path", ["/health", "/api/v1/queries", "/nothing", "/docs"])
def test_security_headers_are_on_every_answer(api: Api, run: Run, path: str) -> None:
    headers = run(api.client.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in headers
    if path.startswith("/api"):
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.slow
def test_in_production_browsers_are_told_to_stay_on_https(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    async def asked() -> Any:
        settings = settings_of(
            tmp_path, environment="production", jwt_secret="0123456789abcdef" * 4
        )
        async with running(settings, shop) as api:
            return (await api.client.get("/health")).headers

    assert "max-age=31536000" in run(asked())["Strict-Transport-Security"]


@pytest.mark.slow
def test_in_production_plain_http_is_sent_to_https_or_refused(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    async def asked() -> list[Any]:
        settings = settings_of(
            tmp_path, environment="production", jwt_secret="0123456789abcdef" * 4,
            trusted_proxies=("127.0.0.0/8",),
        )  # fmt: skip
        async with running(settings, shop) as api:
            body = {"email": "analyst@example.com", "password": PASSWORD}
            proxied = {"X-Forwarded-Proto": "https"}
            return [
                await api.client.get("/api/v1/queries?limit=1"),
                await api.client.post("/api/v1/auth/login", json=body),
                await api.client.post("/api/v1/auth/login", json=body, headers=proxied),
                await api.client.get("/health"),
            ]

    sent, refused, proxied, health = run(asked())
    assert (sent.status_code, sent.headers["Location"]) == (
        308, "https://test/api/v1/queries?limit=1"
    )  # fmt: skip
    assert (refused.status_code, refused.json()["code"]) == (403, "https_needed")
    assert (proxied.status_code, health.status_code) == (200, 200)


def test_the_pages_of_the_api_come_from_here_alone(api: Api, run: Run) -> None:
    page = run(api.client.get("/docs"))
    assert page.status_code == 200
    assert "cdn" not in page.text and "https://" not in page.text
    for part in page.text.split('"'):
        if part.startswith("/static"):
            assert run(api.client.get(part)).status_code == 200, part


# ---- origins -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "null", "http://test.evil.example.com", "http://test:81"]
)
def test_a_page_of_another_origin_may_not_act(api: Api, run: Run, origin: str) -> None:
    headers = {"Origin": origin}
    answer = run(api.call("POST", "/sql/ask", {"question": "how many orders"}, headers=headers))
    assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_page_of_another_origin_may_not_listen_and_the_ticket_is_not_spent(
    api: Api, run: Run
) -> None:
    made = run(api.call("POST", "/sql/ask?stream=true", {"question": "how many orders"})).json()
    path = f"/api/v1/sql/stream/{made['stream_id']}"
    ticket = {"X-Stream-Ticket": made["ticket"]}
    foreign = {**ticket, "Origin": "https://evil.example.com"}
    assert run(api.client.get(path, headers=foreign)).status_code == 403
    own = {**ticket, "Origin": "http://test"}
    assert run(api.client.get(path, headers=own)).status_code == 200


@pytest.mark.slow
def test_an_origin_that_is_listed_may(run: Run, shop: Path, tmp_path: Path) -> None:
    async def asked() -> Any:
        origin = "https://bi.example.com"
        async with running(settings_of(tmp_path, cors_origins=(origin,)), shop) as api:
            headers = {"Origin": origin}
            made = await api.call(
                "POST", "/sql/ask", {"question": "how many orders"}, headers=headers
            )
            preflight = await api.client.options(
                "/api/v1/sql/ask",
                headers={**headers, "Access-Control-Request-Method": "POST"},
            )
            return made, preflight

    made, preflight = run(asked())
    assert made.status_code == preflight.status_code == 200
    assert made.headers["Access-Control-Allow-Origin"] == "https://bi.example.com"


@pytest.mark.parametrize("path", ["/_nicegui_ws/socket.io/", "/anything"])
def test_a_websocket_of_another_origin_is_closed_before_it_opens(
    api: Api, run: Run, path: str
) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"test"), (b"origin", b"https://evil.example.com")]
    scope = {
        "type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": headers, "scheme": "ws", "server": ("test", 80), "client": ("1.2.3.4", 5),
    }  # fmt: skip
    run(api.app(scope, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


# ---- sizes and limits --------------------------------------------------------------------------


def test_a_body_that_is_too_large_is_refused_before_it_is_read(api: Api, run: Run) -> None:
    body = b'{"question": "' + b"x" * MOST_BYTES + b'"}'
    answer = run(api.client.post("/api/v1/sql/ask", content=body))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")

    async def pieces() -> Any:
        for _ in range(40):
            yield b"x" * (MOST_BYTES // 20)

    answer = run(api.client.post("/api/v1/auth/login", content=pieces()))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"question": "\\ud800"}', b"[" * 100_000]
)
def test_a_body_that_is_no_request_is_bad_input(api: Api, run: Run, body: bytes) -> None:
    headers = {**run(api.headers()), "Content-Type": "application/json"}
    answer = run(api.client.post("/api/v1/sql/ask", content=body, headers=headers))
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "path", "who"),
    [
        ("ip_limit", "/api/v1/public/demo/questions", None),
        ("user_limit", "/api/v1/catalog/tables", "viewer"),
    ],
)
def test_more_than_allowed_is_turned_away(
    run: Run, shop: Path, tmp_path: Path, limit: str, path: str, who: str | None
) -> None:
    async def asked() -> list[Any]:
        async with running(settings_of(tmp_path, **{limit: "5/minute"}), shop) as api:
            headers = await api.headers(who) if who else {}
            answers = [await api.client.get(path, headers=headers) for _ in range(7)]
            health = await api.client.get("/health")
            return [*answers, health]

    *answers, health = run(asked())
    assert [a.status_code for a in answers] == [200] * 5 + [429] * 2
    assert answers[-1].json()["code"] == "too_many_requests"
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert health.status_code == 200


@pytest.mark.slow
def test_the_public_demo_is_for_the_demo_and_for_a_few_a_minute(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    async def asked(name: str, *questions: str, **server: Any) -> list[Any]:
        settings = settings_of(tmp_path / name, **server)
        async with running(settings, shop, demo_questions=questions) as api:
            body = {"question": "how many orders are there"}
            return [await api.client.post("/api/v1/public/demo/ask", json=body) for _ in range(4)]

    for shut in (run(asked("other")), run(asked("shut", "x", public_demo=False))):
        assert {(a.status_code, a.json()["code"]) for a in shut} == {(403, "access_denied")}
    few = run(asked("few", "x", demo_limit="3/hour"))
    assert [a.status_code for a in few] == [200, 200, 200, 429]
    assert few[0].json()["results"] == [{"number_of_orders": 3000}]


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "found"),
    [
        ("9.9.9.9", "1.1.1.1", (), "9.9.9.9"),
        ("9.9.9.9", "1.1.1.1", ("10.0.0.0/8",), "9.9.9.9"),
        ("10.0.0.1", "1.1.1.1", ("10.0.0.0/8",), "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1", ("10.0.0.0/8",), "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.2.2.2", ("10.0.0.0/8",), "1.1.1.1"),
        ("10.0.0.1", "nonsense", ("10.0.0.0/8",), "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", ("10.0.0.0/8",), "10.0.0.2"),
        ("::1", "2001:db8::1", ("::1",), "2001:db8::1"),
    ],
)
def test_who_is_asking_is_believed_from_trusted_proxies_only(
    peer: str, forwarded: str, trusted: tuple[str, ...], found: str
) -> None:
    assert forwarded_ip(peer, forwarded, trusted) == found


# ---- commit and answer -------------------------------------------------------------------------


def test_a_commit_that_fails_after_the_handler_returned_is_a_500(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With FastAPI's default scope of dependencies the client would have its 201 already."""
    query = run(api.ask("how many orders are there"))["query_id"]
    headers = run(api.headers())
    body = {"query_id": query, "rating": 1, "comment": "never kept"}

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(SessionTransaction, "commit", broken)
    answer = run(api.client.post("/api/v1/feedback/flag", json=body, headers=headers))
    monkeypatch.undo()
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert run(api.call("GET", f"/feedback?query_id={query}")).json()["total"] == 0


@pytest.mark.slow
def test_a_store_that_is_locked_is_unavailable_not_a_fault(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    async def asked() -> Any:
        async with running(settings_of(tmp_path), shop) as api:
            made = await api.ask("how many orders are there")
            headers = await api.headers()
            async with api.parts.database.engine.connect() as connection:
                await connection.execute(text("PRAGMA busy_timeout=50"))
            path = tmp_path / "datamind.db"
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            body = {"query_id": made["query_id"], "rating": 1}
            task = asyncio.create_task(
                api.client.post("/api/v1/feedback/flag", json=body, headers=headers)
            )
            answer = await asyncio.wait_for(task, 20)
            other.execute("ROLLBACK")
            other.close()
            return answer

    answer = run(asked())
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]


# ---- metrics -----------------------------------------------------------------------------------


def test_metrics_count_routes_and_not_paths(api: Api, run: Run) -> None:
    for number in range(3):
        run(api.call("GET", f"/queries/qry-{number}"))
        run(api.client.get(f"/nothing/{number}"))
    text = run(api.client.get("/metrics")).text
    assert 'endpoint="/api/v1/queries/{query_id}",method="GET",status="404"' in text
    assert "qry-1" not in text and "/nothing" not in text
    for name in (
        "http_requests_total", "query_generation_latency_seconds_bucket",
        "query_execution_latency_seconds_bucket", "pipeline_stage_seconds_bucket",
        "system_health_score", "guard_refusals_total", "feedback_flagged_count",
    ):  # fmt: skip
        assert name in text, name


@pytest.mark.slow
def test_metrics_are_for_this_machine_or_who_has_the_token(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    async def asked() -> list[int]:
        async with running(settings_of(tmp_path, api_token="t" * 40), shop) as api:
            callers = (
                {}, {"Authorization": "Bearer " + "x" * 40},
                {"Authorization": "Bearer " + "t" * 40},
                await api.headers("analyst"), await api.headers("admin"),
            )  # fmt: skip
            answers = [await api.client.get("/metrics", headers=caller) for caller in callers]
            return [answer.status_code for answer in answers]

    assert run(asked()) == [401, 401, 200, 401, 200]
