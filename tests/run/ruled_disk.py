"""A FUSE file system over a folder that follows the rules of another disk (`disk_rules`).

`mounted` mounts one for a test. As a program it serves one mount until that ends: `ruled_disk.py FOLDER MOUNT RULES`,
the rules as JSON.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from disk_rules import Rules

try:
    from mfusepy import FUSE, Operations
except (ImportError, OSError):  # OSError: libfuse itself is missing
    FUSE, Operations = None, object

_NOW, _OMIT = (1 << 30) - 1, (1 << 30) - 2
"""What `utimensat` has in the nanoseconds for the present moment, and for a time that is to stay."""
STARTS = 20.0
"""Seconds after which a mount that has not come never will."""
_SHOWN = ("st_mode", "st_nlink", "st_size", "st_uid", "st_gid", "st_ino", "st_blocks")


class RuledDisk(Operations):  # type: ignore[misc]
    """The calls of such a disk. One thread."""

    use_ns = True

    def __init__(self, folder: str, rules: Rules) -> None:
        self._folder, self._rules = folder, rules

    def _path(self, path: str, *, new: bool = False) -> str:
        """Where a path is below the folder, by the spelling that is there. Raises OSError.

        `new`: the last part is about to be made, so a name that is refused is an error.
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
        wanted = self._rules.alike(stored)
        return next((each for each in names if self._rules.alike(each) == wanted), None)

    def _stepped(self, ns: int) -> int:
        return ns // self._rules.step_ns * self._rules.step_ns

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        found = os.lstat(self._path(path)) if fh is None else os.fstat(fh)
        shown = {name: getattr(found, name) for name in _SHOWN}
        times = {f"st_{each}time": getattr(found, f"st_{each}time_ns") for each in "amc"}
        return shown | times | {"st_mtime": self._stepped(found.st_mtime_ns)}

    def readdir(self, path: str, fh: int) -> Iterator[tuple[str, dict[str, int], int]]:
        """With their numbers: the C library passes over an entry of number 0."""
        place = self._path(path)
        for name in (".", "..", *os.listdir(place)):
            found = os.lstat(f"{place}/{name}")
            yield name, {"st_ino": found.st_ino, "st_mode": found.st_mode}, 0

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
        """What is there under an equal name keeps its spelling, as on FAT, unless it is renamed itself."""
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
        found, now = os.lstat(place), time.time_ns()
        kept = (found.st_atime_ns, found.st_mtime_ns)
        wanted = [
            now if each == _NOW else old if each == _OMIT else each
            for each, old in zip(times or (now, now), kept, strict=True)
        ]
        os.utime(place, ns=(wanted[0], self._stepped(wanted[1])), follow_symlinks=False)

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
        found = os.statvfs(self._folder)
        names = ("bavail", "bfree", "blocks", "bsize", "frsize", "namemax", "files", "ffree")
        return {f"f_{name}": getattr(found, f"f_{name}") for name in names}


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@contextmanager
def mounted(place: Path, rules: Rules) -> Iterator[Path]:
    """A disk with these rules, in a folder of `place`, which is made. Skips where there is no FUSE."""
    fusermount = shutil.which("fusermount3", path=os.defpath + ":/usr/local/bin:/sbin:/usr/sbin")
    if fusermount is None or FUSE is None or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("FUSE is not there: it takes fusermount3, libfuse, mfusepy and /dev/fuse")
    folder, mount = place / "kept", place / "disk"
    folder.mkdir(parents=True)
    mount.mkdir()
    command = [sys.executable, __file__, str(folder), str(mount), json.dumps(asdict(rules))]
    environment = {**os.environ, "PATH": f"{Path(fusermount).parent}:{os.defpath}"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment) as server:
        try:
            end = time.monotonic() + STARTS
            while not os.path.ismount(mount):
                if server.poll() is not None or time.monotonic() > end:
                    assert server.stderr is not None
                    server.kill()
                    pytest.skip(f"no FUSE disk can be mounted here: {server.stderr.read().decode()[-200:]}")
                time.sleep(0.02)
            yield mount
        finally:
            subprocess.run([fusermount, "-u", "-z", str(mount)], check=False, capture_output=True)
            try:
                server.wait(STARTS)
            except subprocess.TimeoutExpired:
                server.kill()


def serve(folder: str, mount: str, rules: str) -> None:
    """Serve a mount until it ends. Nothing is remembered by the kernel: names that are one are one file at once."""
    options = {
        "attr_timeout": 0,
        "entry_timeout": 0,
        "negative_timeout": 0,
    }
    wanted = Rules(**json.loads(rules))
    options["use_ino"] = wanted.stable_inodes
    FUSE(RuledDisk(folder, wanted), mount, foreground=True, nothreads=True, **options)


if __name__ == "__main__":
    serve(*sys.argv[1:])
