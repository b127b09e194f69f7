"""The journal: an append-only file of checked frames, and what is done when some of them are damaged.

A frame is magic, length of its payload, checksum, sequence number, payload. The checksum is seeded with length and
sequence number, so neither a moved nor a half frame passes; a sequence number that does not rise is an old frame
that came back. One write a frame.
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from struct import Struct as Packed
from typing import BinaryIO
from zlib import crc32

from msgspec import Struct

from pef_tui.folders import names_in
from pef_tui.manifest.folder import NAME, sync_folder
from pef_tui.manifest.format import VERSION, Impossible, NewerFormat

HEADER = b"pef-tui manifest %d\n" % VERSION
MAGIC = b"\xabPEF"
_HEAD = Packed("<4sIIQ")
_SEED = Packed("<IQ")
LONGEST = 64 << 20
"""No frame is longer (bytes): a length beyond is damage."""
_CHUNK = 1 << 20
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = NAME + ".new"
_ANY_HEADER = re.compile(rb"pef-tui manifest (\d{1,6})\n")

Accept = Callable[[int, bytes], None]
"""Takes the offset and the payload of a good frame; raises Impossible where it says what cannot be."""


class Bad(Struct, frozen=True):
    """A stretch of the file that cannot be used."""

    start: int
    end: int
    why: str


class Scan(Struct, frozen=True):
    """What a look through the whole file told."""

    size: int
    start: int
    """Where frames begin; 0 when the header is missing or damaged."""
    good: int
    """End of the last good frame."""
    sequence: int
    """Of the last good frame."""
    last: int
    """Where the last good frame begins; 0 when there is none."""
    bad: tuple[Bad, ...]

    @property
    def torn(self) -> bool:
        """Does it end in something unusable, as after a crash?"""
        return self.good < self.size

    @property
    def holes(self) -> tuple[Bad, ...]:
        """Unusable stretches that have good frames behind them."""
        return tuple(bad for bad in self.bad if bad.start < self.good)

    @property
    def whole(self) -> bool:
        """Is it fit to be added to, apart from a torn end?"""
        return self.start > 0 and not self.holes


def frame(sequence: int, payload: bytes) -> bytes:
    """The bytes of one frame."""
    check = crc32(payload, crc32(_SEED.pack(len(payload), sequence)))
    return _HEAD.pack(MAGIC, len(payload), check, sequence) + payload


def scan(file: BinaryIO, size: int, accept: Accept) -> Scan:
    """Read every frame of a journal of `size` bytes, finding the good ones behind damage. Raises NewerFormat."""
    bad: list[Bad] = []
    start = position = good = _header(file)
    sequence = last = 0
    file.seek(position)
    while position < size:
        found = _read(file, size - position)
        why = ""
        if found is None:
            end, why = _next(file, position + 1, size), "damaged"
        else:
            number, payload = found
            end = position + _HEAD.size + len(payload)
            why = _taken(accept, position, payload) if number > sequence else "an old record again"
        if why:
            bad.append(Bad(position, end, why))
        else:
            last, good, sequence = position, end, number
        position = end
    return Scan(size, start, good, sequence, last, tuple(bad))


def frames(file: BinaryIO, start: int, size: int, sequence: int) -> Iterator[tuple[int, int, bytes]]:
    """Offset, sequence number and payload of the frames from `start` to `size`, behind the one of this number.

    Raises Impossible where one is damaged.
    """
    file.seek(start)
    while start < size:
        found = _read(file, size - start)
        if found is None or found[0] <= sequence:
            raise Impossible("damaged")
        sequence = found[0]
        yield start, sequence, found[1]
        start += _HEAD.size + len(found[1])


def _taken(accept: Accept, position: int, payload: bytes) -> str:
    try:
        accept(position, payload)
    except Impossible as error:
        return f"impossible ({error})"
    return ""


def _header(file: BinaryIO) -> int:
    """Where the frames begin; 0 where the header is damaged."""
    file.seek(0)
    start = file.read(len(HEADER) + 6)
    if start.startswith(HEADER):
        return len(HEADER)
    if (other := _ANY_HEADER.match(start)) and int(other[1]) > VERSION:
        raise NewerFormat(
            f"the manifest has format {int(other[1])}, written by a newer pef-tui (this one reads up to {VERSION}): "
            "update pef-tui, or choose another output folder"
        )
    return 0


def _read(file: BinaryIO, room: int) -> tuple[int, bytes] | None:
    """Sequence number and payload of the frame that begins here, None if it is not good."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    magic, length, check, sequence = _HEAD.unpack(head)
    if magic != MAGIC or length > min(LONGEST, room - _HEAD.size):
        return None
    payload = file.read(length)
    if len(payload) != length or crc32(payload, crc32(_SEED.pack(length, sequence))) != check:
        return None
    return sequence, payload


def _next(file: BinaryIO, position: int, size: int) -> int:
    """Offset of the next good frame, the file at it; `size` when there is none."""
    while position < size:
        file.seek(position)
        chunk = file.read(_CHUNK)
        at = chunk.find(MAGIC)
        while at >= 0:
            file.seek(position + at)
            if _read(file, size - position - at) is not None:
                file.seek(position + at)
                return position + at
            at = chunk.find(MAGIC, at + 1)
        position += max(1, len(chunk) - len(MAGIC) + 1) if len(chunk) == _CHUNK else max(1, len(chunk))
    return size


