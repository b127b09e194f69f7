"""The journal: an append-only file of frames with checksums, and its recovery after damage.

A frame consists of a magic number, the length of the payload, a checksum, a sequence number and the payload. One
`write` writes it. The checksum is seeded with length and sequence number. So it also detects an incomplete frame, and a
frame at a wrong place. Sequence numbers must rise. A frame with a lower or equal number is an old frame that
reappeared.
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

from pef_tui.filesystem.directories import list_names
from pef_tui.manifest.folder import MANIFEST_NAME, sync_folder
from pef_tui.manifest.records import VERSION, InvalidRecord, NewerFormat
from pef_tui.system_calls import sync_data, sync_file

HEADER = b"pef-tui manifest %d\n" % VERSION
MAGIC = b"\xabPEF"
_HEAD = Packed("<4sIIQ")
_SEED = Packed("<IQ")
LONGEST = 64 << 20
"""Limit of a payload in bytes. A frame that states a greater length is damaged."""
_CHUNK = 1 << 20
_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = MANIFEST_NAME + ".new"
_ANY_HEADER = re.compile(rb"pef-tui manifest (\d{1,6})\n")

Accept = Callable[[int, bytes], None]
"""A function that gets the offset and the payload of an intact frame.

It raises InvalidRecord if the payload has impossible content.
"""


class BadRange(Struct, frozen=True):
    """A damaged range of the journal file: offsets of its start and end, and a description of the damage."""

    start: int
    end: int
    reason: str


class JournalScan(Struct, frozen=True):
    """The result of reading the whole journal file."""

    size: int
    start: int
    """Offset of the first frame; 0 if the header of the journal is missing or damaged."""
    good: int
    """Offset of the end of the last intact frame."""
    sequence: int
    """Sequence number of the last intact frame."""
    last: int
    """Offset of the last intact frame; 0 if there is none."""
    bad: tuple[BadRange, ...]

    @property
    def is_torn(self) -> bool:
        """Whether the end of the file is damaged, for example by a crash."""
        return self.good < self.size

    @property
    def holes(self) -> tuple[BadRange, ...]:
        """The damaged ranges with intact frames after them."""
        return tuple(bad for bad in self.bad if bad.start < self.good)

    @property
    def is_appendable(self) -> bool:
        """Whether frames can be appended. A damaged end is cut off before."""
        return self.start > 0 and not self.holes


def frame(sequence: int, payload: bytes) -> bytes:
    """Return the bytes of a frame with the sequence number `sequence` and the content `payload`."""
    check = crc32(payload, crc32(_SEED.pack(len(payload), sequence)))
    return _HEAD.pack(MAGIC, len(payload), check, sequence) + payload


def scan(file: BinaryIO, size: int, accept: Accept) -> JournalScan:
    """Read all frames of a journal of `size` bytes, including intact frames after damage. Raises NewerFormat.

    `accept` is called with every intact frame.
    """
    bad: list[BadRange] = []
    start = position = good = _header(file)
    sequence = last = 0
    file.seek(position)
    while position < size:
        frame_read = _read_frame(file, size - position)
        fault = ""
        if frame_read is None:
            end, fault = _next(file, position + 1, size), "damaged"
        else:
            number, payload = frame_read
            end = position + _HEAD.size + len(payload)
            fault = _fault_of(accept, position, payload) if number > sequence else "an old record again"
        if fault:
            bad.append(BadRange(position, end, fault))
        else:
            last, good, sequence = position, end, number
        position = end
    return JournalScan(size, start, good, sequence, last, tuple(bad))


def frames(file: BinaryIO, start: int, size: int, sequence: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield offset, sequence number and payload of the frames from the offset `start` to the offset `size`.

    `sequence`: sequence number of the frame before `start`. Raises InvalidRecord if a frame is damaged.
    """
    file.seek(start)
    while start < size:
        frame_read = _read_frame(file, size - start)
        if frame_read is None or frame_read[0] <= sequence:
            raise InvalidRecord("damaged")
        sequence = frame_read[0]
        yield start, sequence, frame_read[1]
        start += _HEAD.size + len(frame_read[1])


