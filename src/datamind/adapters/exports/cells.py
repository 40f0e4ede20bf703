"""Cells: texts that a spreadsheet would run as a formula are escaped, so that it shows them."""

from __future__ import annotations

import re

# What a formula begins with: in ASCII, and the letters of other widths that spreadsheets take for
# the same. Before it they pass over blanks, and over marks that nobody sees.
BEGINS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
BLANK = r"[\s\x00-\x1f\x7f\xa0\xad\u180e\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff]"
RUNS = re.compile(rf"{BLANK}*[{BEGINS}]|[\t\r\n]")
# Where a program takes something else than the comma for the end of a cell.
INSIDE = re.compile(rf"(?<=[;\t\r\n|])(?=(?:(?![\t\r\n]){BLANK})*[{BEGINS}])")


def shown(text: str) -> str:
    """The text, behind an apostrophe if a spreadsheet would not show but run it."""
    return f"'{text}" if RUNS.match(text) else text


def shown_wherever_it_is_cut(text: str) -> str:
    """The same for a text file, whose cells may be cut at semicolons, bars, tabs or lines."""
    return shown(INSIDE.sub("'", text))
