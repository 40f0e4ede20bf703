"""Increments: what changed since a whole backup, put back to any of them or not at all."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datamind import clock
from datamind.backup import archive, checking, increments, making, proving, restoring
from datamind.backup.manifest import BLOCKS, MANIFEST, RECIPE, Manifest, members_of
from datamind.errors import BadInput, DataMindError
from datamind.rooms.system.backup_files import (
    latest,
    listed,
    made_at,
    moments,
    newest,
    states,
)
from datamind.settings import Settings

from .conftest import KEY, OTHER, add, at, holds, people

pytestmark = pytest.mark.slow
SEED = 20_261_127


def made(settings: Settings) -> Path:
    """One that had to be made."""
    found = making.increment(settings)
    assert found is not None
    return found.file


def restored(file: Path, home: Path, secrets: Path | None = None) -> Settings:
    there = at(home)
    there.home.mkdir()
    if secrets:
        shutil.copy(secrets, home)
    restoring.restore(file, there, replace=False, force=False, without_audit=False)
    return there


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with Ann, Bob and Eve; each was backed up before the next one came: whole, whole and
    as an increment of the second."""
    settings = at(tmp_path_factory.mktemp("three") / "home")
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("ENCRYPTION_KEY", raising=False)
        patched.delenv("DATABASE_URL", raising=False)
        add(settings, "ann")
        making.create(settings)
        add(settings, "bob")
        making.create(settings)
        add(settings, "eve")
        made(settings)
    return settings.home


@pytest.fixture
def copied(three: Path, tmp_path: Path) -> tuple[Settings, Path, Path, Path]:
    """The same for one test, and its three backups, oldest first."""
    settings = at(shutil.copytree(three, tmp_path / "home"))
    before, whole, file = reversed(states(settings.backup_folder))
    return settings, before, whole, file


def test_each_increment_is_proved_and_brings_back_what_was_then(
    used: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    first = made(used)  # there is nothing to go on from
    assert first.suffix == ".backup"
    add(used, "new")
    second = made(used)
    (used.home / "catalogs" / "one.json").write_text("[]")
    (used.home / "catalogs" / "empty.json").touch()
    third = made(used)
    assert states(used.backup_folder) == [third, second, first]
    for file, names, catalog in (
        (first, {"Ann", "Bob", "Eve"}, "{}"),
        (second, {"Ann", "Bob", "Eve", "New"}, "{}"),
        (third, {"Ann", "Bob", "Eve", "New"}, "[]"),
    ):
        assert file.stat().st_mode & 0o777 == 0o600
        verdict = checking.verify(file, used)
        assert (verdict.faults, verdict.chain, verdict.encrypted) == ((), True, True)
        assert verdict.manifest.tables["users"] == len(names)
        proof = proving.prove(file, used)
        assert (proof.faults, proof.chain) == ((), True) and proof.seconds > 0
        there = restored(file, tmp_path / file.stem)
        assert people(there) == names and holds(there)
        assert (there.home / "catalogs" / "one.json").read_text() == catalog
    assert (there.home / "catalogs" / "empty.json").read_text() == ""
    assert b"example.com" not in second.read_bytes()


def test_where_nothing_changed_none_is_made_and_that_is_noted(used: Settings) -> None:
    file = made(used)
    noted = latest(moments(used.backup_folder), clock.now())
    assert making.increment(used) is None
    assert states(used.backup_folder) == [file] and noted is not None
    assert (latest(moments(used.backup_folder), clock.now()) or noted) > noted == made_at(file)
    add(used, "new")
    again = made(used)
    assert making.increment(used) is None
    assert listed(used.backup_folder) == [file] and newest(used.backup_folder) == again


def test_an_increment_holds_little_beside_what_is_whole(tmp_path: Path) -> None:
    settings = at(tmp_path / "home")
    add(settings, "ann")
    (settings.home / "catalogs").mkdir()
    (settings.home / "catalogs" / "big").write_bytes(random.Random(SEED).randbytes(3 << 20))
    whole = made(settings)
    add(settings, "bob")
    assert made(settings).stat().st_size < whole.stat().st_size / 20


@pytest.mark.parametrize("to", [KEY, OTHER, None])
def test_one_that_can_t_be_gone_on_from_is_followed_by_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str | None
) -> None:
    settings = at(tmp_path / "home")
    add(settings, "ann")
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    first = making.create(settings).file
    if to == KEY:
        first.write_bytes(first.read_bytes()[:100])
    else:
        monkeypatch.setenv("ENCRYPTION_KEY", to or "")
    assert made(settings).suffix == ".backup"


def listing(folder: Path) -> Manifest:
    """One of these files, and of nothing that an installation keeps."""
    return Manifest(2, "1", "2026-01-01", "1", "sqlite", {}, 0, False, members_of(folder))


