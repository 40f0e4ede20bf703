"""What is hidden from an asker is nowhere: not in look-ups, keys, metrics, values or search."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datamind.errors import PlanInvalid, UnknownColumn, UnknownTable
from datamind.semantics import plan as P
from datamind.semantics.catalog import (
    Catalog,
    Column,
    Metric,
    QualityIssue,
    Relationship,
    Table,
    Term,
    View,
)
from datamind.semantics.check import check
from datamind.semantics.search import search


def table(name: str, columns: str, key: str = "id", **more: object) -> Table:
    made = tuple(Column(name, c, "text") for c in columns.split())
    return Table(name, "main", name, made, tuple(key.split()), **more)  # type: ignore[arg-type]


CATALOG = Catalog(
    "1",
    "duckdb",
    "main",
    (
        table("people", "id name salary team_id", display=("name",), unique_keys=(("name",),)),
        table("teams", "id title"),
        table("odd", "a.b c", "a.b"),
        table("odd.a", "b"),
    ),
    (Relationship("member", "people", ("team_id",), "teams", ("id",)),),
    (
        Metric("payroll", "simple", table="people", aggregation="sum", expression="salary"),
        Metric("heads", "simple", table="people", aggregation="count", relations=("people",)),
        Metric("rich", "simple", table="people", aggregation="count", filters=("SALARY > 9",)),
        Metric("cost_per_head", "ratio", numerator="payroll", denominator="heads"),
        Metric("double", "derived", expression="2 * c", inputs=(("c", "cost_per_head"),)),
        Metric("staffed", "simple", table="teams", relations=("teams", "people")),
        Metric("unsalaried", "simple", table="teams", expression="title", relations=("teams",)),
        Metric("itself", "derived", inputs=(("i", "itself"),)),
    ),
    (Term("pay", "people.salary"), Term("wages", "payroll"), Term("staff", "people")),
    (QualityIssue("people", "unique", "failed"), QualityIssue("teams", "unique", "failed")),
    {
        "people.name": (("Ada", 1),),
        "people.salary": (("plenty", 1),),
        "teams.title": (("Blue", 2),),
        "odd.a.b": (("dotted", 1),),
    },
    frozenset({"people.name"}),
)
OPEN = View(CATALOG)


def hiding(*items: str) -> View:
    tables = frozenset(i for i in items if i in CATALOG.by_id)
    return View(CATALOG, "some", tables, frozenset(items) - tables)


def names(view: View) -> set[str]:
    return {m.name for m in view.metrics}


# ---- look-ups ----------------------------------------------------------------------------------


def test_the_hidden_and_the_absent_are_told_alike() -> None:
    def message(view: View, item: str, name: str) -> str:
        with pytest.raises((UnknownTable, UnknownColumn)) as caught:
            view.column(item) if "." in item else view.table(item)
        return f"{caught.value.code} {caught.value.message}".replace(name, "X")

    view = hiding("teams", "people.salary")
    assert message(view, "teams", "teams") == message(OPEN, "nothing", "nothing")
    assert message(view, "people.salary", "salary") == message(OPEN, "people.nothing", "nothing")
    assert message(view, "teams.id", "teams") == message(OPEN, "nothing.id", "nothing")


@pytest.mark.parametrize(
    ("item", "seen"),
    [
        ("people", True), ("people.name", True), ("people.salary", False), ("teams", False),
        ("teams.title", False), ("nothing", False), ("people.nothing", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_seen_is_what_is_there_and_not_hidden(item: str, seen: bool) -> None:
    assert hiding("teams", "people.salary").sees(item) is seen


def test_a_hidden_column_is_no_part_of_its_table() -> None:
    view = hiding("people.salary")
    assert [c.name for c in view.table("people").columns] == ["id", "name", "team_id"]
    assert view.table("people").primary_key == ("id",)


@pytest.mark.parametrize(
    ("hidden", "key", "unique", "display"),
    [("people.id", (), (("name",),), ("name",)), ("people.name", ("id",), (), ())],
)
def test_keys_and_names_of_hidden_columns_are_none(
    hidden: str, key: object, unique: object, display: object
) -> None:
    people = hiding(hidden).table("people")
    assert (people.primary_key, people.unique_keys, people.display) == (key, unique, display)


def test_a_table_all_of_whose_columns_are_hidden_is_not_there() -> None:
    view = hiding("teams.id", "teams.title")
    assert not view.sees("teams")
    with pytest.raises(UnknownTable):
        view.table("teams")


@pytest.mark.parametrize("hidden", ["people", "teams", "people.team_id", "teams.id"])
def test_a_reference_is_there_only_if_both_its_sides_are(hidden: str) -> None:
    view = hiding(hidden)
    assert view.relationships == ()
    join = P.Join("t", "teams", "p", "member")
    with pytest.raises((PlanInvalid, UnknownTable)):
        check(P.Query(P.Source("people", "p", (join,)), ()), view)


def test_nothing_hidden_shows_everything() -> None:
    assert OPEN.tables == CATALOG.tables
    assert OPEN.relationships == CATALOG.relationships
    assert OPEN.metrics == CATALOG.metrics
    assert OPEN.glossary == CATALOG.glossary


# ---- metrics, words, quality -------------------------------------------------------------------


def test_a_metric_is_hidden_with_any_column_it_is_made_of_however_far_down() -> None:
    assert names(OPEN) - names(hiding("people.salary")) == {
        "payroll",
        "rich",
        "cost_per_head",
        "double",
    }


def test_a_metric_is_hidden_with_any_table_it_reads() -> None:
    assert names(hiding("people")) == {"unsalaried", "itself"}
    assert names(hiding("teams")) == names(OPEN) - {"staffed", "unsalaried"}


def test_a_column_is_no_part_of_a_longer_word() -> None:
    catalog = replace(
        CATALOG,
        metrics=(Metric("m", "simple", table="people", expression="unsalaryed + team_id2"),),
    )
    hidden = frozenset({"people.salary", "people.team_id"})
    assert View(catalog, hidden_columns=hidden).metrics == catalog.metrics


def test_a_hidden_metric_can_not_be_planned_with() -> None:
    query = P.Query(P.Source("people", "p"), (P.Group((), (P.Named("x", P.Metric("payroll")),)),))
    assert check(query, OPEN)
    with pytest.raises(PlanInvalid, match="no metric payroll"):
        check(query, hiding("people.salary"))


def test_words_and_issues_of_the_hidden_are_hidden() -> None:
    assert [t.words for t in hiding("people.salary").glossary] == ["staff"]
    assert [q.table for q in hiding("people").quality] == ["teams"]


# ---- values ------------------------------------------------------------------------------------


def test_values_are_there_unless_hidden_or_masked() -> None:
    assert OPEN.values("people.name") == (("Ada", 1),)
    assert hiding("people.name").values("people.name") == ()
    assert hiding("people").values("people.name") == ()
    assert replace(OPEN, masked_columns=frozenset({"people.name"})).values("people.name") == ()
    assert OPEN.values("people.team_id") == ()


def test_a_column_named_with_a_dot_is_hidden_with_its_table() -> None:
    assert OPEN.column("odd.c").name == "c"
    assert hiding("odd", "odd.a").values("odd.a.b") == ()


# ---- search ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "hidden"),
    [
        ("salary", ["people.salary"]),
        ("payroll", ["people.salary"]),
        ("wages", ["people.salary"]),
        ("plenty", ["people.salary"]),
        ("people", ["people"]),
        ("ada", ["people"]),
        ("blue", ["teams.title"]),
    ],
)
def test_search_finds_nothing_of_the_hidden(words: str, hidden: list[str]) -> None:
    assert search(OPEN, words)
    assert search(hiding(*hidden), words) == []


def test_search_does_not_find_masked_values() -> None:
    masked = replace(OPEN, masked_columns=frozenset({"people.name"}))
    assert [h.kind for h in search(OPEN, "ada")] == ["value"]
    assert search(masked, "ada") == []
