"""Undo a run in place: restore the bytes and times of every file that the run replaced.

The times are the access time and the modification time. A file is restored only if its bytes are exactly those that the
run wrote.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import BinaryIO, Literal

from msgspec import Struct

from pef_tui.output.output_dir import OutputDir, OutsideOutput, components, sync
from pef_tui.output.replacement import same_time
from pef_tui.output.undo_folder import run_folder
from pef_tui.output.undo_format import FILES, DamagedRecord, ReplacedFile, RunRecords
from pef_tui.output.undo_record import content_of, copy_attributes

_BLOCK = 1 << 20
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

CHANGED_SINCE = "changed since the run; it is left as it is"
LOST = "its former bytes cannot be had any more: the undo record is damaged"
NAMELESS = "a part of the undo record is damaged, and so is the name of the file in it"


class UndoneFile(Struct, frozen=True):
    """The result of an undo for one file."""

    path: str
    """Path below SOURCE; "" if the record is too damaged to show the path."""
    key: bytes
    outcome: Literal["restored", "left"]
    reason: str = ""
    damaged: bool = False
    """Whether the file was left unchanged because its record, or the backup beside the records, is damaged."""


class _ChangedSince(Exception):
    """Raised if a file was changed after the run that is being undone."""


def undo(output_dir: OutputDir, run: str, file_count: int | None = None) -> Iterator[UndoneFile]:
    """Restore the files that a run replaced, the last file first, and yield the result for each file.

    `run`: name of the run. `file_count`: how many files the run wrote according to the manifest; None for a stopped
    run. The undo record may have fewer files, and no list of files with the names of the others. In this case one
    result without a path reports the difference.

    All records are read and checked before the first file is touched. The records are not deleted. An interrupted undo
    can be repeated: files that are already restored are skipped. Raises OSError, SyncFailed.
    """
    with run_folder(output_dir.path, run) as folder:
        try:
            records = RunRecords(folder)
        except FileNotFoundError:
            if names := sorted(set(os.listdir(folder)) - {FILES}):
                reason = (
                    f"the undo record is gone, but originals are still in its folder: {', '.join(names[:3])}"
                )
                yield UndoneFile("", b"", "left", reason, damaged=True)
            return
        try:
            yield from _undo_run(output_dir, records, folder, file_count)
        finally:
            records.close()


def _undo_run(
    output_dir: OutputDir, records: RunRecords, folder: int, file_count: int | None
) -> Iterator[UndoneFile]:
    folders: dict[bytes, int] = {}
    if records.header is not None:
        folders[b""] = records.header.folder_mtime_ns
    for _, replaced in records.replaced_files:
        folders.setdefault(_parent(replaced.path), replaced.folder_mtime_ns)
    kept_folders = {_parent(path) for path, _ in records.unreadable_files if path}
    for path, key in records.unreadable_files:
        if not key and not _exists(output_dir, path):  # the recorded path itself is damaged
            path = b""
        yield UndoneFile(os.fsdecode(path), key, "left", LOST if path else NAMELESS, damaged=True)
    if not records.has_file_list and file_count is not None:
        missing_count = (
            file_count
            - len({replaced.key for _, replaced in records.replaced_files})
            - len(records.unreadable_files)
        )
        if missing_count > 0 or records.torn:
            reason = (
                f"the undo record ends too early: at least {max(missing_count, 1)} of its files are not in it"
            )
            yield UndoneFile("", b"", "left", reason, damaged=True)
    reported_paths: set[bytes] = set()
    for offset, replaced in reversed(records.replaced_files):
        result = _restore(output_dir, records, folder, offset, replaced)
        if result.outcome == "left":
            kept_folders.add(_parent(replaced.path))
        if replaced.path not in reported_paths or result.outcome == "left":
            reported_paths.add(replaced.path)
            yield result
    _restore_folders(
        output_dir, {folder: mtime for folder, mtime in folders.items() if folder not in kept_folders}
    )


def _exists(output_dir: OutputDir, path: bytes) -> bool:
    try:
        folder, name = components(os.fsdecode(path))
        with output_dir.folder(folder, create=False) as fd:
            os.stat(name, dir_fd=fd, follow_symlinks=False)
    except (OSError, OutsideOutput):
        return False
    return True


def _parent(path: bytes) -> bytes:
    return path.rpartition(b"/")[0]


def _restore(
    output_dir: OutputDir, records: RunRecords, undo_fd: int, offset: int, replaced: ReplacedFile
) -> UndoneFile:
    path = os.fsdecode(replaced.path)
    try:
        folder, name = components(path)
        with output_dir.folder(folder, create=False) as fd:
            _File(output_dir, records, undo_fd, fd, name).restore(offset, replaced)
    except _ChangedSince:
        return UndoneFile(path, replaced.key, "left", CHANGED_SINCE)
    except DamagedRecord:
        return UndoneFile(path, replaced.key, "left", LOST, damaged=True)
    except (OSError, OutsideOutput) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return UndoneFile(path, replaced.key, "left", reason)
    return UndoneFile(path, replaced.key, "restored")


class _File:
    """One file that a run replaced, and the records that restore it."""

    def __init__(self, output_dir: OutputDir, records: RunRecords, undo_fd: int, fd: int, name: str) -> None:
        """`undo_fd`: descriptor of the folder with the run's records. `fd`: descriptor of the file's folder."""
        self._output_dir = output_dir
        self._records = records
        self._undo_fd = undo_fd
        self._fd = fd
        self._name = name

    def restore(self, offset: int, replaced: ReplacedFile) -> None:
        """Restore the file from the record `replaced`, which is at `offset` in the file of records.

        Raises _ChangedSince if the file was changed after the run. Raises DamagedRecord if its original bytes are lost.
        Raises OSError.
        """
        if replaced.kind == "link" and _read_link(self._fd, self._name) == replaced.stretch:
            return
        try:
            number = os.open(self._name, _READ_FLAGS, dir_fd=self._fd)
        except FileNotFoundError:
            if replaced.kind == "none":
                return
            raise _ChangedSince from None
        with os.fdopen(number, "rb", 0) as current:
            if replaced.kind == "times":
                self._restore_times(current, replaced)
            else:
                self._restore_bytes(current, offset, replaced)

    def _restore_times(self, current: BinaryIO, replaced: ReplacedFile) -> None:
        present = os.fstat(current.fileno())
        recorded_ns = (replaced.mtime_ns, replaced.new_mtime_ns)
        is_recorded = any(same_time(present.st_mtime_ns, mtime_ns) for mtime_ns in recorded_ns)
        if present.st_size != replaced.size or (replaced.new_mtime_ns and not is_recorded):
            raise _ChangedSince
        self._set_times(replaced)

    def _restore_bytes(self, current: BinaryIO, offset: int, replaced: ReplacedFile) -> None:
        current_content = os.fstat(current.fileno()).st_size, content_of(current)
        if replaced.kind != "none" and current_content == (replaced.size, replaced.content):
            if not self._relink(replaced, current):
                self._set_times(replaced)
            return
        if current_content != (replaced.new_size, replaced.new_content):
            raise _ChangedSince
        if replaced.kind == "none":
            os.unlink(self._name, dir_fd=self._fd)
            sync(self._fd)
        elif replaced.kind == "link":
            self._publish(self._staged_link(replaced))
        elif not self._relink(replaced, current):
            self._publish(self._stage_rebuilt(current, offset, replaced))

    def _set_times(self, replaced: ReplacedFile) -> None:
        times = (replaced.atime_ns, replaced.mtime_ns)
        os.utime(self._name, ns=times, dir_fd=self._fd, follow_symlinks=False)

    def _relink(self, replaced: ReplacedFile, current: BinaryIO) -> bool:
        """Make the file a hard link to its original again, with the times of the original. Return whether this
        succeeded.

        Only for originals with several hard links: the run made one more (`link_name`) in the folder of the records.
        False if this link is missing, or if its file was changed. The caller then restores the file as a copy.
        """
        if not replaced.link_name:
            return False
        try:
            with self._records.open(replaced.link_name) as original:
                link_stat = os.fstat(original.fileno())
                if os.path.samestat(link_stat, os.fstat(current.fileno())):
                    return True
                if (link_stat.st_size, content_of(original)) != (replaced.size, replaced.content):
                    return False
            staged = self._staged_name()
            os.link(
                replaced.link_name,
                staged,
                src_dir_fd=self._undo_fd,
                dst_dir_fd=self._output_dir.staging_fd,
                follow_symlinks=False,
            )
        except (DamagedRecord, OSError):  # the caller makes a copy instead
            return False
        self._publish(staged)
        return True

    def _staged_name(self) -> str:
        return f"{self._output_dir.next_number()}.undo"

    def _publish(self, staged: str) -> None:
        os.replace(staged, self._name, src_dir_fd=self._output_dir.staging_fd, dst_dir_fd=self._fd)
        sync(self._fd)

    def _staged_link(self, replaced: ReplacedFile) -> str:
        staged = self._staged_name()
        os.symlink(replaced.stretch, os.fsencode(staged), dir_fd=self._output_dir.staging_fd)
        times = (replaced.atime_ns, replaced.mtime_ns)
        os.utime(staged, ns=times, dir_fd=self._output_dir.staging_fd, follow_symlinks=False)
        return staged

    def _stage_rebuilt(self, current: BinaryIO, offset: int, replaced: ReplacedFile) -> str:
        """Rebuild the original file in the staging folder, and return its name there.

        Raises DamagedRecord if the rebuilt file does not have the recorded hash. Raises OSError.
        """
        staged = self._staged_name()
        try:
            with os.fdopen(
                os.open(staged, _CREATE_FLAGS, 0o600, dir_fd=self._output_dir.staging_fd), "w+b"
            ) as target:
                self._write_rebuilt(current, offset, replaced, target)
                target.flush()
                if (os.fstat(target.fileno()).st_size, content_of(target)) != (
                    replaced.size,
                    replaced.content,
                ):
                    raise DamagedRecord
                copy_attributes(current.fileno(), target.fileno())
                os.utime(target.fileno(), ns=(replaced.atime_ns, replaced.mtime_ns))
                sync(target.fileno())
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(staged, dir_fd=self._output_dir.staging_fd)
            raise
        return staged

    def _write_rebuilt(
        self, current: BinaryIO, offset: int, replaced: ReplacedFile, target: BinaryIO
    ) -> None:
        if replaced.kind == "whole":
            with self._records.open(replaced.backup_name) as undo_fd:
                shutil.copyfileobj(undo_fd, target, _BLOCK)
            return
        _copy_range(current, 0, replaced.same_before, target)
        target.write(self._records.read_record(offset).stretch)
        _copy_range(current, replaced.new_size - replaced.same_behind, replaced.same_behind, target)


def _read_link(fd: int, name: str) -> bytes:
    """Return the target of the symbolic link `name`; empty if there is no such link."""
    try:
        return os.fsencode(os.readlink(name, dir_fd=fd))
    except OSError:
        return b""


def _copy_range(source: BinaryIO, start: int, length: int, target: BinaryIO) -> None:
    source.seek(start)
    while length and (block := source.read(min(_BLOCK, length))):
        target.write(block)
        length -= len(block)


def _restore_folders(output_dir: OutputDir, folders: dict[bytes, int]) -> None:
    """Restore the modification times of folders, the deepest first. `folders`: nanoseconds since 1970, by path.

    Call it last: restoring a file changes the time of its folder. Errors are ignored.
    """
    for folder in sorted(folders, key=lambda folder: -folder.count(b"/")):
        parts: Sequence[str] = os.fsdecode(folder).split("/") if folder else ()
        with suppress(OSError), output_dir.folder(tuple(parts), create=False) as fd:
            os.utime(fd, ns=(os.fstat(fd).st_atime_ns, folders[folder]))
