"""The open output folder DEST: its staging folder, and access to the folders below it.

Each path below DEST is opened one component after the other, from a descriptor of DEST on, and never through a symbolic
link. So no file name can lead out of DEST, even if another program changes folders meanwhile.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TypeVar

from pef_tui.errors import RunError
from pef_tui.filesystem.constants import STAGING_DIR, STATE_DIR
from pef_tui.filesystem.copying import CopyMethods
from pef_tui.filesystem.dest_check import DestCheck, describe_dest
from pef_tui.filesystem.directories import list_names
from pef_tui.filesystem.disk_watch import gone
from pef_tui.filesystem.temp_files import descriptor_path, unnamed_file
from pef_tui.output.queues import OutputQueues
from pef_tui.system_calls import c_function, sync_file

_DIR_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
COPY_FOLDERS = 16
"""Number of folders in the staging folder. The copies on a slow disk are distributed over them."""
_COPY_FOLDER_NAMES = frozenset(map(str, range(COPY_FOLDERS)))
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
Result = TypeVar("Result")
_UMASK = re.compile(rb"^Umask:\s*([0-7]+)", re.MULTILINE)


class OutsideOutput(ValueError):
    """Raised for a path that is not below DEST, or is in `.pef-tui`."""


class SyncFailed(RunError):
    """Raised if a sync fails. The content of the disk is then unknown, so the run stops."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"the disk of {path} does not keep what is written ({reason}): check it, then run again"
        )


class DestView:
    """The open folder DEST, for looking up files in it. Only `folder(..., create=True)` creates folders."""

    in_place = False
    """Whether the run is in place. DEST is then SOURCE, and each output replaces its own source."""

    def __init__(self, path: str) -> None:
        """Open the existing folder `path` as DEST. Raises OSError."""
        self.path = os.path.abspath(path)
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._unconfirmed: set[tuple[str, ...]] = set()
        """Folders whose creation failed. A server may still have created them. Their parents are then not synced
        yet.
        """

    def open_folder(self, parts: tuple[str, ...], *, create: bool) -> int:
        """Return a descriptor of the folder at `parts`, the names of its path below DEST.

        `create`: create missing folders, and sync each parent before a new folder is used. If False, a missing folder
        raises FileNotFoundError. Raises OSError.
        """
        fd = os.dup(self.fd)
        for end in range(1, len(parts) + 1):
            try:
                child = self._enter(fd, parts[:end], create=create)
            finally:
                os.close(fd)
            fd = child
        return fd

    def _enter(self, parent: int, parts: tuple[str, ...], *, create: bool) -> int:
        """Return a descriptor of the folder at `parts`, as `open_folder` does. `parent`: a descriptor of its parent."""
        if not create:
            return _enter(parent, parts[-1], create=False)
        try:
            folder = _enter(parent, parts[-1], create=True)
        except OSError:
            self._unconfirmed.add(parts)
            raise
        if parts in self._unconfirmed:
            try:
                sync(parent)
            except BaseException:
                os.close(folder)
                raise
            self._unconfirmed.discard(parts)
        return folder

    @contextmanager
    def folder(self, parts: tuple[str, ...], *, create: bool) -> Iterator[int]:
        """Yield a descriptor of the folder at `parts`, as `open_folder` returns it, and close it. Raises OSError."""
        with closing_fd(self.open_folder(parts, create=create)) as fd:
            yield fd

    def close(self) -> None:
        """Close the descriptors."""
        os.close(self.fd)


