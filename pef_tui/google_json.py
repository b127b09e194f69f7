"""The JSON files of Google Photos as frozen structs. msgspec decodes the bytes of a file directly into them."""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache

from msgspec import UNSET, Struct, UnsetType

MILLISECONDS_FROM = 100_000_000_000  # a larger timestamp cannot be in seconds (it would be the year 5138)


class Timestamp(Struct, frozen=True, gc=False):
    """A date in Google's JSON: seconds since 1970-01-01 UTC, usually as a string."""

    timestamp: str | int | float | None = None
    """The number in the JSON, as Google wrote it; None if it is missing."""

    @property
    def seconds(self) -> float | None:
        """Seconds since 1970-01-01 UTC, negative for earlier dates; None for 0, "", and texts that are no number.

        A number above 1e11 is read as milliseconds.
        """
        try:
            number = float(self.timestamp or 0)
        except (ValueError, OverflowError):
            return None
        if abs(number) > MILLISECONDS_FROM:
            number /= 1000
        return number if number and math.isfinite(number) and abs(number) < 250_000_000_000 else None


class GeoPoint(Struct, frozen=True, gc=False):
    """A point on the earth: degrees (south and west are negative), and altitude in metres (None if unknown)."""

    latitude: float
    """Degrees, south negative."""
    longitude: float
    """Degrees, west negative."""
    altitude: float | None = None
    """Metres above sea level; None if unknown."""


class Geo(Struct, frozen=True, gc=False):
    """Coordinates in Google's JSON. Google writes latitude 0.0 and longitude 0.0 if there is no location."""

    latitude: float | str | None = None
    """Degrees, south negative; 0 without a location."""
    longitude: float | str | None = None
    """Degrees, west negative; 0 without a location."""
    altitude: float | str | None = None
    """Metres above sea level; 0 if unknown."""

    @property
    def point(self) -> GeoPoint | None:
        """The point. None if latitude and longitude are missing, both 0, or out of range."""
        return _parse_point(self.latitude, self.longitude, self.altitude)


Degrees = float | str | None


@lru_cache(256)
def _parse_point(latitude: Degrees, longitude: Degrees, altitude: Degrees) -> GeoPoint | None:
    """Return the point. None if latitude and longitude are missing, both 0, out of range, or no numbers.

    The result is cached: several parts of the program need it, and many pictures have the same point.
    """
    try:
        north, east, up = float(latitude or 0), float(longitude or 0), float(altitude or 0)
    except ValueError:
        return None
    if not (abs(north) <= 90 and abs(east) <= 180) or (north == 0 and east == 0):
        return None
    return GeoPoint(north, east, up if up and abs(up) < 100_000 else None)


class Person(Struct, frozen=True, gc=False):
    """One person in a picture: an entry of `Sidecar.people`."""

    name: str | None = None
    """Name in Google Photos; None if the entry has none."""


class Origin(Struct, frozen=True, gc=False, rename="camel"):
    """How a picture was added to Google Photos (`googlePhotosOrigin`). Usually one field is present."""

    from_partner_sharing: dict[str, object] | None = None
    """Present if a partner shared the picture."""
    from_shared_album: dict[str, object] | None = None
    """Present if the picture was saved from a shared album."""
    mobile_upload: dict[str, object] | None = None
    """Present if a phone uploaded the picture: `deviceType`, `deviceFolder`."""
    composition: dict[str, object] | None = None
    """Present if Google made the picture: a collage, an animation."""


class Sidecar(Struct, frozen=True, gc=False, rename="camel"):
    """The content of the JSON file of a picture or video ("supplemental metadata")."""

    title: str = ""
    """File name of the picture before Google shortened it. It may contain any character, so it is never used as a
    path."""
    description: str | None = None
    """Description of the picture, possibly with several lines; None if the JSON has none."""
    photo_taken_time: Timestamp | None = None
    """When the picture was taken (`taken` has the number); None if the JSON has no date."""
    geo_data: Geo | None = None
    """Location in Google Photos: set by the user, or estimated by Google Photos."""
    geo_data_exif: Geo | None = None
    """Location that the camera recorded."""
    people: tuple[Person, ...] | None = None
    """People in the picture, as Google lists them (`names` has each name once); None if there are none."""
    favorited: bool | None = None
    """True if the picture is a favourite."""
    archived: bool | None = None
    """True if the picture is in the archive."""
    trashed: bool | None = None
    """True if the picture is in the bin."""
    url: str | None = None
    """Address of the picture's page on Google Photos."""
    google_photos_origin: Origin | None = None
    """How the picture was added to Google Photos."""
    in_locked_folder: bool | UnsetType | None = UNSET
    """True if the picture is in the locked folder; UNSET if the JSON does not have this field. The default is not None:
    so hashes of sidecars in older manifests stay valid."""

    @property
    def taken(self) -> float | None:
        """When the picture was taken, in seconds since 1970-01-01 UTC; None if unknown."""
        return self.photo_taken_time.seconds if self.photo_taken_time else None

    @property
    def point(self) -> GeoPoint | None:
        """Where the picture was taken: `geo_data`, else `geo_data_exif`; None if neither has coordinates."""
        for geo in (self.geo_data, self.geo_data_exif):
            if geo is not None and (point := geo.point) is not None:
                return point
        return None

    @property
    def is_partner_shared(self) -> bool:
        """Whether a partner of the account shared the picture: `googlePhotosOrigin` has `fromPartnerSharing`."""
        origin = self.google_photos_origin
        return origin is not None and origin.from_partner_sharing is not None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the people, each name once, in Google's order and in Unicode form NFC. Empty names are left out."""
        names: dict[str, None] = {}
        for person in self.people or ():
            if name := unicodedata.normalize("NFC", person.name or "").strip():
                names[name] = None
        return tuple(names)


class Album(Struct, frozen=True, gc=False):
    """The content of the JSON file of an album."""

    title: str = ""
    """Title of the album in Google Photos."""
    description: str = ""
    """Description of the album."""
    texts: tuple[str, ...] = ()
    """Texts that the user added between the pictures."""
    places: tuple[tuple[str, GeoPoint], ...] = ()
    """Places that the user added between the pictures: name and point of each place."""
