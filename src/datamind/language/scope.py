"""Scope: the join tree that a plan grows while it is built, one alias for each table it needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import zip_longest

from datamind.language import names
from datamind.language.graph import Edge, Graph
from datamind.language.sketch import Mention
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column, Table, View

# Short SQL keywords that initials may spell.
_RESERVED = frozenset(
    """as at by do if in is no of on or to all and any asc end for not row set use""".split()
)


class NoPath(Exception):
    """Two tables of one reading are not connected."""


class Scope:
    """Aliases and joins. `words` are the question's, for roles; `mentioned` the tables it names."""

    def __init__(
        self, view: View, graph: Graph, home: str, *, mentioned: Collection[str] = (),
        words: Collection[str] = (), taken: set[str] | None = None,
    ) -> None:  # fmt: skip
        self.view = view
        self.graph = graph
        self.home = home
        self.mentioned = frozenset(mentioned)
        self.words = frozenset(words)
        self.taken = set[str]() if taken is None else taken  # shared with queries within it
        self.aliases: dict[str, str] = {}
        self.by_role: dict[tuple[str, str], str] = {}
        self.joins: list[P.Join] = []
        self.cost = 0.0
        self.to_many: set[str] = set()
        self.forced: set[str] = set()
        self.aliases[home] = self._name(home)

    def _name(self, table: str) -> str:
        """Initials of the table's words, numbered when taken: `order_items` is oi."""
        words = names.split(self.view.table(table).name)
        alias = "".join(w[0] for w in words if w[0].isalpha())[:3] or "t"
        number, name = 1, f"{alias}_" if alias in _RESERVED else alias
        while name in self.taken:
            number += 1
            name = f"{alias}{number}"
        self.taken.add(name)
        return name

    def alias(self, table: str, role: str | None = None) -> str:
        """The alias of a table, joined in by the cheapest way if it is not there yet.

        `role` is the relationship to reach it by, where there are several.
        """
        if role is not None:
            return self._in_role(table, role)
        if table not in self.aliases:
            single_first = sorted(self.aliases, key=self.to_many.__contains__)
            found = self.graph.path(single_first, table, self.mentioned, self.words)
            if found is None:
                raise NoPath(table)
            self.cost += found[1]
            for edge, after in zip_longest(found[0], found[0][1:]):
                self._join(edge)
                if (
                    after is not None
                    and edge.end not in self.mentioned
                    and self.graph.forced(edge.start, edge.end, after.end)
                ):  # there is no other way that the question could mean
                    self.cost -= 0.7 * edge.cost
                    self.forced.add(edge.end)
        return self.aliases[table]

    def _in_role(self, table: str, role: str) -> str:
        """The alias of a table under one reference to it; another reference has another alias."""
        if (table, role) not in self.by_role:
            reference = self.view.relationships_by_id[role]
            edge = Edge(reference, reference.table, table, False, 1.0)
            first = table not in self.aliases
            self.alias(reference.table)
            day = table in self.graph.calendars  # the key itself says which day
            self.cost += 0.1 if day else edge.cost
            if first and table not in self.aliases:
                self._join(edge)
            else:
                self.by_role[table, role] = self._name(table)
                self._add(edge, self.by_role[table, role])
        return self.by_role[table, role]

    def _join(self, edge: Edge) -> None:
        alias = self._name(edge.end)
        self._add(edge, alias)
        self.aliases[edge.end] = alias
        self.by_role.setdefault((edge.end, edge.relationship.id), alias)
        if edge.to_many or edge.start in self.to_many:
            self.to_many.add(edge.end)

    def _add(self, edge: Edge, alias: str) -> None:
        self.joins.append(
            P.Join(alias, edge.end, self.aliases[edge.start], edge.relationship.id, edge.reverse)
        )

    def need(self, tables: Iterable[str]) -> None:
        """Join all of these in, nearest first, so that ways are shared; of two as near what is
        referred to, for not all its rows have one that refers to them."""
        missing = [t for t in dict.fromkeys(tables) if t not in self.aliases]
        referred = {t: sum(t in self.graph.owned(o) for o in missing) for t in missing}
        while missing:
            missing.sort(
                key=lambda t: (
                    min(self.graph.distance(a, t) for a in self.aliases), -referred[t]
                )
            )  # fmt: skip
            self.alias(missing.pop(0))
            missing = [t for t in missing if t not in self.aliases]

    def column(self, column_id: str, role: str | None = None) -> P.Column:
        """A column as an expression; its table is joined in where needed."""
        column = self.view.column(column_id)
        return P.Column(self.alias(column.table, role), column.name)

    def source(self) -> P.Source:
        """The source with all joins so far."""
        return P.Source(self.home, self.aliases[self.home], tuple(self.joins))


def display(table: Table) -> list[Column]:
    """The columns that name a row of the table, its key if nothing else does."""
    shown = list(table.display or table.primary_key) or [table.columns[0].name]
    return [table.column(name) for name in shown]


