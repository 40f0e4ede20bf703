"""Settings that admins change while the server runs: what may be, what holds then, who is told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from datamind.errors import BadInput
from datamind.rooms.system.service import Watch
from datamind.settings import load
from datamind.settings.changeable import CHANGEABLE, changeable, changed
from datamind.settings.environment import is_secret

from .conftest import Api, Run, running, settings_of

PATH = "/system/config"
ORDERS = {"sql": "SELECT id FROM orders"}


def test_each_of_them_is_a_setting_and_its_default_and_bounds_fit() -> None:
    usual, said = load({}), {name for name, _ in load({}).given}
    for one in CHANGEABLE.values():
        assert one.name in said and not is_secret(one.name), one
        assert one.read(one.of(usual)) == one.of(usual), one
        assert one.of(changed(usual, {one.name: one.of(usual)})) == one.of(usual)
        if one.kind == "rate":
            continue
        for value in (one.least, one.most):
            read = one.read(value if one.kind == "number" else int(value))
            assert one.of(changed(usual, {one.name: read})) == value
            assert one.of(load({one.name: f"{value:g}"})) == value  # as the environment has it


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("JWT_SECRET", "x" * 32, "no setting that can be changed"),
        ("DATAMIND_HOME", "/tmp", "no setting that can be changed"),
        ("LOGIN_FAILURES", 1_000_000, "no setting that can be changed"),
        ("TRUSTED_PROXIES", "0.0.0.0/0", "no setting that can be changed"),
        ("AUDIT_RETENTION_DAYS", 1, "no setting that can be changed"),
        ("DATAMIND_ROW_LIMITS", 5, "no setting that can be changed"),
        ("DATAMIND_ROW_LIMIT", 0, "out of bounds"),
        ("DATAMIND_ROW_LIMIT", 1_000_001, "out of bounds"),
        ("DATAMIND_ROW_LIMIT", -5, "out of bounds"),
        ("DATAMIND_ROW_LIMIT", 5.5, "no whole number"),
        ("DATAMIND_ROW_LIMIT", "many", "no whole number"),
        ("DATAMIND_ROW_LIMIT", "\uff15\uff10\uff10", "no whole number"),
        ("DATAMIND_ROW_LIMIT", "7_0", "no whole number"),
        ("DATAMIND_ROW_LIMIT", "1e3", "no whole number"),
        ("DATAMIND_ROW_LIMIT", "+5", "no whole number"),
        ("DATAMIND_ROW_LIMIT", "", "was given nothing"),
        ("DATAMIND_ROW_LIMIT", "  ", "was given nothing"),
        ("DATAMIND_ROW_LIMIT", True, "takes one number"),
        ("DATAMIND_ROW_LIMIT", [5], "takes one number"),
        ("DATAMIND_ROW_LIMIT", float("nan"), "no whole number"),
        ("DATAMIND_ROW_LIMIT", "9" * 50, "takes one number"),
        ("DATAMIND_CACHE_SECONDS", "-1", "out of bounds"),
        ("DATAMIND_QUERY_TIMEOUT_S", "1e3", "no number"),
        ("DATAMIND_QUERY_TIMEOUT_S", float("nan"), "out of bounds"),
        ("RATE_LIMIT_USER", "1/day", "out of bounds"),
        ("RATE_LIMIT_USER", 300, "RATE_LIMIT_USER is '300'"),
        ("RATE_LIMIT_USER", "", "was given nothing"),
        ("RATE_LIMIT_USER", "6\uff10/minute", "RATE_LIMIT_USER is"),
        ("LOGIN_ATTEMPTS_DAYS", 1, "out of bounds"),
    ],
)
def test_what_is_no_such_setting_or_no_value_of_it_is_told(
    name: str, value: object, said: str
) -> None:
    with pytest.raises(BadInput, match=said) as told:
        changeable(name).read(value)
    if name in CHANGEABLE:
        assert told.value.hint == CHANGEABLE[name].takes


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("DATAMIND_ROW_LIMIT", " 500 ", 500),
        ("DATAMIND_ROW_LIMIT", 500.0, 500),
        ("DATAMIND_CACHE_SECONDS", "0", 0),
        ("DATAMIND_QUERY_TIMEOUT_S", "2.5", 2.5),
        ("RATE_LIMIT_USER", " 60/minute ", "60/minute"),
    ],
)
def test_a_value_is_read_as_people_write_it(name: str, value: object, read: object) -> None:
    assert changeable(name).read(value) == read


def test_the_bounds_that_are_told_are_its_own() -> None:
    told = {name: changeable(name).takes for name in ("DATAMIND_CACHE_SECONDS", "RATE_LIMIT_USER")}
    assert told == {
        "DATAMIND_CACHE_SECONDS": "Give it 0 to 86,400 seconds.",
        "RATE_LIMIT_USER": "Give it 30 to 10,000,000 a minute, as 60/minute.",
    }


async def patch(api: Api, settings: dict[str, Any], **more: Any) -> Any:
    return await api.call("PATCH", PATH, {"settings": settings}, role="admin", **more)


async def told(api: Api, name: str) -> dict[str, Any]:
    answer = await api.call("GET", PATH, role="admin")
    return next(one for one in answer.json()["settings"] if one["name"] == name)


def test_a_change_holds_at_once_is_told_as_such_audited_and_taken_back(api: Api, run: Run) -> None:
    async def lived() -> None:
        before = await api.call("POST", "/sql/execute", ORDERS)
        assert before.json()["rows_returned"] == 3000
        answer = await patch(api, {"DATAMIND_ROW_LIMIT": 7, "ALERT_DISK_MB": "99"})
        assert answer.status_code == 200, answer.text
        assert answer.headers["ETag"] == f'"{answer.json()["revision"]}"'
        limited = (await api.call("POST", "/sql/execute", ORDERS)).json()
        assert (limited["rows_returned"], limited["truncated"]) == (7, True)
        shown = await told(api, "DATAMIND_ROW_LIMIT")
        assert (shown["value"], shown["holds"], shown["source"]) == ("7", 7, "changed")
        assert (shown["changed_by"], shown["changed_at"][:10]) == ("usr-admin", "2026-03-15")
        assert shown["takes"] == {"kind": "whole", "unit": "rows", "least": 1, "most": 1_000_000}
        assert api.parts.settings.alerts.disk_mb == 99
        await patch(api, {"DATAMIND_ROW_LIMIT": None})
        shown = await told(api, "DATAMIND_ROW_LIMIT")
        assert (shown["value"], shown["holds"], shown["source"]) == (None, 9_999, "default")
        assert (await told(api, "ALERT_DISK_MB"))["source"] == "changed"
        again = await api.call("POST", "/sql/execute", ORDERS)
        assert again.json()["rows_returned"] == 3000
        found = [e["details"] for e in api.audited() if e["event_type"] == "config_change"]
        assert found == [
            {"setting": "DATAMIND_ROW_LIMIT", "old": 9_999, "new": 7},
            {"setting": "ALERT_DISK_MB", "old": 512, "new": 99},
            {"setting": "DATAMIND_ROW_LIMIT", "old": 7, "new": None},
        ]

    run(lived())


def test_all_of_a_change_holds_or_none_of_it(api: Api, run: Run) -> None:
    async def lived() -> None:
        bad = await patch(api, {"DATAMIND_EXPORT_ROWS": 5, "JWT_SECRET": "y" * 32})
        assert bad.status_code == 422 and "JWT_SECRET is no setting" in bad.json()["detail"]
        assert api.parts.settings.server.export_rows == 100_000
        assert "y" * 32 not in bad.text

    run(lived())


def test_of_two_admins_the_second_is_told_that_it_was_changed_meanwhile(api: Api, run: Run) -> None:
    async def lived() -> None:
        etag = (await api.call("GET", PATH, role="admin")).headers["ETag"]
        first, second = await asyncio.gather(*(
            patch(api, {"ADVISE_CLICKHOUSE_GB": gb}, headers={"If-Match": etag}) for gb in (10, 20)
        ))  # fmt: skip
        assert sorted((first.status_code, second.status_code)) == [200, 412]
        holds = 10 if first.status_code == 200 else 20
        assert (await told(api, "ADVISE_CLICKHOUSE_GB"))["holds"] == holds

    run(lived())


def test_what_was_made_of_a_setting_at_the_start_follows_it(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    async def lived() -> None:
        async with running(settings_of(tmp_path), shop) as api:
            await patch(
                api, {"DATAMIND_QUERY_TIMEOUT_S": 2, "DATAMIND_CACHE_SECONDS": 0,
                      "DATAMIND_SLOW_QUERY_MS": 1, "RATE_LIMIT_IP": "60/minute"},
            )  # fmt: skip
            await api.call("POST", "/sql/execute", ORDERS)
            slow = (await api.call("GET", "/system/slow-queries", role="admin")).json()
            assert slow["slow_ms"] == 1
            codes = [(await api.client.get("/api/v1/nothing")).status_code for _ in range(70)]
            assert codes[-1] == 429
            api.clock.forward(minutes=5)
            assert api.parts.settings.query_timeout_s == 2

    run(lived())


def test_another_server_and_the_next_start_read_it(run: Run, shop: Path, tmp_path: Path) -> None:
    async def lived() -> None:
        settings = settings_of(tmp_path)
        async with running(settings, shop) as one, running(settings, shop, people=()) as other:
            assert (await patch(one, {"ALERT_DISK_MB": 77})).status_code == 200
            watch: Watch = other.app.state.watch
            await watch._follow()
            assert other.parts.settings.alerts.disk_mb == 77
            assert (await told(other, "ALERT_DISK_MB"))["changed_by"] == "usr-admin"
        async with running(settings, shop, people=()) as after:
            assert after.parts.settings.alerts.disk_mb == 77

    run(lived())


@pytest.mark.slow
def test_the_command_line_changes_them_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from datamind.commands import config_changes

    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path))
    assert config_changes.change("DATAMIND_CACHE_SECONDS", "0", as_json=True) == 0
    capsys.readouterr()
    config_changes.show(as_json=True)
    made = {one["name"]: one for one in json.loads(capsys.readouterr().out)["settings"]}
    assert made["DATAMIND_CACHE_SECONDS"]["value"] == 0
    assert made["DATAMIND_CACHE_SECONDS"]["by"] == "operator"
    assert "value" not in made["ALERT_DISK_MB"]
    config_changes.change("DATAMIND_CACHE_SECONDS", None, as_json=True)
    assert '"revision": 2' in capsys.readouterr().out
    with pytest.raises(BadInput, match="no setting that can be changed"):
        config_changes.change("PATH", "x", as_json=True)
