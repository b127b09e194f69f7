"""Private copies: writers work on these, never on a file under its own name.

Their names are a number and the extension that fits the content, so no tool ever meets a name from an export.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import BinaryIO

from pef_tui.fingerprint import Fingerprint, of_descriptor
from pef_tui.formats import FORMATS
from pef_tui.hooks import Piece
from pef_tui.model import MediaFile, Plan
from pef_tui.scratch import write_at
from pef_tui.write.copying import CHUNK, SourceChanged, assemble, copy
from pef_tui.write.dest import Dest, open_staging

OpenMedia = Callable[[MediaFile], BinaryIO]

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Errors of a disk without room."""
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}")


def clean_staging(path: str) -> int:
    """Remove what earlier runs left in DEST's staging folder, and nothing else; how many. Raises OSError.

    The caller holds DEST's lock.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        staging = open_staging(fd, create=False)
    except FileNotFoundError:
        return 0
    finally:
        os.close(fd)
    try:
        names = os.listdir(staging)
        for name in names:
            with suppress(FileNotFoundError):  # FUSE and NFS drop by themselves what a killed run had open
                _remove(name, staging)
    finally:
        os.close(staging)
    return len(names)


def _remove(name: str, folder: int) -> None:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISDIR(found.st_mode):
        shutil.rmtree(name, dir_fd=folder)
    else:
        os.unlink(name, dir_fd=folder)


def extension_of(plan: Plan) -> str:
    """The extension of a private copy: by content where that is known, else the source's where it is harmless."""
    match = plan.match
    if (
        match.state is not None
        and (known := FORMATS.get(match.state.format)) is not None
        and known.extensions
    ):
        own = os.path.splitext(match.media.name)[1].lower()
        return own if own in known.extensions else known.extensions[0]
    own = os.path.splitext(match.media.name)[1]
    return own.lower() if _EXTENSION.fullmatch(own) else ".bin"


def stage(
    dest: Dest,
    name: str,
    source: BinaryIO,
    size: int,
    mtime_ns: int,
    pieces: Sequence[Piece] | None = None,
) -> bytes:
    """Copy an opened source into the staging folder as `name`; with `pieces`, put together what they say instead.

    Returns the fingerprint of the source. Raises SourceChanged where size or time (where the source has one) differ
    from the scan's, OSError. A copy that fails is removed.
    """
    fd = os.open(name, _CREATE, 0o600, dir_fd=dest.staging_fd)
    try:
        number = descriptor(source)
        if number is None:
            running = Fingerprint(size)
            copied = _read_and_write(source, fd, size, running)
            fingerprint = running.digest()
        elif pieces is None:
            _compare(number, size, mtime_ns)
            copied = copy(number, fd, size, dest.ways)
            _compare(number, size, mtime_ns)
        else:
            _compare(number, size, mtime_ns)
            assemble(pieces, number, fd, dest.ways)
            _compare(number, size, mtime_ns)
            copied = size
        if copied != size:
            raise SourceChanged(f"changed while the run was on: {copied} bytes instead of {size}")
        return fingerprint if number is None else of_descriptor(number, size)
    except BaseException:
        os.unlink(name, dir_fd=dest.staging_fd)
        raise
    finally:
        os.close(fd)


def descriptor(source: BinaryIO) -> int | None:
    """Of a file of a directory; members of archives have none of their own."""
    try:
        return source.fileno()
    except (OSError, AttributeError):
        return None


def _compare(fd: int, size: int, mtime_ns: int) -> None:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        raise SourceChanged("changed while the run was on: no regular file any more")
    if found.st_size != size or found.st_mtime_ns != mtime_ns:
        raise SourceChanged("changed while the run was on: another size or time than when it was found")


def _read_and_write(source: BinaryIO, target: int, size: int, running: Fingerprint) -> int:
    """At most one byte more than `size` is read, so a member that lies about its length cannot fill the disk."""
    done = 0
    while done <= size and (data := source.read(min(CHUNK, size + 1 - done))):
        write_at(target, data, done)
        running.update(data)
        done += len(data)
    return done
