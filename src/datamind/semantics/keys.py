"""Keys: which columns identify rows and which refer to others, guessed where undeclared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from datamind.language import names
from datamind.language.tokens import lemma
from datamind.semantics.catalog import Column, Relationship, Table
from datamind.semantics.traits import is_any_text

KEY_WORDS = frozenset({"id", "key", "code", "no", "number", "identifier", "uuid", "name", "symbol"})
# A column that begins so holds a number or a flag, and refers to nothing.
_MEASURES = frozenset({"number", "count", "total", "average", "has", "is", "sum", "maximum"})
GENERIC = frozenset(
    """id name code type status date year month number key title description value count text
    timestamp created updated""".split()
)
# Share of a column's values that must exist on the other side; real data has orphans, so less is
# asked of a column that bears the key's very name.
INCLUDED = 0.9
INCLUDED_SAME_NAME = 0.5


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference that the names suggest; the data has to bear it out."""

    column: Column
    target: Column
    likeness: float
    role: str


def guess_primary_key(table: Table) -> tuple[str, ...]:
    """A column that is unique, never null, and named like a key; empty if there is none."""
    if not table.rows:
        return ()
    unique = [c for c in table.columns if c.distinct == table.rows and not c.null_fraction]
    scored = [
        (_key_score(c, table, place), c.name)
        for place, c in enumerate(table.columns)
        if c in unique
    ]
    best = max(scored, default=None, key=lambda s: s[0])
    return (best[1],) if best is not None and best[0] > 0 else ()


def _said_words(column: str, table: str) -> tuple[str, ...]:
    """The column's words; run together with its table's name (`paperid`) they are cut apart."""
    entity = "".join(names.words_of(table, names.GENERIC_PREFIXES))
    lower = column.lower()
    if lower.startswith(entity) and lower[len(entity) :] in KEY_WORDS:
        return (entity, lower[len(entity) :])
    return _words_of(column)


