"""Check that DEST is still the folder with which a run began, and not the mount point of an unmounted disk."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress

from pef_tui.filesystem.constants import STAGING_DIR, STATE_DIR
from pef_tui.filesystem.disk_watch import DiskWatch, gone
from pef_tui.system_calls import sync_file

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class DestCheck(DiskWatch):
    """Checks that the path `DEST/.pef-tui` still leads to the folder that the run opened at its beginning.

    The check is one system call. It fails after DEST was unmounted (even by `umount -l`), after another disk was
    mounted there, and after DEST was moved. The folder stays open until `close`. So no other folder can get its inode
    number.
    """

    def __init__(self, dest: str, folder: int | None = None) -> None:
        """Open `DEST/.pef-tui`, or duplicate `folder` if it is given. Raises OSError if the folder is missing.

        `dest`: path of DEST. `folder`: a descriptor of `DEST/.pef-tui`.
        """
        self._path = os.path.join(dest, STATE_DIR)
        self.folder = os.open(self._path, _FLAGS) if folder is None else os.dup(folder)
        """Descriptor of `DEST/.pef-tui`."""
        status = os.fstat(self.folder)
        self.identity = folder_identity(status)
        """Device and inode number of `DEST/.pef-tui`."""
        super().__init__(describe_dest(dest), status.st_dev, self._probe_dest)

    def check(self) -> None:
        """Raise DiskGone if the path `DEST/.pef-tui` leads to another folder, or to none.

        While DEST does not answer, wait.
        """
        try:
            self._check_path()
        except OSError:
            self.await_answer()

    def check_status(self, present: os.stat_result) -> None:
        """Raise DiskGone unless `present` is the status of the `DEST/.pef-tui` with which the run began."""
        if folder_identity(present) != self.identity:
            raise gone(self.description)

    def _check_path(self) -> None:
        self.check_status(os.lstat(self._path))

    def _probe_dest(self) -> None:
        """Compare the folders. On a served file system, also make the calls that staging and publishing make.

        The file and the folder that these calls create are deleted. If that fails, the next run deletes them.
        """
        self._check_path()
        if not self.is_served:
            return
        path = f"{STAGING_DIR}/probe-{secrets.token_hex(8)}"
        try:
            fd = os.open(path, _CREATE, 0o600, dir_fd=self.folder)
        except FileNotFoundError:  # the staging folder does not exist yet
            return
        try:
            os.write(fd, b"?")
            os.utime(fd)
            sync_file(fd)
            os.rename(path, path + ".new", src_dir_fd=self.folder, dst_dir_fd=self.folder)
            os.stat(path + ".new", dir_fd=self.folder)
            os.mkdir(path + ".folder", 0o700, dir_fd=self.folder)
        finally:
            with suppress(OSError):
                os.close(fd)
            for name in (path, path + ".new"):
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=self.folder)
            with suppress(FileNotFoundError):
                os.rmdir(path + ".folder", dir_fd=self.folder)

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self.folder)


def describe_dest(dest: str) -> str:
    """Return the name of DEST in messages. `dest`: its path."""
    return f"the output folder {dest}"


def folder_identity(status: os.stat_result) -> tuple[int, int]:
    """Return the device and inode number in `status`, which together identify a folder."""
    return status.st_dev, status.st_ino


def device_of(path: str) -> int:
    """Return the number of the device with the folder of the file `path`; -1 if there is no such folder."""
    try:
        return os.stat(os.path.dirname(os.path.abspath(path))).st_dev
    except OSError:
        return -1
