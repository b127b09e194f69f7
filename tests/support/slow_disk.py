"""A FUSE file system over a folder that answers as slowly as a server far away, and fails as one does on request.

    python tests/support/slow_disk.py FOLDER MOUNT [--delay-ms 2] [--mb-s N] [--cache-seconds 1] [--threads 10]
        [--log FILE]

Every call that a server would have to answer takes `--delay-ms`. Calls are answered side by side; the bytes that are
read share `--mb-s`, and so do those that are written. The kernel remembers names and attributes for
`--cache-seconds`. `--log` writes a line for each call: time, kind, path and bytes (`slow_line.CallLog`).

Commands are JSON, one a line, on standard input; each is answered by a JSON line:

    {"do": "calls"}     calls by kind, bytes read and written, calls that met a fault and that wait at present
    {"do": "reset"}     begin to count at zero
    {"do": "fault", "error": "EIO", "seconds": 5}     a fault (`slow_line.Fault`); without "error" the mount hangs
    {"do": "clear"}     end all faults

The kernel repeats a call that ends with ESTALE, and a read that fails: such a fault should meet more than one call.
The program ends when it is unmounted, interrupted, or standard input ends, and prints the number of calls by kind.
`slow_mount.mounted` starts it for tests and for `bench/`.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from fuse_operations import FUSE, Operations, attributes, fuse_version, space, times_to_set
from slow_line import CallLog, Fault, Faults, Line

LOCAL = frozenset({"release", "flush", "statfs"})
"""Calls that need no server. They are neither delayed nor counted, but they wait while the mount hangs."""


def remote(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a call of the file system as a server answers it: after a delay, or with the fault that is set."""
    kind = method.__name__

    @functools.wraps(method)
    def call(disk: SlowDisk, path: str, *args: Any) -> Any:
        if kind not in LOCAL:
            size = args[0] if kind == "read" else len(args[0]) if kind == "write" else 0
            disk.log.add(kind, path, size)
            disk.line.wait(kind, size)
        fault = disk.faults.of_call(kind, path)
        if fault and not fault.fault.carried_out:
            disk.faults.strike(fault)
        result = method(disk, path, *args)
        if fault and fault.fault.carried_out:
            try:
                disk.faults.strike(fault)
            except OSError:
                if kind in ("open", "create"):
                    os.close(result)  # the caller does not get it
                raise
        return result

    return call


class SlowDisk(Operations):  # type: ignore[misc]
    """The calls of a slow disk. Several threads make them."""

    use_ns = True

    def __init__(self, folder: str, line: Line, log: CallLog) -> None:
        self._folder, self.line, self.log, self.faults = folder, line, log, Faults()

    def _path(self, path: str) -> str:
        return self._folder + path

    @remote
    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        return attributes(os.lstat(self._path(path)) if fh is None else os.fstat(fh))

    @remote
    def readdir(self, path: str, fh: int) -> list[tuple[str, dict[str, int], int]]:
        """Return the entries without their types. A program that needs the types must request attributes."""
        with os.scandir(self._path(path)) as entries:
            numbers = {".": 1, "..": 1} | {entry.name: entry.inode() for entry in entries}
        return [(name, {"st_ino": number}, 0) for name, number in numbers.items()]

    @remote
    def open(self, path: str, flags: int) -> int:
        return os.open(self._path(path), flags & ~(os.O_NOFOLLOW | os.O_EXCL | os.O_CREAT))

    @remote
    def create(self, path: str, mode: int, flags: int = 0) -> int:
        return os.open(self._path(path), os.O_RDWR | os.O_CREAT | flags & os.O_EXCL, mode)

    @remote
    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    @remote
    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return os.pwrite(fh, data, offset)

    @remote
    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        os.truncate(self._path(path) if fh is None else fh, length)

    @remote
    def release(self, path: str, fh: int) -> None:
        os.close(fh)

    @remote
    def flush(self, path: str, fh: int) -> None:
        """Do nothing: all data is written immediately."""

    @remote
    def fsync(self, path: str, datasync: int, fh: int) -> None:
        """Do nothing: the disk below is not synced, only the time of the answer matters."""

    @remote
    def fsyncdir(self, path: str, datasync: int, fh: int) -> None:
        """Do nothing, as `fsync`."""

    @remote
    def unlink(self, path: str) -> None:
        os.unlink(self._path(path))

    @remote
    def rename(self, old: str, new: str) -> None:
        os.rename(self._path(old), self._path(new))

    @remote
    def mkdir(self, path: str, mode: int) -> None:
        os.mkdir(self._path(path), mode)

    @remote
    def rmdir(self, path: str) -> None:
        os.rmdir(self._path(path))

    @remote
    def chmod(self, path: str, mode: int) -> None:
        os.chmod(self._path(path), mode)

    @remote
    def chown(self, path: str, uid: int, gid: int) -> None:
        os.chown(self._path(path), uid, gid, follow_symlinks=False)

    @remote
    def utimens(self, path: str, times: tuple[int, int] | None = None) -> None:
        place = self._path(path)
        os.utime(place, ns=times_to_set(os.lstat(place), times), follow_symlinks=False)

    @remote
    def link(self, target: str, source: str) -> None:
        os.link(self._path(source), self._path(target), follow_symlinks=False)

    @remote
    def mknod(self, path: str, mode: int, dev: int) -> None:
        os.mknod(self._path(path), mode, dev)

    @remote
    def symlink(self, target: str, source: str) -> None:
        os.symlink(source, self._path(target))

    @remote
    def readlink(self, path: str) -> str:
        return os.readlink(self._path(path))

    @remote
    def statfs(self, path: str) -> dict[str, int]:
        return space(self._folder)


