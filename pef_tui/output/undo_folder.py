"""The folder `SOURCE/.pef-tui/undo`, with one folder for each run that can be undone.

Folders are opened by descriptor, never through a symbolic link.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from msgspec import Struct

from pef_tui.output.output_dir import closing_fd, open_state_subdir, sync
from pef_tui.output.undo_format import FILES, RECORDS, UNDO, RunRecords, UndoHeader, first_record

_DIR_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_REMOVING = ".forgotten"
"""Suffix of a run's folder while it is removed. After a kill, the folder does not look like a complete record."""
_MAX_PARTIAL = 32 << 20
"""Size in bytes. A larger file `records` has a complete record, because no single record is so long."""
_RUN_TIME = re.compile(r"(\d{8}-\d{6})-[0-9a-f]{4}")


class UndoRun(Struct, frozen=True):
    """One run in place that can be undone."""

    name: str
    started_ns: int
    empty: bool = False
    """Whether the run replaced no file."""


@contextmanager
def undo_folder(source: str) -> Iterator[int | None]:
    """Yield a descriptor of the folder `SOURCE/.pef-tui/undo`; None if it does not exist. Raises OSError."""
    with closing_fd(os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as dest_fd:
        try:
            undo = open_state_subdir(dest_fd, UNDO, create=False)
        except FileNotFoundError:
            yield None
            return
    with closing_fd(undo):
        yield undo


@contextmanager
def run_folder(source: str, run: str) -> Iterator[int]:
    """Yield a descriptor of the undo folder of one run. Raises FileNotFoundError if there is none, OSError."""
    with undo_folder(source) as undo:
        if undo is None:
            raise FileNotFoundError(f"there is no undo record in {source}")
        with closing_fd(os.open(run, _DIR_FLAGS, dir_fd=undo)) as folder:
            yield folder


def undo_runs(source: str) -> list[UndoRun]:
    """Return the runs that can be undone: first those that replaced nothing, then the others, the oldest first.

    A run whose folder cannot be read is left out. Raises OSError if the undo folder cannot be read.
    """
    present = []
    with undo_folder(source) as undo:
        for name in os.listdir(undo) if undo is not None else ():
            if name.endswith(_REMOVING):
                continue
            with suppress(OSError), closing_fd(os.open(name, _DIR_FLAGS, dir_fd=undo)) as folder:
                present.append(_run(folder, name))
    return sorted(present, key=lambda run: (not run.empty, run.started_ns, run.name))


def _run(folder: int, name: str) -> UndoRun:
    """Return the run in `folder`. Its start time is in the header; if that is not readable, it is in `name`.

    Raises OSError.
    """
    header = first_record(folder, FILES) or first_record(folder, RECORDS)
    started_ns = header.started_ns if isinstance(header, UndoHeader) else _time_in_name(name)
    return UndoRun(name, started_ns, _is_empty(folder))


def _is_empty(folder: int) -> bool:
    """Return whether a run replaced nothing. `folder`: a descriptor of its undo folder.

    A file `records` of more than `_MAX_PARTIAL` bytes has a complete record, so it is not read. Raises OSError.
    """
    names = set(os.listdir(folder))
    if not names <= {RECORDS, FILES}:
        return False
    if RECORDS not in names:
        return True
    if os.stat(RECORDS, dir_fd=folder, follow_symlinks=False).st_size > _MAX_PARTIAL:
        return False
    records = RunRecords(folder)
    records.close()
    return records.empty


def _time_in_name(name: str) -> int:
    with suppress(ValueError):
        if stamp := _RUN_TIME.fullmatch(name):
            started = datetime.strptime(stamp[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
            return (int(started.timestamp()) + 1) * 1_000_000_000 - 1  # the end of the second
    return 0


def forget_run(source: str, run: str) -> None:
    """Remove the undo record of the run. The caller must hold the lock of SOURCE (`DestLock`). Raises OSError."""
    with undo_folder(source) as undo:
        if undo is not None:
            _remove(undo, run)


def _remove(undo: int, run: str) -> None:
    if not run.endswith(_REMOVING):
        os.rename(run, run + _REMOVING, src_dir_fd=undo, dst_dir_fd=undo)
        sync(undo)
        run += _REMOVING
    shutil.rmtree(run, dir_fd=undo)


def clear_leftovers(source: str, except_run: str = "") -> None:
    """Remove records that are half removed, and folders of runs that replaced nothing. Keep the run `except_run`.

    A folder without records stays if it has other files: they may be the only copy of an original. The caller must hold
    the lock of SOURCE (`DestLock`). Raises OSError.
    """
    with undo_folder(source) as undo:
        if undo is None:
            return
        names = [name for name in os.listdir(undo) if name.endswith(_REMOVING)]
        names += [run.name for run in undo_runs(source) if run.empty and run.name != except_run]
        for name in names:
            _remove(undo, name)


class UndoLinks:
    """Counts the hard links in `SOURCE/.pef-tui/undo`. Earlier runs kept originals as such links.

    The links are counted when the first file with several links is checked. Links that this run adds later are not
    needed: they keep files that were checked before.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._counts: Counter[tuple[int, int]] | None = None

    def has_other_links(self, path: str) -> bool:
        """Return whether the file at `path` has hard links other than `path` and those in the undo folder.

        False if it is missing or not a regular file.
        """
        try:
            present = os.lstat(path)
        except OSError:
            return False
        if present.st_nlink < 2 or not stat.S_ISREG(present.st_mode):
            return False
        if self._counts is None:
            self._counts = Counter(self._undo_links())
        return present.st_nlink - self._counts[present.st_dev, present.st_ino] > 1

    def _undo_links(self) -> Iterator[tuple[int, int]]:
        with suppress(OSError), undo_folder(self._source) as undo:
            for name in os.listdir(undo) if undo is not None else ():
                with suppress(OSError), closing_fd(os.open(name, _DIR_FLAGS, dir_fd=undo)) as folder:
                    for link_name in os.listdir(folder):
                        present = os.stat(link_name, dir_fd=folder, follow_symlinks=False)
                        yield present.st_dev, present.st_ino
