"""The lexer's codes for plain questions, and the example of every pattern."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest

from datamind.language import patterns
from datamind.language.index import build
from datamind.language.lexer import covers
from datamind.language.linking import Linker
from datamind.language.nodes import to_nodes
from datamind.language.patterns import PATTERNS
from datamind.language.tokens import tokenize
from datamind.semantics.catalog import Catalog, Column, Metric, Relationship, Table, View

TODAY = dt.date(2025, 6, 18)

# A table a line: its columns (with types other than text), the first its key.
TABLES = {
    "customer": "customer_id:integer name phone city",
    "orders": "order_id:integer customer_id:integer order_date:date ship_date:date "
    "amount:decimal cost:decimal side region status",
    "car": "car_id:integer model make price:decimal rating:decimal sale_date:date",
    "city": "city_id:integer name airport state population:integer",
    "restaurant": "restaurant_id:integer name cuisine",
    "paper": "paper_id:integer title semester:integer journal_id:integer",
    "journal": "journal_id:integer title",
    "keyphrase": "keyphrase_id:integer paper_id:integer phrase",
    "employee": "employee_id:integer name birth_date:date salary:decimal",
    "course": "course_id:integer title project:boolean exam:boolean",
    "sale": "sale_id:integer transaction_id:integer revenue:decimal market",
}
VALUES = {
    "city.name": (("Rome", 1), ("Oslo", 1)),
    "city.airport": (("FCO", 1), ("OSL", 1)),
    "city.state": (("Texas", 2), ("Ohio", 2)),
    "car.make": (("Ford", 3), ("Fiat", 1)),
    "restaurant.cuisine": (("Italian", 4), ("Thai", 2)),
    "orders.side": (("buy", 4), ("sell", 5)),
    "orders.status": (("open", 4), ("shipped", 5)),
    "sale.market": (("domestic", 4), ("foreign", 2)),
}
PRICES = {"quote": "quote_id:integer traded_on:date high:decimal low:decimal"}


def _view(tables: dict[str, str], values: Any = None) -> View:
    made = []
    for table, columns in tables.items():
        parts = [item.partition(":") for item in columns.split()]
        kinds: list[Any] = [(name, kind or "text") for name, _, kind in parts]
        cut = tuple(Column(table, name, kind) for name, kind in kinds)
        made.append(Table(table, "main", table, cut, (cut[0].name,), display=(cut[1].name,)))
    return View(Catalog("nouns", "duckdb", "main", tuple(made), values=values or {}))


NOUNS = build(_view(TABLES, VALUES))
QUOTES = build(_view(PRICES))


def _with_revenue(view: View) -> View:
    """Orders that refer to customers, and a metric of what they are worth."""
    reference = Relationship("r", "orders", ("customer_id",), "customer", ("customer_id",))
    revenue = Metric("revenue", "simple", table="orders", aggregation="sum", expression="amount")
    return View(replace(view.catalog, relationships=(reference,), metrics=(revenue,)))


BOUGHT = build(_with_revenue(_view(TABLES, VALUES)))
# An index of their own for the examples that speak of what few tables hold.
APART = {"high and low": QUOTES, "spent": BOUGHT}


def _wrong(reason: str, *values: Any) -> Any:
    return pytest.param(*values, marks=pytest.mark.xfail(reason=reason, strict=True))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("number of customers", "#c"),
        ("distinct customers", "Dc"),
        ("customers in Rome", "civ"),
        ("orders without customer", "c~c"),
        ("revenue by region", "cbc"),
        ("for each region and model", "gc&c"),
        ("price over 9000", "c>n"),
        ("price between 3 and 5", "cBn&n"),
        ("Texas or Ohio", "v|v"),
        ("top 5 models", "Tc"),
        ("most orders", "Sc"),
        ("the cheapest car", "Sc"),
        ("ordered by price descending", "ocx"),
        ("monthly revenue", "mc"),
        ("phone is missing", "c0"),
        ("sale date in 2020", "cid"),
        ("not in Texas", "~iv"),
        ("total revenue", "Ac"),
        ("length of the name", "lc"),
        ("xyzzy plugh", "uu"),
        _wrong("a letter after `starts with` is no value", "name starts with J", "cXv"),
    ],
)
def test_a_question_has_these_codes_first(text: str, codes: str) -> None:
    tokens = tokenize(text)
    units, _ = covers(Linker(NOUNS, tokens), TODAY, tokens)[0]
    assert "".join(node.code for node in to_nodes(units)) == codes


@pytest.mark.parametrize(
    "text", ["how many orders by region in 2020", "xyzzy", "the cheapest Italian car or a Ford"]
)
def test_a_cover_takes_the_tokens_in_order_and_none_twice(text: str) -> None:
    tokens = tokenize(text)
    for units, _ in covers(Linker(NOUNS, tokens), TODAY, tokens):
        places = [place for unit in units for place in range(unit.first, unit.last)]
        assert places == sorted(set(places))


def test_the_covers_come_best_first() -> None:
    tokens = tokenize("average price of cars by make in 2020")
    gains = [gain for _, gain in covers(Linker(NOUNS, tokens), TODAY, tokens)]
    assert gains == sorted(gains, reverse=True)


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("how many orders did each customer make in 2020", False),
        ("number of orders made", False),
        ("number of orders for each make", True),
        ("how many cars did each make sell", True),
    ],
)
def test_a_verb_of_doing_names_no_column(text: str, links: bool) -> None:
    tokens = tokenize(text)
    at = next(n for n, t in enumerate(tokens) if t.lemma == "make")
    found = Linker(NOUNS, tokens).concepts(at, at + 1)
    assert any(c.id.endswith(".make") for c in found) == links


# Patterns whose example they do not fit, when the patterns before them were applied.
DEAD = {
    "cars with price over 9000 sorted": "`sorted` is no concept, so the pattern before takes it",
    "name starts with J": "a single letter is an unknown word, not a value",
    "in Texas or over 65": "`over 65` without a noun stays a comparison, no condition",
    "top 5 cities by population": "the group pattern stands before and takes `by population`",
}


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(
            at,
            id=pattern.example,
            marks=[pytest.mark.xfail(reason=DEAD[pattern.example], strict=True)]
            if pattern.example in DEAD
            else [],
        )
        for at, pattern in enumerate(PATTERNS)
    ],
)
def test_a_pattern_fits_its_example(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = PATTERNS[at]
    index = next((i for said, i in APART.items() if said in pattern.example), NOUNS)
    tokens = tokenize(pattern.example)
    monkeypatch.setattr(patterns, "PATTERNS", PATTERNS[:at])
    reached = [
        "".join(node.code for node in patterns.combine(to_nodes(units)))
        for units, _ in covers(Linker(index, tokens), TODAY, tokens)
    ]
    assert any(re.search(pattern.codes, codes) for codes in reached), reached
