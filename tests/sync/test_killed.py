"""A sync that is killed between any two of its steps: readers go on, and the next one mends it."""

from __future__ import annotations

from typing import Any

import pytest

from datamind.adapters.sync.tables import Choices, Shortcut, State
from datamind.adapters.sync.target import Target
from tests.sync.conftest import Pair

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(600)]

TABLE = """
CREATE TABLE t (id int PRIMARY KEY, k int, v int, w0 int);
INSERT INTO t VALUES (1, 1, 10, 100), (2, 1, 20, 200)
"""
# With its projection the view is plain before each change.
SUMMED = {"public.t": Choices(shortcuts=(Shortcut("by_k", ("k",), ("count(*)",)),))}
# What is changed before the step of that number, how it is synced then, how often it is killed, and
# at each how-manyth step.
CHANGES: dict[str, tuple[str, dict[str, Any], int, int]] = {
    "names change places": (
        (
            "ALTER TABLE t DROP w{n}; ALTER TABLE t RENAME v TO w{next};"
            " ALTER TABLE t ADD v int DEFAULT {n}"
        ), {}, 1, 1,
    ),
    "another type": (
        "ALTER TABLE t ALTER v TYPE numeric(38, {n}); ALTER TABLE t RENAME w{n} TO w{next}",
        {}, 1, 2,
    ),
    "copied again": ("UPDATE t SET v = {n} WHERE id = 1", {"again": True}, 2, 2),
}  # fmt: skip
BASES = "SELECT count() FROM system.tables WHERE database = 'datamind_sync' AND name != 'state'"


class Killed(BaseException):
    """As a kill, for whoever does not ask."""


@pytest.mark.parametrize("what", CHANGES)
def test_killed_before_any_step_readers_go_on_and_the_next_sync_mends_it(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    change, more, times, stride = CHANGES[what]
    pair.execute(TABLE)
    assert pair.one(choices=SUMMED).equal and state(pair).plain
    ended, n = False, 0
    while not ended:
        pair.execute(change.format(n=n, next=n + stride))
        for _ in range(times):
            ended = killed_before(n, pair, monkeypatch, more)
            assert pair.clickhouse.rows("SELECT count(*) FROM public.t") == [(2,)], n
            if state(pair).status == "live":  # the router takes it by the names that it tells
                names = [name for _, name, *_ in state(pair).columns]
                assert [c[0] for c in pair.clickhouse.rows("DESCRIBE public.t")] == names, n
        report = pair.one(choices=SUMMED)
        assert report.equal, (n, report)
        read = "SELECT id, k, CAST(v AS int), {} FROM public.t"
        names = [name for _, name, *_ in state(pair).columns]
        theirs, ours = pair.rows(read.format(next(c for c in names if c.startswith("w"))))
        assert theirs == ours, n
        assert pair.clickhouse.rows(BASES) == [(1,)], n
        n += stride
        assert n < 60, "it has no end"
    assert n > 5


def state(pair: Pair) -> State:
    return pair.clickhouse.states()["public.t"]


def killed_before(
    step: int, pair: Pair, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> bool:
    """A sync that is killed before its so-manyth statement that changes something; whether it
    ended first."""
    left = step

    def counted(real: Any) -> Any:
        def called(*given: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return real(*given)

        return called

    with monkeypatch.context() as patched:
        for name in ("run", "keep", "insert"):
            patched.setattr(Target, name, counted(getattr(Target, name)))
        try:
            pair.sync(choices=SUMMED, **more)
        except Killed:
            return False
    return True
