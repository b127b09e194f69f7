"""Which edits a file says once it was written: read natively where that is possible, else by ExifTool."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Protocol, runtime_checkable

from msgspec.structs import replace

from pef_tui.exiftool import Process, ProcessError
from pef_tui.formats.chunks import PNG_SIGNATURE
from pef_tui.formats.closed import SIGNED, closed
from pef_tui.hooks import WriterSession
from pef_tui.model import State, TagEdit, Value
from pef_tui.state.by_exiftool import read_states
from pef_tui.state.inspect import shown_path
from pef_tui.state.natively import READERS
from pef_tui.tags.equal import fold, members, same
from pef_tui.write.proof import Asked
from pef_tui.xmp import BadPacket, can_write, read, to_xmp
from pef_tui.xmp.rdf import parse

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FAMILIES = ("IFD0:", "ExifIFD:", "GPS:")
_EXIFTOOL = "exiftool"
LARGEST_XMP = 16 << 20
"""Bytes of an XMP file that is still read."""
XMP = "xmp"
"""The format of an XMP file, beside those of pictures."""


@runtime_checkable
class _ByExifTool(Protocol):
    """A writer's session with an ExifTool that can read as well."""

    @property
    def process(self) -> Process: ...


def missing(
    asked: Sequence[Asked], sessions: Mapping[str, WriterSession], *, exiftool: bool
) -> list[tuple[TagEdit, ...]]:
    """Those of the edits that each file does not say, in order; all of them where the file cannot be read.

    `exiftool`: `sessions` has the writer of that name, whose ExifTool reads what is not read natively.
    """
    states: list[State | None] = [_natively(each) for each in asked]
    left = [number for number, state in enumerate(states) if state is None]
    if left and exiftool and isinstance(session := sessions[_EXIFTOOL], _ByExifTool):
        for number, state in zip(left, _by_exiftool(session.process, [asked[n] for n in left]), strict=True):
            states[number] = state
    return [_unsaid(each.edits, state) for each, state in zip(asked, states, strict=True)]


def _natively(asked: Asked) -> State | None:
    """What our own reader makes of a file; None where it is not sure."""
    if asked.format != XMP and asked.format not in READERS:
        return None
    try:
        with os.fdopen(os.open(asked.path, _OPEN), "rb") as stream:
            if asked.format == XMP:
                return State(format=XMP, tags=read(stream.read(LARGEST_XMP)), reader="native")
            return READERS[asked.format](stream)
    except BadPacket:
        return None
    except Exception:  # whatever is in a file that somebody else wrote: ExifTool is asked
        return None


def seen_natively(path: str, state: State) -> State:
    """What our own reader makes of a PNG with signed claims, which ExifTool cannot see whole; else the state given."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC), "rb") as stream:
            if stream.read(8) != PNG_SIGNATURE or closed("png", stream) != SIGNED:
                return state
            stream.seek(0)
            return READERS["png"](stream) or state
    except OSError:
        return state


def _by_exiftool(process: Process, asked: Sequence[Asked]) -> list[State | None]:
    """The same by ExifTool, in one command; None for a file that it cannot read."""
    further = {edit.tag for each in asked for edit in (*each.edits, *to_xmp(each.edits))}
    with ExitStack() as opened:
        files = []
        for each in asked:
            try:
                stream = opened.enter_context(os.fdopen(os.open(each.path, _OPEN), "rb"))
            except OSError:
                files.append((each.path, 0))
            else:
                path = shown_path(stream.fileno()) if os.path.isdir("/proc/self/fd") else each.path
                files.append((path, os.fstat(stream.fileno()).st_size))
        try:
            states = read_states(process, files, sorted(further))
            return [
                _without_broken_xmp(process, *file, state) if state.reader else None
                for file, state in zip(files, states, strict=True)
            ]
        except (ProcessError, OSError):
            return [None] * len(files)


def _without_broken_xmp(process: Process, path: str, size: int, state: State) -> State:
    """The state without XMP tags where the packet is not well-formed XML.

    ExifTool reads such a packet and keeps what is wrong with it when it writes; exiv2 and the XMP Toolkit, and so
    digiKam, darktable and Lightroom, drop it whole. Raises ProcessError.
    """
    if not any(tag.startswith("XMP-") for tag in state.tags):
        return state
    packet = process.run(["-b", "-XMP", os.fsencode(path)], size).stdout
    try:
        if packet:
            parse(packet)
    except BadPacket:
        tags = {tag: value for tag, value in state.tags.items() if not tag.startswith("XMP-")}
        return replace(state, tags=tags)
    return state


def _unsaid(edits: Sequence[TagEdit], state: State | None) -> tuple[TagEdit, ...]:
    """The edits that the file says neither as they are nor in XMP."""
    if state is None:
        return tuple(edits)
    left = unsaid(edits, state.tags)
    if not left:
        return ()
    in_xmp = [edit for edit in to_xmp(edits) if can_write(edit.tag)]
    return () if _valued(in_xmp) and not unsaid(in_xmp, state.tags) else left


def _valued(edits: Iterable[TagEdit]) -> bool:
    return any(edit.value not in (None, ()) for edit in edits)


def unsaid(edits: Iterable[TagEdit], tags: Mapping[str, Value]) -> tuple[TagEdit, ...]:
    """Those of the edits that a file with these tags does not say."""
    return tuple(edit for edit in edits if not _said(edit, tags))


def _said(edit: TagEdit, tags: Mapping[str, Value]) -> bool:
    tag = f"EXIF:{edit.tag.partition(':')[2]}" if edit.tag.startswith(_FAMILIES) else edit.tag
    held, value = tags.get(tag), edit.value
    if tag.endswith("Ref"):  # its sign is in the number
        return True
    if value is None or value == ():
        return held is None
    if held is None:
        return False
    if isinstance(value, tuple):
        return {fold(each) for each in value} <= {fold(each) for each in members(held)}
    if tag == "XMP-exif:GPSAltitude" and isinstance(held, int | float):
        return same(tag, value, held) or same(tag, value, abs(held))
    return same(tag, value, held)
