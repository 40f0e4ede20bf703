"""What is read off PostgreSQL alone: its types, rights, schemas, indexes and views."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import psycopg
import pytest

from datamind.adapters.introspection import introspect
from datamind.adapters.introspection.postgres_role import grants, too_much
from datamind.errors import WarehouseEmpty, WarehouseNotFound

pytestmark = pytest.mark.postgres
Make = Callable[..., str]

TYPES = """
a smallint|integer, b bigint|integer, c numeric(10, 2)|decimal, d real|float, e boolean|boolean,
f timestamptz|timestamp, g timestamp|timestamp, h time|time, i interval|interval, j mood|text,
k uuid|text, l integer[]|other, m jsonb|other, n json|other, o bytea|other, p int4range|other,
q daterange|other, r inet|other, s money|decimal, t character(4)|text, u price|decimal,
v special_price|decimal, w mood[]|other, x varchar(20)|text, y "char"|other, z bigserial|integer
"""


def test_every_type_is_known_for_what_it_is(make_postgres: Make) -> None:
    columns = [c.strip().split("|") for c in TYPES.replace("(10, 2)", "(10;2)").split(",")]
    url = make_postgres(
        "CREATE TYPE mood AS ENUM ('sad', 'glad')",
        "CREATE DOMAIN price AS numeric(10, 2) CHECK (value > 0)",
        "CREATE DOMAIN special_price AS price",
        "CREATE TABLE t (" + ", ".join(c for c, _ in columns).replace(";", ", ") + ")",
    )
    found = {c.name: c.type for c in introspect(url).table("t").columns}
    assert found == {declared.split()[0]: kind for declared, kind in columns}


def test_an_enumeration_has_its_values(make_postgres: Make) -> None:
    url = make_postgres(
        "CREATE TYPE mood AS ENUM ('sad', 'glad')",
        "CREATE TABLE t AS SELECT 'glad'::mood AS m",
    )
    assert introspect(url).values["t.m"] == (("glad", 1),)


def test_a_collation_of_its_own_is_part_of_the_type(make_postgres: Make) -> None:
    """Text under two collations can't be compared without an error."""
    url = make_postgres('CREATE TABLE t (a text, b text COLLATE "C", c varchar(9))')
    found = introspect(url).table("t").columns
    assert [c.native_type for c in found] == ["text", 'text COLLATE "C"', "character varying(9)"]
    assert {c.type for c in found} == {"text"}


def test_odd_contents_are_read(make_postgres: Make) -> None:
    url = make_postgres(
        "CREATE TABLE t AS SELECT 'NaN'::float8 AS f, 'infinity'::date AS d,"
        " '0044-03-15 BC'::date AS bc, 'NaN'::numeric AS n, '-infinity'::timestamptz AS ts"
    )
    assert [c.low for c in introspect(url).table("t").columns] == [
        "NaN", "infinity", "0044-03-15 BC", "NaN", "-infinity",
    ]  # fmt: skip


def test_moments_are_written_in_utc_whatever_the_server_thinks(make_postgres: Make) -> None:
    url = make_postgres("CREATE TABLE t AS SELECT timestamptz '2024-01-01 12:00+02' AS at")
    name = urlsplit(url).path.strip("/")
    make_postgres(
        f"ALTER DATABASE {name} SET timezone TO 'Asia/Tokyo'",
        f"ALTER DATABASE {name} SET datestyle TO 'German'",
    )
    assert introspect(url).column("t.at").low == "2024-01-01 10:00:00+00"


# ---- rights ------------------------------------------------------------------------------------


@pytest.fixture
def as_reader(make_postgres: Make) -> Callable[..., str]:
    """Makes a database, and a role that may do only what the statements grant it ({role})."""

    def made(*statements: str) -> str:
        role = urlsplit(make_postgres()).path.strip("/") + "_reader"
        url = make_postgres(f"CREATE ROLE {role} LOGIN", *(s.format(role=role) for s in statements))
        return url.replace("://postgres:", f"://{role}:")

    return made


def test_only_what_the_role_may_read_is_there(as_reader: Callable[..., str]) -> None:
    url = as_reader(
        "CREATE SCHEMA shut",
        "CREATE TABLE shut.secrets (id int)",
        "GRANT SELECT ON shut.secrets TO {role}",
        "CREATE TABLE closed (id int PRIMARY KEY)",
        "CREATE TABLE open (id int REFERENCES closed (id))",
        "GRANT SELECT ON open TO {role}",
    )
    catalog = introspect(url)
    assert [t.id for t in catalog.tables] == ["open"]
    assert catalog.relationships == ()


def test_rights_by_column_show_those_columns_only(as_reader: Callable[..., str]) -> None:
    url = as_reader(
        "CREATE TABLE customers (id int PRIMARY KEY, code int, name text, ssn text,"
        " UNIQUE (code), UNIQUE (name, ssn))",
        "CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers (id),"
        " buyer int REFERENCES customers (code))",
        "INSERT INTO customers VALUES (1, 7, 'Ada', '123-45-6789')",
        "GRANT SELECT (id, name) ON customers TO {role}",
        "GRANT SELECT ON orders TO {role}",
    )
    catalog = introspect(url)
    customers = catalog.table("customers")
    assert [c.name for c in customers.columns] == ["id", "name"]
    assert (customers.primary_key, customers.unique_keys, customers.rows) == (("id",), (), 1)
    assert [r.columns for r in catalog.relationships] == [("customer",)]
    assert dict(catalog.values) == {"customers.name": (("Ada", 1),)}


