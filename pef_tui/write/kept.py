"""A staged copy that can be had back as it was, whatever a writer did to it."""

from __future__ import annotations

import contextlib
import os
import stat
from types import TracebackType


class Kept:
    """While it is open, `fresh` gives back the copy as it was when it was opened.

    ExifTool writes another file and renames it over the copy. So a second name for the same bytes, which costs one
    system call, keeps them; where the file system has no hard links, a copy that was replaced is an error instead.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._name = path + ".orig"
        self._was = os.lstat(path)
        if not stat.S_ISREG(self._was.st_mode):
            raise OSError(f"not a regular file: {path}")
        self.linked = False
        with contextlib.suppress(OSError):
            _remove(self._name)
            os.link(path, self._name, follow_symlinks=False)
            self.linked = True

    @property
    def size(self) -> int:
        """Bytes of the copy as it was."""
        return self._was.st_size

    def fresh(self) -> None:
        """Make the copy what it was, without what a writer left beside it. Raises OSError if that cannot be."""
        _remove(self.path + "_exiftool_tmp")  # as long as it exists ExifTool refuses the file
        if self.untouched():
            return
        if not self.linked:
            raise OSError(f"the copy was changed by a write that failed: {self.path}")
        _remove(self.path)
        os.link(self._name, self.path, follow_symlinks=False)

    def untouched(self) -> bool:
        """Is it still the same file, with the same bytes as far as its times tell?"""
        try:
            now = os.lstat(self.path)
        except FileNotFoundError:
            return False
        was = self._was
        return (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns) == (
            was.st_dev,
            was.st_ino,
            was.st_size,
            was.st_mtime_ns,
        )

    def __enter__(self) -> Kept:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _remove(self._name)
        _remove(self.path + "_exiftool_tmp")


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
