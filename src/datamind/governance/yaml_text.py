"""YAML as people and programs hand it in, and as we write it: nothing in it is more than it says.

No aliases (a few lines of them stand for billions), no key twice (one would be lost), no more
depth than such files have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

import yaml

from datamind.errors import BadInput

MOST_DEEP = 20
MOST_EVENTS = 400_000
LONGEST = 64 * 1024
TWICE = "a key stands there twice"
# Read alike by YAML 1.1 and 1.2; all else is written in quotes.
PLAIN = re.compile(r"[A-Za-z_*][\w .,@/()*-]*", re.ASCII)
WORDS = frozenset("y n yes no on off true false null".split())
T = TypeVar("T")
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Strict(_Loader):  # type: ignore[misc, valid-type]  # the fast one where there is one
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else ("", str(id(key)))
            if name in seen:
                raise yaml.MarkedYAMLError(problem=TWICE, problem_mark=key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]


class _Quoting(yaml.SafeDumper):
    """Writes texts in quotes where some reader could take them for something else."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    plain = PLAIN.fullmatch(value) and value.lower() not in WORDS and value[0] != "*"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if plain else "'")


_Quoting.add_representer(str, _text)


def read_yaml(text: str, name: str, *, shape: str) -> Mapping[Any, Any]:
    """The mapping in YAML text; BadInput says what is wrong with it, and where in `name`."""
    document = _read(text, name, shape, lambda loader: loader.get_single_data())
    if not isinstance(document, dict):
        raise BadInput(f"{name} holds no mapping.", hint=shape)
    return document


def read_list(text: str, name: str, *, shape: str) -> list[tuple[int, Any]]:
    """The entries of a list in YAML text, each with the line that it starts at."""

    def build(loader: Any) -> list[tuple[int, Any]]:
        node = loader.get_single_node()
        if not isinstance(node, yaml.SequenceNode):
            raise BadInput(f"{name} holds no list.", hint=shape)
        return [(e.start_mark.line + 1, loader.construct_document(e)) for e in node.value]

    return _read(text, name, shape, build)


def _read(text: str, name: str, shape: str, build: Callable[[Any], T]) -> T:
    try:
        _look_through(text)
        loader = _Strict(text)
        try:
            return build(loader)
        finally:
            loader.dispose()
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        if getattr(fault, "problem", None) == TWICE:
            raise BadInput(f"{name}{where}: {TWICE}.", hint="Keep one of them.") from None
        raise BadInput(f"{name} is not YAML{where}.", hint="Check the indents there.") from None
    except (ValueError, RecursionError, OverflowError, TypeError):  # of numbers and dates
        raise BadInput(f"{name} holds a value that can't be read.", hint=shape) from None


def write_yaml(document: Mapping[str, Any]) -> str:
    """The text of a document, the same for the same one; YAML 1.1 and 1.2 read it alike."""
    return yaml.dump(document, Dumper=_Quoting, sort_keys=False, allow_unicode=True, width=100)


def _look_through(text: str) -> None:
    """BadInput for what would cost more than it is worth, before any of it is built."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, _Loader)):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise BadInput(
                f"Line {_line(event)}: anchors and aliases are not taken.",
                hint="Write out what they stand for.",
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        long = isinstance(event, yaml.ScalarEvent) and len(event.value) > LONGEST
        if long or depth > MOST_DEEP or number > MOST_EVENTS:
            raise BadInput(f"Line {_line(event)}: this is longer or deeper than such a file is.")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 0
