"""What Google writes into its JSON files, as frozen structs decoded straight from their bytes."""

from __future__ import annotations

import math
import unicodedata

from msgspec import UNSET, Struct, UnsetType

MILLISECONDS_FROM = 100_000_000_000  # a timestamp above this cannot be seconds (it would be the year 5138)


class Stamp(Struct, frozen=True, gc=False):
    """A moment as Google writes it: UTC seconds, in a string."""

    timestamp: str | int | float | None = None

    @property
    def seconds(self) -> float | None:
        """UTC seconds since 1970 (negative before), None for "0", "" and what is no number.

        Above 1e11 the number is milliseconds.
        """
        try:
            number = float(self.timestamp or 0)
        except (ValueError, OverflowError):
            return None
        if abs(number) > MILLISECONDS_FROM:
            number /= 1000
        return number if number and math.isfinite(number) and abs(number) < 250_000_000_000 else None


class Place(Struct, frozen=True, gc=False):
    """A point on the earth: degrees, south and west negative; altitude in metres or None."""

    latitude: float
    longitude: float
    altitude: float | None = None


class Geo(Struct, frozen=True, gc=False):
    """Coordinates as Google writes them; both 0.0 means none."""

    latitude: float | str | None = None
    longitude: float | str | None = None
    altitude: float | str | None = None

    @property
    def place(self) -> Place | None:
        """The point meant, None where there is none or where it cannot be one."""
        try:
            latitude, longitude = float(self.latitude or 0), float(self.longitude or 0)
            altitude = float(self.altitude or 0)
        except ValueError:
            return None
        if not (abs(latitude) <= 90 and abs(longitude) <= 180) or (latitude == 0 and longitude == 0):
            return None
        return Place(latitude, longitude, altitude if altitude and abs(altitude) < 100_000 else None)


class Person(Struct, frozen=True, gc=False):
    """One entry of `people`."""

    name: str | None = None


class Origin(Struct, frozen=True, gc=False, rename="camel"):
    """`googlePhotosOrigin`: which key is there is the signal."""

    from_partner_sharing: dict[str, object] | None = None
    from_shared_album: dict[str, object] | None = None
    mobile_upload: dict[str, object] | None = None
    composition: dict[str, object] | None = None


class Sidecar(Struct, frozen=True, gc=False, rename="camel"):
    """One parsed Google JSON of a picture ("supplemental metadata"), decoded straight from its bytes."""

    title: str = ""
    """The picture's name before Google cut it; data, never a path."""
    description: str | None = None
    photo_taken_time: Stamp | None = None
    geo_data: Geo | None = None
    """The place set, edited or guessed in Google Photos."""
    geo_data_exif: Geo | None = None
    """The place the camera wrote."""
    people: tuple[Person, ...] | None = None
    favorited: bool | None = None
    archived: bool | None = None
    trashed: bool | None = None
    url: str | None = None
    google_photos_origin: Origin | None = None
    in_locked_folder: bool | UnsetType | None = UNSET
    """True where it is in the locked folder. Left out where Google does not say it, so that what the manifest remembers
    of sidecars without it still holds."""

    @property
    def taken(self) -> float | None:
        """The instant the picture was taken, UTC seconds since 1970."""
        return self.photo_taken_time.seconds if self.photo_taken_time else None

    @property
    def place(self) -> Place | None:
        """Where: what Google Photos shows, else what the camera wrote."""
        for geo in (self.geo_data, self.geo_data_exif):
            if geo is not None and (place := geo.place) is not None:
                return place
        return None

    @property
    def names(self) -> tuple[str, ...]:
        """Who is in it: each name once, NFC, in Google's order, empty ones left out."""
        names: dict[str, None] = {}
        for person in self.people or ():
            if name := unicodedata.normalize("NFC", person.name or "").strip():
                names[name] = None
        return tuple(names)


class Album(Struct, frozen=True, gc=False):
    """What an album's JSON tells."""

    title: str = ""
    description: str = ""
    texts: tuple[str, ...] = ()
    """Texts written between the pictures."""
    places: tuple[tuple[str, Place], ...] = ()
    """Named places put between the pictures."""
