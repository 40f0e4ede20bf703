"""Two copies of one chain: either carries on without the other, which is caught up in order."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.store import AuditStore
from datamind.errors import Unavailable

from .conftest import KEY, both, event, faults, until, written

ROOT = Path(__file__).parents[2]


@contextmanager
def locked(places: AuditPlaces) -> Iterator[None]:
    """Somebody holds the database's write lock."""
    with closing(sqlite3.connect(places.database, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield
        db.execute("ROLLBACK")


@contextmanager
def garbage(places: AuditPlaces) -> Iterator[None]:
    """The database was overwritten; in the end the damaged one is moved away."""
    for part in places.database.parent.glob("audit.db*"):
        part.rename(part.with_name(f"kept-{part.name}"))
    places.database.write_bytes(b"This is no database." * 500)
    yield
    places.database.rename(places.database.with_suffix(".damaged"))


@contextmanager
def a_folder(places: AuditPlaces) -> Iterator[None]:
    """A folder has the database's name."""
    aside = places.database.with_suffix(".kept")
    places.database.rename(aside)
    places.database.mkdir()
    yield
    places.database.rmdir()
    aside.rename(places.database)


@contextmanager
def full(places: AuditPlaces) -> Iterator[None]:
    """The disk with the file is full."""
    aside = places.file.with_suffix(".kept")
    places.file.rename(aside)
    places.file.symlink_to("/dev/full")
    yield
    places.file.unlink()
    aside.rename(places.file)


@contextmanager
def gone(places: AuditPlaces) -> Iterator[None]:
    """The file can't be opened; in the end there is none."""
    places.file.unlink()
    places.file.mkdir()
    yield
    places.file.rmdir()


@contextmanager
def rubbish(places: AuditPlaces) -> Iterator[None]:
    """Somebody wrote into the file; in the end it is moved away."""
    with places.file.open("a") as file:
        file.write("not a record\n")
    yield
    places.file.rename(places.file.with_suffix(".damaged"))


Trouble = Callable[[AuditPlaces], object]
TROUBLES: tuple[tuple[str, Trouble], ...] = (
    ("database", locked), ("database", garbage), ("database", a_folder), ("file", full),
    ("file", gone), ("file", rubbish),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("copy", "trouble"), TROUBLES)
def test_one_carries_on_and_the_other_is_caught_up(
    log: AuditStore, places: AuditPlaces, copy: str, trouble: Callable[..., Iterator[None]],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    for number in range(3):
        log.submit(event(number)).result(10)
    with trouble(places):  # type: ignore[attr-defined]
        for number in range(3, 8):
            log.submit(event(number)).result(10)
        assert set(log.down()) == {copy}
    assert f"the audit log's {copy} can't be written" in caplog.text
    until(lambda: not log.down())
    assert f"the audit log's {copy} was caught up" in caplog.text
    log.submit(event(8)).result(10)
    assert both(places) == [*range(1, 10)]
    assert faults(places) == ()


@pytest.mark.slow
@pytest.mark.parametrize(("copy", "trouble"), TROUBLES)
def test_it_is_caught_up_across_a_restart_too(
    places: AuditPlaces, copy: str, trouble: Callable[..., Iterator[None]]
) -> None:
    written(places, 3)
    with trouble(places):  # type: ignore[attr-defined]
        written(places, 5)
        assert any(fault.startswith(copy) for fault in faults(places))
    AuditStore(places, KEY).close()
    assert both(places) == [*range(1, 9)]
    assert faults(places) == ()


@pytest.mark.slow
def test_without_both_nothing_is_taken_and_with_one_again_it_is(
    log: AuditStore, places: AuditPlaces
) -> None:
    log.submit(event()).result(10)
    with full(places):
        with locked(places), pytest.raises(Unavailable):
            log.submit(event()).result(10)
        log.submit(event()).result(10)
    until(lambda: not log.down())
    assert both(places) == [1, 2]
    assert faults(places) == ()


def test_nobody_goes_on_from_an_older_end(places: AuditPlaces) -> None:
    """The file lacks what only the database has, and then the database is not to be read."""
    written(places, 2)
    with full(places):
        written(places, 2)
    places.database.rename(places.database.with_suffix(".kept"))
    places.database.mkdir()
    with pytest.raises(Unavailable, match="reaches record 4"):
        AuditStore(places, KEY)
    places.database.rmdir()
    places.database.with_suffix(".kept").rename(places.database)
    written(places, 1)
    assert both(places) == [1, 2, 3, 4, 5]
    assert faults(places) == ()


def test_a_forged_line_is_not_gone_on_from(places: AuditPlaces) -> None:
    written(places, 2)
    line = json.loads(places.file.read_text().splitlines()[-1]) | {"seq": 3}
    with places.file.open("a") as file:
        file.write(json.dumps(line, separators=(",", ":")) + "\n")
    with closing(AuditStore(places, KEY)) as log:
        assert log.down() == {"file": "record 3 does not go on from record 2"}
        log.submit(event()).result(10)
    assert faults(places) == (
        "log: record 3 is not the one that an anchor has seen",
        "file: record 3 was changed, or the one before it taken away",
        "log: the copies do not agree on record 3",
    )


def test_half_a_line_of_a_machine_that_stopped_is_cut_off(places: AuditPlaces) -> None:
    written(places, 3)
    text = places.file.read_bytes()
    places.file.write_bytes(text[:-40])
    written(places, 1)
    assert both(places) == [1, 2, 3, 4]
    assert faults(places) == ()


def test_what_names_the_end_may_be_lost(places: AuditPlaces) -> None:
    written(places, 3)
    places.turn.unlink()
    written(places, 1)
    assert both(places) == [1, 2, 3, 4]


@pytest.mark.slow
def test_both_copies_stay_whole_while_the_database_comes_and_goes(
    log: AuditStore, places: AuditPlaces
) -> None:
    ended = threading.Event()

    def trouble() -> None:
        while not ended.is_set():
            with locked(places):
                time.sleep(0.02)
            time.sleep(0.02)

    thread = threading.Thread(target=trouble)
    thread.start()
    futures: list[Future[None]] = []
    for number in range(1500):
        futures.append(log.submit(event(number)))
        if number % 50 == 0:
            time.sleep(0.01)
    for future in futures:
        future.result(60)
    ended.set()
    thread.join()
    until(lambda: not log.down())
    log.submit(event()).result(10)
    assert both(places) == [*range(1, 1502)]
    assert faults(places) == ()


# ---- other processes ---------------------------------------------------------------------------

PROGRAM = """
import os, resource, signal, sys
from pathlib import Path
from datamind.adapters.audit import database
from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.store import AuditStore
from datamind.errors import Unavailable
from tests.audit.conftest import KEY, event
log = AuditStore(AuditPlaces.of(Path(sys.argv[1])), KEY)
"""


def program(home: Path, text: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM + text, str(home)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("before", [0, 1])
def test_killed_between_the_two_writes_it_is_mended_at_the_next_start(
    places: AuditPlaces, tmp_path: Path, before: int
) -> None:
    killed = program(
        tmp_path,
        f"""
for number in range({before}):
    log.submit(event(number)).result()
database.ChainDatabase.append = lambda self, links: os.kill(os.getpid(), signal.SIGKILL)
log.submit(event()).result()
""",
    )
    assert killed.wait(30) == -signal.SIGKILL
    assert "database" in {fault.split(":")[0] for fault in faults(places)}
    AuditStore(places, KEY).close()
    assert both(places) == [*range(1, before + 2)]
    assert faults(places) == ()


@pytest.mark.slow
def test_two_processes_write_one_chain(places: AuditPlaces, tmp_path: Path) -> None:
    text = "for n in range(150):\n    log.submit(event(n)).result()\nlog.close()"
    writers = [program(tmp_path, text) for _ in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert both(places) == [*range(1, 301)]
    assert faults(places) == ()


@pytest.mark.slow
def test_on_a_full_disk_it_keeps_what_it_has_taken(places: AuditPlaces, tmp_path: Path) -> None:
    """A limit on the size of files, which both copies meet."""
    text = """
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
taken = 0
try:
    while True:
        log.submit(event(taken)).result()
        taken += 1
except Unavailable:
    print(taken, flush=True)
os._exit(0)
"""
    writer = program(tmp_path, text)
    out, _ = writer.communicate(timeout=60)
    taken = int(out)
    assert taken > 50
    written(places, 1)
    assert len(both(places)) in (taken + 1, taken + 2)  # what was refused may be there, unharmed
    assert faults(places) == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write what is read-only")
def test_a_file_that_is_read_only_leaves_the_database(log: AuditStore, places: AuditPlaces) -> None:
    log.submit(event()).result(10)
    places.file.chmod(0o400)
    log.submit(event()).result(10)
    assert log.down() == {"file": "Permission denied"}
    places.file.chmod(0o600)
    until(lambda: not log.down())
    assert both(places) == [1, 2]
