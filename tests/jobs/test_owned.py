"""Folders of processes that were killed are cleared away, others are left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from datamind.api.owned import LOCK, owned_folder

HOLDS = """
import os, sys, time
from datamind.api.owned import owned_folder
with owned_folder("of-tests-") as folder:
    if len(sys.argv) > 1 and os.fork():
        os.kill(os.getpid(), 9)
    print(os.getpid(), folder, flush=True)
    time.sleep(60)
"""


def test_the_next_one_clears_away_what_the_dead_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    started = [
        subprocess.Popen([sys.executable, "-c", HOLDS, *more], stdout=subprocess.PIPE)
        for more in ((), (), ("forked",))
    ]
    dead, living, parent = started
    try:
        told = [p.stdout.readline().decode().split() for p in started]
        left, held, of_child = (Path(folder) for _, folder in told)
        parent.wait()
        dead.kill()
        dead.wait()
        others = (tmp_path / "of-tests-just-made", tmp_path / "another")
        for other in others:
            other.mkdir()
        (others[1] / LOCK).touch()
        with owned_folder("of-tests-") as mine:
            assert not left.exists()
            assert all(p.is_dir() for p in (held, of_child, mine, *others))
        assert not mine.exists()
    finally:
        living.kill()
        os.kill(int(told[2][0]), signal.SIGKILL)  # the child's
        living.wait()
