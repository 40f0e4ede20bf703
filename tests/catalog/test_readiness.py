"""The grade of a model: what is not told lowers it, what is told raises it by what was said."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import yaml

from datamind.adapters.dbt.advice import Place, yaml_of
from datamind.adapters.introspection import introspect
from datamind.adapters.introspection.advice import sql_of
from datamind.semantics.catalog import Catalog, Metric, View
from datamind.semantics.merge import Overlay, TableNote, merge
from datamind.semantics.readiness import Asked, Readiness, Step, Word, readiness
from datamind.semantics.readiness_checks import CHECKS

from .conftest import Make

BOOKS = """CREATE TABLE books (id INTEGER PRIMARY KEY, about VARCHAR(40), price DECIMAL(8, 2))"""
LOANS = """
CREATE TABLE loans (
    id INTEGER PRIMARY KEY, book_id INTEGER REFERENCES books (id), lent_on DATE, due_on DATE,
    renewals INTEGER, grp VARCHAR(2), mail VARCHAR(40), xq DECIMAL(8, 2)
)
"""
LIBRARY = (
    BOOKS, LOANS, "CREATE TABLE stg_loans (id INTEGER)", "CREATE TABLE visits (n INTEGER)",
    "INSERT INTO books VALUES (1, 'On foot', 3), (2, 'By train', 4), (3, 'At sea', 5)",
    """INSERT INTO loans VALUES
        (1, 1, '2025-01-01', '2025-02-01', 0, 'A', 'a@example.com', 1),
        (2, 1, '2025-01-02', '2025-02-02', 3, 'C', 'b@example.com', 2),
        (3, 2, '2025-01-03', '2025-02-03', 2, 'A', 'c@example.com', 2)""",
)  # fmt: skip
# The check and the thing that it finds untold in the library, and what fills in the advice.
FOUND = (
    ("descriptions", "books", "<what it is>", "What is lent"),
    ("descriptions", "loans.renewals", "<what it is>", "How often it was renewed"),
    ("synonyms", "books", "<what people call it>", "titles, volumes"),
    ("synonyms", "books.price", "<what people call it>", "cost"),
    ("display", "books", "", ""),
    ("dates", "loans", "", ""),
    ("additivity", "loans.renewals", "<sum, avg or none>", "sum"),
    ("units", "books.price", "<usd, kg, minutes>", "eur"),
    ("codes", "loans.grp", "<meaning>", "adults"),
    ("keys", "visits", "<column>", "n"),
    ("layers", "stg_loans", "", ""),
    ("names", "loans.xq", "<what it is>", "Fine paid"),
)


@pytest.fixture
def library(make: Make) -> str:
    return make(*LIBRARY)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The library's, read once."""
    path = tmp_path_factory.mktemp("library") / "library.duckdb"
    with duckdb.connect(str(path)) as connection:
        for statement in LIBRARY:
            connection.execute(statement)
    return introspect(f"duckdb:///{path}")


def graded(catalog: Catalog, **more: object) -> Readiness:
    return readiness(View.open(catalog), **more)  # type: ignore[arg-type]


def step(found: Readiness, check: str, item: str) -> Step | None:
    return next((s for s in found.steps if (s.check, s.item) == (check, item)), None)


@pytest.mark.slow
def test_advice_for_a_database_takes_each_step_and_raises_the_grade_by_its_gain(
    library: str, make: Make
) -> None:
    catalog = introspect(library)
    before = graded(catalog)
    for check, item, blank, filled in FOUND:
        wanted = step(before, check, item)
        assert wanted is not None, item
        advice = sql_of(wanted, catalog.table(wanted.table), None, catalog.dialect)
        assert blank in advice
        make(advice.replace(blank, filled) if blank else advice)
        catalog = introspect(library)
        after = graded(catalog)
        assert step(after, check, item) is None, advice
        assert after.grade.figure >= before.grade.figure + wanted.gain - 0.2, advice
        before = after


