"""The audit log over the API and from the command line: searched, exported, verified."""

from __future__ import annotations

import ast
import datetime as dt
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import get_args
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.store import AuditStore
from datamind.api.secrets import FILE, secrets_of
from datamind.cli import app
from datamind.dbt_records import COMMANDS
from datamind.errors import AuditKeyMissing, BadInput
from datamind.records import AuditEvent, AuditFilter
from datamind.rooms.audit import retention
from datamind.rooms.audit.events import EVENTS
from datamind.rooms.questions.asking import Kind
from datamind.settings import load

from .conftest import Api, Run, running, settings_of


def test_admins_search_what_was_done(api: Api, run: Run) -> None:
    run(api.call("POST", "/sql/execute", {"sql": "SELECT count(*) AS found_me FROM orders"}))
    page = run(api.call("GET", "/security/audit-log?q=found_me&limit=1", role="admin")).json()
    assert page["total"] >= 2  # the intent and the outcome
    (newest,) = page["items"]
    assert newest["event_type"] == "query_execute"
    assert newest["user_id"] == "usr-analyst"
    assert newest["user_email"] == "a***@example.com"
    path = f"/security/audit-log?q=found_me&cursor={page['next_cursor']}"
    older = run(api.call("GET", path, role="admin")).json()["items"]
    assert all(record["seq"] < newest["seq"] for record in older)
    intent = next(record for record in older if record["status"] == "intent")
    assert "found_me" in intent["details"]["governed_sql"]
    path = "/security/audit-log?event_type=login&since=2099-01-01T00:00:00"
    assert run(api.call("GET", path, role="admin")).json()["total"] == 0
    bad = run(api.call("GET", "/security/audit-log?cursor=x", role="admin"))
    assert bad.json()["code"] == "bad_input"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/security/audit-log?event_type=login&status=blocked", 200),
        ("/security/audit-log?event_type=logn", 422), ("/security/audit-log?status=ok", 422),
        ("/security/audit-log/export?status=ok", 422),
        ("/security/login-attempts?ip=203.0.113.7", 200),
        ("/security/login-attempts?ip=2001:DB8::7", 200),
        ("/security/login-attempts?ip=999.1.1.1", 422), ("/security/login-attempts?ip=x", 422),
    ],
)  # fmt: skip
def test_what_no_record_can_have_is_told_not_looked_for(
    api: Api, run: Run, path: str, status: int
) -> None:
    assert run(api.call("GET", path, role="admin")).status_code == status


def test_every_event_that_is_noted_can_be_looked_for(
    source_nodes: dict[str, list[ast.AST]],
) -> None:
    calls = [
        call for nodes in source_nodes.values() for call in nodes
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "note"
    ]  # fmt: skip
    noted = {e.value for c in calls if isinstance(e := c.args[2], ast.Constant)}
    made = {f"ip_restriction_{what}" for what in ("create", "change", "delete")}
    made |= {f"query_{kind}" for kind in get_args(Kind)}
    made |= {f"dbt_{command}" for command in COMMANDS}
    assert noted | made == EVENTS


def test_a_moment_out_of_the_calendar_is_told_not_left_out(api: Api, run: Run) -> None:
    path = "/security/audit-log?since=0001-01-01T00:00:00"
    assert run(api.call("GET", path, role="admin")).json()["code"] == "bad_input"


def test_a_moment_in_another_zone_is_the_same_moment(api: Api, run: Run) -> None:
    run(api.call("POST", "/sql/execute", {"sql": "SELECT count(*) AS found_me FROM orders"}))
    path = "/security/audit-log?q=found_me"
    every = run(api.call("GET", path, role="admin")).json()
    moment = dt.datetime.fromisoformat(every["items"][-1]["timestamp"])
    for name, hours, second in (("since", 9, 0), ("until", -9, 1)):
        there = dt.timezone(dt.timedelta(hours=hours))  # as text on the other side of the records
        said = quote((moment + dt.timedelta(seconds=second)).astimezone(there).isoformat())
        page = run(api.call("GET", f"{path}&{name}={said}", role="admin")).json()
        assert (name, page["total"]) == (name, every["total"])


