"""What a server does not hold: what it never uses, and what its processes can share."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys

import pytest

from datamind.api.engine_pool import EnginePool
from datamind.records import Target
from datamind.semantics.catalog import Catalog

pytestmark = pytest.mark.slow

PAGES = """
import sys
from pathlib import Path
from fastapi import FastAPI
from datamind.settings import Settings
from datamind.ui.mount import UNUSED, mount
mount(FastAPI(), Settings(home=Path("unused")))
print("loaded:", *sorted(set(UNUSED) & set(sys.modules)))
import requests
print("later:", requests.__name__)
"""


def test_what_the_pages_framework_brings_along_unused_stays_out_until_it_is_asked_for() -> None:
    ran = subprocess.run([sys.executable, "-c", PAGES], check=True, capture_output=True, text=True)
    assert ran.stdout.splitlines() == ["loaded:", "later: requests"]


async def _frozen() -> int:
    pool = EnginePool(
        Catalog("1", "duckdb", "main", ()), Target("demo", "duckdb"), workers=1, key="k"
    )
    try:
        return await pool._run(gc.get_freeze_count)
    finally:
        pool.close()


def test_an_engine_process_leaves_what_it_was_forked_with_to_be_shared() -> None:
    assert asyncio.run(_frozen()) > 10_000
