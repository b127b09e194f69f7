"""A FUSE file system over a folder that follows the rules of another disk (`disk_rules`).

`mounted` mounts one for a test. As a program, it serves one mount until the mount ends: `ruled_disk.py FOLDER MOUNT
RULES`. RULES is JSON.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from disk_rules import Rules
from fuse_mount import require_fuse, serving
from fuse_operations import FUSE, Operations, attributes, space, times_to_set


class RuledDisk(Operations):  # type: ignore[misc]
    """The calls of a disk with such rules. Only one thread makes them."""

    use_ns = True

    def __init__(self, folder: str, rules: Rules) -> None:
        self._folder, self._rules = folder, rules

    def _path(self, path: str, *, new: bool = False) -> str:
        """Return the path in the folder below, in its existing spelling. Raises OSError.

        `new`: whether the last component is to be created. A refused name is then an error.
        """
        place = self._folder
        *above, last = path.split("/")[1:]
        for part in above:
            place = f"{place}/{self._entry(place, part) or part}"
        if not last:
            return place
        return f"{place}/{self._entry(place, last) or (self._rules.stored(last) if new else last)}"

    def _entry(self, place: str, name: str) -> str | None:
        try:
            stored = self._rules.stored(name)
        except OSError as error:
            if self._rules.lookup_refuses or error.errno == errno.ENAMETOOLONG:
                raise
            return None
        names = os.listdir(place) if os.path.isdir(place) else []
        if stored in names:
            return stored
        expected = self._rules.alike(stored)
        return next((file_name for file_name in names if self._rules.alike(file_name) == expected), None)

    def _stepped(self, ns: int) -> int:
        return ns // self._rules.step_ns * self._rules.step_ns

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        result = os.lstat(self._path(path)) if fh is None else os.fstat(fh)
        return attributes(result) | {"st_mtime": self._stepped(result.st_mtime_ns)}

    def readdir(self, path: str, fh: int) -> Iterator[tuple[str, dict[str, int], int]]:
        """Return entries with inode numbers: the C library skips an entry of number 0."""
        place = self._path(path)
        for name in (".", "..", *os.listdir(place)):
            status = os.lstat(f"{place}/{name}")
            yield name, {"st_ino": status.st_ino, "st_mode": status.st_mode}, 0

    def open(self, path: str, flags: int) -> int:
        return os.open(self._path(path), flags & ~(os.O_NOFOLLOW | os.O_EXCL | os.O_CREAT))

    def create(self, path: str, mode: int, flags: int = 0) -> int:
        return os.open(self._path(path, new=True), os.O_RDWR | os.O_CREAT | flags & os.O_EXCL, mode)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        os.truncate(self._path(path) if fh is None else fh, length)

    def release(self, path: str, fh: int) -> None:
        os.close(fh)

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        if not self._rules.syncs_folders:
            raise _error(errno.EINVAL)
        return 0

    def unlink(self, path: str) -> None:
        os.unlink(self._path(path))

    def rename(self, old: str, new: str) -> None:
        """An existing entry with an equal name keeps its spelling, as on FAT, unless it is the renamed entry itself."""
        source, target = self._path(old), self._path(new, new=True)
        if source == target:
            target = f"{target.rpartition('/')[0]}/{self._rules.stored(new.rpartition('/')[2])}"
        os.rename(source, target)

    def mkdir(self, path: str, mode: int) -> None:
        os.mkdir(self._path(path, new=True), mode)

    def rmdir(self, path: str) -> None:
        os.rmdir(self._path(path))

    def chmod(self, path: str, mode: int) -> None:
        if self._rules.chmod == "refuse":
            raise _error(errno.EPERM)
        if self._rules.chmod == "keep":
            os.chmod(self._path(path), mode)

    def chown(self, path: str, uid: int, gid: int) -> None:
        if self._rules.chmod == "refuse":
            raise _error(errno.EPERM)

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> None:
        place = self._path(path)
        access, modification = times_to_set(os.lstat(place), times)
        os.utime(place, ns=(access, self._stepped(modification)), follow_symlinks=False)

    def link(self, target: str, source: str) -> None:
        if not self._rules.links:
            raise _error(errno.EPERM)
        os.link(self._path(source), self._path(target, new=True), follow_symlinks=False)

    def symlink(self, target: str, source: str) -> None:
        if not self._rules.symlinks:
            raise _error(errno.EPERM)
        os.symlink(source, self._path(target, new=True))

    def readlink(self, path: str) -> str:
        return os.readlink(self._path(path))

    def statfs(self, path: str) -> dict[str, int]:
        return space(self._folder)


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@contextmanager
def mounted(place: Path, rules: Rules) -> Iterator[Path]:
    """Mount a disk with these rules in a folder of `place`, which is created. Skip the test without FUSE."""
    require_fuse()
    folder, mount = place / "kept", place / "disk"
    folder.mkdir(parents=True)
    mount.mkdir()
    with serving(Path(__file__), mount, [str(folder), str(mount), json.dumps(asdict(rules))]):
        yield mount


def serve(folder: str, mount: str, rules: str) -> None:
    """Serve a mount until it ends. The kernel caches nothing: equal names are the same file immediately."""
    options = {
        "attr_timeout": 0,
        "entry_timeout": 0,
        "negative_timeout": 0,
    }
    expected = Rules(**json.loads(rules))
    options["use_ino"] = expected.stable_inodes
    FUSE(RuledDisk(folder, expected), mount, foreground=True, nothreads=True, **options)


if __name__ == "__main__":
    serve(*sys.argv[1:])
