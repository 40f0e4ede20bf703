"""The command line against a real PostgreSQL: the same answers, and no password anywhere."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import pytest

from .conftest import Run, batch_of, command, lines_of

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.postgres

PASSWORD = "hunter2"
COUNT = "How many boats are there?"
TABLES = """
CREATE SCHEMA IF NOT EXISTS public;
CREATE TABLE public.boats (id integer PRIMARY KEY, name text NOT NULL, length numeric(6, 2));
INSERT INTO public.boats SELECT i, 'Boat ' || i, i * 1.5 FROM generate_series(1, 20) AS s(i);
"""


def with_user(url: str, user: str, password: str = PASSWORD) -> str:
    """The address as another user; over TCP or a socket, as it was."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    credentials = f"{quote(user)}:{quote(password)}"
    return urlunsplit(parts._replace(netloc=f"{credentials}@{place}"))


@pytest.fixture(scope="module")
def reader(own_postgres_url: str) -> Iterator[str]:
    """Address of the boats, as a user who may only read."""
    name = f"reader_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(own_postgres_url, autocommit=True) as admin:
        admin.execute(TABLES)
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        admin.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
        admin.execute(f"GRANT SELECT ON public.boats TO {name}")
    yield with_user(own_postgres_url, name)
    with psycopg.connect(own_postgres_url, autocommit=True) as admin:
        admin.execute("DROP TABLE IF EXISTS public.boats")
        admin.execute(f"DROP OWNED BY {name}")
        admin.execute(f"DROP ROLE {name}")


@pytest.fixture
def writer(own_postgres_url: str, reader: str) -> str:
    """The same as a user who may do all."""
    return own_postgres_url


def test_a_question_is_answered(no_secret: Run, reader: str) -> None:
    made = no_secret("ask", COUNT, "--warehouse", reader)
    assert made.code == 0, made
    assert made.out.startswith("Number of boats: 20.")
    found = no_secret("ask", "average length of boats", "--warehouse", reader, "--json").json
    assert found["results"] == [{"avg_length": 15.75}]
    assert " on " in found["warehouse"]


def test_a_batch_is_answered(no_secret: Run, reader: str, tmp_path: Path) -> None:
    questions = batch_of(tmp_path / "q", [COUNT, "", "list boats with length over 25"])
    out = tmp_path / "a"
    assert no_secret("ask", "--batch", questions, "--out", out, "--warehouse", reader).code == 0
    assert [m["status"] for m in lines_of(out)] == ["answered", "error", "answered"]
    assert PASSWORD not in out.read_text()


def test_the_catalog_is_shown_searched_and_read_again(no_secret: Run, reader: str) -> None:
    assert "boats" in no_secret("catalog", "show", "--warehouse", reader).out
    assert "length" in no_secret("catalog", "show", "boats", "--warehouse", reader).out
    assert "boats" in no_secret("catalog", "search", "boat", "--warehouse", reader).out
    assert no_secret("catalog", "sync", "--warehouse", reader, "--json").json["tables"] == 1


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_the_doctor_says_whether_the_user_may_write(
    no_secret: Run, reader: str, writer: str, json: list[str]
) -> None:
    allowed = no_secret("doctor", "--warehouse", writer, *json)
    assert allowed.code == 0
    assert "this role may write to public.boats" in allowed.out
    assert "GRANT SELECT ON ALL TABLES IN SCHEMA" in allowed.out
    narrow = no_secret("doctor", "--warehouse", reader, *json)
    assert narrow.code == 0
    assert "lets this role read, and nothing else" in narrow.out
    assert "***" in narrow.out


@pytest.fixture(scope="module")
def guarded(own_postgres_url: str, reader: str) -> Iterator[str]:
    """Address of the boats, whose server now asks for the reader's password."""
    user = urlsplit(reader).username
    with psycopg.connect(own_postgres_url, autocommit=True) as admin:
        (place,) = admin.execute("SHOW hba_file").fetchone() or ("",)
        rules = Path(place)
        line = f"local all {user} scram-sha-256\nhost all {user} samehost scram-sha-256\n"
        _change(rules, lambda text: line + text)
        admin.execute("SELECT pg_reload_conf()")
        while _comes_in(with_user(reader, user or "", "wrong")):
            pass
        yield reader
        _change(rules, lambda text: text.replace(line, ""))
        admin.execute("SELECT pg_reload_conf()")