def _words_of(name: str, prefixes: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The name's words; a name without a letter (`#`) is one word."""
    return names.words_of(name, prefixes) or (name.lower(),)


def _key_score(column: Column, table: Table, place: int) -> float:
    words = _said_words(column.name, table.name)
    own_words = names.words_of(table.name, names.GENERIC_PREFIXES)
    entity = {*own_words, "".join(own_words)}
    if column.type in ("float", "boolean", "date", "timestamp", "time", "interval", "other"):
        return 0.0
    own = [w for w in words if w not in entity and w not in KEY_WORDS]
    score = 0.0
    if words[-1] in ("id", "key", "identifier", "uuid") or words == ("id",):
        score = 3.0 if len(own) <= 1 else 1.2
    elif column.name.lower().endswith("id") and len(column.name) <= 4:
        score = 2.6
    elif words[-1] in ("code", "no", "number", "symbol"):
        score = 2.2 if len(own) <= 1 else 0.6
    elif words[-1] == "name" and len(own) <= 1:
        score = 1.0
    return score - 0.05 * place if score else 0.0


def plausible_references(tables: Sequence[Table]) -> list[Reference]:
    """References that the names suggest, at most a few a column; never all pairs."""
    prefixes = names.common_prefixes([t.name for t in tables])
    by_entity: dict[tuple[str, ...], list[Table]] = defaultdict(list)
    by_name: dict[str, list[Table]] = defaultdict(list)
    for table in tables:
        if len(table.primary_key) == 1:
            by_entity[names.words_of(table.name, prefixes)].append(table)
            by_name[table.primary_key[0].lower()].append(table)
    for name, owners in by_name.items():
        by_name[name] = [min(owners, key=_bridging)]
    out: list[Reference] = []
    for table in tables:
        own = names.common_prefixes([c.name for c in table.columns], 0.8)
        for column in table.columns:
            out.extend(_references(table, column, own, by_entity, by_name))
    return out


def _bridging(table: Table) -> tuple[bool, float, int]:
    """How little a table owns its key: not named by it, and mostly columns named like keys."""
    words = _said_words(table.primary_key[0], table.name)
    own = tuple(w for w in words if w not in KEY_WORDS)
    entity = names.words_of(table.name, names.GENERIC_PREFIXES)
    named = own == entity or own == ("".join(entity),)
    keyed = sum(
        _words_of(c.name)[-1] in ("id", "key", "code") or c.name.lower().endswith("id")
        for c in table.columns
    )
    return (not named, keyed / len(table.columns), len(table.name))


def _references(
    table: Table, column: Column, prefixes: frozenset[str],
    by_entity: Mapping[tuple[str, ...], list[Table]], by_name: Mapping[str, list[Table]],
) -> list[Reference]:  # fmt: skip
    if column.type not in ("integer", "text", "decimal"):
        return []
    found: list[Reference] = []
    words = _words_of(column.name, prefixes)
    core = list(words)
    while len(core) > 1 and core[-1] in KEY_WORDS:
        core.pop()
    is_keylike = words[-1] in KEY_WORDS or column.name.lower().endswith("id")
    last = (names.split(column.name) or words)[-1]
    if words[0] in _MEASURES or (not is_keylike and lemma(last) != last):
        return []
    for size in range(len(core), 0, -1):
        for target in by_entity.get(tuple(core[-size:]), ()):
            own = names.words_of(table.name, names.GENERIC_PREFIXES)
            role = "_".join(w for w in core[:-size] if w not in own)
            likeness = (0.9 if is_keylike else 0.7) - 0.05 * (len(core) - size)
            found += [_reference(column, target, likeness, role)]
    if column.name.lower().strip("_") not in GENERIC:  # as `_id`, of which every table has one
        for target in by_name.get(column.name.lower(), ()):
            found.append(_reference(column, target, 0.95, ""))
    found.extend(_run_together(column, by_name))
    return [
        r for r in found
        if r.target.table != table.id and _compatible(column, r.target)
    ]  # fmt: skip


def _run_together(column: Column, by_name: Mapping[str, list[Table]]) -> list[Reference]:
    """`citingpaperid` refers to `paperid`: the name ends in a key's whole name."""
    lower = column.name.lower()
    return [
        _reference(column, target, 0.8, lower[:start].strip("_"))
        for start in range(1, len(lower) - 4)
        if lower[start:] not in GENERIC
        for target in by_name.get(lower[start:], ())
    ]


def _reference(column: Column, target: Table, likeness: float, role: str) -> Reference:
    return Reference(column, target.column(target.primary_key[0]), likeness, role)


def _compatible(column: Column, target: Column) -> bool:
    whole = ("integer", "decimal")
    if column.type == target.type == "text":  # a UUID can't be joined to just any text
        plain = [is_any_text(c.native_type) for c in (column, target)]
        return all(plain) or column.native_type == target.native_type
    return column.type == target.type or (column.type in whole and target.type in whole)


def relationships(
    tables: Mapping[str, Table], checked: Iterable[tuple[Reference, float]],
    declared: Sequence[Relationship],
) -> list[Relationship]:  # fmt: skip
    """References that the data bears out, the likeliest for each column, beside the declared.

    `checked` pairs each reference with the share of its values that exist on the other side.
    """
    taken = {(r.table, c) for r in declared for c in r.columns}
    best: dict[tuple[str, str], tuple[float, Reference]] = {}
    for reference, share in checked:
        key = (reference.column.table, reference.column.name)
        same = reference.likeness >= 0.9 or (reference.likeness >= 0.7 and not reference.role)
        if key in taken or share < (INCLUDED_SAME_NAME if same else INCLUDED):
            continue
        score = reference.likeness * share
        if key not in best or score > best[key][0]:
            best[key] = (score, reference)
    return [
        Relationship(
            id=f"{table}.{column}->{reference.target.id}",
            table=table,
            columns=(column,),
            to_table=reference.target.table,
            to_columns=(reference.target.name,),
            origin="guessed",
            confidence=round(min(score, 0.95), 3),
            one_to_one=_is_unique(tables[table], column),
            role=reference.role,
        )
        for (table, column), (score, reference) in sorted(best.items())
    ]


def _is_unique(table: Table, column: str) -> bool:
    return (column,) == table.primary_key or (column,) in table.unique_keys


def declared_relationship(
    tables: Mapping[str, Table], table: str, columns: tuple[str, ...], to_table: str,
    to_columns: tuple[str, ...],
) -> Relationship:  # fmt: skip
    """A relationship that the database declares, with its role told from the column's name."""
    owner = tables[table]
    unique = columns == owner.primary_key or columns in owner.unique_keys
    return Relationship(
        id=f"{table}.{'+'.join(columns)}->{to_table}.{'+'.join(to_columns)}",
        table=table,
        columns=columns,
        to_table=to_table,
        to_columns=to_columns,
        one_to_one=unique,
        role=_role(columns, to_table, to_columns),
    )


def _role(columns: tuple[str, ...], to_table: str, to_columns: tuple[str, ...]) -> str:
    """The words of the referring column that the other side's names do not have."""
    if len(columns) != 1:
        return ""
    known = {*names.words_of(to_table, names.GENERIC_PREFIXES), *names.words_of(to_columns[0])}
    prefixes = names.split(columns[0])[:2]
    words = [w for w in names.words_of(columns[0]) if w not in known | KEY_WORDS]
    return "_".join(w for w in words if w in prefixes or len(w) > 2)
