"""Readers: what reads whole phrases off a question, one module for each thing that it may say."""

from __future__ import annotations

from collections.abc import Iterator

from datamind.language import (
    ages,
    awaiting,
    clauses,
    differing,
    done_to,
    durations,
    earning,
    every,
    lasting,
    lateness,
    measuring,
    ongoing,
    peers,
    per_unit,
    rates,
    repeat,
    slowest,
    states,
    texts_said,
    within,
    worth,
)
from datamind.language.linking import Linker
from datamind.language.tokens import Token
from datamind.language.units import Unit

_OF_INDEX = (
    durations, lasting, slowest, within, worth, clauses, ages, lateness, earning, done_to, repeat,
    ongoing,
)  # fmt: skip
_OF_LINKS = (
    measuring, rates, per_unit, every, differing, peers, awaiting, states, texts_said,
)  # fmt: skip


def units(linker: Linker, tokens: list[Token]) -> Iterator[Unit]:
    """The units that the phrases of all readers stand for."""
    for reader in _OF_INDEX:
        yield from reader.units(linker.index, tokens)
    for reader in _OF_LINKS:
        yield from reader.units(linker, tokens)
    yield from clauses.values(linker, tokens)
