"""Exports over the API: the caller's own rows, as a file, and nothing of it stays."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from datamind.rooms.questions.exporting import MEDIA_TYPES, filename

from .conftest import RUNAWAY, Api, Run, running, settings_of
from .people import People, Person

pytestmark = pytest.mark.slow

HOSTILE = "SELECT '=1+1' AS \"@name\", -5 AS n, CAST('2026-02-28' AS DATE) AS day, ' =x' AS spaced"


@pytest.fixture
def people(api: Api, run: Run) -> Iterator[People]:
    made = People(api, run)
    yield made
    made.gone()


def ran(person: Person, sql: str) -> str:
    return str(person.told("POST", "/sql/execute", {"sql": sql})["query_id"])


def rows_of(format: str, body: bytes, tmp_path: Path) -> list[list[Any]]:
    """What another program reads, the names first."""
    if format == "csv":
        return list(csv.reader(io.StringIO(body.decode(), newline="")))
    if format == "json":
        rows = json.loads(body)
        return [list(rows[0]), *(list(row.values()) for row in rows)]
    path = tmp_path / f"x.{format}"
    path.write_bytes(body)
    if format == "xlsx":
        sheet = openpyxl.load_workbook(path).active
        return [list(row) for row in sheet.iter_rows(values_only=True)]
    with duckdb.connect() as db:
        read = db.sql(f"FROM '{path}'")
        return [read.columns, *(list(row) for row in read.fetchall())]


@pytest.mark.parametrize("format", MEDIA_TYPES)
def test_each_format_is_sent_as_what_it_is(people: People, tmp_path: Path, format: Any) -> None:
    ana = people("ana")
    query = ana.asked("How many orders are there by status?")
    answer = ana.send("GET", f"/queries/{query}/export?format={format}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == MEDIA_TYPES[format]
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="datamind-how-many-orders-are-there-by-status.{format}"'
    )
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert (answer.headers["X-Rows"], answer.headers["X-Truncated"]) == ("3", "false")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    names, *rows = rows_of(format, answer.content, tmp_path)
    assert names == ["status", "number_of_orders"]
    assert sum(int(n) for _, n in rows) == 3000


TWICE = 'SELECT 1 AS a, 2 AS a, 3 AS "A", 4 AS a_2'


@pytest.mark.parametrize("format", MEDIA_TYPES)
def test_columns_of_one_name_are_told_apart_alike_everywhere(
    people: People, tmp_path: Path, format: Any
) -> None:
    ana = people("ana")
    made = ana.told("POST", "/sql/execute", {"sql": TWICE})
    names = ["a", "a_3", "A_4", "a_2"]
    assert made["results"] == [dict(zip(names, (1, 2, 3, 4), strict=True))]
    assert [column["name"] for column in made["columns"]] == names
    again = ana.told("GET", f"/queries/{made['query_id']}/results")
    assert (again["results"], again["cached"]) == (made["results"], True)
    body = ana.send("GET", f"/queries/{made['query_id']}/export?format={format}").content
    found = [[str(cell) for cell in row] for row in rows_of(format, body, tmp_path)]
    assert found == [names, ["1", "2", "3", "4"]]


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_what_would_run_in_a_spreadsheet_is_shown(
    people: People, tmp_path: Path, format: str
) -> None:
    ana = people("ana")
    body = ana.send("GET", f"/queries/{ran(ana, HOSTILE)}/export?format={format}").content
    names, row = rows_of(format, body, tmp_path)
    assert names == ["'@name", "n", "day", "spaced"]
    assert [row[0], row[3], str(row[1])] == ["'=1+1", "' =x", "-5"]
    assert str(row[2]).startswith("2026-02-28")


def test_a_file_holds_the_rows_of_who_takes_it_away(people: People, tmp_path: Path) -> None:
    owner, reader = people("owner"), people("reader")
    people.policy(on="stores", rows="country = 'Italy'", to={"users": [reader.email]})
    query = ran(owner, "SELECT country, name FROM stores ORDER BY id")
    owner.told("POST", f"/queries/{query}/share", {"users": [reader.email]})
    path = f"/queries/{query}/export?format=csv"
    assert len(rows_of("csv", owner.send("GET", path).content, tmp_path)) == 13
    found = rows_of("csv", reader.send("GET", path).content, tmp_path)
    assert {row[0] for row in found[1:]} == {"Italy"} and len(found) == 5
    people.policy(on="stores", rows="country = 'Spain'", to={"users": [owner.email]})
    found = rows_of("csv", owner.send("GET", path).content, tmp_path)
    assert {row[0] for row in found[1:]} == {"Spain"}  # their own, by what holds now


def test_more_rows_than_on_the_screen_and_no_more_than_the_setting(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    async def taken() -> list[tuple[int, str, str]]:
        async with running(settings_of(tmp_path, export_rows=25_000), shop) as api:
            found = []
            for rows in (24_999, 25_000, 25_001):
                sql = f"SELECT id, badge FROM badges WHERE id < {rows}"
                told = (await api.call("POST", "/sql/execute", {"sql": sql})).json()
                assert told["rows_returned"] == 9_999
                path = f"/queries/{told['query_id']}/export?format=csv"
                answer = await api.call("GET", path)
                lines = answer.text.count("\r\n") - 1
                found.append((lines, answer.headers["X-Rows"], answer.headers["X-Truncated"]))
            return found

    assert run(taken()) == [
        (24_999, "24999", "false"), (25_000, "25000", "false"), (25_000, "25000", "true")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("How many?", "datamind-how-many"), ("", "datamind"), ("日本?", "datamind"),
        ('"; filename="evil.exe', "datamind-filename-evil-exe"), ("../../etc/passwd",
                                                                 "datamind-etc-passwd"),
        ("a\r\nSet-Cookie: x=1", "datamind-a-set-cookie-x-1"), ("con", "datamind-con"),
        ("x" * 500, "datamind-" + "x" * 51), ("ÄÖ % ' < >", "datamind"),
    ],
)  # fmt: skip
def test_a_file_has_a_plain_name_whatever_was_asked(question: str, name: str) -> None:
    assert filename(question, "csv") == f"{name}.csv"


def test_what_can_not_be_taken_away_is_told(people: People) -> None:
    ana, ben = people("ana"), people("ben")
    refused = ana.told("POST", "/sql/ask", {"question": "how many unicorns are there"})
    query = ana.asked("How many stores are there?")
    for path, status, code in (
        (f"/queries/{refused['query_id']}/export?format=csv", 422, "bad_input"),
        (f"/queries/{query}/export", 422, "bad_input"),
        (f"/queries/{query}/export?format=exe", 422, "bad_input"),
        ("/queries/qry-none/export?format=csv", 404, "not_found"),
    ):
        answer = ana.send("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
    assert ben.send("GET", f"/queries/{query}/export?format=csv").status_code == 404


def test_a_query_out_of_reach_by_now_is_refused(people: People) -> None:
    ana = people("ana")
    query = ran(ana, "SELECT country FROM stores")
    people.policy(on="stores", hide=["country"], to={"users": [ana.email]})
    answer = ana.send("GET", f"/queries/{query}/export?format=csv")
    assert answer.json()["code"] == "unknown_column"


def slow(api: Api, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[str]]:
    """An export of which batches come until it is called off; that it began, and what became of
    it."""
    begun: list[str] = []
    ended: list[str] = []
    real = api.parts.warehouse.batches

    def batches(governed: Any, **more: Any) -> Iterator[Any]:
        reading = real(governed, **more)
        try:
            part = next(reading)
            begun.append("began")
            for _ in range(1000):
                yield part
                more["stop"].wait(0.02)
                if more["stop"].is_set():
                    ended.append("stopped")
                    return
            ended.append("ran to its end")
        except GeneratorExit:  # called off between two batches, or left without being told to stop
            ended.append("stopped" if more["stop"].is_set() else "left")
            raise
        finally:
            reading.close()

    monkeypatch.setattr(api.parts.warehouse, "batches", batches)
    return begun, ended


@pytest.mark.parametrize("how", ["the client goes away", "an admin deactivates"])
def test_an_export_that_nobody_waits_for_ends_and_leaves_nothing(
    api: Api, run: Run, people: People, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    ana = people("ana")
    query = ran(ana, "SELECT id FROM stores")
    begun, ended = slow(api, monkeypatch)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def left() -> Any:
        path = f"/api/v1/queries/{query}/export?format=csv"
        task = asyncio.create_task(api.client.get(path, headers=ana.headers))
        for _ in range(1_500):
            await asyncio.sleep(0.02)
            if begun and list(tmp_path.glob("datamind-*/result.csv")):
                break
        if how == "the client goes away":
            task.cancel()
            answer = None
        else:
            await api.call("POST", f"/users/{ana.id}/deactivate", role="admin")
            answer = await task
        for _ in range(1_500):
            await asyncio.sleep(0.02)
            if ended and not len(api.parts.running) and not list(tmp_path.iterdir()):
                break
        return answer

    run(left())
    assert (ended, len(api.parts.running), list(tmp_path.iterdir())) == (["stopped"], 0, [])
    last = [r for r in api.audited() if r["event_type"] == "query_export"][-1]
    if how == "the client goes away":
        assert (last["status"], last["details"]["code"]) == ("failed", "query_cancelled")


def test_a_runaway_is_stopped_on_the_engine_when_its_client_goes_away(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    """The real engine: the place that it took is free again for the next."""

    async def left() -> tuple[int, float]:
        async with running(settings_of(tmp_path, query_workers=1), shop) as api:
            body = {"question": "How many stores are there?"}
            query = (await api.call("POST", "/sql/ask", body)).json()["query_id"]
            async with api.parts.database.unit() as session:
                from datamind.rooms.questions.models import QueryRow

                row = await session.get(QueryRow, query)
                assert row is not None
                row.sql, row.plan = RUNAWAY, None
            path = f"/queries/{query}/export?format=csv"
            task = asyncio.create_task(api.call("GET", path))
            while not (busy := len(api.parts.running)):
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.5)  # by now the engine is at it
            task.cancel()
            loop = asyncio.get_running_loop()
            began = loop.time()
            answer = await api.call("POST", "/sql/execute", {"sql": "SELECT 7 AS n"})
            assert answer.json()["results"] == [{"n": 7}]
            return busy, loop.time() - began

    busy, waited = run(left())
    assert busy == 1 and waited < 20  # a query has 30


def test_nothing_of_a_file_stays_when_it_was_sent(
    people: People, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ana = people("ana")
    query = ran(ana, "SELECT name FROM stores")
    for format in MEDIA_TYPES:
        assert ana.send("GET", f"/queries/{query}/export?format={format}").status_code == 200
        assert list(tmp_path.iterdir()) == []


def test_a_fault_on_the_way_is_a_problem_and_no_half_of_a_file(
    people: People, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ana = people("ana")
    query = ran(ana, "SELECT CASE WHEN id < 5 THEN 1 ELSE 1 END AS n FROM badges")
    monkeypatch.setattr("datamind.rooms.questions.exporting.MOST_BYTES", 1000)
    answer = ana.send("GET", f"/queries/{query}/export?format=csv")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert list(tmp_path.iterdir()) == []


def test_one_export_at_a_time_leaves_a_place_for_those_who_ask(
    api: Api, run: Run, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = people("ana")
    query = ran(ana, "SELECT id FROM stores")
    at_once, most = 0, 0
    gate = threading.Event()
    real = api.parts.warehouse.batches

    def batches(*words: Any, **more: Any) -> Iterator[Any]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        gate.wait(0.1)
        yield from real(*words, **more)
        at_once -= 1

    monkeypatch.setattr(api.parts.warehouse, "batches", batches)

    async def many() -> list[int]:
        path = f"/api/v1/queries/{query}/export?format=json"
        answers = await asyncio.gather(
            *(api.client.get(path, headers=ana.headers) for _ in range(4))
        )
        return [a.status_code for a in answers]

    assert (run(many()), most) == ([200] * 4, 1)


def test_who_asks_while_an_export_holds_all_query_processes_waits_for_one(
    run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the queue, where a query's own time has not begun."""
    monkeypatch.setattr("datamind.adapters.warehouse.duckdb.ESTIMATE_S", 0.3)
    held, gate = threading.Event(), threading.Event()

    async def work() -> tuple[int, int]:
        async with running(settings_of(tmp_path, query_workers=1), shop) as api:
            body = {"question": "How many stores are there?"}
            query = (await api.call("POST", "/sql/ask", body)).json()["query_id"]
            real = api.parts.warehouse.batches

            def batches(*words: Any, **more: Any) -> Iterator[Any]:
                for part in real(*words, **more):
                    held.set()
                    gate.wait(60)
                    yield part

            monkeypatch.setattr(api.parts.warehouse, "batches", batches)
            export = asyncio.create_task(api.call("GET", f"/queries/{query}/export?format=csv"))
            assert await asyncio.to_thread(held.wait, 60)
            asked = asyncio.create_task(api.call("POST", "/sql/execute", {"sql": "SELECT 7 AS n"}))
            await asyncio.sleep(1.5)
            gate.set()
            return (await export).status_code, (await asked).status_code

    assert run(work()) == (200, 200)
