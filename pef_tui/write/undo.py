"""Undoing an in-place run: every file it replaced gets its former bytes and times back.

What a run wrote is replaced only where it is, byte for byte, still what the run wrote.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import BinaryIO, Literal

from msgspec import Struct

from pef_tui.write.dest import Dest, Outside, components, sync
from pef_tui.write.replacing import FAT_NS
from pef_tui.write.undo_book import as_other, content_of
from pef_tui.write.undo_folder import run_folder
from pef_tui.write.undo_records import FILES, Damaged, Former, RunRecords

_BLOCK = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

CHANGED = "changed since the run; it is left as it is"
LOST = "its former bytes cannot be had any more: the undo record is damaged"
NAMELESS = "a part of the undo record is damaged, and so is the name of the file in it"


class Undone(Struct, frozen=True):
    """What became of one file."""

    path: str
    """Below SOURCE; "" where the record is too damaged to say."""
    key: bytes
    word: Literal["restored", "left"]
    reason: str = ""
    damaged: bool = False
    """Was it left because the record, or what is kept with it, is damaged?"""


class _Changed(Exception):
    """Somebody changed the file since the run."""


def undo(place: Dest, run: str, written: int | None = None) -> Iterator[Undone]:
    """Bring back what a run replaced, the last file first; its records stay.

    All records are read and checked before the first file is touched. `written`: how many files the run wrote, by the
    manifest; None where it did not come to its end. A record of fewer files is reported where it does not list them.

    May be done again after it was interrupted: what is as it was is left so. Raises OSError, SyncFailed.
    """
    with run_folder(place.path, run) as folder:
        try:
            records = RunRecords(folder)
        except FileNotFoundError:
            if names := sorted(set(os.listdir(folder)) - {FILES}):
                reason = (
                    f"the undo record is gone, but originals are still in its folder: {', '.join(names[:3])}"
                )
                yield Undone("", b"", "left", reason, damaged=True)
            return
        try:
            yield from _undone(place, records, folder, written)
        finally:
            records.close()


def _undone(place: Dest, records: RunRecords, folder: int, written: int | None) -> Iterator[Undone]:
    folders: dict[bytes, int] = {}
    if records.began is not None:
        folders[b""] = records.began.folder_mtime_ns
    for _, former in records.formers:
        folders.setdefault(_parent(former.path), former.folder_mtime_ns)
    left = {_parent(path) for path, _ in records.lost if path}
    for path, key in records.lost:
        if not key and not _is_there(place, path):  # the name is a part of what is damaged
            path = b""
        yield Undone(os.fsdecode(path), key, "left", LOST if path else NAMELESS, damaged=True)
    if not records.named and written is not None:
        missing = written - len({former.key for _, former in records.formers}) - len(records.lost)
        if missing > 0 or records.torn:
            reason = f"the undo record ends too early: at least {max(missing, 1)} of its files are not in it"
            yield Undone("", b"", "left", reason, damaged=True)
    seen: set[bytes] = set()
    for offset, former in reversed(records.formers):
        done = _restore(place, records, folder, offset, former)
        if done.word == "left":
            left.add(_parent(former.path))
        if former.path not in seen or done.word == "left":
            seen.add(former.path)
            yield done
    _restore_folders(place, {folder: mtime for folder, mtime in folders.items() if folder not in left})


def _is_there(place: Dest, path: bytes) -> bool:
    try:
        folder, name = components(os.fsdecode(path))
        with place.folder(folder, create=False) as fd:
            os.stat(name, dir_fd=fd, follow_symlinks=False)
    except (OSError, Outside):
        return False
    return True


def _parent(path: bytes) -> bytes:
    return path.rpartition(b"/")[0]


def _restore(place: Dest, records: RunRecords, kept: int, offset: int, former: Former) -> Undone:
    shown = os.fsdecode(former.path)
    try:
        folder, name = components(shown)
        with place.folder(folder, create=False) as fd:
            _File(place, records, kept, fd, name).restore(offset, former)
    except _Changed:
        return Undone(shown, former.key, "left", CHANGED)
    except Damaged:
        return Undone(shown, former.key, "left", LOST, damaged=True)
    except (OSError, Outside) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return Undone(shown, former.key, "left", reason)
    return Undone(shown, former.key, "restored")


class _File:
    """One file that a run replaced, in its folder."""

    def __init__(self, place: Dest, records: RunRecords, kept: int, fd: int, name: str) -> None:
        """`kept`: a descriptor of the run's folder; `fd`: of the file's."""
        self._place = place
        self._records = records
        self._kept = kept
        self._fd = fd
        self._name = name

    def restore(self, offset: int, former: Former) -> None:
        """Make it what it was. Raises _Changed, Damaged, OSError."""
        if former.kind == "link" and _says(self._fd, self._name) == former.stretch:
            return
        try:
            number = os.open(self._name, _READ, dir_fd=self._fd)
        except FileNotFoundError:
            if former.kind == "none":
                return
            raise _Changed from None
        with os.fdopen(number, "rb", 0) as current:
            if former.kind == "times":
                self._restore_times(current, former)
            else:
                self._restore_bytes(current, offset, former)

    def _restore_times(self, current: BinaryIO, former: Former) -> None:
        now = os.fstat(current.fileno())
        known = (former.mtime_ns, former.new_mtime_ns)
        same = not former.new_mtime_ns or any(abs(now.st_mtime_ns - mtime_ns) <= FAT_NS for mtime_ns in known)
        if now.st_size != former.size or not same:
            raise _Changed
        self._set_times(former)

    def _restore_bytes(self, current: BinaryIO, offset: int, former: Former) -> None:
        found = os.fstat(current.fileno()).st_size, content_of(current)
        if former.kind != "none" and found == (former.size, former.content):
            if not self._linked_again(former, current):
                self._set_times(former)
            return
        if found != (former.new_size, former.new_content):
            raise _Changed
        if former.kind == "none":
            os.unlink(self._name, dir_fd=self._fd)
            sync(self._fd)
        elif former.kind == "link":
            self._put(self._staged_link(former))
        elif not self._linked_again(former, current):
            self._put(self._rebuilt(current, offset, former))

    def _set_times(self, former: Former) -> None:
        times = (former.atime_ns, former.mtime_ns)
        os.utime(self._name, ns=times, dir_fd=self._fd, follow_symlinks=False)

    def _linked_again(self, former: Former, current: BinaryIO) -> bool:
        """Make it one of the names of its original again; False where that is not there as it was.

        Its times are those that its other names have.
        """
        if not former.original:
            return False
        try:
            with self._records.open(former.original) as original:
                facts = os.fstat(original.fileno())
                if os.path.samestat(facts, os.fstat(current.fileno())):
                    return True
                if (facts.st_size, content_of(original)) != (former.size, former.content):
                    return False
            staged = self._staged_name()
            os.link(
                former.original,
                staged,
                src_dir_fd=self._kept,
                dst_dir_fd=self._place.staging_fd,
                follow_symlinks=False,
            )
        except (Damaged, OSError):  # a copy is made instead
            return False
        self._put(staged)
        return True

    def _staged_name(self) -> str:
        return f"{self._place.number()}.undo"

    def _put(self, staged: str) -> None:
        os.replace(staged, self._name, src_dir_fd=self._place.staging_fd, dst_dir_fd=self._fd)
        sync(self._fd)

    def _staged_link(self, former: Former) -> str:
        staged = self._staged_name()
        os.symlink(former.stretch, os.fsencode(staged), dir_fd=self._place.staging_fd)
        times = (former.atime_ns, former.mtime_ns)
        os.utime(staged, ns=times, dir_fd=self._place.staging_fd, follow_symlinks=False)
        return staged

    def _rebuilt(self, current: BinaryIO, offset: int, former: Former) -> str:
        """Put the former file together in the staging folder. Raises Damaged where it is not as it was, OSError."""
        staged = self._staged_name()
        try:
            with os.fdopen(os.open(staged, _CREATE, 0o600, dir_fd=self._place.staging_fd), "w+b") as target:
                self._rebuild(current, offset, former, target)
                target.flush()
                if (os.fstat(target.fileno()).st_size, content_of(target)) != (former.size, former.content):
                    raise Damaged
                as_other(current.fileno(), target.fileno())
                os.utime(target.fileno(), ns=(former.atime_ns, former.mtime_ns))
                sync(target.fileno())
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(staged, dir_fd=self._place.staging_fd)
            raise
        return staged

    def _rebuild(self, current: BinaryIO, offset: int, former: Former, target: BinaryIO) -> None:
        if former.kind == "whole":
            with self._records.open(former.kept) as kept:
                shutil.copyfileobj(kept, target, _BLOCK)
            return
        _move(current, 0, former.same_before, target)
        target.write(self._records.whole(offset).stretch)
        _move(current, former.new_size - former.same_behind, former.same_behind, target)


def _says(fd: int, name: str) -> bytes:
    """What a symbolic link says; empty where there is none."""
    try:
        return os.fsencode(os.readlink(name, dir_fd=fd))
    except OSError:
        return b""


def _move(source: BinaryIO, start: int, length: int, target: BinaryIO) -> None:
    source.seek(start)
    while length and (block := source.read(min(_BLOCK, length))):
        target.write(block)
        length -= len(block)


def _restore_folders(place: Dest, folders: dict[bytes, int]) -> None:
    """Folders get their times back last, deepest first."""
    for folder in sorted(folders, key=lambda folder: -folder.count(b"/")):
        parts: Sequence[str] = os.fsdecode(folder).split("/") if folder else ()
        with suppress(OSError), place.folder(tuple(parts), create=False) as fd:
            os.utime(fd, ns=(os.fstat(fd).st_atime_ns, folders[folder]))
