"""Builds on a real PostgreSQL: readers see one build or the next, never some of each."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from datamind.adapters.dbt.configured import project_of
from datamind.adapters.dbt.project import Project
from datamind.dbt_records import DbtOutcome, DbtWanted
from datamind.errors import BadInput, DbtBuildFailed
from datamind.settings import load

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
LIBRARY = Path(__file__).with_name("library")
READER = f"library_reader_{os.getpid()}"  # of the server, which other processes test on too
RAW = """
DROP SCHEMA IF EXISTS raw CASCADE; CREATE SCHEMA raw;
CREATE TABLE raw.loans AS SELECT n AS id, 'r' || n % 3 AS reader, n * 10 AS pages
FROM generate_series(1, 60) n;
"""


@pytest.fixture(scope="module")
def url(own_postgres_url: str) -> str:
    with psycopg.connect(own_postgres_url) as admin:
        admin.execute(RAW)
        admin.execute(f"DROP ROLE IF EXISTS {READER}")
        admin.execute(f"CREATE ROLE {READER}")
    return own_postgres_url


@pytest.fixture(scope="module")
def project(url: str, tmp_path_factory: pytest.TempPathFactory) -> Project:
    home = tmp_path_factory.mktemp("home")
    env = {"DATAMIND_HOME": str(home), "DBT_PROJECT_PATH": str(LIBRARY), "DBT_WAREHOUSE_URL": url}
    return project_of(load(env))


@pytest.fixture(scope="module")
def built(project: Project) -> DbtOutcome:
    """The first build, and what a person granted on it."""
    outcome = project.run(DbtWanted("build"))
    assert outcome.status == "success", outcome
    return outcome


@pytest.fixture
def admin(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def schemas(admin: psycopg.Connection) -> list[str]:
    found = admin.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'analytics%'")
    return sorted(row[0] for row in found)


def one(admin: psycopg.Connection, sql: str) -> object:
    row = admin.execute(sql.encode()).fetchone()
    assert row is not None
    return row[0]


def test_a_build_takes_the_schema_s_name_and_its_artifacts_speak_of_it(
    built: DbtOutcome, admin: psycopg.Connection
) -> None:
    assert schemas(admin) == ["analytics", "analytics_staging"]
    assert one(admin, "SELECT count(*) FROM analytics.loans") == 60
    manifest = (Path(built.artifacts) / "manifest.json").read_text()
    assert '"schema": "analytics"' in manifest
    assert "analytics__" not in manifest


def test_a_new_build_keeps_grants_and_running_readers_and_shuts_the_one_before(
    built: DbtOutcome, project: Project, admin: psycopg.Connection, url: str
) -> None:
    for grant in (
        f"GRANT USAGE ON SCHEMA analytics TO {READER}",
        f"GRANT SELECT ON analytics.loans TO {READER}",
        f"GRANT SELECT (reader) ON analytics.readers TO {READER}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA analytics GRANT SELECT ON TABLES TO {READER}",
        "INSERT INTO raw.loans VALUES (61, 'new', 500)",
    ):
        admin.execute(grant.encode())
    # What a build left that was killed on its way, and what nobody of us made.
    left = "analytics__20200101_000000_abcdef"
    for schema in (left, "analytics_of_others"):
        admin.execute(f"CREATE SCHEMA {schema}".encode())
        admin.execute(f"CREATE TABLE {schema}.half AS SELECT 1 AS x".encode())
    first = one(admin, "SELECT built FROM analytics.readers WHERE reader = 'r1'")
    seen: list[object] = []
    ended = threading.Event()

    def watch() -> None:
        with psycopg.connect(url, autocommit=True) as reader:
            while not ended.is_set():
                # The two would differ where a reader saw some of each build.
                row = reader.execute(
                    "SELECT (SELECT count(*) FROM analytics.loans),"
                    " (SELECT count(*) FROM analytics_staging.stg_loans),"
                    " (SELECT count(*) FROM analytics.long_loans)"
                ).fetchone()
                seen.append(row)

    watcher = threading.Thread(target=watch)
    with psycopg.connect(url) as reading:
        cursor = reading.cursor("old")
        cursor.itersize = 1
        cursor.execute("SELECT id FROM analytics.loans ORDER BY id")
        assert cursor.fetchone() == (1,)
        watcher.start()
        outcome = project.run(DbtWanted("build"))
        ended.set()
        watcher.join()
        assert outcome.status == "success", outcome
        assert len(cursor.fetchall()) == 59  # the rest of what it began with
    assert {row[0] for row in seen if isinstance(row, tuple)} == {60, 61}
    for table in ("loans", "long_loans"):
        right = f"SELECT has_table_privilege('{READER}', 'analytics.{table}', 'SELECT')"
        assert one(admin, right) is (table == "loans")
    column = f"SELECT has_column_privilege('{READER}', 'analytics.readers', '{{}}', 'SELECT')"
    assert one(admin, column.format("reader")) is True
    assert one(admin, column.format("loans")) is False
    admin.execute("CREATE TABLE analytics.later (x int)")
    later = f"SELECT has_table_privilege('{READER}', 'analytics.later', 'SELECT')"
    assert one(admin, later) is True
    admin.execute("DROP TABLE analytics.later")
    assert left not in schemas(admin)
    assert one(admin, "SELECT count(*) FROM analytics_of_others.half") == 1
    admin.execute("DROP SCHEMA analytics_of_others CASCADE")
    before = [s for s in schemas(admin) if s.endswith("__before")]
    assert len(before) == 2
    for schema in before:
        assert one(admin, f"SELECT has_schema_privilege('{READER}', '{schema}', 'USAGE')") is False
    # An incremental model grew: its old row was carried on, the new reader was added.
    assert one(admin, "SELECT built FROM analytics.readers WHERE reader = 'r1'") == first
    assert one(admin, "SELECT count(*) FROM analytics.readers") == 4


def test_a_part_is_built_on_a_copy_of_the_rest(
    built: DbtOutcome, project: Project, admin: psycopg.Connection
) -> None:
    admin.execute("INSERT INTO raw.loans VALUES (62, 'newer', 600)")
    admin.execute("CREATE VIEW raw.mine AS SELECT * FROM analytics.loans")
    loans = one(admin, "SELECT count(*) FROM analytics.loans")
    outcome = project.run(DbtWanted("run", select=("readers",)))
    assert outcome.status == "success", outcome
    assert one(admin, "SELECT count(*) FROM analytics.loans") == loans
    # The view reads the copy, not what was put away.
    assert one(admin, "SELECT pg_get_viewdef('analytics.long_loans'::regclass)").count("__") == 0
    assert len([s for s in schemas(admin) if "__" in s]) == 2  # of the build before, no more


def test_a_failed_build_changes_nothing(
    built: DbtOutcome, project: Project, admin: psycopg.Connection
) -> None:
    before = one(admin, "SELECT 'analytics.loans'::regclass::oid")
    admin.execute("INSERT INTO raw.loans VALUES (1, 'r1', 1)")
    outcome = project.run(DbtWanted("build", exclude=("readers",)))
    admin.execute("DELETE FROM raw.loans WHERE pages = 1")
    assert outcome.status == "failed"
    assert outcome.message == "dbt failed: the test unique_loans_id found 1 row."
    assert one(admin, "SELECT 'analytics.loans'::regclass::oid") == before
    assert not [s for s in schemas(admin) if "__" in s and not s.endswith("__before")]
    assert one(admin, "SELECT count(*) FROM raw.mine") == 61  # it is read, so that it was kept


def test_what_dbt_did_not_make_is_never_taken_away(
    built: DbtOutcome, project: Project, admin: psycopg.Connection
) -> None:
    admin.execute("CREATE TABLE analytics.somebodys AS SELECT 1 AS x")
    with pytest.raises(DbtBuildFailed, match=r"analytics\.somebodys was not made by dbt"):
        project.run(DbtWanted("build"))
    admin.execute("DROP TABLE analytics.somebodys")


def test_another_installation_s_schemas_are_none_of_ours(
    built: DbtOutcome, project: Project, admin: psycopg.Connection
) -> None:
    theirs = ("analytics_dev", "analytics_dev__20260101_000000_abcdef__before")
    note = '{"datamind_build": "x", "of": "analytics_dev", "relations": ["t"]}'
    for schema in theirs:
        admin.execute(f"CREATE SCHEMA {schema}".encode())
        admin.execute(f"CREATE TABLE {schema}.t AS SELECT 1 AS x".encode())
        admin.execute(f"ALTER TABLE {schema}.t ENABLE ROW LEVEL SECURITY".encode())
        admin.execute(f"COMMENT ON SCHEMA {schema} IS '{note}'".encode())
    for _ in range(2):
        outcome = project.run(DbtWanted("run", select=("loans",)))
        assert outcome.status == "success", outcome
    assert [one(admin, f"SELECT count(*) FROM {schema}.t") for schema in theirs] == [1, 1]
    for schema in theirs:
        admin.execute(f"DROP SCHEMA {schema} CASCADE".encode())


@pytest.fixture
def own(url: str, tmp_path: Path) -> Iterator[tuple[Path, Project]]:
    """A copy of the project for a test alone, and a schema."""
    folder = Path(shutil.copytree(LIBRARY, tmp_path / "library"))
    env = {"DATAMIND_HOME": str(tmp_path), "DBT_PROJECT_PATH": str(folder),
           "DBT_WAREHOUSE_URL": url, "DBT_SCHEMA": "own"}  # fmt: skip
    yield folder, project_of(load(env))
    with psycopg.connect(url, autocommit=True) as admin:
        gone = admin.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'own%'")
        for (schema,) in gone.fetchall():
            admin.execute(f'DROP SCHEMA "{schema}" CASCADE'.encode())


def test_a_view_that_the_project_has_no_more_is_let_go_by_a_build_of_all(
    own: tuple[Path, Project], admin: psycopg.Connection
) -> None:
    folder, project = own
    old, new = (folder / "models" / f"{name}_view.sql" for name in ("old", "new"))
    old.write_text("{{ config(materialized='view') }} SELECT 1 AS x")
    for _ in range(2):
        outcome = project.run(DbtWanted("build"))
        assert outcome.status == "success", outcome
        if old.exists():
            old.rename(new)
    views = admin.execute("SELECT viewname FROM pg_views WHERE schemaname = 'own'")
    assert {"new_view", "old_view"} & {name for (name,) in views} == {"new_view"}


def test_a_view_over_an_ephemeral_model_outlives_a_part(
    own: tuple[Path, Project], admin: psycopg.Connection
) -> None:
    folder, project = own
    (folder / "models" / "most.sql").write_text(
        "{{ config(materialized='ephemeral') }} SELECT 100 AS pages"
    )
    (folder / "models" / "short_loans.sql").write_text(
        "{{ config(materialized='view') }} SELECT id FROM {{ ref('loans') }}"
        " WHERE pages < (SELECT pages FROM {{ ref('most') }})"
    )
    for wanted in (DbtWanted("build"), DbtWanted("run", select=("loans", "short_loans"))):
        outcome = project.run(wanted)
        assert outcome.status == "success", outcome
        assert one(admin, "SELECT count(*) FROM own.short_loans") == 9


def test_what_an_earlier_version_built_is_carried_on(
    own: tuple[Path, Project], admin: psycopg.Connection
) -> None:
    """Its notes don't say whose they are; here no model is in the main schema."""
    folder, project = own
    settings = folder / "dbt_project.yml"
    settings.write_text(
        settings.read_text().replace("  library:\n", "  library:\n    +schema: all\n")
    )
    when = []
    for _ in range(2):
        outcome = project.run(DbtWanted("build"))
        assert outcome.status == "success", outcome
        when.append(one(admin, "SELECT built FROM own_all.readers WHERE reader = 'r1'"))
        for schema in ("own_all", "own_staging"):
            note = one(admin, f"SELECT obj_description('{schema}'::regnamespace)")
            before = str(note).replace('"of": "own", ', "")
            assert before != note
            admin.execute(f"COMMENT ON SCHEMA {schema} IS '{before}'".encode())
    assert when[0] == when[1]


