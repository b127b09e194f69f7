"""Files that systems and programs put into folders and that are no part of an export, known by their names.

They are neither media nor sidecars, whatever their extension: AppleDouble files (`._a.jpg`, RFC 1740), what macOS
puts into zips (`__MACOSX`), recycle bins, thumbnails of NAS systems, indexes. Each is counted, with the reason.
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
    # programs that keep folders alike
    ".dropbox.cache": _SYSTEM,
    ".stversions": _VERSIONS,
    ".stfolder": _SYSTEM,
    ".sync": _SYSTEM,
}
_BIN_OF_USER = re.compile(r"\.trash-[0-9]+")  # freedesktop.org's, on volumes
_TOP_FOLDERS = {"lost+found": _SYSTEM, "temporary items": _SYSTEM, "network trash folder": _BIN}
"""Of a volume's root. Further down an album may have such a name."""

_FILE = "file of the system"
_FILES = dict.fromkeys(
    (
        *(".ds_store", ".localized", "icon\r", ".volumeicon.icns", ".apdisk", ".metadata_never_index"),
        *(".com.apple.timemachine.donotpresent", ".com.apple.timemachine.supported"),
        *("thumbs.db", "thumbs.db:encryptable", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini"),
        *("indexervolumeguid", "wpsettings.dat", "autorun.inf"),
        *(".directory", ".nomedia", ".hidden", ".picasa.ini", "picasa.ini", "zbthumbnail.info", ".stignore"),
        *(".bridgecache", ".bridgecachet", "synophoto:filestatus", "synoindex_media_info", ".thumbdata"),
    ),
    _FILE,
)
_FILE_ENDINGS = {
    "@synoeastream": "file of the system",
    "@synoresource": "file of the system",
}
_NOT_ON_DISK = re.compile(r"\..+\.icloud", re.DOTALL)

ARCHIVE = re.compile(r"(?i)\.(?:zip|tgz|tar|tar\.gz)$")
_PART = re.compile(r"(?is)(?:takeout.*|.+[-_][0-9]{3,4}(?: ?\([0-9]+\))?)\.(?:zip|tgz|tar|tar\.gz)")
_DOWNLOADING = re.compile(
    r"(?is)(?P<name>.+)\.(?:(?P<browser>crdownload|opdownload)|part|partial|download|filepart|fdmdownload|dtapart|"
    r"aria2|!ut|!qb|tmp|temp|icloud)"
)
"""Chrome, Edge; Opera; Firefox; Internet Explorer; Safari (a folder); WinSCP; download managers; iCloud Drive."""
_HOLDS_ARCHIVE = re.compile(r"(?i)takeout|\.(?:zip|tgz|tar|gz)(?:[^a-z]|$)")


def is_part(name: str) -> bool:
    """Is this the name of an archive of an export: Google's own (`takeout-…`), or one with a number at its end?"""
    return _PART.fullmatch(name) is not None and not name.startswith("._")


def is_unfinished(name: str) -> bool:
    """Is this the name that a browser or another program gives to an archive while it downloads it?"""
    found = _DOWNLOADING.fullmatch(name)
    return found is not None and (
        found["browser"] is not None or _HOLDS_ARCHIVE.search(found["name"]) is not None
    )


def other_reason(path: str) -> str:
    """Why a file that is no media is not looked into: an archive, or a download that did not end; else ""."""
    name = path.rpartition("/")[2]
    if is_unfinished(name):
        return "an unfinished download"
    return "an archive in a folder, not opened" if ARCHIVE.search(name) else ""


def folder_reason(name: str) -> str:
    """Why files in a folder of this name are no part of an export; "" where they may be."""
    name = name.lower()
    return _FOLDERS.get(name, "") or (_BIN if _BIN_OF_USER.fullmatch(name) else "")


@lru_cache(256)
def path_reason(folder: str) -> str:
    """The same of a path of folders in a source; "" is the source itself."""
    if not folder:
        return ""
    first, *below = folder.split("/")
    if reason := _TOP_FOLDERS.get(first.lower()):
        return reason
    return next(filter(None, map(folder_reason, (first, *below))), "")


def name_reason(name: str) -> str:
    """Why a file of this name is no part of an export; "" where it may be."""
    if name[:2] == "._":
        return APPLE_DOUBLE
    name = name.lower()
    if (reason := _FILES.get(name)) is not None:
        return reason
    if "@" in name and (found := next(filter(name.endswith, _FILE_ENDINGS), "")):
        return _FILE_ENDINGS[found]
    if name[-7:] == ".icloud" and _NOT_ON_DISK.fullmatch(name):
        return "placeholder of iCloud Drive: the file itself is not on this disk"
    return ""


def reason(path: str) -> str:
    """Why the file at this path in a source is no part of an export; "" where it may be."""
    folder, _, name = path.rpartition("/")
    return path_reason(folder) or name_reason(name)
