"""From edits to ExifTool's arguments. One argument is one line, whatever a value holds.

Values are written as HTML entities (ExifTool's `-E`), because its own C-style escape changes `$5` to `\\$5`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from pef_tui.exiftool.tables import fits, valid_tag
from pef_tui.formats import Class
from pef_tui.model import TagEdit, Value

# What XML 1.0 cannot hold, and lone surrogates, which UTF-8 cannot.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Entities for what means something to ExifTool, for line breaks of every kind, and for blanks at either end.
_SPECIAL = re.compile("[&<>\"'\\t\\n\\r\x7f-\xa0\u2028\u2029\ufeff]|^ +| +$")

_NORTH = {"EXIF:GPSLATITUDE": "NS", "EXIF:GPSLONGITUDE": "EW"}
_ALTITUDES = frozenset({"EXIF:GPSALTITUDE", "XMP-EXIF:GPSALTITUDE"})


def arguments(edits: Sequence[TagEdit], format_class: Class) -> list[str]:
    """The arguments that make these edits; those that the class cannot hold are left out.

    A signed EXIF coordinate or an altitude becomes the number and its reference. Raises ValueError for a tag that may
    not be written and a number that is none.
    """
    chosen = [edit for edit in edits if _checked(edit) and fits(edit.tag, format_class)]
    if not chosen:
        return []
    given = {_key(edit.tag) for edit in chosen}
    found = ["-E"]
    for edit in chosen:
        found.extend(_assign(edit.tag, edit.value))
        if f"{_key(edit.tag)}REF" not in given:
            found.extend(_reference(edit))
    return found


def encode(text: str) -> str:
    """The text as one line for `-E`; what neither XML nor UTF-8 can hold is removed."""
    return _SPECIAL.sub(_entities, _FORBIDDEN.sub("", text))


def _entities(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(character)};" for character in found[0])


def _checked(edit: TagEdit) -> bool:
    if not valid_tag(edit.tag):
        raise ValueError(f"not a tag that may be written: {edit.tag!r}")
    return True


def _key(tag: str) -> str:
    """The tag in capitals, with one name for the groups that are EXIF's."""
    group, _, name = tag.upper().partition(":")
    return f"EXIF:{name}" if group in ("GPS", "IFD0", "EXIFIFD") else f"{group}:{name}"


def _assign(tag: str, value: Value | None) -> Iterator[str]:
    match value:
        case None | ():
            yield f"-{tag}="
        case str():
            yield f"-{tag}={encoded}" if (encoded := encode(value)) else f"-{tag}^="
        case tuple():
            items = [encoded for item in value if (encoded := encode(item))]
            yield from (f"-{tag}={item}" for item in items or ("",))
        case _:
            number = abs(value) if _key(tag) in _ALTITUDES else value
            yield f"-{tag}#={_number(number)}"


def _number(value: float) -> str:
    """Digits without an exponent."""
    if not math.isfinite(value):
        raise ValueError(f"not a number that can be written: {value}")
    text = repr(value)
    return f"{value:.12f}".rstrip("0").rstrip(".") if "e" in text else text


def _reference(edit: TagEdit) -> Iterator[str]:
    """Hemisphere of a signed coordinate, side of the sea's surface of an altitude.

    Always raw: `GPSAltitudeRef=1` through ExifTool's reading of words is stored as 0.
    """
    key, value = _key(edit.tag), edit.value
    if isinstance(value, str | tuple) or not (key in _NORTH or key in _ALTITUDES):
        return
    if value is None:
        yield f"-{edit.tag}Ref="
    elif key in _ALTITUDES:
        yield f"-{edit.tag}Ref#={int(value < 0)}"
    else:
        yield f"-{edit.tag}Ref#={_NORTH[key][value < 0]}"
