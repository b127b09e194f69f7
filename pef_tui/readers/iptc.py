"""Read the IPTC tags in the Photoshop block of a JPEG.

If the block has a tag that is not in `DATASET_NAMES`, ExifTool reads the file.
"""

from __future__ import annotations

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.iptc import (
    DATASET_NAMES,
    EXIF,
    EXIF_3,
    IPTC,
    LIST_DATASETS,
    UTF8,
    XMP,
    read_datasets,
    read_resources,
)
from pef_tui.model import Value

_DATES, _TIMES, _NUMBERS = frozenset((55, 62)), frozenset((60, 63)), frozenset((10,))


def iptc_tags(block: bytes) -> dict[str, Value] | None:
    """Return the IPTC tags in Photoshop's image resources by `IPTC:name`; {} if there is no IPTC resource.

    None if the block is damaged, holds EXIF or XMP, or has IPTC that cannot be read reliably.
    """
    iptc_block: bytes | None = None
    try:
        for resource in read_resources(block):
            if resource.number in (EXIF, EXIF_3, XMP) or (resource.number == IPTC and iptc_block is not None):
                return None
            if resource.number == IPTC:
                iptc_block = block[resource.start : resource.end]
        return {} if iptc_block is None else _records(iptc_block)
    except UnsupportedStructure:
        return None


def _records(block: bytes) -> dict[str, Value] | None:
    tags: dict[str, Value] = {}
    lists: dict[str, list[str]] = {}
    encoding = "cp1252"
    for record, number, _, value in read_datasets(block):
        if (record, number) == (1, 90):
            if value != UTF8 or tags or lists:
                return None
            encoding = "utf-8"
            tags["IPTC:CodedCharacterSet"] = "UTF8"
        elif (record, number) == (2, 0):
            tags["IPTC:ApplicationRecordVersion"] = str(int.from_bytes(value, "big"))
        elif (
            record != 2
            or (name := DATASET_NAMES.get(number)) is None
            or (text := _value(number, value, encoding)) is None
        ):
            return None
        elif number in LIST_DATASETS:
            lists.setdefault(f"IPTC:{name}", []).append(text)
        elif f"IPTC:{name}" in tags:
            return None
        else:
            tags[f"IPTC:{name}"] = text
    return tags | {name: tuple(values) for name, values in lists.items()}


def _value(dataset: int, value: bytes, encoding: str) -> str | None:
    try:
        text = value.decode(encoding)
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
    """Return `123456+0200` as `12:34:56+02:00`; None for another form.

    The time zone may be missing: many programs leave it out.
    """
    if len(text) == 6 and text.isdigit():
        return f"{text[:2]}:{text[2:4]}:{text[4:]}"
    if len(text) != 11 or not text[:6].isdigit() or text[6] not in "+-" or not text[7:].isdigit():
        return None
    return f"{text[:2]}:{text[2:4]}:{text[4:9]}:{text[9:]}"