def test_an_export_may_be_read_on_by_another_thread(tmp_path: Path) -> None:
    log = AuditStore(AuditPlaces.of(tmp_path), b"k")
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for _ in range(3):
        log.submit(AuditEvent(moment, "login", "api", "success")).result()
    lines = log.lines(AuditFilter())
    assert next(lines)[0] == 1
    with ThreadPoolExecutor(1) as other:
        assert [seq for seq, _ in other.submit(list, lines).result()] == [2, 3]
    log.close()


def test_the_log_is_exported_and_the_export_is_in_it(api: Api, run: Run) -> None:
    answer = run(api.call("GET", "/security/audit-log/export?status=success", role="admin"))
    assert answer.headers["content-type"] == "application/jsonl"
    records = [json.loads(line) for line in answer.text.splitlines()]
    assert [r["seq"] for r in records] == sorted(r["seq"] for r in records)
    assert records[-1]["event_type"] == "audit_export"


def test_the_chain_is_verified_over_the_api_and_without_the_server(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run(api.call("POST", "/security/audit-log/verify", role="admin")).json()
    assert (told["holds"], told["faults"]) == (True, [])
    assert told["records"] > 0
    home: Path = api.parts.settings.home
    monkeypatch.setenv("DATAMIND_HOME", str(home))
    made = CliRunner().invoke(app, ["audit", "verify"])
    assert made.exit_code == 0
    assert "the chain holds" in made.output
    assert "can't be known" in made.output
    with sqlite3.connect(home / "audit.db") as db:
        db.execute("UPDATE audit_log SET record = replace(record, 'login', 'logon') WHERE seq = 1")
    told = run(api.call("POST", "/security/audit-log/verify", role="admin")).json()
    assert not told["holds"]
    assert told["faults"][0].startswith("database: record 1 was changed")
    made = CliRunner().invoke(app, ["audit", "verify", "--json"])
    assert made.exit_code == 1
    assert json.loads(made.output)["holds"] is False


def test_anchors_are_kept_where_they_are_asked_for_and_nothing_is_anchored_of_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "else" / "where" / "anchors"
    AuditStore(AuditPlaces.of(tmp_path, place), b"k").close()
    assert not place.exists()
    log = AuditStore(AuditPlaces.of(tmp_path, place), b"k")
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    log.submit(AuditEvent(moment, "login", "api", "success")).result()
    log.close()
    assert log.verify().anchored == 1
    assert caplog.text == ""


def test_without_a_log_verify_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path))
    with pytest.raises(Exception, match="There is no audit log"):
        CliRunner().invoke(app, ["audit", "verify"], catch_exceptions=False)


def test_what_is_typed_and_looks_personal_is_masked_in_the_log(api: Api, run: Run) -> None:
    sql = (
        "SELECT count(*) AS masked_here FROM stores WHERE name IN ('ann@example.com',"
        " '4111 1111 1111 1111', '123-45-6789', '+49 30 1234567', 'DE89370400440532013000')"
    )
    answer = run(api.call("POST", "/sql/execute", {"sql": sql}))
    assert answer.status_code == 200, answer.text
    path = "/security/audit-log?q=masked_here"
    found = run(api.call("GET", path, role="admin")).json()["items"]
    assert {record["ip_address"] for record in found} == {"127.0.0.1"}
    for record in found:
        for text in (t for k, t in record["details"].items() if k in ("sql", "governed_sql")):
            for kind in ("EMAIL", "CREDIT_CARD", "SSN", "PHONE", "IBAN"):
                assert text.count(f"[{kind}_MASKED]") == 1
            assert "4111" not in text and "ann@" not in text


