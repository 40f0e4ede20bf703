"""Route of the settings, for admins; secrets are masked before they get here."""

from __future__ import annotations

from fastapi import APIRouter

from datamind.rooms.caller import Caller, need
from datamind.rooms.http import Admin, TheParts
from datamind.rooms.parts import Parts
from datamind.rooms.problems import USUAL, problems
from datamind.rooms.system.schemas import ConfigOut, SettingOut
from datamind.settings.environment import is_secret

router = APIRouter(prefix="/system/config", tags=["system"], responses=problems(*USUAL))


@router.get("")
async def config(caller: Admin, parts: TheParts) -> ConfigOut:
    """All settings with what this node was started with; secrets as ***."""
    return shown(parts, caller)


def shown(parts: Parts, caller: Caller) -> ConfigOut:
    """The settings as they were read."""
    need(caller, "admin")
    settings = [
        SettingOut(name=name, value=value, secret=is_secret(name) or "***" in (value or ""))
        for name, value in parts.settings.given
    ]
    return ConfigOut(environment=parts.settings.server.environment, settings=settings)
