"""ClickHouse beside PostgreSQL, as far as the server has it: the router and what it looks at."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from datamind.adapters.sync.freshness import DOWN, Watching, read_states, second_of, shape_of
from datamind.adapters.warehouse.clickhouse import ClickHouseWarehouse
from datamind.adapters.warehouse.guarded import GuardedWarehouse
from datamind.adapters.warehouse.observed import Told, observed
from datamind.adapters.warehouse.router import RoutedWarehouse
from datamind.breakers import Breaker, Breakers
from datamind.errors import DataMindError
from datamind.ports import Warehouse
from datamind.semantics.catalog import Catalog
from datamind.semantics.routing import Copies, Second
from datamind.settings import Settings

log = logging.getLogger(__name__)

LOOKED_S = 5.0
UNKNOWN = "unknown"  # ClickHouse did not answer when it was looked at


@dataclass(frozen=True, slots=True)
class CopiesOpened:
    """Both warehouses as one, what the engine has to know, and what watches over the copies;
    `shape` changes with the tables and columns that are copied."""

    warehouse: RoutedWarehouse
    second: Second
    watching: Watching
    breaker: Breaker
    shape: str

    def copies(self) -> Copies:
        """What may be read there now: nothing while ClickHouse is not asked, or failed when it was
        asked last."""
        return DOWN if self.breaker.suspect else self.watching.copies()

    def looked(self) -> Copies:
        """The same where nobody but questions finds out how ClickHouse is, once it is known; none
        where it did not answer when it was opened. Blocks for a few seconds at most."""
        if self.shape == UNKNOWN or self.breaker.state == "open":
            return DOWN
        self.watching.looked.wait(LOOKED_S)
        return self.watching.copies()


def open_copies(
    settings: Settings, url: str, catalog: Catalog, first: Warehouse, breakers: Breakers,
    told: Told | None = None,
) -> CopiesOpened | None:  # fmt: skip
    """The router, where one is set up: it is there also while ClickHouse is not, which has a
    breaker of its own. What runs there is `told`. Blocks."""
    target = _target(settings, url)
    if target is None:
        return None
    try:
        states = read_states(target)
        shape = shape_of(states)
    except DataMindError as fault:
        log.warning("nothing is routed to ClickHouse: %s", fault.message)
        states, shape = {}, UNKNOWN
    second: Warehouse = ClickHouseWarehouse(
        target, connections=settings.server.query_workers, versioned=False
    )
    if told is not None:
        second = observed(second, told)
    watching = Watching(url, target, catalog, settings.router.lag_s)
    breaker = breakers.add(Breaker("clickhouse"))
    guarded = GuardedWarehouse(second, breaker, has_a_stand_in=True)
    routed = RoutedWarehouse(first, guarded, on_close=watching.close)
    made = second_of(catalog, states, second.name, settings.router.least_rows)
    return CopiesOpened(routed, made, watching, breaker, shape)


def copies_shape(settings: Settings, url: str, known: str) -> str | None:
    """The shape of the copies now; the one that is known while ClickHouse does not answer, None
    where nothing is routed. Blocks."""
    target = _target(settings, url)
    if target is None:
        return None
    try:
        return shape_of(read_states(target))
    except DataMindError:
        return known


def _target(settings: Settings, url: str) -> str | None:
    router = settings.router
    if not router.routing or not url.startswith(("postgres://", "postgresql://")):
        return None
    return router.clickhouse_url
