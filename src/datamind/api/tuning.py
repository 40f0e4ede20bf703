"""Settings that change while the server runs: put into the parts that were made of the old ones."""

from __future__ import annotations

import logging
from dataclasses import replace

from fastapi import FastAPI

from datamind.rooms.parts import Parts
from datamind.rooms.system.slow import SlowLog
from datamind.settings import Settings
from datamind.settings.changeable import Changes, changed

log = logging.getLogger(__name__)


class Tuning:
    """Most of what asks for a setting asks the parts each time; what does not is told here."""

    def __init__(self, app: FastAPI, started: Settings, slow: SlowLog) -> None:
        self._app = app
        self._started = started
        self._slow = slow

    def tune(self, changes: Changes) -> None:
        """These hold from now on, and of all others what the server was started with."""
        parts: Parts = self._app.state.parts
        settings = changed(self._started, changes.values)
        for places in (parts.places, parts.export_places):
            places.wait(settings.query_timeout_s)
        parts.results.hold(settings.server.cache_s)
        self._slow.slow_ms = settings.telemetry.slow_ms
        self._app.state.parts = replace(parts, settings=settings, changes=changes)
        log.warning("settings changed: revision %d", changes.revision)
