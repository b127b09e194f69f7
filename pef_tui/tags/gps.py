"""Where a picture was taken: latitude, longitude and altitude, one unit.

A place in the file is kept. It makes a conflict only where the user moved the picture in Google Photos: geoData
is more than 200 m away, and is not what Google read in the camera's file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pef_tui.model import Match, Place, Sidecar, TagEdit, Value, When
from pef_tui.tags.classes import tag_list, tags_of
from pef_tui.tags.places import GPS_TEXTS, PLACE, distance, file_place

UNIT = PLACE

MOVED = 200.0
"""Metres from which on a place counts as another one."""

_EQUAL = 1.0  # metres within which geoData is a copy of geoDataExif


def gps(match: Match) -> Iterable[TagEdit]:
    """Edits of the place unit: none where the sidecar has no place, or the file's own stands."""
    sidecar = match.sidecar
    place = sidecar.place if sidecar is not None else None
    if sidecar is None or place is None:
        return ()
    tags = tags_of(match)
    held = file_place(tags) if tags else None
    if held is not None and not _was_moved(sidecar, held):
        return ()
    return _edits(tag_list(match), tags, place, "always" if held is None else "missing")


def _was_moved(sidecar: Sidecar, held: Place) -> bool:
    shown = sidecar.geo_data.place if sidecar.geo_data is not None else None
    if shown is None or distance(shown, held) <= MOVED:
        return False
    camera = sidecar.geo_data_exif.place if sidecar.geo_data_exif is not None else None
    return camera is None or distance(shown, camera) > _EQUAL


def _edits(tag_list: str, tags: dict[str, Value], place: Place, when: When) -> Iterator[TagEdit]:
    """The tags of the list, and other spellings that the file already has."""
    if tag_list == "exif":
        yield from _exif(tags, place, when)
    if tag_list == "quicktime":
        text = coordinates_text(place)
        for tag in GPS_TEXTS:
            yield TagEdit(tag, text, when, UNIT)
    if tag_list == "xmp" or "XMP-exif:GPSLatitude" in tags:
        yield from _xmp(tags, place, when)


def _exif(tags: dict[str, Value], place: Place, when: When) -> Iterator[TagEdit]:
    """Signed numbers; whoever writes them adds the references."""
    yield TagEdit("EXIF:GPSLatitude", round(place.latitude, 7), when, UNIT)
    yield TagEdit("EXIF:GPSLongitude", round(place.longitude, 7), when, UNIT)
    if place.altitude is not None:
        yield TagEdit("EXIF:GPSAltitude", round(place.altitude, 2), when, UNIT)
    elif "EXIF:GPSAltitude" in tags:
        yield TagEdit("EXIF:GPSAltitude", None, "always", UNIT)


def _xmp(tags: dict[str, Value], place: Place, when: When) -> Iterator[TagEdit]:
    """Signed numbers, but for the altitude: XMP has it without sign, and 1 as reference below the sea."""
    yield TagEdit("XMP-exif:GPSLatitude", round(place.latitude, 7), when, UNIT)
    yield TagEdit("XMP-exif:GPSLongitude", round(place.longitude, 7), when, UNIT)
    if place.altitude is not None:
        yield TagEdit("XMP-exif:GPSAltitude", round(abs(place.altitude), 2), "always", UNIT)
        yield TagEdit("XMP-exif:GPSAltitudeRef", int(place.altitude < 0), "always", UNIT)
    elif "XMP-exif:GPSAltitude" in tags:
        yield TagEdit("XMP-exif:GPSAltitude", None, "always", UNIT)
        yield TagEdit("XMP-exif:GPSAltitudeRef", None, "always", UNIT)


def coordinates_text(place: Place) -> str:
    """`lat, lon, alt` as films hold it; Google Photos does not read more than 5 decimals."""
    text = f"{place.latitude:.5f}, {place.longitude:.5f}"
    return text if place.altitude is None else f"{text}, {place.altitude:.2f}"
