"""A finished run's answer to the run after it: while every file lies as it lay, that one tells the same at once.

What it rests on: the sources as they were listed before any file of them was opened, the folders of DEST as the run
left them, compared with the manifest then, and everything that shapes Plans. Names, kinds, sizes, and the times of
modification and of change must all be the same; where anything is not, the run goes the long way.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import msgspec
from msgspec import Struct

from pef_tui.hooks import SourceReader
from pef_tui.model import JsonOutcome, MediaOutcome, Source
from pef_tui.progress import Progress
from pef_tui.takeout.entries import Entries, entries, tree_digest

SCHEME = 1
"""Of what is compared; another number makes every seal void."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@runtime_checkable
class Sealable(Protocol):
    """A SourceReader that tells whether its source changed; those of plugins, which are wrapped, never do."""

    def seen(self) -> bytes:
        """What `look` told before any file was opened; empty where a change since might not show."""

    def look(self) -> bytes:
        """16 bytes that change with the source. Raises OSError."""


Program = tuple[str, int, int, int, int]
"""An ExifTool as a file (`pef_tui.exiftool.locate`)."""


class Seal(Struct, frozen=True, array_like=True):
    """What a later run compares, and what it tells then."""

    scheme: int
    shape: bytes
    """8 bytes: `RunShape.attempts`, so that what may cure a failure voids it."""
    sources: tuple[tuple[bytes, str, bytes], ...]
    """Path, scanner, and what the reader's `seen` told."""
    folders: tuple[bytes, ...]
    """Those of DEST that hold outputs."""
    outputs: bytes
    """Digest of what lies in them."""
    media: dict[MediaOutcome, int]
    json: dict[JsonOutcome, int]
    other: int
    unread: tuple[str, ...] = ()
    """What was left out in the sources, each in one line."""
    exiftool: tuple[Program, str] | None = None
    """The ExifTool of the run, and its version."""

    def tell(self, progress: Progress) -> None:
        """Count everything as a run does that finds it as it was."""
        progress.media.update(self.media)
        progress.json.update(self.json)
        progress.other += self.other
        progress.unread += self.unread
        progress.notes += self.unread
        progress.held = True


_decode = msgspec.msgpack.Decoder(Seal).decode


def read(data: bytes) -> Seal | None:
    """The seal in a manifest, if it has one that is understood."""
    try:
        seal = _decode(data) if data else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return seal if seal is not None and seal.scheme == SCHEME else None


def holds(
    seal: Seal, shape: bytes, sources: Sequence[Source], readers: Sequence[SourceReader], dest: str
) -> bool:
    """Is everything as it was?"""
    given = tuple((os.fsencode(source.path), source.scanner) for source in sources)
    if seal.shape != shape or given != tuple((path, scanner) for path, scanner, _ in seal.sources):
        return False
    try:
        for reader, (_, _, seen) in zip(readers, seal.sources, strict=True):
            if not isinstance(reader, Sealable) or reader.look() != seen:
                return False
        outputs = {os.fsdecode(folder): listed(dest, folder).digest() for folder in seal.folders}
    except OSError:
        return False
    return tree_digest(outputs) == seal.outputs


def listed(dest: str, folder: bytes) -> Entries:
    """What lies in a folder of DEST. Raises OSError."""
    descriptor = os.open(os.path.join(os.fsencode(dest), folder), _FOLDER)
    try:
        found = entries(descriptor)
    finally:
        os.close(descriptor)
    if found.lost:
        raise found.lost[0][1]
    return found
