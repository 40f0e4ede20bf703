"""Parts that die, hang or are cut off: users are told within ten seconds, served again within
thirty, and nothing that was accepted is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..servers import ClickHouse
from .crowd import Crowd
from .installation import (
    RECOVER_S,
    Configured,
    Installation,
    installed,
    nothing_lost,
    started,
    suffered,
)
from .link import Cut

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(900)]
TABLES = (
    "CREATE TABLE orders (id Int32, amount Decimal(12, 2)) ENGINE MergeTree ORDER BY id",
    "INSERT INTO orders SELECT number, number % 97 * 10.5 FROM numbers(3000)",
)
READ_ONLY = {"ok", "unavailable", "warehouse_error", "warehouse_not_found", "worker_lost"}
HANGING = READ_ONLY | {"query_timeout"}

Act = Callable[[Installation], Any]


def cut(how: Cut, *links: str) -> tuple[Act, Act]:
    """Links that are cut, and mended."""
    return (
        lambda at: [at.links[name].cut(how) for name in links],
        lambda at: [at.links[name].mend() for name in links],
    )


def killed(*parts: str) -> tuple[Act, Act]:
    """Processes that are killed (-9), and started again."""
    return (
        lambda at: [getattr(at, name).kill() for name in parts],
        lambda at: [getattr(at, name).start() for name in parts],
    )


def hung(*parts: str) -> tuple[Act, Act]:
    """Processes that are stopped, and go on."""
    return (
        lambda at: [getattr(at, name).hang() for name in parts],
        lambda at: [getattr(at, name).wake() for name in parts],
    )


# The fault, how it is done and undone, the mode that has to follow, what askers may be told.
FAULTS: tuple[tuple[str, tuple[Act, Act], str | None, set[str]], ...] = (
    ("PostgreSQL of the metadata killed", killed("metadata"), "READ_ONLY", READ_ONLY),
    ("PostgreSQL of the warehouse killed", killed("warehouse"), "READ_ONLY", READ_ONLY),
    ("both PostgreSQL killed", killed("metadata", "warehouse"), "EMERGENCY", READ_ONLY),
    ("Redis killed", killed("redis"), None, {"ok"}),
    ("metadata hangs", hung("metadata"), "READ_ONLY", HANGING),
    ("warehouse hangs", hung("warehouse"), "READ_ONLY", HANGING),
    ("Redis hangs", hung("redis"), None, {"ok"}),
    ("metadata: connections refused", cut("refused", "metadata"), "READ_ONLY", READ_ONLY),
    ("warehouse: connections reset", cut("reset", "warehouse"), "READ_ONLY", READ_ONLY),
    ("both: black hole", cut("black hole", "metadata", "warehouse"), "EMERGENCY", HANGING),
    ("Redis: black hole", cut("black hole", "redis"), None, {"ok"}),
)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.mark.parametrize(("fault", "acts", "mode", "told"), FAULTS, ids=[f[0] for f in FAULTS])
def test_a_part_that_fails_is_noticed_borne_and_recovered_from(
    installation: Installation, tell: Callable[[Any], None],
    fault: str, acts: tuple[Act, Act], mode: str | None, told: set[str],
) -> None:  # fmt: skip
    hurt, mend = acts
    crowd = installation.crowd()
    seen = suffered(
        fault, installation.server.url, crowd, lambda: hurt(installation),
        lambda: mend(installation), mode=mode,
    )  # fmt: skip
    tell(seen)
    assert set(seen.asks) <= told, seen
    assert seen.recover_s <= RECOVER_S, seen
    nothing_lost(installation.server, crowd.book)


def test_clickhouse_that_is_killed_is_noticed_borne_and_recovered_from(
    tmp_path: Path, tell: Callable[[Any], None]
) -> None:
    clickhouse = ClickHouse(tmp_path / "clickhouse")
    clickhouse.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{clickhouse.port}") as client:
            for statement in TABLES:
                client.post("/", content=statement).raise_for_status()
        server = Configured(tmp_path / "home", tmp_path, WAREHOUSE_URL=clickhouse.url())
        with started(server):
            crowd = Crowd(server.url, server.login())
            seen = suffered(
                "ClickHouse killed", server.url, crowd, clickhouse.kill, clickhouse.start,
                mode="READ_ONLY",
            )  # fmt: skip
            tell(seen)
            assert set(seen.asks) <= READ_ONLY, seen
            assert seen.recover_s <= RECOVER_S, seen
            nothing_lost(server, crowd.book)
    finally:
        clickhouse.kill()
