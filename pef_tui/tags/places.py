"""Places as files hold them, and how far they are from one another."""

from __future__ import annotations

import re
from math import asin, cos, radians, sin, sqrt

from pef_tui.model import Place, Value

PLACE = "place"
"""The unit of latitude, longitude and altitude."""

GPS_PAIRS = (
    ("EXIF:GPSLatitude", "EXIF:GPSLongitude", "EXIF:GPSAltitude"),
    ("XMP-exif:GPSLatitude", "XMP-exif:GPSLongitude", "XMP-exif:GPSAltitude"),
)
GPS_TEXTS = ("Keys:GPSCoordinates", "UserData:GPSCoordinates", "ItemList:GPSCoordinates")

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?")
_EARTH = 6_371_000.0  # mean radius in metres


def file_place(tags: dict[str, Value]) -> Place | None:
    """Where the file says it was taken: signed degrees; None for nothing, (0, 0) and what is no place."""
    for latitude, longitude, altitude in GPS_PAIRS:
        if latitude in tags and longitude in tags:
            place = _place(tags[latitude], tags[longitude], tags.get(altitude))
            if place is not None:
                return place
    for tag in GPS_TEXTS:
        if tag in tags and (place := _place(*coordinates(tags[tag]))) is not None:
            return place
    return None


def coordinates(value: Value) -> tuple[float | None, float | None, float | None]:
    """Latitude, longitude and altitude of a text: `-33.85, 151.21, 58`, `-33.85 151.21` or `-33.85+151.21/`."""
    numbers: list[float | None] = [float(number) for number in _NUMBER.findall(str(value))]
    latitude, longitude, altitude = (*numbers, None, None, None)[:3]
    return latitude, longitude, altitude


def _place(latitude: Value | None, longitude: Value | None, altitude: Value | None) -> Place | None:
    try:
        north, east = float(latitude), float(longitude)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    if not (abs(north) <= 90 and abs(east) <= 180) or (north == 0 and east == 0):
        return None
    return Place(north, east, altitude if isinstance(altitude, int | float) else None)


def distance(one: Place, other: Place) -> float:
    """Metres between two places, on a sphere."""
    north, north2 = radians(one.latitude), radians(other.latitude)
    east = radians(other.longitude - one.longitude)
    half = sin((north2 - north) / 2) ** 2 + cos(north) * cos(north2) * sin(east / 2) ** 2
    return 2 * _EARTH * asin(min(1.0, sqrt(half)))
