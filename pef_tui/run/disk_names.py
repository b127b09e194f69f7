"""Does the disk of DEST refuse names that Windows refuses, as FAT, exFAT and many network shares do?"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from pef_tui.write.dest import OWN, STAGING

_NAME = 'a:b?c"d'
_REFUSED = (errno.EINVAL, errno.EPERM, errno.EACCES, errno.ENOENT, errno.EIO)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_STRICT = frozenset({"vfat", "msdos", "exfat"})
"""Types of file systems that do, for a preview, which tries nothing."""


def refuses_names(dest: str, *, dry_run: bool) -> bool:
    """Are names to be made such as Windows takes? A run tries it in its staging folder; a preview goes by the type."""
    if dry_run:
        return _type_of(dest) in _STRICT
    staging = os.path.join(dest, OWN, STAGING)
    plain, odd = (os.path.join(staging, name) for name in ("names", _NAME))
    try:
        os.makedirs(staging, mode=0o700, exist_ok=True)
        _make(plain)
    except OSError:  # nothing can be made there: the run says so
        return False
    try:
        _make(odd)
    except OSError as error:
        return error.errno in _REFUSED
    return False


def _make(path: str) -> None:
    os.close(os.open(path, _CREATE, 0o600))
    os.unlink(path)


def _type_of(dest: str) -> str:
    """Type of the file system that DEST is on, or is going to be; "" where the system does not say."""
    try:
        while not os.path.exists(dest) and dest != os.path.dirname(dest):
            dest = os.path.dirname(dest)
        device = os.stat(dest).st_dev
        number = f"{os.major(device)}:{os.minor(device)}"
        for line in Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines():
            mount, _, kind = line.partition(" - ")
            if mount.split()[2] == number:
                return kind.split()[0]
    except (OSError, IndexError):
        return ""
    return ""
