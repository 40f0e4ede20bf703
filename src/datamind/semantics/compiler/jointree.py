"""A source's joins as a tree: which edges multiply rows, and which joins a measure needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.check import relationship
from datamind.semantics.walk import aliases_of


@dataclass(frozen=True)
class JoinTree:
    """A source's aliases with their edges. Children come after their parents."""

    source: P.Source
    view: View

    @cached_property
    def joins(self) -> dict[str, P.Join]:
        """The joins by alias."""
        return {join.alias: join for join in self.source.joins}

    @cached_property
    def aliases(self) -> tuple[str, ...]:
        """All aliases, the source's first."""
        return (self.source.alias, *self.joins)

    def table(self, alias: str) -> str:
        """The table id of an alias."""
        return self.source.table if alias == self.source.alias else self.joins[alias].table

    @cached_property
    def _neighbours(self) -> dict[str, list[tuple[str, bool]]]:
        """For each alias its neighbours, and whether one row here meets many there."""
        near: dict[str, list[tuple[str, bool]]] = {alias: [] for alias in self.aliases}
        for join in self.source.joins:
            single = relationship(join.relationship, self.view).one_to_one
            near[join.parent].append((join.alias, join.reverse and not single))
            near[join.alias].append((join.parent, not join.reverse and not single))
        return near

    def seen_from(self, home: str) -> dict[str, bool]:
        """For each alias, whether a row of `home` may meet several rows of it."""
        many = {home: False}
        queue = [home]
        for alias in queue:
            for other, to_many in self._neighbours[alias]:
                if other not in many:
                    many[other] = many[alias] or to_many
                    queue.append(other)
        return many

    def homes(self, aliases: Iterable[str]) -> tuple[str, ...]:
        """The aliases whose rows determine those of all these: usually one."""
        left = [a for a in self.aliases if a in set(aliases)]
        for alias in tuple(left):
            others = [a for a in left if a != alias]
            if any(not self.seen_from(other)[alias] for other in others):
                left.remove(alias)
        return tuple(left)

    @cached_property
    def nullable(self) -> frozenset[str]:
        """Aliases that a left join may leave without a row."""
        found: set[str] = set()
        for join in self.source.joins:
            if join.left:
                found.add(join.alias)
                continue
            if join.parent in found:
                found -= set(self._upwards(join.parent))
        return frozenset(found)

    def _upwards(self, alias: str) -> Iterable[str]:
        while alias != self.source.alias:
            yield alias
            alias = self.joins[alias].parent

    def present(self, alias: str) -> str:
        """A column of the alias that is null only where a left join found no row."""
        table = self.view.by_id[self.table(alias)]
        if table.primary_key:
            return table.primary_key[0]
        join = self.joins[alias]
        relation = relationship(join.relationship, self.view)
        return (relation.columns if join.reverse else relation.to_columns)[0]

    def ends(self, join: P.Join) -> list[tuple[str, str]]:
        """Pairs of columns that must be equal: the parent's and the joined table's."""
        relation = relationship(join.relationship, self.view)
        near, far = relation.columns, relation.to_columns
        return (
            list(zip(far, near, strict=True)) if join.reverse else list(zip(near, far, strict=True))
        )

    def referring(self, home: str) -> str | None:
        """The alias between this one and the source that has several rows for one row of it."""
        path = [*self._upwards(home), self.source.alias][1:]
        many = self.seen_from(home)
        return next((a for a in path if many[a] and not self.seen_from(a)[home]), None)

    # ---- which joins a measure needs -----------------------------------------------------------

    def fans(self, home: Iterable[str], aliases: Iterable[str]) -> bool:
        """Whether a row of `home` may meet several rows of one of these aliases."""
        seen = [self.seen_from(alias) for alias in home]
        return any(all(many[alias] for many in seen) for alias in aliases)

    def kept(self, needed: set[str], others: set[str], home: str) -> frozenset[str]:
        """The aliases that a measure of `home` is taken over.

        `needed` are those that it, the keys and the filters use, `others` those that other
        measures use. Left out are branches beyond a to-many edge that serve other measures
        only (never the source itself), and left joins that nothing needs.
        """
        needed = needed | self._tied
        dropped: set[str] = set()
        for alias, (_, to_many) in self._beyond(home).items():
            branch = self._branch(alias, home)
            if to_many and branch & others and not branch & {*needed, self.source.alias}:
                dropped |= branch
        return self._closed(
            a for a in self.joins if a not in dropped and (a in needed or not self._loose(a))
        )

    def _closed(self, aliases: Iterable[str]) -> frozenset[str]:
        """These aliases with all between them and the source."""
        found = {self.source.alias}
        for alias in aliases:
            found.update(self._upwards(alias))
        return frozenset(found)

    @cached_property
    def _tied(self) -> set[str]:
        """Aliases that another join's condition uses."""
        return {
            alias
            for join in self.source.joins
            if join.also is not None
            for alias in aliases_of(join.also) - {join.alias, join.parent}
        }

    def _beyond(self, home: str) -> dict[str, tuple[str, bool]]:
        """For each other alias, the one before it on the way from `home`, and if the edge fans."""
        came: dict[str, tuple[str, bool]] = {}
        queue = [home]
        for alias in queue:
            for other, to_many in self._neighbours[alias]:
                if other != home and other not in came:
                    came[other] = (alias, to_many)
                    queue.append(other)
        return came

    def _branch(self, top: str, home: str) -> set[str]:
        """`top` and all behind it, seen from `home`."""
        branch = {top}
        for alias, (before, _) in self._beyond(home).items():
            if before in branch:
                branch.add(alias)
        return branch

    def restricts(self, alias: str) -> bool:
        """Whether joining this alias may drop rows."""
        return not self._loose(alias)

    def _loose(self, alias: str) -> bool:
        return alias in self.nullable and all(self.joins[a].left for a in self._upwards(alias))