def test_a_neighbour_s_schemas_of_an_earlier_version_are_not_taken_for_ours(
    own: tuple[Path, Project], admin: psycopg.Connection
) -> None:
    """They don't say whose they are, and nothing was built by us yet."""
    note = '{"datamind_build": "x", "relations": ["t"]}'
    admin.execute("CREATE SCHEMA own_dev")
    admin.execute("CREATE TABLE own_dev.t AS SELECT 1 AS x")
    admin.execute(f"COMMENT ON SCHEMA own_dev IS '{note}'".encode())
    _, project = own
    outcome = project.run(DbtWanted("run", select=("+loans",)))
    assert outcome.status == "success", outcome
    assert one(admin, "SELECT count(*) FROM own_dev.t") == 1


OTHERS = {
    "own.somebodys was not made by dbt": (
        "CREATE TABLE own.somebodys AS SELECT 1 AS x", "DROP TABLE own.somebodys"
    ),
    "own_staging is of another installation": (
        ("COMMENT ON SCHEMA own_staging IS"
        " '{\"datamind_build\": \"x\", \"of\": \"own_st\"}'"),
        "SELECT 1",
    ),
}  # fmt: skip


def test_what_came_to_be_others_while_a_build_ran_is_not_taken_away(
    own: tuple[Path, Project], admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, project = own
    part = DbtWanted("run", select=("loans",))
    assert project.run(DbtWanted("run", select=("+loans",))).status == "success"
    finish = project.place.finish
    for told, (change, undo) in OTHERS.items():

        def late(*words: Any, change: str = change, **more: Any) -> tuple[str, ...]:
            admin.execute(change.encode())
            return finish(*words, **more)

        monkeypatch.setattr(project.place, "finish", late)
        with pytest.raises(DbtBuildFailed, match=told):
            project.run(part)
        assert one(admin, "SELECT count(*) FROM own.loans")
        admin.execute(undo.encode())


def test_tests_run_on_what_is_in_use(built: DbtOutcome, project: Project) -> None:
    outcome = project.run(DbtWanted("test", select=("loans",)))
    assert (outcome.status, outcome.counts) == ("success", {"pass": 2})


@pytest.mark.parametrize("schema", ["public", "pg_toast", "a__b"])
def test_a_schema_that_is_not_dbt_s_own_is_refused(schema: str, url: str) -> None:
    env = {"DBT_PROJECT_PATH": str(LIBRARY), "DBT_WAREHOUSE_URL": url, "DBT_SCHEMA": schema}
    with pytest.raises(BadInput, match="DBT_SCHEMA"):
        project_of(load(env))
