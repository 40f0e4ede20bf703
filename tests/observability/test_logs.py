"""Logs: whose work each line is about, through threads and processes, and a file that several
processes share."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from datamind.log import JsonLines, Threads, carried, correlation, restored, user
from datamind.rotated import RotatedFile
from datamind.settings import load

PROCESSES, LINES = 4, 300


def test_what_is_carried_is_known_where_it_is_restored_and_only_there() -> None:
    with restored({"correlation_id": "corr-12345678", "user_id": "usr-1", "else": "x"}):
        message = json.loads(json.dumps(carried()))
        with Threads(1) as threads:
            assert threads.submit(carried).result() == message
        with restored({}):
            assert carried() == {}
    assert message == {"correlation_id": "corr-12345678", "user_id": "usr-1"}
    assert (correlation.get(), user.get()) == (None, None)


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({}, ("warning", None)),
        ({"DATAMIND_LOG_LEVEL": "INFO"}, ("info", None)),
        ({"DATAMIND_DEBUG": "1", "DATAMIND_LOG_LEVEL": "error"}, ("debug", None)),
        ({"DATAMIND_LOG_FILE": "1"}, ("warning", "/h/logs/datamind.log")),
        ({"DATAMIND_LOG_FILE": "/var/log/dm.log"}, ("warning", "/var/log/dm.log")),
        ({"DATAMIND_LOG_FILE": "0"}, ("warning", None)),
    ],
)
def test_what_is_logged_and_where_is_set(env: dict[str, str], told: tuple[str, str | None]) -> None:
    found = load({"DATAMIND_HOME": "/h", **env}).logs
    assert (found.level, found.file and str(found.file)) == told


def test_a_library_s_line_ends_where_it_tells_of_an_exception() -> None:
    text = "Task exception was never retrieved\nfuture: <Task exception=ValueError('4711 Ann')>"
    record = logging.makeLogRecord({"msg": text, "name": "asyncio"})
    line = json.loads(JsonLines().format(record))
    assert line["message"] == "Task exception was never retrieved"


def _write(path: Path, who: int) -> None:
    file = RotatedFile(path, most=4_000, kept=1_000)
    for n in range(LINES):
        file.append(f"{who} {n} " + "x" * (n % 50))


def test_no_line_is_lost_or_mixed_where_several_processes_fill_a_file(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "x.log"
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write, args=(path, n)) for n in range(PROCESSES)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = [p for p in path.parent.iterdir() if p.suffix != ".lock"]
    assert len(found) > 5
    assert all(p.stat().st_size <= 4_000 + 60 * PROCESSES for p in found)
    assert {p.stat().st_mode & 0o777 for p in found} == {0o600}
    lines = [line.split() for p in found for line in p.read_text().splitlines()]
    assert sorted((int(a), int(b)) for a, b, *_ in lines) == [
        (who, n) for who in range(PROCESSES) for n in range(LINES)
    ]


def test_as_many_full_files_as_wanted_are_kept_the_newest_first(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "x.log", most=10, kept=2)
    for n in range(5):
        file.append(f"line {n}")
    assert [p.read_text() for p in file.paths()] == ["line 4\n", "line 3\n", "line 2\n"]
    assert len(list(tmp_path.iterdir())) == 4  # and the lock


def test_logs_that_can_t_be_formatted_or_written_harm_nobody(tmp_path: Path) -> None:
    """In a process of its own: it changes how all of it logs."""
    program = f"""
import logging, pathlib
from datamind.log import json_logs
from datamind.settings import LogSettings
json_logs(LogSettings("info", file=pathlib.Path({str(tmp_path)!r})))  # a folder
logging.getLogger("datamind.x").info("%d", "ann@example.com")
logging.getLogger("aiosqlite").debug("secret parameters")
logging.getLogger("datamind.x").info("mail to ann@example.com")
logging.getLogger("datamind.x").debug("unwanted")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    (line,) = map(json.loads, done.stderr.splitlines())
    assert (line["level"], line["message"]) == ("INFO", "mail to [EMAIL_MASKED]")


@pytest.mark.slow
@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_gets_lines_for_people_and_all_else_lines_of_json_never_both(
    tmp_path: Path, terminal: bool
) -> None:
    program = f"""
import logging, pathlib
from datamind.log import json_logs
from datamind.api.starting import say
from datamind.settings import LogSettings
json_logs(LogSettings("warning", file=pathlib.Path({str(tmp_path / "x.log")!r})))
say("ready")
logging.getLogger("datamind.x").warning("mail to ann@example.com")
"""
    ours, theirs = os.openpty() if terminal else os.pipe()
    subprocess.run([sys.executable, "-c", program], stderr=theirs, check=True)
    told = os.read(ours, 10_000).decode().splitlines()
    kept = [json.loads(line)["message"] for line in (tmp_path / "x.log").read_text().splitlines()]
    assert kept == ["ready", "mail to [EMAIL_MASKED]"]
    if terminal:
        assert told == ["ready", "warning: mail to [EMAIL_MASKED]"]
    else:
        assert [json.loads(line)["message"] for line in told] == kept


@pytest.mark.slow
@pytest.mark.parametrize("debug", [False, True])
def test_the_command_line_s_lines_are_masked_and_tell_no_parameters(debug: bool) -> None:
    program = f"""
import logging
from datamind.commands.wiring import quiet_logs
from datamind.settings import load
quiet_logs(load({{"DATAMIND_DEBUG": "{int(debug)}"}}))
logging.getLogger("aiosqlite").debug("secret parameters")
logging.getLogger("datamind.x").debug("a detail")
logging.getLogger("datamind.x").warning("mail to ann@example.com")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    told = ["DEBUG a detail"] if debug else []
    assert done.stderr.splitlines() == [*told, "WARNING mail to [EMAIL_MASKED]"]
