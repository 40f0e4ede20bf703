"""Ten thousand statements mutated from the attack suite: no exception, no table past its policy."""

from __future__ import annotations

from collections import Counter

import pytest

from datamind.records import Dialect

from .mutations import DIALECTS, storm

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
SEED = 20261126


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("part", range(2))
def test_whatever_is_sent_nothing_gets_past(dialect: Dialect, part: int) -> None:
    found = list(storm(dialect, SEED + part, 1_700))
    faults = [f"{fault}: {sql!r}" for sql, _, fault in found if fault]
    assert not faults, "\n".join(faults[:10])
    verdicts = Counter(said for _, said, _ in found)
    assert verdicts["allow"] > 80, verdicts
