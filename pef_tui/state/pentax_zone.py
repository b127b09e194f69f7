"""The city that a camera of Pentax (and Ricoh's of the same make) was set to, read without ExifTool.

Only values that lie in the directory itself are read: programs move such notes and leave their offsets wrong. (Forms
and names as in ExifTool's tables: 0x0022 to 0x0026 of the main directory, 0x006b TimeInfo of newer cameras.)
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import iter_unpack, unpack_from

from pef_tui.model import Value

CITY, DAYLIGHT = "Pentax:City", "Pentax:DaylightSavings"
WORLD_TIME = ("WorldTimeLocation", "HometownCity", "DestinationCity", "HometownDST", "DestinationDST")
"""ExifTool's names, in the order of 0x0022 to 0x0026."""

_HEADS = {b"AOC\0": 6, b"PENTAX \0": 10, b"RICOH\0II": 8, b"RICOH\0MM": 8}
"""How notes begin, and where their directory does."""
_FIRST, _TIME_INFO = 0x0022, 0x006B
_SHORT, _INLINE = 3, 4
_MOST_ENTRIES = 255
_AWAY, _HOME_SUMMER, _AWAY_SUMMER = 1, 2, 4  # bits of TimeInfo


def is_pentax(note: bytes) -> bool:
    """Does a maker note begin as those of Pentax?"""
    return note.startswith(tuple(_HEADS))


def city_set(note: bytes) -> dict[str, Value]:
    """The number of the city whose time the camera showed, and 1 for its summer time; empty where neither is there."""
    start = next(at for head, at in _HEADS.items() if note.startswith(head))
    for mark in "><":
        if len(note) < start + 2:
            return {}
        number = unpack_from(mark + "H", note, start)[0]
        if 0 < number <= _MOST_ENTRIES:
            return _world_time(note[start + 2 : start + 2 + 12 * number], mark)
    return {}


def _world_time(entries: bytes, mark: str) -> dict[str, Value]:
    found: dict[int, bytes] = {}
    for tag, kind, number, value in iter_unpack(mark + "HHI4s", entries[: len(entries) // 12 * 12]):
        if number == 1 and kind == _SHORT and _FIRST <= tag < _FIRST + len(WORLD_TIME):
            found[tag - _FIRST] = value
        elif tag == _TIME_INFO and number == _INLINE:
            found.setdefault(len(WORLD_TIME), value)
    shown = [unpack_from(mark + "H", found[place])[0] for place in range(len(WORLD_TIME)) if place in found]
    if len(shown) == len(WORLD_TIME):
        return of_world_time(dict(zip(WORLD_TIME, shown, strict=True)))
    if (info := found.get(len(WORLD_TIME))) is None:
        return {}
    away, *summer = (info[0] & bit for bit in (_AWAY, _HOME_SUMMER, _AWAY_SUMMER))
    return of_world_time(dict(zip(WORLD_TIME, (away, *info[2:], *summer), strict=True)))


def of_world_time(told: Mapping[str, Value]) -> dict[str, Value]:
    """City and summer time that count, of the values by ExifTool's names; empty where one is missing."""
    if not all(isinstance(told.get(name), int | float) for name in WORLD_TIME):
        return {}
    away = bool(told["WorldTimeLocation"])
    city, summer = ("DestinationCity", "DestinationDST") if away else ("HometownCity", "HometownDST")
    return {CITY: told[city], DAYLIGHT: int(bool(told[summer]))}
