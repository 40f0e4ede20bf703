"""Catalogs of any width, and questions about them, made from word lists."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product

from datamind.semantics.catalog import Catalog, Column, Relationship, Table, View

THINGS = (
    "order invoice shipment parcel supplier warehouse customer employee contract project ticket"
    " machine sensor vehicle route flight booking room guest patient doctor visit lesson student"
    " teacher course exam branch account loan policy claim campaign channel session device plant"
).split()
ROLES = "archive draft history summary plan audit return quote region batch".split()
NUMBERS = "amount price weight volume distance duration score budget fee quantity".split()
TEXTS = "status type city country colour grade source".split()
DATES = ("created_at", "closed_on")
VALUES = "open closed pending rejected north south east west gold silver".split()


def view(tables: int, columns: int, *, values: int = 0) -> View:
    """So many tables of so many columns; each but the first refers to an earlier one.

    With `values` all columns are described, and those of text hold so many values of their own.
    """
    chance = random.Random(tables)
    names = [*THINGS, *(f"{a}_{b}" for a, b in product(THINGS, THINGS + ROLES) if a != b)][:tables]
    made = tuple(_table(name, columns) for name in names)
    links = tuple(_link(names[n], names[chance.randrange(min(n, 40))]) for n in range(1, tables))
    held = {f"{t.id}.status": tuple((v, 10) for v in VALUES[:4]) for t in made}
    if values:
        held |= _values(made, values)
        made = tuple(_described(t) for t in made)
    made = tuple(_with_reference(t, links) for t in made)
    return View(Catalog(f"bench-{tables}", "duckdb", "main", made, links, values=held))


def _table(name: str, columns: int) -> Table:
    kinds = {"id": "integer", "name": "text", "status": "text"}
    kinds |= dict.fromkeys(DATES, "timestamp")
    plain = [(n, "decimal") for n in NUMBERS] + [(t, "text") for t in TEXTS]
    wide = plain + [(f"{r}_{n}", k) for r in ROLES for n, k in plain]
    for column, kind in wide:
        if len(kinds) >= columns:
            break
        kinds.setdefault(column, kind)
    made = tuple(
        Column(name, c, k, additivity="sum" if k == "decimal" else "none")  # type: ignore[arg-type]
        for c, k in kinds.items()
    )
    return Table(name, "main", name, made, ("id",), rows=1000, display=("name",))


def _described(table: Table) -> Table:
    said = "{} of the {}, as it was told by whoever entered it; empty where unknown"
    columns = tuple(
        replace(c, description=said.format(c.name.replace("_", " "), table.name.replace("_", " ")))
        for c in table.columns
    )
    return replace(table, columns=columns, description=f"Each {table.name} that is known of")


def _values(tables: tuple[Table, ...], count: int) -> dict[str, tuple[tuple[str, int], ...]]:
    """Two words and a number: most are found in one column only, as names are."""
    chance = random.Random(count)
    return {
        column.id: tuple(
            (f"{chance.choice(THINGS)} {chance.choice(VALUES)} {chance.randrange(10_000)}", 3)
            for _ in range(count)
        )
        for table in tables
        for column in table.columns
        if column.type == "text" and column.name != "status"
    }


def _link(table: str, to: str) -> Relationship:
    return Relationship(f"{table}.{to}_id", table, (f"{to}_id",), to, ("id",))


def _with_reference(table: Table, links: tuple[Relationship, ...]) -> Table:
    own = [Column(table.id, c, "integer") for link in links if link.table == table.id
           for c in link.columns]  # fmt: skip
    return Table(
        table.id, table.schema, table.name, (*table.columns, *own), table.primary_key,
        rows=table.rows, display=table.display,
    )  # fmt: skip


def questions(seen: View, count: int) -> list[str]:
    """Questions of several kinds about tables taken by chance (a fixed one)."""
    chance = random.Random(7)
    made = []
    for _ in range(count):
        table = chance.choice(seen.catalog.tables)
        thing = table.name.replace("_", " ")
        number, text = chance.choice(NUMBERS[:5]), chance.choice(TEXTS[:3])
        made.append(
            chance.choice(
                (
                    f"How many {thing}s are {chance.choice(VALUES[:4])}?",
                    f"What is the total {number} of {thing}s by {text}?",
                    f"Which 5 {thing}s have the highest {number} this year?",
                    f"Average {number} per {text} of {thing}s created since March 2025",
                    f"List name and {text} of {thing}s with {number} over 500 by {number}",
                    f"{thing}s with more than the average {number}",
                )
            )
        )
    return made
