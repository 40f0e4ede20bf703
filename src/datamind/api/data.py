"""The data that is asked: its catalog, its warehouse and the engine that reads questions about it.

They change together: when a build or a file took the place of the one before, new ones are opened
beside the old, which end once nobody asks them any more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from datamind.adapters.catalog_store import catalog_key, kept_catalog, load_catalog
from datamind.adapters.introspection import too_much
from datamind.adapters.warehouse import open_warehouse
from datamind.adapters.warehouse.guarded import GuardedWarehouse
from datamind.adapters.warehouse.observed import Told, observed
from datamind.api.copies import copies_shape, open_copies
from datamind.api.engine_pool import EnginePool
from datamind.breakers import Breaker, Breakers
from datamind.errors import DataMindError, WarehouseError
from datamind.governance.bound import Bindings
from datamind.language.fiscal import fiscal_year
from datamind.ports import Warehouse
from datamind.records import Target
from datamind.rooms.places import Places
from datamind.rooms.questions.exporting import PATIENCE
from datamind.semantics.catalog import Catalog
from datamind.settings import Settings

log = logging.getLogger(__name__)

LOOK_S = 5.0
# How long an ask may still be under way in what was replaced, beyond its query's time limit.
LINGER_S = 30.0
Source = Callable[[], tuple[str, Path | None]]
KEPT = "kept "  # begins the key of what was opened without its warehouse


@dataclass(frozen=True)
class Data:
    """What was opened; `key` changes when there is something newer to open, `excess` is what the
    warehouse's role may do and should not. `missing` is why the warehouse is not there: its catalog
    is then the one that was kept, and nothing is run. `beside` is ClickHouse, if plans are routed
    there."""

    key: str
    bindings: Bindings
    warehouse: Warehouse
    engine: EnginePool
    excess: tuple[str, ...] = ()
    stored_bytes: int = 0
    missing: DataMindError | None = None
    beside: Warehouse | None = None

    def close(self) -> None:
        """End the engine's and the warehouse's processes."""
        self.engine.close()
        self.warehouse.close()


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a look at the warehouse found, or what is known without one, and why."""

    catalog: Catalog
    excess: tuple[str, ...] = ()
    stored_bytes: int = 0
    missing: DataMindError | None = None


async def open_data(
    settings: Settings, source: Source, mask_key: str, breakers: Breakers | None = None, *,
    told: Told | None = None, without: bool = False,
) -> Data:  # fmt: skip
    """The data as it is now, ready to be asked, each warehouse through a breaker of its own; hashes
    of masked values are made with the key. `told` hears of each statement that a warehouse ran. One
    that is down raises, or may be missing: `without` it the kept catalog is opened, if there is
    one."""
    loop = asyncio.get_running_loop()
    server = settings.server
    url, project = await loop.run_in_executor(None, source)
    key = await loop.run_in_executor(None, catalog_key, url, project)
    found = await loop.run_in_executor(None, _looked_at, settings, url, project, without)
    catalog = found.catalog
    opened = open_warehouse(url, workers=server.query_workers, memory_mb=settings.memory_mb)
    if told is not None:
        opened = observed(opened, told)
    breakers = breakers if breakers is not None else Breakers()
    warehouse: Warehouse = GuardedWarehouse(
        opened, breakers.add(Breaker("warehouse")), missing=found.missing is not None
    )
    copied = await loop.run_in_executor(
        None, open_copies, settings, url, catalog, warehouse, breakers, told
    )
    if copied is not None:
        warehouse, key = copied.warehouse, f"{key} {copied.shape}"
    engine = EnginePool(
        catalog, Target(warehouse.name, warehouse.dialect), workers=server.engine_workers,
        key=mask_key, fiscal=fiscal_year(settings.fiscal_start, settings.fiscal_named),
        logs=settings.logs, places=partial(
            Places, limit_s=server.queue_s, most=server.queue, most_each=server.queue_each
        ), second=copied.second if copied is not None else None,
        copies=copied.copies if copied is not None else None,
    )  # fmt: skip
    made = Data(
        key if found.missing is None else f"{KEPT}{key}",
        Bindings(catalog, warehouse.dialect, mask_key), warehouse, engine,
        found.excess, found.stored_bytes, found.missing,
        copied.warehouse.second if copied is not None else None,
    )  # fmt: skip
    try:
        await engine.warm_up()
    except BaseException:
        made.close()
        raise
    return made


