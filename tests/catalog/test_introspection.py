"""What is read off a database of either engine: keys, statistics, values, names of all kinds."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from datamind.adapters.introspection import introspect
from datamind.errors import BadInput, UnknownColumn, WarehouseEmpty, WarehouseNotFound
from datamind.semantics.catalog import Catalog, Relationship, View

Make = Callable[..., str]


def reference(catalog: Catalog, column: str) -> Relationship | None:
    """The one reference that the column (`table.column`) makes."""
    found = [r for r in catalog.relationships if f"{r.table}.{'+'.join(r.columns)}" == column]
    assert len(found) <= 1
    return found[0] if found else None


# ---- keys --------------------------------------------------------------------------------------

DECLARED = (
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, email VARCHAR UNIQUE, name VARCHAR)",
    (
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, bill_to INTEGER REFERENCES customers (id),"
        " ship_to INTEGER REFERENCES customers (id))"
    ),
    (
        "CREATE TABLE lines (order_id INTEGER REFERENCES orders (id), line INTEGER, qty INTEGER,"
        " PRIMARY KEY (order_id, line))"
    ),
    (
        "CREATE TABLE notes (line_order INTEGER, line_no INTEGER, note VARCHAR,"
        " FOREIGN KEY (line_order, line_no) REFERENCES lines (order_id, line))"
    ),
)


def test_declared_keys_are_taken_as_they_are(make: Make) -> None:
    catalog = introspect(make(*DECLARED))
    assert catalog.table("lines").primary_key == ("order_id", "line")
    assert catalog.table("customers").unique_keys == (("email",),)
    assert {t.key_origin for t in catalog.tables if t.primary_key} == {"declared"}
    assert {(r.origin, r.confidence) for r in catalog.relationships} == {("declared", 1.0)}


def test_references_to_one_table_are_told_apart_by_their_roles(make: Make) -> None:
    catalog = introspect(make(*DECLARED))
    roles = {r.columns[0]: r.role for r in catalog.relationships if r.to_table == "customers"}
    assert roles == {"bill_to": "bill_to", "ship_to": "ship_to"}


def test_a_reference_of_several_columns_is_one(make: Make) -> None:
    found = reference(introspect(make(*DECLARED)), "notes.line_order+line_no")
    assert found is not None
    assert (found.to_table, found.to_columns) == ("lines", ("order_id", "line"))


def test_a_reference_by_a_unique_column_is_one_to_one(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE people (id INTEGER PRIMARY KEY)",
            "CREATE TABLE passports (person_id INTEGER UNIQUE REFERENCES people (id), no INTEGER)",
        )
    )
    found = reference(catalog, "passports.person_id")
    assert found is not None and found.one_to_one


UNDECLARED = (
    (
        "CREATE TABLE customers AS SELECT i AS customer_id, 'n' || i AS name"
        " FROM generate_series(1, 50) AS r(i)"
    ),
    (
        "CREATE TABLE orders AS SELECT i AS order_id, i % 50 + 1 AS customer_id,"
        " i % 50 + 60 AS strange_customer_id FROM generate_series(1, 200) AS r(i)"
    ),
)


def test_undeclared_keys_are_guessed_from_names_and_marked_so(make: Make) -> None:
    catalog = introspect(make(*UNDECLARED))
    assert catalog.table("customers").primary_key == ("customer_id",)
    assert catalog.table("customers").key_origin == "guessed"
    found = reference(catalog, "orders.customer_id")
    assert found is not None
    assert (found.to_table, found.origin) == ("customers", "guessed")
    assert 0.5 < found.confidence < 1


def test_a_key_that_every_table_calls_alike_refers_to_nothing(make: Make) -> None:
    """As document stores export it: `_id`, from 1 in every table."""
    catalog = introspect(
        make(
            "CREATE TABLE clubs AS SELECT i AS _id FROM generate_series(1, 4) AS r(i)",
            "CREATE TABLE games AS SELECT i AS _id, i % 2 + 1 AS club_id"
            " FROM generate_series(1, 4) AS r(i)",
        )
    )
    assert [(r.table, r.columns) for r in catalog.relationships] == [("games", ("club_id",))]


def test_a_reference_is_not_guessed_where_its_values_are_not_on_the_other_side(make: Make) -> None:
    assert reference(introspect(make(*UNDECLARED)), "orders.strange_customer_id") is None


def test_a_key_is_not_guessed_where_values_repeat_or_are_missing(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE repeats AS SELECT i % 9 AS id FROM generate_series(1, 20) AS r(i)",
            "CREATE TABLE gaps AS SELECT CASE WHEN i > 3 THEN i END AS id"
            " FROM generate_series(1, 20) AS r(i)",
        )
    )
    assert [t.primary_key for t in catalog.tables] == [(), ()]


def test_a_uuid_is_not_taken_for_a_reference_to_text(make: Make) -> None:
    """The engines can't compare the two without a cast, so no join could be made of it."""
    catalog = introspect(
        make(
            "CREATE TABLE users (user_id VARCHAR PRIMARY KEY)",
            "CREATE TABLE visits (user_id UUID)",
            "INSERT INTO users VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')",
            "INSERT INTO visits VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')",
        )
    )
    assert catalog.relationships == ()


