"""What lies in one folder, in columns: a million files are listed in not much more time than the system takes to tell.

Where the C library has `statx` (Linux) the system's answers stay in one block of memory, of which columns are cut: no
object is made for a file. Elsewhere `os.scandir` tells the same, in half as much time again (bench/scan.py).
"""

from __future__ import annotations

import ctypes
import os
import stat
import time
from array import array
from collections.abc import Callable, Iterator
from itertools import compress, repeat
from typing import Any

import xxhash

from pef_tui.fingerprint import version

CHUNK = 4096
"""Files asked for in one go: a megabyte of answers."""
NANO = 1_000_000_000
STEP_NS = 10_000_000
"""A system's clock for files goes in steps of this at most (Linux: 1 to 10 ms). File systems that keep times in steps
of a hundredth, of one or two seconds (FAT, exFAT, ext3, HFS+) show it: their times are whole multiples of this."""
FINE_NS, COARSE_NS = 5 * STEP_NS, 2 * NANO
"""A change within so long of the one before may not show in the time of the file."""

_WIDTH = 256  # bytes of struct statx, the same on every processor, and places in it
_MODE, _SIZE, _CTIME, _MTIME = 28, 40, 96, 112
_FLAGS = 0x900  # AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT
_MASK = 0x2C3  # type, mode, mtime, ctime, size

Statx = Callable[[int, bytes, int, int, int], int]


class Entries:
    """The files of a folder, and the names of its folders."""

    def __init__(self) -> None:
        self.names: list[str] = []
        """Of everything but folders; the columns go with it."""
        self.folders: list[str] = []
        self.modes = array("H")
        self.sizes = array("q")
        self.mtimes = array("q"), array("I")
        """Modification: seconds and nanoseconds."""
        self.ctimes = array("q"), array("I")
        """Last change of anything: seconds and nanoseconds."""
        self.lost: list[tuple[str, OSError]] = []
        """What is there by name and could not be looked at; "" stands for the rest of the folder."""

    @property
    def columns(self) -> tuple[array[int], ...]:
        """All of them."""
        return self.modes, self.sizes, *self.mtimes, *self.ctimes

    def only_files(self) -> bool:
        """Is all of it regular files?"""
        return all(map(stat.S_ISREG, set(self.modes)))

    def mtimes_ns(self) -> Iterator[int]:
        """Modification times in nanoseconds."""
        return (seconds * NANO + rest for seconds, rest in zip(*self.mtimes, strict=True))

    def versions(self, base: int) -> Iterator[int]:
        """`MediaFile.version` of each, in a place with this number (`fingerprint.version_base`)."""
        return (version(base, seconds * NANO + rest) for seconds, rest in zip(*self.ctimes, strict=True))

    def digest(self) -> bytes:
        """16 bytes that tell names, kinds, sizes and times of all but folders from any others."""
        state = xxhash.xxh3_128(_joined(self.names))
        for column in self.columns:
            state.update(column)
        return state.digest()

    def settled(self, now_ns: int, *, modified: bool = False) -> bool:
        """Would a change of any file from now on show in its times? `now_ns`: before the folder was listed.

        A modification time well in the future is no clock's, so it shows every change. `modified`: the time of the last
        change of anything, which nobody can set, does not count.
        """
        checked = ((self.mtimes, True), (self.ctimes, False))[: 1 if modified else 2]
        old = (now_ns - COARSE_NS) // NANO
        return all(
            max(times[0], default=old - 1) < old
            or all(
                _shows(moment * NANO + rest, now_ns, may_be_set) for moment, rest in zip(*times, strict=True)
            )
            for times, may_be_set in checked
        )

    def sort_out_folders(self) -> None:
        """Keep only the names of folders: what changes in one shows where that is listed."""
        if not any(map(stat.S_ISDIR, set(self.modes))):
            return
        is_file = [not stat.S_ISDIR(mode) for mode in self.modes]
        self.folders = [name for name, file in zip(self.names, is_file, strict=True) if not file]
        self.names = [*compress(self.names, is_file)]
        for column in self.columns:
            column[:] = array(column.typecode, compress(column, is_file))