def test_any_files_are_made_again_from_what_is_whole_and_what_is_new(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    for number in range(30):
        place = tmp_path / str(number)
        old, new, parts = place / "old", place / "new", place / "parts"
        for folder in (old, new, parts):
            folder.mkdir(parents=True)
        blocks = [chance.randbytes(increments.BLOCK) for _ in range(6)]
        for folder in (old, new):
            for name in "abc"[: chance.randint(0, 3)]:
                end = chance.randbytes(chance.choice((0, 0, 1, 4095)))
                (folder / name).write_bytes(b"".join(chance.choices(blocks, k=5)) + end)
        manifest = listing(old)
        (old / BLOCKS).write_bytes(increments.digests(old, sorted(manifest.members)))
        file = place / "datamind-20200101T000000Z.backup"
        archive.write(old, manifest, file, ())
        held = increments.whole(file, ())
        if held is None:  # there is nothing in it to go on from
            assert not (old / BLOCKS).stat().st_size
            continue
        after = listing(new)
        increments.difference(new, sorted(after.members), held, parts)
        added = place / "datamind-20200101T000000Z-20200102T000000Z.increment"
        archive.write(parts, replace(after, base=held.base), added, ())
        target = place / "target"
        target.mkdir()
        assert increments.unpack(added, target, ()).members == after.members
        (target / MANIFEST).unlink()
        assert members_of(target) == after.members


HARMS: Sequence[tuple[str, Callable[[Path, Path], object], str]] = [
    ("its end is cut off", lambda w, i: i.write_bytes(i.read_bytes()[:-9]), "damaged"),
    ("the whole one is gone", lambda w, i: w.unlink(), "which is not beside it"),
    ("the whole one is cut off", lambda w, i: w.write_bytes(w.read_bytes()[:-9]), "damaged"),
    ("the whole one is another", lambda w, i: shutil.copy(listed(w.parent)[-1], w), "is not the"),
    ("the recipe leads out", lambda w, i: forged(i, {"../../x": [["", 0, 1]]}), "damaged"),
    ("the recipe takes from out", lambda w, i: forged(i, {"x": [["../x", 0, 1]]}), "damaged"),
    ("the recipe is none", lambda w, i: forged(i, ["x"]), "damaged"),
    ("the recipe lacks files", lambda w, i: forged(i, {}), "The store is not in it|is missing"),
]


def forged(file: Path, recipe: object) -> None:
    folder = file.parent / "forging"
    folder.mkdir()
    manifest = archive.unpack(file, folder, ())
    (folder / RECIPE).write_text(json.dumps(recipe))
    archive.write(folder, manifest, file, ())
    shutil.rmtree(folder)


@pytest.mark.parametrize(("harm", "said"), [h[1:] for h in HARMS], ids=[h[0] for h in HARMS])
def test_a_broken_link_is_told_and_the_newest_whole_state_before_it_offered(
    copied: tuple[Settings, Path, Path, Path],
    tmp_path: Path,
    harm: Callable[[Path, Path], object],
    said: str,
) -> None:
    settings, before, whole, file = copied
    harm(whole, file)
    hurt = [path for path in (whole, file) if told(path, settings)]
    assert any(re.search(said, fault) for fault in told(file, settings))
    place = tmp_path / "there"
    place.mkdir()
    shutil.copy(settings.home / "secrets.json", place)
    with pytest.raises(BadInput, match=said) as refused:
        restoring.restore(file, at(place), replace=False, force=False, without_audit=False)
    instead = next(path for path in (whole, before) if path not in hurt)
    assert str(instead) in refused.value.hint
    assert not (tmp_path / "x").exists() and not (place / "datamind.db").exists()


def told(file: Path, settings: Settings) -> tuple[str, ...]:
    try:
        return checking.verify(file, settings).faults
    except DataMindError as fault:
        return (fault.message,)


@pytest.mark.parametrize("key", [None, KEY])
def test_no_bit_of_an_increment_can_be_turned_unseen(
    copied: tuple[Settings, Path, Path, Path], monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    settings, *_, file = copied
    if key:
        monkeypatch.setenv("ENCRYPTION_KEY", key)
        making.create(settings)
        (settings.home / "catalogs").mkdir()
        (settings.home / "catalogs" / "new").touch()
        file = made(settings)
    before, chance = file.read_bytes(), random.Random(SEED)
    for _ in range(10):
        place = chance.randrange(10, len(before))  # gzip's own header has bits that mean nothing
        turned = bytes([before[place] ^ (1 << chance.randrange(8))])
        file.write_bytes(before[:place] + turned + before[place + 1 :])
        assert told(file, settings), place
    file.write_bytes(before)
    assert told(file, settings) == ()


MAKE = """
import os, signal, sys
from pathlib import Path
from datamind.backup import archive, increments, keeping, making
from datamind.settings import Settings
home, moment = sys.argv[1:]
def killing(of, name, after=False):
    real = getattr(of, name)
    def stand_in(*args, **more):
        if after:
            real(*args, **more)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(of, name, stand_in)
of, name, after = {
    "gathered": (making, "_gathered", True),
    "difference": (increments, "difference", True),
    "half": (archive.tarfile.TarFile, "add", True),
    "kept": (archive, "_kept", True),
    "written": (archive, "write", True),
    "tidied": (making, "tidy", True),
    "one deleted": (Path, "unlink", True),
}[moment]
killing(of, name, after)
making.increment(Settings(home=Path(home)))
"""


@pytest.mark.parametrize(
    "moment",
    ["gathered", "difference", "half", "kept", "written", "tidied", "one deleted"],
)
def test_killed_at_any_moment_the_earlier_ones_are_whole_and_the_next_one_is_made(
    copied: tuple[Settings, Path, Path, Path], moment: str
) -> None:
    settings, *earlier = copied
    (settings.home / "catalogs").mkdir()
    (settings.home / "catalogs" / "new").touch()
    content = [path.read_bytes() for path in earlier]
    words = [sys.executable, "-c", MAKE, str(settings.home), moment]
    killed = subprocess.run(words, env=os.environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert states(settings.backup_folder)[-3:] == earlier[::-1]
    assert [path.read_bytes() for path in earlier] == content
    making.increment(settings)  # none, where that one was kept
    latest = newest(settings.backup_folder)
    found = checking.verify(latest, settings)
    assert found.faults == () and "catalogs/new" in found.manifest.members
    assert sorted(p.name for p in latest.parent.iterdir() if p.name[0] == ".") in (
        [".lock"], [".lock", ".looked"]
    )  # fmt: skip


def test_the_newest_of_a_time_is_found(tmp_path: Path) -> None:
    names = ["datamind-20260101T023000Z.backup",
             "datamind-20260101T023000Z-20260101T031000Z.increment",
             "datamind-20260102T023000Z.backup"]  # fmt: skip
    for name in names:
        (tmp_path / name).touch()

    def at_time(hour: int, minute: int = 0) -> str:
        return newest(tmp_path, dt.datetime(2026, 1, 1, hour, minute, tzinfo=dt.UTC)).name

    assert [at_time(2, 30), at_time(3, 9), at_time(3, 10), at_time(23)] == [
        names[0], names[0], names[1], names[1]
    ]  # fmt: skip
    assert newest(tmp_path).name == names[2]
    with pytest.raises(Exception, match="There is no backup of 2026-01-01 01:00:00 UTC or before"):
        at_time(1)


def test_the_command_line_makes_proves_and_restores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from datamind.commands import backup

    def done(*work: Any, fails: int = 0) -> Any:
        command, *given = work
        assert command(*given[:-1], **given[-1], as_json=True) == fails
        return json.loads(capsys.readouterr().out)

    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    settings = at(tmp_path / "home")
    add(settings, "ann")
    first = done(backup.create, None, {"increment": False})
    assert (first["encrypted"], first["secrets"], first["audit_records"]) == (True, True, 1)
    second = done(backup.create, None, {"increment": True})
    assert second["audit_records"] == 2  # that the first was made
    file = Path(second["file"])
    for given in (None, file, Path(first["file"])):
        assert done(backup.verify, given, {"every": False})["holds"]
        assert done(backup.prove, given, {})["holds"]
    assert list(done(backup.verify, None, {"every": True})["faults"].values()) == [[], []]
    put = {"replace": True, "force": False, "without_audit": False}
    assert done(backup.restore, file, {"at": None, **put})["before"]
    assert holds(settings)
    then = made_at(Path(first["file"])).isoformat()
    assert done(backup.restore, None, {"at": then, **put})["rows"] == first["rows"]
    file.write_bytes(file.read_bytes()[:-5])
    found = done(backup.verify, None, {"every": True}, fails=1)["faults"]
    assert [bool(faults) for faults in found.values()] == [True, False]
    for given in ({"file": file, "at": "2026-01-01"}, {"file": None, "at": None},
                  {"file": None, "at": "noon"}):  # fmt: skip
        with pytest.raises(BadInput):
            backup.restore(**given, **put, as_json=True)
    with pytest.raises(BadInput, match="goes beside"):
        backup.create(tmp_path / "x", increment=True, as_json=True)
    with pytest.raises(BadInput, match="There is no folder"):
        backup.create(tmp_path / "away" / "x", increment=False, as_json=True)
    told = done(backup.verify, file, {"every": False}, fails=1)
    assert (told["holds"], "or changed" in told["faults"][0]) == (False, True)
    assert Path(first["file"]).name in told["hint"]
