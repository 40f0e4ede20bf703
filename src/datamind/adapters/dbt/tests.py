"""dbt's tests as facts of the catalog: keys, references, accepted values, and what failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from datamind.adapters.dbt.quality import BAD, needs
from datamind.semantics.catalog import Catalog, Relationship
from datamind.semantics.keys import declared_relationship

Json = dict[str, Any]


@dataclass(frozen=True)
class Tests:
    """The tests of a project, read against the tables that its models became (`ids`); `known` is
    each node's last result.

    A test that failed in the last run, or that looks at some rows only, proves nothing: it makes
    no key and no list of values. A reference with orphans is still a reference.
    """

    nodes: dict[str, Json]
    known: dict[str, Json]
    ids: dict[str, str]
    catalog: Catalog

    @cached_property
    def _all(self) -> tuple[Json, ...]:
        return tuple(n for n in self.nodes.values() if n.get("resource_type") == "test")

    @cached_property
    def _failed(self) -> frozenset[str]:
        """The tests that failed or warned when they were run last, by id."""
        return frozenset(u for u, found in self.known.items() if found.get("status") in BAD)

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
        nodes = needs(test)
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

    def _has(self, table: str, column: str) -> bool:
        return any(c.name == column for c in self.catalog.table(table).columns)


def _kind(test: Json) -> str:
    return str((test.get("test_metadata") or {}).get("name") or "")


def _argument(test: Json, name: str) -> Any:
    kwargs = (test.get("test_metadata") or {}).get("kwargs") or {}
    return kwargs.get(name, (kwargs.get("arguments") or {}).get(name))


def _partial(test: Json) -> bool:
    """Whether the test looks at some rows only."""
    config = test.get("config") or {}
    return bool(config.get("where") or config.get("limit"))
