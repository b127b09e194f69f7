"""Private copies: writers work on these, never on a file under its own name.

Their names are a number and the extension that fits the content, so no tool ever meets a name from an export.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import stat
from collections.abc import Callable, Sequence
from typing import BinaryIO

from pef_tui.formats import FORMATS
from pef_tui.hooks import Piece
from pef_tui.model import MediaFile, Plan
from pef_tui.write.dest import Dest, open_staging

OpenMedia = Callable[[MediaFile], BinaryIO]

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Errors of a disk without room."""
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FICLONE = 0x40049409
_CHUNK = 1 << 20
_AT_ONCE = 1 << 30  # the kernel moves at most 2 GiB a call
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}")
_CANNOT = frozenset(
    {
        errno.EOPNOTSUPP,
        errno.ENOTSUP,
        errno.ENOSYS,
        errno.EXDEV,
        errno.EINVAL,
        errno.ENOTTY,
        errno.EPERM,
        errno.EBADF,
        errno.ETXTBSY,
    }
)


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


class SourceChanged(Exception):
    """The source is not what the scan saw; the text says so for the user."""


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
) -> None:
    """Copy an opened source into the staging folder as `name`; with `pieces`, put together what they say instead.

    Raises SourceChanged where size or time (where the source has one) differ from the scan's, OSError. A copy that
    fails is removed.
    """
    fd = os.open(name, _CREATE, 0o600, dir_fd=dest.staging_fd)
    try:
        number = descriptor(source)
        if number is None:
            copied = _read_and_write(source, fd, size)
        elif pieces is None:
            _compare(number, size, mtime_ns)
            copied = _copy(dest.ways, number, fd, size)
            _compare(number, size, mtime_ns)
        else:
            _compare(number, size, mtime_ns)
            assemble(pieces, number, fd, dest.ways)
            _compare(number, size, mtime_ns)
            copied = size
        if copied != size:
            raise SourceChanged(f"changed while the run was on: {copied} bytes instead of {size}")
    except BaseException:
        os.unlink(name, dir_fd=dest.staging_fd)
        raise
    finally:
        os.close(fd)


def assemble(pieces: Sequence[Piece], source: int, target: int, ways: dict[int, int]) -> None:
    """Put the pieces into an empty file, spans of the source moved by the kernel where it can.

    `ways` keeps, by device, which way of copying works. Raises SourceChanged where the source is too short, OSError.
    """
    at = 0
    for piece in pieces:
        if isinstance(piece, bytes):
            _write(target, piece, at)
            at += len(piece)
            continue
        size = piece.stop - piece.start
        if _copy(ways, source, target, size, piece.start, at) != size:
            raise SourceChanged("changed while the run was on: it became shorter")
        at += size


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


def _copy(ways: dict[int, int], source: int, target: int, size: int, *where: int) -> int:
    """Copy by the best way that both disks have; how many bytes. `where`: from which offset and to which, else 0."""
    device = os.fstat(source).st_dev
    first = max(ways.get(device, 0), 1 if where else 0)
    for number in range(first, len(WAYS)):
        try:
            copied = WAYS[number](source, target, size, *where)
        except OSError as error:
            if error.errno not in _CANNOT or number == len(WAYS) - 1:
                raise
            os.ftruncate(target, where[1] if where else 0)
            ways[device] = number + 1
        else:
            return copied
    raise AssertionError("the last way returns or raises")


def _reflink(source: int, target: int, size: int) -> int:
    """Of a whole file only: parts can be shared only where they begin at a block of the disk."""
    fcntl.ioctl(target, _FICLONE, source)
    return os.fstat(target).st_size


def _copy_file_range(source: int, target: int, size: int, start: int = 0, at: int = 0) -> int:
    done = 0
    while done < size:
        moved = os.copy_file_range(source, target, min(_AT_ONCE, size - done), start + done, at + done)
        if not moved:
            if not done:  # some file systems of the kernel's own say 0 instead of "cannot"
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            break
        done += moved
    return done


def _sendfile(source: int, target: int, size: int, start: int = 0, at: int = 0) -> int:
    done = 0
    os.lseek(target, at, os.SEEK_SET)
    while done < size and (moved := os.sendfile(target, source, start + done, min(_AT_ONCE, size - done))):
        done += moved
    return done


def _read_write(source: int, target: int, size: int, start: int = 0, at: int = 0) -> int:
    done = 0
    while done < size and (data := os.pread(source, min(_CHUNK, size - done), start + done)):
        _write(target, data, at + done)
        done += len(data)
    return done


def _read_and_write(source: BinaryIO, target: int, size: int) -> int:
    """At most one byte more than `size` is read, so a member that lies about its length cannot fill the disk."""
    done = 0
    while done <= size and (data := source.read(min(_CHUNK, size + 1 - done))):
        _write(target, data, done)
        done += len(data)
    return done


def _write(target: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(target, view, at)
        view, at = view[written:], at + written


WAYS: tuple[Callable[..., int], ...] = tuple(
    way
    for way, needs in (
        (_reflink, ""),
        (_copy_file_range, "copy_file_range"),
        (_sendfile, "sendfile"),
        (_read_write, ""),
    )
    if not needs or hasattr(os, needs)
)
"""Ways of copying between descriptors, the best first."""