class OutputDir(DestView):
    """DEST and its staging folder, open for one run. Several threads may use it."""

    def __init__(
        self,
        path: str,
        first: int = 1,
        dest_check: DestCheck | None = None,
        queues: OutputQueues | None = None,
    ) -> None:
        """Open DEST and its staging folder. Create them if they are missing. Raises OSError.

        `first`: the number of the first staged copy. `dest_check`: knows the DEST with which the run began. If given,
        DEST is not created, and DiskGone is raised if `path` leads to another folder. `queues`: queues of an earlier
        OutputDir of the same path; None for new ones.
        """
        if dest_check is None:
            os.makedirs(path, exist_ok=True)
        super().__init__(path)
        self._dest_check = dest_check
        try:
            if dest_check is not None:
                dest_check.check_status(_state_dir_status(self.fd, self.path))
            self.staging_fd = open_staging(self.fd, create=True)
        except BaseException:
            os.close(self.fd)
            raise
        self.staging = _folder_path(self.staging_fd, os.path.join(self.path, STATE_DIR, STAGING_DIR))
        """Path of the staging folder, for programs and plugins that need a path.

        On Linux (with `/proc`) it leads to the folder that is open here, even after DEST was unmounted.
        """
        self.mode = 0o644 & ~_umask()
        """Permission bits of every output."""
        self._numbers = count(first)
        self._copy_folders: set[str] = set()
        """Names of the folders in the staging folder that this object created for copies."""
        self.copy_methods = CopyMethods()
        self.queues = queues or OutputQueues(path)
        self.renames_if_free = True
        """Whether the disk may support renaming without replacing (see `renaming`)."""

    def check_disk(self) -> None:
        """Raise DiskGone if the path of DEST does not lead to the folder with which the run began.

        Without `dest_check`, do nothing.
        """
        if self._dest_check is not None:
            self._dest_check.check()

    @property
    def is_served(self) -> bool:
        """Whether a server answers the calls to DEST. Its errors may be temporary (see `DiskWatch`)."""
        return self._dest_check is not None and self._dest_check.is_served

    def recovers(self, error: OSError, attempt: int) -> bool:
        """Return whether a failed call in DEST must be repeated (see `DiskWatch.recovers`).

        Raises DiskGone. False without `dest_check`.
        """
        return self._dest_check is not None and self._dest_check.recovers(error, attempt)

    def await_answer(self) -> None:
        """Wait until DEST answers (see `DiskWatch.await_answer`). Raises DiskGone."""
        if self._dest_check is not None:
            self._dest_check.await_answer()

    def repeat(self, call: Callable[[], Result]) -> Result:
        """Return the result of `call`. Repeat it while `recovers` returns True. Raises DiskGone, and the OSError of
        `call`.
        """
        return call() if self._dest_check is None else self._dest_check.repeat(call)

    def next_number(self) -> int:
        """Return the number for the next staged copy. Each number is returned only once in a run."""
        return next(self._numbers)

    def new_name(self, extension: str) -> str:
        """Return a new name for a staged copy, such as `17.jpg`. Each name is returned only once in a run.

        On a slow disk, the name includes one of COPY_FOLDERS folders (`1/17.jpg`), because the kernel creates one file
        at a time in each folder. A missing folder is created; if that fails, the name has no folder.
        """
        number = self.next_number()
        folder = str(number % COPY_FOLDERS)
        if not self.queues.is_slow or not self._has_copy_folder(folder):
            return f"{number}{extension}"
        return f"{folder}/{number}{extension}"

    def _has_copy_folder(self, folder: str) -> bool:
        if folder not in self._copy_folders:
            try:
                os.mkdir(folder, 0o700, dir_fd=self.staging_fd)
            except FileExistsError:  # created by another thread or process
                pass
            except OSError:
                return False
            self._copy_folders.add(folder)
        return True

    def staged_names(self, folder: str = "") -> list[str]:
        """Return the names of the files in the staging folder.

        With `folder`, return those in a folder of copies in it, such as `1/17.jpg`. Raises OSError.
        """
        if not folder:
            return list_names(self.staging_fd)
        with closing_fd(os.open(folder, _DIR_FLAGS, dir_fd=self.staging_fd)) as fd:
            return [f"{folder}/{name}" for name in os.listdir(fd)]

    def copy_folders(self) -> list[str]:
        """Return the names of the folders of copies that the processes of this run created."""
        return [name for name in self.staged_names() if name in _COPY_FOLDER_NAMES]

    def clear_staging(self) -> None:
        """Empty the staging folder at the end of the run. No process may be staging. Errors are ignored.

        It has the empty folders of copies. It also has files if a server created a file although it reported an error.
        """
        with suppress(OSError):
            self.queues.remove.run(self._remove_staged, self.staged_names())

    def _remove_staged(self, name: str) -> None:
        with suppress(OSError):
            try:
                os.rmdir(name, dir_fd=self.staging_fd)
            except NotADirectoryError:
                os.unlink(name, dir_fd=self.staging_fd)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                shutil.rmtree(name, dir_fd=self.staging_fd)

    def shared_block_size(self, source: int) -> int:
        """Return the size in bytes of the disk blocks that a copy in DEST can share with `source`, a file descriptor.

        1 if the file system shares no blocks. Raises OSError.
        """
        return self.copy_methods.block(source, lambda: unnamed_file(self.staging))

    def sync(self) -> bool:
        """Sync the whole file system of DEST. Return False if the system or file system cannot do that.

        Raises SyncFailed.
        """
        if _SYNCFS is None:
            return False
        if _SYNCFS(self.fd) == 0:
            return True
        number = ctypes.get_errno()
        if number in _NO_SYNC:
            return False
        raise SyncFailed(self.path, os.strerror(number))

    def free_bytes(self) -> int:
        """Return how many bytes are free on the disk of DEST. Raises OSError."""
        volume = os.statvfs(self.fd)
        return volume.f_bavail * volume.f_frsize

    def close(self) -> None:
        """Close the descriptors."""
        os.close(self.staging_fd)
        super().close()


