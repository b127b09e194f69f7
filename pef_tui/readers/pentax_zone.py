"""Read the city that a Pentax camera (or a Ricoh with such a maker note) was set to, without ExifTool.

Only values in the directory itself are read: programs that move maker notes leave their offsets wrong. (Structures and
names as in ExifTool's tables: 0x0022 to 0x0026 of the main directory, 0x006b TimeInfo of newer cameras.)
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import iter_unpack, unpack_from

from pef_tui.model import Value

CITY, DAYLIGHT = "Pentax:City", "Pentax:DaylightSavings"
WORLD_TIME = ("WorldTimeLocation", "HometownCity", "DestinationCity", "HometownDST", "DestinationDST")
"""ExifTool's names of the tags 0x0022 to 0x0026, in this order."""

_DIRECTORY_STARTS = {b"AOC\0": 6, b"PENTAX \0": 10, b"RICOH\0II": 8, b"RICOH\0MM": 8}
"""Offset of the directory in a maker note, by the first bytes of the note."""
_FIRST, _TIME_INFO = 0x0022, 0x006B
_SHORT, _INLINE = 3, 4
_MAX_ENTRIES = 255
_AWAY, _HOME_SUMMER, _AWAY_SUMMER = 1, 2, 4  # bits of the first byte of TimeInfo


def is_pentax(note: bytes) -> bool:
    """Return whether a maker note begins like the notes of Pentax cameras."""
    return note.startswith(tuple(_DIRECTORY_STARTS))


def city_tags(note: bytes) -> dict[str, Value]:
    """Return the tags `Pentax:City` and `Pentax:DaylightSavings`; {} if the city is unknown.

    `Pentax:City` is the number of the city whose time the camera showed. `Pentax:DaylightSavings` is 1 for summer time,
    else 0. `note`: a maker note that `is_pentax` accepts.
    """
    start = next(offset for head, offset in _DIRECTORY_STARTS.items() if note.startswith(head))
    for mark in "><":
        if len(note) < start + 2:
            return {}
        number = unpack_from(mark + "H", note, start)[0]
        if 0 < number <= _MAX_ENTRIES:
            return _read_world_time(note[start + 2 : start + 2 + 12 * number], mark)
    return {}


def _read_world_time(entries: bytes, mark: str) -> dict[str, Value]:
    values: dict[int, bytes] = {}
    for tag, kind, number, value in iter_unpack(mark + "HHI4s", entries[: len(entries) // 12 * 12]):
        if number == 1 and kind == _SHORT and _FIRST <= tag < _FIRST + len(WORLD_TIME):
            values[tag - _FIRST] = value
        elif tag == _TIME_INFO and number == _INLINE:
            values.setdefault(len(WORLD_TIME), value)
    numbers = [
        unpack_from(mark + "H", values[index])[0] for index in range(len(WORLD_TIME)) if index in values
    ]
    if len(numbers) == len(WORLD_TIME):
        return world_time_tags(dict(zip(WORLD_TIME, numbers, strict=True)))
    if (info := values.get(len(WORLD_TIME))) is None:
        return {}
    is_away, *summer = (info[0] & bit for bit in (_AWAY, _HOME_SUMMER, _AWAY_SUMMER))
    return world_time_tags(dict(zip(WORLD_TIME, (is_away, *info[2:], *summer), strict=True)))


def world_time_tags(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the tags `Pentax:City` and `Pentax:DaylightSavings` of the selected city (home or destination).

    `values`: values by the names in `WORLD_TIME`. {} if one of them is missing.
    """
    if not all(isinstance(values.get(name), int | float) for name in WORLD_TIME):
        return {}
    is_away = bool(values["WorldTimeLocation"])
    city, summer = ("DestinationCity", "DestinationDST") if is_away else ("HometownCity", "HometownDST")
    return {CITY: values[city], DAYLIGHT: int(bool(values[summer]))}
