"""A private copy that shares its bytes with an output that is in place already: for `--albums link`."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence

from pef_tui.model import xmp_name
from pef_tui.write.copies import Books, Copy
from pef_tui.write.copying import clone
from pef_tui.write.dest import Dest, Outside, components
from pef_tui.write.recorded import of_media
from pef_tui.write.replacing import standing_of
from pef_tui.write.staging import FULL

REFLINK, HARD_LINK, SYMBOLIC_LINK = "shared blocks", "hard link", "symbolic link"
NO_LINK = "a copy, for no link to {} can be made"
"""Reason of an output that was to be a link, with the output that it was to lead to."""
OWN_TIMES = ("", REFLINK)
"""What has permissions and times of its own."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def stage_link(copy: Copy, name: str, place: Dest, books: Books) -> bool:
    """Stage the output at `plan.link`, and its XMP file, once more; False where a copy of the source is needed.

    Blocks are shared where the disk can, else it is a hard link, else a relative symbolic link. Raises OSError
    (ENOSPC).
    """
    known = books.recorded(copy.plan.link)
    if known is None:
        return False
    try:
        folder, original = components(copy.plan.link)
        with place.folder(folder, create=False) as fd:
            if standing_of(fd, original, of_media(known)) != "ours" or _is_link(fd, original):
                return False
            copy.shares = _share(fd, original, name, copy.plan.link, place, copy)
            if copy.shares == HARD_LINK:
                copy.made = of_media(known)
            if known.xmp and copy.shares:
                short = known.short_xmp
                beside = xmp_name(copy.plan.link, short)
                _share(fd, xmp_name(original, short), name + ".xmp", beside, place, copy)
                copy.xmp, copy.short_xmp = True, short
    except (OSError, Outside) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        _remove((name, name + ".xmp"), place)
        copy.shares, copy.xmp = "", False
    return bool(copy.shares)


def _is_link(fd: int, name: str) -> bool:
    return stat.S_ISLNK(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)


def _share(fd: int, original: str, name: str, path: str, place: Dest, copy: Copy) -> str:
    """By the first way the disk has, and which. Raises OSError where it has none."""
    try:
        _reflink(fd, original, name, place)
        return REFLINK
    except OSError as error:
        _remove((name,), place)
        if error.errno in FULL:
            raise
    try:
        os.link(original, name, src_dir_fd=fd, dst_dir_fd=place.staging_fd, follow_symlinks=False)
        return HARD_LINK
    except OSError as error:
        if error.errno in (*FULL, errno.ENOENT):
            raise
    os.symlink(_relative(path, copy.plan.output or ""), name, dir_fd=place.staging_fd)
    return SYMBOLIC_LINK


def _reflink(fd: int, original: str, name: str, place: Dest) -> None:
    source = os.open(original, _READ, dir_fd=fd)
    try:
        target = os.open(name, _CREATE, 0o600, dir_fd=place.staging_fd)
        try:
            clone(source, target)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _relative(original: str, output: str) -> str:
    """The way from the folder of an output to another output."""
    return os.path.relpath(original, os.path.dirname(output) or ".")


def _remove(names: Sequence[str], place: Dest) -> None:
    for name in names:
        try:
            os.unlink(name, dir_fd=place.staging_fd)
        except FileNotFoundError:
            continue
