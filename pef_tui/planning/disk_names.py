"""Find out which names the disk of DEST refuses or changes, and whether links can be created on it.

FAT, exFAT, Windows shares and macOS refuse or change some names. A run creates files with such names in its staging
folder, and records the result. A preview writes nothing. It uses the type of the file system, look-ups of such names,
and the record of the last run into DEST, if that disk had the same type.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from pef_tui.filesystem.constants import STAGING_DIR, STATE_DIR
from pef_tui.filesystem.mounts import mount_type

_WINDOWS = ('a:b?c"d', "a<b>c|d*e\\f", "point.", "space ", "line\nend")
"""Names that Windows refuses or silently changes."""
_BYTES = os.fsdecode(b"byte\xff")
"""A name that is not UTF-8. APFS, ZFS with `utf8only`, and file systems with UTF-16 names refuse it."""
_COMPOSED = "caf\u00e9"
_REFUSED = (errno.EINVAL, errno.EPERM, errno.EACCES, errno.ENOENT, errno.EIO, errno.EILSEQ, errno.ENOTSUP)
_LOOKED_UP = (errno.EINVAL, errno.EILSEQ)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_STRICT = frozenset({"vfat", "msdos", "exfat"})
"""Types of file systems that refuse the names that Windows refuses."""


class DiskNames(NamedTuple):
    """Which names a disk refuses or changes, and whether it refuses links. A field is False if this is unknown."""

    windows_rules: bool = False
    """Whether the disk refuses or changes names that Windows refuses (`a:b.jpg`)."""
    utf8_only: bool = False
    """Whether the disk refuses or changes names that are not UTF-8."""
    folds_names: bool = False
    """Whether the disk treats names that differ only in case or Unicode form as the same name."""
    no_links: bool = False
    """True if neither hard links nor symbolic links can be created."""

    def encode(self, kind: str) -> str:
        """Return the text for the manifest: `kind` (type of the file system), a colon, and a letter for each true
        field.

        Examples: `vfat:wual` if all four fields are true, `ext4:` if none is.
        """
        return f"{kind}:{''.join(letter for letter, is_so in zip('wual', self, strict=True) if is_so)}"


def probe_disk(dest: str) -> tuple[DiskNames, str]:
    """Test the disk of DEST by creating files. Return the result, and the text that the manifest stores.

    If no file can be created, all fields are False and the text is "". The run itself reports this error.
    """
    staging = os.path.join(dest, STATE_DIR, STAGING_DIR)
    try:
        os.makedirs(staging, mode=0o700, exist_ok=True)
        if not _can_create(staging, "names"):
            return DiskNames(), ""
        disk_names = DiskNames(
            not all(_can_create(staging, name) for name in _WINDOWS),
            not _can_create(staging, _BYTES),
            _folds_names(staging),
            not _can_link(staging),
        )
    except OSError:
        return DiskNames(), ""
    return disk_names, disk_names.encode(_type_of(dest))


def predict_disk(dest: str, recorded: Iterable[str]) -> DiskNames:
    """Return what is known about the disk of DEST, without writing to it.

    `recorded`: the texts that earlier runs into this DEST stored in the manifest, the newest first.
    """
    kind = _type_of(dest)
    strict = kind in _STRICT
    windows, utf8 = (any(_is_refused(dest, name) for name in names) for names in (_WINDOWS, (_BYTES,)))
    last = next((name for name in recorded if name), "")
    letters = last.rpartition(":")[2] if last.rpartition(":")[0] == kind else ""
    return DiskNames(
        strict or windows or "w" in letters,
        strict or utf8 or "u" in letters,
        strict or "a" in letters or _ignores_case(dest),
        strict or "l" in letters,
    )


def _can_create(folder: str, name: str) -> bool:
    """Return whether a file `name` can be created in `folder`, and `folder` then lists exactly this name.

    Raises OSError if the disk fails.
    """
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


def _folds_names(folder: str) -> bool:
    """Return whether the disk finds a file by its name in capitals, or in another Unicode form."""
    path = os.path.join(folder, _COMPOSED)
    os.close(os.open(path, _CREATE, 0o600))
    try:
        spellings = (_COMPOSED.upper(), unicodedata.normalize("NFD", _COMPOSED))
        return any(os.path.lexists(os.path.join(folder, spelling)) for spelling in spellings)
    finally:
        os.unlink(path)


def _can_link(folder: str) -> bool:
    """Return whether hard links or symbolic links can be created."""
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
    """Return whether looking up `name` fails with an error that means: no file can have this name.

    False proves nothing, because many disks only report that the file is missing.
    """
    try:
        os.lstat(os.path.join(_existing(dest), name))
    except OSError as error:
        return error.errno in _LOOKED_UP
    return False


def _ignores_case(dest: str) -> bool:
    """Return whether the disk finds the state folder `.pef-tui` by the name `.PEF-TUI`.

    If it does, it ignores case, because no run creates `.PEF-TUI`. Inodes are not compared: with sshfs, each spelling
    of a name has its own inode.
    """
    return os.path.lexists(os.path.join(dest, STATE_DIR)) and os.path.lexists(
        os.path.join(dest, STATE_DIR.upper())
    )


def _existing(dest: str) -> str:
    """Return DEST, or the nearest folder above DEST that exists."""
    while dest != os.path.dirname(dest):
        with suppress(OSError):
            if stat.S_ISDIR(os.stat(dest).st_mode):
                break
        dest = os.path.dirname(dest)
    return dest


def _type_of(dest: str) -> str:
    """Return the type of the file system that contains DEST, or will contain it; "" if unknown."""
    try:
        return mount_type(os.stat(_existing(os.path.abspath(dest))).st_dev)
    except OSError:
        return ""
