"""Old records are sealed, sealed ones deleted when their time is up, and verification knows."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from pathlib import Path

import pytest

from datamind.adapters.audit import sealing, segments
from datamind.adapters.audit.file import ChainFile
from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.segments import Segments
from datamind.adapters.audit.store import AuditStore
from datamind.adapters.audit.verify import verify
from datamind.errors import Unavailable
from datamind.records import AuditFilter

from .conftest import DAY, KEY, both, change, event, written


def day(number: int) -> dt.datetime:
    return DAY + dt.timedelta(days=number)


@pytest.fixture
def places(tmp_path: Path) -> AuditPlaces:
    """Ten records, a day apart."""
    made = AuditPlaces.of(tmp_path)
    written(made, 10, days=1)
    return made


def test_sealed_records_are_exported_and_no_longer_searched(places: AuditPlaces) -> None:
    with closing(AuditStore(places, KEY)) as log:
        assert log.seal(day(4)) == 4
        assert (log.last_sealed(), log.oldest()) == (4, day(4))
        every = AuditFilter()
        assert [seq for seq, _ in log.lines(every)] == [*range(1, 11)]
        assert [seq for seq, _ in log.find(every, before=None, limit=9)] == [10, 9, 8, 7, 6, 5]
        assert log.count(every) == 6
        assert [s for s, _ in log.lines(AuditFilter(since=day(2), until=day(6)))] == [3, 4, 5, 6]
        assert [s for s, _ in log.lines(AuditFilter(words="USR-2"))] == [2]
        assert [s for s, _ in log.lines(AuditFilter(user_id="usr-3", since=day(5)))] == []
        log.submit(event(11, day=10)).result(10)
    assert both(places) == [*range(5, 12)]
    assert verify(places, KEY).faults == ()


def test_what_retention_deletes_is_told_and_is_no_fault(places: AuditPlaces) -> None:
    with closing(AuditStore(places, KEY)) as log:
        log.seal(day(2))
        log.seal(day(4))
        log.seal(day(6))
        assert log.due(day(4)) and not log.due(day(1))
        assert log.prune(day(4), day(99)) == 4
        assert not log.due(day(4))
        assert log.prune(day(4), day(99)) == 0
        told = log.verify()
        assert (told.records, told.sealed, told.deleted, told.faults) == (10, 6, 4, ())
        assert [seq for seq, _ in log.lines(AuditFilter())] == [5, 6, 7, 8, 9, 10]
    (kept,) = places.segments.glob("*.gz")
    kept.unlink()
    assert verify(places, KEY).faults == (f"{kept.name}: it is missing, with records 5 to 6",)


def test_the_last_record_stays(places: AuditPlaces) -> None:
    assert sealing.seal(places, KEY, day(99)) == 9
    assert both(places) == [10]
    written(places, 1)
    assert both(places) == [10, 11]
    assert verify(places, KEY).faults == ()


def test_many_records_make_several_segments(
    places: AuditPlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MOST", 3)
    assert sealing.seal(places, KEY, day(8)) == 8
    made = Segments(places.segments, KEY).all()
    assert [(s.first, s.last) for s in made] == [(1, 3), (4, 6), (7, 8)]
    assert verify(places, KEY).faults == ()


def test_sealing_follows_the_chain_whatever_the_clock_did(tmp_path: Path) -> None:
    places = AuditPlaces.of(tmp_path)
    with closing(AuditStore(places, KEY)) as log:
        for number, moment in enumerate((1, 2, 9, 3, 4, 9)):
            log.submit(event(number, day=moment)).result(10)
        assert log.seal(day(5)) == 2  # the third is too young, and what follows it stays
        assert log.seal(day(10)) == 3
        (_, last) = Segments(places.segments, KEY).all()
        assert (last.since, last.until) == (day(3).isoformat(), day(9).isoformat())
        assert log.prune(day(9), day(99)) == 2
        assert log.verify().faults == ()


@pytest.mark.parametrize("copy", ["database", "file"])
def test_what_does_not_verify_is_not_sealed(places: AuditPlaces, copy: str) -> None:
    if copy == "database":
        change(places, "UPDATE audit_log SET record = replace(record, 'usr-3', 'usr-9')")
    else:
        places.file.write_text(places.file.read_text().replace("usr-3", "usr-9"))
    with pytest.raises(Unavailable, match="record 3"):
        sealing.seal(places, KEY, day(5))
    assert not list(places.segments.glob("*.gz"))
    assert [link.seq for link in ChainFile(places.file).after(0)] == [*range(1, 11)]


@pytest.mark.parametrize("step", ["replace", "trimmed"])
def test_stopped_in_the_middle_it_is_finished_at_the_next_start(
    places: AuditPlaces, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if step == "replace":
            patched.setattr(Path, "replace", stop)  # the segment is listed and has no name yet
        else:
            patched.setattr(sealing, "trimmed", stop)
        with pytest.raises(KeyboardInterrupt):
            sealing.seal(places, KEY, day(4))
    AuditStore(places, KEY).close()
    assert both(places) == [*range(5, 11)]
    assert verify(places, KEY).faults == ()


def test_what_is_sealed_and_not_yet_taken_away_is_no_fault(
    places: AuditPlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sealing, "trimmed", lambda *_: None)
        sealing.seal(places, KEY, day(4))
    assert both(places) == [*range(1, 11)]
    assert verify(places, KEY).faults == ()


def test_a_deletion_that_was_noted_only_is_finished_at_the_next_start(
    places: AuditPlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing.seal(places, KEY, day(4))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", lambda *_, **__: None)
        sealing.prune(places, KEY, day(9), day(9))
    (left,) = places.segments.glob("*.gz")
    assert verify(places, KEY).faults == ()
    AuditStore(places, KEY).close()
    assert not left.exists()


def test_a_lost_database_is_written_anew_from_what_is_live(places: AuditPlaces) -> None:
    sealing.seal(places, KEY, day(4))
    for part in places.database.parent.glob("audit.db*"):
        part.unlink()
    AuditStore(places, KEY).close()
    assert both(places) == [*range(5, 11)]
    assert verify(places, KEY).faults == ()


def test_the_same_records_make_the_same_segment(tmp_path: Path) -> None:
    made = []
    for name in ("one", "other"):
        places = AuditPlaces.of(tmp_path / name)
        written(places, 5, days=1)
        sealing.seal(places, KEY, day(3))
        (segment,) = places.segments.glob("*.gz")
        made.append(segments.digest(segment))
    assert made[0] == made[1]


def test_the_file_is_searched_where_the_database_can_not_be(places: AuditPlaces) -> None:
    places.database.rename(places.database.with_suffix(".kept"))
    places.database.write_bytes(b"no database" * 500)
    with closing(AuditStore(places, KEY)) as log:
        found = log.find(AuditFilter(event_type="login"), before=9, limit=3)
        assert [seq for seq, _ in found] == [8, 7, 6]
        assert log.count(AuditFilter(since=day(5))) == 5
        assert [seq for seq, _ in log.lines(AuditFilter(until=day(2)))] == [1, 2]
