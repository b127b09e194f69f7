"""The rules of disks that differ from those of Linux: which names they accept, and how they store files."""

from __future__ import annotations

import errno
import os
import re
import unicodedata
from dataclasses import dataclass, replace

_WINDOWS = re.compile(r'[\x00-\x1f<>:"|?*\\]')
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")


@dataclass(frozen=True)
class Rules:
    """The rules of one disk. With the default values, it stores everything, byte for byte."""

    case_blind: bool = False
    """Names that differ only in case are the same name. The first spelling stays."""
    form_blind: bool = False
    """Names that differ only in Unicode form are the same name. The first spelling stays."""
    stores_nfd: bool = False
    """Names are stored decomposed (NFD). All Unicode forms are the same name."""
    ignorables: bool = False
    """Invisible characters (joiners, variation selectors) are ignored when names are compared."""
    windows_refused: bool = False
    """Characters that Windows refuses give EINVAL."""
    trailing: str = "keep"
    """Dots and spaces at the end of a name: `keep`, `refuse` (EINVAL) or `strip`."""
    utf8_only: bool = False
    """Names that are not UTF-8 give EILSEQ."""
    utf16_units: bool = False
    """A name may have 255 UTF-16 units. False: 255 bytes."""
    lookup_refuses: bool = False
    """Looking up a refused name gives an error. False: such a name is only missing."""
    step_ns: int = 1
    """Step of stored times in nanoseconds."""
    links: bool = True
    symlinks: bool = True
    chmod: str = "keep"
    """Permissions: `keep`, `refuse` (EPERM) or `ignore`."""
    syncs_folders: bool = True
    stable_inodes: bool = True
    """A file has one inode number under all spellings of its name. False: each spelling has its own, as with sshfs and
    rclone.
    """

    def stored(self, name: str) -> str:
        """Return the name that the disk stores. Raises OSError if the disk refuses it."""
        if self.trailing == "strip":
            name = name.rstrip(". ") or name
        if self.windows_refused and _WINDOWS.search(name):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if self.trailing == "refuse" and name != name.rstrip(". "):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if self.utf8_only and _has_bytes(name):
            raise OSError(errno.EILSEQ, os.strerror(errno.EILSEQ))
        if self.stores_nfd:
            name = unicodedata.normalize("NFD", name)
        long = (
            len(name.encode("utf-16-le", "surrogatepass")) // 2
            if self.utf16_units
            else len(os.fsencode(name))
        )
        if long > 255:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        return name

    def alike(self, name: str) -> str:
        """Return a key that is equal for names that the disk treats as the same."""
        if self.form_blind or self.stores_nfd:
            name = unicodedata.normalize("NFD", name)
        if self.case_blind:
            name = name.casefold()
            name = unicodedata.normalize("NFD", name) if self.form_blind or self.stores_nfd else name
        if self.ignorables:
            name = _UNSEEN.sub("", name)
        return name


def _has_bytes(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


FAT = Rules(
    case_blind=True,
    windows_refused=True,
    trailing="strip",
    utf8_only=True,
    utf16_units=True,
    step_ns=2_000_000_000,
    links=False,
    symlinks=False,
    chmod="refuse",
    syncs_folders=False,
)
EXFAT = replace(FAT, step_ns=10_000_000, lookup_refuses=True, chmod="ignore", trailing="refuse")
SHARE = replace(FAT, windows_refused=False, step_ns=100, chmod="ignore", stable_inodes=False)
"""A share of a Windows machine or NAS. Its client maps the characters that Windows refuses."""
APFS = Rules(case_blind=True, form_blind=True, ignorables=True, utf8_only=True, lookup_refuses=True)
HFS = Rules(
    case_blind=True, stores_nfd=True, ignorables=True, utf8_only=True, utf16_units=True, step_ns=10**9
)
FORM_BLIND = Rules(form_blind=True)
"""APFS that distinguishes case, and ZFS with `normalization`."""
DISKS = {"fat": FAT, "exfat": EXFAT, "share": SHARE, "apfs": APFS, "hfs": HFS, "form-blind": FORM_BLIND}
