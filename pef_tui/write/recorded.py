"""What is recorded of outputs and of the XMP files beside them, and whose an XMP file is that stands in DEST."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from pef_tui.model import xmp_name
from pef_tui.write.copies import Former, Placed
from pef_tui.write.replacing import FileFacts, Standing, standing_of

Shared = Callable[[int, str], bool]
"""Has another output the XMP file of this name, in a folder given by its descriptor?"""


def of_media(known: Placed | None) -> FileFacts | None:
    """What is recorded of an output."""
    if known is None:
        return None
    return FileFacts(known.output_size, known.output_mtime_ns, known.output_digest)


def of_xmp(known: Placed | None, short: bool) -> FileFacts | None:
    """What is recorded of the XMP file beside an output, if it has one of this kind of name."""
    if known is None or not known.xmp or known.short_xmp != short:
        return None
    return FileFacts(known.xmp_size, known.xmp_mtime_ns, known.xmp_digest)


def standing_of_xmp(
    fd: int,
    there: str,
    short: bool,
    known: Placed | None,
    intended: Sequence[Former],
    shared: Shared,
    *,
    follow: bool = False,
) -> Standing:
    """What is at the name of an XMP file, of which `known` and `intended` are recorded as in `standing_of`.

    A short name that another output has, too, is that one's: `a.heic` and `a.mov` would both write `a.xmp`.
    """
    meant = [facts for each in intended if (facts := of_xmp(each, short)) is not None]
    standing = standing_of(fd, there, of_xmp(known, short), meant, follow=follow)
    return "foreign" if standing == "changed" and short and shared(fd, there) else standing


def is_xmp_of_another(fd: int, name: str, there: str, has_short: Callable[[str], bool]) -> bool:
    """Is `there` the short XMP name of another file in the folder, to which `has_short` says it was given?"""
    return any(
        other != name and xmp_name(other, True) == there and has_short(other) for other in os.listdir(fd)
    )
