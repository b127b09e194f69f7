"""Define the snapshot of a finished run. If nothing differs from it, the next run reports its counts immediately.

It has three digests:

- of the sources, before any file of them was opened
- of the folders of DEST after the run, when their files were compared with the manifest
- of everything that Plans depend on

The first two cover names, kinds, sizes, and the times of modification and of change (ctime). If any digest differs, the
run looks at every Folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

import msgspec
from msgspec import Struct

from pef_tui.exiftool.locate import Program
from pef_tui.hooks import SourceReader
from pef_tui.model import JsonOutcome, MediaOutcome, Source
from pef_tui.progress import Progress
from pef_tui.reporting.album_files import album_files_state
from pef_tui.sources.dir_entries import tree_digest
from pef_tui.sources.listed_ahead import Listed, ListedAhead

SCHEME = 2
"""Version of the compared values. A snapshot with another version is ignored."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@runtime_checkable
class ListedReader(Protocol):
    """A SourceReader that detects changes of its source. (Readers of plugins are wrapped, and detect none.)"""

    def listed_state(self) -> bytes:
        """Return the `current_state` from before any file was opened.

        Empty if a later change may not show in `current_state`.
        """

    def current_state(self) -> bytes:
        """Return a hash (16 bytes) that changes when the source changes. Raises OSError if the source cannot be
        read.
        """


class RunSnapshot(Struct, frozen=True, array_like=True):
    """The values that a later run compares, and the counts that it reports if all values are equal."""

    scheme: int
    shape: bytes
    """`RunShape.attempts`, 8 bytes. It changes with everything that may let a failed file succeed."""
    sources: tuple[tuple[bytes, str, bytes], ...]
    """For each source: its path, the name of the scanner, and the `listed_state` of the reader."""
    folders: tuple[bytes, ...]
    """Folders of DEST that contain outputs, as paths below DEST."""
    outputs: bytes
    """Digest of the contents of `folders`."""
    media: dict[MediaOutcome, int]
    """Number of pictures and videos, by the outcome that the next run reports."""
    json: dict[JsonOutcome, int]
    other_count: int
    """Number of other files."""
    unread: tuple[str, ...] = ()
    """A line for each part of the sources that could not be read."""
    exiftool: tuple[Program, str] | None = None
    """The ExifTool of the run, and its version."""
    albums: tuple[int, ...] = ()
    """Sizes and times of the files that list the albums (`album_files_state`)."""
    albums_listed: tuple[int, int] = (0, 0)
    """Number of albums in these files, and of files in the albums."""

    def add_counts(self, progress: Progress) -> None:
        """Add the counts to `progress`, as a run does when all files are unchanged."""
        progress.media.update(self.media)
        progress.json.update(self.json)
        progress.other_count += self.other_count
        progress.source_problems += self.unread
        for line in self.unread:
            progress.notes.warn(line)
        progress.albums_listed = self.albums_listed
        progress.counts_only = True


_decode = msgspec.msgpack.Decoder(RunSnapshot).decode


def read_snapshot(data: bytes) -> RunSnapshot | None:
    """Decode the snapshot of a manifest. None if `data` has no snapshot, or one of another version (`SCHEME`)."""
    try:
        snapshot = _decode(data) if data else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return snapshot if snapshot is not None and snapshot.scheme == SCHEME else None


def is_current(
    snapshot: RunSnapshot, shape: bytes, sources: Sequence[Source], readers: Sequence[SourceReader], dest: str
) -> bool:
    """Return whether sources, options and DEST are the same as in `snapshot`. False if they cannot be read.

    `shape`: `RunShape.attempts` of this run.
    """
    recorded_sources = [(path, scanner) for path, scanner, _ in snapshot.sources]
    if snapshot.shape != shape or recorded_sources != [
        (os.fsencode(source.path), source.scanner) for source in sources
    ]:
        return False
    try:
        if album_files_state(dest) != snapshot.albums:
            return False
        for reader, (_, _, state) in zip(readers, snapshot.sources, strict=True):
            if not isinstance(reader, ListedReader) or reader.current_state() != state:
                return False
        outputs = {}
        ahead = output_folders(dest)
        waiting = [os.fsdecode(folder) for folder in reversed(snapshot.folders)]
        while waiting:
            folder = waiting.pop()
            outputs[folder] = list_output_folder(ahead, folder, reversed(waiting))[1].digest()
    except OSError:
        return False
    return tree_digest(outputs) == snapshot.outputs


def output_folders(dest: str) -> ListedAhead:
    """Return an object that lists folders of DEST ahead of time, for `list_output_folder`."""
    return ListedAhead(lambda folder: os.open(os.path.join(dest, folder), _FOLDER), dest)


def list_output_folder(ahead: ListedAhead, folder: str, following: Iterable[str] = ()) -> Listed:
    """Return the listing of a folder of DEST. Raises OSError, also if a file in the folder cannot be examined.

    `following`: folders that will probably be listed next, in this order.
    """
    ahead.prepare(folder, following)
    listed = ahead.take(folder) or ahead.list_now(folder)
    if listed[1].unreadable:
        raise listed[1].unreadable[0][1]
    return listed
