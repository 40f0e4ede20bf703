"""Appositions: `the return rate, i.e. units returned divided by units sold`: what is explained
inside a question becomes a definition like those of the evidence."""

from __future__ import annotations

import re

_SAID = re.compile(
    r"[,(–—-]?\s*\b(?:i\.\s?e\.|that is to say|that is,|in other words,?|namely)[,:]?\s+"
    r"(?P<meaning>[^,.;?!()]+)(?P<end>[,)]?)",
    re.IGNORECASE,
)
_LONGEST = 3  # words of what is explained


def explained(text: str) -> tuple[str, str] | None:
    """The text with its explanation blanked, so that places in it stay, and the explanation as
    definitions of the last one, two and three words before it; None where nothing is explained."""
    found = _SAID.search(text)
    if found is None:
        return None
    words = re.findall(r"[\w'-]+", text[: found.start()])
    names = [" ".join(words[-n:]) for n in range(min(_LONGEST, len(words)), 0, -1)]
    meaning = found["meaning"].strip()
    blank = " " * (found.end() - found.start())
    return (
        text[: found.start()] + blank + text[found.end() :],
        "\n".join(f"{name} = {meaning}" for name in names),
    )
