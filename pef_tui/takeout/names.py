"""The naming rule of Google Photos exports, forwards: from a title and a counter to the names of the files.

    sidecar  cut(title, 46) (n) .json                            exports until autumn 2024
             cut(title + ".supplemental-metadata", 46) (n) .json exports since; both occur, even in one export
    media    cut(stem, 51 - length of extension) (n) extension
    edited   cut(stem + suffix, 51 - length of extension) (n) extension

Lengths are UTF-16 code units. The counter tells pictures of one title apart: it is part of who a picture is, and
outside the limits. Sources: 46,000 sidecars counted for TheLastGimbus PR #449, ente PR #4956, and an emoji name in
immich-go.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

SIDECAR_UNITS = 46
"""UTF-16 units of a sidecar's name without counter and `.json`."""
MEDIA_UNITS = 51
"""UTF-16 units of a media name without its counter."""
SUPPLEMENTAL = ".supplemental-metadata"

_FORBIDDEN = re.compile(r'[:*?"<>|\\/]')
_ODD = re.compile(r"[&'%:/*?\"<>|\\#;\x00-\x1f\x7f]")
_COUNTER = re.compile(r"(.+)\(([1-9][0-9]{0,4})\)", re.DOTALL)
_COUNTER_AFTER_EXTENSION = re.compile(r"(.+\.[A-Za-z0-9]{2,5})\(([1-9][0-9]{0,4})\)", re.DOTALL)


class Reading(NamedTuple):
    """A title, as a file system shows it, and the counter that tells pictures of that title apart (0: none)."""

    title: str
    counter: int


def units(text: str) -> int:
    """Length in UTF-16 code units, the measure of every limit here."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def cut(text: str, limit: int, whole: bool = True) -> str:
    """The first `limit` UTF-16 units; a surrogate pair at the cut is kept whole (seen), or dropped."""
    if text.isascii() or len(text) * 2 <= limit:
        return text[:limit]
    used = 0
    for index, char in enumerate(text):
        width = 2 if char > "\uffff" else 1
        if used + (1 if whole else width) > limit:
            return text[:index]
        used += width
    return text


def on_disk(title: str) -> str:
    """The title with the characters that file systems forbid written as `_`."""
    return _FORBIDDEN.sub("_", title)


def composed(text: str) -> str:
    """NFC, the form Google writes; macOS decomposes names."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """The text without what NFC and NFD, capitals and small letters differ in."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.casefold())


def plain(text: str) -> str:
    """Folded, and every character that some tool or file system replaces written as `_`."""
    return _ODD.sub("_", folded(text).replace("\xa0", " "))


def split(name: str) -> tuple[str, str]:
    """Stem and extension (with its dot; "" where there is none)."""
    dot = name.rfind(".")
    return (name[:dot], name[dot:]) if dot > 0 else (name, "")


def uncount(text: str) -> Reading:
    """Take a counter off the end: `IMG(3)` is `IMG`, 3. `(0)` and `(01)` are no counters."""
    found = _COUNTER.fullmatch(text) if text.endswith(")") else None
    return Reading(found[1], int(found[2])) if found else Reading(text, 0)


def counted(text: str, counter: int) -> str:
    """The text with the counter put at its end."""
    return f"{text}({counter})" if counter else text


def uncount_media(name: str) -> Reading:
    """Take the counter out of a media name: `IMG(3).jpg` is `IMG.jpg`, 3."""
    stem, extension = split(name)
    bare, counter = uncount(stem)
    return Reading(bare + extension, counter)


def media_name(title: str, counter: int, suffix: str = "", whole: bool = True) -> str:
    """The name Google gives the media file of this title; with a suffix, its edited copy."""
    stem, extension = split(title)
    return counted(cut(stem + suffix, max(0, MEDIA_UNITS - units(extension)), whole), counter) + extension


def media_names(title: str, counter: int) -> tuple[str, ...]:
    """Every name the media file of this title may have, the likeliest first.

    More than one only where the title is cut: the pair at the cut kept or dropped, and the whole title (seen with 52).
    """
    if units(title) <= MEDIA_UNITS:
        return (media_name(title, counter) if counter else title,)
    stem, extension = split(title)
    likely, dropped = media_name(title, counter), media_name(title, counter, whole=False)
    return tuple(dict.fromkeys((likely, dropped, counted(stem, counter) + extension)))


def stems(title: str, counter: int) -> tuple[str, ...]:
    """Names before the extension that the export itself gave: for titles without one, or with another.

    Cut for extensions of no, two, three and four letters.
    """
    if units(title) <= MEDIA_UNITS - 5:
        return (counted(title, counter),)
    lengths = (MEDIA_UNITS - 4, MEDIA_UNITS - 5, MEDIA_UNITS - 3, MEDIA_UNITS)
    return tuple(dict.fromkeys(counted(cut(title, length), counter) for length in lengths))


def sidecar_counter(base: str, title: str) -> int | None:
    """The counter in a sidecar's name (given without `.json`) if this is how Google names the sidecar of the title.

    None where it is not: the file name and the title then tell two different things.
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
    return base == cut(full, SIDECAR_UNITS, whole=False) or base == cut(title, SIDECAR_UNITS, whole=False)


def sidecar_name(title: str, counter: int, supplemental: bool = True) -> str:
    """The name Google gives the sidecar of this title."""
    return counted(cut(title + SUPPLEMENTAL if supplemental else title, SIDECAR_UNITS), counter) + ".json"


def read_sidecar_base(base: str) -> Reading:
    """What a sidecar's name (without `.json`) itself says of title and counter; a cut title stays cut.

    Seen with the counter before the suffix too: `IMG.HEIC(1).supplemental-metadata`.
    """
    bare, counter = uncount(base)
    stem, tail = split(bare)
    if not SUPPLEMENTAL.startswith(tail) or not tail or (tail == "." and units(bare) != SIDECAR_UNITS):
        return Reading(bare, counter)
    return Reading(stem, counter) if counter else misplaced_counter(stem) or Reading(stem, 0)


def misplaced_counter(title: str) -> Reading | None:
    """Read `IMG.HEIC(1)` as `IMG.HEIC`, 1; None where the title does not look so."""
    found = _COUNTER_AFTER_EXTENSION.fullmatch(title) if title.endswith(")") else None
    return Reading(found[1], int(found[2])) if found else None
