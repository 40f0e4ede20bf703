"""What the pages decide without a browser: sessions, words, figures and charts."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httpx
import pytest

from datamind.errors import WarehouseNotFound
from datamind.ui.charts import options_of
from datamind.ui.client import Api, Trouble, events, parsed, trouble
from datamind.ui.doors import local_path
from datamind.ui.figures import places_of, written
from datamind.ui.live_log import LONGEST, plain_line
from datamind.ui.pages.audit import verdict_of
from datamind.ui.pages.backups import size
from datamind.ui.pages.dbt import asked_for
from datamind.ui.pages.system import details_of, reasons_of, since_of
from datamind.ui.sessions import LASTS_S, Ended, Person, Sessions
from datamind.ui.sql import in_lines
from datamind.ui.words import SEE_CATALOG, for_people, hint_for_people, spoken

TOKENS = {"access_token": "a0", "refresh_token": "r0", "expires_in": 900}
ME = {"name": "Ana", "email": "ana@demo.example", "role": "analyst"}


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeApi:
    """An API that takes the newest access token only, and each refresh token once."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.issued = 0
        self.refuses = refuses

    async def call(self, method: str, path: str, **given: Any) -> Any:
        await asyncio.sleep(0)
        if path == "/auth/refresh":
            if self.refuses or given["body"] != {"refresh_token": f"r{self.issued}"}:
                raise Trouble("unauthenticated", "The session is over.", status=401)
            self.issued += 1
            return {**TOKENS, "access_token": f"a{self.issued}",
                    "refresh_token": f"r{self.issued}"}  # fmt: skip
        if given["token"] != f"a{self.issued}":
            raise Trouble("unauthenticated", "The access token is not valid.", status=401)
        return ME if path == "/auth/me" else {"path": path}


def person(api: FakeApi, clock: Clock) -> Person:
    sessions = Sessions(clock)
    session = sessions.find(sessions.open(TOKENS, ME))
    assert session is not None
    return Person(cast(Api, api), session, "127.0.0.1", clock)


def test_tokens_that_get_old_are_renewed_once_for_all_that_wait() -> None:
    api, clock = FakeApi(), Clock()
    ana = person(api, clock)
    clock.now += 880

    async def many() -> list[Any]:
        return await asyncio.gather(*(ana.get(f"/{i}") for i in range(5)))

    assert [found["path"] for found in asyncio.run(many())] == [f"/{i}" for i in range(5)]
    assert api.issued == 1


def test_a_token_that_counts_no_more_is_renewed() -> None:
    api, clock = FakeApi(), Clock()
    ana = person(api, clock)
    api.issued = 0
    ana.session.access = "revoked"
    assert asyncio.run(ana.get("/x")) == {"path": "/x"}


def test_a_session_that_can_not_be_renewed_is_over_and_its_tokens_forgotten() -> None:
    ana = person(FakeApi(refuses=True), Clock())
    ana.session.access = "revoked"
    with pytest.raises(Ended):
        asyncio.run(ana.get("/x"))
    assert ana.session.access == ana.session.refresh == ""
    with pytest.raises(Ended):
        asyncio.run(ana.get("/x"))


def test_idle_sessions_are_forgotten_and_the_longest_idle_makes_room() -> None:
    clock = Clock()
    sessions = Sessions(clock, most=2)
    first, second = sessions.open(TOKENS, ME), sessions.open(TOKENS, ME)
    assert sessions.find(first) is not None
    third = sessions.open(TOKENS, ME)
    assert sessions.find(second) is None
    assert sessions.find(first) is not None
    clock.now += LASTS_S + 1
    assert sessions.find(third) is None
    sessions.open(TOKENS, ME)
    assert len(sessions) == 1