@pytest.mark.slow
def test_records_are_sealed_and_deleted_day_by_day(run: Run, shop: Path, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, audit_seal_days=30, audit_retention_days=100)

    async def days() -> None:
        async with running(settings, shop) as api:
            await api.call("POST", "/sql/execute", {"sql": "SELECT count(*) AS old FROM orders"})
            for forward, sealed in ((36, False), (2, True)):  # a week's worth has to gather
                api.clock.forward(days=forward)
                await retention.once(api.parts)
                page = await api.call("GET", "/security/audit-log?q=AS%20old", role="admin")
                assert (page.json()["sealed"] > 0, page.json()["total"] == 0) == (sealed, sealed)
            export = await api.call("GET", "/security/audit-log/export", role="admin")
            assert "AS old" in export.text
            events = [json.loads(line) for line in export.text.splitlines()]
            assert [e["details"]["days"] for e in events if e["event_type"] == "audit_seal"] == [30]
            api.clock.forward(days=63)
            await retention.once(api.parts)
            export = await api.call("GET", "/security/audit-log/export", role="admin")
            assert "AS old" not in export.text and "audit_prune" in export.text
            told = (await api.call("POST", "/security/audit-log/verify", role="admin")).json()
            assert told["holds"] and told["deleted"] == page.json()["sealed"]

    run(days())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with three records in its audit log."""
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path))
    with closing(AuditStore(AuditPlaces.of(tmp_path), secrets_of(load()).audit)) as log:
        for day in range(1, 4):
            moment = dt.datetime(2020, 1, day, tzinfo=dt.UTC)
            log.submit(AuditEvent(moment, "login", "api", "success")).result(10)
    return tmp_path


@pytest.mark.parametrize("left", [("audit.head", "logs/audit.anchors"), ("audit.head",)])
def test_a_log_that_was_deleted_but_for_its_mark_was_cut_off(
    home: Path, left: tuple[str, ...]
) -> None:
    for path in home.rglob("*"):
        if path.is_file() and path.name != FILE and str(path.relative_to(home)) not in left:
            path.unlink()
    made = CliRunner().invoke(app, ["audit", "verify"])
    assert made.exit_code == 1
    assert "log: records 1 to 3 were cut off: audit.head names the last" in made.output
    (home / "audit.head").unlink()
    (home / "logs" / "audit.anchors").unlink(missing_ok=True)
    with pytest.raises(BadInput, match="no audit log"):
        CliRunner().invoke(app, ["audit", "verify"], catch_exceptions=False)


def test_without_its_key_a_log_is_not_checked_and_nothing_is_written(home: Path) -> None:
    (home / FILE).unlink()
    before = sorted(home.rglob("*"))
    with pytest.raises(AuditKeyMissing, match="key is missing"):
        CliRunner().invoke(app, ["audit", "verify"], catch_exceptions=False)
    made = CliRunner().invoke(app, ["audit", "verify", "--json"])
    assert made.exit_code == 8
    assert json.loads(made.output)["error"]["code"] == "audit_key_missing"
    assert sorted(home.rglob("*")) == before


@pytest.mark.slow
def test_an_operator_seals_and_deletes_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path))
    secrets = secrets_of(load())
    with closing(AuditStore(AuditPlaces.of(tmp_path), secrets.audit)) as log:
        for day in range(1, 5):
            moment = dt.datetime(2020, 1, day, tzinfo=dt.UTC)
            log.submit(AuditEvent(moment, "login", "api", "success")).result(10)

    def told(*words: str, code: int = 0) -> str:
        made = CliRunner().invoke(app, ["audit", *words])
        assert made.exit_code == code, made.output
        return made.output

    assert json.loads(told("seal", "--days", "30", "--json")) == {"sealed": 3}
    assert "The first 3 are sealed." in told("verify")
    with pytest.raises(BadInput, match="kept for ever"):
        CliRunner().invoke(app, ["audit", "prune"], catch_exceptions=False)
    assert "3 records were deleted." in told("prune", "--days", "30")
    assert "the first 3 were deleted by retention" in told("verify")
    (tmp_path / "audit-segments" / "manifest.jsonl").unlink()
    assert "records 1 to 3 are missing" in told("verify", code=1)
