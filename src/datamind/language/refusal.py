"""Refusal: questions that no data answers, known by their form before anything is linked."""

from __future__ import annotations

import re

from datamind.language.tables.refusals import FORMS
from datamind.records import Refusal

# What stands in quotes is text to look for, and asks for nothing.
_QUOTED = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|(?<!\w)'[^'\n]*'(?!\w)|`[^`\n]*`")


def by_form(text: str) -> Refusal | None:
    """The refusal that the question's form calls for, if any."""
    plain = _QUOTED.sub("'…'", text.replace("’", "'"))
    for form in FORMS:
        if form.pattern.search(plain) and not (form.unless and form.unless.search(plain)):
            return Refusal(form.code, form.reason)
    return None