def test_an_id_that_is_none_of_ours_finds_nothing() -> None:
    sessions = Sessions()
    sessions.open(TOKENS, ME)
    assert [sessions.find(key) for key in (None, "", "planted")] == [None] * 3


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/history/q?x=1", "/history/q?x=1"), ("", "/"), ("//evil", "/"), ("/\\evil", "/"),
        ("https://example.com", "/"), ("javascript:alert(1)", "/"), ("/\n/evil", "/"),
        ("/signin?next=/", "/"), ("/signout", "/"), ("///evil", "/"),
    ],
)  # fmt: skip
def test_only_paths_of_ours_are_followed(target: str, path: str) -> None:
    assert local_path(target) == path


def test_server_sent_events_are_read_and_pings_passed_over() -> None:
    body = (
        ': ping\r\n\r\nevent: stage\r\ndata: {"a":\r\ndata: 1}\r\n\r\nevent: answer\ndata: {}\n\n'
    )

    async def read() -> list[tuple[str, Any]]:
        return [(e.name, e.data) async for e in events(httpx.Response(200, text=body))]

    assert asyncio.run(read()) == [("stage", {"a": 1}), ("answer", {})]


def test_halves_of_letters_are_marked_and_whole_ones_kept() -> None:
    assert parsed(r'{"a": ["\ud83d", "\ud83d\ude00", 1]}') == {"a": ["\ufffd", "😀", 1]}


def test_a_field_that_does_not_fit_is_named() -> None:
    told = trouble(
        {"detail": "The request does not fit.", "errors": [
            {"loc": ["body", "email"], "msg": "this is not an e-mail address"}]}
    )  # fmt: skip
    assert told.detail == "Email: this is not an e-mail address"


@pytest.mark.parametrize(
    ("hint", "code", "words"),
    [
        ("Ask in words of the data: `datamind catalog show` lists it.", "", SEE_CATALOG),
        ("Run `datamind doctor`, and report this with its code.", "", ""),
        ("Narrow the dates.", "query_timeout", "Narrow the dates."),
        ("Wait as long as Retry-After says, then try again.", "too_many_requests", ""),
        (None, "", ""),
        (
            WarehouseNotFound.default_hint,
            WarehouseNotFound.code,
            "Try again. If it lasts, tell an admin, with the reference below.",
        ),
    ],
)
def test_hints_speak_of_pages_not_of_commands(hint: str | None, code: str, words: str) -> None:
    assert hint_for_people(hint, code) == words


def test_what_is_down_is_said_of_questions_not_of_queries() -> None:
    said = for_people("Query execution unavailable: the warehouse is down.")
    assert said == "Questions can't be answered now: the warehouse is down."


def column(name: str, type_: str = "decimal", unit: str | None = None) -> dict[str, Any]:
    return {"name": name, "type": type_, "unit": unit, "masked": False}


@pytest.mark.parametrize(
    ("value", "of", "shown"),
    [
        (1234.5, column("amount", unit="usd"), "$1,234.50"),
        (-3, column("amount", unit="eur"), "-€3"),
        (2**70 + 1, column("n", "integer"), "1,180,591,620,717,411,303,425"),
        (0.51886, column("share", "float"), "0.5189"),
        (2024, column("year", "integer"), "2024"),
        (3, column("order_quarter", "integer"), "Q3"),
        (3, column("month_of_year", "integer"), "March"),
        (100200, column("order_id", "integer"), "100200"),
        (12, column("rate", "float", "percent"), "12 %"),
        (None, column("x"), "—"),
        (True, column("x", "boolean"), "yes"),
        ("2026-04-01", column("order_month", "date"), "2026-04"),
        ("2026-04-01", column("quarter", "date"), "2026-Q2"),
        ("2026-04-01T00:00:00", column("at", "timestamp"), "2026-04-01"),
        ("2026-04-01T08:30:00", column("at", "timestamp"), "2026-04-01 08:30"),
        ("<b>", column("x", "text"), "<b>"),
    ],
)
def test_values_are_written_for_people(value: Any, of: dict[str, Any], shown: str) -> None:
    assert written(value, of, places_of([value])) == shown


