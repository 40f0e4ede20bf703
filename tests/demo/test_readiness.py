"""Raising the demo's grade raises its score: `python -m benchmarks.readiness` prints the table."""

from __future__ import annotations

from itertools import pairwise

import pytest

from benchmarks.readiness import Score, measure
from datamind.adapters.dbt.build import Build
from datamind.settings import Settings

pytestmark = [pytest.mark.demo, pytest.mark.slow]


@pytest.fixture(scope="module")
def scores(demo: Build, demo_settings: Settings) -> list[Score]:
    return measure(demo_settings.home)


def test_each_step_raises_the_grade_and_all_of_them_the_score(scores: list[Score]) -> None:
    _, *models = scores
    assert all(one.figure < other.figure for one, other in pairwise(models[:-1]))
    bare, first, *_, last = models
    assert last.right > 2 * bare.right
    assert last.wrong < bare.wrong / 2
    assert first.right - bare.right > (last.right - bare.right) / 2  # the first five bring most


def test_errors_fall_by_two_fifths_from_the_raw_tables_to_the_models(scores: list[Score]) -> None:
    raw, models = scores[0], scores[-1]
    assert models.errors <= 0.6 * raw.errors
