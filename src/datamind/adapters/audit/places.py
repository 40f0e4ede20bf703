"""Where the parts of an audit log are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AuditPlaces:
    """Both copies of the chain, what names its end, its sealed segments, and its anchors."""

    database: Path
    file: Path
    turn: Path
    segments: Path
    anchors: Path

    @property
    def all(self) -> tuple[Path, ...]:
        """Whatever a log may be known by."""
        return self.database, self.file, self.turn, self.segments, self.anchors

    @staticmethod
    def of(home: Path, anchors: Path | None = None) -> AuditPlaces:
        """Those in a data folder; the anchors may be elsewhere."""
        logs = home / "logs"
        return AuditPlaces(
            home / "audit.db", logs / "audit.log", home / "audit.head", home / "audit-segments",
            anchors or logs / "audit.anchors",
        )  # fmt: skip
