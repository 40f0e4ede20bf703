"""ClickHouse's engine, for the modules that need it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def clickhouse_url() -> Iterator[str]:
    """ClickHouse's engine, in a process of its own."""
    script = Path(__file__).with_name("chdb_server.py")
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"clickhouse://127.0.0.1:{server.stdout.readline().strip()}"
        server.kill()
