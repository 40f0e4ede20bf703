"""What dbt found wrong with the data: failed tests, models that were not built, what is stale.

Each is an issue of the tables that it is about, and of all that are made of them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from datamind.semantics.catalog import QualityIssue

Json = dict[str, Any]
BAD = ("fail", "warn", "error", "runtime error")
STALE_AFTER = "stale_after_hours"  # in a model's meta


@dataclass(frozen=True)
class Quality:
    """The nodes of a project as the last runs left them.

    `known` is each node's last result by id, `sources` the results of `dbt source freshness`,
    `ids` the tables that models became, `shown` those that people may ask.
    """

    nodes: Mapping[str, Json]
    known: Mapping[str, Json]
    sources: tuple[Json, ...]
    ids: Mapping[str, str]
    shown: frozenset[str]

    def issues(self) -> tuple[QualityIssue, ...]:
        """All of them."""
        return (*self._failed_tests(), *self._not_built(), *self._old(), *self._stale_sources())

    def _failed_tests(self) -> Iterator[QualityIssue]:
        for unique_id, test in self.nodes.items():
            found = self.known.get(unique_id) or {}
            if test.get("resource_type") != "test" or found.get("status") not in BAD:
                continue
            about = test.get("attached_node")
            name, rows = str(test.get("name")), found.get("failures") or None
            said = f"{name} {found['status']}", str(found.get("since") or ""), rows
            for table, upstream in self._touched([str(about)] if about else needs(test)):
                yield QualityIssue(table, name, *said, upstream=upstream)

    def _not_built(self) -> Iterator[QualityIssue]:
        """Models that failed where they are built in place: their rows are of before."""
        for unique_id, found in self.known.items():
            node = self.nodes.get(unique_id) or {}
            if node.get("resource_type") == "test" or found.get("status") not in BAD:
                continue
            since = str(found.get("since") or "")
            for table, upstream in self._touched([unique_id]):
                yield QualityIssue(
                    table, str(node.get("name")), "not built", since, kind="not_built",
                    upstream=upstream,
                )  # fmt: skip

    def _old(self) -> Iterator[QualityIssue]:
        """Models that say how old they may be."""
        for unique_id, node in self.nodes.items():
            meta = {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}
            hours, built = meta.get(STALE_AFTER), self._built(unique_id)
            if not isinstance(hours, int | float) or built is None:
                continue
            holds = (built + dt.timedelta(hours=float(hours))).isoformat()
            for table, upstream in self._touched([unique_id]):
                yield QualityIssue(
                    table, str(node.get("name")), "stale", built.isoformat(), kind="stale",
                    upstream=upstream, holds_from=holds,
                )  # fmt: skip

    def _built(self, unique_id: str) -> dt.datetime | None:
        try:
            built = dt.datetime.fromisoformat(str((self.known.get(unique_id) or {}).get("at")))
        except ValueError:
            return None
        return built if built.tzinfo else built.replace(tzinfo=dt.UTC)

    def _stale_sources(self) -> Iterator[QualityIssue]:
        for found in self.sources:
            if found.get("status") not in BAD:
                continue
            unique_id, loaded = str(found.get("unique_id")), str(found.get("max_loaded_at") or "")
            tables = dict.fromkeys(t for t, _ in self._touched([unique_id]))
            for table in tables:
                name = ".".join(unique_id.split(".")[-2:])
                yield QualityIssue(table, name, "source is stale", loaded, kind="stale_source")

    def _touched(self, nodes: list[str]) -> Iterator[tuple[str, str]]:
        """Tables that people see, with the table among them (or "") through which it reaches
        them: each node's own, or the nearest that are made of it; then all made of those."""
        nearest = dict.fromkeys(t for node in nodes for t in self._readers(node))
        yield from ((table, "") for table in nearest)
        for table in nearest:
            for below in self._below(table):
                if below not in nearest:
                    yield below, table

    def _readers(self, unique_id: str) -> list[str]:
        table = self.ids.get(unique_id)
        if table is not None and table in self.shown:
            return [table]
        return [t for child in self._children.get(unique_id, ()) for t in self._readers(child)]

    def _below(self, table: str) -> list[str]:
        """The tables that people see and that are made of this one, at any distance."""
        waiting = [u for u, t in self.ids.items() if t == table]
        seen: dict[str, None] = {}
        while waiting:
            for child in self._children.get(waiting.pop(), ()):
                if child not in seen:
                    seen[child] = None
                    waiting.append(child)
        return [t for u in seen if (t := self.ids.get(u)) is not None and t in self.shown]

    @cached_property
    def _children(self) -> Mapping[str, list[str]]:
        """The models that are made of a node."""
        found: dict[str, list[str]] = defaultdict(list)
        for unique_id, node in self.nodes.items():
            if node.get("resource_type") in ("model", "seed", "snapshot"):
                for parent in needs(node):
                    found[parent].append(unique_id)
        return found


def needs(node: Json) -> list[str]:
    """The nodes that a node depends on."""
    return [str(u) for u in (node.get("depends_on") or {}).get("nodes", [])]
