"""The API over the shop of a module, in one loop for the module's tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pytest

from datamind.settings import TelemetrySettings
from tests.api.conftest import Api, Run, running, settings_of


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def run(loop: asyncio.Runner) -> Run:
    return loop.run


@pytest.fixture(scope="module")
def api(
    loop: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Api]:
    """Over the module's SHOP, measured as its TELEMETRY says."""
    folder = tmp_path_factory.mktemp("shop")
    with duckdb.connect(str(folder / "shop.duckdb")) as db:
        db.execute(request.module.SHOP)
    telemetry = getattr(request.module, "TELEMETRY", TelemetrySettings())
    settings = replace(settings_of(folder / "home"), telemetry=telemetry)
    context = running(settings, folder / "shop.duckdb")
    yield loop.run(context.__aenter__())
    loop.run(context.__aexit__(None, None, None))
