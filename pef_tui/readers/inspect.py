"""The stage that detects the format of media files by content, and reads their tags."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import islice
from typing import BinaryIO, NamedTuple

from msgspec.structs import replace

from pef_tui.errors import RunError
from pef_tui.filesystem.parallel_io import MAX_DEPTH, IoQueue, io_queue
from pef_tui.filesystem.temp_files import descriptor_path
from pef_tui.formats import HEAD, detect
from pef_tui.formats.exiftool_unsafe import unsafe_reason
from pef_tui.hooks import OpenMedia
from pef_tui.model import FileMetadata, Match
from pef_tui.readers.loaned_files import copy_member
from pef_tui.readers.native_readers import READERS
from pef_tui.system_calls import HAS_DESCRIPTOR_PATHS

log = logging.getLogger("pef_tui.readers")

CHUNK_SIZE = 128
"""Number of Matches that are inspected together. Each ExifTool process reads its share in one command."""

MAX_LENT = CHUNK_SIZE - MAX_DEPTH
"""Number of open files for ExifTool at which a chunk ends early.

Together with the files that are inspected ahead, at most CHUNK_SIZE files are open.
"""

ReadTags = Callable[[Sequence[tuple[str, int]]], Sequence[FileMetadata]]
"""A function that reads the tags of files, given as (path, size in bytes). It returns one FileMetadata for each file,
in order.
"""

MAX_COPIED = 64 << 20
"""Limit in bytes of archive members that are copied for ExifTool. When it is reached, ExifTool reads the copies; then
they are deleted.
"""
_HAS_PROC = HAS_DESCRIPTOR_PATHS

UNREADABLE = "cannot be read"
"""Beginning of `FileMetadata.damage` of a file that could not be read now, but may be readable later."""
TEMPORARY_DAMAGE = (UNREADABLE, "could not be read", "ExifTool says nothing")
"""Beginnings of `damage` texts that may be absent in a later run: `UNREADABLE`, and two texts for an ExifTool that did
not answer.
"""
EMPTY = "the file is empty"
TEXT = "the file is text, not a picture or video"
ZEROS = "the file is nothing but zeros"
_TEXT_BYTES = frozenset(b"\t\n\f\r\x1b") | frozenset(range(32, 256)) - {127}


def inspect(
    matches: Iterable[Match],
    open_media: OpenMedia,
    read_tags: ReadTags | None,
    temp_directory: str,
    queue: IoQueue | None = None,
) -> Iterator[Match]:
    """Yield the Matches in order, with `Match.metadata` set.

    `read_tags`: reads tags with ExifTool. If None, only formats with a native reader get their tags. `temp_directory`:
    for copies of large archive members while ExifTool reads them. `queue`: opens and reads several files at once on a
    slow device; None for a new queue. Raises DiskFull.
    """
    inspector = _FileInspector(open_media, lends=read_tags is not None and _HAS_PROC)
    with closing(inspector), closing((queue or io_queue()).map(inspector.inspect, matches)) as inspections:
        while True:
            lender = None if read_tags is None else _FileLender(read_tags, temp_directory)
            try:
                if not (chunk := _inspect_chunk(inspections, inspector, lender)):
                    return
                yield from chunk
            finally:
                if lender is not None:
                    lender.close()


class _Inspection(NamedTuple):
    """A Match, and the facts about its file that are known without ExifTool."""

    match: Match
    metadata: FileMetadata
    open_file: BinaryIO | None = None
    """The open file, if ExifTool must read it; else None, and the file is closed."""
    is_video: bool = False


def _inspect_chunk(
    inspections: Iterator[_Inspection], inspector: _FileInspector, lender: _FileLender | None
) -> list[Match]:
    """Return the next Matches with their metadata: CHUNK_SIZE, or fewer if many files stay open for ExifTool.

    [] after the last Match.
    """
    chunk: list[Match] = []
    for inspection in islice(inspections, CHUNK_SIZE):
        match, metadata = inspection.match, inspection.metadata
        if inspection.open_file is not None and lender is not None:
            stream = inspector.take(inspection.open_file)
            is_lent = False
            try:
                is_lent = lender.lend(len(chunk), stream, match.media.size, inspection.is_video)
            except OSError as error:
                metadata = FileMetadata(damage=_unreadable_reason(error))
            finally:
                if not is_lent:
                    stream.close()
        chunk.append(replace(match, metadata=metadata))
        if lender is not None and lender.open_count >= MAX_LENT:
            break
    if lender is not None:
        lender.read_lent()
        for number, answer in lender.results.items():
            first = chunk[number].metadata or FileMetadata()
            metadata = replace(answer, format=first.format, closed=first.closed)
            chunk[number] = replace(chunk[number], metadata=metadata)
    return chunk


class _FileInspector:
    """Opens and inspects single files. Any thread may call `inspect`."""

    def __init__(self, open_media: OpenMedia, *, lends: bool) -> None:
        """`lends`: whether files that cannot be read natively stay open, for ExifTool."""
        self._open_media = open_media
        self._lends = lends
        self._open_files: set[BinaryIO] = set()

    def inspect(self, match: Match) -> _Inspection:
        """Return the metadata of a file that is known without ExifTool. Raises nothing."""
        try:
            stream = self._open_media(match.media)
        except OSError as error:
            return _Inspection(match, FileMetadata(damage=_unreadable_reason(error)))
        stays_open = False
        try:
            head = stream.read(HEAD)
            format = detect(head)
            if format is None:
                return _Inspection(match, FileMetadata(damage=not_media_reason(head)))
            if (metadata := _read_natively(format.name, stream)) is not None:
                return _Inspection(match, metadata)
            metadata = FileMetadata(format=format.name, closed=unsafe_reason(format.name, stream))
            if not self._lends or format.cls == "none":
                return _Inspection(match, metadata)
            self._open_files.add(stream)
            stays_open = True
            return _Inspection(match, metadata, stream, format.cls == "quicktime")
        except OSError as error:
            return _Inspection(match, FileMetadata(damage=_unreadable_reason(error)))
        finally:
            if not stays_open:
                stream.close()

    def take(self, stream: BinaryIO) -> BinaryIO:
        """Return the open file of an Inspection. The caller must close it."""
        self._open_files.discard(stream)
        return stream

    def close(self) -> None:
        """Close the files that were not taken. No call of `inspect` may be running."""
        while self._open_files:
            self._open_files.pop().close()


def _read_natively(format: str, stream: BinaryIO) -> FileMetadata | None:
    """Return the metadata that the native reader of `format` reads. Raises OSError.

    None if the format has no native reader, or if its result is not reliable.
    """
    if (reader := READERS.get(format)) is None:
        return None
    stream.seek(0)
    try:
        return reader(stream)
    except (OSError, RunError):
        raise
    except Exception as error:  # a hostile file may raise anything; ExifTool reads it in another process
        log.warning("a %s file could not be read natively: %s: %s", format, type(error).__name__, error)
        return None


class _FileLender:
    """Lends files to ExifTool. A file stays open until ExifTool has read it; many files are read in one command."""

    def __init__(self, read_tags: ReadTags, temp_directory: str) -> None:
        self._read_tags = read_tags
        self._temp_directory = temp_directory
        self._open_files = ExitStack()
        self._lent: list[tuple[int, str, int]] = []
        self._copied_bytes = 0
        self.open_count = 0
        """Number of lent files that are open themselves, and not copied."""
        self.results: dict[int, FileMetadata] = {}
        """Metadata from ExifTool, by the number of the file."""

    def lend(self, number: int, stream: BinaryIO, size: int, is_video: bool) -> bool:
        """Lend a file to ExifTool. Return whether `stream` must stay open. Raises OSError, DiskFull.

        A member of an archive is copied; its stream may be closed.
        """
        if (descriptor := _descriptor(stream)) is not None:
            self._open_files.callback(stream.close)
            self._lent.append((number, descriptor_path(descriptor), size))
            self.open_count += 1
            return True
        copy = copy_member(stream, size, is_video, self._temp_directory)
        self._open_files.callback(copy.close)
        self._lent.append((number, descriptor_path(copy.fd), size))
        self._copied_bytes += copy.stored_bytes
        if self._copied_bytes >= MAX_COPIED:
            self.read_lent()
        return False

    def read_lent(self) -> None:
        """Read the tags of all lent files with ExifTool, and close the files."""
        if self._lent:
            answers = self._read_tags([(path, size) for _, path, size in self._lent])
            numbers = (number for number, _, _ in self._lent)
            self.results.update(zip(numbers, answers, strict=True))
        self.close()

    def close(self) -> None:
        """Close all lent files."""
        self._open_files.close()
        self._lent, self._copied_bytes, self.open_count = [], 0, 0


def _descriptor(stream: BinaryIO) -> int | None:
    """Return the descriptor of a file in a directory; None for a member of an archive, which has none."""
    try:
        return stream.fileno()
    except (OSError, AttributeError):
        return None


def _unreadable_reason(error: OSError) -> str:
    return f"{UNREADABLE}: {error.strerror or error}"


def not_media_reason(head: bytes) -> str:
    """Return why a file with these first bytes is no picture or video; "" if it may have an unknown format."""
    if not head:
        return EMPTY
    if not head.strip(b"\0"):
        return ZEROS
    return TEXT if _TEXT_BYTES.issuperset(head[:512]) else ""
