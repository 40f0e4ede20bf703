"""The second wall on PostgreSQL: what the warehouse's role may do beyond reading its tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from datamind.adapters.introspection.postgres import reading
from datamind.adapters.introspection.survey import quoted
from datamind.semantics.catalog import Table

OWN = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'"
# (what the role may do too much, the query that lists with what)
CHECKS: tuple[tuple[str, str], ...] = (
    (
        "is a superuser, or may make databases or roles, or reads past row security",
        (
            "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = current_user"
            " AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls OR rolreplication)"
        ),
    ),
    (
        "may read or write the server's files, run programs, or end others' queries",
        (
            "SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.rolname IN ("
            "'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program',"
            " 'pg_write_all_data', 'pg_signal_backend')"
            " AND pg_has_role(current_user, r.oid, 'USAGE') ORDER BY 1"
        ),
    ),
    (
        "may write to",
        (
            "SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            f" WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {OWN}"
            " AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY 1"
        ),
    ),
    (
        "may make things in",
        (
            "SELECT 'the schema ' || n.nspname FROM pg_catalog.pg_namespace n"
            f" WHERE {OWN} AND has_schema_privilege(n.oid, 'CREATE')"
            " UNION ALL SELECT 'the database ' || current_database()"
            " WHERE has_database_privilege(current_database(), 'CREATE') ORDER BY 1"
        ),
    ),
    (
        "may run functions of others, which may do what they like:",
        (
            "SELECT n.nspname || '.' || p.proname FROM pg_catalog.pg_proc p"
            f" JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE {OWN}"
            " AND p.prosecdef AND has_function_privilege(p.oid, 'EXECUTE') ORDER BY 1"
        ),
    ),
)
SHOWN = 3


def too_much(url: str) -> list[str]:
    """What the URL's role may do beyond reading; a warehouse's role should have nothing here."""
    with reading(url) as probe:
        found = [(what, [str(row[0]) for row in probe.rows(sql)]) for what, sql in CHECKS]
    return [f"{what} {_some(names)}" for what, names in found if names]


def _some(names: Sequence[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")


def grants(tables: Iterable[Table], database: str, role: str = "datamind_reader") -> str:
    """The statements that make a right role for these tables; run by their owner."""
    schemas = sorted({table.schema for table in tables})
    lines = [
        f"CREATE ROLE {role} LOGIN PASSWORD '…' NOSUPERUSER NOCREATEDB NOCREATEROLE;",
        f"GRANT CONNECT ON DATABASE {quoted(database)} TO {role};",
        f"ALTER ROLE {role} SET default_transaction_read_only = on;",
    ]
    for schema in map(quoted, schemas):
        lines += [
            f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC;",
            f"GRANT USAGE ON SCHEMA {schema} TO {role};",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {role};",
        ]
    return "\n".join(lines)
