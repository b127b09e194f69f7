"""The stage that looks into media files: what each is by content, and what it already says."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import BinaryIO

from msgspec.structs import replace

from pef_tui.formats import HEAD, detect
from pef_tui.formats.closed import closed
from pef_tui.model import Match, MediaFile, State
from pef_tui.state.natively import READERS
from pef_tui.state.spill import spilled

log = logging.getLogger("pef_tui.state")

CHUNK = 128
"""Matches looked at together: their files are open at once, and ExifTool reads them in one command a worker."""

OpenMedia = Callable[[MediaFile], BinaryIO]
ReadTags = Callable[[Sequence[tuple[str, int]]], Sequence[State]]
"""Reads the tags of files given as (path, size); one State each, in order."""

AT_ONCE = 64 << 20
"""Bytes of members of archives that are copied for ExifTool at a time."""
_SHOWN = sys.platform == "linux"

UNREADABLE = "cannot be read"
"""How the damage begins of a file that another time may be readable."""
PASSING = (UNREADABLE, "could not be read", "ExifTool says nothing")
"""The same, and what `by_exiftool` says of files about which ExifTool did not answer."""
EMPTY = "the file is empty"
TEXT = "the file is text, not a picture or video"
ZEROS = "the file is nothing but zeros"
_TEXT_BYTES = frozenset(b"\t\n\f\r\x1b") | frozenset(range(32, 256)) - {127}


def inspect(
    matches: Iterable[Match], open_media: OpenMedia, read_tags: ReadTags | None, scratch: str
) -> Iterator[Match]:
    """Fill `Match.state`, in order. Without `read_tags` only formats read natively have their tags known.

    `scratch`: the folder in which large members of archives lie while ExifTool reads them. Raises DiskFull.
    """
    stream = iter(matches)
    while chunk := list(islice(stream, CHUNK)):
        lent = None if read_tags is None else _Lent(read_tags, scratch)
        try:
            yield from _inspect_chunk(chunk, open_media, lent)
        finally:
            if lent is not None:
                lent.close()


def _inspect_chunk(chunk: Sequence[Match], open_media: OpenMedia, lent: _Lent | None) -> list[Match]:
    states = [_first_look(number, match.media, open_media, lent) for number, match in enumerate(chunk)]
    if lent is not None:
        lent.ask()
        for number, answer in lent.answers.items():
            first = states[number]
            states[number] = replace(answer, format=first.format, closed=first.closed)
    return [replace(match, state=state) for match, state in zip(chunk, states, strict=True)]


def _first_look(number: int, media: MediaFile, open_media: OpenMedia, lent: _Lent | None) -> State:
    """The state as far as it can be told here; the file is lent to ExifTool under its number where that tells more."""
    try:
        stream = open_media(media)
    except OSError as error:
        return State(damage=_why(error))
    kept = False
    try:
        head = stream.read(HEAD)
        found = detect(head)
        if found is None:
            return State(damage=no_media(head))
        if (state := _natively(found.name, stream)) is not None:
            return state
        why = closed(found.name, stream)
        if lent is not None and found.cls != "none":
            kept = lent.lend(number, stream, media.size, found.cls == "quicktime")
        return State(format=found.name, closed=why)
    except OSError as error:
        return State(damage=_why(error))
    finally:
        if not kept:
            stream.close()


def _natively(format: str, stream: BinaryIO) -> State | None:
    """What our own reader makes of it; None where there is none, or it is not sure. Raises OSError."""
    if (read := READERS.get(format)) is None:
        return None
    stream.seek(0)
    try:
        return read(stream)
    except OSError:
        raise
    except (
        Exception
    ) as error:  # whatever a hostile file does to it: ExifTool, in a process of its own, is asked
        log.warning("a %s file could not be read natively: %s: %s", format, type(error).__name__, error)
        return None


class _Lent:
    """Files lent to ExifTool: open until it has read them, many in one question."""

    def __init__(self, read_tags: ReadTags, scratch: str) -> None:
        self._read_tags = read_tags
        self._scratch = scratch
        self._open = ExitStack()
        self._asked: list[tuple[int, str, int]] = []
        self._weight = 0
        self.answers: dict[int, State] = {}

    def lend(self, number: int, stream: BinaryIO, size: int, film: bool) -> bool:
        """Lend an open file; True where it must stay open itself. Raises OSError, DiskFull."""
        if not _SHOWN:
            return False
        if (descriptor := _descriptor(stream)) is not None:
            self._open.callback(stream.close)
            self._asked.append((number, shown_path(descriptor), size))
            return True
        copy = spilled(stream, size, film, self._scratch)
        self._open.callback(copy.close)
        self._asked.append((number, shown_path(copy.fd), size))
        self._weight += copy.weight
        if self._weight >= AT_ONCE:
            self.ask()
        return False

    def ask(self) -> None:
        """Have everything read that was lent, and take it back."""
        if self._asked:
            answers = self._read_tags([(path, size) for _, path, size in self._asked])
            numbers = (number for number, _, _ in self._asked)
            self.answers.update(zip(numbers, answers, strict=True))
        self.close()

    def close(self) -> None:
        """Take everything back."""
        self._open.close()
        self._asked, self._weight = [], 0


def _descriptor(stream: BinaryIO) -> int | None:
    """Of a file of a directory; members of archives have none."""
    try:
        return stream.fileno()
    except (OSError, AttributeError):
        return None


def shown_path(descriptor: int) -> str:
    """A path by which another process reads this open file, free of any name of the export."""
    return f"/proc/{os.getpid()}/fd/{descriptor}"


def _why(error: OSError) -> str:
    return f"{UNREADABLE}: {error.strerror or error}"


def no_media(head: bytes) -> str:
    """Why these first bytes cannot be a picture or video; "" when they only are no format known here."""
    if not head:
        return EMPTY
    if not head.strip(b"\0"):
        return ZEROS
    return TEXT if _TEXT_BYTES.issuperset(head[:512]) else ""
