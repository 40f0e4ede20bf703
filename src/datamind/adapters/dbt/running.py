"""One run of the dbt process: what it may see and use, its log as it comes, and its end."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, TypedDict

from datamind import tracing
from datamind.adapters.dbt.log_lines import (
    event_of,
    hidden,
    invocation_of,
    line_of,
    moment_of,
    text_of,
    unmatched_of,
)
from datamind.dbt_records import DbtLine
from datamind.errors import BadInput
from datamind.ports import Stop
from datamind.whose import correlation

MOST_LOG = 5 << 20
MOST_LINE = 1 << 20
LOOK_S = 0.1
LAST_S = 30.0  # for what it does when all is written
GRACE_S = 5.0  # after an interrupt, in which dbt calls off what it runs in a database
NICE = 10
FILES = 4096
FILE_GB = 256
SECRET = 6  # shorter ones would blacken common words
# What a dbt process may see of our environment besides: nothing that could hold a secret.
_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV")
Why = Literal["done", "cancelled", "timed_out"]
Say = Callable[[DbtLine], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take, and the account of the operating system that it runs as."""

    timeout_s: float = 900.0
    memory_mb: int = 4096
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A command of dbt; the run fails with it where it is `needed`. One that is `aside` has its
    results elsewhere."""

    words: Sequence[str]
    needed: bool = True
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Orders:
    """What one process is to do: `options` are those of all steps. Where a `schema` is named,
    nothing may be built outside of it. `environment` is all that it sees beyond the usual."""

    folder: Path
    steps: Sequence[Step]
    options: Sequence[str]
    environment: Mapping[str, str]
    schema: str = ""
    secrets: Sequence[str] = ()

    @property
    def reason(self) -> Path:
        """Where the process writes why the project can't be read."""
        return self.folder / "reason.txt"

    @property
    def log(self) -> Path:
        """All that dbt said."""
        return self.folder / "dbt.log"


@dataclass(frozen=True, slots=True)
class Ended:
    """How the process ended; `code` is its exit code, `unmatched` the selectors that no node of
    the project fits."""

    why: Why
    code: int
    unmatched: tuple[str, ...] = ()


def run(orders: Orders, limits: Limits, *, say: Say, stop: Stop | None = None) -> Ended:
    """Run dbt until it ends, is called off (`stop`) or is over its time; all that it started ends
    with it. Each line that people may read is handed to `say` as it comes."""
    file = orders.folder / "orders.json"
    file.write_text(json.dumps(_orders(orders, limits)), "utf-8")
    account = _account(limits.user, orders.folder)
    script = Path(__file__).with_name("process.py")
    # -P: the script's folder is not searched for modules.
    argv = [sys.executable, "-P", str(script), str(file), *orders.options]
    secrets = [s for s in orders.secrets if len(s) >= SECRET]
    with (
        tracing.span("dbt"),
        orders.log.open("a", encoding="utf-8") as log,
        subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env=_environment(orders, limits), cwd=orders.folder, start_new_session=True,
            **account,
        ) as process,
    ):  # fmt: skip
        patience = 0.0
        try:
            deadline = time.monotonic() + limits.timeout_s
            reader = _Log(log, say, secrets)
            why = _follow(process, reader, deadline, stop)
            patience = LAST_S if why == "done" else 0.0
        finally:
            _end_all(process, patience)
        reader.trace(("parse", *(step.words[0] for step in orders.steps)))
    return Ended(why, process.returncode, tuple(reader.unmatched))


def _orders(orders: Orders, limits: Limits) -> dict[str, object]:
    cores = os.cpu_count() or 1
    return {
        "reason": str(orders.reason),
        "schema": orders.schema,
        "steps": [
            {"words": list(s.words), "needed": s.needed, "aside": s.aside} for s in orders.steps
        ],
        "parent": os.getpid(),
        "nice": NICE,
        "limits": {
            "RLIMIT_AS": limits.memory_mb << 20,
            "RLIMIT_CPU": max(1, int(limits.timeout_s * cores)),
            "RLIMIT_NOFILE": FILES,
            "RLIMIT_FSIZE": FILE_GB << 30,
            "RLIMIT_CORE": 0,
        },
    }


