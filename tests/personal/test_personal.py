"""Personal data in free text is masked, and what only looks like it is left."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamind.personal import IBAN_LENGTHS, masked, masked_in

LINES = Path(__file__).with_name("free_text.txt").read_text("utf-8").splitlines()
CASES = [line.partition(" => ") for line in LINES if line and not line.startswith("# ")]
LONG = 256 * 1024
MARKS = "0123456789 .-+()/@:%_abcdefDE[]"


@pytest.mark.parametrize(("text", "left"), [(text, left or text) for text, _, left in CASES])
def test_what_is_left_of_a_text(text: str, left: str) -> None:
    assert masked(text) == left
    assert masked(left) == left


def test_all_texts_of_a_value_are_masked_and_no_name_or_number() -> None:
    value = {"sql": "x = 'ann@example.com'", "rows": 5551234567, "to": ["203.0.113.9", None]}
    assert masked_in(value) == {
        "sql": "x = '[EMAIL_MASKED]'", "rows": 5551234567, "to": ["[IP_MASKED]", None]
    }  # fmt: skip


def test_no_country_has_an_iban_longer_than_34() -> None:
    assert len(IBAN_LENGTHS) > 80
    assert all(len(c) == 2 and 15 <= n <= 34 for c, n in IBAN_LENGTHS.items())


@given(st.text(alphabet=MARKS, max_size=80))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = masked(text)
    assert masked(once) == once


@pytest.mark.parametrize(
    "piece",
    [
        "a", "a@", "a@b.", "a.", "1", "12 ", "1-", "1.", "4111 ", "+1 ", "+1", "(0", "0 1", "00 1 ",
        "DE89 ", "DE89", "DE12AB", "::", "a:", "1:", "abc::", "phone ", "phone=1", "ssn ", "%40",
        "x@a.b-", "1.1.1.", "SELECT a, 12 FROM t WHERE x = 'y' ", "é", "9876543210 ",
    ],
)  # fmt: skip
def test_time_grows_with_the_text_alone(piece: str) -> None:
    """A quarter of a megabyte of what a pattern begins with, over and over: about 4 times what a
    quarter of it takes, not 16."""

    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        started = time.process_time()
        masked(text)
        return time.process_time() - started

    assert seconds(LONG) < 8 * seconds(LONG // 4) + 0.1
