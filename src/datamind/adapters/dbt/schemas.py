"""Builds on PostgreSQL: into new schemas, which take the names of those in use in one transaction.

Renaming a schema locks no table: a statement that runs goes on with the tables that it began with,
the next one finds the new ones, and nobody sees some of each. Grants are taken over. The schemas
before are kept, shut to readers, until a build finds that nobody reads them any more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from datamind.adapters.dbt.builds import Build
from datamind.errors import BadInput, DbtBuildFailed, WarehouseError

if TYPE_CHECKING:
    from psycopg import Connection

LOCK = "5s"  # how long a switch or a clean-up waits for others
BEFORE = "__before"
_OF_A_BUILD = re.compile(r"__[0-9]{8}_[0-9]{6}_[0-9a-f]{6}")
LONGEST = 63  # bytes of a name
KEPT_FROM_RENAMING = ("public", "pg_catalog", "information_schema")
_SCHEMAS = """
SELECT nspname, obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace
WHERE nspname = %(name)s OR starts_with(nspname, %(name)s || '_') ORDER BY 1
"""
_RELATIONS = """
SELECT relname, relkind::text, relrowsecurity FROM pg_catalog.pg_class
WHERE relnamespace = to_regnamespace(quote_ident(%s)) AND relkind IN ('r', 'p', 'v', 'm', 'f')
ORDER BY 1
"""
# The statements that give what is granted on the old (%(old)s) to its namesake in the new.
_GRANTS = """
WITH given AS (
  SELECT a.*, 'SCHEMA ' || quote_ident(%(new)s) AS what, '' AS cols
  FROM pg_catalog.pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = %(old)s
  UNION ALL
  SELECT a.*, 'TABLE ' || quote_ident(%(new)s) || '.' || quote_ident(c.relname), ''
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
       aclexplode(c.relacl) a
  WHERE n.nspname = %(old)s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND to_regclass(quote_ident(%(new)s) || '.' || quote_ident(c.relname)) IS NOT NULL
  UNION ALL
  SELECT a.*, 'TABLE ' || quote_ident(%(new)s) || '.' || quote_ident(c.relname),
         ' (' || quote_ident(t.attname) || ')'
  FROM pg_catalog.pg_attribute t JOIN pg_catalog.pg_class c ON c.oid = t.attrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, aclexplode(t.attacl) a
  WHERE n.nspname = %(old)s AND t.attnum > 0 AND EXISTS (
    SELECT FROM pg_catalog.pg_attribute x
    WHERE x.attrelid = to_regclass(quote_ident(%(new)s) || '.' || quote_ident(c.relname))
      AND x.attname = t.attname AND NOT x.attisdropped)
)
SELECT format('GRANT %%s%%s ON %%s TO %%s%%s', privilege_type, cols, what,
  CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
  CASE WHEN is_grantable AND grantee <> 0 THEN ' WITH GRANT OPTION' ELSE '' END)
FROM given WHERE grantee <> grantor
"""
_DEFAULTS = """
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %%I IN SCHEMA %%I GRANT %%s ON TABLES TO %%s',
  pg_get_userbyid(d.defaclrole), %(new)s::text, a.privilege_type,
  CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
