"""The writer `xmp`: writes tags into an XMP file such as `photo.jpg.xmp`, and leaves the media file unchanged."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence

from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.formats import FORMATS
from pef_tui.hooks import Staged, Writer, Written
from pef_tui.model import Plan, TagEdit
from pef_tui.xmp import BadPacket, can_write, merge, not_in_xmp, to_xmp

SUFFIX = ".xmp"
LARGEST = 16 << 20
"""Size limit in bytes of an XMP file that is read. Real XMP files have a few thousand bytes."""

_CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def xmp_writer(*, every: bool = False, order: int = 900) -> Writer:
    """Return the writer of XMP files.

    It accepts raw pictures, and formats that hold no tags. With `every`, it accepts all formats. `order`:
    `Writer.order`.
    """

    def accepts(plan: Plan) -> bool:
        return (every or _needs_file(plan)) and any(can_write(edit.tag) for edit in to_xmp(plan.edits))

    return Writer("xmp", accepts, XmpSession, order=order)


def _needs_file(plan: Plan) -> bool:
    """Return whether the tags of the Plan's file belong in an XMP file.

    True for raw pictures, because they are originals, and for formats that are unknown or hold no tags.
    """
    file_format = FORMATS.get(plan.match.metadata.format) if plan.match.metadata else None
    return file_format is None or file_format.cls in ("none", "raw")


class XmpSession:
    """A `hooks.WriterSession` that opens nothing and keeps no state."""

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        """Write each Plan's edits into the XMP file beside its staged copy, and yield the answers.

        Raises OSError (ENOSPC, EDQUOT) if the disk is full.
        """
        for copy in staged:
            yield write_xmp_file(copy.path, copy.plan.edits, fill=copy.plan.match.xmp is None)

    def close(self) -> None:
        """Do nothing, because the session has nothing open."""


def write_xmp_file(
    path: str,
    edits: Sequence[TagEdit],
    reason: str = "",
    warnings: Sequence[str] = (),
    *,
    fill: bool = True,
) -> Written:
    """Write `edits`, converted to XMP tags, into the file `path + ".xmp"`. The file at `path` is not opened.

    If the XMP file exists, edits are added to it, and lists are merged. `fill`: True if `edits` were chosen without
    knowledge of this file: values that it already has then stay. A broken XMP file stays unchanged, and the answer is
    `unchanged`, with a warning. `reason`, `warnings`: texts for the answer. Raises OSError (ENOSPC, EDQUOT) if the disk
    is full.
    """
    left_out = not_in_xmp(edits)
    notes = (*warnings, *((f"XMP cannot hold {', '.join(left_out)}",) if left_out else ()))
    try:
        packet = _read_packet(path + SUFFIX)
        merged = merge(packet, [edit for edit in to_xmp(edits) if can_write(edit.tag)], fill=fill)
        if merged != packet:
            _replace_file(path + SUFFIX, merged)
    except BadPacket as error:
        return Written("unchanged", reason, (*notes, f"the XMP file beside it is left as it is: {error}"))
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        return Written(
            "failed", f"the XMP file could not be written: {error.strerror or error}", notes, temporary=True
        )
    return Written("sidecar", reason, notes)


def _read_packet(path: str) -> bytes | None:
    """Return the bytes of the XMP file at `path`; None if there is no file.

    Raises BadPacket if it is not a regular file, or is larger than `LARGEST`. Raises OSError.
    """
    try:
        descriptor = os.open(path, _READ_FLAGS)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        present = os.fstat(descriptor)
        if not stat.S_ISREG(present.st_mode):
            raise BadPacket("it is no regular file")
        if present.st_size > LARGEST:
            raise BadPacket(f"it has {present.st_size:,} bytes")
        return file.read(LARGEST)


def _replace_file(path: str, packet: bytes) -> None:
    """Replace the file at `path` atomically by a file with the bytes `packet`. Raises OSError."""
    new_path = path + ".new"
    descriptor = os.open(new_path, _CREATE_FLAGS, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(packet)
        os.replace(new_path, path)
    except BaseException:
        os.unlink(new_path)
        raise
