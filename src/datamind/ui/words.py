"""The words of the pages: what stages, statuses, roles and levels of trust are called."""

from __future__ import annotations

import re

STAGES = (
    ("interpret", "Understand"),
    ("generate", "Write SQL"),
    ("validate", "Check"),
    ("optimize", "Optimize"),
    ("sanitize", "Apply policies"),
    ("execute", "Run"),
    ("explain", "Explain"),
)
# level: (its name, its icon, what it means)
TRUST = {
    "governed": (
        "Governed", "verified",
        "Made only of metrics and dimensions that your company has defined.",
    ),
    "verified": (
        "Verified", "workspace_premium", "Matches an example that a person has approved.",
    ),
    "derived": (
        "Derived", "schema",
        "Worked out from tables and columns of the catalog; no defined metric says it.",
    ),
    "generated": (
        "Generated", "edit_note",
        "SQL that a person or a model wrote; no plan stands behind it. Read it before use.",
    ),
}  # fmt: skip
# status: (what it is called, its icon, its tone)
STATUSES = {
    "answered": ("Answered", "check_circle", "good"),
    "clarify": ("Needs a choice", "alt_route", "note"),
    "refused": ("Not in the data", "search_off", "note"),
    "forbidden": ("Not allowed", "lock", "bad"),
    "error": ("Failed", "error", "bad"),
    "cancelled": ("Stopped", "stop_circle", "quiet"),
}
ROLES = {
    "viewer": ("Viewer", "Looks at the catalog and the history."),
    "analyst": ("Analyst", "Asks questions and runs SQL."),
    "admin": ("Admin", "Asks, and manages the people."),
}
CHARTS = {"line": "Line chart", "bar": "Bar chart", "pie": "Pie chart", "scatter": "Scatter chart"}
SEE_CATALOG = "Ask in words of the data: the Catalog shows what there is."
SEE_TABLES = "The Catalog shows the tables and columns that there are."
_HINTS = {
    "unknown_table": SEE_TABLES,
    "unknown_column": SEE_TABLES,
    "internal": "Try again. If it lasts, tell an admin, with the reference below.",
    "not_found": "It may have been removed, or is not yours to see.",
    "warehouse_error": "Try again. If it lasts, tell an admin, with the reference below.",
    "warehouse_not_found": "Try again. If it lasts, tell an admin, with the reference below.",
    "unavailable": "Try again in a moment.",
    "overloaded": "Try again in a moment.",
    "bad_input": "Check what you entered.",
}
_FOR_PROGRAMS = re.compile(r"`|datamind|Retry-After|/docs|/health|CORS|PATCH|Bearer|warehouse URL")
_DETAILS = {"Query execution unavailable:": "Questions can't be answered now:"}


def hint_for_people(hint: str | None, code: str = "") -> str:
    """The hint, where it speaks of pages; else what it comes to for whoever looks at one."""
    if not hint:
        return _HINTS.get(code, "")
    if _HINTS.get(code) == SEE_TABLES:
        return SEE_TABLES
    if "catalog" in hint:
        return SEE_CATALOG
    if code in _HINTS and (_FOR_PROGRAMS.search(hint) or code == "internal"):
        return _HINTS[code]
    return "" if _FOR_PROGRAMS.search(hint) else hint


def for_people(detail: str) -> str:
    """What went wrong, said of pages."""
    for ours, theirs in _DETAILS.items():
        detail = detail.replace(ours, theirs)
    return detail


def spoken(name: str) -> str:
    """A column's or table's name as people say it."""
    text = re.sub(r"^(number_of_)?(dim|fct|fact|stg)_", r"\1", name)
    text = text.replace("_", " ").strip()
    return (text[:1].upper() + text[1:]) or name


def duration(milliseconds: float) -> str:
    """A time as people read it."""
    if milliseconds < 1:
        return "<1 ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
