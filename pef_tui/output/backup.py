"""Back up a staged copy, to restore the copy after a writer failed."""

from __future__ import annotations

import contextlib
import os
import stat
from types import TracebackType


class Backup:
    """Context manager for a staged copy. `restore` returns the copy to its state at the start of the block.

    The backup is a second hard link, which costs one system call. It keeps the original bytes, because ExifTool writes
    a new file and renames it over the copy. On a file system without hard links, `restore` raises OSError for a changed
    copy.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._name = path + ".orig"
        self._stat = os.lstat(path)
        if not stat.S_ISREG(self._stat.st_mode):
            raise OSError(f"not a regular file: {path}")
        self.linked = False
        with contextlib.suppress(OSError):
            _remove(self._name)
            os.link(path, self._name, follow_symlinks=False)
            self.linked = True

    @property
    def size(self) -> int:
        """Size in bytes of the copy before the writer changed it."""
        return self._stat.st_size

    def restore(self) -> None:
        """Restore the copy and remove ExifTool's temporary file.

        Raises OSError if the copy was changed and there is no hard link to its original bytes.
        """
        _remove(self.path + "_exiftool_tmp")  # ExifTool refuses to write the file while it exists
        if self.is_unchanged():
            return
        if not self.linked:
            raise OSError(f"the copy was changed by a write that failed: {self.path}")
        _remove(self.path)
        os.link(self._name, self.path, follow_symlinks=False)

    def is_unchanged(self) -> bool:
        """Return whether the copy is the same file (inode) as before, with the same size and modification time.

        False if the copy is missing.
        """
        try:
            current = os.lstat(self.path)
        except FileNotFoundError:
            return False
        original = self._stat
        return (current.st_dev, current.st_ino, current.st_size, current.st_mtime_ns) == (
            original.st_dev,
            original.st_ino,
            original.st_size,
            original.st_mtime_ns,
        )

    def __enter__(self) -> Backup:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _remove(self._name)
        _remove(self.path + "_exiftool_tmp")


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
