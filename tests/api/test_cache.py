"""Kept results over the API: shared by who reads the same, and by nobody else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datamind.errors import Unavailable
from datamind.records import AuditEvent

from .conftest import Api, Run, running, settings_of
from .people import People

pytestmark = pytest.mark.slow

BY_COUNTRY = "SELECT country, count(*) AS stores FROM stores GROUP BY country ORDER BY country"


@pytest.fixture
def people(api: Api, run: Run) -> Iterator[People]:
    made = People(api, run)
    yield made
    made.gone()


def test_the_same_is_read_once_for_all_whose_governed_sql_is_the_same(
    api: Api, run: Run, people: People
) -> None:
    ana, ben = people("ana"), people("ben")
    rows, cached = ana.reads(BY_COUNTRY)
    assert (len(rows), cached) == (3, False)
    assert ben.reads(BY_COUNTRY) == (rows, True)
    told = run(api.call("POST", "/sql/execute", {"sql": BY_COUNTRY}, role="admin")).json()
    assert (told["results"], told["cached"]) == (rows, True)  # another role, the same statement


def test_other_rights_never_share_and_equal_ones_do(people: People) -> None:
    people.policy(on="stores", rows="country = {user.country}")
    france, spain = people("france", country="France"), people("spain", country="Spain")
    again, nobody = people("again", country="France"), people("nobody")
    rows, cached = france.reads(BY_COUNTRY)
    assert (rows, cached) == ([{"country": "France", "stores": 4}], False)
    assert spain.reads(BY_COUNTRY) == ([{"country": "Spain", "stores": 4}], False)
    assert nobody.reads(BY_COUNTRY) == ([], False)
    assert again.reads(BY_COUNTRY) == (rows, True)
    assert france.reads(BY_COUNTRY) == (rows, True)


def test_rights_on_what_a_statement_does_not_read_do_not_part_people(people: People) -> None:
    ana, ben = people("ana", level=1), people("ben", level=2)
    people.policy(on="orders", rows="id > {user.level}")
    sql = "SELECT count(*) AS n, 1 AS apart FROM stores"
    assert [ana.reads(sql)[1], ben.reads(sql)[1]] == [False, True]


@pytest.mark.parametrize("mask", ["null", "hash", "name", "last4"])
def test_who_sees_a_mask_and_who_sees_through_it_never_share(people: People, mask: str) -> None:
    sql = f"SELECT name, '{mask}' AS of FROM stores ORDER BY id LIMIT 1"
    plain, veiled, other = people("plain"), people("veiled"), people("other")
    who = [veiled.email, other.email]
    people.policy(on="stores", mask={"name": mask}, to={"users": who})
    assert plain.reads(sql) == ([{"name": "Store 1", "of": mask}], False)
    rows, cached = veiled.reads(sql)
    assert (rows[0]["name"] != "Store 1", cached) == (True, False)
    assert other.reads(sql) == (rows, True)  # keyed by the installation's key, not by person
    told = other.send("POST", "/sql/execute", {"sql": sql}).json()
    assert [c["masked"] for c in told["columns"]] == [True, False]
    assert "Masked for you: name." in told["warnings"]


def test_a_hidden_column_is_hidden_from_the_cache_too(people: People) -> None:
    sql = "SELECT status, count(*) AS n FROM orders GROUP BY 1 ORDER BY 1"
    before, after = people("before"), people("after")
    assert before.reads(sql)[1] is False
    people.policy(on="orders", hide=["status"], to={"users": [after.email]})
    answer = after.send("POST", "/sql/execute", {"sql": sql})
    assert answer.json()["code"] == "unknown_column"
    assert before.reads(sql)[1] is True


def test_a_policy_that_changed_between_two_reads_holds_for_the_second(people: People) -> None:
    sql = "SELECT count(*) AS n, 'changed' AS c FROM orders"
    ana = people("ana")
    assert ana.reads(sql) == ([{"n": 3000, "c": "changed"}], False)
    people.policy(on="orders", rows="status = 'paid'")
    assert ana.reads(sql) == ([{"n": 1000, "c": "changed"}], False)


def test_the_same_text_under_another_limit_is_another_result(people: People) -> None:
    ana = people("ana")
    sql = "SELECT id FROM stores ORDER BY id LIMIT 6"
    assert len(ana.reads(sql, limit=5)[0]) == 5
    assert ana.reads(sql, limit=100) == ([{"id": n} for n in range(1, 7)], False)


def test_questions_share_with_each_other_and_units_and_words_are_made_anew(
    api: Api, run: Run, people: People
) -> None:
    ana, ben = people("ana"), people("ben")
    question = {"question": "How many orders are there in each country?"}
    one = ana.send("POST", "/sql/ask", question).json()
    two = ben.send("POST", "/sql/ask", question).json()
    assert (one["cached"], two["cached"]) == (False, True)
    own = {"query_id", "correlation_id", "cached", "stages", "execution_time_ms", "generated_at"}
    assert {k: v for k, v in one.items() if k not in own} == {
        k: v for k, v in two.items() if k not in own
    }
    assert two["as_of"] == one["as_of"] and one["query_id"] != two["query_id"]
    assert [s["stage"] for s in two["stages"]] == [s["stage"] for s in one["stages"]]


def test_cache_false_reads_anew_for_who_says_so(people: People) -> None:
    ana = people("ana")
    sql = "SELECT count(*) AS n, 'anew' AS c FROM stores"
    assert [ana.reads(sql)[1], ana.reads(sql)[1]] == [False, True]
    assert ana.reads(sql, cache=False)[1] is False
    body = {"question": "How many stores are there?", "cache": False}
    assert [ana.send("POST", "/sql/ask", body).json()["cached"] for _ in range(2)] == [False] * 2


@pytest.mark.parametrize("volatile", ["now()", "random()", "current_date", "uuid()"])
def test_what_is_volatile_is_read_each_time(people: People, volatile: str) -> None:
    ana = people("ana")
    sql = f"SELECT {volatile} AS v, count(*) AS n FROM stores"
    assert [ana.reads(sql)[1] for _ in range(2)] == [False, False]


def test_faults_are_not_kept(people: People) -> None:
    ana = people("ana")
    sql = "SELECT CAST(name AS INTEGER) AS n FROM stores"
    codes = [ana.send("POST", "/sql/execute", {"sql": sql}).json()["code"] for _ in range(2)]
    assert codes == ["query_failed"] * 2


def test_each_read_of_the_cache_is_audited_before_and_after_and_in_the_history(
    api: Api, people: People
) -> None:
    ana = people("ana")
    sql = "SELECT count(*) AS n, 'audited' AS c FROM stores"
    ana.reads(sql)
    before = len(api.audited())
    ana.reads(sql)
    intent, outcome = api.audited()[before:]
    assert (intent["event_type"], intent["status"]) == ("query_execution", "intent")
    assert (outcome["event_type"], outcome["status"]) == ("query_execute", "success")
    assert (outcome["details"]["cached"], outcome["details"]["rows"]) == (True, 1)
    assert ana.send("GET", "/queries").json()["total"] == 2


def test_kept_rows_are_given_to_nobody_while_that_can_not_be_audited(
    api: Api, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = people("ana")
    sql = "SELECT count(*) AS n, 'unaudited' AS c FROM stores"
    ana.reads(sql)

    async def full(event: AuditEvent) -> None:
        raise Unavailable("The audit log can't be written.")

    monkeypatch.setattr(api.parts.audit, "append", full)
    answer = ana.send("POST", "/sql/execute", {"sql": sql})
    assert (answer.status_code, "unaudited" in answer.text) == (503, False)


def test_kept_rows_are_on_no_disk(api: Api, people: People) -> None:
    people("ana").reads("SELECT 'fl4mingo' || id AS n FROM stores")
    held = b"".join(f.read_bytes() for f in api.parts.settings.home.rglob("*") if f.is_file())
    assert b"fl4mingo1" not in held


def test_many_who_ask_the_same_at_once_ask_the_warehouse_once(
    api: Api, run: Run, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = people("ana")
    ran: list[object] = []
    real = api.parts.warehouse.run

    def counted(*words: Any, **more: Any) -> Any:
        ran.append(words)
        time.sleep(0.3)  # in a thread: the others come meanwhile
        return real(*words, **more)

    monkeypatch.setattr(api.parts.warehouse, "run", counted)
    sql = "SELECT sum(weight) AS n FROM visits"

    async def asked() -> list[bool]:
        send = api.client.post
        answers = await asyncio.gather(
            *(send("/api/v1/sql/execute", json={"sql": sql}, headers=ana.headers)
              for _ in range(12))
        )  # fmt: skip
        assert {a.status_code for a in answers} == {200}, answers[0].text
        assert len({str(a.json()["results"]) for a in answers}) == 1
        return [a.json()["cached"] for a in answers]

    found = run(asked())
    assert (len(ran), sorted(found)) == (1, [False] + [True] * 11)


def test_a_rebuilt_warehouse_is_read_anew(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "live.duckdb"

    def build(count: int) -> None:
        new = tmp_path / "new.duckdb"
        with duckdb.connect(str(new)) as db:
            db.execute(f"CREATE TABLE cities AS SELECT i AS id FROM range({count}) r(i)")
        new.replace(path)

    async def asked() -> list[tuple[int, bool, str]]:
        build(2)
        async with running(settings_of(tmp_path / "home"), path) as api:
            found = []
            for count in (2, 2, 3, 3):
                if count == 3 and found[-1][0] == 2:
                    build(3)
                body = {"sql": "SELECT count(*) AS n FROM cities"}
                told = (await api.call("POST", "/sql/execute", body)).json()
                found.append((told["results"][0]["n"], told["cached"], told["data_version"]))
            return found

    found = run(asked())
    assert [(n, cached) for n, cached, _ in found] == [(2, False), (2, True), (3, False), (3, True)]
    assert len({version for *_, version in found}) == 2


@pytest.mark.parametrize(("cache", "found"), [({"cache_mb": 0}, False), ({}, True)])
def test_the_cache_can_be_turned_off(
    run: Run, shop: Path, tmp_path: Path, cache: dict[str, int], found: bool
) -> None:
    async def asked() -> list[bool]:
        async with running(settings_of(tmp_path, **cache), shop) as api:
            body = {"sql": "SELECT count(*) AS n FROM stores"}
            told = [await api.call("POST", "/sql/execute", body) for _ in range(2)]
            return [t.json()["cached"] for t in told]

    assert run(asked()) == [False, found]
