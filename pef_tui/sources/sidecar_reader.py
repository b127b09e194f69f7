"""Read the sidecars of a sequence of Folders. On a slow device, files of several Folders are read at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import chain, repeat
from typing import BinaryIO

from msgspec.structs import replace

from pef_tui.filesystem.parallel_io import IoQueue
from pef_tui.model import UNREADABLE, Folder, JsonFile
from pef_tui.takeout import sidecar

FILES_PER_ITEM = 256
"""A Folder in the queue counts as one item for each JSON file, or for each FILES_PER_ITEM files of any kind, if that is
more. This limits how many files are read ahead.
"""

OpenJson = Callable[[JsonFile], BinaryIO]


def read_sidecars(folders: Iterator[Folder], open: OpenJson, queue: IoQueue) -> Iterator[Folder]:
    """Yield each Folder with its unread JSON files read.

    Each of these files gets its kind, and its sidecar or album, or the reason why it is invalid. On a slow device,
    threads read the files of the next Folders while the caller uses a Folder. To stop early, close the generator; it
    waits until all calls have ended.
    """
    read = partial(_read_sidecar, open=open)
    for folder in folders:
        if queue.is_slow:
            yield from _read_ahead(chain((folder,), folders), read, queue)
        else:
            yield replace(folder, json=tuple(queue.run(read, folder.json)))


def _read_ahead(
    folders: Iterator[Folder], read: Callable[[JsonFile], JsonFile], queue: IoQueue
) -> Iterator[Folder]:
    """Yield each Folder with its JSON files read by `read`. The queue gets the files of several Folders at once."""
    begun: deque[tuple[Folder, int]] = deque()
    """The Folders whose files are in the queue, each with the number of its items."""

    def items() -> Iterator[JsonFile | None]:
        for folder in folders:
            files = len(folder.media) + len(folder.json) + len(folder.other) + len(folder.ignored)
            count = max(1, len(folder.json), files // FILES_PER_ITEM)
            begun.append((folder, count))
            yield from folder.json
            yield from repeat(None, count - len(folder.json))

    completed: list[JsonFile | None] = []
    with closing(queue.map(lambda item: item and read(item), items())) as results:
        for result in results:
            completed.append(result)
            folder, count = begun[0]
            if len(completed) == count:
                begun.popleft()
                json = tuple(file for file in completed if file is not None)
                completed = []
                yield replace(folder, json=json)


def _read_sidecar(file: JsonFile, open: OpenJson) -> JsonFile:
    if file.kind != "unread":
        return file
    if file.size > sidecar.MAX_JSON:
        return sidecar.too_large(file)
    try:
        with open(file) as stream:
            raw = stream.read(file.size + 1)
            if len(raw) > file.size:  # the file has grown since the listing
                raw += stream.read(sidecar.MAX_JSON + 1 - len(raw))
    except OSError as error:
        return replace(file, kind="invalid", reason=f"{UNREADABLE}: {error.strerror or error}")
    return sidecar.too_large(file) if len(raw) > sidecar.MAX_JSON else sidecar.parse_json_file(file, raw)