FROM pg_catalog.pg_default_acl d, aclexplode(d.defaclacl) a
WHERE d.defaclnamespace = to_regnamespace(quote_ident(%(old)s)) AND d.defaclobjtype = 'r'
"""
_SHUT = """
SELECT DISTINCT format('REVOKE ALL ON SCHEMA %%I FROM %%s', nspname,
  CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
FROM pg_catalog.pg_namespace n, aclexplode(n.nspacl) a
WHERE nspname = %s AND a.grantee <> n.nspowner
"""


class PostgresSchemas:
    """Builds of one schema, and of those that dbt names after it (`analytics_staging`)."""

    switches = True
    elsewhere = True

    def __init__(self, url: str, schema: str, variables: Mapping[str, str]) -> None:
        if schema in KEPT_FROM_RENAMING or schema.startswith("pg_") or "__" in schema:
            raise BadInput(
                f"DBT_SCHEMA can't be {schema}: a build takes the place of the whole schema.",
                hint="Give dbt a schema of its own, as analytics.",
            )
        self._url = url
        self._name = schema
        self._variables = variables

    def schema_of(self, made: Build) -> str:
        """The schema of a build while it is made: `analytics__20260102_030405_1a2b3c`."""
        return f"{self._name}__{made.id.replace('-', '_')}"

    def variables(self, made: Build, *, making: bool) -> Mapping[str, str]:
        """Address and credentials, and the schema: the build's, or the one in use."""
        schema = self.schema_of(made) if making else self._name
        return {**self._variables, "DATAMIND_DBT_SCHEMA": schema}

    def secrets(self) -> tuple[str, ...]:
        """The password."""
        return (unquote(urlsplit(self._url).password or ""),)

    def begin(self, made: Build, before: Build | None) -> None:
        """Drop what earlier builds left, and copy the tables in use where they are carried on."""
        self._short(self.schema_of(made) + BEFORE)
        with self._connected() as connection:
            comments = dict(self._schemas(connection, self._name))
            in_use = self._in_use(connection, before)
            for schema in in_use:
                self._must_be_dbts_own(connection, schema, comments[schema])
            self._drop_leftovers(connection)
            for schema in in_use if before is not None else ():
                self._copy(connection, schema, self._new(made, schema))

    def again(self) -> tuple[str, ...]:
        """Views are not copied: they would go on reading the tables before."""
        return ("config.materialized:view", "config.materialized:materialized_view")

    def look(self, made: Build, current: Build) -> None:
        """dbt reads what is in use where it is."""

    def finish(self, made: Build, before: Build | None, *, carried: bool) -> tuple[str, ...]:
        """All schemas of the build take the names of those in use, in one transaction."""
        new = self.schema_of(made)
        with self._connected() as connection, connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (LOCK,))
            made_now = [s for s, _ in self._schemas(connection, new)]
            if not made_now:
                raise DbtBuildFailed("dbt built nothing in the schema that it was given.")
            names = {self._name + s.removeprefix(new): s for s in made_now}
            there = dict(self._schemas(connection, self._name))
            ours = set(self._in_use(connection, before))
            for schema in sorted({*ours, *(there.keys() & names.keys())}):
                self._must_be_dbts_own(connection, schema, there[schema])  # by now, too
                if carried or schema not in ours:
                    self._must_have_all(connection, schema, self._new(made, schema))
                self._retire(connection, schema, self._new(made, schema))
            for name, schema in names.items():
                self._name_it(connection, schema, name, made)
        self._rename_in_artifacts(made)
        return ()

    def abandon(self, made: Build) -> None:
        """Drop the build's schemas; what is locked is dropped by the next build."""
        with suppress(WarehouseError, DbtBuildFailed), self._connected() as connection:
            for schema, _ in self._schemas(connection, self.schema_of(made)):
                self._drop(connection, schema, cascade=True)

    # ---- steps ---------------------------------------------------------------------------------

    def _must_have_all(self, connection: Connection, schema: str, new: str) -> None:
        """Nothing may be lost by a switch that was not meant to be: what was carried on, and what
        is in a schema that no build of ours made."""
        there = {name for name, _, _ in self._relations(connection, new)}
        for name, _, _ in self._relations(connection, schema):
            if name not in there:
                raise DbtBuildFailed(
                    f"{schema}.{name} is not in the new build: a switch would take it away.",
                    hint="Build all of the project; drop that relation if it is not wanted.",
                )

    def _retire(self, connection: Connection, schema: str, new: str) -> None:
        """Hand the grants of a schema in use on to the one that replaces it, then shut it away."""
        names = {"old": schema, "new": new}
        if connection.execute("SELECT to_regnamespace(quote_ident(%s))", (new,)).fetchone() != (
            None,
        ):
            self._perform(connection, _GRANTS, names)
            self._perform(connection, _DEFAULTS, names)
        away = self._short(f"{new}{BEFORE}")
        self._perform(connection, _SHUT, (schema,))
        self._say(connection, "ALTER SCHEMA {} RENAME TO {}", schema, away)

    def _name_it(self, connection: Connection, schema: str, name: str, made: Build) -> None:
        """Give a new schema its name, and note what is in it: that is ours to replace."""
        relations = [r for r, _, _ in self._relations(connection, schema)]
        self._say(connection, "ALTER SCHEMA {} RENAME TO {}", schema, name)
        note = json.dumps({"datamind_build": made.id, "of": self._name, "relations": relations})
        from psycopg import sql

        connection.execute(
            sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(name), sql.Literal(note))
        )

    def _must_be_dbts_own(self, connection: Connection, schema: str, comment: str | None) -> None:
        """What else is in a schema in use would be gone after a switch: then nothing is built."""
        known, relations = _noted(comment), self._relations(connection, schema)
        owner = _note(comment).get("of", self._name)
        if owner != self._name:
            raise DbtBuildFailed(
                f"{schema} is of another installation, whose DBT_SCHEMA is {owner}.",
                hint="Give each installation a DBT_SCHEMA that is not the beginning of another's.",
            )
        _must_have_no_filters(schema, relations)
        for name, _, _ in relations:
            if known is not None and name not in known:
                raise DbtBuildFailed(
                    f"{schema}.{name} was not made by dbt: a switch would take it away.",
                    hint="Give dbt a schema of its own (DBT_SCHEMA), or move that table.",
                )

    def _copy(self, connection: Connection, schema: str, new: str) -> None:
        """The tables of a schema, with their rows; views are made again by dbt."""
        self._say(connection, "CREATE SCHEMA IF NOT EXISTS {}", new)
        for name, kind, _ in self._relations(connection, schema):
            if kind in ("r", "p"):
                with connection.transaction():
                    self._say(
                        connection, "CREATE TABLE {}.{} (LIKE {}.{} INCLUDING ALL)",
                        new, name, schema, name,
                    )  # fmt: skip
                    self._say(
                        connection, "INSERT INTO {}.{} SELECT * FROM {}.{}",
                        new, name, schema, name,
                    )  # fmt: skip

    def _drop_leftovers(self, connection: Connection) -> None:
        """The schemas of builds that ended on the way, and those of before that nobody needs."""
        for schema, _ in self._schemas(connection, f"{self._name}_"):
            if self._is_builds(schema):
                self._drop(connection, schema, cascade=not schema.endswith(BEFORE))

    def _drop(self, connection: Connection, schema: str, *, cascade: bool) -> None:
        """Drop it unless somebody reads it, or made something of it that would go with it."""
        import psycopg

        outside = "" if cascade else _OUTSIDE
        with suppress(psycopg.Error), connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (LOCK,))
            names = {"name": schema, "builds": f"{self._name}__"}
            if outside and connection.execute(outside, names).fetchone():
                return
            self._say(connection, "DROP SCHEMA {} CASCADE", schema)

    # ---- looking -------------------------------------------------------------------------------

    def _schemas(self, connection: Connection, name: str) -> list[tuple[str, str | None]]:
        return list(connection.execute(_SCHEMAS, {"name": name}).fetchall())

    def _in_use(self, connection: Connection, before: Build | None) -> list[str]:
        """The schema, where it is there, and those that were built with it. Another installation's
        may be called after ours."""
        found = {s: _note(c) for s, c in self._schemas(connection, self._name)}
        of_main = found.get(self._name, {}).get("datamind_build")
        builds = {of_main, before.id if before is not None else None} - {None}

        def ours(note: Mapping[str, Any]) -> bool:
            if "of" in note:
                return bool(note["of"] == self._name)
            # An earlier version's: it says which build that was, and not whose.
            return "relations" in note and note.get("datamind_build") in builds

        return [s for s, note in found.items()
                if not self._is_builds(s) and (s == self._name or ours(note))]  # fmt: skip

    def _is_builds(self, schema: str) -> bool:
        """Whether it is of a build on the way, or of before."""
        return _OF_A_BUILD.match(schema.removeprefix(self._name)) is not None

    def _relations(self, connection: Connection, schema: str) -> list[tuple[str, str, bool]]:
        return list(connection.execute(_RELATIONS, (schema,)).fetchall())

    def _new(self, made: Build, schema: str) -> str:
        return self.schema_of(made) + schema.removeprefix(self._name)

    def _perform(self, connection: Connection, query: str, names: Any) -> None:
        """Run the statements that a query writes; every name in them is quoted by PostgreSQL."""
        for (statement,) in connection.execute(query, names).fetchall():
            connection.execute(statement)

    def _say(self, connection: Connection, text: str, *names: str) -> None:
        from psycopg import sql

        connection.execute(sql.SQL(text).format(*map(sql.Identifier, names)))

    def _short(self, name: str) -> str:
        if len(name.encode()) > LONGEST:
            raise BadInput(f"{name} is too long for a schema.", hint="Take a shorter DBT_SCHEMA.")
        return name

    def _rename_in_artifacts(self, made: Build) -> None:
        """The artifacts speak of the schema as it was called while it was made; no other text
        holds that name."""
        for path in made.artifacts.glob("*.json"):
            text = path.read_text("utf-8")
            path.write_text(text.replace(self.schema_of(made), self._name), "utf-8")

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            import psycopg
        except ImportError:
            raise BadInput(
                "PostgreSQL needs the postgres extra.", hint="pip install 'datamind[postgres]'"
            ) from None
        from datamind.adapters.warehouse import redact
        from datamind.adapters.warehouse.postgres_faults import connection_fault

        try:
            connection = psycopg.connect(
                self._url, connect_timeout=10, autocommit=True, application_name="datamind dbt"
            )
        except (psycopg.Error, ValueError) as fault:
            state = getattr(fault, "sqlstate", None)
            raise connection_fault(state, str(fault), redact(self._url)) from None
        try:
            with connection:
                yield connection
        except psycopg.Error as fault:
            raise DbtBuildFailed(
                f"PostgreSQL refused a step of the build ({fault.sqlstate or 'it went away'}).",
                hint="Look into the server's log; the user of DBT_WAREHOUSE_URL has to own"
                " the schemas, and may have to create them.",
            ) from None