def _fault_of(accept: Accept, position: int, payload: bytes) -> str:
    try:
        accept(position, payload)
    except InvalidRecord as error:
        return f"impossible ({error})"
    return ""


def _header(file: BinaryIO) -> int:
    """Return the offset of the first frame; 0 if the header of the file is missing or damaged. Raises NewerFormat."""
    file.seek(0)
    start = file.read(len(HEADER) + 6)
    if start.startswith(HEADER):
        return len(HEADER)
    if (header := _ANY_HEADER.match(start)) and int(header[1]) > VERSION:
        raise NewerFormat(
            f"the manifest has format {int(header[1])}, written by a newer pef-tui (this one reads up to {VERSION}): "
            "update pef-tui, or choose another output folder"
        )
    return 0


def _read_frame(file: BinaryIO, room: int) -> tuple[int, bytes] | None:
    """Return sequence number and payload of the frame at the position of the file; None if it is damaged.

    `room`: number of bytes from the position to the end of the journal.
    """
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
    """Return the offset of the next intact frame from `position` on, and seek to it. Without one, return `size`."""
    while position < size:
        file.seek(position)
        chunk = file.read(_CHUNK)
        at = chunk.find(MAGIC)
        while at >= 0:
            file.seek(position + at)
            if _read_frame(file, size - position - at) is not None:
                file.seek(position + at)
                return position + at
            at = chunk.find(MAGIC, at + 1)
        # Read the last bytes of the chunk again: a magic number may cross its end.
        position += max(1, len(chunk) - len(MAGIC) + 1) if len(chunk) == _CHUNK else max(1, len(chunk))
    return size


