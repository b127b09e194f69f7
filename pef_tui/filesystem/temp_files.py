"""Create temporary files, with or without a name.

The kernel removes a file without a name when the program ends, even if it is killed.
"""

from __future__ import annotations

import errno
import os
import secrets

from pef_tui.errors import DiskFull
from pef_tui.filesystem.constants import STAGING_DIR, STATE_DIR
from pef_tui.system_calls import HAS_DESCRIPTOR_PATHS, UNNAMED_FILE

_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def temp_dir(output: str, dry_run: bool) -> str:
    """Return the directory for the temporary files of a run: the staging directory in DEST (`output`).

    A dry run must not touch DEST. For it, and without `output`, return `$TMPDIR`, else /var/tmp, else /tmp. /var/tmp is
    preferred because /tmp may be in memory.
    """
    if output and not dry_run:
        return os.path.join(output, STATE_DIR, STAGING_DIR)
    return os.environ.get("TMPDIR") or ("/var/tmp" if os.path.isdir("/var/tmp") else "/tmp")


def descriptor_path(descriptor: int) -> str:
    """Return a path of an open file or folder, by which any process of this user can reach it; "" if there is none."""
    return f"/proc/{os.getpid()}/fd/{descriptor}" if HAS_DESCRIPTOR_PATHS else ""


def unnamed_file(folder: str) -> int:
    """Return a descriptor, for reading and writing, of a new file without a name in `folder`. Raises OSError.

    Without support of `O_TMPFILE`, a named file is created, and its name is removed at once. If the program is killed
    in between, the next run removes the file from the staging directory.
    """
    if UNNAMED_FILE:
        try:
            return os.open(folder, UNNAMED_FILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT):
                raise
    descriptor, path = named_file(folder)
    os.unlink(path)
    return descriptor


def named_file(folder: str) -> tuple[int, str]:
    """Create a file with a random name in `folder`. Return a descriptor, for reading and writing, and the path.

    Raises OSError. If the program is killed, the file remains. The next run then removes it from the staging directory.
    """
    path = os.path.join(folder, f"scratch-{secrets.token_hex(8)}")
    return os.open(path, _CREATE_FLAGS, 0o600), path


def write_at(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of `data` at `offset` of the file `descriptor`. Raises OSError."""
    view = memoryview(data)
    while view:
        count = os.pwrite(descriptor, view, offset)
        view, offset = view[count:], offset + count


def disk_full_error(folder: str, content: str) -> DiskFull:
    """Return the error that the disk of `folder` is full. `content`: what needed the space, for the message."""
    return DiskFull(
        f"the disk of {folder} is full: {content} is unpacked there for a while; make room (a dry run takes another "
        "folder from TMPDIR) and run again"
    )
