"""Plans as JSON, whole and strict: what is dumped can be loaded, in this version and later ones."""

from __future__ import annotations

import datetime as dt
import math
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from types import UnionType
from typing import Literal, get_args, get_origin, get_type_hints

from datamind.errors import PlanInvalid
from datamind.semantics import plan as P
from datamind.semantics.walk import NODES, field_names

Json = dict[str, object]
MAX_DEPTH = 60
MAX_NODES = 5_000
_CLASSES: Mapping[str, type] = {kind.__name__: kind for kind in NODES}

# From each older version to the next: takes the whole document and gives the newer one.
UPGRADERS: dict[int, Callable[[Json], Json]] = {}

# How values that JSON lacks are written: tag, writer, reader.
_VALUES: tuple[tuple[type, str, Callable[[typing.Any], str], Callable[[str], object]], ...] = (
    (dt.datetime, "timestamp", dt.datetime.isoformat, dt.datetime.fromisoformat),
    (dt.date, "date", dt.date.isoformat, dt.date.fromisoformat),
    (dt.time, "time", dt.time.isoformat, dt.time.fromisoformat),
    (Decimal, "decimal", str, Decimal),
)


# ---- writing -----------------------------------------------------------------------------------


def dump(query: P.Query) -> Json:
    """The plan as a JSON object with its schema version."""
    return {"schema_version": P.SCHEMA_VERSION, "plan": _dumped(query)}


def _dumped(value: object) -> object:
    if isinstance(value, tuple):
        return [_dumped(item) for item in value]
    if isinstance(value, P.Value):
        return {"type": "Value", "value": _scalar(value.value)}
    if type(value) in NODES:
        return _node(value)
    return value


def _node(value: object) -> Json:
    """A node by its class name, with the fields that differ from their defaults."""
    kind: type = type(value)
    defaults = _defaults(kind)
    made: Json = {"type": kind.__name__}
    for name in field_names(kind):
        held = getattr(value, name)
        if name not in defaults or held != defaults[name] or type(held) is not type(defaults[name]):
            made[name] = _dumped(held)
    return made


def _scalar(value: object) -> object:
    for kind, tag, write, _ in _VALUES:
        if type(value) is kind:
            return {tag: write(value)}
    if isinstance(value, float) and not math.isfinite(value):
        raise PlanInvalid("A value is not a finite number.")
    return value


@cache
def _defaults(kind: type) -> Mapping[str, object]:
    import dataclasses

    return {
        f.name: f.default for f in dataclasses.fields(kind) if f.default is not dataclasses.MISSING
    }


# ---- reading -----------------------------------------------------------------------------------


def load(document: Mapping[str, object]) -> P.Query:
    """The plan of a JSON object of this or an older version; PlanInvalid names the place."""
    made = _Reader().read(_upgraded(document).get("plan"), (P.Query,), "plan", 0)
    assert isinstance(made, P.Query)
    return made


def _upgraded(document: Mapping[str, object]) -> Json:
    if not isinstance(document, Mapping):
        raise PlanInvalid("A plan is a JSON object.")
    made = dict(document)
    version = made.get("schema_version")
    while isinstance(version, int) and version in UPGRADERS:
        made = UPGRADERS[version](made)
        version = made.get("schema_version")
    if version != P.SCHEMA_VERSION or isinstance(version, bool):
        raise PlanInvalid(f"schema_version: expected {P.SCHEMA_VERSION}, not {version!r:.40}.")
    if unknown := set(made) - {"schema_version", "plan"}:
        raise PlanInvalid(f"A plan has no field {min(map(str, unknown))!r:.40}.")
    return made