class Journal:
    """The journal of one DEST, open. Not safe for several threads by itself."""

    def __init__(self, folder: int, fd: int) -> None:
        self._folder = folder
        self._fd = fd
        self.seen = Scan(len(HEADER), len(HEADER), len(HEADER), 0, 0, ())
        self.end = len(HEADER)
        self.sequence = 0
        self.stopped = ""
        """Why nothing more can be recorded; "" while all is well."""
        self.aside = ""
        """Name of the file that keeps what could not be used."""

    @classmethod
    def create(cls, folder: int) -> Journal:
        """Begin a new one in the folder with this descriptor. Raises OSError."""
        return cls(folder, _write_new(folder, ()))

    @classmethod
    def open(cls, folder: int, accept: Accept, *, read_only: bool) -> Journal | None:
        """Open the one that is there and read it through. None when there is none. Raises OSError, NewerFormat.

        Unless `read_only`, an unusable end is kept in a file of its own and cut off.
        """
        flags = os.O_RDONLY if read_only else os.O_RDWR | os.O_APPEND
        try:
            fd = os.open(NAME, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        except FileNotFoundError:
            return None
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError(errno.EINVAL, "the manifest is no regular file")
            journal = cls(folder, fd)
            if not read_only:
                with suppress(FileNotFoundError):  # of a rewriting that was killed
                    os.unlink(_NEW, dir_fd=folder)
            journal.reread(accept)
            if not read_only and journal.seen.bad:
                journal._set_aside()
            return journal
        except BaseException:
            os.close(fd)
            raise

    def _set_aside(self) -> None:
        """Keep what cannot be used in a file of its own, then cut it off the end."""
        taken = set(names_in(self._folder))
        name = next(name for n in itertools.count(1) if (name := f"{NAME}.damaged-{n}") not in taken)
        with os.fdopen(os.open(name, _CREATE, 0o600, dir_fd=self._folder), "wb") as out:
            for bad in self.seen.bad:
                for at in range(bad.start, bad.end, _CHUNK):
                    out.write(os.pread(self._fd, min(_CHUNK, bad.end - at), at))
            out.flush()
            os.fsync(out.fileno())
        self.aside = name
        if self.seen.torn:
            os.ftruncate(self._fd, self.end)
            os.fsync(self._fd)

    @property
    def inode(self) -> int:
        """Number of the file on its disk."""
        return os.fstat(self._fd).st_ino

    def append(self, payload: bytes, *, sync: bool = False) -> int:
        """Add one frame; its offset. With `sync` it is on the disk before this returns.

        Raises OSError. What was written by halves is cut off again; after a failed sync nothing more is taken,
        because nobody knows then what the disk holds.
        """
        if self.stopped:
            raise OSError(errno.EIO, f"the manifest cannot be written any more: {self.stopped}")
        if len(payload) > LONGEST:
            raise ValueError("record too long")
        data = frame(self.sequence + 1, payload)
        try:
            if os.write(self._fd, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self._cut()
            raise
        start = self.end
        self.end += len(data)
        self.sequence += 1
        if sync:
            self.sync()
        return start

    def _cut(self) -> None:
        try:
            os.ftruncate(self._fd, self.end)
        except OSError as error:
            self.stopped = error.strerror or str(error)

    def sync(self) -> None:
        """Wait until all of it is on the disk. Raises OSError; never tried twice."""
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            self.stopped = error.strerror or str(error)
            raise

    def read(self, offset: int) -> bytes:
        """The payload of the frame at an offset that `accept` or `append` told. Raises OSError, Impossible."""
        head = os.pread(self._fd, _HEAD.size, offset)
        if len(head) < _HEAD.size:
            raise Impossible("the manifest became shorter")
        length = min(_HEAD.unpack(head)[1], LONGEST)
        payload = os.pread(self._fd, length, offset + _HEAD.size)
        if len(payload) != length:
            raise Impossible("the manifest became shorter")
        return payload

    def rewrite(self, payloads: Iterable[bytes]) -> None:
        """Put a new journal of these records in the place of this one, in one step. Raises OSError.

        The numbers go on, so that no frame of the old one is ever taken for one of the new. When it fails, the old
        one is as it was. Offsets told before are void: `reread`.
        """
        frames = (frame(number, payload) for number, payload in enumerate(payloads, self.sequence + 1))
        fd = _write_new(self._folder, frames)
        os.close(self._fd)
        self._fd = fd

    def reread(self, accept: Accept) -> None:
        """Read it through again. Raises OSError."""
        with os.fdopen(self._fd, "rb", buffering=_CHUNK, closefd=False) as file:
            self.seen = scan(file, os.fstat(self._fd).st_size, accept)
        self.end = self.seen.good
        self.sequence = max(self.sequence, self.seen.sequence)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)


def _write_new(folder: int, frames: Iterable[bytes]) -> int:
    """Write a whole journal beside, sync it, rename it into place, sync the folder; its descriptor."""
    with suppress(FileNotFoundError):
        os.unlink(_NEW, dir_fd=folder)
    fd = os.open(_NEW, _CREATE | os.O_APPEND, 0o600, dir_fd=folder)
    try:
        with os.fdopen(fd, "wb", buffering=_CHUNK, closefd=False) as file:
            file.write(HEADER)
            file.writelines(frames)
        os.fsync(fd)
        os.rename(_NEW, NAME, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.close(fd)
        with suppress(OSError):
            os.unlink(_NEW, dir_fd=folder)
        raise
    sync_folder(folder)
    return fd
