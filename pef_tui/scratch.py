"""Unnamed files for what must lie on a disk for a while: however the program ends, nothing is left of them."""

from __future__ import annotations

import errno
import os
import secrets

from pef_tui.errors import DiskFull

FULL = (errno.ENOSPC, errno.EDQUOT)
_OWN = ".pef-tui/staging"
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_UNNAMED = getattr(os, "O_TMPFILE", 0)


def scratch_folder(output: str, dry_run: bool) -> str:
    """Where unnamed files of a run lie: in the staging folder of DEST; for a dry run, which leaves DEST alone, in
    TMPDIR, else /var/tmp, which is on a disk where /tmp may be memory.
    """
    if output and not dry_run:
        return os.path.join(output, _OWN)
    return os.environ.get("TMPDIR") or ("/var/tmp" if os.path.isdir("/var/tmp") else "/tmp")


def unnamed_file(folder: str) -> int:
    """A descriptor for reading and writing of a file without a name. Raises OSError.

    Where the file system has no such files, one is made and its name removed at once; should the program be killed
    in between, the next run clears the staging folder.
    """
    if _UNNAMED:
        try:
            return os.open(folder, _UNNAMED | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT):
                raise
    path = os.path.join(folder, f"scratch-{secrets.token_hex(8)}")
    descriptor = os.open(path, _CREATE, 0o600)
    os.unlink(path)
    return descriptor


def write_at(descriptor: int, data: bytes, at: int) -> None:
    """Write all of `data` at an offset. Raises OSError."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, at)
        view, at = view[written:], at + written


def no_room(folder: str, what: str) -> DiskFull:
    """The disk of the folder is full, and what needed room there."""
    return DiskFull(
        f"the disk of {folder} is full: {what} is unpacked there for a while; make room (a dry run takes another "
        "folder from TMPDIR) and run again"
    )