def _environment(orders: Orders, limits: Limits) -> dict[str, str]:
    seen = {k: os.environ[k] for k in _PASSED if k in os.environ}
    if limits.user is not None:
        seen["HOME"] = seen["TMPDIR"] = str(orders.folder)
    seen |= {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_USE_COLORS": "false"}
    # dbt 1.11 sends no spans of its own; a model's code may, and query comments can tell it.
    carried = {name.upper(): value for name, value in tracing.carry().items()}
    known = correlation.get()
    told = carried | ({"CORRELATION_ID": known} if known is not None else {})
    # What is called so dbt writes into the metadata of its artifacts.
    seen |= carried | {f"DBT_ENV_CUSTOM_ENV_{name}": value for name, value in told.items()}
    return seen | dict(orders.environment)


class _Account(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _account(user: str | None, folder: Path) -> _Account:
    """The arguments with which the process becomes another user, whose the folder is meanwhile."""
    if user is None:
        return {}
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise BadInput(f"DBT_USER names {user}, whom this machine does not know.") from None
    if os.geteuid() != 0:
        raise BadInput("DBT_USER takes a DataMind that was started by root.")
    for above in folder.resolve().parents:
        if not above.stat().st_mode & 0o001:
            raise BadInput(
                f"The user {user} can't reach {folder}: {above} is shut.",
                hint="Set DBT_BUILDS_PATH to a folder that others may pass through (chmod 711).",
            )
    own(folder, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def own(folder: Path, uid: int, gid: int) -> None:
    """Give the folder and all in it to an account; links are not followed."""
    for place, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            os.chown(os.path.join(place, name), uid, gid, follow_symlinks=False)


def take_back(folder: Path) -> None:
    """The folder is ours again. What is neither a file nor a folder goes: through a link that code
    of a project left, we would read or write what that code may not."""
    own(folder, os.geteuid(), os.getegid())
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(place, name)
            mode = os.lstat(path).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                os.unlink(path)


class _Log:
    """Takes the output apart into lines; the file keeps the first MOST_LOG bytes."""

    def __init__(self, file: IO[str], say: Say, secrets: Sequence[str]) -> None:
        self._file = file
        self._say = say
        self._secrets = secrets
        self._rest = b""
        self._room = MOST_LOG
        self.unmatched: dict[str, None] = {}
        self._invocations: dict[str, tuple[float, float]] = {}

    def take(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._rest = self._rest[:MOST_LINE]
        for line in lines:
            self._line(line)

    def end(self) -> None:
        self._line(self._rest)

    def trace(self, commands: Sequence[str]) -> None:
        """A span for each of these commands that dbt said anything of, in the order of its ids."""
        for command, (known, (began, ended)) in zip(
            commands, self._invocations.items(), strict=False
        ):
            tracing.note(f"dbt {command}", began, ended - began, dbt__invocation_id=known)

    def _line(self, raw: bytes) -> None:
        if not raw.strip():
            return
        event = event_of(raw)
        if event is None:
            self._write(hidden(raw.decode("utf-8", "replace"), self._secrets))
            return
        self._write(text_of(event, self._secrets))
        said = moment_of(event).timestamp()
        began, _ = self._invocations.get(invocation_of(event), (said, said))
        self._invocations[invocation_of(event)] = began, said
        if (selector := unmatched_of(event)) is not None:
            self.unmatched[selector] = None
        told = line_of(event, self._secrets)
        if told is not None:
            self._say(told)

    def _write(self, text: str) -> None:
        if not text or self._room <= 0:
            return
        self._room -= len(text)
        more = "" if self._room > 0 else "\n(The log is cut here: it is too long.)"
        with contextlib.suppress(OSError):  # a full disk is told by what dbt makes of it
            self._file.write(f"{text}{more}\n")
            self._file.flush()


def _follow(process: subprocess.Popen[bytes], log: _Log, deadline: float, stop: Stop | None) -> Why:
    """Read until the process ends; then, or when it has to, why it did."""
    why: Why = "done"
    for chunk in _chunks(process):
        log.take(chunk)
        if why != "done":
            if time.monotonic() > deadline:
                break
        elif stop is not None and stop.is_set():
            why, deadline = "cancelled", _interrupt(process)
        elif time.monotonic() > deadline:
            why, deadline = "timed_out", _interrupt(process)
    log.end()
    return why


def _chunks(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """The output as it comes, and nothing (b"") now and then, until it ends."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        while True:
            if not waiting.select(LOOK_S):
                if process.poll() is not None:
                    return  # what it started may hold the pipe open
                yield b""
                continue
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                return
            yield chunk


def _interrupt(process: subprocess.Popen[bytes]) -> float:
    """Ask it to end, as Ctrl-C does; when it must have."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    return time.monotonic() + GRACE_S


def _end_all(process: subprocess.Popen[bytes], patience: float) -> None:
    """Give it a moment where its output has ended, then end its whole group."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
