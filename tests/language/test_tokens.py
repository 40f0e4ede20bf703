"""Tokens: what a question is cut into, and how words are brought to one form."""

from __future__ import annotations

import pytest

from datamind.language.tokens import is_participle, lemma, stem, tokenize


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
        ("heroes", "hero"), ("knives", "knife"), ("olives", "olive"), ("shoes", "shoe"),
        ("wolves", "wolf"), ("sizes", "size"), ("quizzes", "quiz"), ("prizes", "prize"),
        ("causes", "cause"), ("viruses", "virus"), ("nurses", "nurse"), ("diseases", "disease"),
        ("criteria", "criterion"), ("indices", "index"), ("matrices", "matrix"),
        ("hypotheses", "hypothesis"), ("crises", "crisis"), ("alumni", "alumnus"),
        ("larvae", "larva"), ("caches", "cache"), ("movies", "movie"), ("teeth", "tooth"),
        ("salesmen", "salesman"), ("salespeople", "salesperson"), ("stepchildren", "stepchild"),
        ("lenses", "lens"), ("boss", "boss"), ("specimens", "specimen"),
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
        "hired hire hiring",
        "remotely remote",
        "prescribed prescription prescribe",
        "cardiologist cardiology",
        "delivered delivery deliver delivers",
        "registered registration register",
        "produced production producer",
        "operated operation operate operator",
        "estimated estimation estimate",
        "logged log logs",
        "cited cite citing",
        "shipped shipping shipment ship",
        "arrival arrived arrive",
        "departure departed depart",
        "decided decision decide",
        "families family",
        "wrote written write",
        "stolen stole steal",
    ],
)
def test_forms_of_one_word_share_a_stem(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


@pytest.mark.parametrize(
    "words", ["rate rating", "order orchard", "price prize", "add address", "state station"]
)
def test_words_that_only_look_alike_keep_their_own_stems(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 2


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("made", True), ("written", True), ("published", True), ("stolen", True),
        ("people", False), ("children", False), ("criteria", False), ("speed", False),
        ("belongs", True), ("orders", False),
    ],
)  # fmt: skip
def test_only_verbs_are_participles(word: str, expected: bool) -> None:
    assert is_participle(tokenize(word)[0]) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024/03/05", ["2024/03/05"]),
        ("1998/2/3 or 03/05/2024", ["1998/2/3", "or", "03/05/2024"]),
        ("2024-03", ["2024-03"]),
        ("2019-2021", ["2019", "-", "2021"]),
        ("the 90s", ["the", "90s"]),
        ("the 1990's", ["the", "1990's"]),
        ("a 10s run", ["a", "10", "s", "run"]),
        ("March 5,2024", ["March", "5", ",", "2024"]),
        ("at 5 p.m. today", ["at", "5 p.m.", "today"]),
        ("5 o'clock", ["5 o'clock"]),
    ],
)
def test_a_date_or_a_time_is_one_token(text: str, expected: list[str]) -> None:
    assert [token.text for token in tokenize(text)] == expected


@pytest.mark.parametrize(
    ("text", "value"), [("< -5", -5), ("over .5", 0.5), ("-$3.50", -3.5), ("(-12)", -12)]
)
def test_a_number_may_be_negative_or_begin_with_its_point(text: str, value: float) -> None:
    assert [t.value for t in tokenize(text) if t.kind == "number"] == [value]


@pytest.mark.parametrize("text", ["2 m tall", "5 - 3", "a-3"])
def test_a_unit_or_a_minus_does_not_change_the_number(text: str) -> None:
    assert all(t.value in (2, 3, 5) for t in tokenize(text) if t.kind == "number")