# ---- what columns hold -------------------------------------------------------------------------


def test_statistics_are_of_the_data(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE t (n INTEGER, d DATE, s VARCHAR)",
            "INSERT INTO t VALUES (3, '2024-02-01', 'x'), (5, '2024-01-01', 'x')",
            "INSERT INTO t VALUES (NULL, NULL, 'y'), (3, NULL, NULL)",
        )
    )
    n, d, s = catalog.table("t").columns
    assert (n.distinct, n.null_fraction, n.low, n.high) == (2, 0.25, "3", "5")
    assert (d.distinct, d.null_fraction, d.low, d.high) == (2, 0.5, "2024-01-01", "2024-02-01")
    assert (s.distinct, s.null_fraction, s.low, s.high) == (2, 0.25, None, None)
    assert catalog.table("t").rows == 4


def test_values_of_text_come_most_frequent_first_and_are_known_to_be_all(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE t (s VARCHAR, n INTEGER)",
            "INSERT INTO t VALUES ('rare', 1), ('often', 2), ('often', 3), (NULL, 4)",
        )
    )
    assert dict(catalog.values) == {"t.s": (("often", 2), ("rare", 1))}
    assert catalog.complete == {"t.s"}


def test_values_are_capped_and_then_known_to_be_some(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE t AS SELECT 'v' || i AS many, CASE WHEN i < 3 THEN 'short'"
            " ELSE repeat('long', 50) END AS long FROM generate_series(1, 2500) AS r(i)"
        )
    )
    assert len(catalog.values["t.many"]) == 2000
    assert catalog.values["t.long"] == (("short", 2),)
    assert catalog.complete == set()


PERSONAL = {
    "email": "'p' || i || '@example.com'",
    "contact": "CASE WHEN i = 1 THEN 'none' ELSE 'p' || i || '@example.com' END",
    "mobile_phone": "'x' || i",
    "reach": "'+41 79 555 0' || (100 + i)",
    "ssn": "'s' || i",
    "tax_ref": "'123-45-' || (1000 + i)",
    "paid_with": "'4111 1111 1111 ' || (1000 + i)",
    "password_hash": "md5('x')",
}


def test_values_of_personal_data_are_never_kept(make: Make) -> None:
    columns = ", ".join(f"{made} AS {name}" for name, made in PERSONAL.items())
    catalog = introspect(
        make(
            f"CREATE TABLE t AS SELECT {columns}, 'k' AS kind, '2023-2024' AS school_year"
            " FROM generate_series(1, 20) AS r(i)"
        )
    )
    assert [c.name for c in catalog.table("t").columns if c.pii is None] == ["kind", "school_year"]
    assert set(catalog.values) == {"t.kind", "t.school_year"}


def test_numbers_add_up_or_not_by_what_they_are(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE sales (sale_id INTEGER PRIMARY KEY, store_id INTEGER, year INTEGER,"
            " amount DECIMAL(10, 2), quantity INTEGER, discount_rate DOUBLE PRECISION,"
            " rating DOUBLE PRECISION, zip_code INTEGER, num_reviews INTEGER, region VARCHAR)"
        )
    )
    assert {c.name: c.additivity for c in catalog.table("sales").columns} == {
        "sale_id": "none", "store_id": "none", "year": "none", "amount": "sum", "quantity": "sum",
        "discount_rate": "avg", "rating": "avg", "zip_code": "none", "num_reviews": "sum",
        "region": "none",
    }  # fmt: skip


