"""Notes in a database's comments: lines that say more of a table or column than its description."""

from __future__ import annotations

import pytest

from datamind.adapters.introspection import introspect
from datamind.semantics.notes import of_comment

from .conftest import Make


@pytest.mark.parametrize(
    ("comment", "text", "said"),
    [
        ("What was sold.", "What was sold.", {}),
        ("What was sold.\nsynonyms: sales, deals", "What was sold.", {"synonyms": "sales, deals"}),
        ("Unit: kg", "", {"unit": "kg"}),
        ("default date: sold_on\nSold.\nHidden: no", "Sold.",
         {"default_date": "sold_on", "hidden": "no"}),
        ("Status: A = active", "Status: A = active", {}),
        ("The unit: see the manual", "The unit: see the manual", {}),
        ("", "", {}),
    ],
)  # fmt: skip
def test_lines_that_begin_with_a_note_s_name_are_notes(
    comment: str, text: str, said: dict[str, str]
) -> None:
    assert of_comment(comment) == (text, said)


def test_notes_in_comments_become_the_catalog_s(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE parts (id INTEGER PRIMARY KEY, label VARCHAR(9), q INTEGER, made DATE,"
            " sold DATE)",
            "CREATE TABLE scratch (id INTEGER)",
            "COMMENT ON TABLE parts IS 'What we sell.\nentity: spare part\nsynonyms: spares, bits"
            "\ndisplay: label\ndefault date: sold'",
            "COMMENT ON COLUMN parts.q IS 'Load it bears.\nunit: kg\nadditive: avg"
            "\nsynonyms: load'",
            "COMMENT ON COLUMN parts.label IS 'pii: name'",
            "COMMENT ON TABLE scratch IS 'hidden: yes'",
        )
    )
    (parts,) = catalog.tables
    assert (parts.description, parts.entity) == ("What we sell.", "spare part")
    assert parts.synonyms == ("spares", "bits")
    assert (parts.display, parts.default_date) == (("label",), "sold")
    load = parts.column("q")
    assert (load.description, load.unit, load.additivity) == ("Load it bears.", "kg", "avg")
    assert load.additivity_said
    assert load.synonyms == ("load",)
    assert (parts.column("label").pii, parts.column("label").description) == ("name", "")
    assert "parts.label" not in catalog.values


def test_a_note_that_names_no_column_says_nothing(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE parts (id INTEGER, made DATE)",
            "COMMENT ON TABLE parts IS 'display: nothing\ndefault date: never'",
        )
    )
    assert (catalog.tables[0].display, catalog.tables[0].default_date) == ((), None)
