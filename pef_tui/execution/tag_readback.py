"""Read written files back and find missing edits: with the native readers if possible, else with ExifTool."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Protocol, runtime_checkable

from msgspec.structs import replace

from pef_tui.exiftool import ExifToolProcess, ProcessError
from pef_tui.filesystem.temp_files import descriptor_path
from pef_tui.formats.chunks import PNG_SIGNATURE
from pef_tui.formats.exiftool_unsafe import SIGNED_CLAIMS, unsafe_reason
from pef_tui.hooks import WriterSession
from pef_tui.model import FileMetadata, TagEdit, Value
from pef_tui.output.tag_proof import ReadbackRequest
from pef_tui.readers.exiftool_reader import read_metadata
from pef_tui.readers.native_readers import READERS
from pef_tui.tags.comparison import equal_values, fold, members
from pef_tui.xmp import BadPacket, can_write, read, to_xmp
from pef_tui.xmp.rdf import parse

_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FAMILIES = ("IFD0:", "ExifIFD:", "GPS:")
_EXIFTOOL = "exiftool"
LARGEST_XMP = 16 << 20
"""Size limit in bytes of an XMP file that is read."""
XMP = "xmp"
"""The format name of XMP files."""


@runtime_checkable
class _ExifToolSession(Protocol):
    """A writer session with an ExifTool process that can also read files."""

    @property
    def process(self) -> ExifToolProcess: ...


def missing_edits(
    requests: Sequence[ReadbackRequest], sessions: Mapping[str, WriterSession], *, exiftool: bool
) -> list[tuple[TagEdit, ...]]:
    """Return the missing edits of each file, in the order of `requests`. If a file cannot be read, return all its
    edits.

    `exiftool`: whether `sessions` has a session of ExifTool, which then reads files that no native reader can read.
    """
    states: list[FileMetadata | None] = [_read_natively(request) for request in requests]
    unread = [number for number, state in enumerate(states) if state is None]
    if unread and exiftool and isinstance(session := sessions[_EXIFTOOL], _ExifToolSession):
        for number, state in zip(
            unread, _read_by_exiftool(session.process, [requests[n] for n in unread]), strict=True
        ):
            states[number] = state
    return [_missing_in(request.edits, state) for request, state in zip(requests, states, strict=True)]


def _read_natively(request: ReadbackRequest) -> FileMetadata | None:
    """Return the metadata of a file, read by the native reader of its format.

    None if there is no such reader, or if it fails.
    """
    if request.format != XMP and request.format not in READERS:
        return None
    try:
        with os.fdopen(os.open(request.path, _READ_FLAGS), "rb") as stream:
            if request.format == XMP:
                return FileMetadata(format=XMP, tags=read(stream.read(LARGEST_XMP)), reader="native")
            return READERS[request.format](stream)
    except BadPacket:
        return None
    except Exception:  # the file may have any content; ExifTool reads it instead
        return None


def reread_natively(path: str, state: FileMetadata) -> FileMetadata:
    """Return the metadata of the file at `path`, read natively if it is a PNG with signed claims.

    ExifTool does not read such a PNG completely. Return `state` for any other file, or if reading fails.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC), "rb") as stream:
            if stream.read(8) != PNG_SIGNATURE or unsafe_reason("png", stream) != SIGNED_CLAIMS:
                return state
            stream.seek(0)
            return READERS["png"](stream) or state
    except OSError:
        return state


def _read_by_exiftool(
    process: ExifToolProcess, requests: Sequence[ReadbackRequest]
) -> list[FileMetadata | None]:
    """Return the metadata of the files, read by one ExifTool command. None for each file that ExifTool cannot read."""
    requested_tags = {edit.tag for request in requests for edit in (*request.edits, *to_xmp(request.edits))}
    with ExitStack() as stack:
        files = []
        for request in requests:
            try:
                stream = stack.enter_context(os.fdopen(os.open(request.path, _READ_FLAGS), "rb"))
            except OSError:
                files.append((request.path, 0))
            else:
                path = descriptor_path(stream.fileno()) or request.path
                files.append((path, os.fstat(stream.fileno()).st_size))
        try:
            states = read_metadata(process, files, sorted(requested_tags))
            return [
                _without_broken_xmp(process, *file, state) if state.reader else None
                for file, state in zip(files, states, strict=True)
            ]
        except (ProcessError, OSError):
            return [None] * len(files)


def _without_broken_xmp(process: ExifToolProcess, path: str, size: int, state: FileMetadata) -> FileMetadata:
    """Return `state`, without XMP tags if the XMP packet of the file is not well-formed XML. Raises ProcessError.

    ExifTool reads such a packet, and leaves the error in it when it writes. But exiv2 and the XMP Toolkit ignore the
    whole packet, and so do digiKam, darktable and Lightroom. So edits that are only in this packet count as missing.
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


def _missing_in(edits: Sequence[TagEdit], state: FileMetadata | None) -> tuple[TagEdit, ...]:
    """Return the edits whose tags do not have their values; () if XMP tags of the file hold all values.

    `state`: the metadata of the file. None if the file cannot be read: all edits then count as missing.
    """
    if state is None:
        return tuple(edits)
    unread = absent_edits(edits, state.tags)
    if not unread:
        return ()
    in_xmp = [edit for edit in to_xmp(edits) if can_write(edit.tag)]
    return () if _has_values(in_xmp) and not absent_edits(in_xmp, state.tags) else unread


def _has_values(edits: Iterable[TagEdit]) -> bool:
    return any(edit.value not in (None, ()) for edit in edits)


def absent_edits(edits: Iterable[TagEdit], tags: Mapping[str, Value]) -> tuple[TagEdit, ...]:
    """Return the edits whose values are not in `tags`, the tags of a file."""
    return tuple(edit for edit in edits if not _has_value(edit, tags))


def _has_value(edit: TagEdit, tags: Mapping[str, Value]) -> bool:
    tag = f"EXIF:{edit.tag.partition(':')[2]}" if edit.tag.startswith(_FAMILIES) else edit.tag
    file_value, value = tags.get(tag), edit.value
    if tag.endswith("Ref"):  # the value of a Ref tag is the sign of a number
        return True
    if value is None or value == ():
        return file_value is None
    if file_value is None:
        return False
    if isinstance(value, tuple):
        return {fold(member) for member in value} <= {fold(member) for member in members(file_value)}
    if tag == "XMP-exif:GPSAltitude" and isinstance(file_value, int | float):
        return equal_values(tag, value, file_value) or equal_values(tag, value, abs(file_value))
    return equal_values(tag, value, file_value)
