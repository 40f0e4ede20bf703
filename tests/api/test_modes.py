"""Modes: what works in each, for every route; who is told what."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from datamind.errors import Unavailable
from datamind.rooms.system.modes import ORDER, ROUTES, WORKS, Modes, Standing, group_of
from datamind.rooms.system.schemas import ModeIn

ROUTES_OF_US: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("routes.yaml").read_text())
# What works in each mode, by group of routes.
TABLE = """
                  health operate memory read tried write execute
FULL_OPERATIONAL  yes    yes     yes    yes  yes   yes   yes
LIMITED_AI        yes    yes     yes    yes  yes   yes   yes
READ_ONLY         yes    yes     yes    yes  yes   -     -
EMERGENCY         yes    yes     -      -    -     -     -
CONFIGURATION     yes    -       -      -    -     -     -
"""
# One route of each kind, and its group.
EXAMPLES = """
GET /health                              health
GET /health/ready                        health
GET /metrics                             health
GET /                                    health
GET /docs                                health
GET /api/v1/system/mode                  operate
POST /api/v1/system/mode                 operate
GET /api/v1/system/alerts                operate
GET /api/v1/system/config                operate
PATCH /api/v1/system/config              write
GET /api/v1/system/backup                read
POST /api/v1/system/backup               write
GET /api/v1/catalog/search               memory
POST /api/v1/sql/generate                memory
POST /api/v1/sql/ask                     memory
POST /api/v1/sql/validate                memory
POST /api/v1/sql/qry-1/cancel            memory
POST /api/v1/auth/login                  tried
POST /api/v1/auth/refresh                tried
POST /api/v1/auth/password               write
GET /api/v1/auth/me                      tried
POST /api/v1/system/jobs/job-1/cancel    tried
POST /api/v1/admin/dbt/runs/run-1/cancel tried
POST /admin/dbt/runs/run-1/cancel        tried
POST /api/v1/system/jobs/job-1/retry     write
PATCH /api/v1/system/schedules/backup    tried
GET /api/v1/queries                      read
GET /api/v1/queries/qry-1                read
GET /api/v1/queries/qry-1/results        execute
GET /api/v1/queries/qry-1/export         execute
POST /api/v1/queries/qry-1/share         write
DELETE /api/v1/queries/qry-1/share       write
POST /api/v1/sql/execute                 execute
POST /api/v1/public/demo/ask             execute
POST /api/v1/policies/preview            execute
POST /api/v1/policies                    write
GET /api/v1/policies/effective           read
POST /api/v1/feedback/flag               write
PATCH /api/v1/users/usr-1                write
POST /api/v1/admin/dbt/run               write
POST /admin/dbt/run                      write
GET /admin/dbt/runs                      read
GET /api/v1/nothing/of/ours              None
POST /admin/nothing                      None
"""


def test_each_mode_lets_through_what_the_table_says() -> None:
    head, *lines = TABLE.strip().splitlines()
    assert [line.split()[0] for line in lines] == list(ORDER)
    for line in lines:
        mode, *cells = line.split()
        works = {group for group, cell in zip(head.split(), cells, strict=True) if cell == "yes"}
        assert WORKS[mode] == works  # type: ignore[index]


@pytest.mark.parametrize("line", EXAMPLES.strip().splitlines())
def test_a_request_is_of_the_group_that_the_table_says(line: str) -> None:
    method, path, group = line.split()
    assert str(group_of(method, path)) == group


@pytest.mark.parametrize("route", ROUTES_OF_US)
def test_every_route_is_of_a_group(route: str) -> None:
    """A new one is given its row in rooms/system/modes.py."""
    method, path = route.split(" ")
    assert group_of(method, path.replace("{", "").replace("}", "")) is not None


def test_what_no_row_names_is_denied_where_anything_is() -> None:
    modes = Modes()
    for mode in ORDER:
        modes.standing = Standing(mode)
        if mode in ORDER[:2]:
            modes.must(None)
        else:
            with pytest.raises(Unavailable):
                modes.must(None)


def test_who_wants_a_mode_can_come_in_to_take_it_back() -> None:
    modes = Modes()
    modes.standing = Standing("EMERGENCY", ("the metadata store", "the warehouse"))
    assert not modes.works("tried")
    modes.standing = Standing("EMERGENCY", wanted_until=dt.datetime.now(dt.UTC))
    assert modes.works("tried") and not modes.works("read")


def test_the_groups_of_the_rows_are_those_of_the_modes() -> None:
    assert {group for _, _, group in ROUTES} <= WORKS["FULL_OPERATIONAL"]


@pytest.mark.parametrize("reason", ["", "   ", "\t\n", "x" * 501, "a\0b"])
def test_a_mode_takes_a_reason_and_blanks_are_none(reason: str) -> None:
    with pytest.raises(ValidationError):
        ModeIn(mode="READ_ONLY", reason=reason)
    assert ModeIn(mode="READ_ONLY", reason=" moved ").reason == "moved"
