"""Verification says what was done to a log: each case is really done to one of six records, of
which the first two are sealed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from datamind.adapters.audit import sealing
from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.store import AuditStore
from datamind.adapters.audit.verify import verify
from datamind.errors import Unavailable

from .conftest import DAY, KEY, change, event, faults, written

SWAP = """UPDATE audit_log SET seq = -4 WHERE seq = 4; UPDATE audit_log SET seq = 4 WHERE seq = {n};
UPDATE audit_log SET seq = {n} WHERE seq = -4"""


@pytest.fixture
def places(tmp_path: Path) -> AuditPlaces:
    """Six records, a day apart, two of them sealed."""
    made = AuditPlaces.of(tmp_path)
    written(made, 6, days=1)
    assert sealing.seal(made, KEY, DAY.replace(day=3)) == 2
    assert verify(made, KEY).faults == ()
    return made


def lines(path: Path, edit: Callable[[list[str]], object]) -> None:
    """The file with its lines edited by hand."""
    found = path.read_text().splitlines(keepends=True)
    edit(found)
    path.write_text("".join(found))


def swapped(found: list[str]) -> None:
    found[1], found[2] = found[2], found[1]


def segment(places: AuditPlaces) -> Path:
    (found,) = places.segments.glob("*.gz")
    return found


SEGMENT = "000000000001-000000000002.jsonl.gz"
CASES: dict[str, tuple[Callable[[AuditPlaces], object], tuple[str, ...]]] = {
    "a record of the database changed": (
        lambda p: change(p, "UPDATE audit_log SET record = replace(record, 'usr-4', 'usr-9')"),
        ("database: record 4 was changed, or the one before it taken away",),
    ),
    "its HMAC changed": (
        lambda p: change(p, "UPDATE audit_log SET mac = replace(mac, substr(mac, 1, 1), '-') WHERE"
                            " seq = 4"),
        ("database: record 4 was changed, or the one before it taken away",
         "database: record 5 was changed, or the one before it taken away"),
    ),
    "a record of the file changed": (
        lambda p: p.file.write_text(p.file.read_text().replace("usr-4", "usr-9")),
        ("file: record 4 was changed, or the one before it taken away",),
    ),
    "the same record of both changed": (
        lambda p: (
            change(p, "UPDATE audit_log SET record = replace(record, 'usr-4', 'usr-9')"),
            p.file.write_text(p.file.read_text().replace("usr-4", "usr-9")),
        ),
        ("database: record 4 was changed, or the one before it taken away",
         "file: record 4 was changed, or the one before it taken away"),
    ),
    "a record taken out of the database": (
        lambda p: change(p, "DELETE FROM audit_log WHERE seq = 4"),
        ("database: records 4 to 4 are missing",),
    ),
    "two taken out of the file": (
        lambda p: lines(p.file, lambda found: found.__delitem__(slice(1, 3))),
        ("file: records 4 to 5 are missing",),
    ),
    "the first live ones taken away": (
        lambda p: change(p, "DELETE FROM audit_log WHERE seq < 5"),
        ("database: records 3 to 4 are missing",),
    ),
    "two neighbours of the database exchanged": (
        lambda p: change(p, SWAP.format(n=5)),
        ("database: record 5 stands in the place of record 4: they were reordered",
         "database: record 4 stands in the place of record 5: they were reordered"),
    ),
    "two others exchanged": (
        lambda p: change(p, SWAP.format(n=6)),
        ("log: record 6 is not the one that an anchor has seen",
         "database: record 6 stands in the place of record 4: they were reordered",
         "database: record 4 stands in the place of record 6: they were reordered",
         "log: the copies do not agree on record 6"),
    ),
    "lines of the file exchanged": (
        lambda p: lines(p.file, swapped),
        ("file: record 4 stands after record 5: they were reordered",),
    ),
    "a line written twice": (
        lambda p: lines(p.file, lambda found: found.insert(2, found[1])),
        ("file: record 4 stands after record 4: they were reordered",),
    ),
    "a line that is none": (
        lambda p: lines(p.file, lambda found: found.insert(2, "{}\n")),
        ("file: line 3 can't be read", "file: records 5 to 6 are in the other copy only"),
    ),
    "the end of the database cut off": (
        lambda p: change(p, "DELETE FROM audit_log WHERE seq > 4"),
        ("database: records 5 to 6 are in the other copy only",),
    ),
    "the end of both cut off": (
        lambda p: (
            change(p, "DELETE FROM audit_log WHERE seq > 4"),
            lines(p.file, lambda found: found.__delitem__(slice(2, None))),
        ),
        ("log: records 5 to 6 were cut off: an anchor has seen them",
         "log: records 5 to 6 were cut off: audit.head names the last"),
    ),
    "the end of both and what names it": (
        lambda p: (
            change(p, "DELETE FROM audit_log WHERE seq > 4"),
            lines(p.file, lambda found: found.__delitem__(slice(2, None))),
            p.turn.unlink(),
        ),
        ("log: records 5 to 6 were cut off: an anchor has seen them",),
    ),
    "the database gone": (
        lambda p: p.database.unlink(), ("database: it is missing or can't be read",)
    ),
    "the database overwritten": (
        lambda p: p.database.write_bytes(b"no database" * 500),
        ("database: it is missing or can't be read",),
    ),
    "the file gone": (lambda p: p.file.unlink(), ("file: it is missing or can't be read",)),
    "an anchor changed": (
        lambda p: p.anchors.write_text(p.anchors.read_text().replace('"anchor":6', '"anchor":5')),
        ("log: record 5 is not the one that an anchor has seen",
         "anchors: record 2 was changed, or the one before it taken away"),
    ),
    "the first anchor taken away": (
        lambda p: lines(p.anchors, lambda found: found.pop(0)),
        ("anchors: records 1 to 1 are missing",),
    ),
    "all anchors taken away": (
        lambda p: p.anchors.unlink(), ("anchors: it is missing or can't be read",)
    ),
    "the anchors emptied": (lambda p: p.anchors.write_text(""), ("anchors: there are none",)),
    "a segment taken away": (
        lambda p: segment(p).unlink(), (f"{SEGMENT}: it is missing, with records 1 to 2",)
    ),
    "a segment altered": (
        lambda p: segment(p).write_bytes(segment(p).read_bytes()[:-9] + b"123456789"),
        (f"{SEGMENT}: it is missing or can't be read",
         f"{SEGMENT}: the file was changed, its records were not"),
    ),
    "the list of segments changed": (
        lambda p: (p.segments / "manifest.jsonl").write_text(
            (p.segments / "manifest.jsonl").read_text().replace('"last":2', '"last":3')
        ),
        ("segments: their list was changed: record 1 does not go on from record 0",
         "database: records 1 to 2 are missing", "file: records 1 to 2 are missing"),
    ),
    "the list and its segments taken away": (
        lambda p: (segment(p).unlink(), (p.segments / "manifest.jsonl").unlink()),
        ("database: records 1 to 2 are missing", "file: records 1 to 2 are missing"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("tamper", "told"), CASES.values(), ids=CASES)
def test_what_was_done_is_said(
    places: AuditPlaces, tamper: Callable[[AuditPlaces], object], told: tuple[str, ...]
) -> None:
    tamper(places)
    assert faults(places) == told


def test_another_key_holds_nothing(places: AuditPlaces) -> None:
    assert verify(places, b"x" * 32).faults


def test_a_log_that_was_set_back_and_went_on_shows(places: AuditPlaces) -> None:
    """As when an old copy is put back: the anchors have seen other records."""
    change(places, "DELETE FROM audit_log WHERE seq > 4")
    lines(places.file, lambda found: found.__delitem__(slice(2, None)))
    with pytest.raises(Unavailable, match="reaches record 6"):
        AuditStore(places, KEY)
    places.turn.unlink()
    log = AuditStore(places, KEY)
    for number in range(3):
        log.submit(event(number, day=9)).result(10)
    log.close()
    assert "log: record 6 is not the one that an anchor has seen" in faults(places)


def test_a_segment_s_records_are_read_even_where_its_sum_is_right(places: AuditPlaces) -> None:
    """Whoever could write the list anew would have to chain the records anew."""
    manifest = json.loads((places.segments / "manifest.jsonl").read_text())
    assert set(manifest) == {
        "seq", "mac", "file", "first", "last", "before", "head", "since", "until", "sha256",
        "deleted",
    }  # fmt: skip


@pytest.mark.slow
def test_a_long_list_of_faults_is_cut(tmp_path: Path) -> None:
    places = AuditPlaces.of(tmp_path)
    written(places, 200)
    change(places, "UPDATE audit_log SET record = replace(record, 'login', 'logon')")
    told = faults(places)
    assert len(told) < 100
    assert "database: 180 more records were changed" in told