def test_a_role_that_may_read_nothing_is_told_so(as_reader: Callable[..., str]) -> None:
    with pytest.raises(WarehouseEmpty):
        introspect(as_reader("CREATE TABLE t (id int)"))


def test_row_security_limits_what_is_counted_and_kept(as_reader: Callable[..., str]) -> None:
    url = as_reader(
        "CREATE TABLE t AS SELECT * FROM (VALUES ('mine'), ('theirs')) AS v(s)",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY own ON t USING (s = 'mine')",
        "GRANT SELECT ON t TO {role}",
    )
    catalog = introspect(url)
    assert catalog.table("t").rows == 1
    assert catalog.values["t.s"] == (("mine", 1),)


def test_what_the_role_may_change_is_told(as_reader: Callable[..., str]) -> None:
    url = as_reader(
        "CREATE TABLE read (id int)",
        "CREATE TABLE written (id int)",
        "GRANT SELECT ON read TO {role}",
        "GRANT SELECT, DELETE ON written TO {role}",
    )
    assert too_much(url) == ["may write to public.written"]


def test_a_role_made_by_the_grants_that_are_told_may_do_nothing_else(
    make_postgres: Make,
) -> None:
    url = make_postgres(
        "CREATE TABLE t (id int)",
        "CREATE FUNCTION peek() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'",
    )
    whole = too_much(url)
    assert any(what.startswith("is a superuser") for what in whole)
    assert any("may make things in" in what for what in whole)
    catalog = introspect(url)
    role = f"reader_{uuid.uuid4().hex[:8]}"
    database = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    told = grants(catalog.tables, str(database), role).replace("'…'", "'x'")
    with psycopg.connect(url, autocommit=True) as owner:
        for statement in told.splitlines():
            owner.execute(statement.encode())
        try:
            reader = psycopg.conninfo.make_conninfo(url, options=f"-c role={role}")
            assert too_much(reader) == [("may run functions of others, which may do what they like:"
                                        " public.peek")]  # fmt: skip
            with psycopg.connect(reader) as connection:
                assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
        finally:
            owner.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


# ---- relations ---------------------------------------------------------------------------------


def test_a_partitioned_table_is_one(make_postgres: Make) -> None:
    url = make_postgres(
        "CREATE TABLE sales (day date, amount int) PARTITION BY RANGE (day)",
        "CREATE TABLE old PARTITION OF sales FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
        "INSERT INTO sales VALUES ('2024-05-01', 3)",
    )
    assert [(t.id, t.rows) for t in introspect(url).tables] == [("sales", 1)]


def test_a_unique_index_is_a_key_unless_it_is_about_some_rows_or_an_expression(
    make_postgres: Make,
) -> None:
    url = make_postgres(
        "CREATE TABLE t (a int, b text, c int)",
        "CREATE UNIQUE INDEX ON t (a, b)",
        "CREATE UNIQUE INDEX ON t (c) WHERE c > 0",
        "CREATE UNIQUE INDEX ON t (lower(b))",
        "CREATE UNIQUE INDEX ON t (a) INCLUDE (c)",
    )
    assert introspect(url).table("t").unique_keys == (("a",), ("a", "b"))


def test_a_materialized_view_without_data_is_left_out_and_the_rest_is_read(
    make_postgres: Make,
) -> None:
    url = make_postgres(
        "CREATE MATERIALIZED VIEW a_filled AS SELECT 1 AS n",
        "CREATE MATERIALIZED VIEW b_void AS SELECT 1 AS n WITH NO DATA",
        "CREATE VIEW c_failing AS SELECT n FROM a_filled WHERE 1 / (n - 1) = 1",
        "CREATE TABLE d AS SELECT 1 AS n",
    )
    assert [t.id for t in introspect(url).tables] == ["a_filled", "d"]


def test_a_schema_is_not_taken_for_the_systems_by_its_first_letters(make_postgres: Make) -> None:
    url = make_postgres("CREATE SCHEMA pgx", "CREATE TABLE pgx.t (n int)")
    assert [t.id for t in introspect(url).tables] == ["pgx.t"]


def test_functions_of_the_database_do_not_stand_in_for_the_engines(make_postgres: Make) -> None:
    url = make_postgres(
        "CREATE FUNCTION public.count(text) RETURNS int LANGUAGE sql AS 'SELECT 1 / 0'",
        "CREATE FUNCTION public.length(varchar) RETURNS int LANGUAGE sql AS 'SELECT 1 / 0'",
        "CREATE TABLE t AS SELECT 'x'::text AS s",
    )
    assert introspect(url).values["t.s"] == (("x", 1),)


def test_a_database_that_is_not_there_is_not_found(postgres_server: str) -> None:
    with pytest.raises(WarehouseNotFound):
        introspect(postgres_server.replace("/postgres?", "/nowhere_at_all?"))