def _change(file: Path, how: Callable[[str], str]) -> None:
    """One worker at a time, for the server is everybody's."""
    with file.open("r+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        text = how(handle.read())
        handle.seek(0)
        handle.truncate()
        handle.write(text)


def _comes_in(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.parametrize(
    "words",
    [
        ("ask", COUNT),
        ("ask", COUNT, "--json"),
        ("catalog", "show"),
        ("doctor",),
        ("doctor", "--json"),
    ],
    ids=" ".join,
)
def test_a_wrong_password_is_told_without_it(
    no_secret: Run, guarded: str, words: tuple[str, ...]
) -> None:
    assert no_secret(*words, "--warehouse", guarded).code == 0
    wrong = with_user(guarded, urlsplit(guarded).username or "", "hunter2-not")
    made = no_secret(*words, "--warehouse", wrong)
    told = made.out + made.err
    assert made.code == 6
    assert "did not accept the user or the password" in told
    assert "warehouse_error" in told
    assert "FATAL" not in told


@pytest.mark.parametrize(
    "words",
    [
        ("ask", COUNT),
        ("ask", COUNT, "--json"),
        ("catalog", "sync"),
        ("doctor",),
        ("doctor", "--json"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("password", ["hunter2", "hunter2@x", "a/hunter2", "a:hunter2#?", ""])
def test_a_server_that_does_not_answer_is_told(
    no_secret: Run, words: tuple[str, ...], password: str
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        url = f"postgresql://ann:{password}@127.0.0.1:{port}/shop?password=hunter2"
        made = no_secret(*words, "--warehouse", url)
    told = made.out + made.err
    assert made.code == 6, told
    assert "warehouse_not_found" in told
    assert "No PostgreSQL answers at" in told
    assert "Traceback" not in told


def test_a_database_that_is_not_there_is_told(no_secret: Run, reader: str) -> None:
    parts = urlsplit(reader)
    made = no_secret("ask", COUNT, "--warehouse", urlunsplit(parts._replace(path="/nowhere")))
    assert made.code == 6
    assert "There is no database at" in made.err


def test_a_database_without_tables_for_this_user_is_told(
    no_secret: Run, own_postgres_url: str, reader: str
) -> None:
    user = urlsplit(reader).username
    with psycopg.connect(own_postgres_url, autocommit=True) as admin:
        admin.execute(f"REVOKE SELECT ON public.boats FROM {user}")
    try:
        made = no_secret("catalog", "sync", "--warehouse", reader)
    finally:
        with psycopg.connect(own_postgres_url, autocommit=True) as admin:
            admin.execute(f"GRANT SELECT ON public.boats TO {user}")
    assert made.code == 6
    assert "(warehouse_empty)" in made.err


def test_a_right_that_was_taken_away_is_told(
    no_secret: Run, own_postgres_url: str, reader: str
) -> None:
    assert no_secret("ask", COUNT, "--warehouse", reader).code == 0
    user = urlsplit(reader).username
    with psycopg.connect(own_postgres_url, autocommit=True) as admin:
        admin.execute(f"REVOKE SELECT ON public.boats FROM {user}")
    try:
        made = no_secret("ask", COUNT, "--warehouse", reader)
    finally:
        with psycopg.connect(own_postgres_url, autocommit=True) as admin:
            admin.execute(f"GRANT SELECT ON public.boats TO {user}")
    assert made.code == 6
    assert "may not read what the statement names. (query_failed)" in made.err
    assert "permission denied" not in made.err


@pytest.mark.slow
def test_a_query_past_its_time_is_stopped_on_the_server_too(
    no_secret: Run, own_postgres_url: str, writer: str
) -> None:
    with psycopg.connect(own_postgres_url, autocommit=True) as admin:
        admin.execute(
            "CREATE TABLE public.calls AS SELECT i AS id, md5(i::text) AS badge, i % 7 AS grade"
            " FROM generate_series(1, 300000) AS s(i)"
        )
        no_secret(
            "catalog", "sync", "--warehouse", writer
        )  # a live database is read anew on request only
        made = no_secret(
            "ask", "average grade of calls by badge", "--warehouse", writer, "--timeout", "0.05"
        )
        running = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'datamind'"
            " AND state = 'active'"
        ).fetchone()
        admin.execute("DROP TABLE public.calls")
        no_secret("catalog", "sync", "--warehouse", writer)
    assert made.code == 6
    assert "(query_timeout)" in made.err
    assert running == (0,)


@pytest.mark.slow
def test_a_process_shows_no_password_either(reader: str, home: Path) -> None:
    made = subprocess.run(
        command("doctor", "--warehouse", reader),
        env={**os.environ, "DATAMIND_HOME": str(home)}, capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert PASSWORD not in made.stdout + made.stderr
    assert not [p for p in home.rglob("*") if PASSWORD in p.name]


def test_a_suite_is_judged_by_sql_of_the_same_server(
    no_secret: Run, reader: str, tmp_path: Path
) -> None:
    suite, page = tmp_path / "suite.yaml", tmp_path / "page.html"
    suite.write_text(
        f"- {{id: a, question: '{COUNT}', sql: \"SELECT count(*) FILTER (WHERE now() >= {{today}})"
        ' FROM boats"}\n'
        f"- {{id: b, question: '{COUNT}', figure: 21, tolerance: 5%}}\n"
    )
    words = ("--warehouse", reader, "--today", "2026-03-01", "--report", page)
    made = no_secret("eval", suite, *words, "--min-right", "100")
    assert made.code == 0, made.out + made.err
    assert "hunter2" not in page.read_text("utf-8")
    for sql in ("DELETE FROM boats", "SELECT no FROM boats"):
        suite.write_text(f"- {{question: '{COUNT}', sql: {sql}}}")
        broken = no_secret("eval", "check", suite, *words[:4])
        assert broken.code == 2
        assert "Line 1 of suite.yaml" in broken.err and "can't be judged" in broken.err
