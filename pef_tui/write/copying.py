"""Bytes of a file moved into another by the system: whole, or parts of it between bytes made anew.

Where both lie on a disk whose files can share blocks (Btrfs, XFS and others), nothing is moved that begins as far into
a block as it did in its source: it is shared, takes no time and no room.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterable, Sequence

from pef_tui.hooks import Piece, Span
from pef_tui.scratch import write_at

_FICLONE = 0x40049409
"""Linux's request to share the blocks of another file (linux/fs.h)."""
CHUNK = 1 << 20
_AT_ONCE = 1 << 30  # the kernel moves at most 2 GiB a call
LEAST_SHARED = 1 << 17
"""Bytes: where less could be shared, moving them is as quick."""
LARGEST_BLOCK = 1 << 16
"""Bytes of blanks that are put into a file at most; networks tell blocks of 1 MB, which are none of a disk."""
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


class SourceChanged(Exception):
    """The source is not what the scan saw; the text says so for the user."""


class Ways:
    """What turned out of copying to one disk, by the device of the source."""

    def __init__(self) -> None:
        self.first: dict[int, int] = {}
        """The first way of copying that works (`WAYS`)."""
        self.blocks: dict[int, int] = {}
        """How long blocks are that can be shared; 1 where none can."""

    def block(self, source: int, make: Callable[[], int]) -> int:
        """How long the blocks are that a copy can share with this source, 1 where none can.

        `make`: makes a file for the trial that leaves nothing, and opens it; only called for the first source of a
        device.
        """
        device = os.fstat(source).st_dev
        if (known := self.blocks.get(device)) is None:
            known = self.blocks[device] = _tried(source, make)
        return known


def _tried(source: int, make: Callable[[], int]) -> int:
    target = make()
    try:
        clone(source, target)
        size = os.fstatvfs(target).f_bsize
        return size if 0 < size <= LARGEST_BLOCK else 1
    except OSError:
        return 1
    finally:
        os.close(target)


def clone(source: int, target: int) -> None:
    """Make an empty file share all blocks of another. Raises OSError where the disks cannot."""
    fcntl.ioctl(target, _FICLONE, source)


def assemble(pieces: Sequence[Piece], source: int, target: int, ways: Ways) -> None:
    """Put the pieces into an empty file, spans of the source moved by the kernel where it can.

    Raises SourceChanged where the source is too short, OSError.
    """
    device = os.fstat(source).st_dev
    block = ways.blocks.get(device, 1)
    at = 0
    for piece in pieces:
        if isinstance(piece, bytes):
            write_at(target, piece, at)
            at += len(piece)
            continue
        for start, stop in _parts(piece, at, block):
            if _copy(ways, device, source, target, stop - start, start, at) != stop - start:
                raise SourceChanged("changed while the run was on: it became shorter")
            at += stop - start


def _parts(span: Span, at: int, block: int) -> Iterable[tuple[int, int]]:
    """The span, in two where all but its beginning can be shared: that begins in the middle of a block."""
    edge = span.start + -span.start % block
    if (span.start - at) % block or not span.start < edge < span.stop:
        return ((span.start, span.stop),)
    return (span.start, edge), (edge, span.stop)


def misfit(pieces: Iterable[Piece], block: int) -> int:
    """How many bytes more before it would let the longest span share its blocks with the source; 0 where none would.

    `block`: how long blocks are, 1 where none can be shared.
    """
    longest, missing, at = LEAST_SHARED, 0, 0
    for piece in pieces:
        if isinstance(piece, bytes):
            at += len(piece)
            continue
        size = piece.stop - piece.start
        if size > longest:
            longest, missing = size, (piece.start - at) % block
        at += size
    return missing


def copy(source: int, target: int, size: int, ways: Ways) -> int:
    """Copy a whole file into an empty one by the best way that both disks have; how many bytes. Raises OSError."""
    return _copy(ways, os.fstat(source).st_dev, source, target, size)


def _copy(ways: Ways, device: int, source: int, target: int, size: int, *where: int) -> int:
    """`where`: from which offset and to which, else 0."""
    first = max(ways.first.get(device, 0), 1 if where else 0)
    for number in range(first, len(WAYS)):
        try:
            copied = WAYS[number](source, target, size, *where)
        except OSError as error:
            if error.errno not in _CANNOT or number == len(WAYS) - 1:
                raise
            os.ftruncate(target, where[1] if where else 0)
            ways.first[device] = number + 1
        else:
            return copied
    raise AssertionError("the last way returns or raises")


def _reflink(source: int, target: int, size: int) -> int:
    """Of a whole file only: the kernel tries it by itself for parts (`copy_file_range`)."""
    clone(source, target)
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
    while done < size and (data := os.pread(source, min(CHUNK, size - done), start + done)):
        write_at(target, data, at + done)
        done += len(data)
    return done


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
