"""Tokens: what a question is cut into, and how words are brought to one form."""

from __future__ import annotations

from typing import Any

import pytest

from datamind.language.tokens import lemma, stem, tokenize


def _wrong(reason: str, *values: Any) -> Any:
    return pytest.param(*values, marks=pytest.mark.xfail(reason=reason, strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What's the customer's name?", ["What", "the", "customer", "name", "?"]),
        ("top-5 best-selling items", ["top", "5", "best", "selling", "items"]),
        ("2024-03-05 at 13:30", ["2024-03-05", "at", "13:30"]),
        ("price>=5 != 3", ["price", ">=", "5", "!=", "3"]),
        ("it’s O'Brien’s", ["it", "O'Brien"]),
        ("first_name, last_name", ["first", "name", ",", "last", "name"]),
        ("R&D in Málaga", ["R&D", "in", "Málaga"]),
        ("5pm or 9:05 am", ["5pm", "or", "9:05 am"]),
        ("emoji 😀 ok", ["emoji", "ok"]),
        ("", []),
    ],
)
def test_a_question_is_cut_into_words_numbers_and_marks(text: str, expected: list[str]) -> None:
    assert [token.text for token in tokenize(text)] == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("1,234,567", 1_234_567),
        ("$1,200.50", 1200.5),
        ("5k", 5000),
        ("3 million", 3_000_000),
        ("2.5 bn", 2_500_000_000),
        ("10%", 10),
        ("1st", 1),
        ("€40", 40),
    ],
)
def test_a_number_has_its_value(text: str, value: float) -> None:
    assert [(t.kind, t.value) for t in tokenize(text)] == [("number", value)]


@pytest.mark.parametrize("text", ['"Old Mill"', "'Old Mill'", "“Old Mill”", "‘Old Mill’"])
def test_quoted_text_is_one_token_without_its_quotes(text: str) -> None:
    assert [(t.kind, t.text) for t in tokenize(f"the {text} station")][1] == ("quoted", "Old Mill")


@pytest.mark.parametrize(
    "text", ["How many O'Briens?", "the 'Old Mill' cafe's total, 1,200.50", "a-b_c 5pm €3"]
)
def test_offsets_point_into_the_question(text: str) -> None:
    for token in tokenize(text):
        assert text[token.start : token.end].strip("'\"").startswith(token.text)


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("cities", "city"), ("stations", "station"), ("boxes", "box"), ("buses", "bus"),
        ("statuses", "status"), ("people", "person"), ("children", "child"),
        ("analyses", "analysis"), ("addresses", "address"), ("classes", "class"),
        ("series", "series"), ("news", "news"), ("companies", "company"), ("leaves", "leaf"),
        ("matches", "match"), ("taxes", "tax"), ("ties", "tie"), ("bikes", "bike"),
        ("days", "day"),
        _wrong("-oes keeps its e", "heroes", "hero"),
        _wrong("-ves is not in the table", "knives", "knife"),
    ],
)  # fmt: skip
def test_a_plural_has_its_singular(plural: str, singular: str) -> None:
    assert lemma(plural) == singular
    assert lemma(singular) == singular


@pytest.mark.parametrize(
    "words",
    [
        "admitted admit",
        "repaired repair repairs",
        "started start starts",
        "smoker smoke smoking",
        "insured insurer",
        "published publish",
        _wrong("short verbs in -e keep the d", "hired hire"),
        _wrong("an adverb of a word in -e", "remotely remote"),
        _wrong("-ion after a consonant cluster", "prescribed prescription"),
        _wrong("persons named by their field", "cardiologist cardiology"),
    ],
)
def test_forms_of_one_word_share_a_stem(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1
