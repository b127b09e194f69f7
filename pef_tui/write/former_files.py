"""What files below SOURCE were before runs in place replaced them, as far as the undo records say.

A record is on the disk before its file is replaced. So whoever hashes a file first and reads the records after that
knows both what the file is and what it was, while a run is still replacing files.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

from pef_tui.write.undo_book import closing_fd
from pef_tui.write.undo_folder import undo_folder
from pef_tui.write.undo_records import FILES, RECORDS, Former, Gap, Named, frames, record_at

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FormerFiles:
    """The former sizes and hashes of some files, of all runs that can still be undone."""

    def __init__(self, source: str, asked: Callable[[str], bool]) -> None:
        """`asked`: is a file of this name of interest?"""
        self._source = source
        self._asked = asked
        self._read: dict[str, int] = {}
        """Bytes of each run's list of files that were read."""
        self._known: dict[str, list[tuple[str, int, Former]]] = {}
        """By path: run, offset and record."""

    def refresh(self) -> None:
        """Read what was recorded since the last time. What cannot be read says nothing."""
        with suppress(OSError), undo_folder(self._source) as undo:
            for run in os.listdir(undo) if undo is not None else ():
                with suppress(OSError), closing_fd(os.open(run, _FOLDER, dir_fd=undo)) as folder:
                    self._read_run(run, folder)

    def _read_run(self, run: str, folder: int) -> None:
        start = self._read.get(run, 0)
        with os.fdopen(os.open(FILES, _READ, dir_fd=folder), "rb") as names:
            size = os.fstat(names.fileno()).st_size
            if size <= start:
                return
            found: list[Named] = []
            end = size
            for each in frames(names, size, start):
                if isinstance(each, Gap):
                    end = each.start if each.end == size else size  # a frame that is being written
                elif isinstance(each.record, Named):
                    name = os.fsdecode(each.record.path).rpartition("/")[2]
                    found += [each.record] if self._asked(name) else []
        self._read[run] = end
        if found:
            self._read_records(run, folder, found)

    def _read_records(self, run: str, folder: int, names: list[Named]) -> None:
        with os.fdopen(os.open(RECORDS, _READ, dir_fd=folder), "rb") as records:
            for named in names:
                record = record_at(records, named.offset)
                if isinstance(record, Former) and record.content:
                    self._known.setdefault(os.fsdecode(record.path), []).append((run, named.offset, record))

    def sizes(self, path: str) -> set[int]:
        """The sizes in bytes that a file had before it was replaced. `path`: below SOURCE."""
        return {former.size for _, _, former in self._known.get(path, ())}

    def contents(self, path: str, now: bytes) -> set[bytes]:
        """The hash of a file and those of what it was, back to where somebody else changed it."""
        found = {now}
        for _, _, former in sorted(self._known.get(path, ()), key=lambda each: each[:2], reverse=True):
            if former.new_content in found:
                found.add(former.content)
        return found
