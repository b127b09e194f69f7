"""Sidecars read as Folders pass: at once from a warm cache, in threads and a Folder ahead from a slow disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from time import perf_counter
from typing import BinaryIO

from msgspec.structs import replace

from pef_tui.model import UNREADABLE, Folder, JsonFile
from pef_tui.takeout import sidecar

CHUNK = 16
"""Files read in one go, between two looks at the clock."""
SLOW = 0.0003
"""Seconds a file from which threads pay. A warm cache takes 25 us, and there two threads take twice as long as
none (the interpreter's lock changes hands at every call); a disk's seek or a server's answer takes 1 to 10 ms."""

Open = Callable[[JsonFile], BinaryIO]
_Files = Sequence[JsonFile]
_Job = tuple[_Files, "Future[_Files]"]


def read_sidecars(folders: Iterator[Folder], open: Open, threads: int) -> Iterator[Folder]:
    """The same Folders with every unread JSON read: its kind, and its sidecar or album, or why it is invalid.

    Where reading is slow, up to `threads` threads (at least 1) read, and they go on with the next Folder while one
    is used. Close the generator to stop early; it returns when no thread reads any more.
    """
    pool = ThreadPoolExecutor(max(threads, 1), thread_name_prefix="sidecars")
    reading = _Reading(pool, open)
    waiting: tuple[Folder, list[_Job]] | None = None
    try:
        for folder in folders:
            jobs = reading.begin(folder.json)
            if waiting is not None:
                yield reading.finish(*waiting)
            waiting = (folder, jobs) if jobs else None
            if waiting is None:
                yield reading.finish(folder, [])
        if waiting is not None:
            yield reading.finish(*waiting)
    finally:
        pool.shutdown(cancel_futures=True)


class _Reading:
    """Reads JSON files here or in threads, as the last chunk's time suggests."""

    def __init__(self, pool: ThreadPoolExecutor, open: Open) -> None:
        self._pool = pool
        self._open = open
        self._slow = False

    def begin(self, files: _Files) -> list[_Job]:
        """Give files to the threads; no jobs while reading is fast."""
        if not self._slow:
            return []
        chunks = (files[start : start + CHUNK] for start in range(0, len(files), CHUNK))
        return [(chunk, self._pool.submit(self._read_chunk, chunk)) for chunk in chunks]

    def finish(self, folder: Folder, jobs: list[_Job]) -> Folder:
        """The Folder with its files read: by the jobs, else here until it proves slow."""
        files, done = folder.json, list[JsonFile]()
        while not jobs and len(done) < len(files):
            done += self._read_chunk(files[len(done) : len(done) + CHUNK])
            jobs = self.begin(files[len(done) :])
        return replace(folder, json=(*done, *self._wait(jobs)))

    def _wait(self, jobs: list[_Job]) -> Iterator[JsonFile]:
        """Wait for jobs; what no thread has begun is done here, the last first, to meet them."""
        own = {chunk[0]: self._read_chunk(chunk) for chunk, job in reversed(jobs) if job.cancel()}
        return chain.from_iterable(own.get(chunk[0]) or job.result() for chunk, job in jobs)

    def _read_chunk(self, files: _Files) -> _Files:
        start = perf_counter()
        done = tuple(_read(file, self._open) for file in files)
        self._slow = perf_counter() - start > SLOW * max(len(files), CHUNK // 2)
        return done


def _read(file: JsonFile, open: Open) -> JsonFile:
    if file.kind != "unread":
        return file
    if file.size > sidecar.MAX_JSON:
        return sidecar.too_large(file)
    try:
        with open(file) as stream:
            raw = stream.read(file.size + 1)
            if len(raw) > file.size:  # it grew since it was listed
                raw += stream.read(sidecar.MAX_JSON + 1 - len(raw))
    except OSError as error:
        return replace(file, kind="invalid", reason=f"{UNREADABLE}: {error.strerror or error}")
    return sidecar.too_large(file) if len(raw) > sidecar.MAX_JSON else sidecar.read(file, raw)
