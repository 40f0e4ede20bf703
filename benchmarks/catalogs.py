"""Catalogs of any width, and questions about them, made from word lists."""

from __future__ import annotations

import random
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


def view(tables: int, columns: int) -> View:
    """So many tables of so many columns; each but the first refers to an earlier one."""
    chance = random.Random(tables)
    names = [*THINGS, *(f"{a}_{b}" for a, b in product(THINGS, THINGS + ROLES) if a != b)][:tables]
    made = tuple(_table(name, columns) for name in names)
    links = tuple(_link(names[n], names[chance.randrange(min(n, 40))]) for n in range(1, tables))
    values = {f"{t.id}.status": tuple((v, 10) for v in VALUES[:4]) for t in made}
    made = tuple(_with_reference(t, links) for t in made)
    return View(Catalog(f"bench-{tables}", "duckdb", "main", made, links, values=values))


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
