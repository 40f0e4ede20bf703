"""Tokens: a question cut into words, numbers, quoted strings and marks, each with its offsets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from datamind.language.tables.irregular import COMPOUNDS, IRREGULAR, SHIFTS, VERBS

Kind = Literal["word", "number", "quoted", "op", "mark"]

_DATE = r"""
    \d{4}-\d{1,2}-\d{1,2} | \d{4}[/.]\d{1,2}[/.]\d{1,2}
  | \d{1,2}(?P<sep>[/.-])\d{1,2}(?P=sep)\d{4} | \d{4}-(?:0[1-9]|1[0-2])(?![\d-])
  | (?:(?:1[0-9]|20)|['’]|(?<=\bthe\ ))\d0['’]?s\b
"""
_TOKEN = re.compile(
    rf"""
    (?P<quoted>"[^"\n]{{1,200}}"|“[^”\n]{{1,200}}”|`[^`\n]{{1,200}}`|‘[^’\n]{{1,200}}’
      |(?<![\w'])'(?:[^'\n]|'(?=\w)){{1,200}}'(?!\w))
  | (?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
  | (?P<date>(?<![\w/.])(?:{_DATE})(?!\w|[/.]\d))
  | (?P<clock>\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:\s?[ap](?:m\b|\.m\.))?
      |\d{{1,2}}\s?(?:[ap]m\b|[ap]\.m\.|o['’]clock\b))
  | (?P<number>(?:(?<![^\s(\[=<>,])(?<!\d\s)-(?=[\d$€£.]))?[$€£]?
      (?:(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+)(?:\.\d+)?|(?<![\w.])\.\d+)
      (?:\s?(?:%|percent\b|bn\b|thousand\b|million\b|billion\b)|[km]\b)?(?:st|nd|rd|th)?)
  | (?P<op>>=|<=|!=|<>|=|<|>)
  | (?P<word>[^\W\d_][\w&]*(?:[-'’]\w+)*|\.[a-z]{{2,4}}\b|_\w+)
  | (?P<count>(?:(?<![\w#])(?<!\w\s)|(?<=\band\s)|(?<=\bthe\s)|(?<=\bme\s))\#(?=\s?[a-z])
      |(?<=[a-z]\s)\#(?=\s?\d))
  | (?P<mark>[.,;:?!()/+\-*\n%]|(?<=\s)&(?=\s)|(?<=\s)[–—](?=\s))
    """,
    re.VERBOSE | re.IGNORECASE,
)

_MAIL = re.compile(r"\b(e)-(mails?)\b", re.IGNORECASE)  # one word, however it is written


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the question: characters `start` to `end`; `value` is a number's value."""

    text: str
    lower: str
    lemma: str
    kind: Kind
    start: int
    end: int
    value: float | None = None

    @property
    def is_proper(self) -> bool:
        """Written with a capital, or all in capitals."""
        return self.kind == "word" and self.text[:1].isupper()


_SCALE = {"k": 1e3, "m": 1e6, "bn": 1e9, "thousand": 1e3, "million": 1e6, "billion": 1e9}


def _number(text: str) -> float:
    found = re.match(r"(-?)[$€£]?([\d,]*\.?\d+)\s?([a-z%]*)", text.lower())
    assert found is not None
    value = float(found[2].replace(",", "")) * _SCALE.get(found[3], 1.0)
    return -value if found[1] else value


def tokenize(text: str) -> list[Token]:
    """Tokens in order; what is neither word, number nor mark is passed over."""
    out: list[Token] = []
    for found in _TOKEN.finditer(_MAIL.sub(r"\1\2 ", text)):
        kind = found.lastgroup
        raw = found.group()
        start, end = found.span()
        if kind == "quoted":
            out.append(
                Token(raw[1:-1].strip(), raw[1:-1].strip().lower(), "", "quoted", start, end)
            )
        elif kind == "mail":
            out.append(Token(raw, raw.lower(), "", "quoted", start, end))
        elif kind == "number":
            out.append(Token(raw, raw.lower(), raw.lower(), "number", start, end, _number(raw)))
        elif kind in ("date", "clock"):
            out.append(Token(raw, raw.lower(), raw.lower(), "word", start, end))
        elif kind == "op":
            out.append(Token(raw, raw, raw, "op", start, end))
        elif kind == "count":
            said = ("number",) if text[end:].lstrip()[:1].isdigit() else ("number", "of")
            out += [Token(raw, word, word, "word", start, end) for word in said]
        elif raw == "%":
            out.append(Token(raw, "percent", "percent", "word", start, end))
        elif kind == "mark":
            plain = "-" if raw in "–—" else raw
            out.append(Token(plain, plain, plain, "mark", start, end))
        else:
            out.extend(_word(raw, start))
    return out


def _word(raw: str, start: int) -> list[Token]:
    """A word; its possessive ending is dropped, and a hyphen splits it."""
    lower = raw.lower().replace("’", "'")
    if lower.endswith("'s"):
        raw, lower = raw[:-2], lower[:-2]
    if re.search(r"[-_]", raw) and not raw.startswith(("-", "_")):
        tokens, at = [], start
        for piece in re.split(r"[-_]", raw):
            low = piece.lower()
            tokens.append(Token(piece, low, lemma(low), "word", at, at + len(piece)))
            at += len(piece) + 1
        return [t for t in tokens if t.text]
    one = lower[:-1] if _CAPITALS.fullmatch(raw) else lemma(lower)
    return [Token(raw, lower, one, "word", start, start + len(raw))]


_CAPITALS = re.compile(r"[A-Z]{2,}s")  # the plural of an abbreviation: `SKUs`, `URLs`


_TAKING_TO = frozenset({"belong", "go", "fly", "travel", "refer", "apply", "relate", "come"})


def is_participle(token: Token) -> bool:
    """Made, written, published: a verb form that `by` or `to` may follow."""
    if token.lower in VERBS:
        return True
    if token.lower.endswith("ed"):
        return not token.lower.endswith("eed")
    return token.lemma in _TAKING_TO


@lru_cache(maxsize=20_000)
def lemma(word: str) -> str:
    """The singular of a noun; other words as they are (irregular verbs by a table)."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    for plural, singular in COMPOUNDS:
        if word.endswith(plural) and len(word) > len(plural) + 1 and word not in _NO_COMPOUND:
            return word.removesuffix(plural) + singular
    if len(word) <= 3 or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    if word.endswith(("ss", "us", "is")):
        return word
    return word[:-1]


_NO_COMPOUND = frozenset("specimen regimen abdomen acumen stamen yemen semen ramen women".split())
_ENDINGS = "ation ment ator ion ery er or al ly ist ate s y e".split()
_VOWELS = frozenset("aeiouy")
# Nouns that look like the form of a verb, and are not of its meaning.
_NOT_ING = frozenset({"rating", "during", "king", "ring", "wing", "thing", "string", "spring"})


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A crude stem, for matching `published` to `publisher` and `prescribed` to `prescription`."""
    word = _undone(lemma(word))
    for noun, verb in SHIFTS:
        if word.endswith(noun) and len(word) > len(noun):
            return word.removesuffix(noun) + verb
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= (5 if ending == "ion" else 4):
            word = word[: -len(ending)]
            break
    if len(word) > 5 and word.endswith("e"):
        word = word[:-1]
    return _single(word)


@lru_cache(maxsize=20_000)
def stems(words: frozenset[str]) -> frozenset[str]:
    """The stems of words that stay the same: those of a column, a table."""
    return frozenset(map(stem, words))


def _undone(word: str) -> str:
    """The word without the ending of a past tense or of an -ing form: `hired` is hire."""
    if word in _NOT_ING or not word.endswith(("ed", "ing", "ings")) or word.endswith("eed"):
        return word
    if word.endswith("ied"):
        return word[:-3] + "y" if len(word) > 5 else word
    base = word[: -2 if word.endswith("ed") else -3 if word.endswith("ing") else -4]
    if len(base) < 2 or not _VOWELS & set(base):
        return word
    if len(base) > 3:
        return base + "e" if base.endswith("at") and base[-3] not in _VOWELS else base
    closed = base[-1] not in _VOWELS | {"w", "x"} and base[-2] in _VOWELS
    return base + "e" if closed and (len(base) == 2 or base[-3] not in _VOWELS) else base


def _single(word: str) -> str:
    double = len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz"
    return word[:-1] if double and word[-1] not in _VOWELS else word


def joined(tokens: Sequence[Token]) -> tuple[str, dict[int, int], dict[int, int]]:
    """The words as one text, and which token starts and ends at which character; what is quoted is
    no word."""
    starts, ends, at, words = {}, {}, 0, []
    for place, token in enumerate(tokens):
        word = "\0" if token.kind == "quoted" else token.lower
        starts[at] = place
        at += len(word)
        ends[at] = place + 1
        at += 1
        words.append(word)
    return " ".join(words), starts, ends


def stretches(
    said: tuple[str, Mapping[int, int], Mapping[int, int]], form: re.Pattern[str]
) -> Iterator[tuple[re.Match[str], int, int]]:
    """What of `joined` words fits the form, with the places of its first token and behind its last;
    not what begins or ends within a word."""
    text, starts, ends = said
    for found in form.finditer(text):
        first, last = starts.get(found.start()), ends.get(found.end())
        if first is not None and last is not None:
            yield found, first, last
