"""ExifTool processes that read what files already say, one a worker."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pef_tui.exiftool.process import Process, ProcessError
from pef_tui.model import State
from pef_tui.state.by_exiftool import read_states

Files = Sequence[tuple[str, int]]
SHARE = 8
"""Files worth another process: ExifTool needs about 7 ms a file."""


class TagReaders:
    """Reads files in `workers` ExifTool processes, each started when first needed."""

    def __init__(self, path: str, workers: int) -> None:
        self._path = path
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="tags")
        self._mine = threading.local()
        self._processes: list[Process] = []

    def read(self, files: Files) -> list[State]:
        """One State for each (path, size), in order. A file that cost ExifTool its life twice is `damage`."""
        share = max(SHARE, -(-len(files) // self._workers))
        parts = [files[start : start + share] for start in range(0, len(files), share)]
        return [state for states in self._pool.map(self._read, parts) for state in states]

    def _process(self) -> Process:
        if (process := getattr(self._mine, "process", None)) is None:
            process = self._mine.process = Process(self._path)
            self._processes.append(process)
        return process

    def _read(self, files: Files) -> list[State]:
        try:
            return read_states(self._process(), files)
        except (ProcessError, OSError):
            return [self._one(file) for file in files]

    def _one(self, file: tuple[str, int]) -> State:
        """One file by itself, so that the file that ExifTool cannot stand costs no other its tags."""
        try:
            return read_states(self._process(), [file])[0]
        except (ProcessError, OSError) as error:
            return State(damage=f"could not be read: {error}")

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.close()
        self._pool.shutdown()
