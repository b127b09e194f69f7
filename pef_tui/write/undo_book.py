"""What an in-place run needs to be undone: the former bytes of every file it replaces, kept in SOURCE/.pef-tui/undo.

A record is on the disk before the file is replaced. It holds the stretch of the file that changed, or, where that is
more than half of it, the file itself lies beside the records under another name.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from struct import Struct as Packed
from threading import Lock
from typing import BinaryIO, Literal
from zlib import crc32

import msgspec
import xxhash
from msgspec import Struct

from pef_tui.write.dest import OWN, Dest, Outside, components, sync
from pef_tui.write.place import Copy, xmp_beside
from pef_tui.write.staging import FULL

UNDO = "undo"
RECORDS = "records"
LONGEST = 16 << 20
"""Bytes of a changed stretch that are still put into a record."""
_HEAD = Packed("<II")
_BLOCK = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Began(Struct, frozen=True, array_like=True, tag="began"):
    """A run began."""

    started_ns: int
    folder_mtime_ns: int
    """Of SOURCE, before anything was made in it."""


class Former(Struct, frozen=True, array_like=True, tag="former"):
    """One file as it was before it was replaced."""

    path: bytes
    """Below SOURCE."""
    key: bytes
    """What the manifest knows it by."""
    kind: Literal["stretch", "whole", "none", "times", "link"]
    """Its changed stretch is here; it lies in `kept`; there was no such file; only its times changed; it was a
    symbolic link, and `stretch` is what it said."""
    folder_mtime_ns: int
    new_size: int
    new_content: bytes
    """Hash of what replaces it (16 bytes)."""
    size: int = 0
    mtime_ns: int = 0
    atime_ns: int = 0
    content: bytes = b""
    same_before: int = 0
    """Bytes before the stretch that are the same in both."""
    same_behind: int = 0
    stretch: bytes = b""
    kept: str = ""
    """Name of the file itself, in the folder of the records."""


Record = Began | Former
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


class UndoBook:
    """The undo record of one run, being written; used from several threads."""

    def __init__(self, source: str, folder_mtime_ns: int) -> None:
        """Begin a record. Raises OSError."""
        self.run = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
        self._path = os.path.join(source, OWN, UNDO, self.run)
        os.makedirs(self._path, mode=0o700)
        self._folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._fd = os.open(RECORDS, _CREATE | os.O_APPEND, 0o600, dir_fd=self._folder)
        self._lock = Lock()
        self._count = 0
        self._append(Began(time.time_ns(), folder_mtime_ns))
        for path in (self._path, os.path.dirname(self._path)):
            _sync_path(path)

    def record(self, copies: Sequence[Copy], retimed: Sequence[Copy], place: Dest) -> None:
        """Record what these copies are about to replace, and the times of those that only get another.

        On the disk when it returns. A copy whose original cannot be recorded becomes a failure. Raises OSError for a
        full disk.
        """
        with self._lock:
            for group, formers in ((copies, self._formers), (retimed, self._times)):
                for copy in group:
                    self._record(copy, formers(copy, place))
            sync(self._fd)
            sync(self._folder)

    def _record(self, copy: Copy, formers: Iterator[Former]) -> None:
        try:
            for former in formers:
                self._append(former)
                self._count += 1
        except (OSError, Outside) as error:
            if isinstance(error, OSError) and error.errno in FULL:
                raise
            copy.fail(f"what undoing it needs cannot be recorded: {error}", temporary=True)

    def _times(self, copy: Copy, place: Dest) -> Iterator[Former]:
        output = copy.plan.output or ""
        folder, name = components(output)
        with place.folder(folder, create=False) as fd:
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
            mtime_ns = os.fstat(fd).st_mtime_ns
        yield Former(
            os.fsencode(output), copy.plan.key, "times", mtime_ns, found.st_size, b"",
            found.st_size, found.st_mtime_ns, found.st_atime_ns,
        )  # fmt: skip

    def _append(self, record: Record) -> None:
        payload = _encode(record)
        data = memoryview(_HEAD.pack(len(payload), crc32(payload)) + payload)
        while data:
            data = data[os.write(self._fd, data) :]

    def _formers(self, copy: Copy, place: Dest) -> Iterator[Former]:
        folder, name = components(copy.plan.output or "")
        ends = {copy.name: name}
        if copy.xmp:
            ends[copy.xmp_name] = xmp_beside(copy, place, name, copy.plan.short_xmp)
        with place.folder(folder, create=False) as fd:
            for staged, there in ends.items():
                path = os.fsencode("/".join((*folder, there)))
                yield self._former(fd, there, place.staging_fd, staged, path, copy.plan.key)

    def _former(self, fd: int, name: str, staging: int, staged: str, path: bytes, key: bytes) -> Former:
        folder_mtime_ns = os.fstat(fd).st_mtime_ns
        with os.fdopen(os.open(staged, _READ, dir_fd=staging), "rb", 0) as new:
            size, content = os.fstat(new.fileno()).st_size, content_of(new)
            try:
                number = os.open(name, _READ, dir_fd=fd)
            except FileNotFoundError:
                return Former(path, key, "none", folder_mtime_ns, size, content)
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
                found = os.stat(name, dir_fd=fd, follow_symlinks=False)
                said = os.fsencode(os.readlink(name, dir_fd=fd))
                return Former(
                    path, key, "link", folder_mtime_ns, size, content,
                    found.st_size, found.st_mtime_ns, found.st_atime_ns, stretch=said,
                )  # fmt: skip
            with os.fdopen(number, "rb", 0) as old:
                found = os.fstat(number)
                before, behind = _common(old, found.st_size, new, size)
                stretch = found.st_size - before - behind
                kept = ""
                if stretch * 2 > found.st_size or stretch > LONGEST:
                    kept = self._keep(name, fd, old)
                former = Former(
                    path, key, "whole" if kept else "stretch", folder_mtime_ns, size, content,
                    found.st_size, found.st_mtime_ns, found.st_atime_ns, content_of(old),
                    before, behind, b"" if kept else _read(old, before, stretch), kept,
                )  # fmt: skip
        return former

    def _keep(self, name: str, fd: int, old: BinaryIO) -> str:
        """Give the file a second name among the records; a copy where the file system has no hard links."""
        kept = f"{self._count}-{secrets.token_hex(4)}"
        try:
            os.link(name, kept, src_dir_fd=fd, dst_dir_fd=self._folder, follow_symlinks=False)
        except OSError:
            with os.fdopen(os.open(kept, _CREATE, 0o600, dir_fd=self._folder), "wb") as copy:
                old.seek(0)
                shutil.copyfileobj(old, copy, _BLOCK)
                copy.flush()
                sync(copy.fileno())
        return kept

    def close(self) -> None:
        """Let go of it; a record of nothing is removed."""
        os.close(self._fd)
        os.close(self._folder)
        if not self._count:
            shutil.rmtree(self._path)


def read_records(path: str) -> Iterator[Record]:
    """The records in a folder, in order; a torn one at the end, which a killed run leaves, is left out."""
    with open(os.path.join(path, RECORDS), "rb") as stream:  # noqa: PTH123 - the path may hold any bytes
        while len(head := stream.read(_HEAD.size)) == _HEAD.size:
            length, check = _HEAD.unpack(head)
            payload = stream.read(length)
            if len(payload) != length or crc32(payload) != check:
                return
            yield _decode(payload)


def content_of(stream: BinaryIO) -> bytes:
    """Hash of all bytes of a file."""
    digest = xxhash.xxh3_128()
    stream.seek(0)
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.digest()


def _read(stream: BinaryIO, start: int, length: int) -> bytes:
    """Exactly these bytes. Raises OSError where the file ends before."""
    parts = []
    while length:
        block = os.pread(stream.fileno(), length, start)
        if not block:
            raise OSError("the file became shorter")
        parts.append(block)
        start, length = start + len(block), length - len(block)
    return b"".join(parts)


def _common(old: BinaryIO, old_size: int, new: BinaryIO, new_size: int) -> tuple[int, int]:
    """How many bytes are the same from the beginning, and then from the end."""
    most = min(old_size, new_size)
    before = _same(most, lambda at, length: (_read(old, at, length), _read(new, at, length)))
    behind = _same(
        most - before,
        lambda at, length: (
            _read(old, old_size - at - length, length)[::-1],
            _read(new, new_size - at - length, length)[::-1],
        ),
    )
    return before, behind


Blocks = Callable[[int, int], tuple[bytes, bytes]]


def _same(most: int, blocks: Blocks) -> int:
    at = 0
    while at < most:
        one, other = blocks(at, min(_BLOCK, most - at))
        if one != other:
            return at + _first_difference(one, other)
        at += len(one)
    return at


def _first_difference(one: bytes, other: bytes) -> int:
    """Where two blocks of one length, which are not equal, differ first: by halves, which is fast."""
    low, high = 0, len(one)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle)
    return low


def like_original(place: Dest, output: str, fd: int, default: int) -> None:
    """Give an open copy permissions, owner and extended attributes of the file it replaces."""
    with suppress(FileNotFoundError, Outside):
        folder, name = components(output)
        with place.folder(folder, create=False) as parent:
            original = os.open(name, _READ & ~os.O_NOFOLLOW, dir_fd=parent)
        try:
            as_other(original, fd)
        finally:
            os.close(original)
        return
    os.fchmod(fd, default)


def as_other(original: int, fd: int) -> None:
    """Copy permissions, owner and extended attributes from one open file to another, as far as it may be done."""
    found = os.fstat(original)
    with suppress(OSError):
        os.fchown(fd, found.st_uid, found.st_gid)
    with suppress(OSError):
        os.fchmod(fd, found.st_mode & 0o7777)
    if hasattr(os, "listxattr"):
        with suppress(OSError):
            for name in os.listxattr(original):
                with suppress(OSError):
                    os.setxattr(fd, name, os.getxattr(original, name))


def _sync_path(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(fd)
    finally:
        os.close(fd)