def called(table: Table) -> list[Column]:
    """What is shown of a row: what names it, else its key and the number that people know it by."""
    own = [] if table.display else [c for c in table.columns if _is_own_number(c, table)]
    return [*display(table), *(own if len(own) == 1 else [])]


_NUMBERED = frozenset("number no nr num plate registration reference ref tag serial sku".split())


def _is_own_number(column: Column, table: Table) -> bool:
    apart = bool(table.rows) and column.distinct == table.rows and not column.null_fraction
    return apart and column.type == "text" and names.words_of(column.name)[-1] in _NUMBERED


_TECHNICAL = frozenset(
    """created updated loaded modified inserted crtd timestamp etl deleted synced ingested
    extracted""".split()
)


def dates_of(table: Table) -> list[Column]:
    """The table's date columns: its default, then the business ones before the technical ones."""
    found = [c for c in table.columns if c.is_date]
    default = table.default_date
    return sorted(found, key=lambda c: (c.name != default, is_technical(c), is_personal(c)))


def moment_of(column: Column, table: Table) -> Column:
    """The timestamp that tells more exactly when a date was: `ordered_at` of `order_date`."""
    if column.type != "date":
        return column
    named = _event(column)
    moments = [c for c in table.columns if c.type == "timestamp" and _event(c) == named]
    return moments[0] if named and len(moments) == 1 else column


def _event(column: Column) -> frozenset[str]:
    return names.stems_of(column.name) - {"date", "day", "at", "on"}


def is_technical(column: Column) -> bool:
    """Whether a date is the system's own: when a row was made or loaded."""
    return bool(_TECHNICAL & set(names.words_of(column.name)))


def is_personal(column: Column) -> bool:
    """Whether a date is of somebody's life: born, died."""
    return bool(_LIFE & set(names.words_of(column.name)))


_LIFE = frozenset({"birth", "birthday", "birthdate", "born", "dob", "death", "died"})


def year_columns(table: Table) -> list[Column]:
    """Whole-number columns that hold calendar years."""
    return [
        c for c in table.columns
        if c.type == "integer" and "year" in (words := names.words_of(c.name)) and not c.epoch
        and not _OF_A_YEAR & set(words)
    ]  # fmt: skip


_OF_A_YEAR = frozenset("month quarter week day fiscal of".split())  # a quarter of a year is none
MONEY = ("revenue", "amount", "price", "total", "value", "payment", "spend", "turnover", "fare",
         "cost")  # fmt: skip


_QUANTITY = ("quantity", "qty", "units", "pieces", "count", "sold")


def quantity_and_price(table: Table) -> tuple[Column, Column] | None:
    """The columns of a table of trades that make its rows' worth: so many, at such a price."""
    numbers = [c for c in table.columns if c.is_number]
    prices = [c for c in numbers if "price" in names.words_of(c.name)]
    quantities = [
        c for word in _QUANTITY for c in numbers
        if word in names.words_of(c.name) and c not in prices
    ]  # fmt: skip
    return (quantities[0], prices[0]) if quantities and len(prices) == 1 else None


def is_price_of_one(column: Column, source: str, view: View) -> bool:
    """Whether what goes by another word, as revenue does, is but the price of a piece."""
    pair = quantity_and_price(view.table(column.table))
    return pair is not None and column == pair[1] and source == "synonym"


def number_of_rows(table: Table) -> Column | None:
    """The key that the rows are known by where no column is called a number: the ticket number."""
    if any(names.words_of(c.name)[-1:] == ("number",) for c in table.columns):
        return None
    return table.column(table.primary_key[0]) if len(table.primary_key) == 1 else None


_LONG = "duration length minutes hours seconds milliseconds min hrs mins".split()


def duration_column(table: Table) -> Column | None:
    """How long a row of the table took: its duration, its minutes."""
    for word in (
        "duration",
        "length",
        "minutes",
        "hours",
        "seconds",
        "milliseconds",
        "min",
        "hrs",
        "mins",
    ):
        for column in table.columns:
            if column.is_number and word in names.split(column.name):
                return column
    return None


# Things that are money: the total of them is no count.
_SUMS = frozenset(
    """expense expenditure payment fee fine refund charge payout salary wage cost premium rebate
    royalty commission sale donation""".split()
)


def is_money(said: Mention, lemmas: Sequence[str]) -> bool:
    """Whether what is named is a sum of money, and not counted: `the total of our expenses`."""
    return bool(_SUMS & set(lemmas[said.first : said.last])) and "many" not in lemmas


def money_column(table: Table) -> Column | None:
    """What a table of trades is worth: its amount, its price."""
    for word in MONEY:
        for column in table.columns:
            if (column.is_number and word in names.words_of(column.name)
                    and column.name not in table.primary_key):  # fmt: skip
                return column
    return None
