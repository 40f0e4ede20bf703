"""Full names, where first and last names are columns of their own."""

from __future__ import annotations

from collections.abc import Iterator

from datamind.language.candidates import Candidate
from datamind.language.index import normal
from datamind.language.linking import Linker
from datamind.language.sketch import Cond, Mention
from datamind.language.stored import value_of
from datamind.language.tokens import Token
from datamind.language.units import Unit


def units(linker: Linker, tokens: list[Token], at: int) -> Iterator[Unit]:
    """`Ada Stone`, where first and last names are columns of their own."""
    pair = _full_name(linker, at)
    if pair is None:
        return
    parts = tuple(
        Cond("value", mention=Mention(at + n, at + n + 1, (c,), role="value"), first=at)
        for n, c in enumerate(pair)
    )
    yield Unit("P", at, at + 2, Cond("all", parts=parts, first=at), 2.0)


def _full_name(linker: Linker, at: int) -> tuple[Candidate, Candidate] | None:
    """The values of a first and a last name column that two words are, if they are."""
    pair = [normal(linker.tokens[n].lower) for n in (at, at + 1)]
    firsts, lasts = (linker.index.values.get(key, ()) for key in pair)
    for column, stored in firsts:
        table = linker.index.view.table(linker.index.view.column(column).table)
        if len(table.display) != 2 or column != f"{table.id}.{table.display[0]}":
            continue
        for other, other_stored in lasts:
            if other == f"{table.id}.{table.display[1]}":
                return (
                    value_of(linker.index, column, stored, 1.0, "value"),
                    value_of(linker.index, other, other_stored, 1.0, "value"),
                )
    return None
