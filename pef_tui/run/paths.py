"""Components of output paths: names that any file system takes."""

from __future__ import annotations

import os
import re
import unicodedata

from pef_tui.model import xmp_name

NAME_BYTES = 255 - len(".xmp")
"""A file name's limit on Linux, macOS and Windows, with room for the XMP file beside it."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')
_JOINER = "\u200d"
_NO_UTF8 = re.compile("[\ud800-\udfff]")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""Characters that file systems leave out when they compare names (`Default_Ignorable_Code_Point` of Unicode): HFS+,
APFS, and ext4 and f2fs with `casefold`."""
_SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_FLAG_LETTERS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
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


def utf8_component(name: str) -> str:
    """Like `safe_component`, with `_` for each byte that is no UTF-8."""
    return safe_component(_NO_UTF8.sub("_", name))


def _shortened(name: str) -> str:
    if len(name.encode("utf-8", "surrogateescape")) <= NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 16:
        stem, extension = name, ""
    end = f".{extension}" if extension else ""
    return cut(stem, NAME_BYTES - _bytes(end)) + end


def cut(text: str, room: int) -> str:
    """As much of the beginning as fits into so many bytes, by whole characters as a person sees them.

    What joins onto the character before (accents, variation selectors, skin tones, the second half of a flag) goes
    with it. Bytes that are no UTF-8 count one each.
    """
    if _bytes(text) <= room:
        return text
    end = len(text)
    while end and _bytes(text[:end]) > room:
        end -= max(1, (_bytes(text[:end]) - room) // 4)
    while end and _joins(text, end):
        end -= 1
    return text[:end]


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _joins(text: str, end: int) -> bool:
    """Does the character at this place belong to the one before it?"""
    after, before = text[end], text[end - 1]
    if unicodedata.category(after) in ("Mn", "Mc", "Me") or after == _JOINER or before == _JOINER:
        return True
    if after in _SKIN_TONES:
        return True
    flags = 0
    while end - flags and text[end - flags - 1] in _FLAG_LETTERS:
        flags += 1
    return after in _FLAG_LETTERS and flags % 2 == 1


def xmp_there(path: str, short: bool) -> str:
    """The XMP file beside an output as it is spelled: in place it may have been there as `a.jpg.XMP`."""
    name = xmp_name(path, short)
    for end in (".XMP", ".Xmp"):
        if not os.path.lexists(name) and os.path.lexists(spelled := name[: -len(end)] + end):
            return spelled
    return name


def folded(path: str) -> str:
    """The form under which two names are one on file systems that ignore case or Unicode form."""
    if path.isascii():
        return path.casefold()
    bare = _UNSEEN.sub("", unicodedata.normalize("NFD", path)).casefold()
    return unicodedata.normalize("NFC", bare)


def numbered(name: str, number: int) -> str:
    """`a.jpg` -> `a (2).jpg`; 1 is the name itself."""
    if number < 2:
        return name
    stem, extension = split(name)
    end = f" ({number}){extension}"
    return cut(stem, NAME_BYTES - _bytes(end)) + end


def numbered_folder(path: str, number: int) -> str:
    """`Trip` -> `Trip (2)`, in the last folder of a path; 1 is the path itself."""
    if number < 2:
        return path
    above, slash, name = path.rpartition("/")
    end = f" ({number})"
    return above + slash + cut(name, NAME_BYTES - _bytes(end)) + end


def split(name: str) -> tuple[str, str]:
    """Stem and extension with its dot, as `numbered` parts them."""
    stem, dot, extension = name.rpartition(".")
    return (stem, dot + extension) if dot and stem else (name, "")
