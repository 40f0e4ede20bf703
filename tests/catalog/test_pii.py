"""Personal data is told by name, type and values: on a labelled set, and case by case."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from datamind.personal import is_card, is_iban
from datamind.semantics.pii import pii_kind
from datamind.semantics.traits import column_type

LABELLED = yaml.load(Path(__file__).with_name("pii.yaml").read_text("utf-8"), yaml.CSafeLoader)


def test_nearly_all_personal_data_is_found_and_little_else() -> None:
    assert len(LABELLED) >= 300
    missed, wrong, right = [], [], 0
    for column in LABELLED:
        found = pii_kind(column["name"], column["values"], column_type(column["type"]))
        if found == column["kind"]:
            right += found is not None
        elif column["kind"] is None:
            wrong.append((column["name"], found))
        else:  # another kind is found, and right to be hidden, but not rightly named
            missed.append((column["name"], column["kind"], found))
    holding = sum(column["kind"] is not None for column in LABELLED)
    recall, precision = right / holding, right / (right + len(wrong) + len(missed))
    assert recall >= 0.95, (recall, missed)
    assert precision >= 0.90, (precision, wrong)


@pytest.mark.parametrize(
    ("name", "samples", "kind"),
    [
        ("x", ["a@b.org"] * 3, "email"),
        ("x", ["a@b.org"] * 8 + ["none", "-"], "email"),
        ("x", ["a@b.org"] * 2, None),
        ("x", ["a@b.org"] * 3 + ["plain"] * 3, None),
        ("email", ["yes", "no", "no"], "email"),  # what is called so is not to be told
        ("order_code", ["1234567890"] * 5, None),
        ("x", ["2024-01-01", "2024-01-02", "2024-01-03"], None),
        ("x", ["red", "green", "blue"], None),
    ],
)
def test_values_have_a_say(name: str, samples: list[str], kind: str | None) -> None:
    assert pii_kind(name, samples) == kind


def test_check_digits_are_checked() -> None:
    assert is_card("4111 1111 1111 1111")
    assert not is_card("4111 1111 1111 1112")
    assert is_iban("GB29 NWBK 6016 1331 9268 19")
    assert not is_iban("GB29 NWBK 6016 1331 9268 18")
