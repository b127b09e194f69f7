"""The XMP file beside an output: the one from the source, staged first, and what a Plan puts into it besides."""

from __future__ import annotations

import os
import stat

import xxhash

from pef_tui.write.copies import Copy
from pef_tui.write.copying import SourceChanged
from pef_tui.write.dest import Dest
from pef_tui.write.staging import FULL, OpenMedia, stage
from pef_tui.write.xmp_writer import write_beside


def stage_xmp(copy: Copy, place: Dest, open_media: OpenMedia) -> None:
    """Put the source's XMP file beside the private copy, where the writers complete it. Raises OSError (ENOSPC)."""
    if copy.plan.match.xmp is None:
        return
    file = copy.plan.match.xmp.file
    try:
        with open_media(file) as source:
            stage(place, copy.xmp_name, source, file.size, file.mtime_ns)
    except SourceChanged as changed:
        copy.warn(f"the XMP file beside it {changed}")
    except OSError as error:
        if error.errno in FULL:
            raise
        copy.warn(f"the XMP file beside it cannot be read: {error.strerror or error}")
    except Exception as error:
        copy.warn(f"the XMP file beside it cannot be read: {type(error).__name__}: {error}")


def complete_xmp(copy: Copy, place: Dest) -> None:
    """Put the Plan's edits of the XMP file into it. Raises OSError (ENOSPC)."""
    if copy.plan.xmp_edits and copy.word != "failed":
        written = write_beside(os.path.join(place.staging, copy.name), copy.plan.xmp_edits, fill=False)
        for warning in (*written.warnings, *((written.reason,) if written.reason else ())):
            copy.warn(warning)
    if place.undo is not None and _untouched(copy, place):
        os.unlink(copy.xmp_name, dir_fd=place.staging_fd)
    copy.xmp = bool(size_of(place, copy.xmp_name))


def _untouched(copy: Copy, place: Dest) -> bool:
    """Is the staged XMP file still the one in the source?"""
    beside = copy.plan.match.xmp
    if beside is None or not size_of(place, copy.xmp_name):
        return False
    path = os.path.join(place.staging, copy.xmp_name)
    with open(path, "rb") as stream:  # noqa: PTH123 - the path may hold any bytes
        return xxhash.xxh3_64_digest(stream.read()) == beside.content


def size_of(place: Dest, name: str) -> int | None:
    """Size of a regular file in the staging folder; 0 for what is none, None for nothing."""
    try:
        found = os.stat(name, dir_fd=place.staging_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
