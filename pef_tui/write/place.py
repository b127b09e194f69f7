"""Giving private copies their final names, over nothing that is not ours."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pef_tui.model import xmp_name
from pef_tui.write.copies import Books, Copy, Former, Placed
from pef_tui.write.dest import Dest, DestView, Outside, components, sync
from pef_tui.write.recorded import (
    Shared,
    is_xmp_of_another,
    of_media,
    of_xmp,
    standing_of_xmp,
)
from pef_tui.write.replacing import FileFacts, Standing, same_bytes, standing_of

_FULL = (errno.ENOSPC, errno.EDQUOT)
FOREIGN = "something that pef-tui did not put there has its output path; it is left as it is"


@dataclass(frozen=True, slots=True)
class Here:
    """In place, what an output replaces is known from the scan, not from an earlier batch."""

    output_size: int
    output_mtime_ns: int
    xmp: bool = False
    xmp_size: int = 0
    xmp_mtime_ns: int = 0
    short_xmp: bool = False
    output_digest: bytes = b""
    xmp_digest: bytes = b""


def xmp_beside(copy: Copy, place: Dest, output: str, short: bool) -> str:
    """The XMP file of an output, by its name or path; in place one that is there keeps its spelling (`a.jpg.XMP`)."""
    name, beside = xmp_name(output, short), copy.plan.match.xmp
    if place.undo is None or beside is None:
        return name
    return name[: -len(".xmp")] + beside.file.path[-len(".xmp") :]


def _known(copy: Copy, place: DestView, books: Books) -> Placed | None:
    """What is recorded at the output for the same picture; nothing where another picture has that output."""
    output = copy.plan.output or ""
    if place.undo is None:
        known, _ = copy.earlier(books)
        return known if known is not None and os.fsdecode(known.output) == output else None
    media, beside = copy.plan.match.media, copy.plan.match.xmp
    if beside is None:
        return Here(media.size, media.mtime_ns)
    short = copy.plan.short_xmp
    return Here(media.size, media.mtime_ns, True, beside.file.size, beside.file.mtime_ns, short)


def _intended(copy: Copy, place: DestView, books: Books) -> Sequence[Former]:
    """What runs that came to no end meant to put at the output for the same picture."""
    if place.undo is not None:
        return ()
    output = copy.plan.output or ""
    return [each for each in copy.earlier(books)[1] if os.fsdecode(each.output) == output]


def user_changed(copy: Copy, place: DestView, books: Books) -> bool:
    """Was the output changed by somebody since it was put there? Then the copy is settled: left alone."""
    known = _known(copy, place, books)
    if known is None:
        return False
    with suppress(OSError, Outside):
        folder, name = components(copy.plan.output or "")
        intended, follow = _intended(copy, place, books), place.undo is not None
        with place.folder(folder, create=False) as fd:
            standing = standing_of(fd, name, of_media(known), _media_of(intended), follow=follow)
            shared = _shares_xmp(copy, name, books, ())
            if standing == "changed" or (
                not follow and _xmp_changed(copy, fd, name, known, intended, shared)
            ):
                copy.leave()
                return True
    return False


def put_all(copies: Sequence[Copy], place: Dest, books: Books) -> None:
    """Rename copies to their final names and sync their folders. Raises SyncFailed, and OSError for a full disk.

    What cannot get its name is a failure of its own.
    """
    folders: dict[tuple[str, ...], list[tuple[str, Copy]]] = {}
    taken: set[str] = set()
    for copy in copies:
        output = copy.plan.output or ""
        try:
            folder, name = components(output)
        except Outside as error:
            copy.fail(str(error))
            continue
        if output in taken:
            copy.fail("another file of this run has the same output path")
            continue
        taken.add(output)
        folders.setdefault(folder, []).append((name, copy))
    for folder, members in folders.items():
        _put_folder(folder, members, place, books)


def _put_folder(
    folder: tuple[str, ...], members: Sequence[tuple[str, Copy]], place: Dest, books: Books
) -> None:
    try:
        with place.folder(folder, create=True) as fd:
            for name, copy in members:
                _put(copy, place, fd, name, books, members)
            sync(fd)
    except OSError as error:
        if error.errno in _FULL:
            raise
        for _, copy in members:
            if not copy.placed:
                copy.fail(f"its output folder cannot be used: {error.strerror or error}", temporary=True)


def _put(
    copy: Copy, place: Dest, fd: int, name: str, books: Books, members: Sequence[tuple[str, Copy]]
) -> None:
    known, intended = _known(copy, place, books), _intended(copy, place, books)
    try:
        follow = place.undo is not None
        standing = standing_of(fd, name, of_media(known), _media_of(intended), follow=follow)
        if standing == "foreign" and _may_adopt(copy, place, fd, name, books):
            standing = "ours"
        if copy.xmp and standing not in ("changed", "foreign"):
            shared = _shares_xmp(copy, name, books, members)
            standing = _choose_xmp(copy, place, fd, name, known, intended, shared)
        if standing == "changed":
            copy.leave()
        elif standing == "foreign":
            copy.fail(FOREIGN, temporary=True)
        else:
            _rename(copy, place, fd, name)
            if place.undo is None:
                for each in (known, *intended):
                    _drop_old_xmp(copy, fd, name, each)
    except OSError as error:
        if error.errno in _FULL:
            raise
        copy.fail(f"cannot be put in its place: {error.strerror or error}", temporary=True)


def _may_adopt(copy: Copy, place: Dest, fd: int, name: str, books: Books) -> bool:
    """Is what is there, and of which nothing is recorded, the very bytes that are to be put there?"""
    return books.recorded(copy.plan.output or "") is None and same_bytes(
        place.staging_fd, copy.name, fd, name
    )


def _choose_xmp(
    copy: Copy,
    place: Dest,
    fd: int,
    name: str,
    known: Placed | None,
    intended: Sequence[Former],
    shared: Shared,
) -> Standing:
    """Which name its XMP file gets, and what stands there: the long one where the short one is somebody else's."""
    for short in (True, False) if copy.plan.short_xmp else (False,):
        copy.short_xmp = short
        there = xmp_beside(copy, place, name, short)
        standing = standing_of_xmp(fd, there, short, known, intended, shared, follow=place.undo is not None)
        if standing == "foreign" and same_bytes(place.staging_fd, copy.xmp_name, fd, there):
            standing = "foreign" if short and shared(fd, there) else "ours"
        if standing != "foreign":
            break
    return standing


