"""List directories of any size fast, into columns: one array for each attribute, such as the sizes of all files.

For a million files, this takes hardly longer than the system calls. If the C library has `statx` (Linux), its results
stay in one block of memory. The columns are cut from this block, and no object is created for a file. On other systems
`os.scandir` is used, which takes 1.5 times as long (bench/scan.py).
"""

from __future__ import annotations

import ctypes
import os
import stat
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import compress, repeat

import xxhash

from pef_tui.filesystem.fingerprint import version
from pef_tui.filesystem.parallel_io import IoQueue
from pef_tui.system_calls import c_function

CHUNK = 4096
"""Number of files in one block of `statx` results. The block has one megabyte."""
MEASURED_NAMES = 16
"""Number of names of a directory whose `statx` calls are measured, to detect a slow device."""
NAMES_PER_ITEM = 4
"""Number of names in one item of the queue (for a slow device)."""
NANO = 1_000_000_000
STEP_NS = 10_000_000
"""Largest step of the system's clock for file times, in ns. (Linux: 1 to 10 ms.)

Some file systems have coarser times, in steps of 0.01, 1 or 2 seconds (FAT, exFAT, ext3, HFS+). They are recognized
because all of their times are multiples of STEP_NS.
"""
FINE_NS, COARSE_NS = 5 * STEP_NS, 2 * NANO
"""Two changes of a file within this time (ns) may give it the same file time.

FINE_NS applies to file systems with fine times, COARSE_NS to those with coarse times.
"""

_WIDTH = 256  # bytes of struct statx, equal on every processor; the next line has offsets of fields
_MODE, _SIZE, _CTIME, _MTIME = 28, 40, 96, 112
_FLAGS = 0x900  # AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT
_MASK = 0x2C3  # type, mode, mtime, ctime, size

Statx = Callable[[int, bytes, int, int, int], int]