def test_what_refers_does_not_add_up_whatever_its_name(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE stores (store INTEGER PRIMARY KEY)",
            "CREATE TABLE sales (amount INTEGER REFERENCES stores (store))",
        )
    )
    assert catalog.column("sales.amount").additivity == "none"


def test_unix_seconds_are_dates(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE t (created_at BIGINT, amount BIGINT)",
            "INSERT INTO t VALUES (1700000000, 1700000000)",
        )
    )
    assert [c.is_date for c in catalog.table("t").columns] == [True, False]


def test_comments_describe(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE t (span INTEGER)",
            "COMMENT ON TABLE t IS 'Trips, one a row.'",
            "COMMENT ON COLUMN t.span IS 'Length of the trip in km'",
        )
    )
    assert catalog.table("t").description == "Trips, one a row."
    assert catalog.column("t.span").description == "Length of the trip in km"


def test_a_unit_comes_from_the_comment_or_the_name(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE t (span INTEGER, price_usd INTEGER)",
            "INSERT INTO t VALUES (1, 2)",
            "COMMENT ON COLUMN t.span IS 'Length of the trip in km'",
        )
    )
    assert [c.unit for c in catalog.table("t").columns] == ["km", "usd"]


# ---- tables of all kinds -----------------------------------------------------------------------


def test_views_are_read_like_tables_and_known_to_be_views(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE t AS SELECT 1 AS n",
            "CREATE VIEW v AS SELECT n + 1 AS m FROM t",
        )
    )
    assert [(t.id, t.is_view, t.rows) for t in catalog.tables] == [("t", False, 1), ("v", True, 1)]


def test_a_view_that_fails_is_left_out_and_the_rest_is_read(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE texts AS SELECT 'no number' AS s",
            "CREATE VIEW broken AS SELECT CAST(s AS INTEGER) AS n FROM texts WHERE s <> ''",
            "CREATE TABLE zebras AS SELECT 1 AS n",
        )
    )
    broken = [t for t in catalog.tables if t.id == "broken"]
    assert {t.id for t in catalog.tables} >= {"texts", "zebras"}
    assert all(c.distinct is None for t in broken for c in t.columns)


def test_tables_of_other_schemas_have_the_schema_in_their_ids(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE SCHEMA sales",
            "CREATE TABLE t AS SELECT 'here' AS s",
            "CREATE TABLE sales.t AS SELECT 'there' AS s",
        )
    )
    assert {t.id for t in catalog.tables} == {"t", "sales.t"}
    assert catalog.values["sales.t.s"] == (("there", 1),)
    assert catalog.values["t.s"] == (("here", 1),)


def test_ids_are_unique_even_where_a_name_reads_like_schema_and_name(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE SCHEMA a",
            'CREATE TABLE a.b AS SELECT 1 AS "in schema"',
            'CREATE TABLE "a.b" AS SELECT 1 AS dotted',
        )
    )
    assert len(catalog.by_id) == 2
    assert [c.name for c in catalog.table("a.b").columns] == ["in schema"]


