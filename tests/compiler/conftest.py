"""What the compiler's tests share: the modules beside them, and an engine that knows none of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module")
def clickhouse(clickhouse_url: str) -> Iterator[Callable[[str], Any]]:
    """Runs statements on ClickHouse's engine."""
    from engines import clickhouse_runner

    with clickhouse_runner(clickhouse_url) as run:
        run("CREATE DATABASE IF NOT EXISTS main")
        yield run