class _Reader:
    """Reads one document and counts its nodes."""

    def __init__(self) -> None:
        self.nodes = 0

    def read(self, found: object, kinds: tuple[object, ...], place: str, depth: int) -> object:
        """A value that must be of one of these kinds."""
        if depth > MAX_DEPTH:
            raise PlanInvalid(f"{place:.80}: nested more than {MAX_DEPTH} deep.")
        if isinstance(found, Mapping):
            return self._read_node(found, kinds, place, depth)
        if isinstance(found, list):
            return self._read_list(found, kinds, place, depth)
        for kind in kinds:
            if get_origin(kind) is Literal:
                if isinstance(found, str) and found in get_args(kind):
                    return found
            elif kind is float and type(found) is int:
                return float(found)
            elif isinstance(kind, type) and type(found) is kind:
                return found
        raise PlanInvalid(f"{place}: {found!r:.40} is not {_described(kinds)}.")

    def _read_list(
        self, found: list[object], kinds: tuple[object, ...], place: str, depth: int
    ) -> object:
        for kind in kinds:
            if get_origin(kind) is tuple:
                item = _options(get_args(kind)[0])
                return tuple(
                    self.read(f, item, f"{place}[{n}]", depth + 1) for n, f in enumerate(found)
                )
        raise PlanInvalid(f"{place}: a list is not {_described(kinds)}.")

    def _read_node(
        self, found: Mapping[str, object], kinds: tuple[object, ...], place: str, depth: int
    ) -> object:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise PlanInvalid(f"A plan has at most {MAX_NODES} parts.")
        tag = found.get("type")
        kind = _CLASSES.get(tag) if isinstance(tag, str) else None
        if kind is None or kind not in kinds:
            raise PlanInvalid(f"{place}: {tag!r:.40} is not {_described(kinds)}.")
        if kind is P.Value:
            return _read_value(found, place)
        return self._built(kind, found, place, depth)

    def _built(self, kind: type, found: Mapping[str, object], place: str, depth: int) -> object:
        hints, defaults = _hints(kind), _defaults(kind)
        if unknown := set(found) - set(hints) - {"type"}:
            raise PlanInvalid(
                f"{place}: {kind.__name__} has no field {min(map(str, unknown))!r:.40}."
            )
        values = {}
        for name, options in hints.items():
            if name in found:
                values[name] = self.read(found[name], options, f"{place}.{name}", depth + 1)
            elif name not in defaults:
                raise PlanInvalid(f"{place}: {kind.__name__} needs {name}.")
        return kind(**values)


def _read_value(found: Mapping[str, object], place: str) -> P.Value:
    if set(found) != {"type", "value"}:
        raise PlanInvalid(f"{place}: a Value has one field, value.")
    held = found["value"]
    if held is None or type(held) in (str, int, bool):
        return P.Value(held)  # type: ignore[arg-type]  # one of these types, as just seen
    if isinstance(held, float) and math.isfinite(held):
        return P.Value(held)
    if isinstance(held, Mapping) and len(held) == 1:
        ((tag, text),) = held.items()
        for _, name, _, read in _VALUES:
            if name == tag and isinstance(text, str):
                return P.Value(_parsed(read, text, f"{place}.value"))  # type: ignore[arg-type]
    raise PlanInvalid(f"{place}.value: {held!r:.40} is not a value.")


def _parsed(read: Callable[[str], object], text: str, place: str) -> object:
    try:
        made = read(text)
    except (ValueError, InvalidOperation):
        made = None
    if made is None or (isinstance(made, Decimal) and not made.is_finite()):
        raise PlanInvalid(f"{place}: {text!r:.40} can't be read.")
    return made


@cache
def _hints(kind: type) -> Mapping[str, tuple[object, ...]]:
    hints = get_type_hints(kind, vars(P))
    return {name: _options(hints[name]) for name in field_names(kind)}


@cache
def _options(hint: object) -> tuple[object, ...]:
    """The kinds that a union allows; the kind itself if it is none."""
    if isinstance(hint, UnionType) or get_origin(hint) is typing.Union:
        return tuple(o for arm in get_args(hint) for o in _options(arm))
    return (hint,)


def _described(kinds: tuple[object, ...]) -> str:
    if len(kinds) > 4:
        return "an expression" if P.Column in kinds else "a predicate or step that fits here"
    return " or ".join(getattr(k, "__name__", str(k).replace("typing.", "")) for k in kinds)