def test_all_gains_together_are_what_is_missing_to_the_best(catalog: Catalog) -> None:
    hidden = {"stg_loans": TableNote(hidden=True)}
    found = graded(merge(catalog, Overlay(hidden)))
    assert found.grade.figure + sum(s.gain for s in found.steps) == pytest.approx(100, abs=0.5)
    assert [s.gain for s in found.steps] == sorted((s.gain for s in found.steps), reverse=True)
    assert found.grade.letter == "E"


def test_what_is_asked_about_most_comes_first(catalog: Catalog) -> None:
    items = {"books": 500, "books.price": 500}
    words = (Word("fines", 4),)
    found = graded(catalog, asked=Asked(items, words))
    assert {s.table for s in found.steps[:3]} == {"books"}
    assert found.words == words
    priced = [s.item for s in found.steps if s.check == "descriptions" and s.table == "books"]
    assert priced[0] == "books.price"


def test_personal_data_is_dealt_with_where_others_do_not_see_it(catalog: Catalog) -> None:
    assert step(graded(catalog), "personal", "loans.mail") is not None
    kept = graded(catalog, masked=frozenset({"loans.mail"}))
    assert step(kept, "personal", "loans.mail") is None
    assert kept.grade.figure > graded(catalog).grade.figure


def test_events_want_a_metric_and_metrics_want_words(catalog: Catalog) -> None:
    assert step(graded(catalog), "metrics", "loans") is not None
    metric = Metric("fines", "simple", table="loans", relations=("loans",))
    made = graded(merge(catalog, Overlay(metrics=(metric,))))
    assert step(made, "metrics", "loans") is None
    wanted = step(made, "metrics", "fines")
    assert wanted is not None
    assert wanted.why == "no label and no description"
    told = replace(metric, label="Fines", description="What was paid late.")
    assert step(graded(merge(catalog, Overlay(metrics=(told,)))), "metrics", "fines") is None


@pytest.mark.parametrize("origin", ["declared", "dbt"])
def test_a_guessed_reference_wants_to_be_declared(origin: str, catalog: Catalog) -> None:
    guessed = [replace(r, origin="guessed") for r in catalog.relationships]
    doubtful = graded(replace(catalog, relationships=tuple(guessed)))
    wanted = step(doubtful, "references", "loans.book_id")
    assert wanted is not None
    assert wanted.wanted == ("books", "id")
    known = [replace(r, origin=origin) for r in guessed]  # type: ignore[arg-type]
    declared = graded(replace(catalog, relationships=tuple(known)))
    assert step(declared, "references", "loans.book_id") is None


@pytest.mark.parametrize(("check", "item", "_blank", "_filled"), FOUND)
def test_the_advice_for_a_dbt_project_is_yaml_about_that_very_thing(
    check: str, item: str, _blank: str, _filled: str, catalog: Catalog
) -> None:
    wanted = step(graded(catalog), check, item)
    assert wanted is not None
    known = {t.id: Place(f"m_{t.id}", "models/m.yml") for t in catalog.tables}
    (model,) = yaml.safe_load(yaml_of(wanted, catalog.table(wanted.table), known))["models"]
    assert model["name"] == f"m_{wanted.table}"
    named = [f"{wanted.table}.{c['name']}" for c in model.get("columns", ())]
    assert named == ([] if item == wanted.table and check != "keys" else named[:1])


def test_the_guide_has_each_check_with_its_weight() -> None:
    guide = Path(__file__).parents[2] / "docs" / "readiness.md"
    said = re.findall(r"^\| `(\w+)` \| (\d+) \|", guide.read_text("utf-8"), re.MULTILINE)
    assert sorted(said) == sorted((c.name, str(c.weight)) for c in CHECKS)


def test_a_model_without_tables_that_say_anything_is_whole() -> None:
    assert graded(Catalog("v", "duckdb", "main", ())).grade.figure == 0
