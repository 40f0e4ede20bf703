"""A walk over every route by somebody who may read nothing: no planted value comes to light.

The same walk by an admin finds them, so that it is known to look where they would be. A route that
is new has to be told what to be asked with, in BODIES or PARAMETERS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from .conftest import Api, Run, running, settings_of
from .people import People, Person

pytestmark = pytest.mark.slow

VALUES = ("quetzal-4711", "913373", "2019-07-23", "whisper", "gravel")
VAULT = """
CREATE TABLE vaults (id INTEGER PRIMARY KEY, codeword VARCHAR, amount INTEGER, opened DATE,
    whisper_level VARCHAR);
INSERT INTO vaults SELECT i, 'heron-' || i, i, DATE '2020-01-01', 'loud' FROM range(1, 9) r(i);
INSERT INTO vaults VALUES (9, 'quetzal-4711', 913373, DATE '2019-07-23', 'gravel');
"""
SQL = "SELECT * FROM vaults ORDER BY id DESC"
QUESTION = "What is the highest amount of the vaults?"
# What each route that takes a body is asked with; None where it shows nothing of any data.
BODIES: dict[str, dict[str, Any] | None] = {
    "/sql/generate": {"question": QUESTION},
    "/sql/ask": {"question": QUESTION},
    "/sql/execute": {"sql": SQL},
    "/sql/validate": {"sql": SQL},
    "/public/demo/ask": {"question": QUESTION},
    "/feedback/flag": {"query_id": "{query_id}", "rating": 1, "comment": ""},
    "/queries/{query_id}/share": {"everybody": True},
    "/sql/{query_id}/cancel": None,
    "/policies/preview": {"user": "admin@example.com", "sql": SQL},
    "/policies/test": {
        "proposed": {
            "kind": "restriction", "name": "x", "on": "vaults", "to": {"users": ["x"]},
            "assertions": [{
                "as": {"role": "admin"}, "sees": ["vaults.whisper_level"],
                "rows": [{"sql": "SELECT count(*) FROM vaults", "equals": 1}],
            }],
        }
    },
    "/policies/rows": None, "/policies/columns": None, "/policies/import": None,
    "/security/pii/scan": {},
    "/security/audit-log/verify": {},
    "/auth/login": None, "/auth/refresh": None, "/auth/logout": None, "/auth/password": None,
    "/users": None, "/users/{user_id}/assign-role": None, "/users/{user_id}/deactivate": None,
    "/users/{user_id}/groups": None, "/groups": None, "/policies": None, "/auth/keys": None,
    **{f"/admin/dbt/{command}": None for command in ("run", "test", "build", "docs", "sync")},
    "/admin/dbt/runs/{run_id}/cancel": None, "/system/jobs/{job_id}/cancel": None,
    "/system/jobs/{job_id}/retry": None, "/system/mode": None,
    "/system/alerts/{alert_id}/acknowledge": None, "/security/login-attempts/unlock": None,
    "/security/ip-restrictions": None, "/system/backup": None,
}  # fmt: skip
PARAMETERS: dict[str, list[str]] = {
    "/catalog/search": ["?q=quet", "?q=vaults", "?q=wh", "?q=heron"],
    "/catalog/tables/{name}": [""],
    "/policies/effective": ["?item=vaults.whisper_level"],
    "/queries": ["", "?q=vaults", "?limit=200"],
    "/queries/{query_id}/export": [f"?format={f}" for f in ("csv", "json", "xlsx", "parquet")],
}


@dataclass
class Walk:
    """What was asked in somebody's name, and which of the planted values came of it."""

    found: dict[str, set[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def heard(self, route: str, text: str) -> None:
        self.found.setdefault(route, set()).update(v for v in VALUES if v in text)


@dataclass
class Place:
    """The vaults, an admin who reads them and shares what they read, and who may read nothing."""

    api: Api
    run: Run
    admin: Person
    nobody: Person
    viewer: Person
    query: str


@pytest.fixture(scope="module")
def vaults(loop: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("vaults")
    path = folder / "vaults.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute(VAULT)
    context = running(
        settings_of(folder / "home", public_demo=True), path, demo_questions=(QUESTION,)
    )
    api = loop.run(context.__aenter__())
    people = People(api, loop.run)
    people.policy(kind="grant", on="*", to={"roles": ["admin"]})
    loop.run(api.call("DELETE", "/policies/pol-first", role="admin"))
    admin = people("boss", "admin")
    query = str(admin.told("POST", "/sql/execute", {"sql": SQL})["query_id"])
    admin.told("POST", f"/queries/{query}/share", {"everybody": True})
    admin.asked(QUESTION)
    yield Place(api, loop.run, admin, people("nobody"), people("viewer", "viewer"), query)
    loop.run(context.__aexit__(None, None, None))


def walked(place: Place, person: Person) -> Walk:
    """Every GET and POST that the application has."""
    walk = Walk()
    for path, methods in place.api.app.openapi()["paths"].items():
        # Policies answer at two addresses.
        route = path.removeprefix("/api/v1").removeprefix("/data-control")
        for method in methods:
            if method == "get":
                for parameters in PARAMETERS.get(route, [""]):
                    _ask(place, person, walk, "GET", path, parameters, None)
            elif method == "post" and route not in BODIES:
                walk.unknown.append(route)
            elif method == "post" and BODIES[route] is not None:
                _ask(place, person, walk, "POST", path, "", BODIES[route])
    return walk


def _ask(
    place: Place, person: Person, walk: Walk, method: str, path: str, parameters: str, body: Any
) -> None:
    ids = {"query_id": place.query, "name": "vaults", "user_id": "usr-admin"}
    url = re.sub(r"\{(\w+)\}", lambda m: ids.get(m[1], "x"), path) + parameters
    if body and body.get("query_id"):
        body = {**body, "query_id": place.query}
    answer = place.run(place.api.client.request(method, url, json=body, headers=person.headers))
    assert answer.status_code < 500 or answer.status_code == 501, (url, answer.text)
    said = f"{answer.content.decode(errors='replace')} {answer.headers}"
    walk.heard(f"{method} {path.removeprefix('/api/v1')}", said)


@pytest.mark.parametrize("who", ["nobody", "viewer"])
def test_who_may_read_nothing_is_shown_nothing_by_any_route(vaults: Place, who: str) -> None:
    walk = walked(vaults, getattr(vaults, who))
    assert not walk.unknown, "say in BODIES what these are asked with"
    assert {route: found for route, found in walk.found.items() if found} == {}
    assert len(walk.found) > 30


def test_the_walk_finds_them_where_they_may_be_read(vaults: Place) -> None:
    walk = walked(vaults, vaults.admin)
    shown = {route for route, found in walk.found.items() if "quetzal-4711" in found}
    assert {
        "POST /sql/execute", "GET /queries/{query_id}/results", "GET /queries/{query_id}/export",
    } <= shown  # fmt: skip
    assert "913373" in walk.found["POST /sql/ask"]
    assert "whisper" in walk.found["GET /catalog/tables/{name}"]


def test_a_stream_and_a_socket_show_nothing_either(vaults: Place) -> None:
    person = vaults.nobody
    made = person.told("POST", "/sql/ask?stream=true", {"question": QUESTION})
    stream = vaults.run(
        vaults.api.client.get(
            f"/api/v1/sql/stream/{made['stream_id']}", headers={"X-Stream-Ticket": made["ticket"]}
        )
    )
    vaults.api.client.cookies.clear()
    assert "answer" in stream.text and not [v for v in VALUES if v in stream.text]


def test_rows_that_are_kept_for_an_admin_are_kept_from_others(vaults: Place) -> None:
    body = {"sql": SQL}
    assert vaults.admin.told("POST", "/sql/execute", body)["cached"] is True
    assert vaults.nobody.send("POST", "/sql/execute", body).json()["code"] == "unknown_table"


def test_nothing_of_the_data_is_in_logs_or_history_but_what_was_asked(vaults: Place) -> None:
    """The store and the audit hold questions, statements and names; never a row."""
    held = b"".join(
        f.read_bytes() for f in Path(vaults.api.parts.settings.home).glob("*.db*")
    ) + b"".join(p.read_bytes() for p in Path(vaults.api.parts.settings.home).glob("logs/*"))
    assert [v for v in ("quetzal-4711", "913373") if v.encode() in held] == []
