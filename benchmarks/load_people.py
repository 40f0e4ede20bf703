"""The people of a load run, by locust, which makes all of Python's I/O its own: so this is a
process of its own, told what to do in JSON on stdin, and it tells what it saw in JSON.

`python -m benchmarks.load_people < PLAN.json`; it asks 127.0.0.1 alone, and ends when its time is
over.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from typing import Any, ClassVar

import gevent  # type: ignore[import-untyped]  # it has no types
from locust import FastHttpUser, between, constant, events, task
from locust.env import Environment

from benchmarks.load_questions import SQL, USUAL, WORDS, anew

events_seen: Counter[str] = Counter()
asked: Counter[str] = Counter()
TURNED_AWAY = (429, 503)


class Asker(FastHttpUser):
    """Somebody signed in."""

    abstract = True
    host = "http://127.0.0.1"
    tokens: ClassVar[list[str]] = []
    born: ClassVar[int] = 0
    seed: ClassVar[str] = ""
    cache: ClassVar[bool] = True
    connection_timeout = 60.0
    network_timeout = 60.0

    def on_start(self) -> None:
        """They have a token of one of the accounts, and chance of their own."""
        number = type(self).born
        type(self).born += 1
        self.token = self.tokens[number % len(self.tokens)]
        self.chance = random.Random(f"{self.seed} {number}")
        self.last: str | None = None
        self.about = ""

    def call(self, name: str, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; None where there is none. Turned away with a time to come again is no
        error: it is counted apart."""
        with self.client.request(
            method, f"/api/v1{path}", json=body, name=name, catch_response=True,
            headers={"Authorization": f"Bearer {self.token}"},
        ) as answer:  # fmt: skip
            wait = int(answer.headers.get("Retry-After") or 0)
            if answer.status_code in TURNED_AWAY and wait:
                events_seen["turned away"] += 1
                answer.request_meta["name"] = "turned away"
                answer.success()
                gevent.sleep(wait)
                return None
            if not 200 <= answer.status_code < 300:
                answer.failure(f"{answer.status_code}")
                return None
            answer.success()
            return answer.json() if answer.text else {}

    def ask(self, name: str, question: str, **more: Any) -> None:
        """Ask, and remember the answer to follow up on."""
        asked[f"{question} {self.about if 'conversation_id' in more else ''}"] += 1
        self.about = question
        told = self.call(
            name, "POST", "/sql/ask", {"question": question, "cache": self.cache, **more}
        )
        if told is not None:
            self.seen(told)
            self.last = told["query_id"]

    def seen(self, told: dict[str, Any]) -> None:
        events_seen[f"status {told['status']}"] += 1
        if told["status"] == "answered":
            events_seen["cached" if told["cached"] else "read"] += 1

    def something_new(self) -> None:
        """A question that hardly anybody asked before."""
        self.ask("ask", anew(self.chance))


class Person(Asker):
    """One who asks, follows up, looks back and searches, and thinks in between."""

    @task(52)
    def new(self) -> None:
        """What hardly anybody asked before."""
        self.something_new()

    @task(12)
    def something_usual(self) -> None:
        """One that all ask."""
        self.ask("ask", self.chance.choice(USUAL))

    @task(10)
    def a_follow_up(self) -> None:
        """A question, and what comes to mind at its answer."""
        talk = f"talk-{self.chance.getrandbits(60):x}"
        self.ask("ask", anew(self.chance), conversation_id=talk)
        self.ask("follow-up", "only for online orders", conversation_id=talk)

    @task(10)
    def own_sql(self) -> None:
        """SQL of their own."""
        sql = self.chance.choice(SQL).format(n=self.chance.randrange(1, 400))
        told = self.call("execute", "POST", "/sql/execute", {"sql": sql, "cache": self.cache})
        if told is not None:
            self.seen({**told, "status": "answered"})

    @task(8)
    def look_back(self) -> None:
        """Their history."""
        self.call("history", "GET", "/queries?limit=20")

    @task(6)
    def search(self) -> None:
        """A word in the catalog."""
        self.call("catalog", "GET", f"/catalog/search?q={self.chance.choice(WORDS)}")

    @task(2)
    def flag(self) -> None:
        """The last answer is not what they meant."""
        if self.last is not None:
            body = {"query_id": self.last, "comment": "not what I meant", "rating": 2}
            self.call("flag", "POST", "/feedback/flag", body)
            self.last = None


class Hasty(Asker):
    """One who asks something new without a pause."""

    wait_time = constant(0)

    @task
    def new(self) -> None:
        """What hardly anybody asked before."""
        self.something_new()


def run(plan: dict[str, Any]) -> dict[str, Any]:
    """What the people saw."""
    kind: type[Asker] = Hasty if plan["hasty"] else Person
    if not plan["hasty"]:
        Person.wait_time = between(*plan["think"])
    kind.host, kind.tokens, kind.cache = plan["url"], plan["tokens"], plan["cache"]
    kind.seed = plan["seed"]
    environment = Environment(user_classes=[kind], events=events)
    runner = environment.create_local_runner()
    started, worked = time.monotonic(), time.process_time()
    runner.start(plan["users"], spawn_rate=plan["users"] / max(1.0, plan["ramp"]))
    gevent.sleep(plan["seconds"])
    runner.quit()
    wall = time.monotonic() - started
    stats = environment.stats
    told = {
        entry.name: {
            "count": entry.num_requests, "failed": entry.num_failures,
            **{f"p{p}": entry.get_response_time_percentile(p / 100) for p in (50, 95, 99)},
        }
        for entry in stats.entries.values()
    }  # fmt: skip
    return {
        "kinds": told, "seconds": wall, "cpu": (time.process_time() - worked) / wall,
        "seen": dict(events_seen), "distinct": len(asked), "asked": sum(asked.values()),
        "errors": sorted({str(e.error) for e in stats.errors.values()}),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(json.load(sys.stdin))))