class DirEntries:
    """The entries of a directory in columns (one array for each attribute), and the names of its subdirectories."""

    def __init__(self) -> None:
        self.names: list[str] = []
        """Names of all entries except directories. Each column has one value for each name, in the same order."""
        self.folders: list[str] = []
        self.modes = array("H")
        self.sizes = array("q")
        self.mtimes = array("q"), array("I")
        """Modification times in two arrays: whole seconds since 1970, and the remaining nanoseconds."""
        self.ctimes = array("q"), array("I")
        """Times of the last change of content or attributes, in two arrays like `mtimes`."""
        self.unreadable: list[tuple[str, OSError]] = []
        """Names whose attributes could not be read, each with the error. The name "" stands for names that are
        unknown.
        """

    @property
    def columns(self) -> tuple[array[int], ...]:
        """All columns except `names`: modes, sizes, and the times of modification and of change (seconds,
        nanoseconds).
        """
        return self.modes, self.sizes, *self.mtimes, *self.ctimes

    def only_files(self) -> bool:
        """Return whether all entries are regular files."""
        return all(map(stat.S_ISREG, set(self.modes)))

    def mtimes_ns(self) -> Iterator[int]:
        """Return the modification time of each entry in nanoseconds."""
        return (seconds * NANO + nanoseconds for seconds, nanoseconds in zip(*self.mtimes, strict=True))

    def versions(self, base: int) -> Iterator[int]:
        """Return the `MediaFile.version` of each entry. `base`: the `fingerprint.version_base` of the source."""
        return (
            version(base, seconds * NANO + nanoseconds)
            for seconds, nanoseconds in zip(*self.ctimes, strict=True)
        )

    def digest(self) -> bytes:
        """Return a digest (16 bytes) of the names, kinds, sizes and times of the entries.

        The times are the modification time and the change time (ctime). Directories are left out.
        """
        state = xxhash.xxh3_128(_join_names(self.names))
        for column in self.columns:
            state.update(column)
        return state.digest()

    def would_show_change(self, now_ns: int, *, modified: bool = False) -> bool:
        """Return whether any change of a file after `now_ns` would show in its times.

        `now_ns`: a time before the directory was listed. If a file has a time shortly before, a further change may
        leave the same time: return False. A modification time far in the future was not set by a clock, so a change
        would show. `modified`: check only modification times. By default, the change times (ctime) are checked too,
        which programs cannot set.
        """
        checked = ((self.mtimes, True), (self.ctimes, False))[: 1 if modified else 2]
        # Nearly all files are older than the coarsest step. The largest second of a column shows that for all of them.
        old_seconds = (now_ns - COARSE_NS) // NANO
        return all(
            max(times[0], default=old_seconds - 1) < old_seconds
            or all(
                _change_would_show(seconds * NANO + nanoseconds, now_ns, may_be_set)
                for seconds, nanoseconds in zip(*times, strict=True)
            )
            for times, may_be_set in checked
        )

    def add_by_statx(self, folder: int, names: list[str], statx: Statx) -> bool:
        """Add the entries of these names in the directory `folder`, a descriptor. Return False if a call fails."""
        fields = [(self.modes, "H", _MODE), (self.sizes, "q", _SIZE)]
        for offset, (seconds, nanoseconds) in ((_CTIME, self.ctimes), (_MTIME, self.mtimes)):
            fields += [(seconds, "q", offset), (nanoseconds, "I", offset + 8)]
        block = bytearray(_WIDTH * len(names))
        address = ctypes.addressof((ctypes.c_char * len(block)).from_buffer(block))
        addresses = range(address, address + len(block), _WIDTH)
        encoded = _join_names(names).split(b"\0")
        if any(list(map(statx, repeat(folder), encoded, repeat(_FLAGS), repeat(_MASK), addresses))):
            return False
        self.names += names
        for column, kind, offset in fields:
            width = column.itemsize
            column.frombytes(memoryview(block).cast(kind)[offset // width :: _WIDTH // width].tobytes())  # type: ignore[call-overload]
        return True

    def add(self, other: DirEntries) -> None:
        """Add all entries of `other`."""
        self.names += other.names
        self.folders += other.folders
        for column, other_column in zip(self.columns, other.columns, strict=True):
            column.extend(other_column)
        self.unreadable += other.unreadable

    def separate_folders(self) -> None:
        """Move the names of directories to `folders`, and remove their attributes. Each directory is listed on its
        own.
        """
        if not any(map(stat.S_ISDIR, set(self.modes))):
            return
        is_file = [not stat.S_ISDIR(mode) for mode in self.modes]
        self.folders = [name for name, file in zip(self.names, is_file, strict=True) if not file]
        self.names = [*compress(self.names, is_file)]
        for column in self.columns:
            column[:] = array(column.typecode, compress(column, is_file))


def _change_would_show(moment: int, now_ns: int, may_be_set: bool) -> bool:
    if moment + (FINE_NS if moment % STEP_NS else COARSE_NS) < now_ns:
        return True
    return may_be_set and moment > now_ns + COARSE_NS


def read_entries(folder: int, queue: IoQueue | None = None) -> DirEntries:
    """List the directory with the descriptor `folder`. Symbolic links are not followed. Raises nothing: see
    `unreadable`.

    `queue`: the queue for the device of the directory. It measures calls. If the device is slow, it makes several calls
    at once.
    """
    if queue is None or not queue.is_slow:
        entries = (_by_statx(folder, _STATX, queue) if _STATX is not None else None) or _by_scandir(folder)
        entries.separate_folders()
        return entries
    try:
        names = os.listdir(folder)
    except OSError as error:
        entries = DirEntries()
        entries.unreadable.append(("", error))
        return entries
    return read_named([(folder, names)], queue)[0]


def read_named(folders: Sequence[tuple[int, list[str]]], queue: IoQueue) -> list[DirEntries]:
    """Return the entries of several directories. Each is given by its descriptor and the names in it. Raises nothing.

    All names go into the queue together, in turns: one part of each directory, then the next parts. Some file systems
    answer only one call for each directory at once.
    """
    results = [DirEntries() for _ in folders]
    items = ((folders[number][0], names) for number, names in _in_turns(folders))
    for (number, _), part in zip(_in_turns(folders), queue.map(_read_names, items), strict=True):
        results[number].add(part)
    for entries in results:
        entries.separate_folders()
    return results


def _in_turns(folders: Sequence[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Yield parts of up to NAMES_PER_ITEM names: one part of each directory in turn, then the next parts.

    Each item is the index of a directory in `folders`, and names in it.
    """
    longest = max((len(names) for _, names in folders), default=0)
    for start in range(0, longest, NAMES_PER_ITEM):
        for number, (_, names) in enumerate(folders):
            if start < len(names):
                yield number, names[start : start + NAMES_PER_ITEM]


def _read_names(item: tuple[int, list[str]]) -> DirEntries:
    """Return the entries with the given names in the directory with the given descriptor."""
    folder, names = item
    entries = DirEntries()
    if _STATX is not None and entries.add_by_statx(folder, names, _STATX):
        return entries
    for name in names:
        try:
            _add(entries, name, os.stat(name, dir_fd=folder, follow_symlinks=False))
        except OSError as error:  # deleted meanwhile, or not accessible
            entries.unreadable.append((name, error))
    return entries


def _statx() -> Statx | None:
    """Return the `statx` function of the C library; None if it is missing or the system does not support it.

    ctypes releases the GIL during each call, so other threads can run.
    """
    if (statx := c_function("statx")) is None:
        return None
    statx.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)
    answer = ctypes.create_string_buffer(_WIDTH)
    function: Statx = statx
    return function if function(0, b"/", _FLAGS, _MASK, ctypes.addressof(answer)) == 0 else None


_STATX = _statx()


def _by_statx(folder: int, statx: Statx, queue: IoQueue | None) -> DirEntries | None:
    """List the directory with the descriptor `folder`, CHUNK files at a time. None if any call fails."""
    entries = DirEntries()
    try:
        names = os.listdir(folder)
    except OSError:
        return None
    measured = MEASURED_NAMES if queue is not None else 0
    if queue is not None and names:
        start = time.perf_counter()
        if not entries.add_by_statx(folder, names[:measured], statx):
            return None
        count = len(entries.names)
        queue.add_times([(time.perf_counter() - start) / count] * count)
        if queue.is_slow:
            entries.separate_folders()
            entries.add(read_named([(folder, names[measured:])], queue)[0])
            return entries
    for first in range(measured, len(names), CHUNK):
        if not entries.add_by_statx(folder, names[first : first + CHUNK], statx):
            return None
    return entries


def _join_names(names: list[str]) -> bytes:
    """Return the names as bytes, separated by NUL. (No name contains NUL.)

    All names are encoded in one call, because `os.fsencode` takes 0.3 µs for each name.
    """
    return "\0".join(names).encode("utf-8", "surrogateescape")


def _by_scandir(folder: int) -> DirEntries:
    entries = DirEntries()
    try:
        with os.scandir(folder) as iterator:
            for entry in iterator:
                try:
                    _add(entries, entry.name, entry.stat(follow_symlinks=False))
                except OSError as error:  # deleted meanwhile, or not accessible
                    entries.unreadable.append((entry.name, error))
    except OSError as error:
        entries.unreadable.append(("", error))
    return entries


def _add(entries: DirEntries, name: str, status: os.stat_result) -> None:
    entries.names.append(name)
    entries.modes.append(status.st_mode)
    entries.sizes.append(status.st_size)
    for nanoseconds, column in ((status.st_mtime_ns, entries.mtimes), (status.st_ctime_ns, entries.ctimes)):
        for part, parts in zip(divmod(nanoseconds, NANO), column, strict=True):
            parts.append(part)


def file_entry(path: str) -> DirEntries:
    """Return DirEntries with one entry: the file at `path`, under the name "". Links are followed. Raises OSError."""
    entries = DirEntries()
    _add(entries, "", os.stat(path))
    return entries


def digest_before_read(path: str) -> bytes:
    """Return the digest of the file at `path`. Call it before the file is read; a later change then shows.

    Return b"" if the file is missing. Also return b"" if it is so new that a later change might not show in its times
    (of modification and of change).
    """
    now_ns = time.time_ns()
    try:
        entries = file_entry(path)
    except OSError:
        return b""
    return entries.digest() if entries.would_show_change(now_ns) else b""


def tree_digest(folders: dict[str, bytes]) -> bytes:
    """Return a digest (16 bytes) of a directory tree. `folders`: the digest of each directory in the tree, by path."""
    state = xxhash.xxh3_128()
    for path, digest in sorted(folders.items()):
        state.update(path.encode("utf-8", "surrogateescape") + b"\0" + digest)
    return state.digest()
