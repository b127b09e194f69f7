"""Write the undo record of a run in place: the original bytes of each file that it replaces.

The record is in `SOURCE/.pef-tui/undo`. The record of a file is on the disk before the file is replaced. It has the
stretch of the original: the range of bytes that changes. If the stretch is longer than half of the file, the whole file
is kept beside the records, as a hard link or a copy.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from threading import Lock
from typing import BinaryIO
from zlib import crc32

import xxhash

from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.output.output_dir import (
    OutputDir,
    OutsideOutput,
    closing_fd,
    components,
    open_state_subdir,
    sync,
)
from pef_tui.output.staged_outputs import StagedOutput
from pef_tui.output.undo_format import FILES, RECORDS, UNDO, FrameName, ReplacedFile, UndoHeader
from pef_tui.output.undo_format import HEAD as _HEAD
from pef_tui.output.undo_format import encode as _encode
from pef_tui.output.xmp_files import xmp_target
from pef_tui.system_calls import copy_extended_attributes

LONGEST = 16 << 20
"""Size limit in bytes of a stretch (the part of a file that changes). With a longer one, the whole file is kept."""
_BLOCK = 1 << 20
_DIR_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class UndoRecord:
    """Writes the undo record of one run. Several threads may use it."""

    def __init__(self, source: str, folder_mtime_ns: int) -> None:
        """Create the folder and the files of the run, with their headers, on the disk. Raises OSError.

        `folder_mtime_ns`: modification time of SOURCE before the run created anything in it.
        """
        self.run = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
        with closing_fd(os.open(source, _DIR_FLAGS & ~os.O_NOFOLLOW)) as dest_fd:
            self._undo = open_state_subdir(dest_fd, UNDO, create=True)
        os.mkdir(self.run, 0o700, dir_fd=self._undo)
        self._folder = os.open(self.run, _DIR_FLAGS, dir_fd=self._undo)
        self._fd = os.open(RECORDS, _CREATE_FLAGS | os.O_APPEND, 0o600, dir_fd=self._folder)
        self._files = os.open(FILES, _CREATE_FLAGS | os.O_APPEND, 0o600, dir_fd=self._folder)
        self._lock = Lock()
        self._count = 0
        self._end = 0
        self._frame_names: list[FrameName] = []
        """Entries for `files` that wait until their frames in `records` are synced."""
        header = UndoHeader(time.time_ns(), folder_mtime_ns)
        self._append(header)
        _write(self._files, frame(header))
        sync(self._files)
        sync(self._folder)
        sync(self._undo)

    def record(
        self, copies: Sequence[StagedOutput], retimed: Sequence[StagedOutput], output_dir: OutputDir
    ) -> None:
        """Record the originals that `copies` will replace, and the times of the files in `retimed`.

        Of the files in `retimed`, only the modification time changes. On return, the records are on the disk. If the
        original of a copy cannot be recorded, the outcome of the copy becomes `failed`. Raises OSError if the disk is
        full.
        """
        with self._lock:
            for group, describe in ((copies, self._replaced_files), (retimed, self._time_records)):
                for copy in group:
                    self._record(copy, describe(copy, output_dir))
            sync(self._fd)
            sync(self._folder)
            _write(self._files, b"".join(map(frame, self._frame_names)))
            self._frame_names.clear()

    def _record(self, copy: StagedOutput, describe: Iterator[ReplacedFile]) -> None:
        try:
            for replaced in describe:
                self._append(replaced)
                self._count += 1
        except (OSError, OutsideOutput) as error:
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                raise
            copy.fail(f"what undoing it needs cannot be recorded: {error}", temporary=True)

    def _time_records(self, copy: StagedOutput, output_dir: OutputDir) -> Iterator[ReplacedFile]:
        output = copy.plan.output or ""
        folder, name = components(output)
        with output_dir.folder(folder, create=False) as fd:
            old_stat = os.stat(name, dir_fd=fd, follow_symlinks=False)
            mtime_ns = os.fstat(fd).st_mtime_ns
        yield ReplacedFile(
            os.fsencode(output), copy.plan.key, "times", mtime_ns, old_stat.st_size, b"",
            old_stat.st_size, old_stat.st_mtime_ns, old_stat.st_atime_ns, new_mtime_ns=copy.plan.mtime_ns,
        )  # fmt: skip

    def _append(self, record: UndoHeader | ReplacedFile) -> None:
        data = frame(record)
        try:
            _write(self._fd, data)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, self._end)
            raise
        if isinstance(record, ReplacedFile):
            self._frame_names.append(
                FrameName(self._end, _HEAD.unpack_from(data)[1], record.path, record.key)
            )
        self._end += len(data)

    def _replaced_files(self, copy: StagedOutput, output_dir: OutputDir) -> Iterator[ReplacedFile]:
        folder, name = components(copy.plan.output or "")
        ends = {copy.name: name}
        if copy.xmp:
            ends[copy.xmp_name] = xmp_target(copy, output_dir, name, copy.plan.short_xmp)
        with output_dir.folder(folder, create=False) as fd:
            for staged, name_in_source in ends.items():
                path = os.fsencode("/".join((*folder, name_in_source)))
                yield self._replaced_file(
                    fd, name_in_source, output_dir.staging_fd, staged, path, copy.plan.key
                )

    def _replaced_file(
        self, fd: int, name: str, staging: int, staged: str, path: bytes, key: bytes
    ) -> ReplacedFile:
        folder_mtime_ns = os.fstat(fd).st_mtime_ns
        with os.fdopen(os.open(staged, _READ_FLAGS, dir_fd=staging), "rb", 0) as new:
            size, content = os.fstat(new.fileno()).st_size, content_of(new)
            try:
                number = os.open(name, _READ_FLAGS, dir_fd=fd)
            except FileNotFoundError:
                return ReplacedFile(path, key, "none", folder_mtime_ns, size, content)
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
                old_stat = os.stat(name, dir_fd=fd, follow_symlinks=False)
                link_text = os.fsencode(os.readlink(name, dir_fd=fd))
                return ReplacedFile(
                    path, key, "link", folder_mtime_ns, size, content,
                    old_stat.st_size, old_stat.st_mtime_ns, old_stat.st_atime_ns, stretch=link_text,
                )  # fmt: skip
            with os.fdopen(number, "rb", 0) as old:
                old_stat = os.fstat(number)
                same_before, same_behind = _common_ends(old, old_stat.st_size, new, size)
                stretch = old_stat.st_size - same_before - same_behind
                backup_name = original = self._link(name, fd) if old_stat.st_nlink > 1 else ""
                if stretch * 2 > old_stat.st_size or stretch > LONGEST:
                    backup_name = backup_name or self._link(name, fd) or self._copy(old)
                else:
                    backup_name = ""
                replaced = ReplacedFile(
                    path, key, "whole" if backup_name else "stretch", folder_mtime_ns, size, content,
                    old_stat.st_size, old_stat.st_mtime_ns, old_stat.st_atime_ns, content_of(old),
                    same_before, same_behind, b"" if backup_name else _read_exactly(old, same_before, stretch),
                    backup_name, link_name=original,
                )  # fmt: skip
        return replaced

    def _new_name(self) -> str:
        return f"{self._count}-{secrets.token_hex(4)}"

    def _link(self, name: str, fd: int) -> str:
        """Add a hard link to the file `name` in the folder of the records. Return the name of the link.

        `fd`: descriptor of the file's folder. Return "" if the link cannot be made.
        """
        backup_name = self._new_name()
        try:
            os.link(name, backup_name, src_dir_fd=fd, dst_dir_fd=self._folder, follow_symlinks=False)
        except OSError:
            return ""
        return backup_name

    def _copy(self, old: BinaryIO) -> str:
        backup_name = self._new_name()
        with os.fdopen(os.open(backup_name, _CREATE_FLAGS, 0o600, dir_fd=self._folder), "wb") as copy:
            old.seek(0)
            shutil.copyfileobj(old, copy, _BLOCK)
            copy.flush()
            sync(copy.fileno())
        return backup_name

    def close(self) -> None:
        """Close the files of the record. If the run replaced nothing, remove the record. Raises OSError."""
        for fd in (self._fd, self._files, self._folder):
            os.close(fd)
        try:
            if not self._count:
                shutil.rmtree(self.run, dir_fd=self._undo)
        finally:
            os.close(self._undo)


def content_of(stream: BinaryIO) -> bytes:
    """Return the hash (XXH3, 128 bits) of all bytes of a file. Raises OSError."""
    digest = xxhash.xxh3_128()
    stream.seek(0)
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.digest()


def _read_exactly(stream: BinaryIO, start: int, length: int) -> bytes:
    """Return exactly `length` bytes from the offset `start`. Raises OSError if the file is shorter."""
    parts = []
    while length:
        block = os.pread(stream.fileno(), length, start)
        if not block:
            raise OSError("the file became shorter")
        parts.append(block)
        start, length = start + len(block), length - len(block)
    return b"".join(parts)


def _common_ends(old: BinaryIO, old_size: int, new: BinaryIO, new_size: int) -> tuple[int, int]:
    """Return how many bytes two files have in common at the start, and at the end of the remaining parts."""
    limit = min(old_size, new_size)
    same_before = _common_length(
        limit, lambda at, length: (_read_exactly(old, at, length), _read_exactly(new, at, length))
    )
    same_behind = _common_length(
        limit - same_before,
        lambda at, length: (
            _read_exactly(old, old_size - at - length, length)[::-1],
            _read_exactly(new, new_size - at - length, length)[::-1],
        ),
    )
    return same_before, same_behind


ReadBlocks = Callable[[int, int], tuple[bytes, bytes]]


def _common_length(limit: int, blocks: ReadBlocks) -> int:
    at = 0
    while at < limit:
        old_block, new_block = blocks(at, min(_BLOCK, limit - at))
        if old_block != new_block:
            return at + _first_difference(old_block, new_block)
        at += len(old_block)
    return at


def _first_difference(old_block: bytes, new_block: bytes) -> int:
    """Return the first offset at which two blocks of equal length differ. They must differ.

    It is found by bisection: comparing slices is much faster than a loop over bytes.
    """
    low, high = 0, len(old_block)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if old_block[low:middle] == new_block[low:middle] else (low, middle)
    return low


def copy_original_attributes(output_dir: OutputDir, output: str, fd: int, default: int) -> None:
    """Give an open copy the permissions, owner and extended attributes of the original that it replaces.

    `output`: path of the original below DEST. `fd`: descriptor of the copy. `default`: permission bits if there is no
    original. Raises OSError.
    """
    with suppress(FileNotFoundError, OutsideOutput):
        folder, name = components(output)
        with output_dir.folder(folder, create=False) as parent:
            original = os.open(name, _READ_FLAGS & ~os.O_NOFOLLOW, dir_fd=parent)
        try:
            copy_attributes(original, fd)
        finally:
            os.close(original)
        return
    os.fchmod(fd, default)


def copy_attributes(original: int, fd: int) -> None:
    """Copy permissions, owner and extended attributes from the open file `original` to the open file `fd`.

    Attributes that the system does not permit are left out.
    """
    old_stat = os.fstat(original)
    with suppress(OSError):
        os.fchown(fd, old_stat.st_uid, old_stat.st_gid)
    with suppress(OSError):
        os.fchmod(fd, old_stat.st_mode & 0o7777)
    copy_extended_attributes(original, fd)


def frame(record: UndoHeader | ReplacedFile | FrameName) -> bytes:
    """Return the bytes of the frame of a record: length, CRC-32, MessagePack."""
    payload = _encode(record)
    return _HEAD.pack(len(payload), crc32(payload)) + payload


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