def _xmp_changed(
    copy: Copy, fd: int, name: str, known: Placed, intended: Sequence[Former], shared: Shared
) -> bool:
    """Was the XMP file changed that the Plan is sure to write anew? `_choose_xmp` decides the same once it is made."""
    plan = copy.plan
    if plan.outcome != "sidecar" and not plan.xmp_edits:
        return False
    for short in (True, False) if plan.short_xmp else (False,):
        standing = standing_of_xmp(fd, xmp_name(name, short), short, known, intended, shared)
        if standing != "foreign":
            return standing == "changed"
    return False


def _shares_xmp(copy: Copy, name: str, books: Books, placed: Iterable[tuple[str, Copy]]) -> Shared:
    """Tells whether another output of the folder, placed in this batch or before, has an XMP file of a short name."""
    folder = (copy.plan.output or "")[: -len(name)]

    def has_short(other: str) -> bool:
        if any(each.placed and each.xmp and each.short_xmp for at, each in placed if at == other):
            return True
        recorded = books.recorded(folder + other)
        return recorded is not None and recorded.xmp and recorded.short_xmp

    return lambda fd, there: is_xmp_of_another(fd, name, there, has_short)


def _media_of(intended: Sequence[Former]) -> list[FileFacts]:
    return [facts for each in intended if (facts := of_media(each)) is not None]


def _rename(copy: Copy, place: Dest, fd: int, name: str) -> None:
    if copy.xmp:
        there = xmp_beside(copy, place, name, copy.short_xmp)
        os.replace(copy.xmp_name, there, src_dir_fd=place.staging_fd, dst_dir_fd=fd)
        found = os.stat(there, dir_fd=fd, follow_symlinks=False)
        copy.xmp_stat = (found.st_size, found.st_mtime_ns)
    os.replace(copy.name, name, src_dir_fd=place.staging_fd, dst_dir_fd=fd)
    found = os.stat(name, dir_fd=fd, follow_symlinks=False)
    copy.size, copy.mtime_ns, copy.placed = found.st_size, found.st_mtime_ns, True


def _drop_old_xmp(copy: Copy, fd: int, name: str, known: Placed | None) -> None:
    """Remove an XMP file of ours that tells what the picture itself, or one of another name, tells now."""
    if known is None or not known.xmp or copy.word == "failed":
        return
    if copy.xmp and copy.short_xmp == known.short_xmp:
        return
    old = xmp_name(name, known.short_xmp)
    if standing_of(fd, old, of_xmp(known, known.short_xmp)) == "ours":
        os.unlink(old, dir_fd=fd)
