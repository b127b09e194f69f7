"""Convert edits to arguments of ExifTool. An argument is always one line, even for a value of several lines.

Values are written as HTML entities (ExifTool's option `-E`). The option for C-style escapes is not used: it changes
`$5` to `\\$5`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from pef_tui.exiftool.tables import fits, valid_tag
from pef_tui.formats import Class
from pef_tui.model import TagEdit, Value

# Characters that XML 1.0 cannot hold, and lone surrogates, which UTF-8 cannot hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Converted to entities: characters with a meaning for ExifTool, line breaks of every kind, and blanks at either end.
_SPECIAL = re.compile("[&<>\"'\\t\\n\\r\x7f-\xa0\u2028\u2029\ufeff]|^ +| +$")

_HEMISPHERES = {"EXIF:GPSLATITUDE": "NS", "EXIF:GPSLONGITUDE": "EW"}
_ALTITUDES = frozenset({"EXIF:GPSALTITUDE", "XMP-EXIF:GPSALTITUDE"})


def arguments(edits: Sequence[TagEdit], format_class: Class) -> list[str]:
    """Return the arguments of ExifTool that make the edits.

    Edits that a file of `format_class` cannot hold are left out; the list is empty if none remains. A signed EXIF
    coordinate or altitude becomes two arguments: the number and its reference (`S` for south). The reference is left
    out if it has its own edit. Raises ValueError for a tag that must not be written, and for a number that is not
    finite.
    """
    writable = [edit for edit in edits if _check_tag(edit) and fits(edit.tag, format_class)]
    if not writable:
        return []
    edited_keys = {_key(edit.tag) for edit in writable}
    result = ["-E"]
    for edit in writable:
        result.extend(_assignments(edit.tag, edit.value))
        if f"{_key(edit.tag)}REF" not in edited_keys:
            result.extend(_reference(edit))
    return result


def encode(text: str) -> str:
    """Return `text` as one line for `-E`. Characters that XML or UTF-8 cannot hold are removed."""
    return _SPECIAL.sub(_entities, _FORBIDDEN.sub("", text))


def _entities(match: re.Match[str]) -> str:
    return "".join(f"&#{ord(character)};" for character in match[0])


def _check_tag(edit: TagEdit) -> bool:
    if not valid_tag(edit.tag):
        raise ValueError(f"not a tag that may be written: {edit.tag!r}")
    return True


def _key(tag: str) -> str:
    """Return `tag` in capitals, with EXIF in place of the groups GPS, IFD0 and ExifIFD."""
    group, _, name = tag.upper().partition(":")
    return f"EXIF:{name}" if group in ("GPS", "IFD0", "EXIFIFD") else f"{group}:{name}"


def _assignments(tag: str, value: Value | None) -> Iterator[str]:
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
    """Return `value` in digits without an exponent. Raises ValueError if `value` is not finite."""
    if not math.isfinite(value):
        raise ValueError(f"not a number that can be written: {value}")
    text = repr(value)
    return f"{value:.12f}".rstrip("0").rstrip(".") if "e" in text else text


def _reference(edit: TagEdit) -> Iterator[str]:
    """Yield the argument for the hemisphere of a coordinate or the reference of an altitude; none for other tags.

    It always has `#` (raw value): without `#`, `GPSAltitudeRef=1` is parsed as words, and stored as 0.
    """
    key, value = _key(edit.tag), edit.value
    if isinstance(value, str | tuple) or not (key in _HEMISPHERES or key in _ALTITUDES):
        return
    if value is None:
        yield f"-{edit.tag}Ref="
    elif key in _ALTITUDES:
        yield f"-{edit.tag}Ref#={int(value < 0)}"
    else:
        yield f"-{edit.tag}Ref#={_HEMISPHERES[key][value < 0]}"
