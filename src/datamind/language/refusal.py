"""Refusal: questions that no data answers, known by their form before anything is linked."""

from __future__ import annotations

from datamind.language.tables.refusals import FORMS
from datamind.records import Refusal


def by_form(text: str) -> Refusal | None:
    """The refusal that the question's form calls for, if any."""
    for form in FORMS:
        if form.pattern.search(text):
            return Refusal(form.code, form.reason)
    return None