def test_sql_of_one_line_is_set_in_lines_and_stays_the_same() -> None:
    sql = "SELECT a, 'x FROM y' FROM t LEFT JOIN u ON a = b WHERE f(a AND b) AND c GROUP BY a"
    lines = in_lines(sql)
    assert lines.split("\n") == [
        "SELECT a, 'x FROM y'", "FROM t", "LEFT JOIN u ON a = b", "WHERE f(a AND b)", "  AND c",
        "GROUP BY a",
    ]  # fmt: skip
    assert " ".join(lines.split()) == sql


def test_names_are_spoken() -> None:
    assert [spoken(n) for n in ("number_of_fct_sales", "net_revenue", "dim_users")] == [
        "Number of sales", "Net revenue", "Users"
    ]  # fmt: skip


def test_lines_of_a_series_share_their_days() -> None:
    rows = [
        {"day": "2026-01-01", "shop": "a", "n": 1}, {"day": "2026-01-01", "shop": "b", "n": 2},
        {"day": "2026-01-02", "shop": "b", "n": 3},
    ]  # fmt: skip
    columns = [column("day", "date"), column("shop", "text"), column("n", "integer")]
    chart = {"kind": "line", "x": "day", "y": ["n"], "series": "shop"}
    drawn = options_of(chart, columns, rows)
    assert drawn is not None
    assert drawn["xAxis"]["data"] == ["2026-01-01", "2026-01-02"]
    assert [(s["name"], s["data"]) for s in drawn["series"]] == [("a", [1, None]), ("b", [2, 3])]


def test_a_share_is_not_drawn_beside_dollars() -> None:
    rows = [{"c": "a", "usd": 10.0, "share": 0.4}, {"c": "b", "usd": 15.0, "share": 0.6}]
    columns = [column("c", "text"), column("usd", unit="usd"), column("share")]
    drawn = options_of({"kind": "bar", "x": "c", "y": ["usd", "share"], "series": None},
                       columns, rows)  # fmt: skip
    assert drawn is not None
    assert [s["name"] for s in drawn["series"]] == ["Usd"]


def test_too_many_bars_are_a_table() -> None:
    rows = [{"c": f"c{i}", "n": i} for i in range(60)]
    chart = {"kind": "bar", "x": "c", "y": ["n"], "series": None}
    assert options_of(chart, [column("c", "text"), column("n", "integer")], rows) is None


def test_a_unit_can_not_become_code() -> None:
    unit = '"); alert(1); ("'
    drawn = options_of({"kind": "bar", "x": "c", "y": ["n"], "series": None},
                       [column("c", "text"), column("n", unit=unit)],
                       [{"c": "a", "n": 1}, {"c": "b", "n": 2}])  # fmt: skip
    assert drawn is not None
    code = drawn["tooltip"][":valueFormatter"]
    assert code == '(value) => datamind.figure(value, "\\"); alert(1); (\\"")'


OPEN = {"subject": "READ_ONLY", "opened_at": "2026-05-02T10:00:00Z", "ended_at": None}
OVER = {**OPEN, "ended_at": "2026-05-02T11:00:00Z"}
HEALTH = {"timestamp": "2026-05-02T12:00:00+00:00", "uptime_seconds": 3600.0}


@pytest.mark.parametrize(
    ("mode", "changes", "since"),
    [
        ("FULL_OPERATIONAL", [], "2026-05-02T11:00:00+00:00"),
        ("FULL_OPERATIONAL", [OVER, OPEN], "2026-05-02T11:00:00Z"),
        ("READ_ONLY", [OPEN], "2026-05-02T10:00:00Z"),
        # What is not kept yet has no time, rather than a wrong one.
        ("FULL_OPERATIONAL", [OPEN], ""), ("READ_ONLY", [OVER], ""), ("READ_ONLY", [], ""),
    ],
)  # fmt: skip
def test_since_when_a_mode_holds(mode: str, changes: list[Any], since: str) -> None:
    assert since_of(HEALTH, {"mode": mode}, changes) == since


