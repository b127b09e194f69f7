"""Recognize, by name, files of operating systems and programs. They are no part of an export.

Such files are neither media nor sidecars, whatever their extension is. Examples: AppleDouble files (`._a.jpg`, RFC
1740), files in the folder that macOS adds to zips (`__MACOSX`), recycle bins, thumbnails of NAS systems, indexes. Each
file is counted, with the reason.
"""

from __future__ import annotations

import re
from functools import lru_cache

APPLE_DOUBLE = "AppleDouble file of macOS (attributes of another file)"
_BIN = "in a recycle bin"
_THUMBNAILS = "in a folder of thumbnails"
_SYSTEM = "in a folder of the system"
_VERSIONS = "in a folder of older versions"

_FOLDERS = {
    "__macosx": "in __MACOSX (what macOS adds to archives)",
    ".appledouble": APPLE_DOUBLE,
    ".appledb": _SYSTEM,
    ".appledesktop": _SYSTEM,
    # recycle bins: Windows, macOS, Synology, QNAP, Samba
    "$recycle.bin": _BIN,
    ".trashes": _BIN,
    ".trash": _BIN,
    "#recycle": _BIN,
    "@recycle": _BIN,
    "@recently-snapshot": _VERSIONS,
    "#snapshot": _VERSIONS,
    ".recycle": _BIN,
    # thumbnails and indexes: Synology, QNAP, Android, freedesktop.org
    "@eadir": _THUMBNAILS,
    ".@__thumb": _THUMBNAILS,
    "@__thumb": _THUMBNAILS,
    ".thumbnails": _THUMBNAILS,
    ".sh_thumbnails": _THUMBNAILS,
    # volumes: macOS, Windows, Synology
    ".spotlight-v100": _SYSTEM,
    ".fseventsd": _SYSTEM,
    ".temporaryitems": _SYSTEM,
    ".documentrevisions-v100": _SYSTEM,
    ".pkinstallsandboxmanager": _SYSTEM,
    ".pkinstallsandboxmanager-systemsoftware": _SYSTEM,
    ".mobilebackups": _SYSTEM,
    "system volume information": _SYSTEM,
    "#tmp": _SYSTEM,
    "@tmp": _SYSTEM,
    "@synoresource": _SYSTEM,
    "@sharebin": _SYSTEM,
    # programs that synchronize folders
    ".dropbox.cache": _SYSTEM,
    ".stversions": _VERSIONS,
    ".stfolder": _SYSTEM,
    ".sync": _SYSTEM,
}
_BIN_OF_USER = re.compile(r"\.trash-[0-9]+")  # recycle bin of one user on a volume (freedesktop.org)
_TOP_FOLDERS = {"lost+found": _SYSTEM, "temporary items": _SYSTEM, "network trash folder": _BIN}
"""Folders that systems create only in the root of a volume. Elsewhere, an album may have such a name."""

FILE_REASON = "file of the system"
_FILES = dict.fromkeys(
    (
        *(".ds_store", ".localized", "icon\r", ".volumeicon.icns", ".apdisk", ".metadata_never_index"),
        *(".com.apple.timemachine.donotpresent", ".com.apple.timemachine.supported"),
        *("thumbs.db", "thumbs.db:encryptable", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini"),
        *("indexervolumeguid", "wpsettings.dat", "autorun.inf"),
        *(".directory", ".nomedia", ".hidden", ".picasa.ini", "picasa.ini", "zbthumbnail.info", ".stignore"),
        *(".bridgecache", ".bridgecachet", "synophoto:filestatus", "synoindex_media_info", ".thumbdata"),
    ),
    FILE_REASON,
)
_FILE_ENDINGS = {
    "@synoeastream": FILE_REASON,
    "@synoresource": FILE_REASON,
}
_NOT_ON_DISK = re.compile(r"\..+\.icloud", re.DOTALL)

ARCHIVE = re.compile(r"(?i)\.(?:zip|tgz|tar|tar\.gz)$")
_PART = re.compile(r"(?is)(?:takeout.*|.+[-_][0-9]{3,4}(?: ?\([0-9]+\))?)\.(?:zip|tgz|tar|tar\.gz)")
_DOWNLOADING = re.compile(
    r"(?is)(?P<name>.+)\.(?:(?P<browser>crdownload|opdownload)|part|partial|download|filepart|fdmdownload|dtapart|"
    r"aria2|!ut|!qb|tmp|temp|icloud)"
)
"""Pattern of the names of unfinished downloads.

It has the extensions of Chrome and Edge, Opera, Firefox, Internet Explorer, Safari (a folder), WinSCP, download
managers, and iCloud Drive.
"""
_HOLDS_ARCHIVE = r"(?i)takeout|\.(?:zip|tgz|tar|gz)(?:[^a-z]|$)"  # compiled on first use, which is rare


def is_part(name: str) -> bool:
    """Return whether `name` is the name of an archive of an export: `takeout-….zip`, or with a number (`a-001.zip`)."""
    return _PART.fullmatch(name) is not None and not name.startswith("._")


def is_unfinished(name: str) -> bool:
    """Return whether `name` is the temporary name of an archive that a browser or another program downloads."""
    match = _DOWNLOADING.fullmatch(name)
    return match is not None and (
        match["browser"] is not None or re.search(_HOLDS_ARCHIVE, match["name"]) is not None
    )


def other_reason(path: str) -> str:
    """Return why the file at `path` is not read if it is an archive or an unfinished download; else ""."""
    name = path.rpartition("/")[2]
    if is_unfinished(name):
        return "an unfinished download"
    return "an archive in a folder, not opened" if ARCHIVE.search(name) else ""


def folder_reason(name: str) -> str:
    """Return why files in a folder named `name` are no part of an export; "" if they may be a part."""
    name = name.lower()
    return _FOLDERS.get(name, "") or (_BIN if _BIN_OF_USER.fullmatch(name) else "")


@lru_cache(256)
def path_reason(folder: str) -> str:
    """Return why files in `folder` are no part of an export; "" if they may be a part.

    `folder`: the path of the folder in its source; "" for the root of the source.
    """
    if not folder:
        return ""
    first, *below = folder.split("/")
    if reason := _TOP_FOLDERS.get(first.lower()):
        return reason
    return next(filter(None, map(folder_reason, (first, *below))), "")


def name_reason(name: str) -> str:
    """Return why a file named `name` is no part of an export; "" if it may be a part."""
    if name[:2] == "._":
        return APPLE_DOUBLE
    name = name.lower()
    if (reason := _FILES.get(name)) is not None:
        return reason
    if "@" in name and (ending := next(filter(name.endswith, _FILE_ENDINGS), "")):
        return _FILE_ENDINGS[ending]
    if name[-7:] == ".icloud" and _NOT_ON_DISK.fullmatch(name):
        return "placeholder of iCloud Drive: the file itself is not on this disk"
    return ""


def system_reason(path: str) -> str:
    """Return why the file at `path` in a source is no part of an export; "" if it may be a part."""
    folder, _, name = path.rpartition("/")
    return path_reason(folder) or name_reason(name)
