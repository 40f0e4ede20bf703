"""What people asked for, and the words that nothing explained, as admins are told."""

from __future__ import annotations

import pytest

from datamind.commands.people import operator
from datamind.errors import AccessDenied
from datamind.records import Identity
from datamind.rooms.caller import Caller
from datamind.rooms.questions import wanted
from datamind.semantics.readiness import Asked

from .conftest import Api, Run


async def asked(api: Api, caller: Caller) -> Asked:
    async with api.parts.database.unit() as session:
        return await wanted.asked(session, caller)


@pytest.mark.slow
def test_tables_columns_and_unexplained_words_are_counted(api: Api, run: Run) -> None:
    for question in (
        "How many orders are there by status?",
        "How many orders are there?",
        "How many florbits do orders of Zebedee have?",
        "What is the florbit of orders?",
    ):
        run(api.ask(question))
    found = run(asked(api, operator()))
    assert found.items["orders"] >= 2
    assert found.items["orders.status"] == 1
    words = {word.text: word.questions for word in found.words}
    assert words.get("florbits", 0) + words.get("florbit", 0) == 2
    assert not [word for word in words if not word.islower()]  # names of people are values


def test_only_admins_are_told_what_others_asked(api: Api, run: Run) -> None:
    with pytest.raises(AccessDenied):
        run(asked(api, Caller(Identity("somebody", "analyst"), "local", "corr")))
