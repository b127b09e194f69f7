"""Copy by the kernel: whole files, or spans (byte ranges) of a file with new bytes between them.

On some file systems (Btrfs, XFS and others), two files can share blocks on the disk. There, a span takes no time and no
space, if it begins at the same offset within a block in the source and in the target. All other spans are copied.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from pef_tui.filesystem.mounts import mount_type
from pef_tui.filesystem.temp_files import write_at
from pef_tui.hooks import Piece, Span
from pef_tui.system_calls import IS_LINUX

_FICLONE = 0x40049409
"""The `ioctl` request by which Linux makes a file share the blocks of another file (linux/fs.h)."""
CHUNK = 1 << 20
_MAX_PER_CALL = 1 << 30  # the kernel moves at most 2 GiB a call
MIN_SHARED = 1 << 17
"""Smallest span in bytes for which padding is added. Sharing a smaller span is not faster than copying it."""
SMALL_FILE = 1 << 16
"""Size in bytes up to which a file is assembled in memory and written by one call.

That is faster than one call for each piece, mainly on a disk that answers slowly.
"""
MAX_BLOCK = 1 << 16
"""Largest block size in bytes that is used, and so the largest padding. A network file system may report 1 MB, which is
not the block size of a disk.
"""
_UNSUPPORTED = frozenset(
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


SHORTER = "changed while the run was on: it became shorter"
"""Reason of a file that became shorter while it was copied."""


class SourceChanged(Exception):
    """Raised if the source file has changed since it was listed. The message is for the user."""


class CopyMethods:
    """The copy methods that work from each source disk to one target disk.

    Only an attempt shows whether the kernel can share blocks, or copy, between two disks. The result is stored by the
    device number of the source disk. So a run makes the attempt once for each source disk, not for each file.
    """

    def __init__(self) -> None:
        self.first_method: dict[int, int] = {}
        """Index of the first method in `METHODS` that works, by device number."""
        self.blocks: dict[int, int] = {}
        """Size in bytes of the blocks that can be shared, by device number; 1 if none can be shared."""

    def first(self, device: int, target: int) -> int:
        """Return the index in `METHODS` of the first method to try for the source disk `device`.

        `target`: a descriptor on the target disk. On a FUSE file system the kernel copies in pieces of 32 kB, and waits
        for the server after each. Only reading and writing uses larger pieces there (up to 1 MB). For a picture of 2
        MB, these are 3 writes instead of 62 (bench/slow_lines.py).
        """
        if (number := self.first_method.get(device)) is None:
            is_fuse = mount_type(os.fstat(target).st_dev).startswith("fuse")
            number = self.first_method[device] = len(METHODS) - 1 if is_fuse else 0
        return number

    def block(self, source: int, open_trial: Callable[[], int]) -> int:
        """Return the size in bytes of the disk blocks that a copy can share with the file `source`, a descriptor.

        1 if it cannot share blocks, or if the block size is above MAX_BLOCK. The first call for a device makes a trial:
        it shares the blocks of `source` with an unnamed file on the target disk, which `open_trial` opens. Later calls
        for this device return the same size. Raises OSError.
        """
        device = os.fstat(source).st_dev
        if (block_size := self.blocks.get(device)) is None:
            block_size = self.blocks[device] = _probe_block_size(source, open_trial)
        return block_size


def _probe_block_size(source: int, open_trial: Callable[[], int]) -> int:
    target = open_trial()
    try:
        clone(source, target)
        size = os.fstatvfs(target).f_bsize
        return size if 0 < size <= MAX_BLOCK else 1
    except OSError:
        return 1
    finally:
        os.close(target)


def clone(source: int, target: int) -> None:
    """Make the empty file `target` share all blocks of the file `source`. Raises OSError if the disks cannot share."""
    fcntl.ioctl(target, _FICLONE, source)


def assemble(pieces: Sequence[Piece], source: int, target: int, methods: CopyMethods) -> None:
    """Write the pieces one after another into the empty file `target`.

    A piece is new bytes, or a span of `source`. The kernel shares or copies spans if possible. `source`, `target`: file
    descriptors. Raises SourceChanged if `source` ends before a span ends, and OSError.
    """
    device = os.fstat(source).st_dev
    if _size(pieces) <= SMALL_FILE or methods.first(device, target) == len(METHODS) - 1:
        _write_buffered(pieces, source, target)
        return
    block = methods.blocks.get(device, 1)
    offset = 0
    for piece in pieces:
        if isinstance(piece, bytes):
            write_at(target, piece, offset)
            offset += len(piece)
            continue
        for start, stop in _split_at_block(piece, offset, block):
            if _copy(methods, device, source, target, stop - start, start, offset) != stop - start:
                raise SourceChanged(SHORTER)
            offset += stop - start


def _size(pieces: Iterable[Piece]) -> int:
    return sum(len(piece) if isinstance(piece, bytes) else piece.stop - piece.start for piece in pieces)


def _write_buffered(pieces: Iterable[Piece], source: int, target: int) -> None:
    """Write the pieces into the empty file `target`, with few calls: up to CHUNK bytes, or one piece, in each."""
    offset, buffer = 0, bytearray()
    for data in _read_pieces(pieces, source):
        if buffer and len(buffer) + len(data) > CHUNK:
            write_at(target, bytes(buffer), offset)
            offset += len(buffer)
            buffer.clear()
        buffer += data
    write_at(target, bytes(buffer), offset)


def _read_pieces(pieces: Iterable[Piece], source: int) -> Iterator[bytes]:
    """Yield the bytes of the pieces, at most CHUNK bytes of a span at once. Raises SourceChanged, OSError."""
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        start = piece.start
        while start < piece.stop:
            if not (data := os.pread(source, min(CHUNK, piece.stop - start), start)):
                raise SourceChanged(SHORTER)
            yield data
            start += len(data)


def _split_at_block(span: Span, offset: int, block: int) -> Iterable[tuple[int, int]]:
    """Return the span as one (start, stop) pair, or as two pairs, split at its first block boundary.

    It is split if everything after the boundary can be shared. The kernel shares only whole blocks. Without the split,
    it would copy a span that begins inside a block completely. `offset`: where the span begins in the target.
    """
    boundary = span.start + -span.start % block
    if (span.start - offset) % block or not span.start < boundary < span.stop:
        return ((span.start, span.stop),)
    return (span.start, boundary), (boundary, span.stop)


def alignment_gap(pieces: Iterable[Piece], block: int) -> int:
    """Return how many bytes of padding the longest span needs before it, to share its blocks with the source.

    0 if no padding is needed, or if no span is longer than `MIN_SHARED`. `block`: block size in bytes, 1 if blocks
    cannot be shared.
    """
    longest, gap, offset = MIN_SHARED, 0, 0
    for piece in pieces:
        if isinstance(piece, bytes):
            offset += len(piece)
            continue
        size = piece.stop - piece.start
        if size > longest:
            longest, gap = size, (piece.start - offset) % block
        offset += size
    return gap


def copy_file(source: int, target: int, size: int, methods: CopyMethods) -> int:
    """Copy the whole file `source` into the empty file `target`. Return the number of copied bytes.

    The fastest method that works between the two disks is used. Raises OSError.
    """
    return _copy(methods, os.fstat(source).st_dev, source, target, size)


def _copy(methods: CopyMethods, device: int, source: int, target: int, size: int, *offsets: int) -> int:
    """Copy `size` bytes by the first method that works. Return the number of copied bytes.

    `offsets`: offset of the bytes in the source, then in the target; none for a whole file.
    """
    first_method = max(methods.first(device, target), 1 if offsets else 0)
    for number in range(first_method, len(METHODS)):
        try:
            copied = METHODS[number](source, target, size, *offsets)
        except OSError as error:
            if error.errno not in _UNSUPPORTED or number == len(METHODS) - 1:
                raise
            # The failed method may have written some bytes. The next one starts at the same offset again.
            os.ftruncate(target, offsets[1] if offsets else 0)
            methods.first_method[device] = number + 1
        else:
            return copied
    raise AssertionError("the last method returns or raises")


def _reflink(source: int, target: int, size: int) -> int:
    """Share all blocks of a whole file. For parts of files, `copy_file_range` shares blocks."""
    clone(source, target)
    return os.fstat(target).st_size


def _copy_file_range(source: int, target: int, size: int, start: int = 0, offset: int = 0) -> int:
    copied = 0
    while copied < size:
        moved = os.copy_file_range(
            source, target, min(_MAX_PER_CALL, size - copied), start + copied, offset + copied
        )
        if not moved:
            if not copied:  # virtual file systems of the kernel return 0 instead of an error
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            break
        copied += moved
    return copied


def _sendfile(source: int, target: int, size: int, start: int = 0, offset: int = 0) -> int:
    copied = 0
    os.lseek(target, offset, os.SEEK_SET)
    while copied < size and (
        moved := os.sendfile(target, source, start + copied, min(_MAX_PER_CALL, size - copied))
    ):
        copied += moved
    return copied


def _read_write(source: int, target: int, size: int, start: int = 0, offset: int = 0) -> int:
    copied = 0
    while copied < size and (data := os.pread(source, min(CHUNK, size - copied), start + copied)):
        write_at(target, data, offset + copied)
        copied += len(data)
    return copied


METHODS: tuple[Callable[..., int], ...] = (
    _reflink,
    *((_copy_file_range,) if hasattr(os, "copy_file_range") else ()),
    # On other systems than Linux, `sendfile` sends only to sockets.
    *((_sendfile,) if IS_LINUX and hasattr(os, "sendfile") else ()),
    _read_write,
)
"""Functions that copy from one descriptor to another, the fastest first."""