class Journal:
    """The open journal of one DEST. Threads that share the journal must hold a lock during each call."""

    def __init__(self, folder: int, fd: int) -> None:
        self._folder = folder
        self._fd = fd
        self.last_scan = JournalScan(len(HEADER), len(HEADER), len(HEADER), 0, 0, ())
        self.end = len(HEADER)
        self.sequence = 0
        self.stop_reason = ""
        """Why nothing more can be appended; "" if appending is possible."""
        self.damaged_copy = ""
        """Name of the file with a copy of the damaged ranges; "" if there is none."""

    @classmethod
    def create(cls, folder: int) -> Journal:
        """Create an empty journal in `folder`, a descriptor of a folder. Raises OSError."""
        return cls(folder, _write_new(folder, ()))

    @classmethod
    def open(cls, folder: int, accept: Accept, *, read_only: bool) -> Journal | None:
        """Open and read the journal in `folder`; None if there is none. Raises OSError, NewerFormat.

        Unless `read_only` is set, copy damaged ranges to another file, and cut off a damaged end.
        """
        flags = os.O_RDONLY if read_only else os.O_RDWR | os.O_APPEND
        try:
            fd = os.open(MANIFEST_NAME, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        except FileNotFoundError:
            return None
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError(errno.EINVAL, "the manifest is no regular file")
            journal = cls(folder, fd)
            if not read_only:
                with suppress(FileNotFoundError):  # left by a `rewrite` that was killed
                    os.unlink(_NEW, dir_fd=folder)
            journal.reread(accept)
            if not read_only and journal.last_scan.bad:
                journal._set_aside()
            return journal
        except BaseException:
            os.close(fd)
            raise

    def _set_aside(self) -> None:
        """Copy the damaged ranges to another file, then cut off a damaged end.

        The copy is synced before: the bytes that are cut off may be the only rest of some entries.
        """
        names = set(list_names(self._folder))
        name = next(name for n in itertools.count(1) if (name := f"{MANIFEST_NAME}.damaged-{n}") not in names)
        with os.fdopen(os.open(name, _CREATE_FLAGS, 0o600, dir_fd=self._folder), "wb") as out:
            for bad in self.last_scan.bad:
                for at in range(bad.start, bad.end, _CHUNK):
                    out.write(os.pread(self._fd, min(_CHUNK, bad.end - at), at))
            out.flush()
            sync_file(out.fileno())
        self.damaged_copy = name
        if self.last_scan.is_torn:
            os.ftruncate(self._fd, self.end)
            sync_file(self._fd)

    @property
    def inode(self) -> int:
        """Inode number of the journal."""
        return os.fstat(self._fd).st_ino

    def append(self, payload: bytes, *, sync: bool = False) -> int:
        """Append one frame and return its offset. `sync`: whether the frame must be on the disk on return. Raises
        OSError.

        A frame that cannot be written completely is cut off again. After a failed sync, every call raises OSError: the
        kernel may have dropped data, so the content of the disk is unknown.
        """
        if self.stop_reason:
            raise OSError(errno.EIO, f"the manifest cannot be written any more: {self.stop_reason}")
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
            self.stop_reason = error.strerror or str(error)

    def sync(self) -> None:
        """Sync the journal file. Raises OSError. After a failed sync, nothing can be appended (see `append`)."""
        try:
            sync_data(self._fd)
        except OSError as error:
            self.stop_reason = error.strerror or str(error)
            raise

    def read(self, offset: int) -> bytes:
        """Return the payload of the frame at `offset`, an offset that `Accept` got or that `append` returned.

        The checksum is not compared again: it was compared when the journal was opened. Raises OSError, InvalidRecord.
        """
        head = os.pread(self._fd, _HEAD.size, offset)
        if len(head) < _HEAD.size:
            raise InvalidRecord("the manifest became shorter")
        length = min(_HEAD.unpack(head)[1], LONGEST)
        payload = os.pread(self._fd, length, offset + _HEAD.size)
        if len(payload) != length:
            raise InvalidRecord("the manifest became shorter")
        return payload

    def rewrite(self, payloads: Iterable[bytes]) -> None:
        """Replace the journal atomically by a new one with these payloads. If this fails, keep the old journal.

        Raises OSError in this case. Sequence numbers continue, so a frame of the old file never counts as one of the
        new file. All earlier offsets become invalid; call `reread` afterwards.
        """
        frames = (frame(number, payload) for number, payload in enumerate(payloads, self.sequence + 1))
        fd = _write_new(self._folder, frames)
        os.close(self._fd)
        self._fd = fd

    def reread(self, accept: Accept) -> None:
        """Read the whole journal, and call `accept` with every intact frame. Raises OSError, NewerFormat."""
        with os.fdopen(self._fd, "rb", buffering=_CHUNK, closefd=False) as file:
            self.last_scan = scan(file, os.fstat(self._fd).st_size, accept)
        self.end = self.last_scan.good
        self.sequence = max(self.sequence, self.last_scan.sequence)

    def close(self) -> None:
        """Close the journal file."""
        os.close(self._fd)


def _write_new(folder: int, frames: Iterable[bytes]) -> int:
    """Write a journal with `frames` to a new file, sync it, and rename it to `manifest`. Return its descriptor.

    Raises OSError.
    """
    with suppress(FileNotFoundError):
        os.unlink(_NEW, dir_fd=folder)
    fd = os.open(_NEW, _CREATE_FLAGS | os.O_APPEND, 0o600, dir_fd=folder)
    try:
        with os.fdopen(fd, "wb", buffering=_CHUNK, closefd=False) as file:
            file.write(HEADER)
            file.writelines(frames)
        sync_file(fd)
        os.rename(_NEW, MANIFEST_NAME, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.close(fd)
        with suppress(OSError):
            os.unlink(_NEW, dir_fd=folder)
        raise
    sync_folder(folder)
    return fd
