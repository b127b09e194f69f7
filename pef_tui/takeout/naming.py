"""The naming rules of Google Photos exports: predict the names of the files from a title and a counter.

    sidecar  cut(title, 46) (n) .json                            exports until autumn 2024
             cut(title + ".supplemental-metadata", 46) (n) .json exports since; both occur, even in one export
    media    cut(stem, 51 - length of extension) (n) extension
    edited   cut(stem + suffix, 51 - length of extension) (n) extension

Lengths are in UTF-16 code units. The counter `(n)` distinguishes pictures with the same title: title and counter
together identify a picture. The counter does not count towards the limits.

Sources: 46,000 sidecars counted for TheLastGimbus PR #449, ente PR #4956, and an emoji name in immich-go.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

SIDECAR_UNITS = 46
"""Longest name of a sidecar, without counter and `.json`, in UTF-16 units."""
MEDIA_UNITS = 51
"""Longest name of a media file, without its counter, in UTF-16 units."""
SUPPLEMENTAL = ".supplemental-metadata"

_FORBIDDEN = re.compile(r'[:*?"<>|\\/]')
_ODD = re.compile(r"[&'%:/*?\"<>|\\#;\x00-\x1f\x7f]")
_COUNTER = re.compile(r"(.+)\(([1-9][0-9]{0,4})\)", re.DOTALL)
_COUNTER_AFTER_EXTENSION = re.compile(r"(.+\.[A-Za-z0-9]{2,5})\(([1-9][0-9]{0,4})\)", re.DOTALL)


class Reading(NamedTuple):
    """The title and the counter in a file name: `IMG(3).jpg` has the title `IMG.jpg` and the counter 3.

    The title has `_` in place of forbidden characters (`on_disk`), and may be cut. The counter distinguishes pictures
    with the same title; it is 0 if there is none.
    """

    title: str
    counter: int


def units(text: str) -> int:
    """Return the length of `text` in UTF-16 code units, the unit of all limits in this module."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def cut(text: str, limit: int, keep_pair: bool = True) -> str:
    """Return the first `limit` UTF-16 units of `text`.

    A surrogate pair (two units for one character) may cross the limit. `keep_pair`: keep both units (seen in exports),
    or drop both.
    """
    if text.isascii() or len(text) * 2 <= limit:
        return text[:limit]
    length = 0
    for index, char in enumerate(text):
        width = 2 if char > "\uffff" else 1
        if length + (1 if keep_pair else width) > limit:
            return text[:index]
        length += width
    return text


def on_disk(title: str) -> str:
    """Return `title` with `_` in place of each character that file systems forbid, such as `:` and `?`."""
    return _FORBIDDEN.sub("_", title)


def composed(text: str) -> str:
    """Return `text` in NFC (composed), the form that Google writes. macOS writes names in NFD (decomposed)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """Return a key that is equal for texts that differ only in case, or in NFC and NFD."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.casefold())


def plain(text: str) -> str:
    """Return `folded(text)` with `_` in place of each character that a tool or a file system may replace."""
    return _ODD.sub("_", folded(text).replace("\xa0", " "))


def split(name: str) -> tuple[str, str]:
    """Split `name` into stem and extension. The extension has its dot, or is "" if the name has none."""
    dot = name.rfind(".")
    return (name[:dot], name[dot:]) if dot > 0 else (name, "")


def uncount(text: str) -> Reading:
    """Split the counter off the end of `text`: `IMG(3)` -> `IMG`, 3. `(0)` and `(01)` are no counters."""
    match = _COUNTER.fullmatch(text) if text.endswith(")") else None
    return Reading(match[1], int(match[2])) if match else Reading(text, 0)


def counted(text: str, counter: int) -> str:
    """Return `text` with the counter at its end: `IMG(3)`. A counter of 0 is not written."""
    return f"{text}({counter})" if counter else text


def uncount_media(name: str) -> Reading:
    """Split the counter off the stem of a media name: `IMG(3).jpg` -> `IMG.jpg`, 3."""
    stem, extension = split(name)
    bare, counter = uncount(stem)
    return Reading(bare + extension, counter)


def media_name(title: str, counter: int, suffix: str = "", keep_pair: bool = True) -> str:
    """Return the name that Google gives to the media file with this title and counter.

    `suffix`: if given, such as `-edited`, return the name of the edited copy. `keep_pair`: see `cut`.
    """
    stem, extension = split(title)
    return counted(cut(stem + suffix, max(0, MEDIA_UNITS - units(extension)), keep_pair), counter) + extension


def media_names(title: str, counter: int) -> tuple[str, ...]:
    """Return every name that the media file with this title and counter may have, the most likely one first.

    Only a cut title has several names. Their order: the name with the surrogate pair at the cut; the name without this
    pair; the name with the whole title (seen with 52 units).
    """
    if units(title) <= MEDIA_UNITS:
        return (media_name(title, counter) if counter else title,)
    stem, extension = split(title)
    likely, dropped = media_name(title, counter), media_name(title, counter, keep_pair=False)
    return tuple(dict.fromkeys((likely, dropped, counted(stem, counter) + extension)))


def stems(title: str, counter: int) -> tuple[str, ...]:
    """Return the stems that a media file may have if `title` has another extension, or none.

    A long stem is cut in several ways: for extensions of three, four, two and no letters.
    """
    if units(title) <= MEDIA_UNITS - 5:
        return (counted(title, counter),)
    lengths = (MEDIA_UNITS - 4, MEDIA_UNITS - 5, MEDIA_UNITS - 3, MEDIA_UNITS)
    return tuple(dict.fromkeys(counted(cut(title, length), counter) for length in lengths))


def sidecar_counter(base: str, title: str) -> int | None:
    """Return the counter in `base`, the name of a sidecar without `.json`; 0 if it has none.

    None if Google does not give this name to the sidecar of a picture with this title.
    """
    if _is_base(base, title):
        return 0
    bare, counter = uncount(base)
    return counter if counter and _is_base(bare, title) else None


def _is_base(base: str, title: str) -> bool:
    full = title + SUPPLEMENTAL
    if base == cut(full, SIDECAR_UNITS) or base == cut(title, SIDECAR_UNITS):
        return True
    if title.isascii():
        return False
    return base == cut(full, SIDECAR_UNITS, keep_pair=False) or base == cut(
        title, SIDECAR_UNITS, keep_pair=False
    )


def sidecar_name(title: str, counter: int, supplemental: bool = True) -> str:
    """Return the name that Google gives to the sidecar of a picture with this title and counter.

    `supplemental`: whether the name has the suffix `.supplemental-metadata` of newer exports.
    """
    return counted(cut(title + SUPPLEMENTAL if supplemental else title, SIDECAR_UNITS), counter) + ".json"


def read_sidecar_base(base: str) -> Reading:
    """Return the title and the counter in `base`, the name of a sidecar without `.json`. A cut title stays cut.

    The counter may precede the suffix: `IMG.HEIC(1).supplemental-metadata`.
    """
    bare, counter = uncount(base)
    stem, tail = split(bare)
    if not SUPPLEMENTAL.startswith(tail) or not tail or (tail == "." and units(bare) != SIDECAR_UNITS):
        return Reading(bare, counter)
    return Reading(stem, counter) if counter else misplaced_counter(stem) or Reading(stem, 0)


def misplaced_counter(title: str) -> Reading | None:
    """Return title and counter if the counter follows the extension: `IMG.HEIC(1)` -> `IMG.HEIC`, 1; else None."""
    match = _COUNTER_AFTER_EXTENSION.fullmatch(title) if title.endswith(")") else None
    return Reading(match[1], int(match[2])) if match else None
