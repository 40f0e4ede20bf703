"""`datamind` as a process: on terminals of any width, in pipes, and when interrupted."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from rich.cells import cell_len

from datamind import __version__

from .conftest import SLOW, command, database, start, told_at_its_end

pytestmark = pytest.mark.slow  # each starts processes

COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ODD = """
CREATE TABLE gadgets AS SELECT i AS id,
    CASE i WHEN 1 THEN chr(27) || '[31mred' || chr(8238) WHEN 2 THEN '' WHEN 3 THEN NULL
           WHEN 4 THEN '日本語の名前がここにあります' WHEN 5 THEN 'two' || chr(10) || 'lines'
           ELSE repeat('very long name ', 30) || i END AS name, i * 1234.5 AS price
FROM range(1, 9) r(i)
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> str:
    return database(tmp_path_factory.mktemp("odd") / "odd.duckdb", ODD)


def on_terminal(*words: object, width: int, **env: str) -> tuple[int, str, str]:
    """Exit code, what a terminal of this width was sent, and what went to standard error."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    unset = {"COLUMNS", "NO_COLOR", "FORCE_COLOR", "LINES"}
    clean = {k: v for k, v in os.environ.items() if k not in unset}
    process = subprocess.Popen(
        command(*words), stdin=side, stdout=side, stderr=subprocess.PIPE,
        env={**clean, "TERM": "xterm-256color", **env},
    )  # fmt: skip
    os.close(side)
    seen = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
    os.close(main)
    assert process.stderr
    with process.stderr as stream:
        err = stream.read().decode()
    return process.wait(), seen.decode().replace("\r\n", "\n"), err


@pytest.mark.parametrize(
    "width",
    [30, 60, 200],
)
def test_a_table_is_never_wider_than_the_terminal(odd: str, width: int) -> None:
    code, seen, err = on_terminal("ask", "list gadgets with price", "--warehouse", odd, width=width)
    plain = COLOURS.sub("", seen)
    assert (code, err) == (0, "")
    table = [line for line in plain.splitlines() if "│" in line or "━" in line]
    assert len(table) >= 8
    assert max(cell_len(line) for line in table) <= width
    assert "NULL" in plain
    assert "…" in plain


def test_data_can_not_steer_the_terminal(odd: str) -> None:
    _, seen, _ = on_terminal("ask", "list gadgets", "--warehouse", odd, width=80)
    assert "\x1b[31mred" not in seen
    assert "[31mred" in seen
    assert "\u202e" not in seen
    assert "two lines" in seen


def test_colours_are_for_terminals_that_want_them(odd: str) -> None:
    words = ("ask", "How many gadgets are there?", "--warehouse", odd)
    assert "\x1b[1;32m" in on_terminal(*words, width=80)[1]
    assert "\x1b[1;32m" not in on_terminal(*words, width=80, NO_COLOR="1")[1]
    piped = subprocess.run(command(*words), capture_output=True, text=True, check=True)
    assert "\x1b" not in piped.stdout
    assert piped.stderr == ""


def test_json_stays_json_on_a_terminal(odd: str) -> None:
    words = ("catalog", "show", "--json", "--warehouse", odd)
    seen = on_terminal(*words, width=20)[1]
    assert seen == subprocess.run(command(*words), capture_output=True, text=True).stdout


def test_letters_that_the_terminal_lacks_are_escaped(odd: str) -> None:
    made = subprocess.run(
        command("ask", "list gadgets", "--warehouse", odd),
        env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0
    assert "Traceback" not in made.stderr
    assert "\\u" in made.stdout


def test_a_reader_that_leaves_early_is_no_fault(shop: str) -> None:
    process = start("ask", "list orders with amount", "--json", "--warehouse", shop)
    assert process.stdout and process.stderr
    process.stdout.close()
    with process.stderr as stream:
        assert "Traceback" not in stream.read()
    assert process.wait() in (0, 1, 2)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_output_that_can_not_be_written_is_told(shop: str) -> None:
    with Path("/dev/full").open("w") as full:
        made = subprocess.run(
            command("catalog", "show", "--json", "--warehouse", shop),
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert made.returncode != 0
    assert "Traceback" not in made.stderr


def test_an_interrupt_ends_a_question_with_130(visits: str) -> None:
    process = start("ask", f"{SLOW} ordered by badge", "--warehouse", visits, "--timeout", "600")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None and children.exists() and not children.read_text().strip():
        pass
    process.send_signal(signal.SIGINT)
    err = told_at_its_end(process)
    assert process.returncode == 130
    assert err.strip() == "Interrupted."


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="work is seen in /proc")
def test_an_interrupt_ends_the_reading_of_a_catalog_with_130(tmp_path: Path) -> None:
    endless = "CREATE VIEW pairs AS SELECT a.i * b.i AS x FROM t a, t b WHERE a.i * b.i % 7 < 3"
    rows = "CREATE TABLE t AS SELECT i FROM range(300000) r(i)"
    process = start(
        "catalog", "sync", "--warehouse", database(tmp_path / "x.duckdb", rows, endless)
    )
    seconds = 0.0
    while process.poll() is None and seconds < 2:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.strip()) == (130, "", "Interrupted.")


def test_a_port_in_use_is_told_before_the_demo_is_built(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        made = subprocess.run(
            command("demo", "--port", port), env={**os.environ, "DATAMIND_HOME": str(home)},
            capture_output=True, text=True,
        )  # fmt: skip
    assert made.returncode == 2
    assert f"Nothing can listen at 127.0.0.1:{port}" in made.stderr
    assert not home.exists()


def test_help_and_version_are_there() -> None:
    made = subprocess.run(command("--help"), capture_output=True, text=True, check=True)
    for name in ("ask", "eval", "catalog", "doctor", "demo", "Exit codes"):
        assert name in made.stdout
    version = subprocess.run(command("--version"), capture_output=True, text=True, check=True)
    assert version.stdout == f"datamind {__version__}\n"
    assert subprocess.run(command(), capture_output=True).returncode in (0, 2)
    wrong = subprocess.run(command("aks"), capture_output=True, text=True)
    assert wrong.returncode == 2
    assert "aks" in wrong.stderr
