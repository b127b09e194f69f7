"""The output folder, open: where private copies lie, and the only way a file comes to its final name.

Everything below it is reached component by component from its descriptor, never through a symbolic link, so that no
name and no change behind our back leads out of it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from pef_tui.errors import RunError
from pef_tui.folders import names_in
from pef_tui.scratch import unnamed_file
from pef_tui.write.copying import Ways

if TYPE_CHECKING:
    from pef_tui.write.undo_book import UndoBook

OWN = ".pef-tui"
STAGING = "staging"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
_UMASK = re.compile(rb"^Umask:\s*([0-7]+)", re.MULTILINE)


class Outside(ValueError):
    """A path that does not lead to a place below DEST."""


class SyncFailed(RunError):
    """The disk could not be brought to keep what was written. Nobody knows what it holds, so the run stops."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"the disk of {path} does not keep what is written ({why}): check it, then run again"
        )


class DestView:
    """DEST, open to be looked into; nothing is made or changed through it unless that is asked for."""

    undo: UndoBook | None = None
    """Where it is written in place: what it is undone with. DEST is SOURCE then, every output its own source."""

    def __init__(self, path: str) -> None:
        """Open an existing folder. Raises OSError."""
        self.path = os.path.abspath(path)
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    @contextmanager
    def folder(self, parts: tuple[str, ...], *, create: bool) -> Iterator[int]:
        """A descriptor of a folder below DEST. Raises OSError; FileNotFoundError where it is not to be made.

        A folder that is made is on the disk, in its parent, before anything is put into it.
        """
        fd = os.dup(self.fd)
        try:
            for part in parts:
                below = _enter(fd, part, create=create)
                os.close(fd)
                fd = below
            yield fd
        finally:
            os.close(fd)

    def close(self) -> None:
        """Let go of it."""
        os.close(self.fd)


class Dest(DestView):
    """DEST and its staging folder, open for one run; used from several threads."""

    def __init__(self, path: str, first: int = 1) -> None:
        """Open DEST, making what is missing. Raises OSError. `first`: the number of its first private copy."""
        os.makedirs(path, exist_ok=True)
        super().__init__(path)
        try:
            self.staging_fd = open_staging(self.fd, create=True)
        except BaseException:
            os.close(self.fd)
            raise
        self.staging = os.path.join(self.path, OWN, STAGING)
        self.mode = 0o644 & ~_umask()
        """Permission bits of every output."""
        self._numbers = count(first)
        self.ways = Ways()

    def number(self) -> int:
        """A number no other copy of this run has."""
        return next(self._numbers)

    def staged(self) -> list[str]:
        """The names in the staging folder. Raises OSError."""
        return names_in(self.staging_fd)

    def block(self, source: int) -> int:
        """How long the blocks are that a private copy can share with this source; 1 where none can. Raises OSError."""
        return self.ways.block(source, lambda: unnamed_file(self.staging))

    def sync(self) -> bool:
        """Wait until all of DEST's disk holds what was written; False where the system cannot. Raises SyncFailed."""
        if _SYNCFS is None:
            return False
        if _SYNCFS(self.fd) == 0:
            return True
        number = ctypes.get_errno()
        if number in _NO_SYNC:
            return False
        raise SyncFailed(self.path, os.strerror(number))

    def free(self) -> int:
        """Bytes that may still be written."""
        found = os.statvfs(self.fd)
        return found.f_bavail * found.f_frsize

    def close(self) -> None:
        """Let go of it."""
        os.close(self.staging_fd)
        super().close()


def components(output: str) -> tuple[tuple[str, ...], str]:
    """Folders and name of a path below DEST. Raises Outside."""
    *folders, name = parts = output.split("/")
    if "" in parts or "." in parts or ".." in parts or "\0" in output or parts[0] == OWN:
        raise Outside(f"{output!r} is not a path below the output folder")
    return tuple(folders), name


def sync(fd: int) -> None:
    """Wait until a file, or a folder's entries, are on the disk; disks that cannot are left in peace.

    Raises SyncFailed: a second try would tell nothing, because the system may have dropped what it could not write.
    """
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise SyncFailed("the output folder", error.strerror or str(error)) from None


def open_staging(dest: int, *, create: bool) -> int:
    """A descriptor of the staging folder of the DEST with this one. Raises OSError."""
    return open_own(dest, STAGING, create=create)


def open_own(dest: int, *names: str, create: bool) -> int:
    """A descriptor of a folder in `.pef-tui` of the DEST with this one, its parts by name.

    No symbolic link on the way is followed. Raises OSError.
    """
    fd = os.dup(dest)
    for name in (OWN, *names):
        try:
            below = _enter(fd, name, create=create, mode=0o700)
        finally:
            os.close(fd)
        fd = below
    return fd


def _enter(fd: int, name: str, *, create: bool, mode: int = 0o777) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=fd)
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):
        os.mkdir(name, mode, dir_fd=fd)
    sync(fd)
    return os.open(name, _FOLDER, dir_fd=fd)


def _umask() -> int:
    """The process's mask, read without changing it where the system shows it."""
    with suppress(OSError):
        found = _UMASK.search(Path("/proc/self/status").read_bytes())
        if found:
            return int(found[1], 8)
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _find_syncfs() -> ctypes._NamedFuncPointer | None:
    try:
        return ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return None


_SYNCFS = _find_syncfs()
