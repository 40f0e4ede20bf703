"""Full names, where first and last names are columns of their own."""

from __future__ import annotations

from collections.abc import Iterator

from datamind.language.candidates import Candidate
from datamind.language.index import normal
from datamind.language.linking import Linker
from datamind.language.sketch import Cond, Mention
from datamind.language.stored import value_of
from datamind.language.tables.keywords import STOP
from datamind.language.tokens import Token
from datamind.language.units import Unit
from datamind.semantics.catalog import Column, Table


def units(linker: Linker, tokens: list[Token], at: int) -> Iterator[Unit]:
    """`Ada Stone`, where first and last names are columns of their own."""
    pair = _full_name(linker, at) or _unlisted(linker, tokens, at)
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


_OF = frozenset({"of", "for"})


def _unlisted(linker: Linker, tokens: list[Token], at: int) -> tuple[Candidate, Candidate] | None:
    """`Customer Ada Stone`, `Ada Stone's phone number`: two names of a person whose names, being
    personal, are not listed."""
    said = tokens[at : at + 2]
    if len(said) < 2 or not all(t.is_proper and not _is_known(t, linker) for t in said):
        return None
    tables = [
        t for t in linker.index.view.tables
        if len(t.display) == 2 and all(_is_personal(t.column(name)) for name in t.display)
    ]  # fmt: skip
    fit = [t for t in tables if _is_told(linker, tokens, at, t)]
    if len(fit) != 1:
        return None
    first, last = (
        value_of(linker.index, f"{fit[0].id}.{name}", token.text, 0.95, "value")
        for name, token in zip(fit[0].display, said, strict=True)
    )
    return first, last


def _is_known(token: Token, linker: Linker) -> bool:
    word = token.lower
    return word in linker.index.postings or word in linker.index.value_words or word in STOP


def _is_personal(column: Column) -> bool:
    return column.pii == "name" and column.type == "text"


def _is_told(linker: Linker, tokens: list[Token], at: int, table: Table) -> bool:
    """Whether the words around the names say that they are of such a person."""
    if at and any(c.id == table.id for c in linker.concepts(at - 1, at)[:1]):
        return True
    after, last = tokens[at + 2 : at + 3], tokens[at + 1]
    if after and after[0].start - last.end > 2:  # Ada Stone's
        ends = (at + 3, at + 4)
        told = [c for n in ends if n <= len(tokens) for c in linker.concepts(at + 2, n)[:1]]
        return any(c.kind == "column" and c.table == table.id for c in told)
    if at < 2 or tokens[at - 1].lower not in _OF:
        return False
    told = [c for n in (at - 2, at - 3) if n >= 0 for c in linker.concepts(n, at - 1)[:1]]
    columns = [linker.index.view.column(c.id) for c in told if c.kind == "column"]
    return any(c.table == table.id and c.pii for c in columns)
