"""Make components of output paths: file and folder names that the disk of DEST accepts."""

from __future__ import annotations

import os
import re
import unicodedata
from functools import cache

from pef_tui.model import xmp_name

NAME_BYTES = 255 - len(".xmp")
"""Longest file name in bytes: the limit of Linux, macOS and Windows, minus the extension of the XMP file."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')
_JOINER = "\u200d"
_NO_UTF8 = re.compile("[\ud800-\udfff]")
_SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_FLAG_LETTERS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")


def safe_component(name: str) -> str:
    """Return a file or folder name that is not too long, as similar to `name` as possible.

    For names that come from a file system: only `/`, NUL, `.`, `..` and "" are replaced.
    """
    if name in ("", ".", ".."):
        return "_" * max(len(name), 1)
    name = name.replace("/", "_").replace("\0", "_")
    return _shortened(name) if len(name) > 60 else name


def strict_component(name: str) -> str:
    """Return `name` as `safe_component` does, changed to a name that Windows accepts too.

    For texts that were never file names, such as titles and values of templates.
    """
    name = _FORBIDDEN.sub("_", name.encode("utf-8", "replace").decode()).rstrip(" .")
    if _RESERVED.match(name):
        name = "_" + name
    return safe_component(name)


def utf8_component(name: str) -> str:
    """Return `name` as `safe_component` does, with `_` in place of each byte that is not UTF-8."""
    return safe_component(_NO_UTF8.sub("_", name))


def _shortened(name: str) -> str:
    if len(name.encode("utf-8", "surrogateescape")) <= NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 16:
        stem, extension = name, ""
    end = f".{extension}" if extension else ""
    return truncate(stem, NAME_BYTES - _bytes(end)) + end


def truncate(text: str, max_bytes: int) -> str:
    """Return the longest prefix of at most `max_bytes` bytes in UTF-8. No visible character is split.

    Accents, variation selectors, skin tones and the second half of a flag belong to the character before them. A byte
    that is not UTF-8 counts as one byte.
    """
    if _bytes(text) <= max_bytes:
        return text
    end = len(text)
    while end and _bytes(text[:end]) > max_bytes:
        end -= max(1, (_bytes(text[:end]) - max_bytes) // 4)
    while end and _joins(text, end):
        end -= 1
    return text[:end]


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _joins(text: str, end: int) -> bool:
    """Return whether the character at index `end` belongs to the character before it."""
    character, previous = text[end], text[end - 1]
    if unicodedata.category(character) in ("Mn", "Mc", "Me") or character == _JOINER or previous == _JOINER:
        return True
    if character in _SKIN_TONES:
        return True
    flags = 0
    while end - flags and text[end - flags - 1] in _FLAG_LETTERS:
        flags += 1
    return character in _FLAG_LETTERS and flags % 2 == 1


def existing_xmp_path(path: str, short: bool) -> str:
    """Return the path of the XMP file of the output `path`, in its spelling on disk.

    The spelling may differ in a run in place, if the export has `a.jpg.XMP`. `short`: whether the XMP file has the
    short name (`a.xmp`).
    """
    name = xmp_name(path, short)
    for end in (".XMP", ".Xmp"):
        if not os.path.lexists(name) and os.path.lexists(spelled := name[: -len(end)] + end):
            return spelled
    return name


@cache
def _ignorable_characters() -> re.Pattern[str]:
    """Return a pattern of the characters that some file systems ignore when they compare names.

    These characters have Unicode's property `Default_Ignorable_Code_Point`. The file systems are HFS+, APFS, and ext4
    and f2fs with `casefold`.
    """
    return re.compile(
        "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
        "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
    )


def fold_name(path: str) -> str:
    """Return a folded form of `path`. It is equal for paths that some file system treats as the same name.

    Such paths differ only in case, in Unicode form or in ignorable characters: `Trip` and `TRIP`.
    """
    if path.isascii():
        return path.casefold()
    bare = _ignorable_characters().sub("", unicodedata.normalize("NFD", path)).casefold()
    return unicodedata.normalize("NFC", bare)


def numbered_name(name: str, number: int) -> str:
    """Return `a (2).jpg` for `a.jpg` and 2. For 1, return `name` itself. A long stem is truncated."""
    if number < 2:
        return name
    stem, extension = split_extension(name)
    end = f" ({number}){extension}"
    return truncate(stem, NAME_BYTES - _bytes(end)) + end


def numbered_folder(path: str, number: int) -> str:
    """Return `Trip (2)` for `Trip` and 2: the last folder of `path` gets the number. For 1, return `path` itself."""
    if number < 2:
        return path
    above, slash, name = path.rpartition("/")
    end = f" ({number})"
    return above + slash + truncate(name, NAME_BYTES - _bytes(end)) + end


def split_extension(name: str) -> tuple[str, str]:
    """Return the stem, and the extension with its dot; the extension is "" for `.name` and for names without a dot."""
    stem, dot, extension = name.rpartition(".")
    return (stem, dot + extension) if dot and stem else (name, "")
