"""The checks of readiness: what of a table is looked at, and when it counts as told.

The table at the end has them all, with their weights. Weights are what telling it was seen to be
worth where the demo was asked with and without (docs/accuracy.md), rounded.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from simplemma import is_known

from datamind.language import names
from datamind.language.kinds import is_flag
from datamind.language.legends import legend
from datamind.language.scope import dates_of, is_personal, is_technical
from datamind.semantics.catalog import Column, Metric, Relationship, Table, View
from datamind.semantics.traits import is_told_by_name

MAX_CODES = 12
MOSTLY = 0.5  # of the rows have a text of their own, where it may be a name
SHORT = 2  # letters of a code
SECRET = "secret"  # noqa: S105 (the kind of personal data, not one)
_LAYERS = re.compile(r"(stg|stage|staging|raw|int|base|tmp|temp|src|landing|bronze)(_|$)")
# Short names that people say as they are.
_SAID = frozenset(
    "id sku url ip vat gpa gps ssn iban isbn uuid kpi roi ytd sla pct usd eur".split()
)
# Numbers under these names are codes.
_CODED = frozenset("status type kind category class level code mode reason priority state".split())
# Codes that everybody knows.
_WELL_KNOWN = frozenset("country currency language state locale sex gender".split())
_MONEY = frozenset(
    """amount price cost revenue total salary fee payment budget balance tax discount refund
    margin income profit spend turnover""".split()
)
_SPENT = frozenset("cost discount tax fee refund".split())
_MEASURED = _MONEY | frozenset("weight distance height width length duration area volume".split())


@dataclass(frozen=True, slots=True)
class Looked:
    """A thing that a check looked at, and whether it is told; else why not, and a proposal."""

    table: Table
    item: str
    told: bool
    why: str = ""
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """What the checks know beyond the table: `layers` are copies on the way to other tables."""

    view: View
    masked: frozenset[str]
    referred: frozenset[str]
    references: Mapping[str, Sequence[Relationship]]
    metrics: Mapping[str, Sequence[Metric]]
    layers: frozenset[str]


def known_of(view: View, masked: frozenset[str]) -> Known:
    """What the checks need of a view, once for all tables."""
    references: dict[str, list[Relationship]] = defaultdict(list)
    for reference in view.relationships:
        references[reference.table].append(reference)
    metrics: dict[str, list[Metric]] = defaultdict(list)
    for metric in view.metrics:
        for table in metric.relations or (metric.table or "",):
            metrics[table].append(metric)
    referred = frozenset(r.to_table for r in view.relationships)
    layers = [t.id for t in view.tables if _is_layer(t)]
    whole = len(layers) == len(view.tables)  # where there is nothing else, they are what is asked
    return Known(
        view, masked, referred, references, metrics, frozenset(() if whole else layers)
    )  # fmt: skip


def _is_layer(table: Table) -> bool:
    schema = table.schema.lower().rpartition("_")[2]
    return bool(_LAYERS.match(table.name.lower()) or _LAYERS.fullmatch(schema))


def _layer(table: Table, known: Known) -> Iterator[Looked]:
    yield Looked(table, table.id, False, "a copy on the way to other tables: questions find it too")


def unreadable(name: str) -> list[str]:
    """The pieces of a name that are no English words and no abbreviations that we spell out."""
    pieces = [p for p in names.split(name) if p not in names.GENERIC_PREFIXES]
    return [p for p in pieces if not _is_word(p)]


def _is_word(piece: str) -> bool:
    if piece.isdigit() or piece in _SAID or piece in names.ABBREVIATIONS:
        return True
    return len(piece) > 1 and is_known(piece, "en")


def _names(table: Table, known: Known) -> Iterator[Looked]:
    """Names that are words, or explained."""
    explained = bool(table.description or table.synonyms)
    yield _name(table, table.id, table.name, explained)
    for column in table.columns:
        yield _name(table, column.id, column.name, bool(column.description or column.synonyms))


def _name(table: Table, item: str, name: str, explained: bool) -> Looked:
    odd = unreadable(name)
    why = f"{', '.join(odd)}: no word that people say, and nothing explains it"
    return Looked(table, item, explained or not odd, why)


def _descriptions(table: Table, known: Known) -> Iterator[Looked]:
    """The table, and the columns that are no keys."""
    yield Looked(table, table.id, bool(table.description), "no description")
    keys = {*table.primary_key, *(c for r in known.references[table.id] for c in r.columns)}
    for column in table.columns:
        if column.name not in keys:
            yield Looked(table, column.id, bool(column.description), "no description")


def _synonyms(table: Table, known: Known) -> Iterator[Looked]:
    """What people call the table and what it measures, and what a technical name is short for."""
    named = set(names.words_of(table.name, names.GENERIC_PREFIXES))
    entity = set(names.words_of(table.entity or ""))
    told = bool(table.synonyms) or bool(entity - named)
    yield Looked(table, table.id, told, "no other name that people call it by")
    for column in _measures(table, known):
        yield Looked(table, column.id, bool(column.synonyms), "a measure without another name")


def _measures(table: Table, known: Known) -> list[Column]:
    keys = {*table.primary_key, *(c for r in known.references[table.id] for c in r.columns)}
    return [
        c for c in table.columns
        if c.is_number and c.additivity != "none" and c.name not in keys
        and not is_flag(c, known.view)
    ]  # fmt: skip


def _display(table: Table, known: Known) -> Iterator[Looked]:
    """What a row is called, where others refer to it and a text of it could be its name."""
    if table.id in known.referred:
        texts = [c for c in table.columns if c.type == "text" and not c.pii]
        texts = [c for c in texts if c.name not in table.primary_key]
        apart = [c.name for c in texts if (c.distinct or 0) > MOSTLY * (table.rows or 0) > 0]
        if table.display or apart:
            wanted = tuple(apart[:1])
            yield Looked(table, table.id, bool(table.display), "nothing names its rows", wanted)


def _dates(table: Table, known: Known) -> Iterator[Looked]:
    """Which of several dates a period is about."""
    dates = [c for c in dates_of(table) if not is_technical(c) and not is_personal(c)]
    if len(dates) > 1:
        always = [c.name for c in dates if not c.null_fraction] or [dates[0].name]
        why = f"{len(dates)} dates ({', '.join(c.name for c in dates[:4])}), none the default"
        yield Looked(table, table.id, table.default_date is not None, why, (always[0],))


def _additivity(table: Table, known: Known) -> Iterator[Looked]:
    """Whether a number may be added up: said by its name or its notes."""
    for column in _measures(table, known):
        told = column.additivity_said or is_told_by_name(column)
        yield Looked(table, column.id, told, f"added up ({column.additivity}) by guess", ("sum",))


def _units(table: Table, known: Known) -> Iterator[Looked]:
    """In what money, weight and length are told."""
    for column in _measures(table, known):
        words = set(names.words_of(column.name))
        if words & _MEASURED and column.additivity != "none":
            yield Looked(table, column.id, bool(column.unit), "no unit")


def _codes(table: Table, known: Known) -> Iterator[Looked]:
    """What codes stand for."""
    for column in table.columns:
        codes = _codes_of(column, table, known.view)
        if codes:
            told = any(legend(column, known.view))
            why = f"codes that nothing explains: {', '.join(codes)}"
            yield Looked(table, column.id, told, why, codes)


def _codes_of(column: Column, table: Table, view: View) -> tuple[str, ...]:
    """The codes that a column holds: a few short values; not flags, nor what everybody knows."""
    words = set(names.words_of(column.name))
    few = 2 <= (column.distinct or 0) <= MAX_CODES
    if not few or column.pii or words & _WELL_KNOWN or is_flag(column, view):
        return ()
    if column.type == "integer" and words & _CODED and column.name not in table.primary_key:
        return (f"{column.low} to {column.high}",)
    values = [value for value, _ in view.values(column.id)]
    short = values and all(0 < len(v.strip()) <= SHORT for v in values)
    return tuple(values) if short and column.id in view.catalog.complete else ()


def _keys(table: Table, known: Known) -> Iterator[Looked]:
    """What tells a row from the others."""
    if not table.is_view or table.primary_key:
        told = bool(table.primary_key) and table.key_origin != "guessed"
        why = "its key is guessed" if table.primary_key else "no key: its rows can't be told apart"
        yield Looked(table, table.id, told, why, table.primary_key)


def _references(table: Table, known: Known) -> Iterator[Looked]:
    """What a column refers to: declared, or at least found."""
    own = known.references[table.id]
    for reference in own:
        item = f"{table.id}.{reference.columns[0]}"
        told = reference.origin != "guessed"
        to = (reference.to_table, *reference.to_columns)
        yield Looked(table, item, told, f"refers to {reference.to_table} by guess", to)
    taken = {c for r in own for c in r.columns} | set(table.primary_key)
    for column in table.columns:
        words = names.words_of(column.name)
        if column.name not in taken and len(words) > 1 and words[-1] in ("id", "key"):
            yield Looked(table, column.id, bool(column.description), "refers to nothing known")


def _personal(table: Table, known: Known) -> Iterator[Looked]:
    """Personal data that is masked or hidden; secrets are hidden in any case."""
    for column in table.columns:
        if column.pii and column.pii != SECRET:
            why = f"personal data ({column.pii}) that others than admins see"
            yield Looked(table, column.id, column.id in known.masked, why)


def _metrics(table: Table, known: Known) -> Iterator[Looked]:
    """Metrics over what happens: rows that have a date and refer to others; and their names."""
    found, own = known.metrics[table.id], known.references[table.id]
    if dates_of(table) and (len(own) > 1 or (own and table.id not in known.referred)):
        wanted = _worth(table, known)
        yield Looked(table, table.id, bool(found), "no metric is made of it", wanted)
    for metric in found:
        if metric.table == table.id:
            missing = [w for w in ("label", "description") if not getattr(metric, w)]
            yield Looked(table, metric.name, not missing, f"no {' and no '.join(missing)}")


def _worth(table: Table, known: Known) -> tuple[str, ...]:
    """The money that a row brings, rather than what it costs; empty where there is none."""
    told = [(c, set(names.words_of(c.name))) for c in _measures(table, known)]
    money = [c.name for c, words in told if words & _MONEY and c.additivity == "sum"]
    least = [c.name for c, words in told if words & _SPENT or "price" in words]
    return tuple(sorted(money, key=lambda name: name in least)[:1])


@dataclass(frozen=True, slots=True)
class Check:
    """A check: what it is worth beside the others, and what it looks at in a table."""

    name: str
    weight: float
    _look: Callable[[Table, Known], Iterator[Looked]]

    def look(self, table: Table, known: Known) -> list[Looked]:
        """All that it looked at; nothing where it has nothing to say of the table."""
        return list(self._look(table, known))


LAYER = Check("layers", 10, _layer)
CHECKS: tuple[Check, ...] = (
    LAYER,
    Check("names", 10, _names),
    Check("descriptions", 15, _descriptions),
    Check("synonyms", 25, _synonyms),
    Check("metrics", 30, _metrics),
    Check("display", 10, _display),
    Check("dates", 10, _dates),
    Check("references", 10, _references),
    Check("codes", 10, _codes),
    Check("keys", 5, _keys),
    Check("additivity", 5, _additivity),
    Check("units", 5, _units),
    Check("personal", 5, _personal),
)
