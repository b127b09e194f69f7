"""Read from the undo records which bytes files below SOURCE had before runs in place replaced them.

With these, a run in place still recognizes a copy in another Folder that had equal bytes before.

The undo record of a file is on the disk before the file is replaced. So a reader must hash the file first, then read
the records. It then knows the present and the previous versions, even while a run replaces files.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

from pef_tui.output.output_dir import closing_fd
from pef_tui.output.undo_folder import undo_folder
from pef_tui.output.undo_format import (
    FILES,
    RECORDS,
    FrameName,
    ReplacedFile,
    UndoGap,
    read_frames,
    record_at,
)

_DIR_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class PreviousVersions:
    """Sizes and hashes of previous versions of files, from all runs that can still be undone."""

    def __init__(self, source: str, is_relevant: Callable[[str], bool]) -> None:
        """Prepare the reading; `refresh` reads the records.

        `is_relevant`: returns whether previous versions of a file with this name may be needed. Records of other files
        are skipped.
        """
        self._source = source
        self._is_relevant = is_relevant
        self._bytes_read: dict[str, int] = {}
        """Number of bytes of a run's file list that were read, by the name of the run."""
        self._replaced: dict[str, list[tuple[str, int, ReplacedFile]]] = {}
        """Previous versions by the path of the file: name of the run, offset of the record, and record."""

    def refresh(self) -> None:
        """Read the records that were added since the last call. Runs whose records cannot be read are skipped."""
        with suppress(OSError), undo_folder(self._source) as undo:
            for run in os.listdir(undo) if undo is not None else ():
                with suppress(OSError), closing_fd(os.open(run, _DIR_FLAGS, dir_fd=undo)) as folder:
                    self._read_run(run, folder)

    def _read_run(self, run: str, folder: int) -> None:
        start = self._bytes_read.get(run, 0)
        with os.fdopen(os.open(FILES, _READ_FLAGS, dir_fd=folder), "rb") as names:
            size = os.fstat(names.fileno()).st_size
            if size <= start:
                return
            frame_names: list[FrameName] = []
            end = size
            for frame in read_frames(names, size, start):
                if isinstance(frame, UndoGap):
                    end = frame.start if frame.end == size else size  # an incomplete frame: read it next time
                elif isinstance(frame.record, FrameName):
                    name = os.fsdecode(frame.record.path).rpartition("/")[2]
                    frame_names += [frame.record] if self._is_relevant(name) else []
        self._bytes_read[run] = end
        if frame_names:
            self._read_records(run, folder, frame_names)

    def _read_records(self, run: str, folder: int, names: list[FrameName]) -> None:
        with os.fdopen(os.open(RECORDS, _READ_FLAGS, dir_fd=folder), "rb") as records:
            for frame_name in names:
                record = record_at(records, frame_name.offset)
                if isinstance(record, ReplacedFile) and record.content:
                    self._replaced.setdefault(os.fsdecode(record.path), []).append(
                        (run, frame_name.offset, record)
                    )

    def sizes(self, path: str) -> set[int]:
        """Return the sizes in bytes of the previous versions of a file; empty if there are none.

        `path`: path of the file below SOURCE.
        """
        return {replaced.size for _, _, replaced in self._replaced.get(path, ())}

    def contents(self, path: str, content: bytes) -> set[bytes]:
        """Return the hashes of the present version of a file and of its previous versions.

        `path`: path of the file below SOURCE. `content`: hash of the present version. Versions from before a change by
        another program are left out: the chain of recorded hashes ends there.
        """
        contents = {content}
        for _, _, replaced in sorted(
            self._replaced.get(path, ()), key=lambda version: version[:2], reverse=True
        ):
            if replaced.new_content in contents:
                contents.add(replaced.content)
        return contents
