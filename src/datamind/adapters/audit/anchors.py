"""Anchors: heads of the audit chain that were written down elsewhere, in a chain of their own.

Who cuts records off, or writes the chain anew, has to do the same there.
"""

from __future__ import annotations

import json
from pathlib import Path

from datamind.adapters.audit.chain import START, Head, Link, linked, of_use
from datamind.adapters.audit.file import ChainFile

USE = "anchors"


class Anchors:
    """The anchors in a file."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.file = ChainFile(path)
        self.key = of_use(key, USE)

    def drop(self, head: Head) -> None:
        """Write the head down, unless it was the last one too."""
        last = self.file.last()
        if last is not None and head_of(last) == head:
            return
        said = json.dumps({"anchor": head[0], "of": head[1]}, separators=(",", ":"))
        self.file.append(linked(self.key, last.head if last else START, [said]))


def head_of(link: Link) -> Head:
    """The head that an anchor names."""
    made = json.loads(link.record)
    return int(made["anchor"]), str(made["of"])
