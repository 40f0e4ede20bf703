"""What is in a backup, and what is told of it in the backup itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from datamind.errors import BadInput

FORMAT = 2
KNOWN = (1, FORMAT)  # the first had neither blocks nor increments
MANIFEST, STORE, SETTINGS, SECRETS, ENV = (
    "manifest.json", "datamind.db", "settings.json", "secrets.json", "restored.env",
)  # fmt: skip
# Digests of a whole backup's blocks, and of an increment its recipe and the blocks that are new.
BLOCKS, RECIPE, NEW = "blocks.sha256", "recipe.json", "blocks.new"
AUDIT = ("audit.db", "audit.head", "audit-segments", "logs/audit.log", "logs/audit.anchors")
FOLDERS = ("catalogs", "evaluations")
# All that is put back, by its place in DATAMIND_HOME.
PARTS = (STORE, *AUDIT, *FOLDERS, SECRETS, ENV)


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the backup."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Base:
    """The whole backup that an increment goes on from: its file's name and its manifest's hash."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """By whom and when it was made, of which kind of store at which revision; rows by table, the
    place of the last audit record, whether secrets are in it, and each file; of an increment as it
    is once put together. `state` is the same where nothing changed but jobs and schedules."""

    format: int
    version: str
    made_at: str
    revision: str
    store: str
    tables: Mapping[str, int]
    audit_records: int
    secrets: bool
    members: Mapping[str, Member]
    state: str = ""
    base: Base | None = None

    def text(self) -> str:
        """As it stands in the backup."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def read(text: str) -> Manifest:
    """The manifest; BadInput where it is none that this version knows."""
    try:
        found = json.loads(text)
        if found["format"] not in KNOWN:
            raise BadInput(
                f"The backup is of format {found['format']}, which this DataMind does not know.",
                hint="Use the version that made it, or a newer one.",
            )
        members = {name: Member(**one) for name, one in found.pop("members").items()}
        base = found.pop("base", None)
        return Manifest(**found, members=members, base=base and Base(**base))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadInput("The backup's manifest can't be read.", hint="It is damaged.") from None


def members_of(folder: Path) -> dict[str, Member]:
    """All files below the folder, by their place in it."""
    return {
        str(path.relative_to(folder)): Member(path.stat().st_size, digest_of(path))
        for path in files_of(folder)
    }


def files_of(folder: Path) -> Iterator[Path]:
    """The files below the folder, in order."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def digest_of(path: Path) -> str:
    """Its SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
