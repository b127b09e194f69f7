"""A pool of ExifTool processes that read tags, one process for each worker."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pef_tui.exiftool.process import ExifToolProcess, ProcessError
from pef_tui.model import FileMetadata
from pef_tui.readers.exiftool_reader import read_metadata

Files = Sequence[tuple[str, int]]
MIN_SHARE = 8
"""Smallest number of files for one process. ExifTool needs about 7 ms for each, so another process does not help with
fewer.
"""


class TagReaders:
    """Reads files in `workers` ExifTool processes, each started on first use."""

    def __init__(self, path: str, workers: int) -> None:
        self._path = path
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="tags")
        self._thread_local = threading.local()
        self._processes: list[ExifToolProcess] = []

    def read(self, files: Files) -> list[FileMetadata]:
        """Return the metadata of each file, in order. `files`: (path, size in bytes) of each file.

        If a file makes ExifTool crash twice, `damage` has the reason.
        """
        share = max(MIN_SHARE, -(-len(files) // self._workers))
        parts = [files[start : start + share] for start in range(0, len(files), share)]
        return [
            metadata
            for share_metadata in self._pool.map(self._read_share, parts)
            for metadata in share_metadata
        ]

    def _process(self) -> ExifToolProcess:
        if (process := getattr(self._thread_local, "process", None)) is None:
            process = self._thread_local.process = ExifToolProcess(self._path)
            self._processes.append(process)
        return process

    def _read_share(self, files: Files) -> list[FileMetadata]:
        try:
            return read_metadata(self._process(), files)
        except (ProcessError, OSError):
            return [self._read_one(file) for file in files]

    def _read_one(self, file: tuple[str, int]) -> FileMetadata:
        """Read a single file. If it crashes ExifTool, the other files keep their tags."""
        try:
            return read_metadata(self._process(), [file])[0]
        except (ProcessError, OSError) as error:
            return FileMetadata(damage=f"could not be read: {error}")

    def close(self) -> None:
        """End the ExifTool processes."""
        for process in self._processes:
            process.close()
        self._pool.shutdown()