def obey(disk: SlowDisk, command: dict[str, Any]) -> dict[str, Any]:
    """Carry out one command and return its answer. Raises TypeError or ValueError if the command is not valid."""
    match command.pop("do", None):
        case "calls":
            log = disk.log
            return {"calls": dict(log.counts), "bytes": dict(log.bytes), **disk.faults.counts}
        case "reset":
            disk.log.clear()
        case "fault":
            disk.faults.add(Fault(**command))
        case "clear":
            disk.faults.clear()
        case other:
            raise ValueError(f"no command: {other!r}")
    return {}


def answers(disk: SlowDisk, commands: TextIO) -> Iterator[dict[str, Any]]:
    """Carry out commands, one for each line, and yield the answers."""
    for line in commands:
        try:
            yield obey(disk, json.loads(line))
        except (TypeError, ValueError) as error:
            yield {"error": str(error)}


def _obey_all(disk: SlowDisk, mount: str) -> None:
    """Answer commands until standard input ends. Then end the mount."""
    for answer in answers(disk, sys.stdin):
        print(json.dumps(answer), flush=True)
    disk.faults.clear()
    subprocess.run(["fusermount3", "-u", "-z", mount], check=False, capture_output=True)


def serve(given: argparse.Namespace, log: CallLog) -> None:
    """Serve the mount until it ends."""
    line = Line(given.delay_ms / 1000, given.mb_s * 1e6)
    disk = SlowDisk(os.path.abspath(given.folder), line, log)
    threading.Thread(target=_obey_all, args=(disk, given.mount), daemon=True).start()
    seconds = given.cache_seconds
    options = {"use_ino": True, "attr_timeout": seconds, "entry_timeout": seconds}
    if fuse_version() >= (3, 12):  # older libfuse has as many threads as calls
        options["max_threads"] = given.threads
    FUSE(disk, given.mount, foreground=True, nothreads=False, **options)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder")
    parser.add_argument("mount")
    parser.add_argument("--delay-ms", type=float, default=2.0, help="milliseconds that every call takes (2)")
    parser.add_argument("--mb-s", type=float, default=1e6, help="MB/s in each direction (no limit)")
    parser.add_argument("--cache-seconds", type=float, default=1.0, help="how long the kernel remembers (1)")
    parser.add_argument("--threads", type=int, default=10, help="calls answered at the same time (10)")
    parser.add_argument("--log", help="file that gets a line for each call")
    given = parser.parse_args()
    with Path(given.log or os.devnull).open("w", buffering=1) as lines:
        log = CallLog(lines if given.log else None)
        serve(given, log)
    print(json.dumps(dict(log.counts.most_common())), file=sys.stderr)


if __name__ == "__main__":
    main()
