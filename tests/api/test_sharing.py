"""Shared queries: readers have their own rows or nothing, and nothing of the owner's run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Api, Run
from .people import People, Person

pytestmark = pytest.mark.slow

QUESTION = "How many stores are there in each country?"


@pytest.fixture
def people(api: Api, run: Run) -> Iterator[People]:
    made = People(api, run)
    yield made
    made.gone()


def counts(person: Person, query: str) -> dict[str, int]:
    """The rows of a shared query, by country."""
    told = person.told("GET", f"/queries/{query}/results")
    return {row["country"]: row["number_of_stores"] for row in told["results"]}


def shared(owner: Person, question: str = QUESTION, **to: Any) -> str:
    query = owner.asked(question)
    owner.told("POST", f"/queries/{query}/share", to)
    return query


# ---- whose rows --------------------------------------------------------------------------------


def test_each_reader_has_the_rows_of_their_own_rights(people: People) -> None:
    owner, viewer = people("owner"), people("viewer", "viewer")
    france = people("france", country="France")
    lost = people("lost")
    people.policy(on="stores", rows="country = {user.country}", to={"users": [
        france.email, lost.email
    ]})  # fmt: skip
    query = shared(owner, users=[france.email, lost.email, viewer.email])
    everything = {"France": 4, "Italy": 4, "Spain": 4}
    assert counts(owner, query) == counts(viewer, query) == everything
    assert counts(france, query) == {"France": 4}
    assert counts(lost, query) == {}
    told = france.told("GET", f"/queries/{query}/results")
    assert "Spain" not in json.dumps(told)
    assert told["query_id"] == query


def test_who_may_not_read_what_it_names_is_told_that_it_is_not_there(people: People) -> None:
    owner, reader, stranger = people("owner"), people("reader"), people("stranger")
    hidden = people.policy(on="stores", hide=["country"], to={"users": [reader.email]})
    query = shared(owner, users=[reader.email])
    paths = [f"/queries/{query}{end}" for end in ("", "/results", "/export?format=csv")]
    for path in paths:
        answers = [person.send("GET", path) for person in (reader, stranger)]
        assert [a.status_code for a in answers] == [404, 404]
        told = [dict(a.json(), correlation_id="") for a in answers]
        assert told[0] == told[1]  # as if it had never been shared
        assert "country" not in answers[0].text.lower() and "stores" not in answers[0].text
    assert reader.told("GET", "/queries/shared") == {"items": [], "total": 0, "next_cursor": None}
    people.run(people.api.call("DELETE", f"/policies/{hidden}", role="admin"))
    assert len(counts(reader, query)) == 3


def test_a_table_without_a_grant_is_hidden_with_all_that_is_shared_of_it(
    people: People, api: Api, run: Run
) -> None:
    owner, viewer = people("owner"), people("viewer", "viewer")
    query = shared(owner, everybody=True)
    assert len(counts(viewer, query)) == 3
    run(api.call("DELETE", "/policies/pol-first", role="admin"))
    people.policy(kind="grant", on="*", to={"roles": ["analyst", "admin"]})
    people.policy(kind="grant", on="orders", to={"roles": ["viewer"]})
    assert viewer.send("GET", f"/queries/{query}/results").status_code == 404
    assert viewer.told("GET", "/queries/shared")["total"] == 0
    assert len(counts(owner, query)) == 3


@pytest.fixture(autouse=True)
def first_grant(api: Api, run: Run) -> Iterator[None]:
    """The first grant is there again after a test that took it away."""
    yield
    if run(api.call("GET", "/policies/pol-first", role="admin")).status_code == 404:
        body = {
            "kind": "grant", "name": "all", "on": "*",
            "to": {"roles": ["viewer", "analyst", "admin"]},
        }  # fmt: skip
        run(api.call("POST", "/policies", body, role="admin"))


def test_a_policy_that_comes_later_holds_for_what_was_shared_before(people: People) -> None:
    owner, reader = people("owner"), people("reader")
    query = shared(owner, users=[reader.email])
    assert len(counts(reader, query)) == 3
    people.policy(on="stores", rows="country = 'Italy'", to={"users": [reader.email]})
    assert counts(reader, query) == {"Italy": 4}


def test_masks_are_the_readers_own(people: People) -> None:
    owner, reader = people("owner"), people("reader")
    people.policy(on="stores", mask={"name": "null"}, to={"users": [reader.email]})
    sql = "SELECT name FROM stores ORDER BY id LIMIT 1"
    query = owner.told("POST", "/sql/execute", {"sql": sql})["query_id"]
    owner.told("POST", f"/queries/{query}/share", {"users": [reader.email]})
    told = reader.told("GET", f"/queries/{query}/results")
    assert (told["results"], told["columns"][0]["masked"]) == ([{"name": None}], True)
    assert owner.told("GET", f"/queries/{query}/results")["results"] == [{"name": "Store 1"}]


def test_who_was_granted_nothing_is_told_to_look_at_their_grants(
    people: People, api: Api, run: Run
) -> None:
    ana = people("ana")
    for policy in run(api.call("GET", "/policies", role="admin")).json()["items"]:
        run(api.call("DELETE", f"/policies/{policy['id']}", role="admin"))
    people.policy(kind="grant", on="*", to={"roles": ["admin"]})
    told = []
    for path in ("/sql/ask", "/sql/generate"):
        for question in (QUESTION, "How many unicorns are there?"):
            answer = ana.send("POST", path, {"question": question})
            assert (answer.status_code, answer.json()["status"]) == (200, "refused")
            told.append((answer.json()["refusal"], answer.json()["hint"]))
    assert told == [told[0]] * 4
    assert told[0][0]["code"] == "nothing_to_see" and "ask an admin" in told[0][0]["reason"]
    assert "store" not in str(told).lower()


# ---- what else is told -------------------------------------------------------------------------


def test_nothing_of_the_owners_run_is_shown(people: People) -> None:
    owner, viewer = people("owner"), people("viewer", "viewer")
    query = shared(owner, users=[viewer.email])
    found = viewer.told("GET", f"/queries/{query}")
    assert set(found) == {"id", "question", "shared_by", "created_at", "sql", "explanation"}
    assert (found["question"], found["shared_by"]) == (QUESTION, "Owner")
    assert found["sql"].startswith("SELECT")
    assert found in viewer.told("GET", "/queries/shared")["items"]
    assert viewer.told("GET", "/queries")["total"] == 0


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({}, True),
        ({"rows": "country = 'Italy'"}, False),
        ({"mask": {"country": "hash"}}, False),
        ({"mask": {"name": "hash"}}, True),  # nothing of it is named
    ],
)
def test_sql_with_values_that_its_reader_does_not_see_is_held_back(
    people: People, policy: dict[str, Any], told: bool
) -> None:
    owner, reader = people("owner"), people("reader")
    if policy:
        people.policy(on="stores", to={"users": [reader.email]}, **policy)
    sql = "SELECT count(*) AS n FROM stores WHERE country = 'Spain'"
    query = owner.told("POST", "/sql/execute", {"sql": sql})["query_id"]
    owner.told("POST", f"/queries/{query}/share", {"users": [reader.email]})
    found = [
        reader.send("GET", f"/queries/{query}").text,
        reader.send("GET", "/queries/shared").text,
        reader.send("GET", f"/queries/{query}/results").text,
    ]
    assert [("Spain" in text) for text in found] == [told] * 3


UNSEEN = "Store 7"  # a store in Spain, which the reader does not see
TELLING = [
    f"SELECT count(CASE WHEN name = '{UNSEEN}' THEN 1 END) FROM stores",
    f"SELECT name = '{UNSEEN}', count(*) FROM stores GROUP BY ALL",
    f"SELECT * FROM (SELECT max('{UNSEEN}' || name) FROM stores)",
    f"SELECT id, '{UNSEEN}' FROM stores",
    "SELECT count(CASE WHEN id = 47110815 THEN 1 END), max(id) > 47110815 FROM stores",
    'SELECT count(*) AS "47110815" FROM stores WHERE id <> 47110815',
    "SELECT count(*) FROM stores, (SELECT DATE '4711-08-15') d",
    "SELECT count(*) FROM stores -- 47110815",
]


@pytest.mark.parametrize("sql", TELLING)
def test_names_of_columns_tell_no_literal_of_sql_that_is_held_back(
    people: People, sql: str
) -> None:
    owner, reader = people("owner"), people("reader")
    people.policy(on="stores", rows="country = 'Italy'", to={"users": [reader.email]})
    query = owner.told("POST", "/sql/execute", {"sql": sql})["query_id"]
    owner.told("POST", f"/queries/{query}/share", {"users": [reader.email]})
    ends = ("", "/results", "/export?format=csv", "/export?format=json")
    found = [reader.send("GET", f"/queries/{query}{end}") for end in ends]
    assert [answer.status_code for answer in found] == [200] * 4
    if "id, '" not in sql and "max('" not in sql:  # whose values are the literal
        told = "".join(a.text + str(a.headers) for a in found).lower().replace("-", "")
        assert "store 7" not in told and "47110815" not in told
    names = [c["name"] for c in found[1].json()["columns"]]
    assert all(name in {"id", "count", "max", "column_1", "column_2"} for name in names), names
    assert found[2].text.lstrip("\ufeff").splitlines()[0] == ",".join(f'"{n}"' for n in names)


def test_plain_names_that_the_owner_gave_stay(people: People) -> None:
    owner, reader = people("owner"), people("reader")
    people.policy(on="stores", rows="country = 'Italy'", to={"users": [reader.email]})
    sql = "SELECT country, count(*) AS n, max(id) FROM stores WHERE id < 99 GROUP BY country"
    query = owner.told("POST", "/sql/execute", {"sql": sql})["query_id"]
    owner.told("POST", f"/queries/{query}/share", {"users": [reader.email]})
    told = reader.told("GET", f"/queries/{query}/results")
    assert [c["name"] for c in told["columns"]] == ["country", "n", "max"]
    mine = owner.told("GET", f"/queries/{query}/results")
    assert [c["name"] for c in mine["columns"]] == ["country", "n", "max(id)"]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT country, count(*) AS n FROM stores GROUP BY 1 LIMIT 5", True),
        (
            "SELECT count(*) AS n FROM orders WHERE order_date >= DATE '2025-06-01'",
            True,
        ),  # all seen
        ("SELECT count(*) AS n FROM stores WHERE id > 4711", False),
        ("SELECT count(*) AS n FROM stores, orders WHERE order_date >= DATE '2025-06-01'", False),
        ("SELECT count(*) AS n FROM stores /* Spain */", False),
    ],
)
def test_sql_is_told_to_who_sees_less_where_it_says_nothing(
    people: People, sql: str, told: bool
) -> None:
    owner, reader = people("owner"), people("reader")
    people.policy(on="stores", rows="country = 'Italy'", to={"users": [reader.email]})
    query = owner.told("POST", "/sql/execute", {"sql": sql})["query_id"]
    owner.told("POST", f"/queries/{query}/share", {"users": [reader.email]})
    found = reader.told("GET", f"/queries/{query}")
    assert (found["sql"] == sql, bool(found["explanation"])) == (told, told)


def test_a_value_that_stands_in_the_question_is_no_secret(people: People) -> None:
    owner, reader = people("owner"), people("reader")
    people.policy(on="stores", rows="country = 'Italy'", to={"users": [reader.email]})
    query = shared(owner, "How many stores are there in Spain?", users=[reader.email])
    assert "'Spain'" in reader.told("GET", f"/queries/{query}")["sql"]


# ---- with whom ---------------------------------------------------------------------------------


def test_a_query_is_shared_with_a_group_as_long_as_one_is_in_it(
    people: People, api: Api, run: Run
) -> None:
    owner, reader = people("owner"), people("reader")
    run(api.call("POST", "/groups", {"name": "west"}, role="admin"))
    query = shared(owner, groups=["west"])
    path = f"/users/{reader.id}/groups"
    for groups, status in ((["west"], 200), ([], 404)):
        run(api.call("PUT", path, {"groups": groups}, role="admin"))
        assert reader.send("GET", f"/queries/{query}/results").status_code == status
    assert owner.told("GET", f"/queries/{query}")["shared_with"]["groups"] == ["west"]


def test_whom_it_is_shared_with_is_listed_and_taken_back_at_once(people: People) -> None:
    owner, one, two = people("owner"), people("one"), people("two", "viewer")
    query = shared(owner, users=[one.email, two.email])
    path = f"/queries/{query}/share"
    assert owner.told("POST", path, {"users": [one.email.upper()], "everybody": True}) == {
        "users": [one.email, two.email], "groups": [], "everybody": True
    }  # fmt: skip
    owner.told("DELETE", f"{path}?user={one.email}")
    owner_sees = owner.told("GET", f"/queries/{query}")["shared_with"]
    assert owner_sees == {"users": [two.email], "groups": [], "everybody": True}
    owner.told("DELETE", path)
    for reader in (one, two):
        assert reader.send("GET", f"/queries/{query}").status_code == 404
        assert reader.send("GET", f"/queries/{query}/results").status_code == 404
        assert reader.send("GET", f"/queries/{query}/export?format=json").status_code == 404


def test_only_its_owner_or_an_admin_shares_a_query(people: People, api: Api, run: Run) -> None:
    owner, reader, viewer = people("owner"), people("reader"), people("viewer", "viewer")
    query = shared(owner, users=[reader.email])
    path, body = f"/queries/{query}/share", {"everybody": True}
    assert reader.send("POST", path, body).status_code == 404
    assert reader.send("DELETE", path).status_code == 404
    assert viewer.send("POST", path, body).status_code == 403
    assert viewer.send("GET", f"/queries/{query}").status_code == 404
    assert run(api.call("POST", path, body, role="admin")).status_code == 200
    assert len(counts(viewer, query)) == 3


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "Nobody is named"), ({"users": ["nobody@example.com"]}, "not there: number 1."),
        ({"groups": ["nothing"]}, "no group nothing"),
    ],
)  # fmt: skip
def test_who_is_not_there_can_not_be_shared_with(
    people: People, body: dict[str, Any], detail: str
) -> None:
    owner = people("owner")
    answer = owner.send("POST", f"/queries/{owner.asked(QUESTION)}/share", body)
    assert (answer.status_code, detail in answer.json()["detail"]) == (422, True)


def test_what_was_not_answered_can_not_be_shared(people: People) -> None:
    owner = people("owner")
    told = owner.told("POST", "/sql/ask", {"question": "how many unicorns are there"})
    answer = owner.send("POST", f"/queries/{told['query_id']}/share", {"everybody": True})
    assert answer.json()["detail"] == "There are no rows to this query."


def test_who_is_deactivated_reads_no_more_and_what_they_shared_stays(
    people: People, api: Api, run: Run
) -> None:
    owner, reader = people("owner"), people("reader")
    query = shared(owner, users=[reader.email])
    api.clock.forward(seconds=1)
    run(api.call("POST", f"/users/{owner.id}/deactivate", role="admin"))
    assert len(counts(reader, query)) == 3  # their rows come of their own rights
    run(api.call("POST", f"/users/{reader.id}/deactivate", role="admin"))
    assert reader.send("GET", f"/queries/{query}/results").status_code == 401
    answer = people("other").send("POST", f"/queries/{query}/share", {"users": [reader.email]})
    assert answer.status_code == 404


def test_sharing_and_reading_are_in_the_audit(api: Api, people: People) -> None:
    owner, viewer = people("owner"), people("viewer", "viewer")
    query = shared(owner, users=[viewer.email])
    before = len(api.audited())
    counts(viewer, query)
    viewer.send("GET", f"/queries/{query}/export?format=csv")
    owner.told("DELETE", f"/queries/{query}/share")
    found = [(r["event_type"], r["status"], r["user_id"]) for r in api.audited()[before:]]
    assert found == [
        ("query_execution", "intent", viewer.id), ("query_results", "success", viewer.id),
        ("query_export", "intent", viewer.id), ("query_export", "success", viewer.id),
        ("query_unshare", "success", owner.id),
    ]  # fmt: skip
    assert {r["details"]["of"] for r in api.audited()[before:-1]} == {query}
    share = next(r for r in api.audited() if r["event_type"] == "query_share"
                 and r["details"]["query"] == query)  # fmt: skip
    assert share["details"]["to"] == [f"user {viewer.id}"]


def test_no_row_of_a_shared_result_is_on_a_disk(api: Api, people: People) -> None:
    owner, viewer = people("owner"), people("viewer", "viewer")
    sql = "SELECT 'pelican' || id AS n FROM stores"
    query = owner.told("POST", "/sql/execute", {"sql": sql})["query_id"]
    owner.told("POST", f"/queries/{query}/share", {"everybody": True})
    assert "pelican7" in viewer.send("GET", f"/queries/{query}/results").text
    held = b"".join(f.read_bytes() for f in api.parts.settings.home.rglob("*") if f.is_file())
    assert b"pelican7" not in held
