"""The stage that looks into media files: what each is by content, and what it already says."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import BinaryIO

from msgspec.structs import replace

from pef_tui.formats import HEAD, detect
from pef_tui.model import Match, MediaFile, State
from pef_tui.state.jpeg import read_jpeg

CHUNK = 128
"""Matches looked at together: their files are open at once, and ExifTool reads them in one command a worker."""

OpenMedia = Callable[[MediaFile], BinaryIO]
ReadTags = Callable[[Sequence[tuple[str, int]]], Sequence[State]]
"""Reads the tags of files given as (path, size); one State each, in order."""

EMPTY = "the file is empty"
TEXT = "the file is text, not a picture or video"
ZEROS = "the file is nothing but zeros"
_TEXT_BYTES = frozenset(b"\t\n\f\r\x1b") | frozenset(range(32, 256)) - {127}


def inspect(matches: Iterable[Match], open_media: OpenMedia, read_tags: ReadTags | None) -> Iterator[Match]:
    """Fill `Match.state`, in order. Without `read_tags` only formats read natively have their tags known."""
    stream = iter(matches)
    while chunk := list(islice(stream, CHUNK)):
        with ExitStack() as opened:
            yield from _inspect_chunk(chunk, open_media, read_tags, opened)


def _inspect_chunk(
    chunk: Sequence[Match], open_media: OpenMedia, read_tags: ReadTags | None, opened: ExitStack
) -> list[Match]:
    states: list[State] = []
    asked: list[tuple[int, str, int]] = []
    for number, match in enumerate(chunk):
        state, path = _first_look(match.media, open_media, opened, read_tags is not None)
        states.append(state)
        if path:
            asked.append((number, path, match.media.size))
    if asked and read_tags is not None:
        answers = read_tags([(path, size) for _, path, size in asked])
        for (number, _, _), answer in zip(asked, answers, strict=True):
            states[number] = replace(answer, format=states[number].format)
    return [replace(match, state=state) for match, state in zip(chunk, states, strict=True)]


def _first_look(media: MediaFile, open_media: OpenMedia, opened: ExitStack, ask: bool) -> tuple[State, str]:
    """The state as far as it can be told here, and the path to ask ExifTool about ("": none)."""
    try:
        stream = open_media(media)
    except OSError as error:
        return State(damage=_why(error)), ""
    keep = False
    try:
        head = stream.read(HEAD)
        found = detect(head)
        if found is None:
            return State(damage=_no_media(head)), ""
        if found.name == "jpeg":
            stream.seek(0)
            if (state := read_jpeg(stream)) is not None:
                return state, ""
        if ask and found.cls != "none" and (path := shown_path(stream)):
            keep = True
            opened.callback(stream.close)
            return State(format=found.name), path
        return State(format=found.name), ""
    except OSError as error:
        return State(damage=_why(error)), ""
    finally:
        if not keep:
            stream.close()


def shown_path(stream: BinaryIO) -> str:
    """A path by which another process reads this open file, free of any name of the export; "" without one."""
    try:
        number = stream.fileno()
    except OSError:
        return ""
    return f"/proc/{os.getpid()}/fd/{number}" if sys.platform == "linux" else ""


def _why(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"


def _no_media(head: bytes) -> str:
    """Why these first bytes cannot be a picture or video; "" when they only are no format known here."""
    if not head:
        return EMPTY
    if not head.strip(b"\0"):
        return ZEROS
    return TEXT if _TEXT_BYTES.issuperset(head[:512]) else ""