def _shows(moment: int, now_ns: int, may_be_set: bool) -> bool:
    if moment + (FINE_NS if moment % STEP_NS else COARSE_NS) < now_ns:
        return True
    return may_be_set and moment > now_ns + COARSE_NS


def entries(folder: int) -> Entries:
    """What lies in the folder with this descriptor; links are not followed."""
    found = (_by_statx(folder, _STATX) if _STATX is not None else None) or _one_by_one(folder)
    found.sort_out_folders()
    return found


def _statx() -> Statx | None:
    """The C library's function, None where there is none or the system does not answer it. Other threads go on while
    the system is asked.
    """
    try:
        ask: Any = ctypes.CDLL(None).statx
    except (OSError, AttributeError, TypeError):
        return None
    ask.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)
    answer = ctypes.create_string_buffer(_WIDTH)
    function: Statx = ask
    return function if function(0, b"/", _FLAGS, _MASK, ctypes.addressof(answer)) == 0 else None


_STATX = _statx()


def _by_statx(folder: int, ask: Statx) -> Entries | None:
    """Ask for many at once; None where any cannot be told so."""
    found = Entries()
    try:
        found.names = os.listdir(folder)
    except OSError:
        return None
    fields = [(found.modes, "H", _MODE), (found.sizes, "q", _SIZE)]
    for place, (seconds, rest) in ((_CTIME, found.ctimes), (_MTIME, found.mtimes)):
        fields += [(seconds, "q", place), (rest, "I", place + 8)]
    for start in range(0, len(found.names), CHUNK):
        names = _joined(found.names[start : start + CHUNK]).split(b"\0")
        block = bytearray(_WIDTH * len(names))
        first = ctypes.addressof((ctypes.c_char * len(block)).from_buffer(block))
        places = range(first, first + len(block), _WIDTH)
        if any(list(map(ask, repeat(folder), names, repeat(_FLAGS), repeat(_MASK), places))):
            return None
        for column, kind, place in fields:
            width = column.itemsize
            column.frombytes(memoryview(block).cast(kind)[place // width :: _WIDTH // width].tobytes())  # type: ignore[call-overload]
    return found


def _joined(names: list[str]) -> bytes:
    """The exact bytes of names, which never hold a NUL; at once, for `os.fsencode` takes 0.3 µs for each."""
    return "\0".join(names).encode("utf-8", "surrogateescape")


def _one_by_one(folder: int) -> Entries:
    found = Entries()
    try:
        with os.scandir(folder) as listed:
            for entry in listed:
                try:
                    _add(found, entry.name, entry.stat(follow_symlinks=False))
                except OSError as error:  # gone since, or out of reach
                    found.lost.append((entry.name, error))
    except OSError as error:
        found.lost.append(("", error))
    return found


def _add(found: Entries, name: str, facts: os.stat_result) -> None:
    found.names.append(name)
    found.modes.append(facts.st_mode)
    found.sizes.append(facts.st_size)
    for moment, column in ((facts.st_mtime_ns, found.mtimes), (facts.st_ctime_ns, found.ctimes)):
        for part, each in zip(divmod(moment, NANO), column, strict=True):
            each.append(part)


def one_file(path: str) -> Entries:
    """A single file, through links, as if it lay alone in a folder. Raises OSError."""
    found = Entries()
    _add(found, "", os.stat(path))
    return found


def first_look(path: str) -> bytes:
    """The digest of a single file before it is read; empty where a change since may not show, and where it is gone."""
    now = time.time_ns()
    try:
        found = one_file(path)
    except OSError:
        return b""
    return found.digest() if found.settled(now) else b""


def tree_digest(folders: dict[str, bytes]) -> bytes:
    """16 bytes that tell a tree, given by the digest of each of its folders, from any other."""
    state = xxhash.xxh3_128()
    for path, digest in sorted(folders.items()):
        state.update(path.encode("utf-8", "surrogateescape") + b"\0" + digest)
    return state.digest()
