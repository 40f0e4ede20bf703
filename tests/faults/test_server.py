"""The server itself, on its embedded default: killed, on a full disk, on a slow one, and with a
clock that jumps."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .crowd import Crowd
from .installation import RECOVER_S, Seen, Under, nothing_lost, started, suffered

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SYNC_MS = 150
SMALL = "size=48m"
MINUTES = 10  # within which an access token is good
Tell = Callable[[Seen], None]


def test_a_server_that_is_killed_loses_nothing_that_it_said_yes_to(
    shop: Path, tmp_path: Path, tell: Tell
) -> None:
    with started(Under(tmp_path, shop)) as server:
        crowd = Crowd(server.url, server.login())

        def kill() -> None:
            below = server.below()
            server.end(signal.SIGKILL)
            for pid in below:  # the machine's end, not only the server's
                _kill(pid)

        seen = suffered("API killed", server.url, crowd, kill, server.start, mode="away")
        tell(seen)
        assert set(seen.asks) <= {"ok", "no answer"}, seen
        assert seen.recover_s <= RECOVER_S, seen
        nothing_lost(server, crowd.book)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", SMALL, "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def test_on_a_full_disk_nothing_is_taken_that_could_not_be_kept(
    shop: Path, small_disk: Path, tell: Tell
) -> None:
    with started(Under(small_disk, shop)) as server:
        crowd = Crowd(server.url, server.login())
        rest = small_disk / "rest"

        def fill() -> None:
            with rest.open("wb", buffering=0) as file:
                while file.write(b"\0" * 4096) == 4096:
                    pass

        def full() -> None:
            try:
                fill()
            except OSError:
                return

        seen = suffered("disk full", server.url, crowd, full, rest.unlink, mode="READ_ONLY")
        tell(seen)
        assert set(seen.asks) <= {"ok", "unavailable"}, seen
        assert seen.recover_s <= RECOVER_S, seen
        nothing_lost(server, crowd.book)


def test_on_a_slow_disk_all_is_slower_and_nothing_fails(
    shop: Path, tmp_path: Path, tell: Tell
) -> None:
    if shutil.which("strace") is None:
        pytest.skip("no strace here, which makes the disk slow (Debian: apt-get install strace)")
    with started(Under(tmp_path, shop)) as server:
        crowd = Crowd(server.url, server.login())
        assert server.process is not None
        calls = "fsync,fdatasync"
        slow = ["strace", "-f", "-q", "-e", f"trace={calls}", "-e", "signal=none",
                "-e", f"inject={calls}:delay_enter={SYNC_MS * 1000}",
                "-p", str(server.process.pid), "-o", os.devnull]  # fmt: skip
        tracer: list[subprocess.Popen[bytes]] = []

        def mend() -> None:
            tracer[0].send_signal(signal.SIGINT)
            tracer[0].wait(20)

        seen = suffered(
            f"disk slow ({SYNC_MS} ms a sync)", server.url, crowd,
            lambda: tracer.append(subprocess.Popen(slow)), mend, mode=None,
        )  # fmt: skip
        tell(seen)
        assert set(seen.asks) == {"ok"} and set(seen.flags) == {"ok"}, seen
        assert seen.slowest_ask_s >= SYNC_MS / 1000, "the disk was not slow"
        nothing_lost(server, crowd.book)


@pytest.mark.parametrize("minutes", [MINUTES, -MINUTES])
def test_a_clock_that_jumps_is_borne(shop: Path, tmp_path: Path, tell: Tell, minutes: int) -> None:
    library, moved = tmp_path / "moved_clock.so", tmp_path / "moved"
    source = Path(__file__).with_name("moved_clock.c")
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here, which makes what moves a process's clock")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    moved.write_bytes(struct.pack("q", 0))
    env = {"LD_PRELOAD": str(library), "MOVED_CLOCK": str(moved)}
    with started(Under(tmp_path / "home", shop, **env)) as server:
        crowd = Crowd(server.url, server.login())

        def jump() -> None:
            with moved.open("r+b") as file:
                file.write(struct.pack("q", 60 * minutes))

        seen = suffered(
            f"clock {minutes:+d} minutes", server.url, crowd, jump, lambda: None, mode=None
        )
        tell(seen)
        assert set(seen.asks) == {"ok"} and set(seen.flags) == {"ok"}, seen
        moments = [t.body["generated_at"] for t in crowd.book.of("ask") if t.word == "ok"]
        gap = max(map(_moment, moments)) - min(map(_moment, moments))
        assert gap > 60 * (MINUTES - 1), "the clock did not jump"
        nothing_lost(server, crowd.book)


def _moment(text: str) -> float:
    import datetime as dt

    return dt.datetime.fromisoformat(text).timestamp()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