WANTED = {"mode": "FULL_OPERATIONAL", "reason": "It works.", "by": "u1",
          "until": "2026-05-02T12:00:00Z"}  # fmt: skip


@pytest.mark.parametrize(
    ("down", "wanted", "told"),
    [
        ([], None, ["This follows from the state of its parts."]),
        (["the warehouse"], None, ["The warehouse is down."]),
        (
            ["the warehouse", "the audit log"], WANTED,
            ["The warehouse and the audit log are down.",
             "Ana has set FULL_OPERATIONAL until 2 May 2026, 12:00 UTC: It works."],
        ),
    ],
)  # fmt: skip
def test_why_a_mode_holds(down: list[str], wanted: Any, told: list[str]) -> None:
    mode = {"mode": "READ_ONLY", "computed": "READ_ONLY", "down": down, "override": wanted}
    assert reasons_of(mode, {"u1": "Ana"}) == told


@pytest.mark.parametrize(
    ("part", "told", "details"),
    [
        ("circuits", {"metadata": "closed", "redis": "open"}, ["redis: open"]),
        ("circuits", {"metadata": "closed"}, ["all closed"]),
        ("disk", {"free_mb": None}, ["unknown"]),
        ("audit", {"not_written": {"file": "disk full"}}, ["file not written: disk full"]),
        ("dbt", {"last_run": None, "failing": ["t: not_null"], "stale": []},
         ["no run yet", "failing: t: not_null"]),
        ("warehouse", {"name": "main", "latency_ms": 3.2, "clickhouse": {
            "name": "beside", "status": "down"}},
         ["main", "answers in 3 ms", "beside beside it is down"]),
    ],
)  # fmt: skip
def test_what_is_known_of_a_part(part: str, told: Any, details: list[str]) -> None:
    assert details_of(part, told) == details


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("1 of 3 \x1b[32mPASS\x1b[0m", "1 of 3 PASS"), ("<script>", "<script>"),
        ("a\x00b\x07c\r\n\td", "abc\td"), ("user\u202etxt.exe\u2066", "usertxt.exe"),
        ("x" * (LONGEST + 1), "x" * LONGEST + " …"),
    ],
)  # fmt: skip
def test_a_line_of_a_log_is_text_without_what_can_not_be_seen(line: str, shown: str) -> None:
    assert plain_line(line) == shown


@pytest.mark.parametrize(
    ("command", "wanted", "told"),
    [
        ("test", {"models": ["+fct_orders", "tag:nightly"], "exclude": [], "full_refresh": False},
         "Test +fct_orders tag:nightly"),
        ("build", {"models": [], "exclude": ["dim_x"], "full_refresh": True},
         "Build without dim_x, full refresh"),
        ("sync", {}, "Sync"),
    ],
)  # fmt: skip
def test_a_run_of_dbt_is_called_as_it_was_asked_for(command: str, wanted: Any, told: str) -> None:
    assert asked_for({"command": command, "selectors": wanted}) == told


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (2.5e12, "2.5 TB")]
)
def test_sizes_are_read_by_people(count: float, told: str) -> None:
    assert size(count) == told


def test_a_chain_that_is_broken_is_told_with_its_first_faults() -> None:
    told = {"holds": False, "records": 1, "anchored": 0, "faults": ["gap at 3"] * 50}
    assert verdict_of(told)[:2] == ["The log is not whole (1 record read).", "gap at 3"]
    assert len(verdict_of(told)) == 21
    whole = {**told, "holds": True, "records": 1200, "anchored": 1100}
    words = "The chain holds: 1,200 records, vouched for up to 1,100 by an anchor."
    assert verdict_of(whole) == [words]
