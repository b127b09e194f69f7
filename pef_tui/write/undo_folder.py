"""`SOURCE/.pef-tui/undo`: the runs that can be undone. Every folder is entered by descriptor, never through a link."""

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

from pef_tui.write.dest import open_own, sync
from pef_tui.write.undo_book import UNDO, closing_fd
from pef_tui.write.undo_records import FILES, RECORDS, Began, RunRecords, first_record

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FORGOTTEN = ".forgotten"
"""Behind the name of a run whose records are being removed, so that a kill leaves nothing that looks like a record."""
_SHORT = 32 << 20
"""Bytes. The longest record of one file that a kill can leave unfinished is shorter."""
_STAMP = re.compile(r"(\d{8}-\d{6})-[0-9a-f]{4}")


class UndoRun(Struct, frozen=True):
    """One in-place run in SOURCE."""

    name: str
    started_ns: int
    empty: bool = False
    """Did it end before it replaced anything?"""


@contextmanager
def undo_folder(source: str) -> Iterator[int | None]:
    """A descriptor of `SOURCE/.pef-tui/undo`; None where there is none. Raises OSError."""
    with closing_fd(os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as place:
        try:
            undo = open_own(place, UNDO, create=False)
        except FileNotFoundError:
            yield None
            return
    with closing_fd(undo):
        yield undo


@contextmanager
def run_folder(source: str, run: str) -> Iterator[int]:
    """A descriptor of the folder of one run. Raises OSError."""
    with undo_folder(source) as undo:
        if undo is None:
            raise FileNotFoundError(f"there is no undo record in {source}")
        with closing_fd(os.open(run, _FOLDER, dir_fd=undo)) as folder:
            yield folder


def undo_runs(source: str) -> list[UndoRun]:
    """The runs in SOURCE that can be undone, those that replaced nothing first, then the oldest. Raises OSError."""
    found = []
    with undo_folder(source) as undo:
        for name in os.listdir(undo) if undo is not None else ():
            if name.endswith(_FORGOTTEN):
                continue
            with suppress(OSError), closing_fd(os.open(name, _FOLDER, dir_fd=undo)) as folder:
                found.append(_run(folder, name))
    return sorted(found, key=lambda run: (not run.empty, run.started_ns, run.name))


def _run(folder: int, name: str) -> UndoRun:
    """A run by its records: it began when they say so, else when its name does. Raises OSError."""
    began = first_record(folder, FILES) or first_record(folder, RECORDS)
    started_ns = began.started_ns if isinstance(began, Began) else _named_ns(name)
    return UndoRun(name, started_ns, _is_empty(folder))


def _is_empty(folder: int) -> bool:
    """Did the run replace nothing? Long records are not read for that: they hold something."""
    names = set(os.listdir(folder))
    if not names <= {RECORDS, FILES}:
        return False
    if RECORDS not in names:
        return True
    if os.stat(RECORDS, dir_fd=folder, follow_symlinks=False).st_size > _SHORT:
        return False
    records = RunRecords(folder)
    records.close()
    return records.empty


def _named_ns(name: str) -> int:
    with suppress(ValueError):
        if stamp := _STAMP.fullmatch(name):
            at = datetime.strptime(stamp[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
            return (int(at.timestamp()) + 1) * 1_000_000_000 - 1  # the name has whole seconds
    return 0


def forget(source: str, run: str) -> None:
    """Remove what a run could be undone with. The caller holds the lock. Raises OSError."""
    with undo_folder(source) as undo:
        if undo is not None:
            _remove(undo, run)


def _remove(undo: int, run: str) -> None:
    if not run.endswith(_FORGOTTEN):
        os.rename(run, run + _FORGOTTEN, src_dir_fd=undo, dst_dir_fd=undo)
        sync(undo)
        run += _FORGOTTEN
    shutil.rmtree(run, dir_fd=undo)


def clear_leftovers(source: str, but: str = "") -> None:
    """Remove what a kill left: records half removed, and folders of runs that replaced nothing, except one run.

    A folder without records that holds anything else stays, for that may be the only copy of an original. The caller
    holds the lock. Raises OSError.
    """
    with undo_folder(source) as undo:
        if undo is None:
            return
        names = [name for name in os.listdir(undo) if name.endswith(_FORGOTTEN)]
        names += [run.name for run in undo_runs(source) if run.empty and run.name != but]
        for name in names:
            _remove(undo, name)


class OwnNames:
    """How many names of a file are our own: hard links that keep originals in `SOURCE/.pef-tui/undo`.

    They are counted when the first file with several names is met; what the run itself adds later are names of files
    that it has planned already.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._counts: Counter[tuple[int, int]] | None = None

    def has_others(self, path: str) -> bool:
        """Has the file any name but this one and ours?"""
        try:
            found = os.lstat(path)
        except OSError:
            return False
        if found.st_nlink < 2 or not stat.S_ISREG(found.st_mode):
            return False
        if self._counts is None:
            self._counts = Counter(self._counted())
        return found.st_nlink - self._counts[found.st_dev, found.st_ino] > 1

    def _counted(self) -> Iterator[tuple[int, int]]:
        with suppress(OSError), undo_folder(self._source) as undo:
            for name in os.listdir(undo) if undo is not None else ():
                with suppress(OSError), closing_fd(os.open(name, _FOLDER, dir_fd=undo)) as folder:
                    for kept in os.listdir(folder):
                        found = os.stat(kept, dir_fd=folder, follow_symlinks=False)
                        yield found.st_dev, found.st_ino
