"""Migrations of stores with something in them, from each version to each, and at once."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from datamind import migrations
from datamind.errors import BadInput, Unavailable
from datamind.migrations import downgrade, revisions, state, upgrade

from .filled import Rows, connected, fill, rows_in

pytestmark = pytest.mark.slow
Store = Callable[[], str]
POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)


@pytest.fixture
def of_postgres(postgres_server: str) -> Iterator[Store]:
    """Gives addresses of empty databases."""
    made: list[str] = []
    server = postgres_server

    def empty() -> str:
        name = f"store_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
        made.append(name)
        return server.replace("/postgres?", f"/{name}?")

    yield empty
    for name in made:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", POSTGRES])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Gives addresses of empty stores."""
    if request.param == "postgres":
        return request.getfixturevalue("of_postgres")  # type: ignore[no-any-return]
    return lambda: f"sqlite+aiosqlite:///{tmp_path}/{uuid.uuid4().hex[:12]}.db"


def kept(before: Rows, after: Rows) -> None:
    """Each row of before is there, with all that its table still keeps."""
    for table, rows in before.items():
        if table not in after:
            continue
        assert len(after[table]) >= len(rows), table
        for row in rows:
            assert any(row.items() <= other.items() for other in _cut(after[table], row)), (
                table, row, after[table],
            )  # fmt: skip


def _cut(rows: list[dict[str, object]], like: dict[str, object]) -> list[dict[str, object]]:
    return [{name: row.get(name, like[name]) for name in like} for row in rows]


def test_rows_of_each_version_are_whole_in_the_newest(empty: Store) -> None:
    for revision in revisions():
        url = empty()
        upgrade(url, revision)
        before = fill(url)
        done = upgrade(url)
        assert (done.before, done.after) == (revision, migrations.head())
        assert state(url) == (migrations.head(), migrations.head())
        kept(before, rows_in(url))


def test_the_newest_goes_back_to_each_version_with_what_that_keeps(empty: Store) -> None:
    url = empty()
    upgrade(url)
    fill(url)
    for revision in [*revisions()[::-1][1:], "base"]:
        before = rows_in(url)
        downgrade(url, revision)
        after = rows_in(url)
        assert state(url)[0] == (None if revision == "base" else revision)
        assert set(after) <= set(before)
        kept(before, after)
    assert rows_in(url) == {}
    with pytest.raises(BadInput, match="no way down"):
        downgrade(url, "base")


def test_servers_that_start_at_once_migrate_once(empty: Store) -> None:
    url = empty()
    upgrade(url, "0001")
    before = fill(url)
    script = "import sys; from datamind.migrations import upgrade; print(upgrade(sys.argv[1]))"
    both = [
        subprocess.Popen([sys.executable, "-c", script, url], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = sorted(process.communicate(timeout=60)[0] for process in both)
    assert [process.returncode for process in both] == [0, 0, 0]
    assert sum("before='0001'" in line for line in said) == 1, said
    kept(before, rows_in(url))


def test_what_fails_in_the_middle_changes_nothing(empty: Store) -> None:
    url = empty()
    upgrade(url, "0001")
    before = fill(url)
    with connected(url) as connection:  # what the last revision would make
        connection.execute(sa.text("CREATE TABLE policy_state (id INTEGER)"))
    with pytest.raises(Unavailable, match="left as it was"):
        upgrade(url)
    assert state(url)[0] == "0001"
    assert {t: r for t, r in rows_in(url).items() if t != "policy_state"} == before


def test_a_file_is_copied_before(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/store.db"
    assert upgrade(url, "0002").backup is None
    before = fill(url)
    done = upgrade(url)
    assert done.backup is not None and done.backup.stat().st_mode & 0o077 == 0
    assert rows_in(f"sqlite:///{done.backup}") == before
    assert upgrade(url).backup is None  # nothing was to be done


@pytest.mark.postgres
def test_a_table_in_use_is_not_waited_for_long(
    of_postgres: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations.stores, "TABLE_S", 1)
    url = of_postgres()
    upgrade(url, "0001")
    with connected(url) as other:
        other.execute(sa.text("SELECT count(*) FROM users"))
        with pytest.raises(Unavailable, match="too busy"):
            upgrade(url)
    assert upgrade(url).after == migrations.head()
