"""Components of output paths: names that any file system takes."""

from __future__ import annotations

import os
import re
import unicodedata

from pef_tui.model import xmp_name

NAME_BYTES = 255 - len(".xmp")
"""A file name's limit on Linux, macOS and Windows, with room for the XMP file beside it."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")


def safe_component(name: str) -> str:
    """One component of a path that exists on every file system, as near to `name` as can be.

    A name that comes from a file system is kept but for what would lead elsewhere.
    """
    if name in ("", ".", ".."):
        return "_" * max(len(name), 1)
    name = name.replace("/", "_").replace("\0", "_")
    return _shortened(name) if len(name) > 60 else name


def strict_component(name: str) -> str:
    """Like `safe_component`, for text that was never a file name (titles, templates): Windows' rules too."""
    name = _FORBIDDEN.sub("_", name.encode("utf-8", "replace").decode()).rstrip(" .")
    if _RESERVED.match(name):
        name = "_" + name
    return safe_component(name)


def _shortened(name: str) -> str:
    if len(name.encode("utf-8", "surrogateescape")) <= NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 16:
        stem, extension = name, ""
    room = NAME_BYTES - len((dot + extension).encode("utf-8", "surrogateescape")) if extension else NAME_BYTES
    cut = stem.encode("utf-8", "surrogateescape")[:room].decode("utf-8", "ignore")
    return f"{cut}.{extension}" if extension else cut


def xmp_there(path: str, short: bool) -> str:
    """The XMP file beside an output as it is spelled: in place it may have been there as `a.jpg.XMP`."""
    name = xmp_name(path, short)
    for end in (".XMP", ".Xmp"):
        if not os.path.lexists(name) and os.path.lexists(spelled := name[: -len(end)] + end):
            return spelled
    return name


def folded(path: str) -> str:
    """The form under which two names are one on file systems that ignore case or Unicode form."""
    return path.casefold() if path.isascii() else unicodedata.normalize("NFC", path).casefold()


def numbered(name: str, number: int) -> str:
    """`a.jpg` -> `a (2).jpg`; 1 is the name itself."""
    if number < 2:
        return name
    stem, dot, extension = name.rpartition(".")
    return f"{stem} ({number}).{extension}" if dot and stem else f"{name} ({number})"


def split(name: str) -> tuple[str, str]:
    """Stem and extension with its dot, as `numbered` parts them."""
    stem, dot, extension = name.rpartition(".")
    return (stem, dot + extension) if dot and stem else (name, "")
