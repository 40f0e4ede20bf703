"""dbt's tests as facts of the catalog: keys, references, accepted values, and what failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from datamind.semantics.catalog import Catalog, QualityIssue, Relationship
from datamind.semantics.keys import declared_relationship

Json = dict[str, Any]
_BAD = ("fail", "warn", "error")


@dataclass(frozen=True)
class Tests:
    """The tests of a project, read against the tables that its models became (`ids`).

    A test that failed in the last run, or that looks at some rows only, proves nothing: it makes
    no key and no list of values. A reference with orphans is still a reference.
    """

    nodes: dict[str, Json]
    results: Json
    ids: dict[str, str]
    catalog: Catalog

    @cached_property
    def _all(self) -> tuple[Json, ...]:
        return tuple(n for n in self.nodes.values() if n.get("resource_type") == "test")

    @cached_property
    def _failed(self) -> dict[str, Json]:
        """Results of tests that failed or warned in the last run, by the test's id."""
        found = (r for r in self.results.get("results", []) if r.get("status") in _BAD)
        return {str(r.get("unique_id")): r for r in found}

    def _of(self, *kinds: str) -> Iterator[tuple[Json, str, str]]:
        """Tests of these kinds with their table and column (empty where it has none)."""
        for test in self._all:
            table = self.ids.get(str(test.get("attached_node") or ""))
            column = str(test.get("column_name") or _argument(test, "column_name") or "")
            if table is not None and _kind(test) in kinds:
                yield test, table, column

    def _proven(self, *kinds: str) -> Iterator[tuple[Json, str, str]]:
        """Those that hold for every row, as far as the last run can tell."""
        for test, table, column in self._of(*kinds):
            if str(test.get("unique_id")) not in self._failed and not _partial(test):
                yield test, table, column

    @cached_property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """By table: the columns tested unique and not null, else a unique combination."""
        seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for test, table, column in self._proven("unique", "not_null"):
            if self._has(table, column):
                seen[table][column].add(_kind(test))
        found: dict[str, tuple[str, ...]] = {}
        for table, columns in seen.items():
            for column, kinds in columns.items():
                if len(kinds) == 2:
                    found.setdefault(table, (column,))
        for test, table, _ in self._proven("unique_combination_of_columns"):
            combined = tuple(map(str, _argument(test, "combination_of_columns") or ()))
            if combined and all(self._has(table, c) for c in combined):
                found.setdefault(table, combined)
        return found

    @cached_property
    def _unique(self) -> set[tuple[str, str]]:
        return {(table, column) for _, table, column in self._proven("unique")}

    def refutes(self, table: str, key: tuple[str, ...]) -> bool:
        """Whether the last run saw that these columns are no key."""
        return any(
            (owner, (column,)) == (table, key) and str(test.get("unique_id")) in self._failed
            for test, owner, column in self._of("unique", "not_null")
        )

    def relationships(self) -> tuple[Relationship, ...]:
        """Relationship tests as references."""
        out: dict[str, Relationship] = {}
        for test, table, column in self._of("relationships"):
            target = self._target(test, table)
            field = str(_argument(test, "field") or "")
            if target is None or not (self._has(table, column) and self._has(target, field)):
                continue
            made = self.reference(table, column, target, field)
            out[made.id] = made
        return tuple(out.values())

    def reference(self, table: str, column: str, target: str, field: str) -> Relationship:
        """A reference that dbt knows of."""
        made = declared_relationship(self.catalog.by_id, table, (column,), target, (field,))
        return replace(made, origin="dbt", one_to_one=(table, column) in self._unique)

    def _target(self, test: Json, table: str) -> str | None:
        """The other model that the test depends on; its own where there is none."""
        nodes = _needs(test)
        others = [self.ids[u] for u in nodes if u in self.ids and self.ids[u] != table]
        if others:
            return others[0]
        return table if len(nodes) == 1 else None

    def values(self) -> dict[str, tuple[str, ...]]:
        """Accepted values of text columns, by column id."""
        out: dict[str, tuple[str, ...]] = {}
        for test, table, column in self._proven("accepted_values"):
            listed = _argument(test, "values")
            if isinstance(listed, list) and self._has(table, column):
                found = self.catalog.table(table).column(column)
                if found.type == "text":
                    out[found.id] = tuple(map(str, listed))
        return out

    def quality(self, shown: frozenset[str]) -> tuple[QualityIssue, ...]:
        """An issue for each table in `shown` that a failed test is about.

        What is not shown, staging above all, is told where it is read.
        """
        since = str((self.results.get("metadata") or {}).get("generated_at") or "")
        day = since[:16].replace("T", " ")
        found: list[QualityIssue] = []
        for test in self._all:
            result = self._failed.get(str(test.get("unique_id")))
            if result is None:
                continue
            name, rows = str(test.get("name")), result.get("failures") or None
            about = test.get("attached_node")
            nodes = [str(about)] if about else _needs(test)
            tables = dict.fromkeys(t for u in nodes for t in self._readers(u, shown))
            message = f"{name} {result.get('status')}"
            found += [QualityIssue(table, name, message, day, rows) for table in tables]
        return tuple(found)

    def _readers(self, unique_id: str, shown: frozenset[str]) -> list[str]:
        """The model's table where it is shown, else the nearest tables that are made of it."""
        table = self.ids.get(unique_id)
        if table is not None and table in shown:
            return [table]
        models = (u for u, n in self.nodes.items() if n.get("resource_type") != "test")
        children = [u for u in models if unique_id in _needs(self.nodes[u])]
        return [t for child in children for t in self._readers(child, shown)]

    def _has(self, table: str, column: str) -> bool:
        return any(c.name == column for c in self.catalog.table(table).columns)


def _needs(node: Json) -> list[str]:
    """The nodes that a node depends on."""
    return [str(u) for u in (node.get("depends_on") or {}).get("nodes", [])]


def _kind(test: Json) -> str:
    return str((test.get("test_metadata") or {}).get("name") or "")


def _argument(test: Json, name: str) -> Any:
    kwargs = (test.get("test_metadata") or {}).get("kwargs") or {}
    return kwargs.get(name, (kwargs.get("arguments") or {}).get(name))


def _partial(test: Json) -> bool:
    """Whether the test looks at some rows only."""
    config = test.get("config") or {}
    return bool(config.get("where") or config.get("limit"))