def components(output: str) -> tuple[tuple[str, ...], str]:
    """Split `output`, a path below DEST, into the names of its folders and the name of the file.

    Raises OutsideOutput if the path leads out of DEST or into `.pef-tui`.
    """
    *folders, name = parts = output.split("/")
    if "" in parts or "." in parts or ".." in parts or "\0" in output or parts[0] == STATE_DIR:
        raise OutsideOutput(f"{output!r} is not a path below the output folder")
    return tuple(folders), name


def sync(fd: int) -> None:
    """Sync an open file, or the entries of an open folder. Do nothing on file systems without sync.

    Raises SyncFailed. A failed sync is not repeated: the kernel may drop the data that it could not write, and then
    report success.
    """
    try:
        sync_file(fd)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise SyncFailed("the output folder", error.strerror or str(error)) from None


def open_staging(dest: int, *, create: bool) -> int:
    """Return a descriptor of the staging folder of DEST. `dest`: a descriptor of DEST.

    Raises FileNotFoundError if the folder is missing and `create` is False, OSError.
    """
    return open_state_subdir(dest, STAGING_DIR, create=create)


def open_state_subdir(dest: int, *names: str, create: bool) -> int:
    """Return a descriptor of a folder below `.pef-tui` in DEST. `names`: the names of its path.

    `dest`: a descriptor of DEST. Symbolic links on the path are not followed. Raises FileNotFoundError if the folder is
    missing and `create` is False, OSError.
    """
    fd = os.dup(dest)
    for name in (STATE_DIR, *names):
        try:
            child = _enter(fd, name, create=create, mode=0o700)
        finally:
            os.close(fd)
        fd = child
    return fd


@contextmanager
def closing_fd(fd: int) -> Iterator[int]:
    """Yield `fd` and close it at the end of the block."""
    try:
        yield fd
    finally:
        os.close(fd)


def _enter(fd: int, name: str, *, create: bool, mode: int = 0o777) -> int:
    try:
        return os.open(name, _DIR_FLAGS, dir_fd=fd)
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):
        os.mkdir(name, mode, dir_fd=fd)
    sync(fd)
    return os.open(name, _DIR_FLAGS, dir_fd=fd)


def _state_dir_status(dest: int, path: str) -> os.stat_result:
    """Return the status of `.pef-tui` in the folder DEST. `dest`: a descriptor of DEST; `path`: its path.

    Raises DiskGone if DEST has no such folder, OSError.
    """
    try:
        return os.stat(STATE_DIR, dir_fd=dest, follow_symlinks=False)
    except FileNotFoundError:
        raise gone(describe_dest(path)) from None


def _folder_path(fd: int, path: str) -> str:
    """Return a path that leads to the open folder `fd`, even after DEST was unmounted.

    Return `path` on systems that have no such path.
    """
    held_path = descriptor_path(fd)
    try:
        return held_path if os.path.samestat(os.stat(held_path), os.fstat(fd)) else path
    except OSError:
        return path


def _umask() -> int:
    """Return the umask of the process.

    It is read from `/proc` if possible: the system call that returns the umask also changes it.
    """
    with suppress(OSError):
        match = _UMASK.search(Path("/proc/self/status").read_bytes())
        if match:
            return int(match[1], 8)
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


_SYNCFS = c_function("syncfs")
