"""A backup's one file: a compressed tar archive, encrypted as a whole where there is a key.

Encrypted, it is a line that says so and then one Fernet token a line. Each holds its place and
whether it is the last, so that none can be left out, moved or cut off.
"""

from __future__ import annotations

import gzip
import os
import struct
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from datamind.backup.manifest import BLOCKS, MANIFEST, Manifest, digest_of, files_of, read
from datamind.errors import BadInput, NotFound
from datamind.rooms.system import backup_files
from datamind.rooms.system.backup_files import MARK
from datamind.settings.encrypted import fernet

CHUNK = 1 << 20
LINE = 2 * CHUNK
PLACE = struct.Struct(">QB")
DAMAGED = "The backup is damaged: it can't be read to its end."
FIRST = (MANIFEST, BLOCKS)  # what stands at its beginning, to be read without the rest


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a backup says of itself: its manifest, that one's hash, its blocks' digests if any."""

    manifest: Manifest
    sha256: str
    blocks: bytes


def write(folder: Path, manifest: Manifest, file: Path, keys: Sequence[str]) -> None:
    """All files of the folder, in one file that is there whole or not at all."""
    (folder / MANIFEST).write_text(manifest.text())
    partial = file.with_name(f".{file.name}.part")
    try:
        with ExitStack() as stack:
            handle = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            out = stack.enter_context(os.fdopen(handle, "wb"))
            stack.callback(_kept, out)
            target: IO[bytes] = out
            if keys:
                target = cast(IO[bytes], stack.enter_context(_Encrypting(out, keys)))
            tar = stack.enter_context(tarfile.open(fileobj=target, mode="w|gz"))
            names = [str(path.relative_to(folder)) for path in files_of(folder)]
            for name in sorted(names, key=lambda one: (one not in FIRST, one != MANIFEST)):
                tar.add(folder / name, name)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _kept(out: IO[bytes]) -> None:
    out.flush()
    os.fsync(out.fileno())


def is_encrypted(file: Path) -> bool:
    """Whether the backup is; NotFound where there is no such file."""
    try:
        return backup_files.is_encrypted(file)
    except OSError:
        raise NotFound(f"There is no backup {file}.", hint="Name the file of a backup.") from None


def unpack(file: Path, folder: Path, keys: Sequence[str]) -> Manifest:
    """Put all files of the backup's file into the folder; BadInput for one that is damaged, or
    encrypted with another key."""
    with _plain(file, keys) as plain:
        with tarfile.open(fileobj=plain, mode="r|") as tar:
            tar.extractall(folder, filter="data")
        _to_the_end(plain)
    return _manifest(folder / MANIFEST)


def read_through(file: Path, keys: Sequence[str]) -> None:
    """BadInput where the file can't be read to its end as it was written."""
    with _plain(file, keys) as plain:
        _to_the_end(plain)


def beginning(file: Path, keys: Sequence[str]) -> Beginning:
    """What stands at the beginning of the backup's file; BadInput as above."""
    with (
        tempfile.TemporaryDirectory(prefix="datamind-backup-") as scratch,
        _plain(file, keys) as plain,
        tarfile.open(fileobj=plain, mode="r|") as tar,
    ):
        for member in tar:
            if member.name not in FIRST:
                break
            tar.extract(member, scratch, filter="data")
        manifest, blocks = Path(scratch, MANIFEST), Path(scratch, BLOCKS)
        return Beginning(
            _manifest(manifest),
            digest_of(manifest),
            blocks.read_bytes() if blocks.exists() else b"",
        )


def _manifest(path: Path) -> Manifest:
    try:
        return read(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        raise BadInput("The file is no backup of DataMind.") from None


def _to_the_end(plain: IO[bytes]) -> None:
    """There is the checksum of the whole: tarfile looks at none."""
    while plain.read(CHUNK):
        pass


@contextmanager
def _plain(file: Path, keys: Sequence[str]) -> Iterator[IO[bytes]]:
    try:
        with _opened(file, keys) as source, gzip.GzipFile(fileobj=source) as plain:
            yield cast(IO[bytes], plain)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as fault:
        if isinstance(fault, OSError) and fault.errno is not None:
            raise  # no room, not a fault of the file
        raise BadInput(DAMAGED, hint="Take another one.") from None


@contextmanager
def _opened(file: Path, keys: Sequence[str]) -> Iterator[IO[bytes]]:
    sealed = is_encrypted(file)
    with file.open("rb") as opened:
        if not sealed:
            yield opened
            return
        opened.seek(len(MARK))
        yield cast(IO[bytes], _Decrypting(opened, keys))


class _Encrypting:
    """A file that encrypts what is written to it."""

    def __init__(self, out: IO[bytes], keys: Sequence[str]) -> None:
        self._out, self._fernet = out, fernet(keys)
        self._held = bytearray()
        self._place = 0
        out.write(MARK)

    def write(self, some: bytes) -> int:
        """Take it in."""
        self._held += some
        while len(self._held) > CHUNK:
            self._put(self._held[:CHUNK], last=False)
            del self._held[:CHUNK]
        return len(some)

    def _put(self, some: bytes | bytearray, *, last: bool) -> None:
        text = PLACE.pack(self._place, last) + bytes(some)
        self._out.write(self._fernet.encrypt(text) + b"\n")
        self._place += 1

    def __enter__(self) -> _Encrypting:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._put(self._held, last=True)


class _Decrypting:
    """A file that gives what was encrypted; BadInput where a part is missing or changed."""

    def __init__(self, source: IO[bytes], keys: Sequence[str]) -> None:
        self._source, self._fernet = source, fernet(keys)
        self._held = b""
        self._place = 0
        self._ended = False

    def read(self, size: int) -> bytes:
        """The next bytes, as many as that or up to the end."""
        parts, wanted = [], size
        while wanted:
            if not self._held:
                if self._ended:
                    break
                self._held = self._next()
                continue
            parts.append(self._held[:wanted])
            self._held = self._held[wanted:]
            wanted -= len(parts[-1])
        return b"".join(parts)

    def _next(self) -> bytes:
        from cryptography.fernet import InvalidToken

        try:
            text = self._fernet.decrypt(self._source.readline(LINE).rstrip(b"\n"))
        except InvalidToken:
            if self._place:
                raise BadInput(DAMAGED, hint="Take another one.") from None
            raise BadInput(
                "The backup can't be decrypted: it was encrypted with another key, or changed.",
                hint="Set ENCRYPTION_KEY, or ENCRYPTION_KEY_FILE, to the key of that time.",
            ) from None
        place, last = PLACE.unpack_from(text)
        if place != self._place:
            raise BadInput(DAMAGED, hint="Take another one.")
        self._place, self._ended = place + 1, bool(last)
        return text[PLACE.size :]
