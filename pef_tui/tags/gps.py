"""Make the edits of the place of a picture: latitude, longitude and altitude. They are one unit: decided together.

Coordinates in the file are kept. They are a conflict only if the user moved the picture in Google Photos. Then the
sidecar's geoData is more than 200 m away, and differs from geoDataExif, which Google read in the camera's file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pef_tui.model import GeoPoint, Match, Sidecar, TagEdit, Value, When
from pef_tui.tags.places import GPS_TEXTS, PLACE_UNIT, distance, file_point
from pef_tui.tags.tag_lists import tag_list, tags_of

UNIT = PLACE_UNIT

MOVED_METRES = 200.0
"""Distance in metres. Points that are farther apart are different."""

_EQUAL = 1.0  # metres; up to this distance, geoData is a copy of geoDataExif


def gps(match: Match) -> Iterable[TagEdit]:
    """Return the edits of latitude, longitude and altitude.

    Empty if the sidecar has no point, or if the file's own point is kept.
    """
    sidecar = match.sidecar
    point = sidecar.point if sidecar is not None else None
    if sidecar is None or point is None:
        return ()
    tags = tags_of(match)
    in_file = file_point(tags) if tags else None
    if in_file is not None and not _was_moved(sidecar, in_file):
        return ()
    return _edits(tag_list(match), tags, point, "always" if in_file is None else "missing")


def _was_moved(sidecar: Sidecar, in_file: GeoPoint) -> bool:
    in_google = sidecar.geo_data.point if sidecar.geo_data is not None else None
    if in_google is None or distance(in_google, in_file) <= MOVED_METRES:
        return False
    camera = sidecar.geo_data_exif.point if sidecar.geo_data_exif is not None else None
    return camera is None or distance(in_google, camera) > _EQUAL


def _edits(tag_list: str, tags: dict[str, Value], point: GeoPoint, condition: When) -> Iterator[TagEdit]:
    """Yield the edits of the tags in `tag_list`; and of the XMP tags, if the file has a place in XMP.

    `condition`: when the tags are written, as in `TagEdit.when`.
    """
    if tag_list == "exif":
        yield from _exif(tags, point, condition)
    if tag_list == "quicktime":
        text = coordinates_text(point)
        for tag in GPS_TEXTS:
            yield TagEdit(tag, text, condition, UNIT)
    if tag_list == "xmp" or "XMP-exif:GPSLatitude" in tags:
        yield from _xmp(tags, point, condition)


def _exif(tags: dict[str, Value], point: GeoPoint, condition: When) -> Iterator[TagEdit]:
    """Yield edits with signed numbers. The writers add the hemisphere references (N, S, E, W)."""
    yield TagEdit("EXIF:GPSLatitude", round(point.latitude, 7), condition, UNIT)
    yield TagEdit("EXIF:GPSLongitude", round(point.longitude, 7), condition, UNIT)
    if point.altitude is not None:
        yield TagEdit("EXIF:GPSAltitude", round(point.altitude, 2), condition, UNIT)
    elif "EXIF:GPSAltitude" in tags:
        yield TagEdit("EXIF:GPSAltitude", None, "always", UNIT)


def _xmp(tags: dict[str, Value], point: GeoPoint, condition: When) -> Iterator[TagEdit]:
    """Yield edits with signed numbers. In XMP only the altitude has no sign: its reference is 1 below the sea."""
    yield TagEdit("XMP-exif:GPSLatitude", round(point.latitude, 7), condition, UNIT)
    yield TagEdit("XMP-exif:GPSLongitude", round(point.longitude, 7), condition, UNIT)
    if point.altitude is not None:
        yield TagEdit("XMP-exif:GPSAltitude", round(abs(point.altitude), 2), "always", UNIT)
        yield TagEdit("XMP-exif:GPSAltitudeRef", int(point.altitude < 0), "always", UNIT)
    elif "XMP-exif:GPSAltitude" in tags:
        yield TagEdit("XMP-exif:GPSAltitude", None, "always", UNIT)
        yield TagEdit("XMP-exif:GPSAltitudeRef", None, "always", UNIT)


def coordinates_text(point: GeoPoint) -> str:
    """Return `point` as videos store it: `lat, lon, alt` with 5 decimals. (Google Photos reads no more.)"""
    text = f"{point.latitude:.5f}, {point.longitude:.5f}"
    return text if point.altitude is None else f"{text}, {point.altitude:.2f}"
