"""Evidence: definitions and matching rules that come with a question; nothing else is obeyed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Overlay:
    """What the evidence says: definitions by name, and whether text matches in part."""

    definitions: dict[str, str] = field(default_factory=dict)
    wildcard: bool = False


_WILDCARD = re.compile(
    r"\bilike\b|\bwildcards?\b|partial match|case[- ]?insensitiv|\blike\b with", re.IGNORECASE
)
_EXACT = re.compile(r"\bexact", re.IGNORECASE)
_DEFINITION = re.compile(
    r"(?:^|(?<=[\s.;,:\"(]))(?P<name>[A-Z][A-Za-z]{1,9})\b\s*(?:\((?P<long>[^)=]{3,60})\))?"
    r"\s*=\s*(?P<text>.+?)"
    r"(?=(?:\s[A-Z][A-Za-z]{1,9}\s*(?:\([^)=]{3,60}\))?\s*=\s)|\n|;|\.\s|\.$|$)"
)
_REFERS = re.compile(
    r"(?P<name>[A-Za-z0-9][\w' %-]{2,60}?)\s+(?:refers? to|means?|is defined as|is the same as)\s+"
    r"(?P<text>[^;\n]+?)(?=;|\n|\.\s|\.$|$)",
    re.IGNORECASE,
)
_EQUALS = re.compile(
    r"(?:^|(?<=[;\n.]))\s*(?P<name>[A-Za-z][\w' -]{2,60}?)\s*=\s*(?P<text>[^;\n]+)"
)


def read(evidence: str, question: str) -> Overlay:
    """The overlay of evidence, and of definitions inside the question itself."""
    definitions: dict[str, str] = {}
    for found in _DEFINITION.finditer(evidence):
        definitions[found["name"]] = found["text"].strip()
    said = (*_REFERS.finditer(evidence), *_REFERS.finditer(question), *_EQUALS.finditer(evidence))
    for found in said:
        name = re.sub(
            r"^(?:note that|where|the|a)\s+", "", found["name"].strip(), flags=re.IGNORECASE
        )
        definitions.setdefault(name, found["text"].strip())
    text = f"{evidence}\n{question}"
    return Overlay(definitions, bool(_WILDCARD.search(text)) and not _EXACT.search(evidence))


_TAIL = re.compile(
    r"\s*(?:,| where | who | which | that | for each | for recent| within | over a | over the "
    r"| in the | on or | since | during | by | with | in a | for a | based on | without "
    r"| focusing ).*$",
    re.IGNORECASE,
)


_RULE = re.compile(
    r"\b(?:please )?(?:match|filter)(?:ing)? (?:all |the )?[\w_]+(?: [\w_]+)? "
    r"(?:using |with |are |is )*(?:an? )?"
    r"(?:exact(?:ly)?|case[- ]?(?:in)?sensitiv\w+|ilike|wildcards?)(?: match(?:es|ing)?)?\b\.?",
    re.IGNORECASE,
)


_JOINING = re.compile(
    r",?\s*(?:by doing|based on joining|by joining|using) [^.?!\n]*"
    r"\b(?:join|tables?)\b[^.?!,\n]*",
    re.IGNORECASE,
)


def expand(question: str, overlay: Overlay) -> str:
    """The question with matching rules taken out, and defined abbreviations spelt out where their
    definition is a plain noun."""
    question = _JOINING.sub("", _RULE.sub("", question))
    for name, text in overlay.definitions.items():
        if not re.fullmatch(r"[A-Z][A-Za-z]{1,9}", name) or name[1:].upper() != name[1:]:
            continue
        if re.search(r"[/*]|\s-\s|[()]", text):
            continue
        short = _TAIL.sub("", text).strip().lower()
        if short and len(short.split()) <= 7:
            question = re.sub(rf"\b{re.escape(name)}\b", short, question)
    return question
