"""People with rights of their own, and policies that last as long as a test."""

from __future__ import annotations

import itertools
from typing import Any

import httpx

from .conftest import PASSWORD, Api, Run

_number = itertools.count()


class Person:
    """Somebody signed in."""

    def __init__(self, api: Api, run: Run, name: str, role: str) -> None:
        self.api, self._run = api, run
        self.email = f"{name}.{next(_number)}@example.com"
        body = {"email": self.email, "name": name.title(), "role": role, "password": PASSWORD}
        made = run(api.call("POST", "/users", body, role="admin"))
        assert made.status_code == 201, made.text
        self.id = made.json()["id"]
        self.sign_in()

    def sign_in(self) -> None:
        who = {"email": self.email, "password": PASSWORD}
        tokens = self._run(self.api.client.post("/api/v1/auth/login", json=who)).json()
        self.headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    def described(self, **attributes: Any) -> Person:
        body = {"attributes": attributes}
        self._run(self.api.call("PUT", f"/users/{self.id}/attributes", body, role="admin"))
        return self

    def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self._run(  # type: ignore[no-any-return]
            self.api.client.request(method, f"/api/v1{path}", json=body, headers=self.headers)
        )

    def told(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = self.send(method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else {}  # type: ignore[no-any-return]

    def reads(self, sql: str, **more: Any) -> tuple[list[dict[str, Any]], bool]:
        """The rows, and whether they were kept ones."""
        told = self.told("POST", "/sql/execute", {"sql": sql, **more})
        return told["results"], told["cached"]

    def asked(self, question: str) -> str:
        """The id of a question that was answered."""
        told = self.told("POST", "/sql/ask", {"question": question})
        assert told["status"] == "answered", told
        return str(told["query_id"])


class People:
    """Makes people and policies."""

    def __init__(self, api: Api, run: Run) -> None:
        self.api, self.run = api, run
        self._policies: list[str] = []

    def __call__(self, name: str, role: str = "analyst", **attributes: Any) -> Person:
        return Person(self.api, self.run, name, role).described(**attributes)

    def policy(self, **said: Any) -> str:
        """A restriction, unless something else is said; on analysts, unless others are."""
        body = {"kind": "restriction", "name": "x", "to": {"roles": ["analyst"]}, **said}
        answer = self.run(self.api.call("POST", "/policies", body, role="admin"))
        assert answer.status_code == 201, answer.text
        self._policies.append(answer.json()["id"])
        return self._policies[-1]

    def gone(self) -> None:
        """All policies that were made here are taken away."""
        for policy in self._policies:
            self.run(self.api.call("DELETE", f"/policies/{policy}", role="admin"))
