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
# When, which stands between what is explained and its explanation.
_BETWEEN = re.compile(
    r"\b(?:(?:in|during|since|over|for) (?:[\w.]+ ){0,4}(?:19|20)\d\d"
    r"|(?:(?:in|during|since|over|for) )?(?:(?:the )?(?:last|this|past|previous|current) )?"
    r"(?:\d+ )?(?:days?|weeks?|months?|quarters?|years?|today|yesterday|(?:19|20)\d\d))\s*$",
    re.IGNORECASE,
)


# A verb without who did it: `i.e. had no luggage`, `i.e. the guest never came`.
_DONE = re.compile(
    r"^(?:(?:they|it|he|she|that) |(?:the|a|our) \w+ )?(?P<done>(?:ha[sd]|have|w[ae]re|was|did"
    r"|made|took|saw|came|went|left|bought|spent|never|\w+ed)\b.*)$",
    re.IGNORECASE,
)
_VERB = re.compile(r"\b\w{2,}ed$", re.IGNORECASE)


def spelt_out(text: str) -> str | None:
    """The text with a verb that it explains told by its explanation: `trips stalled in May, i.e.
    took more than 3 hours` are those that took so long in May; None where it explains none."""
    found = _SAID.search(text)
    if found is None:
        return None
    before = text[: found.start()]
    kept = _BETWEEN.sub("", before).rstrip(" ,(–—-")
    verb, done = _VERB.search(kept), _DONE.match(found["meaning"].strip())
    if verb is None or done is None:
        return None
    after = before[len(kept) :].rstrip(" ,(–—-")
    return f"{kept[: verb.start()]}{done['done']}{after}{text[found.end() :]}"


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
