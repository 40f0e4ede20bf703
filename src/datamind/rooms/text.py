"""Text from outside: what a database can hold, without NUL and halves of letters."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def plain(text: str) -> str:
    """The text; ValueError where it holds what is no text."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("this holds bytes that are no text")
    return text


def address_of(email: str) -> str:
    """An e-mail address as accounts and counts know it, however it was typed."""
    return email.strip().lower()


Text = Annotated[str, AfterValidator(plain)]
