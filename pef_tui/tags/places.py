"""Read points on the earth as files store them, and measure their distance."""

from __future__ import annotations

import re
from math import asin, cos, radians, sin, sqrt

from pef_tui.model import GeoPoint, Value

PLACE_UNIT = "place"
"""Name of the unit of latitude, longitude and altitude. (Edits of one unit are decided together.)"""

GPS_PAIRS = (
    ("EXIF:GPSLatitude", "EXIF:GPSLongitude", "EXIF:GPSAltitude"),
    ("XMP-exif:GPSLatitude", "XMP-exif:GPSLongitude", "XMP-exif:GPSAltitude"),
)
GPS_TEXTS = ("Keys:GPSCoordinates", "UserData:GPSCoordinates", "ItemList:GPSCoordinates")

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?")
_EARTH = 6_371_000.0  # mean radius in metres


def file_point(tags: dict[str, Value]) -> GeoPoint | None:
    """Return the point where the file was taken, in signed degrees; None without a valid one. (0, 0) is not valid."""
    for latitude, longitude, altitude in GPS_PAIRS:
        if latitude in tags and longitude in tags:
            point = _valid_point(tags[latitude], tags[longitude], tags.get(altitude))
            if point is not None:
                return point
    for tag in GPS_TEXTS:
        if tag in tags and (point := _valid_point(*coordinates(tags[tag]))) is not None:
            return point
    return None


def coordinates(value: Value) -> tuple[float | None, float | None, float | None]:
    """Return latitude, longitude and altitude from a text; None for a missing number.

    Forms: `-33.85, 151.21, 58`, `-33.85 151.21` and `-33.85+151.21/`.
    """
    numbers: list[float | None] = [float(number) for number in _NUMBER.findall(str(value))]
    latitude, longitude, altitude = (*numbers, None, None, None)[:3]
    return latitude, longitude, altitude


def _valid_point(latitude: Value | None, longitude: Value | None, altitude: Value | None) -> GeoPoint | None:
    try:
        north, east = float(latitude), float(longitude)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    if not (abs(north) <= 90 and abs(east) <= 180) or (north == 0 and east == 0):
        return None
    return GeoPoint(north, east, altitude if isinstance(altitude, int | float) else None)


def distance(start: GeoPoint, end: GeoPoint) -> float:
    """Return the distance between two points in metres, on a sphere."""
    north, north2 = radians(start.latitude), radians(end.latitude)
    east = radians(end.longitude - start.longitude)
    half = sin((north2 - north) / 2) ** 2 + cos(north) * cos(north2) * sin(east / 2) ** 2
    return 2 * _EARTH * asin(min(1.0, sqrt(half)))
