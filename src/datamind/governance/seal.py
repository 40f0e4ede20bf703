"""The seal of a governed statement: its fingerprint names the policies and all that will run."""

from __future__ import annotations

import hashlib

from datamind.errors import AccessDenied
from datamind.records import Governed


def sealed(governed: Governed, policies: str) -> str:
    """The fingerprint of what runs, under the policies of that fingerprint. Equal for askers who
    read the same, so that what is kept for one may be shown to the other."""
    said = (
        policies, governed.sql, governed.parameters, governed.dialect, governed.target,
        governed.relations, governed.lineage, governed.row_limit, governed.volatile,
    )  # fmt: skip
    return f"{policies}-{hashlib.sha256(repr(said).encode()).hexdigest()[:32]}"


def must_be_sealed(governed: object) -> None:
    """AccessDenied for anything but a statement that the guard has made, as it made it."""
    if type(governed) is Governed:
        policies, _, _ = governed.fingerprint.rpartition("-")
        if governed.fingerprint == sealed(governed, policies):
            return
    raise AccessDenied("Only what the guard has made can run.", hint="Report this: it is a fault.")
