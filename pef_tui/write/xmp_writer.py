"""The writer `xmp`: tags go into a file of their own, `photo.jpg.xmp`, and the media stays as it is."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence

from pef_tui.formats import FORMATS
from pef_tui.hooks import Staged, Writer, Written
from pef_tui.model import Plan, TagEdit
from pef_tui.xmp import BadPacket, can_write, merge, to_xmp, untold

SUFFIX = ".xmp"
LARGEST = 16 << 20
"""Bytes of an XMP file that is still read; real ones have a few thousand."""

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def xmp_writer(*, every: bool = False, order: int = 900) -> Writer:
    """The writer of XMP files: for formats that hold no tags and raw pictures; with `every`, for any."""

    def accepts(plan: Plan) -> bool:
        return (every or _needs_file(plan)) and any(can_write(edit.tag) for edit in to_xmp(plan.edits))

    return Writer("xmp", accepts, XmpSession, order=order)


def _needs_file(plan: Plan) -> bool:
    """Raw pictures are originals and left alone; what is not known by its content is not touched either."""
    known = FORMATS.get(plan.match.state.format) if plan.match.state else None
    return known is None or known.cls in ("none", "raw")


class XmpSession:
    """A hooks.WriterSession; holds nothing."""

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        """Write each Plan's edits beside its copy. Raises OSError (ENOSPC, EDQUOT) when the disk is full."""
        for each in staged:
            yield write_beside(each.path, each.plan.edits, fill=each.plan.match.xmp is None)

    def close(self) -> None:
        """Nothing to let go of."""


def write_beside(
    path: str,
    edits: Sequence[TagEdit],
    reason: str = "",
    warnings: Sequence[str] = (),
    *,
    fill: bool = True,
) -> Written:
    """Put edits, in whatever tags they are, into `path + ".xmp"`; the file at `path` is not opened.

    An XMP file that is there is kept and completed: lists are joined, and with `fill` what it says stays, as where the
    edits were not yet settled with it. A broken one is left as it is, and the answer is `unchanged` with a warning.
    Raises OSError (ENOSPC, EDQUOT) when the disk is full.
    """
    left_out = untold(edits)
    notes = (*warnings, *((f"XMP cannot hold {', '.join(left_out)}",) if left_out else ()))
    try:
        packet = _existing(path + SUFFIX)
        merged = merge(packet, [edit for edit in to_xmp(edits) if can_write(edit.tag)], fill=fill)
        if merged != packet:
            _put(path + SUFFIX, merged)
    except BadPacket as error:
        return Written("unchanged", reason, (*notes, f"the XMP file beside it is left as it is: {error}"))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        return Written(
            "failed", f"the XMP file could not be written: {error.strerror or error}", notes, temporary=True
        )
    return Written("sidecar", reason, notes)


def _existing(path: str) -> bytes | None:
    """The XMP file at `path`, None where there is none. Raises BadPacket for what cannot be one, OSError."""
    try:
        descriptor = os.open(path, _OPEN)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise BadPacket("it is no regular file")
        if found.st_size > LARGEST:
            raise BadPacket(f"it has {found.st_size:,} bytes")
        return file.read(LARGEST)


def _put(path: str, packet: bytes) -> None:
    """Write the packet to `path`, whole or not at all."""
    new = path + ".new"
    descriptor = os.open(new, _CREATE, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(packet)
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise
