"""The life of a server: what it started is ended, also where it did not come to live."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from datamind.errors import Unavailable

from .conftest import running, settings_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("last", ["Watch.start", "Figures.start", "start_jobs"])
def test_a_start_that_fails_late_leaves_nothing_running(
    last: str, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*arguments: object) -> None:
        raise Unavailable("The metadata store is down.")

    async def story() -> set[str]:
        with pytest.raises(Unavailable):
            async with running(settings_of(tmp_path), shop):
                pass
        left = asyncio.all_tasks() - {asyncio.current_task()}
        return {str(task.get_coro()) for task in left}

    before = set(threading.enumerate())
    monkeypatch.setattr(f"datamind.api.life.{last}", fails)
    assert not asyncio.run(story())
    left = [t.name for t in set(threading.enumerate()) - before if t.name.startswith("asks")]
    assert not left