def _looked_at(settings: Settings, url: str, project: Path | None, without: bool) -> _Looked:
    """What is known of the warehouse; its error where it is down and there is no kept catalog, or
    that would not do. Blocks."""
    try:
        catalog = load_catalog(url, dbt_project=project, cache_dir=settings.catalogs)
        return _Looked(catalog, _excess(url), _stored(url))
    except WarehouseError as fault:
        if not without:
            raise
        kept = kept_catalog(url, project, settings.catalogs)
        if kept is None:
            hint = f"{fault.hint} Meanwhile nothing can be read: there is no kept catalog of it."
            raise type(fault)(fault.message, hint=hint) from None
        return _Looked(kept, missing=fault)


def _stored(url: str) -> int:
    """The bytes of a PostgreSQL database, by which moving on is advised; 0 of others."""
    if not url.startswith("postgres"):
        return 0
    from datamind.adapters.introspection.postgres_size import stored_bytes

    return stored_bytes(url)


def _excess(url: str) -> tuple[str, ...]:
    """What the role may do beyond reading, told loudly: then the second wall does not stand."""
    found = tuple(too_much(url))
    for what in found:
        log.error("the warehouse's role %s: see `datamind doctor`", what)
    return found


class Following:
    """Keeps the application's data the newest there is."""

    def __init__(
        self, app: FastAPI, settings: Settings, source: Source, data: Data, mask_key: str,
        breakers: Breakers, told: Told | None = None,
    ) -> None:  # fmt: skip
        self._breakers = breakers
        self._app = app
        self._mask_key = mask_key
        self._told = told
        self._settings = settings
        self._source = source
        self._data = data
        self._seen = data.key.removeprefix(KEPT)
        self._failed = ""
        self._old: list[Data] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look in the background from now on."""
        self._task = asyncio.create_task(self._keep_looking())

    async def end(self) -> None:
        """Look no more, and end all that was opened."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for data in (*self._old, self._data):
            data.close()

    async def look(self) -> bool:
        """Whether there was something newer, which is asked from now on."""
        loop = asyncio.get_running_loop()
        key = await loop.run_in_executor(None, self._key)
        settled, self._seen = key == self._seen, key
        if key == self._data.key or not settled:
            return False  # what still changes is opened once it holds still
        newer = await open_data(
            self._settings, self._source, self._mask_key, self._breakers, told=self._told
        )
        older, self._data = self._data, newer
        parts = self._app.state.parts
        self._app.state.parts = replace(
            parts, bindings=newer.bindings, warehouse=newer.warehouse, engine=newer.engine,
            excess=newer.excess, stored_bytes=newer.stored_bytes, beside=newer.beside,
            looked_at=newer.missing is None,
        )  # fmt: skip
        for oldest in list(self._old):  # two generations at most
            self._drop(oldest)
        self._old.append(older)
        longest_s = PATIENCE * parts.settings.query_timeout_s  # that of an export
        loop.call_later(longest_s + LINGER_S, self._drop, older)
        self._failed = ""
        log.warning("newer data is asked from now on: %s", newer.warehouse.name)
        return True

    def _key(self) -> str:
        url, project = self._source()
        key = catalog_key(url, project)
        shape = copies_shape(self._settings, url, self._data.key.rpartition(" ")[2])
        return key if shape is None else f"{key} {shape}"

    def _drop(self, data: Data) -> None:
        if data in self._old:
            self._old.remove(data)
            data.close()

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except DataMindError as fault:  # a file that is being written, a build half made
                if fault.message != self._failed:  # not again at each look
                    log.warning("newer data can't be opened: %s", fault.message)
                self._failed = fault.message
            except Exception:
                log.exception("a look for newer data failed")
