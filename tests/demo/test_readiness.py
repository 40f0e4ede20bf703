"""Raising the demo's grade raises its score: `python -m benchmarks.readiness` prints the table."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.readiness import measure
from datamind.adapters.dbt.build import Build


@pytest.mark.demo
@pytest.mark.slow
def test_the_grade_and_the_score_rise_together(demo: Build, tmp_path: Path) -> None:
    # A file of its own: a process may open a file only with the settings that it is open with.
    warehouse = Path(shutil.copy(demo.warehouse, tmp_path / "warehouse.duckdb"))
    built = replace(demo, warehouse=warehouse)
    raw, *models = measure(built, tmp_path, ("voices.yaml",), first=(5, 40))
    bare, first, *_, last = models
    assert all(one.figure < other.figure for one, other in pairwise(models[:-1]))
    assert last.right > 2 * bare.right
    assert last.wrong < bare.wrong / 2
    assert first.right - bare.right > (last.right - bare.right) / 2  # the first five bring most
    # From the raw tables to the models, questions without a right answer fall by two fifths.
    assert last.errors <= 0.6 * raw.errors