ODD = [
    "two words", "Capitals", 'quo"te', "it's", "select", "Größe", "日付", "#", "_", "100%",
    "dot.ted", "a;b", "back\\slash", "--", "%s", "{x}", "$1", "emoji 🦆",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_any_name_is_kept_as_it_is(make: Make, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    catalog = introspect(
        make(
            f"CREATE TABLE {quoted} ({quoted} VARCHAR, id INTEGER)",
            f"INSERT INTO {quoted} VALUES ('held', 1)",
        )
    )
    (table,) = catalog.tables
    assert (table.id, table.columns[0].name) == (name, name)
    assert View(catalog).values(f"{name}.{name}") == (("held", 1),)
    assert catalog.column(f"{name}.{name}").distinct == 1


def test_empty_tables_have_columns_and_no_statistics(make: Make) -> None:
    catalog = introspect(make("CREATE TABLE empty (id INTEGER, name VARCHAR)"))
    table = catalog.table("empty")
    assert (table.rows, table.primary_key) == (0, ())
    assert [(c.type, c.distinct, c.low) for c in table.columns] == [
        ("integer", None, None),
        ("text", None, None),
    ]
    assert dict(catalog.values) == {}


def test_a_database_without_tables_says_so(make: Make) -> None:
    with pytest.raises(WarehouseEmpty):
        introspect(make("SELECT 1"))


def test_a_row_is_called_by_its_name(make: Make) -> None:
    catalog = introspect(
        make(
            "CREATE TABLE people (id INTEGER, first_name VARCHAR, last_name VARCHAR)",
            "INSERT INTO people VALUES (1, 'Ada', 'L')",
            "CREATE TABLE films (id INTEGER, genre VARCHAR, title VARCHAR)",
            "INSERT INTO films VALUES (1, 'g', 'T')",
            "CREATE TABLE readings (id INTEGER, level INTEGER)",
        )
    )
    assert {t.id: t.display for t in catalog.tables} == {
        "people": ("first_name", "last_name"),
        "films": ("title",),
        "readings": (),
    }


# ---- versions and sizes ------------------------------------------------------------------------


def test_the_same_content_has_the_same_version_and_other_content_another(make: Make) -> None:
    url = make("CREATE TABLE t (s VARCHAR)", "INSERT INTO t VALUES ('one')")
    first = introspect(url).version
    assert introspect(url).version == first
    make("UPDATE t SET s = 'two'")
    assert introspect(url).version != first


@pytest.mark.slow
def test_three_hundred_tables_are_read_in_seconds(make: Make) -> None:
    made = [
        f"CREATE TABLE thing_{n} AS SELECT i AS thing_{n}_id, i % 7 AS thing_{(n or 2) - 1}_id,"
        f" 'v' || i % 3 AS kind, i * 1.5 AS amount FROM generate_series(1, 30) AS r(i)"
        for n in range(300)
    ]
    url = make(*made)
    started = time.perf_counter()
    catalog = introspect(url)
    assert len(catalog.tables) == 300
    assert time.perf_counter() - started < 30


LARGE = (
    """CREATE TABLE large AS SELECT i AS large_id, CAST(floor(i / 3.0) AS INTEGER) AS order_no,
         'v' || i % 40 AS kind, DATE '2020-01-01' + CAST(floor(i / 2000.0) AS INTEGER) AS day
       FROM generate_series(1, 2000000) AS r(i)""",
    """CREATE TABLE parts AS SELECT i AS part_id, i * 190 + 1 AS large_id
       FROM generate_series(1, 10000) AS r(i)""",
)


@pytest.mark.slow
def test_two_million_rows_are_sampled(make: Make) -> None:
    url = make(*LARGE)
    started = time.perf_counter()
    catalog = introspect(url)
    assert time.perf_counter() - started < 20
    table = catalog.table("large")
    assert table.rows == 2_000_000
    assert catalog.complete == set(), "a sample can't tell that it has seen all values"
    assert len(catalog.values["large.kind"]) == 40
    days = catalog.column("large.day")
    assert days.low is not None and days.high is not None
    assert days.low < "2020-03-01" and days.high > "2022-06-01", "from all over the table"
    assert introspect(url).version == catalog.version


@pytest.mark.slow
def test_keys_of_large_tables_are_guessed_from_the_sample(make: Make) -> None:
    catalog = introspect(make(*LARGE))
    assert catalog.table("large").primary_key == ("large_id",)
    found = reference(catalog, "parts.large_id")
    assert found is not None and found.to_table == "large"
    repeated = catalog.column("large.order_no").distinct
    assert repeated is not None and repeated < 2_000_000


# ---- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", ""])
def test_an_address_of_no_known_kind_is_bad_input(url: str) -> None:
    with pytest.raises(BadInput):
        introspect(url)


def test_a_file_that_is_not_there_is_not_found(tmp_path: object) -> None:
    with pytest.raises(WarehouseNotFound):
        introspect(f"duckdb:///{tmp_path}/nothing.duckdb")


def test_a_column_that_is_not_there_is_unknown(make: Make) -> None:
    with pytest.raises(UnknownColumn):
        introspect(make("CREATE TABLE t (a INTEGER)")).column("t.b")
