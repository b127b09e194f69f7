"""Which names the disk of DEST takes: FAT, exFAT, Windows shares and macOS refuse, change or confuse some.

And whether it makes links.

A run tries it in its staging folder and records what came of it. A preview writes nothing: it goes by the type of the
file system, by look-ups of such names, and by what the last run into DEST recorded on a disk of the same type.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pef_tui.write.dest import OWN, STAGING

_WINDOWS = ('a:b?c"d', "a<b>c|d*e\\f", "point.", "space ", "line\nend")
"""Names that Windows refuses, or silently takes for others."""
_BYTES = os.fsdecode(b"byte\xff")
"""A name that is no UTF-8: APFS, ZFS with `utf8only` and all that keep names as UTF-16 refuse it."""
_COMPOSED = "caf\u00e9"
_REFUSED = (errno.EINVAL, errno.EPERM, errno.EACCES, errno.ENOENT, errno.EIO, errno.EILSEQ, errno.ENOTSUP)
_LOOKED_UP = (errno.EINVAL, errno.EILSEQ)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_STRICT = frozenset({"vfat", "msdos", "exfat"})
"""Types of file systems that refuse what Windows refuses."""


class DiskNames(NamedTuple):
    """What a disk does not take as it is."""

    windows: bool = False
    """Names that Windows refuses are refused or changed."""
    utf8: bool = False
    """Names that are no UTF-8 are refused or changed."""
    alike: bool = False
    """Names that differ in case or Unicode form are one."""
    no_links: bool = False
    """Neither hard nor symbolic links are made."""

    def noted(self, kind: str) -> str:
        """As the manifest keeps it, with the type of the file system."""
        return f"{kind}:{''.join(letter for letter, is_so in zip('wual', self, strict=True) if is_so)}"


def of_run(dest: str) -> tuple[DiskNames, str]:
    """What the disk of a DEST that may be written does not take, and the same as the manifest keeps it.

    "" for the latter where nothing can be made there; the run reports that itself.
    """
    staging = os.path.join(dest, OWN, STAGING)
    try:
        os.makedirs(staging, mode=0o700, exist_ok=True)
        if not _takes(staging, "names"):
            return DiskNames(), ""
        found = DiskNames(
            not all(_takes(staging, name) for name in _WINDOWS),
            not _takes(staging, _BYTES),
            _is_alike(staging),
            not _makes_links(staging),
        )
    except OSError:
        return DiskNames(), ""
    return found, found.noted(_type_of(dest))


def of_preview(dest: str, noted: Iterable[str]) -> DiskNames:
    """What the disk of DEST does not take, as far as can be known without writing.

    `noted`: what runs into this DEST recorded, the last one first.
    """
    kind = _type_of(dest)
    strict = kind in _STRICT
    windows, utf8 = (any(_is_refused(dest, each) for each in names) for names in (_WINDOWS, (_BYTES,)))
    last = next((each for each in noted if each), "")
    letters = last.rpartition(":")[2] if last.rpartition(":")[0] == kind else ""
    return DiskNames(
        strict or windows or "w" in letters,
        strict or utf8 or "u" in letters,
        strict or "a" in letters or _ignores_case(dest),
        strict or "l" in letters,
    )


def _takes(folder: str, name: str) -> bool:
    """Can a file of this name be made, and has it this name then? Raises OSError for a disk that is full or fails."""
    path = os.path.join(folder, name)
    try:
        os.close(os.open(path, _CREATE, 0o600))
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        return False
    try:
        return name in os.listdir(folder)
    finally:
        os.unlink(path)


def _is_alike(folder: str) -> bool:
    """Is a file found by another case or another Unicode form of its name?"""
    path = os.path.join(folder, _COMPOSED)
    os.close(os.open(path, _CREATE, 0o600))
    try:
        others = (_COMPOSED.upper(), unicodedata.normalize("NFD", _COMPOSED))
        return any(os.path.lexists(os.path.join(folder, other)) for other in others)
    finally:
        os.unlink(path)


def _makes_links(folder: str) -> bool:
    """Can hard links be made, or symbolic ones?"""
    path, link = os.path.join(folder, "names"), os.path.join(folder, "link")
    os.close(os.open(path, _CREATE, 0o600))
    try:
        for make in (os.link, os.symlink):
            with suppress(OSError):
                make(path, link)
                os.unlink(link)
                return True
        return False
    finally:
        os.unlink(path)


def _is_refused(dest: str, name: str) -> bool:
    """Does a look-up of a name fail because no file could ever have it? Many disks just say that there is none."""
    try:
        os.lstat(os.path.join(_existing(dest), name))
    except OSError as error:
        return error.errno in _LOOKED_UP
    return False


def _ignores_case(dest: str) -> bool:
    """By a name that a run never makes. Inodes do not count: with sshfs each spelling has its own."""
    return os.path.lexists(os.path.join(dest, OWN)) and os.path.lexists(os.path.join(dest, OWN.upper()))


def _existing(dest: str) -> str:
    """DEST, or the nearest folder above it that is there."""
    while dest != os.path.dirname(dest):
        with suppress(OSError):
            if stat.S_ISDIR(os.stat(dest).st_mode):
                break
        dest = os.path.dirname(dest)
    return dest


def _type_of(dest: str) -> str:
    """Type of the file system that DEST is on, or is going to be; "" where the system does not say."""
    try:
        device = os.stat(_existing(os.path.abspath(dest))).st_dev
        number = f"{os.major(device)}:{os.minor(device)}"
        for line in Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines():
            mount, _, kind = line.partition(" - ")
            if mount.split()[2] == number:
                return kind.split()[0]
    except (OSError, IndexError):
        return ""
    return ""