# What lies outside of a schema, and of our builds, and depends on a relation in it: views that
# somebody made.
_OUTSIDE = """
SELECT 1 FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = %(name)s
JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
JOIN pg_catalog.pg_class v ON v.oid = r.ev_class
JOIN pg_catalog.pg_namespace o ON o.oid = v.relnamespace
WHERE NOT (starts_with(o.nspname, %(builds)s) AND o.nspname ~ '__[0-9]{8}_[0-9]{6}_[0-9a-f]{6}')
LIMIT 1
"""


def _must_have_no_filters(schema: str, relations: list[tuple[str, str, bool]]) -> None:
    for name, _, row_security in relations:
        if row_security:
            raise DbtBuildFailed(
                f"{schema}.{name} has row security, which a new build would not have.",
                hint="Put row filters into policies (docs/policies.md), or on other tables",
            )


def _note(comment: str | None) -> Mapping[str, Any]:
    """What a build noted of a schema; nothing where none did."""
    try:
        found = json.loads(comment or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) and "datamind_build" in found else {}


def _noted(comment: str | None) -> frozenset[str] | None:
    """The relations that a build made, by the schema's comment; None where it says none."""
    relations = _note(comment).get("relations")
    return frozenset(map(str, relations)) if isinstance(relations, list) else None
