"""Undoing an in-place run: every file it replaced gets its former bytes and times back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import BinaryIO, Literal

from msgspec import Struct

from pef_tui.errors import UsageError
from pef_tui.write.dest import OWN, Dest, Outside, components, sync
from pef_tui.write.undo_book import UNDO, Began, Former, as_other, content_of, read_records

_BLOCK = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

CHANGED = "changed since the run; it is left as it is"


class Undone(Struct, frozen=True):
    """What became of one file."""

    path: str
    key: bytes
    word: Literal["restored", "left"]
    reason: str = ""


def runs(source: str) -> list[str]:
    """The runs in SOURCE that can be undone, oldest first."""
    try:
        names = os.listdir(os.path.join(source, OWN, UNDO))
    except FileNotFoundError:
        return []
    return sorted(names)


def chosen(source: str, run: str) -> str:
    """The run meant by a name or `last`. Raises UsageError."""
    known = runs(source)
    if run == "last" and known:
        return known[-1]
    if run in known:
        return run
    there = f"there are: {', '.join(known)}" if known else "there is none"
    raise UsageError(f"no in-place run {run!r} to be undone in {source}; {there}")


def forget(source: str, run: str) -> None:
    """Remove what a run could be undone with. Raises OSError."""
    shutil.rmtree(os.path.join(source, OWN, UNDO, run))


def undo(place: Dest, run: str) -> Iterator[Undone]:
    """Bring back what a run replaced, the last file first; its records stay.

    May be done again after it was interrupted: what is as it was is left so. Raises OSError, SyncFailed.
    """
    path = os.path.join(place.path, OWN, UNDO, run)
    records = list(read_records(path))
    folders: dict[bytes, int] = {}
    for record in records:
        if isinstance(record, Began):
            folders.setdefault(b"", record.folder_mtime_ns)
        else:
            folders.setdefault(record.path.rpartition(b"/")[0], record.folder_mtime_ns)
    formers = [record for record in records if isinstance(record, Former)]
    left: set[bytes] = set()
    seen: set[bytes] = set()
    for former in reversed(formers):
        done = _restore(place, former, path)
        if done.word == "left":
            left.add(former.path.rpartition(b"/")[0])
        if former.path not in seen or done.word == "left":
            seen.add(former.path)
            yield done
    _restore_folders(place, {folder: mtime for folder, mtime in folders.items() if folder not in left})


def _restore(place: Dest, former: Former, records: str) -> Undone:
    shown = os.fsdecode(former.path)
    try:
        folder, name = components(shown)
        with place.folder(folder, create=False) as fd:
            reason = _restored(place, fd, name, former, records)
    except (OSError, Outside) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return Undone(shown, former.key, "left" if reason else "restored", reason)


def _restored(place: Dest, fd: int, name: str, former: Former, records: str) -> str:
    """Bring one file back; why not, "" when it is as it was. Raises OSError."""
    if former.kind == "link" and _says(fd, name) == former.stretch:
        return ""
    try:
        number = os.open(name, _READ, dir_fd=fd)
    except FileNotFoundError:
        return "" if former.kind == "none" else CHANGED
    if former.kind == "times":
        os.close(number)
        if os.stat(name, dir_fd=fd, follow_symlinks=False).st_size != former.size:
            return CHANGED
        os.utime(name, ns=(former.atime_ns, former.mtime_ns), dir_fd=fd, follow_symlinks=False)
        return ""
    with os.fdopen(number, "rb", 0) as current:
        size, content = os.fstat(number).st_size, content_of(current)
        if former.kind != "none" and (size, content) == (former.size, former.content):
            os.utime(name, ns=(former.atime_ns, former.mtime_ns), dir_fd=fd, follow_symlinks=False)
            return ""
        if (size, content) != (former.new_size, former.new_content):
            return CHANGED
        if former.kind == "none":
            os.unlink(name, dir_fd=fd)
            sync(fd)
            return ""
        staged = f"{place.number()}.undo"
        if former.kind == "link":
            os.symlink(former.stretch, os.fsencode(staged), dir_fd=place.staging_fd)
            times = (former.atime_ns, former.mtime_ns)
            os.utime(staged, ns=times, dir_fd=place.staging_fd, follow_symlinks=False)
        elif not _rebuilt(place, staged, current, former, records):
            with suppress(FileNotFoundError):
                os.unlink(staged, dir_fd=place.staging_fd)
            return "its former bytes cannot be had any more: the undo record is damaged"
    os.replace(staged, name, src_dir_fd=place.staging_fd, dst_dir_fd=fd)
    sync(fd)
    return ""


def _says(fd: int, name: str) -> bytes:
    """What a symbolic link says; empty where there is none."""
    try:
        return os.fsencode(os.readlink(name, dir_fd=fd))
    except OSError:
        return b""


def _rebuilt(place: Dest, staged: str, current: BinaryIO, former: Former, records: str) -> bool:
    """Put the former file together in the staging folder; is it the same as it was? Raises OSError."""
    with os.fdopen(os.open(staged, _CREATE, 0o600, dir_fd=place.staging_fd), "w+b") as target:
        if former.kind == "whole":
            with open(os.path.join(records, former.kept), "rb") as kept:  # noqa: PTH123
                shutil.copyfileobj(kept, target, _BLOCK)
        else:
            _move(current, 0, former.same_before, target)
            target.write(former.stretch)
            _move(current, former.new_size - former.same_behind, former.same_behind, target)
        target.flush()
        if os.fstat(target.fileno()).st_size != former.size or content_of(target) != former.content:
            return False
        as_other(current.fileno(), target.fileno())
        os.utime(target.fileno(), ns=(former.atime_ns, former.mtime_ns))
        sync(target.fileno())
    return True


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
