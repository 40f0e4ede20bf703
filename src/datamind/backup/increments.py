"""Increments: what changed since a whole backup, as the blocks of files that it does not hold.

Each goes on from a whole backup and from nothing else, so that one that is lost takes no other with
it. Blocks are known by their SHA-256, wherever they stood: rows of PostgreSQL are copied anew each
time and move. Files that are put together are proved by their own SHA-256, as those of any backup.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datamind.backup import archive
from datamind.backup.archive import DAMAGED
from datamind.backup.manifest import BLOCKS, MANIFEST, NEW, RECIPE, Base, Manifest
from datamind.errors import BadInput, NotFound
from datamind.rooms.system.backup_files import is_ours, made_at, states

BLOCK = 4096  # a page of SQLite
DIGEST = hashlib.sha256().digest_size
Run = tuple[str, int, int]  # a file of the whole backup ("": the new blocks), the first, how many


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole backup to go on from: where it holds which block."""

    base: Base
    places: Mapping[bytes, tuple[str, int]]


def digests(folder: Path, names: Sequence[str]) -> bytes:
    """The SHA-256 of each block of these files, one after the other."""
    return b"".join(digest for name in names for digest, _ in _blocks(folder / name))


def whole(file: Path, keys: Sequence[str]) -> Whole | None:
    """The whole backup to go on from; None where it can't be: it is damaged, of another key, or of
    a version that noted no blocks."""
    try:
        found = archive.beginning(file, keys)
    except BadInput:
        return None
    if not found.blocks or archive.is_encrypted(file) != bool(keys):
        return None
    places: dict[bytes, tuple[str, int]] = {}
    at = 0
    for name, member in sorted(found.manifest.members.items()):
        if name == BLOCKS:
            continue
        for number in range(-(-member.bytes // BLOCK)):
            places.setdefault(found.blocks[at : at + DIGEST], (name, number))
            at += DIGEST
    return Whole(Base(file.name, found.sha256), places)


def difference(folder: Path, names: Sequence[str], held: Whole, target: Path) -> None:
    """Put into the target how these files are made from the whole backup, and what is new."""
    places, recipe = dict(held.places), {}
    fresh = 0
    with (target / NEW).open("wb") as new:
        for name in names:
            runs: list[Run] = []
            for digest, block in _blocks(folder / name):
                if digest not in places:
                    new.write(block.ljust(BLOCK, b"\0"))
                    places[digest] = ("", fresh)
                    fresh += 1
                _extend(runs, *places[digest])
            recipe[name] = runs
    (target / RECIPE).write_text(json.dumps(recipe))


def unpack(file: Path, folder: Path, keys: Sequence[str]) -> Manifest:
    """Put all files of the backup into the folder, which is empty, be it whole or an increment.
    BadInput for one that is damaged, encrypted with another key, or whose whole backup is missing;
    its hint names the newest one before it that can be read."""
    try:
        if archive.beginning(file, keys).manifest.base is None:
            return archive.unpack(file, folder, keys)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="unpacking-") as scratch:
            parts, base = Path(scratch, "increment"), Path(scratch, "whole")
            manifest = archive.unpack(file, parts, keys)
            archive.unpack(_base_of(manifest, file, keys), base, keys)
            _put_together(manifest, parts, base, folder)
            return manifest
    except BadInput as fault:
        raise BadInput(fault.message, hint=instead(file, keys) or fault.hint) from None


def instead(file: Path, keys: Sequence[str]) -> str:
    """What to take in place of one that is broken, for people; nothing where it is not one of the
    installation's own, or where none before it can be read."""
    sound: dict[Path, bool] = {}

    def reads(one: Path) -> bool:
        if one not in sound:
            try:
                archive.read_through(one, keys)
                manifest = archive.beginning(one, keys).manifest
                sound[one] = manifest.base is None or reads(_base_of(manifest, one, keys))
            except (BadInput, NotFound):
                sound[one] = False
        return sound[one]

    if not is_ours(file):
        return ""
    earlier = (one for one in states(file.parent) if made_at(one) < made_at(file))
    found = next((one for one in earlier if reads(one)), None)
    return f"The newest one before it that can be read is {found}." if found else ""


def _base_of(manifest: Manifest, file: Path, keys: Sequence[str]) -> Path:
    """The file of the whole backup that the increment was made from, and no other one."""
    base = manifest.base
    assert base is not None
    path = file.with_name(Path(base.name).name)
    if not path.exists():
        raise BadInput(
            f"The increment goes on from {base.name}, which is not beside it.",
            hint="Bring that backup there, too.",
        )
    try:
        found = archive.beginning(path, keys).sha256
    except BadInput as fault:
        raise BadInput(f"{base.name}, which it goes on from: {fault.message}") from None
    if found != base.sha256:
        raise BadInput(f"{base.name} is not the backup that the increment goes on from.")
    return path


def _put_together(manifest: Manifest, parts: Path, base: Path, folder: Path) -> None:
    """The files as the recipe says; whether they are right is for their hashes to say."""
    try:
        recipe = json.loads((parts / RECIPE).read_text())
        for name, runs in recipe.items():
            target = _inside(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as out:
                for source, first, count in runs:
                    path = _inside(base, source) if source else parts / NEW
                    with path.open("rb") as held:
                        held.seek(first * BLOCK)
                        for _ in range(count):
                            out.write(held.read(BLOCK))
                out.truncate(manifest.members[name].bytes)
        (parts / MANIFEST).rename(folder / MANIFEST)
    except (ValueError, KeyError, TypeError, AttributeError, FileNotFoundError):
        raise BadInput(DAMAGED, hint="Take another one.") from None


def _inside(folder: Path, name: str) -> Path:
    """The file of this name below the folder: a recipe that was forged leads nowhere else."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError
    return path


def _blocks(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Each block of the file with its digest; the last may be short."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield hashlib.sha256(block).digest(), block


def _extend(runs: list[Run], source: str, number: int) -> None:
    if runs and runs[-1][0] == source and sum(runs[-1][1:]) == number:
        runs[-1] = (source, runs[-1][1], runs[-1][2] + 1)
    else:
        runs.append((source, number, 1))
