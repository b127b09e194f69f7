"""The IPTC tags inside a Photoshop block of a JPEG, as far as they matter.

(IPTC-IIM 4.2; Adobe Photoshop file formats, image resource blocks.)
"""

from __future__ import annotations

from struct import Struct

from pef_tui.model import Value

UTF8 = b"\x1b%G"
IPTC, EXIF, EXIF_3, XMP = 0x0404, 0x0422, 0x0423, 0x0424
TEXTS = {
    5: "ObjectName",
    7: "EditStatus",
    40: "SpecialInstructions",
    80: "By-line",
    85: "By-lineTitle",
    90: "City",
    92: "Sub-location",
    95: "Province-State",
    100: "Country-PrimaryLocationCode",
    101: "Country-PrimaryLocationName",
    103: "OriginalTransmissionReference",
    105: "Headline",
    110: "Credit",
    115: "Source",
    116: "CopyrightNotice",
    118: "Contact",
    120: "Caption-Abstract",
    122: "Writer-Editor",
    15: "Category",
    20: "SupplementalCategories",
    25: "Keywords",
    65: "OriginatingProgram",
    70: "ProgramVersion",
    10: "Urgency",
    55: "DateCreated",
    60: "TimeCreated",
    62: "DigitalCreationDate",
    63: "DigitalCreationTime",
}
"""Names of the datasets of record 2."""
LISTS = frozenset((20, 25, 80, 118))
_DATES, _TIMES, _NUMBERS = frozenset((55, 62)), frozenset((60, 63)), frozenset((10,))
_RESOURCE = Struct(">4sH")
_SIZE = Struct(">L")
_DATASET = Struct(">BBBH")


def iptc_tags(resources: bytes) -> dict[str, Value] | None:
    """The IPTC tags of Photoshop's image resources by `IPTC:name`; empty where there is no IPTC.

    None where a block is broken, or holds EXIF or XMP of its own.
    """
    found: bytes | None = None
    at, size = 0, len(resources)
    while at + 12 <= size:
        kind, number = _RESOURCE.unpack_from(resources, at)
        start = at + 6 + (resources[at + 6] + 2 & ~1)
        if kind != b"8BIM" or number in (EXIF, EXIF_3, XMP) or start + 4 > size:
            return None
        length = _SIZE.unpack_from(resources, start)[0]
        at = start + 4 + length
        if at > size:
            return None
        if number == IPTC:
            if found is not None:
                return None
            found = resources[start + 4 : at]
        at += length & 1
    return {} if found is None else _records(found)


def _records(block: bytes) -> dict[str, Value] | None:
    tags: dict[str, Value] = {}
    lists: dict[str, list[str]] = {}
    coding = "cp1252"
    at, size = 0, len(block.rstrip(b"\0"))
    while at < size:
        if at + 5 > len(block):
            return None
        mark, record, dataset, length = _DATASET.unpack_from(block, at)
        end = at + 5 + length
        if mark != 0x1C or length & 0x8000 or end > len(block):
            return None
        value = block[at + 5 : end]
        at = end
        if record == 1 and dataset == 90:
            if value != UTF8 or tags or lists:
                return None
            coding = "utf-8"
            tags["IPTC:CodedCharacterSet"] = "UTF8"
        elif record == 2 and dataset == 0:
            tags["IPTC:ApplicationRecordVersion"] = str(int.from_bytes(value, "big"))
        elif (
            record != 2
            or (name := TEXTS.get(dataset)) is None
            or (shown := _value(dataset, value, coding)) is None
        ):
            return None
        elif dataset in LISTS:
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
    """`123456+0200` as `12:34:56+02:00`."""
    if len(text) != 11 or not text[:6].isdigit() or text[6] not in "+-" or not text[7:].isdigit():
        return None
    return f"{text[:2]}:{text[2:4]}:{text[4:9]}:{text[9:]}"
