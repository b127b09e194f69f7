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
from contextlib import contextmanager, suppress
from threading import Lock
from typing import BinaryIO
from zlib import crc32

import xxhash

from pef_tui.write.copies import Copy
from pef_tui.write.dest import Dest, Outside, components, open_own, sync
from pef_tui.write.place import xmp_beside
from pef_tui.write.staging import FULL
from pef_tui.write.undo_records import FILES, RECORDS, Began, Former, Named
from pef_tui.write.undo_records import HEAD as _HEAD
from pef_tui.write.undo_records import encode as _encode

UNDO = "undo"
LONGEST = 16 << 20
"""Bytes of a changed stretch that are still put into a record."""
_BLOCK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class UndoBook:
    """The undo record of one run, being written; used from several threads."""

    def __init__(self, source: str, folder_mtime_ns: int) -> None:
        """Begin a record. Raises OSError."""
        self.run = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
        with closing_fd(os.open(source, _FOLDER & ~os.O_NOFOLLOW)) as place:
            self._undo = open_own(place, UNDO, create=True)
        os.mkdir(self.run, 0o700, dir_fd=self._undo)
        self._folder = os.open(self.run, _FOLDER, dir_fd=self._undo)
        self._fd = os.open(RECORDS, _CREATE | os.O_APPEND, 0o600, dir_fd=self._folder)
        self._files = os.open(FILES, _CREATE | os.O_APPEND, 0o600, dir_fd=self._folder)
        self._lock = Lock()
        self._count = 0
        self._end = 0
        self._named: list[Named] = []
        """Of frames that are not on the disk yet."""
        began = Began(time.time_ns(), folder_mtime_ns)
        self._append(began)
        _write(self._files, frame(began))
        sync(self._files)
        sync(self._folder)
        sync(self._undo)

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
            _write(self._files, b"".join(map(frame, self._named)))
            self._named.clear()

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
            found.st_size, found.st_mtime_ns, found.st_atime_ns, new_mtime_ns=copy.plan.mtime_ns,
        )  # fmt: skip

    def _append(self, record: Began | Former) -> None:
        data = frame(record)
        try:
            _write(self._fd, data)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, self._end)
            raise
        if isinstance(record, Former):
            self._named.append(Named(self._end, _HEAD.unpack_from(data)[1], record.path, record.key))
        self._end += len(data)

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
                kept = original = self._link(name, fd) if found.st_nlink > 1 else ""
                if stretch * 2 > found.st_size or stretch > LONGEST:
                    kept = kept or self._link(name, fd) or self._copy(old)
                else:
                    kept = ""
                former = Former(
                    path, key, "whole" if kept else "stretch", folder_mtime_ns, size, content,
                    found.st_size, found.st_mtime_ns, found.st_atime_ns, content_of(old),
                    before, behind, b"" if kept else _read(old, before, stretch), kept, original=original,
                )  # fmt: skip
        return former

    def _new_name(self) -> str:
        return f"{self._count}-{secrets.token_hex(4)}"

    def _link(self, name: str, fd: int) -> str:
        """One more hard link to the file, among the records; "" where the file system has none."""
        kept = self._new_name()
        try:
            os.link(name, kept, src_dir_fd=fd, dst_dir_fd=self._folder, follow_symlinks=False)
        except OSError:
            return ""
        return kept

    def _copy(self, old: BinaryIO) -> str:
        kept = self._new_name()
        with os.fdopen(os.open(kept, _CREATE, 0o600, dir_fd=self._folder), "wb") as copy:
            old.seek(0)
            shutil.copyfileobj(old, copy, _BLOCK)
            copy.flush()
            sync(copy.fileno())
        return kept

    def close(self) -> None:
        """Let go of it; a record of nothing is removed."""
        for fd in (self._fd, self._files, self._folder):
            os.close(fd)
        try:
            if not self._count:
                shutil.rmtree(self.run, dir_fd=self._undo)
        finally:
            os.close(self._undo)


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


def frame(record: Began | Former | Named) -> bytes:
    """A record as it is written: its length and CRC-32 before it."""
    payload = _encode(record)
    return _HEAD.pack(len(payload), crc32(payload)) + payload


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


@contextmanager
def closing_fd(fd: int) -> Iterator[int]:
    """The descriptor, closed at the end."""
    try:
        yield fd
    finally:
        os.close(fd)
