"""A small dbt project, built once a run; its orders come from a file that each build makes."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from datamind.adapters.dbt.build import Build, build, current_build
from datamind.log import restored

PROJECT = Path(__file__).with_name("shop")
CORRELATION = "corr-of-the-first-build"
HEADER = "id,customer_id,status,amount,placed_on"
ORDERS = ("1,1,paid,120,2026-01-05", "2,1,open,80,2026-01-06", "3,2,paid,,2026-01-07")


def orders(*rows: str) -> Callable[[Path], Mapping[str, str]]:
    """The sources of a build: these orders."""

    def made(folder: Path) -> Mapping[str, str]:
        file = folder / "orders.csv"
        file.write_text("\n".join((HEADER, *rows)), "utf-8")
        return {"SHOP_ORDERS": str(file)}

    return made


@pytest.fixture(scope="session")
def first_builds(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of builds with one in it; nobody changes it."""
    run = tmp_path_factory.getbasetemp()
    builds = (run if worker_id == "master" else run.parent) / "shop-builds"
    builds.mkdir(exist_ok=True)
    with (builds.with_suffix(".lock")).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if current_build(builds) is None:
            with restored({"correlation_id": CORRELATION}):
                build(PROJECT, builds, sources=orders(*ORDERS), label="first")
    return builds


@pytest.fixture(scope="session")
def shop(first_builds: Path) -> Build:
    """The first build of the small project."""
    found = current_build(first_builds)
    assert found is not None
    return found


@pytest.fixture
def builds(first_builds: Path, tmp_path: Path) -> Path:
    """A copy of the builds, to build on."""
    return Path(shutil.copytree(first_builds, tmp_path / "builds"))
