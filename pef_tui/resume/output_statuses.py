"""Query the status of outputs in DEST: their sizes and modification times.

On a slow device, many outputs are queried together, before they are needed.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, zip_longest

from pef_tui.filesystem.parallel_io import io_queue
from pef_tui.manifest.records import Entry
from pef_tui.model import Folder

MAX_FOLDERS = 32
"""Largest number of Folders whose outputs are queried together."""
MAX_FILES = 4096
"""Largest number of files in the Folders that are queried together. A single Folder may have more."""
MEASURED = 16
"""Number of single queries whose measured times are given to the queue together."""

Status = os.stat_result | OSError


class OutputStatuses:
    """Queries the status of outputs in one DEST, ahead of time if DEST is slow.

    Statuses that were queried ahead are used only by the thread that made this object.
    """

    def __init__(self, dest: str) -> None:
        self._dest = os.fsencode(dest)
        self._prefix = os.path.join(self._dest, b"")
        self._queue = io_queue(dest)
        self._ahead: dict[bytes, Status] = {}
        self._thread = 0
        self._times: list[float] = []

    def lstat(self, output: bytes) -> os.stat_result:
        """Return the status of the output at the path `output` below DEST. Links are not followed. Raises OSError.

        Any thread may call this. In the thread that queried ahead, each status from that query is returned once.
        """
        if self._ahead and self._thread == threading.get_ident():
            known = self._ahead.pop(output, None)
            if isinstance(known, OSError):
                raise known
            if known is not None:
                return known
        start = time.perf_counter()
        status = os.lstat(self._prefix + output)
        self._times.append(time.perf_counter() - start)
        if len(self._times) >= MEASURED:
            times, self._times = self._times, []
            self._queue.add_times(times)
        return status

    def query_ahead(
        self, folders: Iterator[Folder], entries_of: Callable[[bytes], Iterable[Entry]]
    ) -> Iterator[Folder]:
        """Yield `folders`. If DEST is slow, query the outputs of several Folders before yielding the first of them.

        `entries_of`: takes the path of a Folder, and returns its entries in the manifest.
        """
        for folder in folders:
            if not self._queue.is_slow:
                yield folder
                continue
            batch = [folder]
            files = _file_count(folder)
            while files < MAX_FILES and len(batch) < MAX_FOLDERS:
                if (following := next(folders, None)) is None:
                    break
                files += _file_count(following)
                batch.append(following)
            self._query(*([entry.output for entry in entries_of(os.fsencode(each.path))] for each in batch))
            yield from batch
            self._ahead = {}

    @contextmanager
    def queried(self, entries: Iterable[Entry | None]) -> Iterator[None]:
        """Query the outputs of `entries` together, and use the results until the end of the `with` block.

        On a fast device, do nothing, and do not iterate over `entries`.
        """
        if not self._queue.is_slow:
            yield
            return
        outputs = [entry.output for entry in entries if entry is not None]
        self._query(outputs)
        try:
            yield
        finally:
            for output in outputs:
                self._ahead.pop(output, None)

    def _query(self, *outputs: Sequence[bytes]) -> None:
        """Query the outputs of one or several Folders.

        Take one output of each Folder in turn. Some file systems answer only one call at a time for each directory.
        """
        in_turns = [output for output in chain.from_iterable(zip_longest(*outputs)) if output]
        self._thread = threading.get_ident()
        missing = [output for output in in_turns if output not in self._ahead]
        self._ahead.update(zip(missing, self._queue.run(self._status, missing), strict=True))

    def _status(self, output: bytes) -> Status:
        try:
            return os.lstat(os.path.join(self._dest, output))
        except OSError as error:
            return error


def _file_count(folder: Folder) -> int:
    return len(folder.media) + len(folder.json) + len(folder.other) + len(folder.ignored)
