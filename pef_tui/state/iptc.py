"""The IPTC tags inside a Photoshop block of a JPEG, as far as they matter."""

from __future__ import annotations

from pef_tui.formats.iptc import EXIF, EXIF_3, IPTC, LISTS, TEXTS, UTF8, XMP, Broken, datasets, resources
from pef_tui.model import Value

_DATES, _TIMES, _NUMBERS = frozenset((55, 62)), frozenset((60, 63)), frozenset((10,))


def iptc_tags(block: bytes) -> dict[str, Value] | None:
    """The IPTC tags of Photoshop's image resources by `IPTC:name`; empty where there is no IPTC.

    None where a block is broken, or holds EXIF or XMP of its own.
    """
    found: bytes | None = None
    try:
        for resource in resources(block):
            if resource.number in (EXIF, EXIF_3, XMP) or (resource.number == IPTC and found is not None):
                return None
            if resource.number == IPTC:
                found = block[resource.start : resource.end]
        return {} if found is None else _records(found)
    except Broken:
        return None


def _records(block: bytes) -> dict[str, Value] | None:
    tags: dict[str, Value] = {}
    lists: dict[str, list[str]] = {}
    coding = "cp1252"
    for record, number, _, value in datasets(block):
        if (record, number) == (1, 90):
            if value != UTF8 or tags or lists:
                return None
            coding = "utf-8"
            tags["IPTC:CodedCharacterSet"] = "UTF8"
        elif (record, number) == (2, 0):
            tags["IPTC:ApplicationRecordVersion"] = str(int.from_bytes(value, "big"))
        elif (
            record != 2
            or (name := TEXTS.get(number)) is None
            or (shown := _value(number, value, coding)) is None
        ):
            return None
        elif number in LISTS:
            lists.setdefault(f"IPTC:{name}", []).append(shown)
        elif f"IPTC:{name}" in tags:
            return None
        else:
            tags[f"IPTC:{name}"] = shown
    return tags | {name: tuple(values) for name, values in lists.items()}


def _value(dataset: int, value: bytes, coding: str) -> str | None:
    try:
        text = value.decode(coding)
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    if dataset in _NUMBERS and not (text.isascii() and text.isdigit()):
        return None
    if dataset in _DATES:
        return f"{text[:4]}:{text[4:6]}:{text[6:]}" if len(text) == 8 and text.isdigit() else None
    if dataset in _TIMES:
        return _time(text)
    return text


def _time(text: str) -> str | None:
    """`123456+0200` as `12:34:56+02:00`; many programs leave the zone out."""
    if len(text) == 6 and text.isdigit():
        return f"{text[:2]}:{text[2:4]}:{text[4:]}"
    if len(text) != 11 or not text[:6].isdigit() or text[6] not in "+-" or not text[7:].isdigit():
        return None
    return f"{text[:2]}:{text[2:4]}:{text[4:9]}:{text[9:]}"
